"""What caches may keep: an answer about a release never changes; a governed answer is nobody else's."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from lienthong.access import synthetic
from lienthong.ogc.asking import Place
from lienthong.web.caching import CURRENT

VARY = "Accept, Accept-Language, Authorization, Cookie, X-CKAN-API-Key, Lienthong-Purpose, Lienthong-Twin"
OPEN = {
    "Cache-Control": CURRENT,
    "Vary": VARY,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Content-Crs, RateLimit, RateLimit-Policy",
}
GOVERNED = {"Cache-Control": "no-store", "Vary": VARY}
FOR_GOOD = "public, max-age=31536000, immutable"


def head(place: Place, variant: str, path: bytes, query: bytes) -> dict[str, str]:
    """The headers of an answer about a collection; `variant`: its form."""
    if place.scope.schema == "twin":
        return GOVERNED | {synthetic.HEADER: synthetic.VALUE}
    release = place.release
    if release is None:
        return dict(GOVERNED)
    asked = b"\n".join([release.id.bytes, place.scope.contract.version.encode(), variant.encode(), path, query])
    return OPEN | {"ETag": f'"{release.number}-{hashlib.blake2b(asked, digest_size=12).hexdigest()}"'}


def of(request: Request, place: Place, variant: str) -> dict[str, str]:
    """`head` for a request."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return head(place, variant, path, request.scope["query_string"])


def matches(request: Request, tag: str | None) -> bool:
    """Has the caller this very answer already? (RFC 9110, If-None-Match: weak comparison)"""
    given = request.headers.get("if-none-match")
    if not given or not tag:
        return False
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))


def unchanged(headers: dict[str, str]) -> Response:
    """304 with the headers that the answer would have had."""
    return Response(status_code=304, headers=headers)
