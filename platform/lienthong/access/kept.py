"""Whole answers about open releases, as they went out: the same question is answered with the same bytes.

A release never changes, so an answer is good until the dataset has another one. Nobody in particular asks: whoever
shows who they are goes the long way.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lienthong.catalog.snapshot import Catalog, ReleaseInfo, Snapshot
from lienthong.catalog.usage import Usage
from lienthong.governance.request import PURPOSE, TWIN, XROAD

MOST_BYTES = 64 << 20
MOST_ANSWER = 4 << 20
_PERSONAL = frozenset(
    {b"authorization", b"x-ckan-api-key", b"cookie", PURPOSE.lower().encode(), TWIN.lower().encode()}
    | {name.lower().encode() for name in XROAD}
)
_MATCH = b"if-none-match"
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer with 200, and the release that it tells of.

    `packed`: only for callers who take gzip. `data`: not for browsers that would rather have a page.
    """

    dataset: str
    release: UUID
    tag: bytes
    headers: Headers
    body: bytes
    packed: bool = False
    data: bool = False

    def is_good(self, snapshot: Snapshot) -> bool:
        """Is the release still the one that is served?"""
        state = snapshot.datasets.get(self.dataset)
        return state is not None and state.release is not None and state.release.id == self.release


Key = tuple[Any, ...]


class Kept:
    """The answers of one process, so many bytes of them; the ones asked last stay."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._answers: OrderedDict[Key, KeptAnswer] = OrderedDict()
        self.usage: Usage | None = None  # whoever counts calls

    def find(self, key: Key, headers: Headers, snapshot: Snapshot | None) -> KeptAnswer | None:
        """The answer to a request, while it is good."""
        found = self._answers.get(key)
        if found is None or snapshot is None or not found.is_good(snapshot):
            return None
        unpacked = found.packed
        for name, value in headers:
            if name in _PERSONAL:
                return None
            if found.data and name == b"accept" and b"html" in value:
                return None
            if unpacked and name == b"accept-encoding" and b"gzip" in value:
                unpacked = False
        if unpacked:
            return None
        self._answers.move_to_end(key)
        if self.usage is not None:
            self.usage.note(found.dataset, "call")
        return found

    def asked(self, scope: Any, catalog: Catalog) -> KeptAnswer | None:
        """The answer to a GET with parameters, when nothing has to be waited for."""
        if scope["method"] != "GET":
            return None
        key = (scope["path"], scope["query_string"])
        return self.find(key, scope["headers"], catalog.fresh) if key in self._answers else None

    def put(
        self,
        key: Key,
        release: ReleaseInfo,
        headers: Headers,
        body: bytes,
        tag: bytes = b"",
        packed: bool = False,
        data: bool = False,
    ) -> bytes:
        """Keep an answer, if it is small enough; its tag, made of the body when there is none yet."""
        tag = tag or b'"%d-%s"' % (release.number, hashlib.blake2b(body, digest_size=12).hexdigest().encode())
        if len(body) <= MOST_ANSWER:
            self._drop(key)
            kept = KeptAnswer(release.dataset, release.id, tag, [*headers, (b"etag", tag)], body, packed, data)
            self._answers[key] = kept
            self._size += len(body) + 500
            while self._size > self._most:
                self._drop(next(iter(self._answers)))
        return tag

    def _drop(self, key: Key) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            self._size -= len(found.body) + 500


async def sent(kept: KeptAnswer, scope: Any, send: Any) -> None:
    """Send it, or 304 to who has it already."""
    for name, value in scope["headers"]:
        if name == _MATCH and (kept.tag in value or value.strip() == b"*"):
            head = [pair for pair in kept.headers if pair[0] not in (b"content-length", b"content-type")]
            await send({"type": "http.response.start", "status": 304, "headers": head})
            await send({"type": "http.response.body", "body": b""})
            return
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    await send({"type": "http.response.body", "body": kept.body})
