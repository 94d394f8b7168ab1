"""Where the points of open releases lie, in this process: which rows are in a box is found without PostgreSQL.

A release never changes, so its points are read once. They stand in strips from south to north, each from west to east:
a box takes a stretch of each strip that it meets. A box with many points is PostgreSQL's, which need not sort them all.
"""

import asyncio
import sys
import uuid
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from math import isqrt

from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.kernel.problem import Problem
from lienthong.store.database import Database
from lienthong.store.strips import strips_sql

MOST = 500_000
"""Points of one release, and of all that are held."""
MANY = 5_000
"""Points of a box that are looked at."""
_THIN = 64  # points of a strip, at least
_MOST_HELD = 64  # columns
_Box = tuple[float, float, float, float]


class Points:
    """The points of one release: numbers of rows, longitudes and latitudes in the order of strips of `size`."""

    def __init__(self, numbers: Sequence[int], xs: Sequence[float], ys: Sequence[float], size: int) -> None:
        self._numbers, self._xs, self._ys, self._size = numbers, xs, ys, size
        strips = [ys[start : start + size] for start in range(0, len(ys), size)]
        self._lowest, self._highest = [min(strip) for strip in strips], [max(strip) for strip in strips]

    def __len__(self) -> int:
        return len(self._numbers)

    def within(self, box: _Box) -> list[int] | None:
        """The rows whose points lie in the box (west, south, east, north) or on its edge, ascending; None: too many."""
        west, south, east, north = box
        xs, ys, numbers, size, end = self._xs, self._ys, self._numbers, self._size, len(self._numbers)
        found: list[int] = []
        seen = 0
        for strip in range(bisect_left(self._highest, south), bisect_right(self._lowest, north)):
            stop = min(strip * size + size, end)
            first = bisect_left(xs, west, strip * size, stop)
            last = bisect_right(xs, east, first, stop)
            seen += last - first
            if seen > MANY:
                return None
            if south <= self._lowest[strip] and self._highest[strip] <= north:
                found += numbers[first:last]
            else:
                near = zip(numbers[first:last], ys[first:last], strict=True)
                found += [number for number, y in near if south <= y <= north]
        return sorted(found)


class Placed:
    """The points that one process holds. Those that are asked for first are read beside the requests that go on."""

    def __init__(self, database: Database, most: int = MOST) -> None:
        self._database, self._most = database, most
        self._held: OrderedDict[tuple[uuid.UUID, str], Points | None] = OrderedDict()
        self._reading: set[asyncio.Task[None]] = set()

    def of(self, release: ReleaseInfo, column: str) -> Points | None:
        """The points in a column of a release that is served; None while they are not there, or when they are many."""
        key = release.id, column
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        self._held[key] = None
        while len(self._held) > _MOST_HELD:
            self._held.popitem(last=False)
        if release.rows <= self._most:
            task = asyncio.ensure_future(self._read(release, column))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        return None

    async def _read(self, release: ReleaseInfo, column: str) -> None:
        size = max(_THIN, isqrt(release.rows))
        try:
            told = (await self._database.read_binary(strips_sql(release.dataset, column, size)))[0]
        except Problem:  # PostgreSQL has no time now, and is asked for them again
            self._held.pop((release.id, column), None)
            return
        number, last = (int.from_bytes(value or b"") for value in told[:2])
        if number != release.number or last != release.rows:  # another release by now, or an older one with gaps
            return
        numbers = array("i", told[2] or b"")
        xs, ys = array("d", told[3] or b""), array("d", told[4] or b"")
        if sys.byteorder == "little":  # PostgreSQL sends the highest byte first
            for values in (numbers, xs, ys):
                values.byteswap()
        self._held[release.id, column] = Points(numbers, xs, ys, size)
        self._make_room()

    def _make_room(self) -> None:
        """Those that were not asked for longest go."""
        while sum(len(points or ()) for points in self._held.values()) > self._most:
            self._held.popitem(last=False)
