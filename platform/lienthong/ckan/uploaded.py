"""Uploaded files under CKAN's addresses: what a browser could run is only saved, never shown."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.catalog.hosted import kinds
from lienthong.catalog.hosted.tables import ACTIVE, HostedPackage, HostedResource
from lienthong.catalog.hosted.uploads import uploads
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan import authz
from lienthong.ckan.call import Call
from lienthong.ckan.errors import NoPage
from lienthong.store.files import LocalFiles
from lienthong.web.files import Copy, Served, answer

_FRESH = "public, max-age=0, must-revalidate"
_OWN = "private, no-store"
_ADDRESSES = ("http://", "https://", "ftp://")


async def download(call: Call, request: Request) -> Response | None:
    """The file of a hosted resource, or the way to where it is; None: there is no such resource. Raises NoPage."""
    async with reading(call.engine) as session:
        row = await session.get(HostedResource, request.path_params["resource"])
        package = await session.get(HostedPackage, row.package_id) if row else None
    if row is None or package is None:
        return None
    if request.path_params["name"] not in (package.id, package.name) or row.state != ACTIVE:
        raise NoPage(404)
    if not authz.reads(call.caller, package):
        raise NoPage(403)
    if row.upload_sha256 is None:
        return _elsewhere(row.body)
    kept = uploads(call.services.settings)
    path = kept.path(row.upload_sha256)
    if not path.is_file():
        raise NoPage(503)
    media_type = kinds.media_type(row.upload_name or "")
    served = Served(
        (Copy(str(path.relative_to(kept.folder)), path.stat().st_size, row.upload_sha256),),
        media_type,
        plain=row.upload_name or row.id,
        name=request.path_params.get("file") or row.upload_name or row.id,
        changed=_changed(row.body),
        disposition="inline" if media_type in kinds.INLINE else "attachment",
    )
    is_open = package.state == ACTIVE and not package.private
    return await answer(request, LocalFiles(kept.folder), served, _FRESH if is_open else _OWN)


def _elsewhere(body: dict[str, Any]) -> Response:
    """The way to where a link leads; to pages and files only. Raises NoPage."""
    url = str(body.get("url") or "")
    if not url.lower().startswith(_ADDRESSES):
        raise NoPage(404)
    return RedirectResponse(url, 302, headers={"Cache-Control": _FRESH, "Content-Type": "text/html; charset=utf-8"})


def _changed(body: dict[str, Any]) -> datetime:
    """When the file was sent."""
    given = body.get("last_modified") or body.get("created")
    return datetime.fromisoformat(given).replace(tzinfo=UTC) if given else datetime.fromtimestamp(0, UTC)
