"""The JSON documents of OGC API - Features 1.0 (OGC 17-069r4): landing, conformance, collections, the API itself."""

from typing import Any

from lienthong.catalog.snapshot import DatasetState, Snapshot
from lienthong.contract.model import FieldContract
from lienthong.kernel.text import Language

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
GEOJSON = "application/geo+json"
VIETNAM_EXTENT = (102.14, 6.0, 117.9, 23.4)


def link(href: str, rel: str, type: str = "application/json", title: str | None = None) -> dict[str, str]:
    """One link object."""
    return {"href": href, "rel": rel, "type": type} | ({"title": title} if title else {})


def landing(base: str, language: Language) -> dict[str, Any]:
    """The landing page."""
    vi = language == "vi"
    return {
        "title": "Liên Thông",
        "description": "Dữ liệu không gian mở theo OGC API - Features"
        if vi
        else "Open spatial data as OGC API - Features",
        "links": [
            link(base, "self"),
            link(base + "/api", "service-desc", "application/vnd.oai.openapi+json;version=3.0"),
            link(base.removesuffix("/ogc") + "/docs", "service-doc", "text/html"),
            link(base + "/conformance", "conformance"),
            link(base + "/collections", "data"),
        ],
    }


def conformance() -> dict[str, Any]:
    """The classes that this server conforms to."""
    return {"conformsTo": list(CONFORMANCE)}


def spatial(snapshot: Snapshot) -> list[DatasetState]:
    """The published datasets that have a geometry."""
    return [state for state in snapshot.published() if geometry_of(state)]


def geometry_of(state: DatasetState) -> FieldContract | None:
    """The field that places an open row on the map, the first one of the contract."""
    kinds = {"point", "multipolygon"}
    return next((field for field in state.contract.open_fields if field.logical_type in kinds), None)


def collection(state: DatasetState, base: str, language: Language) -> dict[str, Any]:
    """The description of one collection."""
    contract = state.contract
    here = f"{base}/collections/{contract.slug}"
    moments = [None, None] if contract.validity else None
    extent: dict[str, Any] = {"spatial": {"bbox": [list(VIETNAM_EXTENT)], "crs": CRS84}}
    if moments:
        extent["temporal"] = {"interval": [moments]}
    return {
        "id": contract.slug,
        "title": contract.title.in_language(language),
        "description": contract.description.purpose.in_language(language),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent,
        "links": [
            link(here, "self"),
            link(here + "/items", "items", GEOJSON),
            link(base.removesuffix("/ogc") + f"/datasets/{contract.slug}", "describedby", "text/html"),
            link("https://creativecommons.org/licenses/by/4.0/", "license", "text/html"),
        ],
    }


def collections(snapshot: Snapshot, base: str, language: Language) -> dict[str, Any]:
    """All collections."""
    return {
        "collections": [collection(state, base, language) for state in spatial(snapshot)],
        "links": [link(base + "/collections", "self")],
    }


def api(snapshot: Snapshot, base: str) -> dict[str, Any]:
    """The OpenAPI 3.0 definition that the standard's core asks for."""
    parameters: list[dict[str, Any]] = [
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 10000, "default": 10}),
        _parameter("bbox", {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}),
        _parameter("datetime", {"type": "string"}),
        _parameter("cursor", {"type": "string"}),
        _parameter("offset", {"type": "integer", "minimum": 0}),
    ]
    paths: dict[str, Any] = {
        "/": _get("landing", "Landing page"),
        "/conformance": _get("conformance", "Conformance classes"),
        "/collections": _get("collections", "Collections"),
    }
    for state in spatial(snapshot):
        slug = state.contract.slug
        paths[f"/collections/{slug}"] = _get(f"describe_{slug}", f"Describe {slug}")
        paths[f"/collections/{slug}/items"] = _get(f"items_{slug}", f"Features of {slug}", parameters)
        key = _parameter("featureId", {"type": "string"}) | {"in": "path", "required": True}
        paths[f"/collections/{slug}/items/{{featureId}}"] = _get(f"item_{slug}", f"One feature of {slug}", [key])
    return {
        "openapi": "3.0.3",
        "info": {"title": "Liên Thông: OGC API - Features", "version": "1.0.0"},
        "servers": [{"url": base}],
        "paths": paths,
    }


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _get(operation: str, summary: str, parameters: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    answers = {"200": {"description": "OK"}, "default": {"description": "A problem (RFC 9457)"}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters or [],
            "responses": answers,
        }
    }
