"""Files of releases: made once, never changed, served from disk with ranges."""

import base64
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from lienthong.access.services import Services
from lienthong.catalog.snapshot import DatasetState, FileInfo, ReleaseInfo
from lienthong.contract.finding import nearest
from lienthong.kernel.problem import NotFound, Unavailable
from lienthong.kernel.text import both
from lienthong.rest import caching
from lienthong.web.parameters import only, parameters
from lienthong.web.problems import Endpoint, guarded

HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    # A file is data, never a page of ours, whatever is in it.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def address(release: ReleaseInfo, file: FileInfo, slug: str) -> str:
    """Where a file is served."""
    return f"/datasets/{slug}/releases/{release.number}/{Path(file.path).name}"


class Downloads:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def file(self) -> Endpoint:
        """`/datasets/{name}/releases/{number}/{file}`"""
        return guarded(self._file)

    @property
    def served(self) -> Endpoint:
        """`/api/v1/datasets/{name}/download.{extension}`"""
        return guarded(self._served)

    async def _file(self, request: Request) -> Response:
        only(parameters(request), ())
        state = await self._state(request)
        release = find(state, request.path_params["number"])
        name = request.path_params["file"]
        if name == "manifest.json":
            return JSONResponse(dict(release.manifest), headers=HEADERS)
        file = _named(release, name)
        tag = f'"{file.sha256}"'
        headers = HEADERS | {"ETag": tag}
        if caching.matches(request, tag):
            return caching.unchanged(headers)
        path = self._services.settings.home / "releases" / file.path
        if not path.is_file():
            raise Unavailable(both("Tệp không có trên máy chủ này", "The file is not on this server"), place=name)
        headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:"
        return FileResponse(path, headers=headers, media_type=file.media_type, filename=name)

    async def _served(self, request: Request) -> Response:
        only(parameters(request), ())
        state = await self._state(request)
        if state.release is None:
            raise NotFound(both("Chưa có bản phát hành", "There is no release yet"), place=state.contract.slug)
        file = _named(state.release, f"{state.contract.slug}.{request.path_params['extension']}")
        where = address(state.release, file, state.contract.slug)
        return RedirectResponse(where, 302, {"Cache-Control": "public, max-age=60"})

    async def _state(self, request: Request) -> DatasetState:
        return (await self._services.catalog.current()).get(request.path_params["name"])


def find(state: DatasetState, number: str) -> ReleaseInfo:
    """The release with this number. Raises NotFound, also when it was withdrawn."""
    found = next((r for r in state.releases if str(r.number) == number), None)
    if found is None:
        known = (str(r.number) for r in state.releases)
        raise NotFound(
            both(f"Không có bản {number}", f"There is no release {number}"), place=number, fix=nearest(number, known)
        )
    if found.state == "withdrawn":
        raise NotFound(both(f"Bản {number} đã được thu hồi", f"Release {number} was withdrawn"), place=number)
    return found


def _named(release: ReleaseInfo, name: str) -> FileInfo:
    names = {Path(file.path).name: file for file in release.files}
    if name not in names:
        raise NotFound(both(f"Không có tệp {name}", f"There is no file {name}"), place=name, fix=nearest(name, names))
    return names[name]
