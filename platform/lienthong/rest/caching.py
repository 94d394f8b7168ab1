"""What caches may keep: an answer about a release never changes; a governed answer is nobody else's."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.web.caching import CURRENT

OPEN = {
    "Cache-Control": CURRENT,
    "Vary": "Accept, Authorization, Cookie, X-CKAN-API-Key, Lienthong-Purpose, Lienthong-Twin",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Lienthong-Contract, Lienthong-Synthetic, Deprecation, Sunset, "
    "RateLimit, RateLimit-Policy",
}
GOVERNED = {"Cache-Control": "no-store", "Vary": OPEN["Vary"]}


def link(headers: dict[str, str], target: str, relation: str) -> None:
    """Add a link (RFC 8288) to those that the headers have."""
    given = f'<{target}>; rel="{relation}"'
    headers["Link"] = f"{headers['Link']}, {given}" if "Link" in headers else given


def etag(release: ReleaseInfo, contract_version: str, request: Request) -> str:
    """The tag of an answer about a release: of the release, the contract, and what was asked."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return tag(release, contract_version, path, request.scope["query_string"])


def tag(release: ReleaseInfo, contract_version: str, path: bytes, query: bytes) -> str:
    """The tag of the answer to an address."""
    asked = b"\n".join([release.id.bytes, contract_version.encode(), path, query])
    return f'"{release.number}-{hashlib.blake2b(asked, digest_size=12).hexdigest()}"'


def matches(request: Request, tag: str) -> bool:
    """Has the caller this very answer already? (RFC 9110, If-None-Match: weak comparison)"""
    given = request.headers.get("if-none-match")
    if not given:
        return False
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))


def unchanged(headers: dict[str, str]) -> Response:
    """304 with the headers that the answer would have had."""
    return Response(status_code=304, headers=headers)
