"""Keyset pages: sort keys, cursors, and the condition "after this cursor"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lienthong.contract.model import Contract
from lienthong.store.cursor import encoded, encoded_sql, not_of_this_query, opened, tag
from lienthong.store.predicate import Params, column
from lienthong.store.query import ROW_NUMBER, Order
from lienthong.store.scope import Scope
from lienthong.store.slots import Marked, NotAlike, Slot


@dataclass(frozen=True, slots=True)
class SortKey:
    """A stored column of a dataset to sort by."""

    dataset: str
    column: str
    sql_type: str
    descending: bool
    nullable: bool

    def order_sql(self, alias: str) -> str:
        """The ORDER BY term; a column that is never null keeps the index usable in both directions."""
        direction = " desc" if self.descending else ""
        return column(alias, self.column) + direction + (" nulls last" if self.nullable else "")


def sort_keys(scope: Scope, order: Sequence[Order]) -> tuple[SortKey, ...]:
    """The keys of a total order: those asked for, then what tells rows apart, in the last one's direction."""
    asked = {o.field: o.descending for o in order}
    last = order[-1].descending if order else False
    # A row's number makes the order total by itself.
    rest = () if ROW_NUMBER in asked else scope.key
    names = [*asked, *(name for name in rest if name not in asked)]
    return tuple(_key(scope.contract, name, asked.get(name, last)) for name in names)


def _key(contract: Contract, name: str, descending: bool) -> SortKey:
    if name == ROW_NUMBER:
        return SortKey(contract.id, name, "bigint", descending, nullable=False)
    field = contract.by_name[name]
    nullable = not field.required and name not in contract.primary_key
    return SortKey(contract.id, name, field.columns[0].sql_type, descending, nullable)


def cursor_sql(keys: Sequence[SortKey], alias: str, release: str | None = None) -> str:
    """The SQL expression of a row's cursor: the tag of the order, the row's keys as text, the release that was read."""
    values = [f"{column(alias, key.column)}::text" for key in keys]
    values += [f"({release})::text"] if release else []
    return encoded_sql(f"json_build_array('{_tag(keys)}', {', '.join(values)})")


def cursor_of(keys: Sequence[SortKey], values: Sequence[str], release: int) -> str:
    """The cursor of a row of an open release, as `cursor_sql` makes it; `values` are the texts of its keys."""
    return encoded([_tag(keys), *values, str(release)])


def decode(cursor: str, keys: Sequence[SortKey]) -> list[str | None]:
    """The key values in `cursor`. Raises QueryInvalid when it is not a cursor of this dataset and order."""
    return _parts(cursor, keys)[0]


def release_of(cursor: str, keys: Sequence[SortKey]) -> int | None:
    """The release that a cursor was made in, None when it tells none (governed rows). Raises QueryInvalid."""
    return _parts(cursor, keys)[1]


def _parts(cursor: str, keys: Sequence[SortKey]) -> tuple[list[str | None], int | None]:
    """The key values, and the release. Raises QueryInvalid."""
    values = opened(cursor, _tag(keys), len(keys), len(keys) + 1)
    found, rest = values[: len(keys)], values[len(keys) :]
    if not all(_fits(key, value) for key, value in zip(keys, found, strict=True)):
        raise not_of_this_query()
    if not rest:
        return found, None
    if not re.fullmatch(r"[0-9]{1,9}", rest[0] or "", re.ASCII):
        raise not_of_this_query()
    return found, int(rest[0] or 0)


def _tag(keys: Sequence[SortKey]) -> str:
    return tag(keys[0].dataset, *(f"{'-' if key.descending else ''}{key.column}" for key in keys))


def opened_cursor(cursor: str, keys: Sequence[SortKey]) -> list[Any]:
    """`decode`, with slots in place of the values of a marked cursor; of one with a missing value there are none."""
    values, release = _parts(cursor, keys)
    if not isinstance(cursor, Marked) or None in values:
        return list(values)
    return [Slot(cursor.number, partial(_nth, keys, n, release), value) for n, value in enumerate(values)]


class AnotherRelease(NotAlike):
    """The cursor was made in another release than that which the plan reads."""


def _nth(keys: Sequence[SortKey], n: int, release: int | None, cursor: str) -> str:
    values, made_in = _parts(cursor, keys)
    if made_in != release:
        raise AnotherRelease
    value = values[n]
    if value is None:
        raise NotAlike
    return value


def _fits(key: SortKey, value: object) -> bool:
    """Null where the key can be null, else a text that PostgreSQL can take: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        return value is None and key.nullable
    return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def after_sql(keys: Sequence[SortKey], values: Sequence[Any], alias: str, params: Params) -> str:
    """The rows after `values`; one row comparison where the keys allow it, since only that uses an index range."""
    uniform = len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys)
    if uniform and None not in values:
        left = ", ".join(column(alias, key.column) for key in keys)
        right = ", ".join(f"{params.add(v)}::{key.sql_type}" for key, v in zip(keys, values, strict=True))
        return f"({left}) {'<' if keys[0].descending else '>'} ({right})"
    return _after(list(zip(keys, values, strict=True)), alias, params)


def _after(pairs: list[tuple[SortKey, Any]], alias: str, params: Params) -> str:
    (key, value), *rest = pairs
    name = column(alias, key.column)
    beyond = "false"
    if value is not None:
        beyond = f"{name} {'<' if key.descending else '>'} {params.add(value)}::{key.sql_type}"
        beyond += f" or {name} is null" if key.nullable else ""
    if not rest:
        return f"({beyond})"
    equal = f"{name} is null"
    if value is not None:
        equal = f"{name} = {params.add(value)}::{key.sql_type}"
    return f"({beyond} or ({equal} and {_after(rest, alias, params)}))"
