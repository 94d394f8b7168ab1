"""Parameters of the rows endpoints -> `Query`."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import unquote_to_bytes

from lienthong.contract.model import Contract
from lienthong.contract.types import TYPES, ParseError
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.condition import compare, field_of, value_of
from lienthong.store.query import MAX_LIMIT, Condition, Item, Order, Page, Query, Text, all_of, fields
from lienthong.store.scope import Scope
from lienthong.web.parameters import text, unknown

DEFAULT_LIMIT = 100
RESERVED = ("fields", "sort", "cursor", "limit", "as_of", "q", "count")
Given = Mapping[str, str]


def rows(scope: Scope, given: Given) -> Query:
    """The query of a list. Raises QueryInvalid with the name that is wrong."""
    contract = scope.contract
    conditions = [_condition(scope, name, value) for name, value in given.items() if name not in RESERVED]
    if words := given.get("q"):
        conditions.append(_text(scope, words))
    count = given.get("count", "none")
    if count not in ("none", "exact"):
        raise QueryInvalid(both("count là none hoặc exact", "count is none or exact"), place="count")
    return Query(
        contract.id,
        _items(scope, given.get("fields")),
        where=all_of(*conditions),
        order=_order(scope, given.get("sort")),
        page=Page(limit=_limit(given.get("limit")), after=given.get("cursor")),
        as_of=as_of(given.get("as_of")),
        total=count == "exact",
    )


def row(scope: Scope, raw_key: bytes, given: Given) -> Query:
    """The query of one row; the key's parts are percent-decoded after they are split at commas."""
    for name in given:
        if name not in ("fields", "as_of"):
            raise unknown(name, ("fields", "as_of"))
    return Query(
        scope.contract.id,
        _items(scope, given.get("fields")),
        key=_key(scope.contract, raw_key),
        page=Page(limit=1),
        as_of=as_of(given.get("as_of")),
    )


def _condition(scope: Scope, name: str, value: str) -> Condition:
    known = scope.contract.by_name
    if name in known:
        return compare(known[name], "eq", value)
    field, mark, op = name.rpartition("__")
    if not mark or field not in known:
        raise unknown(name, [*scope.visible, *RESERVED, *(f"{n}__{op}" for n in scope.visible if mark)])
    return compare(known[field], op, value)


def _text(scope: Scope, words: str) -> Condition:
    if not any(field.search for field in scope.contract.fields if field.name in scope.fields):
        raise QueryInvalid(
            both("Bộ dữ liệu không có trường tìm kiếm", "The dataset has no field for text search"), place="q"
        )
    return Text(words)


def _limit(given: str | None, default: int, most: int) -> int:
    if given is None:
        return default
    if re.fullmatch(r"[0-9]{1,9}", given) and int(given) <= most:
        return int(given)
    raise QueryInvalid(
        both(f"limit là số nguyên từ 0 đến {most}", f"limit is a whole number from 0 to {most}"), place="limit"
    )


def as_of(given: str | None) -> date | datetime | None:
    """A day, or a moment with its zone. Raises QueryInvalid."""
    if given is None:
        return None
    try:
        found: date | datetime = TYPES["date" if len(given) <= 10 else "datetime"].parse(given, {})
    except ParseError as error:
        raise QueryInvalid(error.reason, place="as_of") from error
    if not 1900 <= found.year <= 2999:
        raise QueryInvalid(both("Năm phải từ 1900 đến 2999", "The year must be 1900 to 2999"), place="as_of")
    return found


def _key(contract: Contract, raw: bytes) -> tuple[object, ...]:
    parts = [text(unquote_to_bytes(part), "key") for part in raw.split(b",")]
    names = contract.primary_key
    if len(parts) != len(names):
        form = ",".join(f"{{{name}}}" for name in names)
        detail = both(f"Khóa gồm {len(names)} phần", f"The key has {len(names)} parts")
        raise QueryInvalid(detail, place="key", fix=both(f"Viết: {form}", f"Write: {form}"))
    return tuple(value_of(contract.by_name[name], "eq", part) for name, part in zip(names, parts, strict=True))
