"""The files of a release under CKAN's addresses, which do not change with the release."""

from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from lienthong.ckan.errors import NoPage
from lienthong.ckan.index import Index
from lienthong.kernel.settings import Settings


def download(request: Request, index: Index, settings: Settings) -> Response:
    """`/dataset/<id>/resource/<id>/download/<any name>`: the file, with ranges and an ETag. Raises NoPage."""
    found = index.resources.get(request.path_params["resource"])
    if found is None or request.path_params["name"] not in (found[0].package["id"], found[0].package["name"]):
        raise NoPage(404)
    entry, resource, file = found
    tag, release = f'"{file.sha256}"', entry.state.release
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=0, must-revalidate",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        # A file is data, never a page of ours, whatever is in it.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if release:
        headers["Last-Modified"] = format_datetime(release.published_at.astimezone(), usegmt=False)
    given = request.headers.get("if-none-match", "")
    if given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(",")):
        return Response(status_code=304, headers=headers)
    path = settings.home / "releases" / file.path
    if not path.is_file():
        raise NoPage(503)
    name = request.path_params.get("file") or resource["name"]
    shown = {"filename": name, "content_disposition_type": "inline", "media_type": file.media_type}
    return FileResponse(path, headers=headers, **shown)
