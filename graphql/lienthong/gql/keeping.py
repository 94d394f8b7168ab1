"""What may be kept of an answer: open data, by caches when asked by GET, by us until something is published anew."""

import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from lienthong.access.bound import Bound
from lienthong.access.kept import Headers, Kept, KeptAnswer, Key, anything, key_of
from lienthong.catalog.snapshot import Catalog, Snapshot
from lienthong.web.caching import CURRENT

OPEN = {
    "Cache-Control": CURRENT,
    "Vary": "Accept, Authorization, Cookie, X-CKAN-API-Key, Lienthong-Cost",
    "Access-Control-Allow-Origin": "*",
}
NOT_KEPT = {"Cache-Control": "no-store"}


async def tag(catalog: Catalog, request: Request) -> str:
    """The tag of the answer to a GET of open data: of what is published now, and of what was asked."""
    snapshot = await catalog.current()
    given = (request.headers.get(name, "").encode() for name in ("accept", "lienthong-cost"))
    asked = b"\0".join([snapshot.version.encode(), request.scope["query_string"], *given])
    digest = hashlib.blake2b(asked, digest_size=12)
    return f'"{digest.hexdigest()}"'


def kept(request: Request, tag: str) -> Response | None:
    """304 when the caller has this very answer (RFC 9110, If-None-Match: weak comparison)."""
    given = (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(","))
    return Response(status_code=304, headers=OPEN | {"ETag": tag}) if tag in given else None


RESULT = b"application/graphql-response+json"
_ASKED = "lienthong.gql.kept"
_SHOWN = (b"persistedQuery", b'"query"')  # a text that comes with its hash is shown to be remembered (`operations`)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a request is kept, and what was served before it was read."""

    key: Key
    before: Snapshot


def place(scope: Scope, before: Snapshot | None, body: bytes | None = None) -> Place | None:
    """The place of a GET, or of a POST with this body; None when the caller shows anything that only they send."""
    key = key_of(scope, _plain) if body is None else key_of(scope, method="POST")
    if key is None or before is None or (body is not None and all(name in body for name in _SHOWN)):
        return None
    if body is not None:
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        key = (*key, RESULT in accept, body)
    found = scope[_ASKED] = Place(key, before)
    return found


def found(kept: Kept, scope: Scope) -> KeptAnswer | None:
    """The answer that was kept there, while it is good."""
    at: Place = scope[_ASKED]
    hit = kept.find(at.key, scope["headers"], at.before)
    return hit[0] if hit else None


def keep(kept: Kept, scope: Scope, read: Bound | None, headers: Headers, body: bytes) -> None:
    """Keep an answer with 200 at the request's place, if it has one and the answer is of open releases alone."""
    at: Place | None = scope.get(_ASKED)
    if at is None or read is None:
        return
    head = list(headers)
    tag = next((value for name, value in head if name == b"etag"), b"")
    accepts = _plain if len(at.key) == 2 else anything
    kept.put(at.key, read.releases(at.before), head, body, tag, accepts=accepts, counted=read.asked)


def _plain(accept: bytes) -> bool:
    return RESULT not in accept
