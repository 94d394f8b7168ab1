"""Groups in an address: `group_by=status,registered_on:year&measure=count,sum:capital`, `distinct=true`."""

from collections.abc import Mapping
from typing import cast, get_args

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.condition import field_of, unknown
from lienthong.store.query import Condition, Function, Group, Measure, Order, Page, Query, Transform
from lienthong.store.scope import Scope

NAMES = ("group_by", "measure", "distinct")
_FUNCTIONS = (*get_args(Function), "count_distinct")
_DATES = frozenset({"none", "year", "quarter", "month"})
_TRANSFORMS = {
    "date": _DATES,
    "datetime": _DATES,
    "partial_date": frozenset({"none", "year", "month"}),
    "integer": frozenset({"none", "band5"}),
}


def asked(given: Mapping[str, str]) -> bool:
    """Is it groups that are asked for?"""
    return any(name in given for name in NAMES)


def query(scope: Scope, given: Mapping[str, str], where: Condition | None, limit: int) -> Query:
    """The query of groups. Raises QueryInvalid with the name that is wrong."""
    for name in ("cursor", "include"):
        if name in given:
            raise QueryInvalid(both(f"{name} không dùng với nhóm", f"{name} does not go with groups"), place=name)
    groups, measures = _dimensions(scope, given), _measures(scope, given.get("measure"))
    made = [*(g.key for g in groups), *(m.key for m in measures)]
    for key in made:
        if made.count(key) > 1:
            raise QueryInvalid(both(f"{key} đứng hai lần", f"{key} stands twice"), place="measure")
    return Query(
        scope.contract.id,
        where=where,
        groups=groups,
        measures=measures,
        order=_order(given.get("sort"), made),
        page=Page(limit=limit, offset=_offset(given.get("offset"))),
        total=given.get("count", "none") != "none",
    )


def _dimensions(scope: Scope, given: Mapping[str, str]) -> tuple[Group, ...]:
    if "distinct" not in given:
        if "fields" in given:
            detail = both("fields không dùng với group_by", "fields does not go with group_by")
            raise QueryInvalid(detail, place="fields")
        return tuple(_group(scope, part) for part in given["group_by"].split(",")) if "group_by" in given else ()
    if given["distinct"] != "true" or "group_by" in given or "measure" in given:
        detail = both("distinct=true đi với fields", "distinct=true goes with fields")
        raise QueryInvalid(detail, place="distinct")
    if "fields" not in given:
        raise QueryInvalid(both("distinct cần fields", "distinct needs fields"), place="fields")
    return tuple(_group(scope, name) for name in given["fields"].split(","))


def _group(scope: Scope, part: str) -> Group:
    name, mark, transform = part.partition(":")
    field = field_of(scope.contract, name, scope.visible)
    allowed = _TRANSFORMS.get(field.logical_type, frozenset({"none"}))
    if not field.type.sortable:
        raise QueryInvalid(both(f"Không nhóm theo {name} được", f"{name} cannot be grouped by"), place=name)
    if mark and transform not in allowed:
        raise unknown("cách nhóm", "transform", transform, allowed, part)
    return Group(f"{name}_{transform}" if mark else name, name, cast(Transform, transform or "none"))


def _measures(scope: Scope, given: str | None) -> tuple[Measure, ...]:
    return tuple(_measure(scope, part) for part in given.split(",")) if given is not None else ()


def _measure(scope: Scope, part: str) -> Measure:
    function, mark, name = part.partition(":")
    if function not in _FUNCTIONS:
        raise unknown("hàm", "function", function, _FUNCTIONS, part)
    if not mark:
        if function == "count":
            return Measure("count")
        fix = both(f"Viết {function}:trường", f"Write {function}:field")
        raise QueryInvalid(both(f"{function} cần một trường", f"{function} needs a field"), place=part, fix=fix)
    field = field_of(scope.contract, name, scope.visible)
    if not _fits(function, field, scope.contract):
        raise QueryInvalid(both(f"{function} không dùng cho {name}", f"{function} does not take {name}"), place=part)
    distinct = function == "count_distinct"
    return Measure(f"{function}_{name}", "count" if distinct else cast(Function, function), name, distinct=distinct)


def _fits(function: str, field: FieldContract, contract: Contract) -> bool:
    """Can PostgreSQL reckon it?"""
    stored = contract.by_name[field.name].columns[0].sql_type
    numeric = stored in ("integer", "bigint") or stored.startswith("numeric")
    match function:
        case "count":
            return True
        case "count_distinct":
            return field.type.sortable
        case "sum" | "avg":
            return numeric
        case _:
            return field.type.sortable and (numeric or stored in ("date", "timestamptz", "text"))


def _order(given: str | None, made: list[str]) -> tuple[Order, ...]:
    keys = [Order(key.removeprefix("-"), key.startswith("-")) for key in given.split(",")] if given is not None else []
    for key in keys:
        if key.field not in made:
            raise unknown("cột", "column", key.field, made, "sort")
    return tuple(keys)


def _offset(given: str | None) -> int:
    if given is None:
        return 0
    if given.isascii() and given.isdigit() and len(given) <= 7:
        return int(given)
    raise QueryInvalid(both("offset là số nguyên không âm", "offset is a whole number, not negative"), place="offset")
