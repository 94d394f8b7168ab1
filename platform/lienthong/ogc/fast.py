"""The short way for features and tiles: a request like one before, in plain ASGI and without planning.

It answers what it knows and leaves all else to the long way: errors, pages, sessions, twins, what is cached by callers.
"""

import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from lienthong.access.door import TILE, Answer, Compiled, Shape
from lienthong.access.kept import Key, key_of
from lienthong.access.placed import Placed
from lienthong.access.ready import Ready
from lienthong.access.repeat import Plans, Rights
from lienthong.catalog.snapshot import ReleaseInfo, Snapshot
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import Problem, TooCostly, Unavailable
from lienthong.kernel.text import unslug
from lienthong.ogc import caching, features, items, tiles
from lienthong.ogc.asking import GEOJSON, Asking, Place, is_geometry
from lienthong.ogc.boxes import Boxed, boxed
from lienthong.ogc.documents import MVT
from lienthong.ogc.sieve import Sieves
from lienthong.ogc.tilestore import Kept, TileStore
from lienthong.store.query import ROW_NUMBER, Order
from lienthong.store.slots import Marked, Slot, numbers
from lienthong.store.spatial import CRS84
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
_DRAWN = 200
# What a tile may be asked with on this way; what is wrong in it is told on the long one.
_ASKED = frozenset({"release", "filter", "filter-lang", "filter-crs", "properties", "datetime"})
_MADE_OVER = frozenset({"properties", "datetime"})  # what changes more than which features are shown
_BY_NUMBER = (Order(ROW_NUMBER),)
_SEEN = 5_000
_At = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Planned:
    """A prepared statement, and what its answers have in common; `numbers`: the same for features that lie ready.

    `boxed`: those are what lies in a box.
    """

    compiled: Compiled
    place: Place
    asked: items.Asked
    numbers: Compiled | None = None
    boxed: Boxed | None = None


class Fast:
    """The short way over one set of services."""

    def __init__(self, asking: Asking, store: TileStore) -> None:
        self._asking, self._store = asking, store
        self._services = asking.services
        self._features = Ready(self._services.settings.home / "releases")
        self._placed = Placed(self._services.door.database)
        self._plans: Plans[_Planned] = Plans()
        self._rights = Rights()
        # What an address of a tile means does not change while the release does not.
        self._ready: dict[_Address, _Ready] = {}
        self._held, self._most = 0, self._services.settings.kept_megabytes << 20  # bytes
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._drawn: dict[tuple[Shape, str, int, uuid.UUID, bytes], Compiled] = {}
        self._sieves = Sieves(self._services.settings.kept_megabytes << 19)

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
            answer = await self._read(subject, plan, place, texts)
        except (TooCostly, Unavailable) as problem:  # once is enough
            await respond(Request(scope), problem)(scope, receive, send)
            return True
        except Exception:  # the long way tells what is wrong
            return False
        await self._send(scope, send, plan, place, answer, before)
        return True

    async def _read(self, subject: Subject, plan: _Planned, place: Place, texts: tuple[str, ...]) -> Answer:
        """The features: as they lie ready with the release, or made by the statement."""
        door, release = self._services.door, place.release
        ready = self._features.of(release) if plan.numbers is not None and release is not None else None
        if ready is None or plan.numbers is None or release is None:
            return await door.again(subject, plan.compiled, texts, "ogc")
        if plan.boxed is not None and (points := self._placed.of(release, plan.boxed.field.name)) is not None:
            found = plan.boxed.answer(points, ready, release, texts)
            if found is not None:
                door.charge(subject, max(1, plan.numbers.cost))
                door.usage.note(release.dataset, "call")
                return replace(found, bound=plan.numbers.bound)
        answer = await door.again(subject, plan.numbers, texts, "ogc")
        if answer.release != release.number:  # it was switched just now, or goes on in an earlier one
            return await door.again(subject, plan.compiled, texts, "ogc")
        return replace(answer, body=ready.array(map(int, answer.body.split(b","))) if answer.body else b"[]")

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
            opened, by_number = numbers(compiled.statement.params), None
            if subject is ANONYMOUS and _lies_ready(place, wanted):
                by_number = self._services.door.prepare(subject, "numbers", (wanted.query,), place.geometry.name)
            in_box = boxed(place, wanted) if by_number is not None else None
            planned = _Planned(compiled, place, wanted, by_number, in_box)
            self._plans.put((name, tuple(asked)), tuple(asked.values()), rights, opened, planned)

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
        if place.first and not given and (ready := self._store.prepared(release, *at)) is not None:
            return place, ready, number is not None  # it lies in a file: no use to keep it twice
        kept_as = (release.id, place.id, *at, asked)
        found = self._store.get(kept_as)
        if found is None:
            found = await self._left(place, release, at, given, asked) or await self._draw(
                place, release, at, given, asked
            )
            if found is None:
                return None
            self._store.put(kept_as, found)
        return place, found, number is not None

    async def _left(
        self, place: Place, release: ReleaseInfo, at: _At, given: dict[str, str], asked: bytes
    ) -> Kept | None:
        """What a filter leaves of the release's own tile, when that is much of it."""
        z, x, y = at
        single_from = self._store.single_from(release)
        if not place.first or single_from is None or z < single_from or _MADE_OVER.intersection(given):
            return None
        ready = self._store.prepared(release, *at)
        if ready is None or ready.plain == b"":
            return ready
        sieve = self._sieves.of((release.id, *at), lambda: ready.bytes(gzipped=False)[0])
        compiled = self._drawing("numbers", place, release, at, given, asked) if sieve else None
        if sieve is None or compiled is None:
            return None
        answer = await self._services.door.again(ANONYMOUS, compiled, (str(x), str(y)), "ogc")
        if answer.release != release.number:
            return None
        body = sieve.left([int(n) for n in answer.body.split(b",")]) if answer.body else b""
        return None if body is None else Kept(body)

    async def _draw(
        self, place: Place, release: ReleaseInfo, at: _At, given: dict[str, str], asked: bytes
    ) -> Kept | None:
        """A tile that is not there yet."""
        (_, x, y), compiled = at, self._drawing("tile", place, release, at, given, asked)
        if compiled is None:
            return None
        answer = await self._services.door.again(ANONYMOUS, compiled, (str(x), str(y)), "ogc")
        if answer.release != release.number:  # it was switched just now
            return None
        return Kept(bytes.fromhex(answer.body.decode()))

    def _drawing(
        self, shape: Shape, place: Place, release: ReleaseInfo, at: _At, given: dict[str, str], asked: bytes
    ) -> Compiled | None:
        """The statement that another tile of this zoom was made by, or its rows found."""
        key, (z, x, y) = (shape, place.id, at[0], release.id, asked), at
        compiled = self._drawn.get(key)
        if compiled is None:
            gathered = is_gathered(place.geometry, release.rows, z, self._store.single_from(release))
            try:
                query, layer = tiles.tile_query(place, (z, Slot(0, int, x), Slot(1, int, y)), gathered, given)
                drawn = (query, layer) if shape == "tile" else (query.but(order=_BY_NUMBER), place.geometry.name)
                compiled = self._services.door.prepare(ANONYMOUS, shape, (drawn[0],), drawn[1])
            except Problem:
                return None
            assert compiled is not None  # open data has no twin
            compiled = replace(compiled, cost=TILE)
            if len(self._drawn) >= _DRAWN:
                self._drawn.clear()
            self._drawn[key] = compiled
        return compiled

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
        found = (release, headers, body)
        size = len(body) + 1_000
        if size <= self._most:
            if self._held + size > self._most:
                self._ready.clear()
                self._held = 0
            self._held += size
            self._ready[key] = found
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


def _lies_ready(place: Place, asked: items.Asked) -> bool:
    """Does a file of the release show the very features that are asked for?"""
    scope, query = place.scope, asked.query
    if scope.schema != "open" or scope.masked or query.items or query.as_of is not None or asked.crs != CRS84:
        return False
    whole = set(scope.visible) == {field.name for field in scope.contract.open_fields}
    return whole and sum(map(is_geometry, scope.contract.open_fields)) == 1


def _served(place: Place, snapshot: Snapshot) -> Place | None:
    """The collection as it is served now; None when its release was withdrawn."""
    if place.scope.schema != "open":
        return place
    state = snapshot.datasets[place.scope.contract.id]
    if not state.is_published:
        return None
    return place if state is place.state else replace(place, state=state)
