"""Types of aggregates: groups of a dataset's rows with counts, sums, means and extremes; all from its contract."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lienthong.contract.model import FieldContract
from lienthong.contract.rules.opening import NUMBERS, TAKES
from lienthong.gql.naming import Names, described
from lienthong.gql.parts import Made, argument, entry, enum_type, input_type, later, many, maybe, member, object_type
from lienthong.gql.scalars import TYPES, Decimal, GroupValue
from lienthong.store.query import Transform

SUFFIX = "Aggregate"
_UNORDERED = frozenset({"boolean", "uuid"})  # PostgreSQL has no least or greatest of these
# The type of each member of a group that has members itself.
PARTS = {
    "group": "Group",
    "countDistinct": "Counts",
    "sum": "Numbers",
    "avg": "Numbers",
    "min": "Extremes",
    "max": "Extremes",
}
FUNCTIONS = {
    "COUNT": "số dòng / rows",
    "COUNT_DISTINCT": "số giá trị khác nhau / different values",
    "SUM": "tổng / sum",
    "AVG": "trung bình / mean",
    "MIN": "nhỏ nhất / least",
    "MAX": "lớn nhất / greatest",
}
_TRANSFORMS: dict[str, str] = {
    "none": "giá trị như nó là / the value as it is",
    "year": "năm: 2026 / year",
    "quarter": "quý: 2026-Q1 / quarter",
    "month": "tháng: 2026-01 / month",
    "band5": "khoảng năm đơn vị: 20-24 / bands of five",
}


def groupable(names: Names) -> dict[str, FieldContract]:
    """The fields that rows can be grouped by, by GraphQL name: those that can be sorted by."""
    return {name: field for name, field in names.fields.items() if field.type.sortable}


def numbers(names: Names) -> dict[str, FieldContract]:
    """The fields that have a sum and a mean."""
    return {name: field for name, field in names.fields.items() if field.logical_type in NUMBERS}


def ordered(names: Names) -> dict[str, FieldContract]:
    """The fields that have a least and a greatest value."""
    return {name: field for name, field in groupable(names).items() if field.logical_type not in _UNORDERED}


def fitting(field: FieldContract) -> list[str]:
    """The transforms that a field takes."""
    return [name for name in get_args(Transform) if name not in TAKES or field.logical_type in TAKES[name]]


def common(made: Made) -> None:
    """The enums that all datasets share."""
    transforms = {name.upper(): (name, _TRANSFORMS[name]) for name in get_args(Transform)}
    enum_type(made, "GroupTransform", transforms, "Cách chia nhóm theo giá trị / How a value becomes a group")
    functions = {name: (name, text) for name, text in FUNCTIONS.items()}
    enum_type(made, "AggregateFunction", functions, "Phép tính trên các dòng của nhóm / What is told of a group's rows")


def types(made: Made, own: Names) -> None:
    """The types and inputs of one dataset's groups."""
    parts: dict[str, tuple[str, dict[str, FieldContract], Callable[[FieldContract], Any]]] = {
        "Group": ("Giá trị của nhóm / The group's values", groupable(own), lambda _: maybe(GroupValue)),
        "Counts": ("Số giá trị khác nhau / Different values", groupable(own), lambda _: int),
        "Numbers": ("Số của nhóm / Numbers of a group", numbers(own), lambda _: maybe(Decimal)),
        "Extremes": ("Giá trị biên / Extremes", ordered(own), lambda f: maybe(TYPES[f.type.graphql])),
    }
    for name, (text, fields, kind) in parts.items():
        if fields:
            members = (member(n, kind(f), described(f.title)) for n, f in fields.items())
            object_type(made, own.type + SUFFIX + name, members, text)
    object_type(made, own.type + SUFFIX, _members(made, own), "Một nhóm dòng / A group of rows")
    page = [
        member("nodes", many(later(made, own.type + SUFFIX))),
        member("pageInfo", later(made, "PageInfo")),
        member("totalCount", int, "Số nhóm / Groups"),
    ]
    object_type(made, own.type + SUFFIX + "Connection", page, "Một trang nhóm / A page of groups")
    _inputs(made, own)


def _members(made: Made, own: Names) -> Iterator[StrawberryField]:
    prefix = own.type + SUFFIX
    yield member("group", later(made, prefix + "Group"), "Giá trị theo groupBy / The values of groupBy")
    yield member("count", int, "Số dòng của nhóm / Rows of the group")
    yield member("countDistinct", later(made, prefix + "Counts"), "Số giá trị khác nhau / Different values")
    if numbers(own):
        yield member("sum", later(made, prefix + "Numbers"), "Tổng / Sums")
        yield member("avg", later(made, prefix + "Numbers"), "Trung bình / Means")
    if ordered(own):
        yield member("min", later(made, prefix + "Extremes"), "Nhỏ nhất / Least values")
        yield member("max", later(made, prefix + "Extremes"), "Lớn nhất / Greatest values")


def _inputs(made: Made, own: Names) -> None:
    field = later(made, own.type + "OrderField")
    by = [entry("field", field), entry("transform", later(made, "GroupTransform"), default="none")]
    input_type(made, own.type + "GroupBy", by, "Một chiều chia nhóm / A dimension of groups")
    order = [
        entry("function", maybe(later(made, "AggregateFunction")), "trống: theo giá trị nhóm / empty: by the group"),
        entry("field", maybe(field)),
        entry("direction", later(made, "Direction"), default="ASC"),
    ]
    text = "Một khóa sắp xếp nhóm: trường của groupBy, hoặc một phép tính / A sort key of groups"
    input_type(made, own.type + SUFFIX + "Order", order, text)


def arguments(made: Made, own: Names, first: int, as_of: StrawberryArgument) -> Iterable[StrawberryArgument]:
    """What a field of groups takes."""
    return (
        argument("where", maybe(later(made, own.type + "Filter"))),
        argument(
            "groupBy", maybe(many(later(made, own.type + "GroupBy"))), "Trống: mọi dòng là một nhóm / Empty: one group"
        ),
        argument("orderBy", maybe(many(later(made, own.type + SUFFIX + "Order")))),
        argument("first", int, "Số nhóm, tối đa 10000 / Groups, at most 10000", first),
        argument("after", maybe(str), "Con trỏ của nhóm đứng trước / Cursor of the group before"),
        as_of,
    )
