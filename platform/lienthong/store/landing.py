"""Landing: bytes as they came, kept once for each content, never changed.

An object lies in `<root>/<first two>/<sha256>`. It appears there whole or not at all: written aside, flushed to the
disk, renamed, and the folder flushed too.
"""

import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from psycopg import Connection

from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both

_BLOCK = 1 << 20
_LEFT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Landed:
    """Bytes that are kept: their SHA-256 (hex), their number, and where they lie."""

    sha256: str
    size: int
    path: Path


class Landing:
    """The landing objects under one folder. Several processes may land at once, the same bytes too."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: str) -> Path:
        """Where the object with this SHA-256 lies, or would."""
        return self._root / digest[:2] / digest

    def keep(self, source: Path) -> Landed:
        """Keep a copy of a file. Raises Conflict when it changes while it is read, OSError when it cannot be."""
        before = _state(source)
        with source.open("rb") as stream:
            landed = self._keep(iter(lambda: stream.read(_BLOCK), b""))
        if _state(source) != before:
            raise Conflict(
                both("Tệp đang được ghi trong khi đọc", "The file is being written while it is read"),
                place=source.name,
                fix=both("Nạp lại khi tệp đã ghi xong", "Ingest again when the file is complete"),
            )
        return landed

    def keep_bytes(self, content: bytes) -> Landed:
        """Keep some bytes."""
        return self._keep(iter((content,)))

    def sweep(self) -> None:
        """Remove what dead processes left half-written, an hour or more ago."""
        for left in (self._root / "new").glob("*"):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink(missing_ok=True)

    def _keep(self, blocks: Iterator[bytes]) -> Landed:
        aside = self._root / "new" / f"{os.getpid()}-{uuid.uuid4().hex}"
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            digest, size = _write(aside, blocks)
            target = self.path(digest)
            if not target.exists():
                target.parent.mkdir(exist_ok=True, mode=0o700)
                aside.rename(target)
                for folder in (target.parent, self._root):
                    _flush(folder)
        finally:
            aside.unlink(missing_ok=True)
        return Landed(digest, size, target)


def record(connection: Connection, landed: Landed) -> None:
    """Note the landing in the catalogue, once for each content."""
    connection.execute(
        "insert into platform.landing (sha256, size, received_at) values (%s, %s, now()) on conflict do nothing",
        (landed.sha256, landed.size),
    )


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _write(path: Path, blocks: Iterator[bytes]) -> tuple[str, int]:
    """Write a new read-only file to the disk; its SHA-256 and size."""
    digest, size = sha256(), 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        for block in blocks:
            digest.update(block)
            size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
