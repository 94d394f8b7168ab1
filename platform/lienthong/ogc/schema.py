"""What can be filtered, sorted by and read of a collection, as JSON Schema (OGC API - Features parts 3 and 5)."""

from typing import Any

from lienthong.contract.model import FieldContract
from lienthong.kernel.text import Language
from lienthong.ogc.asking import Place, is_geometry
from lienthong.store.features import is_placed

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def queryables(place: Place, address: str, language: Language) -> dict[str, Any]:
    """The fields that a filter may name; one that is seen through its mask is not among them."""
    scope = place.scope
    names = [n for n in scope.visible if n not in scope.masked or is_placed(scope, n)]
    return _document(place, address, language, names, closed=True)


def sortables(place: Place, address: str, language: Language) -> dict[str, Any]:
    """The fields that pages may be sorted by."""
    scope = place.scope
    names = [n for n in scope.visible if scope.contract.by_name[n].type.sortable and n not in scope.masked]
    return _document(place, address, language, names, closed=True)


def returnables(place: Place, address: str, language: Language) -> dict[str, Any]:
    """The fields of a feature."""
    return _document(place, address, language, list(place.scope.visible), closed=False)


def _document(place: Place, address: str, language: Language, names: list[str], closed: bool) -> dict[str, Any]:
    contract = place.scope.contract
    shown = [contract.by_name[name] for name in names]
    return {
        "$schema": _DIALECT,
        "$id": address,
        "type": "object",
        "title": contract.title.in_language(language),
        "properties": {field.name: _property(place, field, language) for field in shown},
        "additionalProperties": not closed,
    }


def _property(place: Place, field: FieldContract, language: Language) -> dict[str, Any]:
    title = {"title": field.title.in_language(language)}
    if is_geometry(field):
        shape = "point" if field.logical_type == "point" else "multipolygon"
        role = {"x-ogc-role": "primary-geometry"} if field.name == place.geometry.name else {}
        return title | {"format": f"geometry-{shape}"} | role
    schema = dict(field.type.json_schema(field.options))
    key = place.scope.contract.primary_key
    return title | schema | ({"x-ogc-role": "id"} if key == (field.name,) or list(key) == [field.name] else {})
