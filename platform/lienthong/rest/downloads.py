"""Files of releases: made once, never changed, served from disk or object storage with ranges."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.access.services import Services
from lienthong.catalog.snapshot import DatasetState, FileInfo, ReleaseInfo
from lienthong.contract.finding import nearest
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.rest import caching
from lienthong.store.files import FileStore, file_store
from lienthong.web import files
from lienthong.web.caching import CURRENT
from lienthong.web.parameters import only, parameters
from lienthong.web.problems import Endpoint, guarded

_CODED = {
    ".gz": ("gzip", "application/gzip"),
    ".zst": ("zstd", "application/zstd"),
    ".br": ("br", "application/x-brotli"),
}


def address(release: ReleaseInfo, file: FileInfo, slug: str) -> str:
    """Where a file is served."""
    return f"/datasets/{slug}/releases/{release.number}/{Path(file.path).name}"


class Downloads:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def store(self) -> FileStore:
        """Where the files lie."""
        return file_store(self._services.settings)

    @property
    def file(self) -> Endpoint:
        """`/datasets/{name}/releases/{number}/{file}`: the permanent address."""
        return guarded(self._file)

    @property
    def latest(self) -> Endpoint:
        """`/datasets/{name}/latest/{file}`: the file of the release that is served now."""
        return guarded(self._latest)

    @property
    def served(self) -> Endpoint:
        """`/api/v1/datasets/{name}/download.{extension}`"""
        return guarded(self._served)

    async def _file(self, request: Request) -> Response:
        only(parameters(request), ())
        state = await self._state(request)
        release = find(state, request.path_params["number"])
        return await self._answer(request, state, release, request.path_params["file"], files.FOREVER)

    async def _latest(self, request: Request) -> Response:
        only(parameters(request), ())
        state = await self._state(request)
        release, name = state.served(), request.path_params["file"]
        if name not in ("manifest.json", *_known(state, release)):
            name = Path(_named(state, release, name).path).name
        address_ = f"/datasets/{state.contract.slug}/releases/{release.number}/{name}"
        further = {"Link": f'<{self._services.settings.public_url}{address_}>; rel="canonical"'}
        return await self._answer(request, state, release, name, files.SHORTLY, further)

    async def _answer(
        self,
        request: Request,
        state: DatasetState,
        release: ReleaseInfo,
        name: str,
        cache: str,
        further: Mapping[str, str] | None = None,
    ) -> Response:
        if name == "manifest.json":
            return _manifest(request, release, cache)
        made = await files.answer(request, self.store, found(state, release, name), cache, further)
        if files.is_download(request, made):
            self._services.door.usage.note(state.contract.id, "download")
        return made

    async def _served(self, request: Request) -> Response:
        only(parameters(request), ())
        state = await self._state(request)
        release = state.served()
        file = _named(state, release, f"{state.contract.slug}.{request.path_params['extension']}")
        where = address(release, file, state.contract.slug)
        return RedirectResponse(where, 302, {"Cache-Control": CURRENT})

    async def _state(self, request: Request) -> DatasetState:
        return (await self._services.catalog.current()).get(request.path_params["name"])


def find(state: DatasetState, number: str) -> ReleaseInfo:
    """The release with this number. Raises NotFound, Gone when it was withdrawn."""
    return state.numbered(int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0)


def found(state: DatasetState, release: ReleaseInfo, name: str) -> files.Served:
    """A file of a release by its name, or one of its compressed variants. Raises NotFound."""
    suffix = Path(name).suffix
    plain = name.removesuffix(suffix) if suffix in _CODED else name
    known = _known(state, release)
    if plain not in known:
        raise NotFound(both(f"Không có tệp {name}", f"There is no file {name}"), place=name, fix=nearest(name, known))
    file = known[plain]
    if plain == name:
        return file
    coding, media_type = _CODED[suffix]
    copy = next((copy for copy in file.copies if copy.coding == coding), None)
    if copy is None:
        raise NotFound(both(f"Không có tệp {name}", f"There is no file {name}"), place=name, fix=plain)
    packed = files.Copy(copy.path, copy.size, copy.sha256)
    return replace(file, copies=(packed,), media_type=media_type, plain=name, name=file.name + suffix)


def _known(state: DatasetState, release: ReleaseInfo) -> dict[str, files.Served]:
    """What can be had of a release, by name."""
    told = {str(file["name"]): file for file in release.manifest.get("files", ())}
    known = {}
    for file in release.files:
        name = Path(file.path).name
        copies = files.copies(file.path, file.size, file.sha256, told.get(name, {}).get("variants", ()))
        shown = _shown(state, release, file, name)
        known[name] = files.Served(copies, file.media_type, name, shown, release.published_at)
    changes = (release.manifest.get("changes") or {}).get("file")
    if changes:
        copy = files.Copy(f"{release.dataset}/{release.number}/{changes['name']}", changes["size"], changes["sha256"])
        served = files.Served((copy,), changes["media_type"], changes["name"], changes["name"], release.published_at)
        known[changes["name"]] = served
    return known


def _shown(state: DatasetState, release: ReleaseInfo, file: FileInfo, name: str) -> str:
    """The name for the disk of who downloads it: the title and the number; a description keeps its name."""
    ending = name.removeprefix(state.contract.slug)
    if ending == name:
        return name
    title = state.contract.title.vi.replace("/", "-")
    return f"{title} - bản {release.number}{Path(name).suffix if file.format == 'zip' else ending}"


def _manifest(request: Request, release: ReleaseInfo, cache: str) -> Response:
    body = orjson.dumps(release.manifest)
    headers = {
        "Cache-Control": cache,
        "ETag": f'"{hashlib.sha256(body).hexdigest()}"',
        "Access-Control-Allow-Origin": "*",
    }
    if caching.matches(request, headers["ETag"]):
        return caching.unchanged(headers)
    return Response(body, headers=headers, media_type="application/json")


def _named(state: DatasetState, release: ReleaseInfo, name: str) -> FileInfo:
    """A file by `<slug>.<extension>`; the ZIP bears the number too. Raises NotFound."""
    slug = state.contract.slug
    names = {Path(file.path).name.replace(f"{slug}-{release.number}.", f"{slug}."): file for file in release.files}
    alias = {f"{slug}.ndjson": f"{slug}.jsonl", f"{slug}.datapackage.json": "datapackage.json"}
    name = alias.get(name, name)
    if name not in names:
        raise NotFound(both(f"Không có tệp {name}", f"There is no file {name}"), place=name, fix=nearest(name, names))
    return names[name]
