"""The short way for features and tiles: a request like one before, in plain ASGI and without planning.

It answers what it knows and leaves all else to the long way: errors, pages, sessions, twins, what is cached by callers.
"""

import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from lienthong.access.door import Answer, Compiled
from lienthong.access.kept import Key, key_of
from lienthong.access.repeat import Plans, Rights
from lienthong.catalog.snapshot import ReleaseInfo, Snapshot
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import Problem, TooCostly, Unavailable
from lienthong.kernel.text import unslug
from lienthong.ogc import caching, features, items, tiles
from lienthong.ogc.asking import GEOJSON, Asking, Place
from lienthong.ogc.documents import MVT
from lienthong.ogc.tilestore import Kept, TileStore
from lienthong.store.slots import Marked, Slot, numbers
from lienthong.store.tiles import is_gathered
from lienthong.web.parameters import named
from lienthong.web.problems import respond
from lienthong.web.short import CALLER, LONG, told

PREFIX = "/ogc/collections/"
_PLAIN = ("*/*", "application/json", GEOJSON, "application/geo+json, application/json", MVT)
_ACCEPTED = frozenset(text.encode() for text in _PLAIN)
_LEFT = frozenset({"f", "count", "release"})
_GEOJSON = (b"content-type", GEOJSON.encode())
_MVT, _GZIP = (b"content-type", MVT.encode()), (b"content-encoding", b"gzip")
_QUAD = "tiles/WebMercatorQuad/"


_Address = tuple[str, bytes, bool]
_Ready = tuple[ReleaseInfo, list[tuple[bytes, bytes]], bytes]
_HELD = 64 << 20  # bytes of answers that lie ready
_DRAWN = 200
# What a tile may be asked with on this way; what is wrong in it is told on the long one.
_ASKED = frozenset({"release", "filter", "filter-lang", "filter-crs", "properties", "datetime"})
_SEEN = 5_000


@dataclass(frozen=True, slots=True)
class _Planned:
    """A prepared statement, and what its answers have in common."""

    compiled: Compiled
    place: Place
    asked: items.Asked


class Fast:
    """The short way over one set of services."""

    def __init__(self, asking: Asking, store: TileStore) -> None:
        self._asking, self._store = asking, store
        self._services = asking.services
        self._plans: Plans[_Planned] = Plans()
        self._rights = Rights()
        # What an address of a tile means does not change while the release does not.
        self._ready: dict[_Address, _Ready] = {}
        self._held = 0
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._drawn: dict[tuple[str, int, uuid.UUID, bytes], Compiled] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Receive]:
        """Answer, if it can be done this way."""
        if scope["method"] != "GET":
            return False, receive
        name, _, tail = scope["path"][len(PREFIX) :].partition("/")
        if tail == "items":
            return await self._items(scope, send, name, receive), receive
        if tail.startswith(_QUAD):
            return await self._tile(scope, receive, send, name, tail[len(_QUAD) :]), receive
        return False, receive

    # --- features ---------------------------------------------------------------------------------------------

    async def _items(self, scope: Scope, send: Send, name: str, receive: Receive) -> bool:
        given = told(scope, _ACCEPTED)
        if given is None:
            return False
        try:
            asked = named(scope["query_string"])
            if not _LEFT.isdisjoint(asked):
                return False
            shape, texts = (name, tuple(asked)), tuple(asked.values())
            subject = await self._services.directory.subject(given, {}) if given else ANONYMOUS
            rights = self._rights.of(subject)
            plan = self._plans.get(shape, texts, rights)
            if plan is None:
                if self._plans.again(shape):
                    await self._plan(name, asked, subject, rights)
                return False
            before = await self._services.catalog.current()
            place = _served(plan.place, before)
            if place is None:
                return False
            answer = await self._services.door.again(subject, plan.compiled, texts, "ogc")
        except (TooCostly, Unavailable) as problem:  # once is enough
            await respond(Request(scope), problem)(scope, receive, send)
            return True
        except Exception:  # the long way tells what is wrong
            return False
        await self._send(scope, send, plan, place, answer, before)
        return True

    def _asked_before(self, scope: Scope) -> bool:
        """Has this very question been asked lately? Most boxes are asked for once, and need not be kept."""
        key = hash((scope["path"], scope["query_string"]))
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        return False

    async def _plan(self, name: str, asked: dict[str, str], subject: Subject, rights: object) -> None:
        place = await self._asking.place(subject, name)
        marked = {key: Marked.of(text, n) for n, (key, text) in enumerate(asked.items())}
        wanted = items.asked(place, marked)
        if wanted.streamed or place.scope.schema == "twin":
            return
        compiled = self._services.door.prepare(subject, "features", (wanted.query,), place.geometry.name, wanted.crs)
        if compiled is not None:
            opened = numbers(compiled.statement.params)
            self._plans.put(
                (name, tuple(asked)), tuple(asked.values()), rights, opened, _Planned(compiled, place, wanted)
            )

    async def _send(
        self, scope: Scope, send: Send, plan: _Planned, place: Place, answer: Answer, before: Snapshot
    ) -> None:
        raw: bytes = scope["raw_path"].partition(b"?")[0]
        head = caching.head(place, "geojson", raw, scope["query_string"])
        head["Content-Crs"] = f"<{plan.asked.crs.uri}>"
        if answer.receipt:
            head["Lienthong-Receipt"] = answer.receipt
        links = features.linked(self._asking.base, place, scope["query_string"], answer)
        body = features.collected(answer, links, features.matched(place, plan.asked, answer))
        headers = [(key.lower().encode(), value.encode("latin-1")) for key, value in head.items()]
        headers += [_GEOJSON, (b"content-length", b"%d" % len(body))]
        key = key_of(scope, _is_data) if answer.bound is not None else None
        if key is not None and answer.bound is not None and self._asked_before(scope):
            self._keep(key, answer.bound.releases(before, answer.release), headers, body, False)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    # --- tiles ------------------------------------------------------------------------------------------------

    async def _tile(self, scope: Scope, receive: Receive, send: Send, name: str, tail: str) -> bool:
        """A tile of open data that nobody in particular asks for, and that is there already."""
        packed = False
        for header, value in scope["headers"]:
            if header in CALLER or header in LONG or (header == b"accept" and value not in _ACCEPTED):
                return False
            if header == b"accept-encoding":
                packed = b"gzip" in value
        snapshot = await self._services.catalog.current()
        state = snapshot.datasets.get(unslug(name.partition(":")[0]))
        if state is None or state.release is None:
            return False
        release = state.release
        key = (scope["path"], scope["query_string"], packed)
        ready = self._ready.get(key)
        if ready is None or ready[0] is not release:
            try:
                made = await self._made(scope, name, tail, release)
            except (TooCostly, Unavailable) as problem:  # once is enough
                await respond(Request(scope), problem)(scope, receive, send)
                return True
            if made is None:
                return False
            ready = self._prepare(key, scope, *made, release, packed)
        try:
            self._services.door.charge(ANONYMOUS, 1)
        except TooCostly:
            return False
        _, headers, body = ready
        await send({"type": "http.response.start", "status": 200 if body else 204, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True

    async def _made(self, scope: Scope, name: str, tail: str, release: ReleaseInfo) -> tuple[Place, Kept, bool] | None:
        """The tile, and whether the address names its release: then caches may keep it for good."""
        if tail.count("/") != 2:
            return None
        try:
            given = named(scope["query_string"])
            number = given.pop("release", None)
            if not _ASKED.issuperset(given) or number not in (None, str(release.number)):
                return None
            place = await self._asking.place(ANONYMOUS, name)
            z, row, col = tail.split("/")
            at = tiles.position({"z": z, "row": row, "col": col})
        except Exception:
            return None
        if place.release is not release:
            return None
        asked = orjson.dumps(sorted(given.items())) if given else b""
        kept_as = (release.id, place.id, *at, asked)
        found = self._store.get(kept_as)
        if found is None:
            found = self._store.prepared(release, *at) if place.first and not given else None
            if found is None:
                found = await self._draw(place, release, at, given, asked)
            if found is None:
                return None
            self._store.put(kept_as, found)
        return place, found, number is not None

    async def _draw(
        self, place: Place, release: ReleaseInfo, at: tuple[int, int, int], given: dict[str, str], asked: bytes
    ) -> Kept | None:
        """A tile that is not there yet, by the statement that another one of this zoom was made by."""
        key, (z, x, y) = (place.id, at[0], release.id, asked), at
        compiled = self._drawn.get(key)
        if compiled is None:
            gathered = is_gathered(place.geometry, release.rows, z, self._store.single_from(release))
            try:
                query, layer = tiles.tile_query(place, (z, Slot(0, int, x), Slot(1, int, y)), gathered, given)
                compiled = self._services.door.prepare(ANONYMOUS, "tile", (query,), layer)
            except Problem:
                return None
            assert compiled is not None  # open data has no twin
            if len(self._drawn) >= _DRAWN:
                self._drawn.clear()
            self._drawn[key] = compiled
        answer = await self._services.door.again(ANONYMOUS, compiled, (str(x), str(y)), "ogc")
        if answer.release != release.number:  # it was switched just now
            return None
        return Kept(bytes.fromhex(answer.body.decode()))

    def _prepare(
        self,
        key: _Address,
        scope: Scope,
        place: Place,
        made: Kept,
        for_good: bool,
        release: ReleaseInfo,
        packed: bool,
    ) -> _Ready:
        raw: bytes = scope["raw_path"].partition(b"?")[0]
        head = caching.head(place, "mvt", raw, scope["query_string"])
        if for_good:
            head["Cache-Control"] = caching.FOR_GOOD
        head["Vary"] += ", Accept-Encoding"
        body, zipped = made.bytes(packed)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in head.items()]
        if body:
            headers += [_MVT, (b"content-length", b"%d" % len(body)), *([_GZIP] if zipped else [])]
        self._held += len(body) + 1_000
        if self._held > _HELD:
            self._ready.clear()
            self._held = len(body)
        self._ready[key] = found = (release, headers, body)
        address = key_of(scope, _is_data)
        if packed and body and address is not None:
            self._keep(address, (release,), headers, body, zipped)
        return found

    def _keep(
        self,
        key: Key,
        releases: tuple[ReleaseInfo, ...],
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        zipped: bool,
    ) -> None:
        """Lay an answer ready for whoever asks the same again."""
        tag = next(value for name, value in headers if name == b"etag")
        self._services.kept.put(key, releases, headers, body, tag, zipped, _is_data)


def _is_data(accept: bytes) -> bool:
    """Is it not a page that a browser would rather have?"""
    return b"html" not in accept


def _served(place: Place, snapshot: Snapshot) -> Place | None:
    """The collection as it is served now; None when its release was withdrawn."""
    if place.scope.schema != "open":
        return place
    state = snapshot.datasets[place.scope.contract.id]
    if not state.is_published:
        return None
    return place if state is place.state else replace(place, state=state)
