"""Pictures of groups, organizations and users: sent as `image_upload`, taken away by `clear_upload`, served to all."""

import re
from pathlib import Path

from anyio import to_thread
from starlette.responses import FileResponse, Response

from lienthong.access.services import Services
from lienthong.catalog.hosted import contents
from lienthong.catalog.hosted.tables import HostedUpload
from lienthong.catalog.hosted.uploads import PICTURES, Received, TooLarge, uploads
from lienthong.catalog.hosted.writing import Session, reading
from lienthong.ckan.call import Call
from lienthong.ckan.errors import NoPage, invalid
from lienthong.ckan.parameters import Params, flag

KINDS = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif"}
MOST = 2_000_000
"""Bytes of one picture (CKAN's max_image_size)."""

_NAME = re.compile(r"([0-9a-f]{64})\.(png|jpeg|gif)")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable"}


async def judged(call: Call) -> Params:
    """The parameters with `image_url` as it is to be kept. Raises Refusal when the file is no picture."""
    params = {name: value for name, value in call.params.items() if name not in ("image_upload", "clear_upload")}
    file = call.params.get("image_upload")
    if isinstance(file, Received):
        kind = await to_thread.run_sync(_kind, file.path)
        if kind is None or file.size > MOST:
            raise invalid("image_upload", f"A PNG, JPEG or GIF picture of at most {MOST // 1_000_000} MB is needed")
        if (fault := await to_thread.run_sync(contents.fault, file.path, f"picture.{kind}", "")) is not None:
            raise invalid("image_upload", fault)
        file.media_type = KINDS[kind]
        params["image_url"] = f"{file.sha256}.{kind}"
    elif flag(call.params, "clear_upload") and (call.params.get("image_url") or "") == "":
        params["image_url"] = ""
    return params


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        found = contents.sniffed(file.read(contents.HEAD))
    return found if found in KINDS else None


async def keep(call: Call, session: Session) -> None:
    """Keep the picture that was sent, within the transaction that refers to it. Raises Refusal."""
    file = call.params.get("image_upload")
    if isinstance(file, Received):
        try:
            await uploads(call.services.settings).keep(session, file, PICTURES)
        except TooLarge as error:
            raise invalid("image_upload", "There is no more room for pictures") from error


async def serve(services: Services, name: str) -> Response:
    """A picture by its name. Raises NoPage: whatever is no picture stays out of sight."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise NoPage(404)
    async with reading(services.catalog.engine) as session:
        known = await session.get(HostedUpload, (found[1], PICTURES))
    path = uploads(services.settings).path(found[1])
    if known is None or not path.is_file():
        raise NoPage(404)
    return FileResponse(path, headers=_HEADERS, media_type=KINDS[found[2]])
