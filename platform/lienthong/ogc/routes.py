"""Addresses of OGC API - Features, Tiles and Records under `/ogc`."""

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.services import Services
from lienthong.ogc import api, caching, documents, pages, record, records, schema
from lienthong.ogc.asking import Asking, form
from lienthong.ogc.fast import PREFIX, Fast
from lienthong.ogc.features import Features
from lienthong.ogc.records import Records
from lienthong.ogc.tiles import Tiles
from lienthong.ogc.tilestore import TileStore
from lienthong.web.language import language
from lienthong.web.parameters import only, parameters
from lienthong.web.problems import Endpoint, guarded

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"


def router(services: Services) -> APIRouter:
    """The routes of this surface."""
    asking = Asking(services)
    store = TileStore(services.settings.home / "releases", services.settings.kept_megabytes << 20)
    services.short[PREFIX] = Fast(asking, store)
    made = APIRouter()
    for path, endpoint in routes(asking, store).items():
        made.add_route(path, guarded(endpoint), methods=["GET"])
    return made


def routes(asking: Asking, store: TileStore) -> dict[str, Endpoint]:
    """Every address and what answers it."""
    about, features, tiles, catalogue = About(asking), Features(asking), Tiles(asking, store), Records(asking)
    one, whole = "/ogc/collections/{name}", f"/ogc/collections/{record.NAME}"
    return {
        "/ogc": about.landing,
        "/ogc/": about.landing,
        "/ogc/api": about.api,
        "/ogc/conformance": about.conformance,
        "/ogc/collections": about.collections,
        whole: catalogue.collection,
        f"{whole}/queryables": catalogue.queryables,
        f"{whole}/sortables": catalogue.queryables,
        f"{whole}/items": catalogue.many,
        f"{whole}/items/{{key:path}}": catalogue.one,
        one: about.collection,
        f"{one}/queryables": about.schema,
        f"{one}/sortables": about.schema,
        f"{one}/schema": about.schema,
        f"{one}/items": features.many,
        f"{one}/items/{{key:path}}": features.one,
        f"{one}/tiles": tiles.sets,
        f"{one}/tiles/{{set}}": tiles.set,
        f"{one}/tiles/{{set}}/{{z}}/{{row}}/{{col}}": tiles.one,
        f"{one}/xyz/metadata.json": tiles.set,
        f"{one}/xyz/{{z}}/{{x}}/{{y}}": tiles.one,
        "/ogc/tiles": tiles.sets,
        "/ogc/tiles/{set}": tiles.set,
        "/ogc/tiles/{set}/{z}/{row}/{col}": tiles.all,
        "/ogc/tileMatrixSets": tiles.matrix_sets,
        "/ogc/tileMatrixSets/{set}": tiles.matrix_set,
    }


class About:
    """What there is, and what can be asked of it."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def landing(self, request: Request) -> Response:
        """GET /ogc"""
        return _told(request, documents.landing(self._asking.base, language(request)))

    async def conformance(self, request: Request) -> Response:
        """GET /ogc/conformance"""
        return _told(request, documents.conformance())

    async def api(self, request: Request) -> Response:
        """GET /ogc/api"""
        only(parameters(request), ("f",))
        places = await self._asking.places(await self._asking.subject(request))
        headers = {"Vary": caching.VARY, "Access-Control-Allow-Origin": "*"}
        return Response(orjson.dumps(api.document(places, self._asking.base)), headers=headers, media_type=OPENAPI)

    async def collections(self, request: Request) -> Response:
        """GET /ogc/collections"""
        base, spoken = self._asking.base, language(request)
        places = await self._asking.places(await self._asking.subject(request))
        listed = [documents.collection(place, base, spoken) for place in places]
        here = base + "/collections"
        links = [documents.link(here, "self"), documents.link(here + "?f=html", "alternate", "text/html")]
        return _told(request, {"collections": [*listed, records.about(base, spoken)], "links": links})

    async def collection(self, request: Request) -> Response:
        """GET /ogc/collections/{name}"""
        place = await self._asking.place(await self._asking.subject(request), request.path_params["name"])
        return _told(request, documents.collection(place, self._asking.base, language(request)))

    async def schema(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/queryables, /sortables, /schema"""
        place = await self._asking.place(await self._asking.subject(request), request.path_params["name"])
        what = request.url.path.rpartition("/")[2]
        make = {"queryables": schema.queryables, "sortables": schema.sortables}.get(what, schema.returnables)
        address = f"{self._asking.base}/collections/{place.id}/{what}"
        return _told(request, make(place, address, language(request)), documents.SCHEMA)


def _told(request: Request, body: dict[str, object], kind: str = "application/json") -> Response:
    """A document, in the form that is asked for."""
    wanted = form(request, given := parameters(request), "json", "html")
    only(given, ())
    if wanted == "html":
        return pages.document("OGC API", body, language(request), {"Vary": caching.VARY})
    headers = {"Vary": caching.VARY, "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(body), headers=headers, media_type=kind)
