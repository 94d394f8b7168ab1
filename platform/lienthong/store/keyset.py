"""Keyset pages: sort keys, cursors, and the condition "after this cursor"."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.predicate import Params, column
from lienthong.store.query import ROW_NUMBER, Order

MAX_CURSOR = 4_000


@dataclass(frozen=True, slots=True)
class SortKey:
    """A stored column to sort by."""

    column: str
    sql_type: str
    descending: bool
    nullable: bool

    def order_sql(self, alias: str) -> str:
        """The ORDER BY term; a column that is never null keeps the index usable in both directions."""
        direction = " desc" if self.descending else ""
        return column(alias, self.column) + direction + (" nulls last" if self.nullable else "")


def sort_keys(contract: Contract, order: Sequence[Order]) -> tuple[SortKey, ...]:
    """The keys of a total order: those asked for, then the primary key in the last one's direction."""
    asked = {o.field: o.descending for o in order}
    last = order[-1].descending if order else False
    # A row's number makes the order total by itself.
    rest = () if ROW_NUMBER in asked else contract.primary_key
    names = [*asked, *(name for name in rest if name not in asked)]
    return tuple(_key(contract, name, asked.get(name, last)) for name in names)


def _key(contract: Contract, name: str, descending: bool) -> SortKey:
    if name == ROW_NUMBER:
        return SortKey(name, "bigint", descending, nullable=False)
    field = contract.by_name[name]
    nullable = not field.required and name not in contract.primary_key
    return SortKey(name, field.columns[0].sql_type, descending, nullable)


def cursor_sql(keys: Sequence[SortKey], alias: str) -> str:
    """The SQL expression of a row's cursor: base64url of the JSON array of its keys as text."""
    values = ", ".join(f"{column(alias, key.column)}::text" for key in keys)
    return f"translate(encode(convert_to(json_build_array({values})::text, 'UTF8'), 'base64'), E'+/=\\n', '-_')"


def decode(cursor: str, keys: Sequence[SortKey]) -> list[str | None]:
    """The key values in `cursor`. Raises QueryInvalid when it is not a cursor of this order."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode() if len(cursor) <= MAX_CURSOR else ""
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    right = isinstance(values, list) and len(values) == len(keys)
    if not right or not all(_fits(key, value) for key, value in zip(keys, values, strict=True)):
        raise QueryInvalid(
            both("Con trỏ trang không thuộc truy vấn này", "The cursor does not belong to this query"),
            place="cursor",
            fix=both(
                "Dùng con trỏ `next` của trang trước, giữ nguyên `sort`",
                "Use `next` of the page before, with the same `sort`",
            ),
        )
    return list(values)


def _fits(key: SortKey, value: object) -> bool:
    """Null where the key can be null, else a text that PostgreSQL can take: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        return value is None and key.nullable
    return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def after_sql(keys: Sequence[SortKey], values: Sequence[str | None], alias: str, params: Params) -> str:
    """The rows after `values`; one row comparison where the keys allow it, since only that uses an index range."""
    uniform = len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys)
    if uniform and None not in values:
        left = ", ".join(column(alias, key.column) for key in keys)
        right = ", ".join(f"{params.add(v)}::{key.sql_type}" for key, v in zip(keys, values, strict=True))
        return f"({left}) {'<' if keys[0].descending else '>'} ({right})"
    return _after(list(zip(keys, values, strict=True)), alias, params)


def _after(pairs: list[tuple[SortKey, str | None]], alias: str, params: Params) -> str:
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
