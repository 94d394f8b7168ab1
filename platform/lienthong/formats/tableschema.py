"""The fields of a release as a Frictionless Table Schema (https://specs.frictionlessdata.io/table-schema/)."""

from collections.abc import Sequence
from typing import Any

from lienthong.contract.model import FieldContract
from lienthong.store.export import is_geometry

_PLAIN = {"integer": "integer", "bigint": "integer", "boolean": "boolean", "date": "date", "timestamptz": "datetime"}
_SCHEMES = {"email": "email", "url": "uri"}


def table_schema(fields: Sequence[FieldContract], key: Sequence[str] = ()) -> dict[str, Any]:
    """The schema; `primaryKey` when all of `key` is among the fields. Geometry is text (WKT) in a table."""
    made: dict[str, Any] = {"fields": [_field(field) for field in fields], "missingValues": [""]}
    names = {field.name for field in fields}
    return made | ({"primaryKey": list(key)} if key and names.issuperset(key) else {})


def _field(field: FieldContract) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": field.name,
        "type": _type(field),
        "title": field.title.vi,
        "title_en": field.title.en,
    }
    if made["type"] == "datetime":
        made["format"] = "%Y-%m-%dT%H:%M:%S%z"
    if field.logical_type in _SCHEMES:
        made["format"] = _SCHEMES[field.logical_type]
    if field.description:
        made |= {"description": field.description.vi, "description_en": field.description.en}
    constraints = {"required": True} if field.required else {}
    return made | ({"constraints": constraints} if constraints else {}) | {"logical_type": field.logical_type}


def _type(field: FieldContract) -> str:
    sql_type = field.columns[0].sql_type
    if is_geometry(field):
        return "string"
    if sql_type.startswith("numeric("):
        return "integer" if sql_type.endswith((",0)", ", 0)")) or "," not in sql_type else "number"
    if sql_type == "jsonb":
        return "array" if field.logical_type == "list" else "object"
    return _PLAIN.get(sql_type, "string")
