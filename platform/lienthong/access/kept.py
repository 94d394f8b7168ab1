"""Whole answers about open releases, as they went out: the same question is answered with the same bytes.

A release never changes, so an answer is good while all releases that it was read from are served. Nobody in
particular asks: whoever shows who they are, or for what purpose they ask, goes the long way. A kept answer costs its
caller nothing and tells nothing of a budget.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lienthong.catalog.snapshot import Catalog, ReleaseInfo, Snapshot
from lienthong.catalog.usage import Usage
from lienthong.governance.request import PURPOSE, TWIN, XROAD

MOST_BYTES = 64 << 20
MOST_ANSWER = 4 << 20
BESIDE = 1_000
"""Bytes that an answer takes besides its body and its key: its headers, its place."""
ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
"""Headers that every answer of ours carries."""
_LONG, _ACCEPT, _ENCODING, _MATCH = range(4)
_PERSONAL = ("authorization", "x-ckan-api-key", "cookie", PURPOSE, TWIN, *XROAD)
_TELLING = dict.fromkeys([name.lower().encode() for name in _PERSONAL], _LONG) | {
    b"range": _LONG,
    b"if-match": _LONG,
    b"lienthong-cost": _LONG,
    b"accept": _ACCEPT,
    b"accept-encoding": _ENCODING,
    b"if-none-match": _MATCH,
}
_OF_BODY = frozenset({b"content-length", b"content-type", b"content-encoding", b"link"})
_EMPTY = {"type": "http.response.body", "body": b""}
Headers = Iterable[tuple[bytes, bytes]]
Key = tuple[Any, ...]
Accepts = Callable[[bytes], bool]


def anything(_: bytes) -> bool:
    """Is it the same answer whatever the caller accepts? Yes."""
    return True


@dataclass(slots=True, eq=False)
class KeptAnswer:
    """An answer as it went out: the messages of ASGI, whose releases it tells of and whose calls it counts as.

    `packed`: only for callers who take gzip. `accepts`: is it for this value of Accept? `seen`: the snapshot in which
    its releases were last found served. `wanted`: was it asked for since its turn to go came last?
    """

    releases: tuple[ReleaseInfo, ...]
    counted: tuple[str, ...]
    start: dict[str, Any]
    body: dict[str, Any]
    tag: bytes
    packed: bool
    accepts: Accepts
    size: int
    seen: Snapshot | None = None
    wanted: bool = False

    def is_good(self, snapshot: Snapshot) -> bool:
        """Are its releases still the ones that are served?"""
        for release in self.releases:
            state = snapshot.datasets.get(release.dataset)
            if state is None or state.release is None or state.release.id != release.id:
                return False
        self.seen = snapshot
        return True

    @property
    def unchanged(self) -> dict[str, Any]:
        """The beginning of a 304 in its place."""
        head = [pair for pair in self.start["headers"] if pair[0] not in _OF_BODY]
        return {"type": "http.response.start", "status": 304, "headers": head}


@dataclass(slots=True)
class Kept:
    """The answers of one process, so many bytes of them. What was asked for again stays longest."""

    most: int = MOST_BYTES
    size: int = 0
    usage: Usage | None = None  # whoever counts calls
    _answers: OrderedDict[Key, KeptAnswer] = field(default_factory=OrderedDict)

    def find(
        self, key: Key, headers: Headers, snapshot: Snapshot | None, beside: bool = False
    ) -> tuple[KeptAnswer, bool] | None:
        """The answer to a request while it is good, and whether the caller has it already.

        `beside`: it is asked for from another thread than all else, which must leave the answers as they are.
        """
        found = self._answers.get(key)
        if found is None or snapshot is None:
            return None
        if found.seen is not snapshot and not found.is_good(snapshot):
            if not beside:
                self._drop(key)
            return None
        packed, same = found.packed, False
        for name, value in headers:
            kind = _TELLING.get(name)
            if kind is None:
                continue
            if kind == _LONG or (kind == _ACCEPT and not found.accepts(value)):
                return None
            if kind == _ENCODING:
                packed = packed and b"gzip" not in value
            elif kind == _MATCH and found.tag:
                same = same or found.tag in value or value.strip() == b"*"
        if packed:
            return None
        found.wanted = True
        if self.usage is not None:
            for dataset in found.counted:
                self.usage.note(dataset, "call")
        return found, same

    def has(self, scope: Any) -> bool:
        """Was it answered before, whether or not that is still good?"""
        return (scope.get("raw_path"), scope["query_string"]) in self._answers

    def put(
        self,
        key: Key,
        releases: tuple[ReleaseInfo, ...],
        headers: Headers,
        body: bytes,
        tag: bytes = b"",
        packed: bool = False,
        accepts: Accepts = anything,
        counted: tuple[str, ...] = (),
    ) -> None:
        """Keep an answer with 200, if it is small enough. `counted`: the datasets that were asked for, or all."""
        size = len(body) + BESIDE + sum(len(part) for part in key if isinstance(part, bytes))
        if len(body) > MOST_ANSWER or size > self.most or not releases:
            return
        self._drop(key)
        head = list(headers)
        named = {name for name, _ in head}
        head += [pair for pair in ALWAYS if pair[0] not in named]
        start = {"type": "http.response.start", "status": 200, "headers": head}
        told = {"type": "http.response.body", "body": body}
        counted = counted or tuple(release.dataset for release in releases)
        self._answers[key] = KeptAnswer(releases, counted, start, told, tag, packed, accepts, size)
        self.size += size
        while self.size > self.most:
            self._make_room()

    def _make_room(self) -> None:
        """The oldest one goes, or, when it was asked for meanwhile, takes its turn again."""
        key, found = next(iter(self._answers.items()))
        if found.wanted:
            found.wanted = False
            self._answers.move_to_end(key)
        else:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            self.size -= found.size


def key_of(scope: Any, accepts: Accepts = anything, method: str = "GET") -> Key | None:
    """The key by which the answer may be kept; None when the caller shows anything that only they send.

    That of a GET is the whole key; to that of a POST its body comes, and what else the answer depends on.
    """
    path = scope.get("raw_path")
    if scope["method"] != method or path is None:
        return None
    for name, value in scope["headers"]:
        kind = _TELLING.get(name)
        if kind == _LONG or (kind == _ACCEPT and not accepts(value)):
            return None
    return path, scope["query_string"]


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before everything else: answers that are there already."""

    kept: Kept
    catalog: Catalog

    def asked(self, scope: Any) -> tuple[KeptAnswer, bool] | None:
        """The answer to a GET, when nothing has to be waited for."""
        if scope["method"] != "GET":
            return None
        key = (scope.get("raw_path"), scope["query_string"])
        return self.kept.find(key, scope["headers"], self.catalog.fresh)

    def ready(self, scope: Any) -> tuple[KeptAnswer, bool] | None:
        """The same for any connection, from any thread."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        key = (scope.get("raw_path"), scope["query_string"])
        return self.kept.find(key, scope["headers"], self.catalog.fresh, beside=True)

    async def looked(self, scope: Any) -> tuple[KeptAnswer, bool] | None:
        """The same after a look at what is served, if there may be one."""
        if scope["method"] == "GET" and self.kept.has(scope):
            with suppress(Exception):  # the long way tells what is wrong
                await self.catalog.current()
                return self.asked(scope)
        return None


def messages(found: tuple[KeptAnswer, bool]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer as messages of ASGI, or 304 to who has it already."""
    kept, same = found
    return (kept.unchanged, _EMPTY) if same else (kept.start, kept.body)


async def sent(found: tuple[KeptAnswer, bool], send: Any) -> None:
    """Send it."""
    for message in messages(found):
        await send(message)
