"""Hosted datasets in the mirror: a page each, the files that were uploaded here beside it, links to all others."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import ACTIVE, HostedResource, HostedUpload
from lienthong.catalog.hosted.writing import reading
from lienthong.catalog.profiles.described import Described, Entry
from lienthong.kernel.text import fold

_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Kept:
    """A content that lies here: its hash and size."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Shown:
    """A file of a page: `here` is its name beside the page, None when it lies elsewhere."""

    told: Described
    here: str | None
    kept: Kept | None


async def uploads(engine: AsyncEngine) -> dict[str, Kept]:
    """What was uploaded, by the id of its resource."""
    query = select(HostedResource.id, HostedUpload.sha256, HostedUpload.size).where(
        HostedResource.upload_sha256 == HostedUpload.sha256, col(HostedResource.state) == ACTIVE
    )
    async with reading(engine) as session:
        return {id: Kept(sha256, size) for id, sha256, size in (await session.execute(query)).all()}


def files(entry: Entry, kept: Mapping[str, Kept]) -> list[Shown]:
    """The files of a dataset as its page lists them."""
    found: list[Shown] = []
    for number, told in enumerate(entry.files, 1):
        held = kept.get(unquote(told.id).rpartition("/")[2])
        name = _UNFIT.sub("-", unquote(told.url).rpartition("/")[2]).strip("-.") or "file"
        found.append(Shown(told, f"{number}-{name}"[:120] if held else None, held))
    return found


def by_publisher(entries: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Publishers with their datasets, both by name."""

    def title(entry: Entry) -> str:
        return entry.publisher.name.vi if entry.publisher else "–"

    ordered = sorted(entries, key=lambda e: (fold(title(e)), title(e), fold(e.title.vi), e.name))
    return [(name, list(held)) for name, held in groupby(ordered, key=title)]
