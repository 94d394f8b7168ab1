"""A governed read and its entry in the ledger, as one statement: either both happen or none."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from lienthong.store.compile import Statement
from lienthong.store.predicate import ident


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of a governed read of one dataset. `main`: the dataset whose rows were asked for and counted."""

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
    """`statement` with its entries, numbered on from `before`: the SQL and its parameters. Answers as `statement` does."""
    params = list(statement.params)
    touched = {dataset: f"k{n}" for n, dataset in enumerate(statement.touched)}
    names = ", ".join(ident(name) for name in (*statement.columns, *touched.values()))
    selects = []
    for n, entry in enumerate(entries):
        values = _values(entry, writer, before + n + 1)
        marks = [f"${len(params) + k + 1}::{type_}" for k, (_, type_) in enumerate(_COLUMNS)]
        params.extend(values)
        keys = touched.get(entry.dataset, "null::bigint[]")
        selects.append(f"select {', '.join(marks)}, {_rows(statement, entry)}, {keys} from answer")
    shown = ", ".join(ident(name) for name in statement.columns)
    sql = (
        f"with answer({names}) as materialized ({statement.sql}), "
        f"entry as ({_INSERT} {' union all '.join(selects)}) select {shown} from answer"
    )
    return sql, tuple(params)


def _values(entry: LedgerEntry, writer: uuid.UUID, sequence: int) -> tuple[Any, ...]:
    return (
        entry.receipt,
        writer,
        sequence,
        entry.subject,
        entry.role,
        entry.agency,
        entry.dataset,
        list(entry.fields),
        Jsonb(entry.condition) if entry.condition is not None else None,
        entry.purpose,
        entry.agreement,
        entry.surface,
        entry.state,
        Jsonb(entry.context) if entry.context else None,
    )


def _rows(statement: Statement, entry: LedgerEntry) -> str:
    """How many rows were answered with, where the statement tells."""
    if not entry.main:
        return "null::int"
    return '"count"::int' if "count" in statement.columns else "(body is not null)::int"
