"""Features of open releases as they lie ready in the release's own GeoJSON file: a line each, in the order of rows.

A release never changes, and its file is written with it: what PostgreSQL would make of a row stands there already. The
numbers of the rows that a question finds come through the door; the file only tells how they are written.
"""

import asyncio
import mmap
import re
import uuid
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lienthong.catalog.snapshot import ReleaseInfo

_FILES = 16
_FORMAT = "geojson"
_LINE = re.compile(rb"\n")
_BETWEEN = 2  # the comma and the end of line after a feature


class FeatureFile:
    """The features of one release by the numbers of their rows, which begin at 1."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # Where each line begins; after the last feature a line without one follows.
        self._starts = array("Q", (found.end() for found in _LINE.finditer(self._bytes)))

    @property
    def rows(self) -> int:
        """How many features there are."""
        return max(0, len(self._starts) - 2)

    def array(self, numbers: Iterable[int]) -> bytes:
        """The features of these rows as a JSON array."""
        made, starts, last = self._bytes, self._starts, self.rows
        # The last feature has no comma after it.
        parts = [made[starts[n - 1] : starts[n] - (_BETWEEN if n < last else 1)] for n in numbers]
        return b"[" + b",".join(parts) + b"]"


class Ready:
    """The files that one process has open. One that is asked for is read through beside the requests that go on."""

    def __init__(self, releases: Path) -> None:
        self._releases = releases
        self._files: OrderedDict[uuid.UUID, FeatureFile | None] = OrderedDict()
        self._opening: set[asyncio.Task[None]] = set()

    def of(self, release: ReleaseInfo) -> FeatureFile | None:
        """The features of a release; None while they are not open, and when no file of this machine holds them."""
        if release.id in self._files:
            return self._files[release.id]
        self._files[release.id] = None
        while len(self._files) > _FILES:
            self._files.popitem(last=False)
        task = asyncio.ensure_future(self._open(release))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return None

    async def _open(self, release: ReleaseInfo) -> None:
        found = await asyncio.to_thread(self._read, release)
        if found is not None and release.id in self._files:
            self._files[release.id] = found

    def _read(self, release: ReleaseInfo) -> FeatureFile | None:
        with suppress(OSError, ValueError):  # moved meanwhile, or empty
            for file in release.files:
                path = self._releases / file.path
                if file.format == _FORMAT and path.is_file() and path.stat().st_size == file.size:
                    made = FeatureFile(path)
                    return made if made.rows == release.rows else None
        return None
