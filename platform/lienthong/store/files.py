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

BLOCK = 512 << 10  # bytes that are read at a time
_AT_ONCE = getattr(os, "RWF_NOWAIT", 0)  # Linux: read what is in memory, never wait for the disk


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
        handle = os.open(self._folder / path, os.O_RDONLY)
        try:
            while length > 0:
                size = min(length, BLOCK)
                if _is_there(handle, start, size):
                    piece = os.pread(handle, size, start)
                else:
                    piece = await to_thread.run_sync(os.pread, handle, size, start)
                if not piece:
                    break
                yield piece
                start, length = start + len(piece), length - len(piece)
        finally:
            os.close(handle)


def _is_there(handle: int, start: int, size: int) -> bool:
    """Are both ends of a part in memory, so that nobody need wait for the disk?"""
    byte = bytearray(1)
    try:
        return bool(_AT_ONCE) and all(os.preadv(handle, [byte], at, _AT_ONCE) for at in (start, start + size - 1))
    except OSError:  # not there, or a file system that cannot tell
        return False


@cache
def file_store(settings: Settings) -> FileStore:
    """The store that the settings name. Raises Invalid when they are wrong."""
    if settings.files_url:
        from lienthong.store.files_s3 import S3Files

        return S3Files(settings)
    return LocalFiles(settings.home / "releases")
