"""Where the files of releases lie: a folder of this machine, or object storage that speaks S3.

A file's path is `<open view>/<number>/<name>` in both. Files never change; whoever has read one may keep it.
"""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from functools import cache
from pathlib import Path

from anyio import to_thread

from lienthong.kernel.settings import Settings

BLOCK = 1 << 20  # bytes that are read at a time


class FileStore(ABC):
    """Keeps the folders of published releases and gives their files back."""

    @abstractmethod
    def keep(self, folder: Path, place: str) -> None:
        """Take the finished `folder` of this machine over as `place`. Safe to repeat. Raises OSError."""

    @abstractmethod
    def forget(self, place: str) -> None:
        """Remove everything at `place`; nothing there is no error. Raises OSError."""

    @abstractmethod
    def fetch(self, path: str, target: Path) -> None:
        """Copy a file to `target`. Raises OSError."""

    @abstractmethod
    def local(self, path: str) -> Path | None:
        """The file on this machine, when it lies here."""

    @abstractmethod
    def read(self, path: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """A part of a file, in pieces. Raises OSError."""

    async def link(self, path: str, seconds: int) -> str | None:
        """An address at which the storage itself gives the file out for a while; None: it does not."""
        return None


class LocalFiles(FileStore):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, folder: Path, place: str) -> None:
        if folder != self._folder / place:
            shutil.copytree(folder, self._folder / place, dirs_exist_ok=True)

    def forget(self, place: str) -> None:
        shutil.rmtree(self._folder / place, ignore_errors=True)

    def fetch(self, path: str, target: Path) -> None:
        shutil.copyfile(self._folder / path, target)

    def local(self, path: str) -> Path | None:
        return self._folder / path

    async def read(self, path: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
        handle = await to_thread.run_sync(os.open, self._folder / path, os.O_RDONLY)
        try:
            while length > 0 and (piece := await to_thread.run_sync(os.pread, handle, min(length, BLOCK), start)):
                yield piece
                start, length = start + len(piece), length - len(piece)
        finally:
            os.close(handle)


@cache
def file_store(settings: Settings) -> FileStore:
    """The store that the settings name. Raises Invalid when they are wrong."""
    if settings.files_url:
        from lienthong.store.files_s3 import S3Files

        return S3Files(settings)
    return LocalFiles(settings.home / "releases")
