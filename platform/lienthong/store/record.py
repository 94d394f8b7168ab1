"""A governed read and its entry in the ledger, as one statement: either both happen or none."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lienthong.store.compile import Statement
from lienthong.store.predicate import ident


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of a governed read of one dataset. `main`: its rows were asked for and counted."""

    receipt: uuid.UUID
    subject: str
    role: str | None
    agency: str | None
    dataset: str
    fields: tuple[str, ...]
    condition: Mapping[str, Any] | None
    purpose: str
    agreement: str | None
    surface: str
    state: str = "current"
    context: Mapping[str, str] | None = None
    main: bool = True


_COLUMNS = (
    ("receipt", "uuid"),
    ("writer", "uuid"),
    ("sequence", "bigint"),
    ("subject", "text"),
    ("role", "text"),
    ("agency", "text"),
    ("dataset", "text"),
    ("fields", "text[]"),
    ("condition", "jsonb"),
    ("purpose", "text"),
    ("agreement", "text"),
    ("surface", "text"),
    ("state", "text"),
    ("context", "jsonb"),
)
_INSERT = f"insert into platform.ledger ({', '.join(name for name, _ in _COLUMNS)}, rows, keys)"


def recorded(
    statement: Statement, entries: Sequence[LedgerEntry], writer: uuid.UUID, before: int
) -> tuple[str, tuple[Any, ...]]:
    """`statement` with its entries, numbered on from `before`: SQL and parameters. Answers as `statement` does."""
    values = [value for n, entry in enumerate(entries) for value in _values(entry, writer, before + n + 1)]
    shape = tuple((entry.dataset, entry.main) for entry in entries)
    text = _text(statement.sql, statement.columns, statement.touched, len(statement.params), shape)
    return text, (*statement.params, *values)


@lru_cache(maxsize=500)
def _text(
    sql: str, columns: tuple[str, ...], touched: tuple[str, ...], params: int, entries: tuple[tuple[str, bool], ...]
) -> str:
    """The SQL of a statement with entries of these datasets; each has a place for every value after `params` others."""
    keys = {dataset: f"k{n}" for n, dataset in enumerate(touched)}
    names = ", ".join(ident(name) for name in (*columns, *keys.values()))
    selects = []
    for n, (dataset, main) in enumerate(entries):
        first = params + n * len(_COLUMNS) + 1
        marks = ", ".join(f"${first + k}::{type_}" for k, (_, type_) in enumerate(_COLUMNS))
        selects.append(f"select {marks}, {_rows(columns, main)}, {keys.get(dataset, 'null::bigint[]')} from answer")
    shown = ", ".join(map(ident, columns))
    return (
        f"with answer({names}) as materialized ({sql}), "
        f"entry as ({_INSERT} {' union all '.join(selects)}) select {shown} from answer"
    )


def _values(entry: LedgerEntry, writer: uuid.UUID, sequence: int) -> tuple[str | None, ...]:
    """As texts, since the statement casts them: what is no text yet costs the driver a search for its type."""
    return (
        entry.receipt.hex,
        writer.hex,
        str(sequence),
        entry.subject,
        entry.role,
        entry.agency,
        entry.dataset,
        _array(entry.fields),
        json.dumps(entry.condition) if entry.condition is not None else None,
        entry.purpose,
        entry.agreement,
        entry.surface,
        entry.state,
        json.dumps(entry.context) if entry.context else None,
    )


@lru_cache(maxsize=1000)
def _array(names: tuple[str, ...]) -> str:
    """The names as PostgreSQL writes an array; names of a contract hold neither quotes nor backslashes."""
    return "{" + ",".join(f'"{name}"' for name in names) + "}"


def _rows(columns: Sequence[str], main: bool) -> str:
    """How many rows were answered with, where the statement tells."""
    if not main:
        return "null::int"
    return '"count"::int' if "count" in columns else "(body is not null)::int"
