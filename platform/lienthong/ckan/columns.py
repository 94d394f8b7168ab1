"""The columns of a dataset as the DataStore names them: id, type of PostgreSQL, label and notes."""

from typing import Any

from lienthong.contract.model import FieldContract
from lienthong.kernel.text import Language
from lienthong.store.query import ROW_NUMBER

# A stored type (without its length) -> the type that CKAN's clients know. Geometry is answered as GeoJSON.
_TYPES = {
    "text": "text",
    "uuid": "text",
    "boolean": "bool",
    "integer": "int4",
    "bigint": "int8",
    "numeric": "numeric",
    "double precision": "float8",
    "date": "date",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "jsonb": "json",
    "geometry": "json",
}
_NUMBER = {"id": ROW_NUMBER, "type": "int"}


def kind(field: FieldContract) -> str:
    """The type in CKAN's words."""
    stored = field.columns[0].sql_type.lower().partition("(")[0].strip()
    return _TYPES.get(stored, "text")


def column(field: FieldContract, language: Language) -> dict[str, Any]:
    """A column with its label and notes."""
    notes = field.description.in_language(language) if field.description else ""
    return {
        "id": field.name,
        "type": kind(field),
        "info": {"label": field.title.in_language(language), "notes": notes},
    }


def columns(fields: list[FieldContract | None], language: Language) -> list[dict[str, Any]]:
    """The columns in their order; None stands for the row's number."""
    return [column(field, language) if field else _NUMBER for field in fields]


def described(field: FieldContract, is_key: bool, language: Language) -> dict[str, Any]:
    """A column with its schema, as datastore_info shows it; JSON is called nested there."""
    shown = column(field, language)
    schema = {
        "native_type": field.columns[0].sql_type,
        "notnull": field.required or is_key,
        "index_name": f"{field.name}_idx" if field.index else None,
        "is_index": field.index,
        "uniquekey": field.unique,
    }
    return shown | {"type": "nested" if shown["type"] == "json" else shown["type"], "schema": schema}
