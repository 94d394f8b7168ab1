"""Arguments of a field -> the parts of a `Query`: condition, order, page, date, key."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from lienthong.contract.types import TYPES, ParseError
from lienthong.contract.types.base import EQUALITY, ORDERED, SPATIAL, TEXTUAL
from lienthong.gql.naming import Names
from lienthong.gql.schema import Built
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both, camel
from lienthong.store.condition import condition, value_of
from lienthong.store.query import MAX_LIMIT, Condition, Order, Page

_OPERATORS = {camel(op): op for op in EQUALITY | ORDERED | TEXTUAL | SPATIAL}
_LOGIC = frozenset({"and", "or", "not", "q"})
Given = Mapping[str, Any]


def where(built: Built, names: Names, given: Given | None) -> Condition | None:
    """The condition of a filter input. Raises QueryInvalid."""
    return condition(built.registry, names.contract, _conditions(built, names, given)) if given else None


def _conditions(built: Built, names: Names, given: Given) -> dict[str, Any]:
    """The filter in the one grammar of conditions: own names, own operators."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key == "q" or value is None:
            found[key] = value
        elif key in _LOGIC:
            parts = value if isinstance(value, list) else [value]
            plain = [_conditions(built, names, part) for part in parts]
            found[key] = plain if isinstance(value, list) else plain[0]
        elif key in names.fields:
            found[names.fields[key].name] = _operations(key, value)
        else:
            relation = names.relations[key]
            found[relation.name] = _conditions(built, built.names[relation.dataset], value)
    return found


def _operations(name: str, given: Given) -> dict[str, Any]:
    for op, value in given.items():
        if value is None:
            fix = both("Dùng isNull: true", "Use isNull: true")
            raise QueryInvalid(
                both("null không so sánh được", "null cannot be compared"), place=f"{name}.{op}", fix=fix
            )
    return {_OPERATORS[op]: value for op, value in given.items()}


def order(names: Names, given: list[Given] | None) -> tuple[Order, ...]:
    """The sort keys, each field once. Raises QueryInvalid."""
    keys = [Order(plain(key["field"]), plain(key["direction"]) == "DESC") for key in given or ()]
    if len({key.field for key in keys}) < len(keys):
        raise QueryInvalid(both("Một trường đứng hai lần", "A field stands twice"), place="orderBy")
    return tuple(keys)


def plain(given: Any) -> str:
    """The own value of a GraphQL enum value."""
    return str(given.value) if isinstance(given, Enum) else str(given)


def page(given: Given) -> Page:
    """How many rows, and after which. Raises QueryInvalid."""
    first = given["first"]
    if not 0 <= first <= MAX_LIMIT:
        detail = both(f"first phải từ 0 đến {MAX_LIMIT}", f"first must be 0 to {MAX_LIMIT}")
        raise QueryInvalid(detail, place="first")
    return Page(limit=first, after=given.get("after"))


def as_of(given: Given) -> date | datetime | None:
    """The day or the moment asked for. Raises QueryInvalid."""
    text = given.get("asOf")
    if text is None:
        return None
    try:
        day: date | datetime = TYPES["date" if len(text) <= 10 else "datetime"].parse(text, {})
    except ParseError as error:
        raise QueryInvalid(error.reason, place="asOf") from error
    if not 1900 <= day.year <= 2999:
        raise QueryInvalid(both("Năm phải từ 1900 đến 2999", "The year must be 1900 to 2999"), place="asOf")
    return day


def key(names: Names, given: Given) -> tuple[Any, ...]:
    """The typed key of a one-row field. Raises QueryInvalid."""
    graphql_names = {field.name: name for name, field in names.fields.items()}
    contract = names.contract
    return tuple(value_of(contract.by_name[k], "eq", given[graphql_names[k]]) for k in contract.primary_key)
