"""The scalars beside GraphQL's own. Input is taken as it is written: the contract's logical type reads it."""

from typing import Any, NewType

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.schema.config import StrawberryConfig

Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
Decimal = NewType("Decimal", str)
JSON = NewType("JSON", str)
GeoJSON = NewType("GeoJSON", str)
GroupValue = NewType("GroupValue", str)


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise GraphQLError("A text is expected")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise GraphQLError("A number is expected")
    return str(value)


def _number_literal(node: ValueNode, _: dict[str, Any] | None = None) -> Any:
    """The digits as written, so that no float stands between."""
    if not isinstance(node, IntValueNode | FloatValueNode | StringValueNode):
        raise GraphQLError("A number is expected")
    return node.value


def _definition(name: str, description: str, **options: Any) -> Any:
    return strawberry.scalar(name=name, description=description, serialize=lambda value: value, **options)


CONFIG = StrawberryConfig(
    scalar_map={
        Date: _definition("Date", "Ngày, ISO 8601: 2026-01-31 / A date", parse_value=_text),
        DateTime: _definition(
            "DateTime", "Thời điểm, ISO 8601: 2026-01-31T08:30:00+07:00 / A moment", parse_value=_text
        ),
        Decimal: _definition(
            "Decimal",
            "Số thập phân hoặc số tiền (đồng), là số JSON / A decimal number or an amount, a JSON number",
            parse_value=_number,
            parse_literal=_number_literal,
        ),
        JSON: _definition("JSON", "Giá trị JSON bất kỳ / Any JSON value"),
        GroupValue: _definition(
            "GroupValue", "Giá trị của nhóm: văn bản, số, đúng/sai / A group's value: a text, a number, a truth value"
        ),
        GeoJSON: _definition(
            "GeoJSON",
            "Hình học GeoJSON, EPSG:4326 / A GeoJSON geometry",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc7946",
        ),
    }
)
TYPES: dict[str, Any] = {
    "String": str,
    "Int": int,
    "Float": float,
    "Boolean": bool,
    "ID": strawberry.ID,
    "Date": Date,
    "DateTime": DateTime,
    "Decimal": Decimal,
    "JSON": JSON,
    "GeoJSON": GeoJSON,
}
