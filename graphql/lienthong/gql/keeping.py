"""What may be kept of an answer: open data asked by GET, until something is published anew."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from lienthong.catalog.snapshot import Catalog

OPEN = {
    "Cache-Control": "public, max-age=60",
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
