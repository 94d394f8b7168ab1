"""Files of releases in object storage that speaks S3 (AWS, MinIO, Ceph, OpenStack Swift ...)."""

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store.files import BLOCK, FileStore

if TYPE_CHECKING:
    from obstore.store import S3Config

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_MARK = "manifest.json"


class S3Files(FileStore):
    """A bucket, or the part of it under a prefix."""

    def __init__(self, settings: Settings) -> None:
        self._store = _store(settings)
        self._redirect = settings.files_redirect

    def keep(self, folder: Path, place: str) -> None:
        """Upload all files, the manifest last.

        The folder stays until the next one beside it has come: only then is it sure that its release was recorded. Of
        the older ones the manifests remain, the sign that they are whole.
        """
        files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: p.name == _MARK)
        with _told():
            for file in files:
                obstore.put(self._store, f"{place}/{file.name}", file)
        older = (
            f for f in folder.parent.iterdir() if f.name.isdigit() and f.is_dir() and int(f.name) < int(folder.name)
        )
        for file in (file for other in older for file in other.iterdir()):
            if file.is_file() and file.name != _MARK:
                file.unlink()

    def forget(self, place: str) -> None:
        with _told():
            paths = [entry["path"] for page in obstore.list(self._store, f"{place}/") for entry in page]
            if paths:
                obstore.delete(self._store, paths)

    def fetch(self, path: str, target: Path) -> None:
        with _told(), target.open("wb") as file:
            for piece in obstore.get(self._store, path).stream(min_chunk_size=BLOCK):
                file.write(piece)

    def local(self, path: str) -> Path | None:
        return None

    async def read(self, path: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        if length <= 0:
            return
        with _told():
            found = await obstore.get_async(self._store, path, options={"range": (start, start + length)})
            async for piece in found.stream(min_chunk_size=BLOCK):
                yield bytes(piece)

    async def link(self, path: str, seconds: int) -> str | None:
        if not self._redirect:
            return None
        return await obstore.sign_async(self._store, "GET", path, timedelta(seconds=seconds))


@contextmanager
def _told() -> Iterator[None]:
    """What the storage says, as an error of the disk would be."""
    try:
        yield
    except BaseError as error:
        raise OSError(str(error).split("\n")[0]) from error


def _store(settings: Settings) -> S3Store:
    found = _URL.fullmatch(settings.files_url or "")
    if found is None:
        detail = both("Địa chỉ kho tệp không đúng", "The address of the file store is wrong")
        raise Invalid(detail, place="LIENTHONG_FILES_URL", fix="s3://bucket/prefix")
    endpoint = settings.files_endpoint
    given: S3Config = {"region": settings.files_region}
    if endpoint:
        given["endpoint"] = endpoint
    if settings.files_key and settings.files_secret:
        given["access_key_id"] = settings.files_key
        given["secret_access_key"] = settings.files_secret.get_secret_value()
    return S3Store(
        found[1],
        prefix=found[2] or None,
        config=given,
        # A reader may take an hour for a file: only the way to the storage is bounded in seconds.
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": "5s",
            "timeout": "3600s",
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
    )
