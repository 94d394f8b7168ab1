"""Vector tiles of collections: from the release's own file, from memory, or made by one statement through the door."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access import Subject
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.kernel.problem import Gone, NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.ogc import caching, items, pages, tilesets
from lienthong.ogc.asking import Asking, Place, form
from lienthong.ogc.documents import MVT
from lienthong.ogc.tilestore import Kept, Key, TileStore
from lienthong.store import cql2
from lienthong.store.formula import tile
from lienthong.store.query import Item, Page, Query, all_of
from lienthong.store.slots import Slot
from lienthong.store.tiles import MANY, MARGIN, MOST, Layer, is_gathered
from lienthong.web.language import language
from lienthong.web.parameters import only, parameters

OWN = ("f", "release", "datetime", "filter", "filter-lang", "filter-crs", "properties", "collections")
LAYERS = 8  # collections in one tile of the whole site


class Tiles:
    """The endpoints over one set of services."""

    def __init__(self, asking: Asking, store: TileStore) -> None:
        self._asking, self._store = asking, store
        self._door = asking.services.door

    async def one(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/tiles/{set}/{z}/{row}/{col}"""
        tilesets.check(request.path_params.get("set", tilesets.QUAD))
        z, x, y = position(request.path_params)
        subject = await self._asking.subject(request)
        place = await self._asking.place(subject, request.path_params["name"])
        given = parameters(request)
        form(request, given, "mvt")
        release = self._release(place, given.pop("release", None))
        headers = caching.of(request, place, "mvt")
        if release is not None:
            headers["Cache-Control"] = caching.FOR_GOOD
        if caching.matches(request, headers.get("ETag")):
            return caching.unchanged(headers)
        made, receipt = await self._tile(subject, place, release, (z, x, y), given)
        if receipt:
            headers["Lienthong-Receipt"] = receipt
        return _answer(request, made, headers)

    async def all(self, request: Request) -> Response:
        """GET /ogc/tiles/{set}/{z}/{row}/{col}: every collection, or those named, as layers of one tile."""
        tilesets.check(request.path_params["set"])
        numbers = position(request.path_params)
        subject = await self._asking.subject(request)
        given = parameters(request)
        form(request, given, "mvt")
        only(given, ("collections", "datetime"))
        named = given.pop("collections", None)
        if named is None:
            places = [place for place in await self._asking.places(subject) if place.scope.schema == "open"]
        else:
            places = [await self._asking.place(subject, name) for name in dict.fromkeys(named.split(","))]
        if len(places) > LAYERS and named is not None:
            detail = both(f"Tối đa {LAYERS} bộ sưu tập", f"At most {LAYERS} collections")
            raise QueryInvalid(detail, place="collections")
        found, receipts = b"", []
        for place in places[:LAYERS]:
            made, receipt = await self._tile(subject, place, None, numbers, given)
            found += made.bytes(gzipped=False)[0]
            receipts += [receipt] if receipt else []
        headers = dict(caching.GOVERNED if receipts or any(p.release is None for p in places) else caching.OPEN)
        if receipts:
            headers["Lienthong-Receipt"] = ", ".join(receipts)
        return _answer(request, Kept(found), headers)

    async def _tile(
        self,
        subject: Subject,
        place: Place,
        old: ReleaseInfo | None,
        at: tuple[int, int, int],
        given: Mapping[str, str],
    ) -> tuple[Kept, str | None]:
        """A tile, and the receipt of its entry in the ledger."""
        z, x, y = at
        release = old or place.release
        if release is None:
            answer = await self._door.tile(subject, *self._query(place, None, at, given), surface="ogc")
            return Kept(answer.body), answer.receipt
        if not given and place.first and (ready := self._store.prepared(release, z, x, y)) is not None:
            return ready, None
        asked = orjson.dumps(sorted(given.items())) if given else b""
        key: Key = (release.id, place.id, z, x, y, asked)
        if (found := self._store.get(key)) is not None:
            return found, None
        if release is not place.release:
            detail = both("Bản cũ không còn ô này", "The older release does not hold this tile any more")
            raise Gone(detail, place="release", fix=str(place.release.number) if place.release else None)
        answer = await self._door.tile(subject, *self._query(place, release, at, given), surface="ogc")
        made = Kept(answer.body)
        if answer.release != release.number:  # it was switched just now
            return made, None
        self._store.put(key, made)
        return made, None

    def _query(
        self, place: Place, release: ReleaseInfo | None, at: tuple[int, int, int], given: Mapping[str, str]
    ) -> tuple[Query, Layer]:
        rows = release.rows if release else place.state.rows
        single_from = self._store.single_from(release) if release else None
        return tile_query(place, at, is_gathered(place.geometry, rows, at[0], single_from), given)

    def _release(self, place: Place, text: str | None) -> ReleaseInfo | None:
        """The release that the address names. Raises NotFound, Gone."""
        if text is None:
            return None
        found = next((r for r in place.state.releases if str(r.number) == text), None)
        if found is None or place.release is None or found.state not in ("published", "superseded", "withdrawn"):
            raise NotFound(both(f"Không có bản {text[:20]}", f"There is no release {text[:20]}"), place="release")
        if found.state == "withdrawn":
            raise Gone(both(f"Bản {text} đã được thu hồi", f"Release {text} was withdrawn"), place="release")
        return found

    # --- what there is ----------------------------------------------------------------------------------------

    async def sets(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/tiles, /ogc/tiles"""
        _, where, title, _ = await self._of(request)
        return _document(request, title, tilesets.tilesets(self._asking.base, where, title))

    async def set(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/tiles/{set}, /ogc/tiles/{set}; also as TileJSON."""
        tilesets.check(request.path_params.get("set", tilesets.QUAD))
        places, where, title, release = await self._of(request)
        given = parameters(request)
        wanted = "tilejson" if "set" not in request.path_params else form(request, given, "json", "tilejson", "html")
        only(given, ())
        spoken = language(request)
        if wanted == "tilejson":
            body = orjson.dumps(tilesets.tilejson(where, title, places, release))
            return Response(body, headers={"Access-Control-Allow-Origin": "*", "Vary": caching.VARY},
                            media_type="application/json")  # fmt: skip
        document = tilesets.tileset(self._asking.base, where, title, places, spoken)
        return _document(request, title, document, wanted)

    async def matrix_sets(self, request: Request) -> Response:
        """GET /ogc/tileMatrixSets"""
        return _document(request, "tileMatrixSets", tilesets.matrix_sets(self._asking.base))

    async def matrix_set(self, request: Request) -> Response:
        """GET /ogc/tileMatrixSets/{set}"""
        tilesets.check(request.path_params["set"])
        return _document(request, tilesets.QUAD, tilesets.matrix_set())

    async def _of(self, request: Request) -> tuple[list[Place], str, str, int | None]:
        subject, spoken = await self._asking.subject(request), language(request)
        name = request.path_params.get("name")
        if name is None:
            places = [place for place in await self._asking.places(subject) if place.scope.schema == "open"]
            return places[:LAYERS], self._asking.base + "/tiles", "Liên Thông", None
        place = await self._asking.place(subject, name)
        where = f"{self._asking.base}/collections/{place.id}/tiles"
        title = place.scope.contract.title.in_language(spoken)
        return [place], where, title, place.release.number if place.release else None


def tile_query(
    place: Place, at: tuple[int, int | Slot, int | Slot], gathered: bool, given: Mapping[str, str]
) -> tuple[Query, Layer]:
    """What is asked for a tile (zoom, column, row). Raises QueryInvalid naming the parameter."""
    z, x, y = at
    geometry = place.geometry.name
    where = items.condition(place, given, OWN)
    box = tile(cql2.place_property(place.scope, geometry), z, x, y, 0.0 if gathered else MARGIN)
    limit = MANY if gathered else MOST
    named = given.get("properties")
    chosen = items.shown(place.scope, named) if named is not None else ()
    drawn = (Item(geometry, geometry),) if gathered else (*chosen, *((Item(geometry, geometry),) if chosen else ()))
    query = Query(
        place.scope.contract.id,
        items=drawn,
        where=all_of(box, where),
        page=Page(limit, most=limit),
        as_of=items.moment(place.scope.contract, given.get("datetime")),
    )
    return query, Layer(geometry, place.id, z, gathered)


def position(path: Mapping[str, str]) -> tuple[int, int, int]:
    """Zoom, column and row of an address. Raises NotFound for what is not in the tile matrix set."""
    texts = path["z"], path.get("col") or path["x"], path.get("row") or path["y"]
    plain = [text.removesuffix(".mvt").removesuffix(".pbf") for text in texts]
    if all(text.isascii() and text.isdigit() and len(text) < 9 for text in plain):
        z, x, y = map(int, plain)
        if z <= tilesets.DEEPEST and x < 2**z and y < 2**z:
            return z, x, y
    raise NotFound(both("Không có ô này", "There is no such tile"), place="/".join(texts)[:60])


def _answer(request: Request, made: Kept, headers: dict[str, str]) -> Response:
    body, packed = made.bytes("gzip" in request.headers.get("accept-encoding", ""))
    headers = headers | {"Vary": headers["Vary"] + ", Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, headers=headers, media_type=MVT)


def _document(request: Request, title: str, document: Mapping[str, object], wanted: str | None = None) -> Response:
    wanted = wanted or form(request, parameters(request), "json", "html")
    if wanted == "html":
        return pages.document(title, document, language(request), {"Vary": caching.VARY})
    headers = {"Vary": caching.VARY, "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(document), headers=headers, media_type="application/json")
