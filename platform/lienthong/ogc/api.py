"""The OpenAPI 3.0 definition that the standards' core asks for: of what this caller may read."""

from collections.abc import Sequence
from typing import Any

from lienthong.ogc import record, tilesets
from lienthong.ogc.asking import GEOJSON, Place, is_geometry
from lienthong.ogc.documents import MVT, SCHEMA
from lienthong.store.spatial import SYSTEMS

_BOX = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_CRS = {"type": "string", "format": "uri", "enum": list(SYSTEMS)}
_LIST = {"type": "array", "items": {"type": "string"}}
_LANGUAGE = {"type": "string", "enum": ["cql2-text", "cql2-json"]}


def _parameter(name: str, schema: dict[str, Any], where: str = "query") -> dict[str, Any]:
    style = "simple" if where == "path" else "form"
    return {"name": name, "in": where, "required": where == "path", "schema": schema, "style": style, "explode": False}


_PARAMETERS = {
    "limit": _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 10000, "default": 10}),
    "bbox": _parameter("bbox", _BOX),
    "bbox-crs": _parameter("bbox-crs", _CRS),
    "crs": _parameter("crs", _CRS),
    "datetime": _parameter("datetime", {"type": "string"}),
    "filter": _parameter("filter", {"type": "string"}),
    "filter-lang": _parameter("filter-lang", _LANGUAGE),
    "filter-crs": _parameter("filter-crs", _CRS),
    "sortby": _parameter("sortby", _LIST),
    "properties": _parameter("properties", _LIST),
    "count": _parameter("count", {"type": "string", "enum": ["exact", "none"], "default": "none"}),
    "cursor": _parameter("cursor", {"type": "string"}),
    "offset": _parameter("offset", {"type": "integer", "minimum": 0}),
    "q": _parameter("q", _LIST),
    "type": _parameter("type", _LIST),
    "ids": _parameter("ids", _LIST),
    "externalIds": _parameter("externalIds", _LIST),
    "release": _parameter("release", {"type": "integer"}),
    "featureId": _parameter("featureId", {"type": "string"}, "path"),
    "tileMatrixSetId": _parameter("tileMatrixSetId", {"type": "string", "enum": [tilesets.QUAD]}, "path"),
    "tileMatrix": _parameter("tileMatrix", {"type": "string"}, "path"),
    "tileRow": _parameter("tileRow", {"type": "integer", "minimum": 0}, "path"),
    "tileCol": _parameter("tileCol", {"type": "integer", "minimum": 0}, "path"),
    "collections": _parameter("collections", _LIST),
}
_ITEMS = ("limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby", "properties",
          "count", "cursor", "offset")  # fmt: skip
_RECORDS = ("limit", "offset", "q", "bbox", "datetime", "type", "ids", "externalIds", "filter", "filter-lang", "sortby")
_TILE = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol", "datetime", "filter", "filter-lang", "filter-crs",
         "properties", "release")  # fmt: skip
_AT = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"


def document(places: Sequence[Place], base: str) -> dict[str, Any]:
    """The definition, with the collections of `places`."""
    paths: dict[str, Any] = {
        "/": _get("getLandingPage", "Landing page"),
        "/conformance": _get("getConformance", "Conformance classes"),
        "/api": _get("getApi", "This definition", kind="application/vnd.oai.openapi+json;version=3.0"),
        "/collections": _get("getCollections", "Collections"),
        "/tileMatrixSets": _get("getTileMatrixSets", "Tile matrix sets"),
        "/tileMatrixSets/{tileMatrixSetId}": _get("getTileMatrixSet", "A tile matrix set", ["tileMatrixSetId"]),
        "/tiles": _get("dataset.vector.getTileSetsList", "Tilesets of all collections"),
        "/tiles/{tileMatrixSetId}": _get("dataset.vector.getTileSet", "A tileset", ["tileMatrixSetId"]),
        f"/tiles{_AT}": _get("dataset.vector.getTile", "A tile", [*_TILE[:5], "collections"], MVT),
        **_records(f"/collections/{record.NAME}"),
    }
    for place in places:
        paths |= _collection(place, f"/collections/{place.id}")
    return {
        "openapi": "3.0.3",
        "info": {"title": "Liên Thông: OGC API - Features, Tiles, Records", "version": "1.1.0"},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"parameters": _PARAMETERS},
    }


def _records(here: str) -> dict[str, Any]:
    return {
        here: _get("describeCatalogue", "Describe the catalogue"),
        f"{here}/queryables": _get("getQueryables_catalogue", "What a filter may name", kind=SCHEMA),
        f"{here}/sortables": _get("getSortables_catalogue", "What can be sorted by", kind=SCHEMA),
        f"{here}/items": _get("getRecords", "Records", _RECORDS, GEOJSON),
        f"{here}/items/{{featureId}}": _get("getRecord", "One record", ["featureId"], GEOJSON),
    }


def _collection(place: Place, here: str) -> dict[str, Any]:
    name, contract = place.id.replace(":", "_"), place.scope.contract
    own = [
        _parameter(field, {"type": "string"})
        for field in place.scope.visible
        if field not in _PARAMETERS and not is_geometry(contract.by_name[field]) and field not in place.scope.masked
    ]
    items = _get(f"getItems_{name}", f"Features of {place.id}", _ITEMS, GEOJSON)
    items["get"]["parameters"] += own
    return {
        here: _get(f"describe_{name}", f"Describe {place.id}"),
        f"{here}/queryables": _get(f"getQueryables_{name}", "What a filter may name", kind=SCHEMA),
        f"{here}/sortables": _get(f"getSortables_{name}", "What can be sorted by", kind=SCHEMA),
        f"{here}/schema": _get(f"getSchema_{name}", "What a feature holds", kind=SCHEMA),
        f"{here}/items": items,
        f"{here}/items/{{featureId}}": _get(
            f"getItem_{name}", f"One feature of {place.id}", ["featureId", "crs", "properties"], GEOJSON
        ),
        f"{here}/tiles": _get(f"{name}.vector.getTileSetsList", "Tilesets"),
        f"{here}/tiles/{{tileMatrixSetId}}": _get(f"{name}.vector.getTileSet", "A tileset", ["tileMatrixSetId"]),
        f"{here}/tiles{_AT}": _get(f"{name}.vector.getTile", f"A tile of {place.id}", _TILE, MVT),
    }


def _get(
    operation: str, summary: str, parameters: Sequence[str] = (), kind: str = "application/json"
) -> dict[str, Any]:
    problem = {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
    body = {"type": "string", "format": "binary"} if kind == MVT else {"type": "object"}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
            "responses": {"200": {"description": "OK", "content": {kind: {"schema": body}}}, "default": problem},
        }
    }
