"""WebMercatorQuad and the tilesets of collections: metadata after OGC 20-057 and 17-083r4, and TileJSON 3.0."""

from functools import cache
from typing import Any

from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import Language, both
from lienthong.ogc.asking import GEOJSON, Place
from lienthong.ogc.documents import MVT, VIETNAM_EXTENT, link
from lienthong.store.query import Query
from lienthong.store.tiles import kind, plain_fields

QUAD = "WebMercatorQuad"
DEEPEST = 22
SCHEME = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
_HALF = 20037508.3427892
_WIDTH = 2 * _HALF
_KINDS = {"integer": "integer", "bigint": "integer", "double precision": "number", "boolean": "boolean"}


def check(name: str) -> None:
    """Raises NotFound for another tile matrix set."""
    if name != QUAD:
        raise NotFound(both("Không có bộ ô này", "There is no such tile matrix set"), place=name, fix=QUAD)


@cache
def matrix_set() -> dict[str, Any]:
    """The definition of WebMercatorQuad."""
    return {
        "id": QUAD,
        "title": "Google Maps Compatible for the World",
        "uri": SCHEME,
        "crs": _CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(z) for z in range(DEEPEST + 1)],
    }


def _matrix(z: int) -> dict[str, Any]:
    cell = _WIDTH / 256 / 2**z
    return {
        "id": str(z),
        "scaleDenominator": cell / 0.00028,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_HALF, _HALF],
        "matrixWidth": 2**z,
        "matrixHeight": 2**z,
        "tileWidth": 256,
        "tileHeight": 256,
    }


def matrix_sets(base: str) -> dict[str, Any]:
    """The tile matrix sets that there are: one."""
    here = f"{base}/tileMatrixSets/{QUAD}"
    return {"tileMatrixSets": [{"id": QUAD, "uri": SCHEME, "crs": _CRS, "links": [link(here, "self")]}]}


def tilesets(base: str, where: str, title: str) -> dict[str, Any]:
    """The list of tilesets at `where`: one."""
    here = f"{where}/{QUAD}"
    one = {
        "title": title,
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": SCHEME,
        "links": [
            link(here, "self"),
            link(here + "?f=tilejson", "alternate", "application/vnd.mapbox.tilejson+json"),
            link(f"{base}/tileMatrixSets/{QUAD}", "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"),
            _template(here),
        ],
    }
    return {"tilesets": [one], "links": [link(where, "self")]}


def _template(here: str) -> dict[str, Any]:
    return link(here + "/{tileMatrix}/{tileRow}/{tileCol}", "item", MVT) | {"templated": True}


def tileset(base: str, where: str, title: str, places: list[Place], language: Language) -> dict[str, Any]:
    """The metadata of the tileset at `where`."""
    west, south, east, north = VIETNAM_EXTENT
    here = f"{where}/{QUAD}"
    return {
        "title": title,
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": SCHEME,
        "tileMatrixSetLimits": [],
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
        "layers": [_layer(place, base, language) for place in places],
        "links": [
            link(here, "self"),
            link(here + "?f=tilejson", "alternate", "application/vnd.mapbox.tilejson+json"),
            link(f"{base}/tileMatrixSets/{QUAD}", "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"),
            _template(here),
        ],
    }  # fmt: skip


def _layer(place: Place, base: str, language: Language) -> dict[str, Any]:
    contract = place.scope.contract
    fields = {
        field.name: {
            "title": field.title.in_language(language),
            "type": _KINDS.get(kind(place.scope, field), "string"),
        }
        for field in plain_fields(place.scope, Query(contract.id))
    }
    return {
        "id": place.id,
        "title": contract.title.in_language(language),
        "dataType": "vector",
        "geometryDimension": 0 if place.geometry.logical_type == "point" else 2,
        "minTileMatrix": "0",
        "maxTileMatrix": str(DEEPEST),
        "propertiesSchema": {"type": "object", "properties": fields},
        "links": [link(f"{base}/collections/{place.id}/items", "items", GEOJSON)],
    }


def tilejson(where: str, title: str, places: list[Place], release: int | None) -> dict[str, Any]:
    """TileJSON 3.0. Tiles of one release have its number in their address, so caches may keep them for good."""
    suffix = f"?release={release}" if release is not None else ""
    return {
        "tilejson": "3.0.0",
        "name": title,
        "tiles": [f"{where}/{QUAD}/{{z}}/{{y}}/{{x}}{suffix}"],
        "minzoom": 0,
        "maxzoom": 16,
        "bounds": list(VIETNAM_EXTENT),
        "attribution": "Liên Thông",
        "vector_layers": [
            {
                "id": place.id,
                "fields": {
                    field.name: _KINDS.get(kind(place.scope, field), "string").replace("integer", "number").capitalize()
                    for field in plain_fields(place.scope, Query(place.scope.contract.id))
                },
                "minzoom": 0,
                "maxzoom": 16,
            }
            for place in places
        ],
    }
