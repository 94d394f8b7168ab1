"""The files of a release under CKAN's addresses, which do not change with the release."""

from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.services import Services
from lienthong.ckan import ids
from lienthong.ckan.errors import NoPage
from lienthong.ckan.index import Index
from lienthong.kernel.problem import Unavailable
from lienthong.store.files import file_store
from lienthong.web import files

_CACHE = "public, max-age=0, must-revalidate"


async def download(request: Request, index: Index, services: Services) -> Response:
    """`/dataset/<id>/resource/<id>/download/<any name>`: the file, with ranges and an ETag. Raises NoPage."""
    resource, package = request.path_params["resource"], request.path_params["name"]
    entry = index.holder(resource)
    state = entry.state if entry and package in (entry.id, entry.name) else None
    if state is None or state.release is None:
        raise NoPage(404)
    file = next((f for f in state.release.files if ids.resource_id(state.contract.id, f.format) == resource), None)
    if file is None:
        raise NoPage(404)
    own = PurePosixPath(file.path).name
    told = (f.get("variants", ()) for f in state.release.manifest.get("files", ()) if f["name"] == own)
    copies = files.copies(file.path, file.size, file.sha256, next(told, ()))
    name = request.path_params.get("file") or own
    served = files.Served(copies, file.media_type, name, name, state.release.published_at, "inline")
    try:
        made = await files.answer(request, file_store(services.settings), served, _CACHE)
    except Unavailable as problem:
        raise NoPage(503) from problem
    if files.is_download(request, made):
        services.door.usage.note(state.contract.id, "download")
    return made
