"""One query: an immutable value that every surface builds and only the compiler turns into SQL.

Conditions have one grammar in contracts, GraphQL and JSON: `{"field": {"op": value}}`, several keys mean AND,
`and`, `or`, `not` combine, a relation's name means that a related row exists.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from lienthong.contract.types.base import Operator
from lienthong.store.formula import Formula

Transform = Literal["none", "year", "quarter", "month", "band5"]
Function = Literal["count", "sum", "avg", "min", "max"]
MAX_LIMIT = 10_000
ROW_NUMBER = "_id"  # a stored number of the row; not a field of the contract, but every caller may name it


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; the value is already parsed by the field's logical type (a tuple for `in`)."""

    field: str
    op: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Both:
    """All of `parts`; an empty one is true."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of `parts`; an empty one is false."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`part` is not true."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Fails:
    """`part` is false: neither true nor unknown, as NOT means it in SQL and in CQL2."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Related:
    """A related row that fulfils `where` exists."""

    relation: str
    where: "Condition"


@dataclass(frozen=True, slots=True)
class Text:
    """A text search without tone marks over the dataset's search fields: every word of `words` occurs."""

    words: str


Condition = Compare | Both | Either | Not | Fails | Related | Text | Formula
Leaf = Compare | Related | Text | Formula


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key; missing values come last in both directions."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and after which: `after` is a cursor of an earlier answer, `offset` a number to skip.

    `most` is the limit that the surface's protocol promises, when it is not that of the house.
    """

    limit: int = 100
    after: str | None = None
    offset: int = 0
    most: int = MAX_LIMIT


@dataclass(frozen=True, slots=True)
class Item:
    """One member of an answered row: `key` in the answer, `field` in the dataset.

    `path` reaches into a list-of-objects field: the members wanted; empty means whole. `literal` is a constant
    that stands for itself, whatever `field` says (GraphQL's `__typename`).
    """

    key: str
    field: str
    path: tuple["Item", ...] = ()
    literal: str | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """Related rows inside a row: one object (to-one), or a connection / a list (to-many)."""

    key: str
    relation: str
    query: "Query"


@dataclass(frozen=True, slots=True)
class Group:
    """A dimension of an aggregate answer."""

    key: str
    field: str
    transform: Transform = "none"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of an aggregate answer; `where` restricts the rows it sees."""

    key: str
    function: Function = "count"
    field: str | None = None
    distinct: bool = False
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a Relay connection, of its edges or of its page info, with its key in the answer.

    `name`: edges (parts: node, cursor), nodes, pageInfo (parts: hasNextPage, hasPreviousPage, startCursor, endCursor),
    totalCount. `items` are those of a row: of `node` and of `nodes`. `literal` is a constant (`__typename`).
    """

    key: str
    name: str
    parts: tuple["Member", ...] = ()
    items: tuple["Item | Nested", ...] = ()
    literal: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """The members of a Relay connection that were asked for, in the order asked."""

    members: tuple[Member, ...]

    @property
    def rows(self) -> "tuple[tuple[Item | Nested, ...], ...]":
        """The different kinds of row that its members show, each once: `nodes` and `edges` may ask for other fields."""
        shown = [m.items for m in self.members if m.name == "nodes"]
        shown += [p.items for m in self.members if m.name == "edges" for p in m.parts if p.name == "node"]
        return tuple(dict.fromkeys(shown))


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of one dataset. `items` empty means every field that the caller may see."""

    dataset: str
    items: tuple[Item | Nested, ...] = ()
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    page: Page = Page()
    as_of: date | datetime | None = None
    groups: tuple[Group, ...] = ()
    measures: tuple[Measure, ...] = ()
    key: tuple[Any, ...] | None = None
    connection: Connection | None = None
    total: bool = False
    typename: str | None = field(default=None)

    @property
    def selected(self) -> tuple[Item | Nested, ...]:
        """Every item that is named anywhere in the answer."""
        rows = self.connection.rows if self.connection else ()
        return (*self.items, *(item for row in rows for item in row))

    @property
    def is_aggregate(self) -> bool:
        """Does it ask for groups, not rows?"""
        return bool(self.groups or self.measures)

    def but(self, **changes: Any) -> "Query":
        """The same query with some members changed."""
        return replace(self, **changes)


def fields(names: Sequence[str] | Mapping[str, str]) -> tuple[Item, ...]:
    """Items for plain fields: a list of names, or a mapping of answer key to field name."""
    pairs = names.items() if isinstance(names, Mapping) else ((name, name) for name in names)
    return tuple(Item(key, name) for key, name in pairs)


def all_of(*parts: Condition | None) -> Condition | None:
    """The parts that are there, joined by AND; None when none is."""
    present = tuple(part for part in parts if part is not None)
    return present[0] if len(present) == 1 else Both(present) if present else None


def walk(condition: Condition | None) -> list[Leaf]:
    """The leaves of a condition."""
    match condition:
        case None:
            return []
        case Both(parts) | Either(parts):
            return [leaf for part in parts for leaf in walk(part)]
        case Not(part) | Fails(part):
            return walk(part)
        case leaf:
            return [leaf]


def compared(condition: Condition | None) -> tuple[str, ...]:
    """The fields that a condition compares, each once."""
    return tuple(dict.fromkeys(leaf.field for leaf in walk(condition) if isinstance(leaf, Compare)))


def required(condition: Condition | None) -> list[Leaf]:
    """The leaves that every row fulfils."""
    if isinstance(condition, Both):
        return [leaf for part in condition.parts for leaf in required(part)]
    return [condition] if isinstance(condition, Leaf) else []
