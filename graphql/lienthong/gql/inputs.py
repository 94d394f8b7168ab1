"""Input types: a filter for each kind of value, a filter and an order for each dataset."""

from collections.abc import Iterable, Mapping

from lienthong.contract.model import FieldContract
from lienthong.contract.types.base import Operator
from lienthong.gql.naming import Names, described
from lienthong.gql.parts import Made, entry, enum_type, input_type, later, many, maybe
from lienthong.gql.scalars import TYPES, GeoJSON
from lienthong.kernel.text import camel

# Operators in the order that people read them.
ORDER: tuple[Operator, ...] = (
    "eq",
    "ne",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains",
    "bbox",
    "within",
    "near",
    "is_null",
)
MEANING: dict[str, str] = {
    "eq": "bằng / equal to",
    "ne": "khác / not equal to",
    "in": "là một trong / one of",
    "gt": "lớn hơn / greater than",
    "gte": "từ / greater than or equal to",
    "lt": "nhỏ hơn / less than",
    "lte": "đến / less than or equal to",
    "contains": "chứa (văn bản: không phân biệt dấu) / contains (text: without tone marks)",
    "bbox": "giao với khung [tây, nam, đông, bắc] / intersects the box [west, south, east, north]",
    "within": "giao với hình này / intersects this geometry",
    "near": "cách điểm này không quá số mét / within so many metres of this point",
    "is_null": "không có giá trị / has no value",
}


def filter_name(field: FieldContract) -> str:
    """The name of the filter of a field: by its scalar and by what can be asked of it."""
    kind, operators = field.type, field.type.operators
    if field.logical_type == "list":
        return "ListFilter"
    if kind.graphql in ("String", "ID") and "contains" not in operators:
        return kind.graphql + ("RangeFilter" if "gt" in operators else "CodeFilter")
    return kind.graphql + "Filter"


def value_filters(made: Made, fields: Iterable[FieldContract]) -> None:
    """A filter input for each kind of value that the datasets have."""
    point = [
        entry("lon", float, "kinh độ / longitude"),
        entry("lat", float, "vĩ độ / latitude"),
        entry("metres", float, "khoảng cách, đến 1 000 000 m / distance, at most 1,000,000 m"),
    ]
    input_type(made, "Near", point, "Một điểm và khoảng cách / A point and a distance")
    operators: dict[str, tuple[str, frozenset[Operator]]] = {}
    for field in fields:
        kind = field.type
        scalar = "JSON" if field.logical_type == "list" else kind.graphql
        known = operators.setdefault(filter_name(field), (scalar, frozenset()))
        operators[filter_name(field)] = (scalar, known[1] | kind.operators)
    for name, (scalar, found) in sorted(operators.items()):
        value = TYPES[scalar]
        types = {
            "in": many(value),
            "is_null": bool,
            "bbox": many(float),
            "within": GeoJSON,
            "near": later(made, "Near"),
        }
        if scalar != "JSON":
            types["contains"] = str
        input_type(
            made, name, (entry(camel(op), maybe(types.get(op, value)), MEANING[op]) for op in ORDER if op in found)
        )


def dataset_inputs(made: Made, names: Names, all_names: Mapping[str, Names]) -> None:
    """The filter and the order of one dataset."""
    own = later(made, names.type + "Filter")
    entries = [
        entry("and", maybe(many(own)), "mọi điều kiện / all of"),
        entry("or", maybe(many(own)), "một trong các điều kiện / at least one of"),
        entry("not", maybe(own), "không thỏa / not"),
    ]
    if any(f.search for f in names.contract.fields):
        text = "tìm trong văn bản, không phân biệt dấu / every word occurs, compared without tone marks"
        entries.append(entry("q", maybe(str), text))
    for name, field in names.fields.items():
        entries.append(entry(name, maybe(later(made, filter_name(field))), described(field.title)))
    for name, relation in names.relations.items():
        target = later(made, all_names[relation.dataset].type + "Filter")
        entries.append(entry(name, maybe(target), described(relation.title)))
    input_type(
        made, names.type + "Filter", entries, "Điều kiện; nhiều khóa nghĩa là VÀ / Conditions; several keys mean AND"
    )
    by_name = names.contract.by_name
    enum_type(
        made,
        names.type + "OrderField",
        {value: (field, described(by_name[field].title)) for value, field in names.sortable.items()},
        "Trường để sắp xếp / What to sort by",
    )
    order = [
        entry("field", later(made, names.type + "OrderField")),
        entry("direction", later(made, "Direction"), default="ASC"),
    ]
    input_type(made, names.type + "Order", order, "Một khóa sắp xếp / One sort key")
