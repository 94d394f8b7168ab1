"""Contents that people upload: each once, under its hash, within a limit for one file and a quota for its owner."""

import hashlib
import os
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import HostedResource, HostedUpload
from lienthong.catalog.hosted.writing import writing
from lienthong.kernel.clock import now
from lienthong.kernel.settings import Settings

MEGABYTE = 1_000_000
PICTURES = "pictures"
"""The owner of what groups and users show of themselves."""
_STALE = 3600  # seconds after which a file that nobody finished is dropped


class TooLarge(Exception):
    """More was sent than may be kept; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


@dataclass
class Received:
    """A file that was sent: it lies aside until it is kept. `fault`: why it is not what it says."""

    path: Path
    name: str
    size: int = 0
    sha256: str = ""
    fault: str | None = None
    media_type: str = ""

    def discard(self) -> None:
        """Away with it, unless it was kept."""
        with suppress(FileNotFoundError):
            self.path.unlink()


@dataclass
class Incoming:
    """A file that is being sent. Writes go to the disk at once: call them in a thread."""

    received: Received
    limit: int
    _file: BinaryIO
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        """Some more of it. Raises TooLarge."""
        self.received.size += len(data)
        if self.received.size > self.limit:
            raise TooLarge(self.limit)
        self._file.write(data)
        self._hash.update(data)

    def finish(self) -> Received:
        """That was all: it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.received.sha256 = self._hash.hexdigest()
        return self.received

    def abandon(self) -> None:
        """It will not be finished."""
        self._file.close()
        self.received.discard()


class Uploads:
    """The folder of contents, below the platform's home."""

    def __init__(self, home: Path, megabytes: int, quota_megabytes: int) -> None:
        """`megabytes`: of one file; `quota_megabytes`: of an organization's files together, 0 for any."""
        self.folder = home / "uploads"
        self.limit = megabytes * MEGABYTE
        self.quota = quota_megabytes * MEGABYTE
        self._swept = False

    def path(self, sha256: str) -> Path:
        """Where a content lies."""
        return self.folder / sha256[:2] / sha256

    def incoming(self, name: str, limit: int) -> Incoming:
        """Begin to receive a file of at most `limit` bytes."""
        aside = self.folder / "incoming"
        aside.mkdir(parents=True, exist_ok=True)
        if not self._swept:
            self._sweep(aside)
        received = Received(aside / uuid.uuid4().hex, name)
        return Incoming(received, limit, received.path.open("xb"))

    def _sweep(self, aside: Path) -> None:
        """What a process that died left."""
        self._swept = True
        for path in aside.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _STALE:
                    path.unlink()

    async def room(self, session: AsyncSession, owners: Iterable[str]) -> int:
        """Bytes that may still be kept for the owner with the most of them; the limit of one file at most."""
        names = set(owners)
        if not self.quota or not names:
            return self.limit
        total = func.sum(HostedUpload.size)
        query = select(HostedUpload.owner, total).where(col(HostedUpload.owner).in_(names)).group_by(HostedUpload.owner)
        used = {row[0]: int(row[1]) for row in (await session.execute(query)).all()}
        least = min(used.get(name, 0) for name in names)
        return max(0, min(self.limit, self.quota - least))

    async def keep(self, session: AsyncSession, received: Received, owner: str) -> None:
        """Keep a content for its owner, within a `writing` transaction. Raises TooLarge when the quota is used up."""
        known = await session.get(HostedUpload, (received.sha256, owner))
        if known is None and self.quota:
            query = select(func.coalesce(func.sum(HostedUpload.size), 0)).where(HostedUpload.owner == owner)
            if int((await session.execute(query)).scalar_one()) + received.size > self.quota:
                raise TooLarge(self.quota)
        final = self.path(received.sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        received.path.replace(final)
        row = {"sha256": received.sha256, "owner": owner, "size": received.size, "media_type": received.media_type}
        await session.execute(insert(HostedUpload).values(**row, created=now()).on_conflict_do_nothing())

    async def drop_unused(self, engine: AsyncEngine, contents: Iterable[str]) -> None:
        """Forget contents that no resource has any more. After the transaction that let go of them."""
        for sha256 in set(contents):
            async with writing(engine) as session:
                used = select(HostedResource.id).where(HostedResource.upload_sha256 == sha256).limit(1)
                picture = await session.get(HostedUpload, (sha256, PICTURES))
                if picture is not None or (await session.execute(used)).first() is not None:
                    continue
                await session.execute(delete(HostedUpload).where(col(HostedUpload.sha256) == sha256))
                with suppress(FileNotFoundError):
                    self.path(sha256).unlink()


@cache
def uploads(settings: Settings) -> Uploads:
    """The uploads of this platform."""
    return Uploads(settings.home, settings.upload_megabytes, settings.upload_quota_megabytes)
