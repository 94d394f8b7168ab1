"""What the ledger keeps of a governed read, as texts, and the statement that writes any number of such entries."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from lienthong.store.compile import Statement

Texts = tuple[str | None, ...]

_GIVEN = (
    ("receipt", "uuid"),
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
_COLUMNS = (*_GIVEN, ("rows", "int"), ("keys", "bigint[]"), ("writer", "uuid"), ("sequence", "bigint"))
_INSERT = f"insert into platform.ledger ({', '.join(name for name, _ in _COLUMNS)}) values "


class LedgerEntry(NamedTuple):
    """A governed read of one dataset. `given`: what is known of it before it is read, as `_GIVEN` has it; what is no
    text is written as PostgreSQL reads it, since a type that the driver must look up costs more. `main`: the rows of
    this dataset were asked for and counted.
    """

    dataset: str
    given: Texts
    main: bool = True


def array(names: Sequence[str]) -> str:
    """The names as PostgreSQL writes an array; names of a contract hold neither quotes nor backslashes."""
    return "{" + ",".join(f'"{name}"' for name in names) + "}"


def seen(statement: Statement, row: Sequence[bytes | None], entries: Sequence[LedgerEntry]) -> list[Texts]:
    """The entries of a statement that was answered with `row`, with how many rows and which."""
    width = len(statement.columns)
    count = _count(statement.columns, row)
    keys = dict(zip(statement.touched, row[width:], strict=True))
    return [(*entry.given, count if entry.main else None, _text(keys.get(entry.dataset))) for entry in entries]


def written(entries: Sequence[Texts], writer: str, before: int) -> tuple[str, list[str | None]]:
    """The statement that writes the entries in their order, numbered on from `before`: SQL and parameters."""
    params = [text for n, entry in enumerate(entries, before + 1) for text in (*entry, writer, str(n))]
    return _sql(len(entries)), params


def _count(columns: Sequence[str], row: Sequence[bytes | None]) -> str | None:
    """How many rows were answered with."""
    if "count" in columns:
        return _text(row[columns.index("count")])
    return "0" if row[columns.index("body")] is None else "1"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


@lru_cache(maxsize=100)
def _sql(count: int) -> str:
    """Rows of values: of all ways to hand over many rows the cheapest, from one row to as many as come together."""
    types = [type_ for _, type_ in _COLUMNS]
    marks = (", ".join(f"${n}::{type_}" for n, type_ in enumerate(types, row * len(types) + 1)) for row in range(count))
    return _INSERT + ", ".join(f"({each})" for each in marks)
