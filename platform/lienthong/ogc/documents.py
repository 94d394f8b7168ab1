"""The JSON documents of OGC API - Features, Tiles and Records: landing, conformance, collections."""

from typing import Any

from lienthong.kernel.text import Language, both
from lienthong.ogc.asking import GEOJSON, Place
from lienthong.store.spatial import CRS84, SYSTEMS

_FEATURES, _TILES = (
    "http://www.opengis.net/spec/ogcapi-features-",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/",
)
_CQL2, _RECORDS = "http://www.opengis.net/spec/cql2/1.0/conf/", "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
_COMMON = "http://www.opengis.net/spec/ogcapi-common-"
CONFORMANCE = (
    *(f"{_COMMON}1/1.0/conf/{name}" for name in ("core", "landing-page", "json", "html", "oas30")),
    *(f"{_COMMON}2/1.0/conf/{name}" for name in ("collections", "json", "html")),
    *(f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "oas30", "geojson", "html")),
    f"{_FEATURES}2/1.0/conf/crs",
    *(f"{_FEATURES}3/1.0/conf/{name}" for name in (
        "queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(f"{_FEATURES}5/1.0/conf/{name}" for name in ("schemas", "queryables", "sortables", "core-roles-features")),
    *(f"{_CQL2}{name}" for name in (
        "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
        "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions",
        "temporal-functions", "array-functions", "property-property", "arithmetic")),
    *(f"{_TILES}{name}" for name in (
        "core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30")),
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    *(f"{_RECORDS}{name}" for name in (
        "record-core", "record-collection", "record-core-query-parameters", "sorting", "json", "html",
        "searchable-catalog")),
)  # fmt: skip
VIETNAM_EXTENT = (102.14, 6.0, 117.9, 23.4)
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "MIT": "https://opensource.org/license/mit",
}
SCHEMA, MVT = "application/schema+json", "application/vnd.mapbox-vector-tile"
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"


def link(href: str, rel: str, type: str = "application/json", title: str | None = None) -> dict[str, str]:
    """One link object."""
    return {"href": href, "rel": rel, "type": type} | ({"title": title} if title else {})


def landing(base: str, language: Language) -> dict[str, Any]:
    """The landing page."""
    about = both(
        "Dữ liệu không gian theo OGC API: đối tượng (Features), ô bản đồ (Tiles), danh mục (Records)",
        "Spatial data as OGC API: Features, Tiles, Records",
    )
    return {
        "title": "Liên Thông",
        "description": about.in_language(language),
        "links": [
            link(base, "self"),
            link(base + "?f=html", "alternate", "text/html"),
            link(base + "/api", "service-desc", "application/vnd.oai.openapi+json;version=3.0"),
            link(base.removesuffix("/ogc") + "/docs", "service-doc", "text/html"),
            link(base + "/conformance", "conformance"),
            link(base + "/conformance", _RELATION + "conformance"),
            link(base + "/collections", "data"),
            link(base + "/collections", _RELATION + "data"),
            link(base + "/tiles", _RELATION + "tilesets-vector"),
            link(base + "/tileMatrixSets", _RELATION + "tiling-schemes"),
            link(base + "/collections/catalogue", _RELATION + "ogc-catalog"),
        ],
    }


def conformance() -> dict[str, Any]:
    """The classes that this server conforms to."""
    return {"conformsTo": list(CONFORMANCE)}


def collection(place: Place, base: str, language: Language) -> dict[str, Any]:
    """The description of one collection."""
    contract, here = place.scope.contract, f"{base}/collections/{place.id}"
    title = contract.title.in_language(language)
    extent: dict[str, Any] = {"spatial": {"bbox": [list(VIETNAM_EXTENT)], "crs": CRS84.uri}}
    if contract.validity:
        extent["temporal"] = {
            "interval": [[None, None]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return {
        "id": place.id,
        "title": title if place.first else f"{title}: {place.geometry.title.in_language(language)}",
        "description": contract.description.purpose.in_language(language),
        "keywords": [word.in_language(language) for word in contract.catalogue.keywords],
        "itemType": "feature",
        "crs": list(SYSTEMS),
        "storageCrs": CRS84.uri,
        "extent": extent,
        "links": _links(place, here, base),
    }


def _links(place: Place, here: str, base: str) -> list[dict[str, str]]:
    contract = place.scope.contract
    about = base.removesuffix("/ogc") + f"/datasets/{contract.slug}"
    links = [
        link(here, "self"),
        link(here + "?f=html", "alternate", "text/html"),
        link(here + "/items", "items", GEOJSON),
        link(here + "/items?f=html", "items", "text/html"),
        link(here + "/queryables", _RELATION + "queryables", SCHEMA),
        link(here + "/sortables", _RELATION + "sortables", SCHEMA),
        link(here + "/schema", _RELATION + "schema", SCHEMA),
        link(here + "/tiles", _RELATION + "tilesets-vector"),
        link(about, "describedby", "text/html"),
    ]
    if place.release is not None:
        whole = base.removesuffix("/ogc") + f"/api/v1/datasets/{contract.slug}/download.geojson"
        if any(file.format == "geojson" for file in place.release.files):
            links.append(link(whole, "enclosure", GEOJSON))
        if address := LICENCES.get(contract.licence):
            links.append(link(address, "license", "text/html"))
    return links
