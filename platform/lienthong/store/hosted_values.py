"""What is said of hosted rows: tables, searches, conditions. Values only: nothing here speaks to a database."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lienthong.store.hosted_types import HostedField

Kind = Literal["objects", "lists", "csv", "tsv"]
Method = Literal["insert", "upsert", "update"]
Record = dict[str, Any]
RANK = "rank"
ID = HostedField("_id", "int4")


class Refused(Exception):
    """The database cannot do what was asked: its own words, and the number of the record that it is about."""

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row


class Missing(Exception):
    """A record to update that is not there; `key`: the columns of its key."""

    def __init__(self, record: Record, key: Sequence[str]) -> None:
        super().__init__("not found")
        self.record, self.key = record, key


@dataclass(frozen=True)
class HostedTable:
    """What is known of the rows of a resource; `change` is another number whenever anything of it changed."""

    resource_id: str
    fields: tuple[HostedField, ...] = ()
    primary_key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    aliases: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    rows: int = 0
    change: int = 0
    by_name: dict[str, HostedField] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.by_name.update({f.name: f for f in self.fields})


def index_name(resource_id: str, columns: Sequence[str]) -> str:
    """The name of an index on columns."""
    listed = ", ".join(f'"{name}"' for name in columns)
    return hashlib.sha1((resource_id + listed).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Operation:
    """One operation: `$and` or `$or` of others, or a comparison of a field."""

    op: str
    field: str | None
    value: Any

    def echo(self) -> dict[str, Any]:
        """The operation as JSON."""
        value = [part.echo() for part in self.value] if self.op in ("$or", "$and") else self.value
        return {"op": self.op, "field": self.field, "value": value}


@dataclass(frozen=True)
class Sort:
    """One key of an order; `nulls`: where missing values come, None: last in ascending order, else first."""

    field: str
    descending: bool = False
    nulls: Literal["first", "last"] | None = None


@dataclass(frozen=True)
class Words:
    """What is looked for: in the whole row by "", in a column by its name."""

    parts: Mapping[str, str]
    language: str = "english"
    plain: bool = True


@dataclass(frozen=True)
class Search:
    """A search of a hosted table; `names`: the members of a row, ranks among them."""

    names: tuple[str, ...]
    where: Operation | None = None
    words: Words | None = None
    sort: tuple[Sort, ...] = ()
    limit: int | None = 100
    offset: int = 0
    distinct: bool = False
    kind: Kind = "objects"

    @property
    def is_filtered(self) -> bool:
        """Can it find fewer rows than the table has?"""
        return self.where is not None or self.words is not None or self.distinct


@dataclass(frozen=True)
class Found:
    """Records as JSON or text, the last row's number when asked for."""

    body: bytes
    last: int | None = None


def rank_name(column: str) -> str:
    """The member that tells how well a row fits."""
    return f"{RANK} {column}" if column else RANK


@dataclass(frozen=True)
class Copy:
    """A table of the sandbox: its name, its other names, its columns, which state of the source it shows."""

    name: str
    aliases: tuple[str, ...]
    fields: tuple[HostedField, ...]
    version: str
    rows: int
