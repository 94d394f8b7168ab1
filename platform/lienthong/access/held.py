"""What is known of open releases in this process: bits that were read, and hits that were found, while memory lasts."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from lienthong.access.hits import Hits, Scattered, Span, evaluated, is_mark, marks, span
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.kernel.problem import NotFound
from lienthong.store.bits import WORDS, Mark, Rows, last_sql, read_sql, rows_of
from lienthong.store.database import Database
from lienthong.store.query import Condition
from lienthong.store.scope import Scope

MOST_BYTES = 48 << 20
_EACH = 500  # bytes of what is held besides
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """So many bytes of values; those asked for last stay."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def __getitem__(self, key: K) -> V:
        self._held.move_to_end(key)
        return self._held[key][0]

    def put(self, key: K, value: V, size: int) -> V:
        """Hold a value of so many bytes."""
        if (before := self._held.pop(key, None)) is not None:
            self._size -= before[1]
        self._held[key] = value, size + _EACH
        self._size += size + _EACH
        while self._size > self._most:
            self._size -= self._held.popitem(last=False)[1][1]
        return value


class Held:
    """Finds the rows of open releases that fulfil a condition, without reading them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: Recent[tuple[UUID, Mark], Rows | None] = Recent()
        self._hits: Recent[tuple[UUID, Condition], Scattered] = Recent()
        self._whole: dict[UUID, bool] = {}

    async def hits(self, scope: Scope, release: ReleaseInfo, where: Condition | None) -> Hits | None:
        """The rows of `release`, which is served, that fulfil `where`; None when that cannot be told.

        `scope` is that of everybody: a caller with rows or fields of their own has no part in this.
        """
        if scope.schema != "open" or scope.where is not None or scope.masked or scope.release is not None:
            return None
        if _has_left_out(release) and not await self._is_whole(release):
            return None
        stretch = span(where, release.rows)
        if stretch is not None or where is None:
            return Span(stretch) if stretch is not None else None
        key = release.id, where
        if key in self._hits:
            return self._hits[key]
        wanted = marks(scope, where)
        found = None if wanted is None else await self._found(release, where, wanted)
        return None if found is None else self._hits.put(key, found, found.size)

    async def _is_whole(self, release: ReleaseInfo) -> bool:
        """Are its rows numbered without gaps? Older releases have gaps where rows were left out."""
        if release.id not in self._whole:
            told = await self._database.read_binary(last_sql(release.dataset))
            number, last = (int.from_bytes(value or b"") for value in told[0])
            if number != release.number:
                return False
            self._whole[release.id] = last == release.rows
        return self._whole[release.id]

    async def _found(self, release: ReleaseInfo, where: Condition, wanted: Sequence[Mark]) -> Scattered | None:
        rows = await self._read(release, wanted)
        if len(wanted) == 1 and is_mark(where):
            only = rows.get(wanted[0])
            return None if only is None else Scattered(only.bits, release.rows, only.total)
        numbers = {mark: None if one is None else one.number for mark, one in rows.items()}
        found = evaluated(where, numbers, release.rows)
        return None if found is None else Scattered(found, release.rows, found.bit_count())

    async def _read(self, release: ReleaseInfo, wanted: Sequence[Mark]) -> Mapping[Mark, Rows | None]:
        """The rows of marks; none when another release is served by now."""
        keys = {mark: (release.id, mark) for mark in wanted}
        found = {mark: self._rows[key] for mark, key in keys.items() if key in self._rows}
        missing = [mark for mark in wanted if mark not in found]
        if missing:
            fields = dict.fromkeys(field for field, _ in missing if field != WORDS)
            try:
                asked = dict.fromkeys([*missing, *((field, "") for field in fields)])
                told = await self._database.read_binary(read_sql(release.dataset, asked))
            except NotFound:  # the database has not been brought up to date
                return {}
            read = rows_of(told, release.number, release.rows)
            if read is None:
                return {}
            for mark, rows in read.items():
                found[mark] = self._rows.put((release.id, mark), rows, 0 if rows is None else rows.size)
        return found


def _has_left_out(release: ReleaseInfo) -> bool:
    """Did disclosure control leave rows out of it?"""
    told = release.manifest.get("disclosure") or {}
    return bool(told.get("suppressed_rows") or (told.get("anonymity") or {}).get("suppressed_rows"))
