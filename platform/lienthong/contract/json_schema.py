"""The JSON Schema (2020-12) of a row as REST and files render it."""

from collections.abc import Collection
from typing import Any

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.text import Language


def row_schema(contract: Contract, visible: Collection[str] | None = None, language: Language = "vi") -> dict[str, Any]:
    """The schema of one row of `contract`; `visible` names the fields shown, by default all."""
    shown = [field for field in contract.fields if visible is None or field.name in visible]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": contract.title.in_language(language),
        "description": contract.description.purpose.in_language(language),
        "type": "object",
        "properties": {field.name: field_schema(field, language) for field in shown},
        "required": [field.name for field in shown],
        "additionalProperties": False,
    }


def field_schema(field: FieldContract, language: Language = "vi") -> dict[str, Any]:
    """The schema of a field's value: that of its type, or null unless the field is required."""
    schema = field.type.json_schema(field.options)
    described: dict[str, Any] = {"title": field.title.in_language(language)}
    if field.description:
        described["description"] = field.description.in_language(language)
    if field.examples:
        described["examples"] = list(field.examples)
    if field.required:
        return schema | described
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]} | described
    return {"anyOf": [schema, {"type": "null"}]} | described
