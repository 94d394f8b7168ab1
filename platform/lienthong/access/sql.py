"""SQL typed by people: read by the guard, run in the sandbox over fresh copies of what is public."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from psycopg import errors

from lienthong.access.services import Services
from lienthong.access.turns import Turns
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store import cluster_install, sandbox_copies
from lienthong.store.database import Database
from lienthong.store.hosted_values import Copy
from lienthong.store.sandbox import AT_ONCE, MOST_ROWS, NotRun, Place, Result, Runner, loaded
from lienthong.store.sql_reader import Read, Reader, Rejected

__all__ = ["NotRun", "Rejected", "Source", "Sql", "reader", "sql_of"]
log = logging.getLogger("lienthong.sandbox")
SMALL = 20_000
"""Copies of so many rows are made while the query waits; of larger ones the last copy serves meanwhile."""
PATIENCE = 8.0  # seconds that a query waits for a copy
QUEUE_SECONDS = 10.0  # that it waits for its turn
LOOK_SECONDS = 1.0  # what other processes have copied is seen within this time


@dataclass(frozen=True)
class Source:
    """A table that anybody can read: its copy, and where its rows come from, in JSON arrays.

    `release`: the open release that it is; None for a table that somebody may write. `older`: versions whose copy may
    serve while this one is made, none of them withdrawn; None: any.
    """

    copy: Copy
    rows: Callable[[], AsyncIterator[bytes]]
    release: ReleaseInfo | None = None
    older: frozenset[str] | None = None


class Sql:
    """The sandbox as one process uses it. The cluster is started with the first query."""

    def __init__(self, services: Services) -> None:
        given = services.settings
        url = given.sandbox_url.get_secret_value() if given.sandbox_url else None
        self.reader = Reader()
        self._unasked = given.sql_rows
        self._place = Place(given.home, url)
        self._runner = Runner(self._place)
        self._turns = Turns(_at_once(given.workers))
        self._starting = asyncio.Lock()
        self._is_ready = self._has_started = False
        self._copies: dict[str, tuple[str, int]] = {}
        self._looked = 0.0
        self._loading: dict[str, asyncio.Task[None]] = {}

    async def run(self, read: Read, sources: Sequence[Source], caller: str) -> Result:
        """The rows of a statement that the guard has let pass: as many as it asks for, up to CKAN's 32,000, and no more
        than the settings say when it does not ask. Raises NotRun, Unavailable, TooCostly."""
        await self._ready()
        for source in sources:
            await self._fresh(source)
        latest = all(self._copies.get(s.copy.name, ("", 0))[0] == s.copy.version for s in sources)
        await self._turn(caller)
        try:
            result = await self._runner.run(read.sql, MOST_ROWS if read.limited else self._unasked)
        finally:
            self._turns.give(caller)
        return replace(result, latest=latest)

    async def _turn(self, caller: str) -> None:
        """Wait until the statement has a core for itself: what runs beside too many others runs out of its time."""
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._turns.take(caller)
        except TimeoutError as error:
            raise Unavailable(
                both("Nơi chạy SQL đang bận", "The place where SQL runs is busy"),
                fix=both("Thử lại sau ít giây", "Try again in a few seconds"),
            ) from error

    async def close(self) -> None:
        """Let go of everything; a cluster that was started here is stopped."""
        for task in self._loading.values():
            task.cancel()
        await self._runner.close()
        await self.reader.close()
        if self._has_started:
            await asyncio.to_thread(self._place.stop)
            self._has_started = self._is_ready = False

    async def _ready(self) -> None:
        if self._is_ready and self._place.running:
            return
        async with self._starting:
            if self._is_ready and self._place.running:
                return
            if self._place.is_ours and cluster_install.find() is None:
                raise Unavailable(
                    both("SQL đang tắt: máy này không có PostgreSQL", "SQL is off: this machine has no PostgreSQL"),
                    fix=both("Đặt LIENTHONG_SANDBOX_URL", "Set LIENTHONG_SANDBOX_URL"),
                )
            begun = self._place.is_ours and not self._place.running
            await asyncio.to_thread(self._place.start)
            self._has_started, self._is_ready, self._looked = self._has_started or begun, True, 0.0

    # --- copies -----------------------------------------------------------------------------------------------

    async def _fresh(self, source: Source) -> None:
        """Raises Unavailable while a large copy is made for the first time."""
        copy = source.copy
        version, _ = (await self._known()).get(copy.name, ("", 0))
        if version == copy.version:
            return
        task = self._loading.get(copy.name)
        if task is None or task.done():
            task = self._loading[copy.name] = asyncio.create_task(self._load(source))
        if version and copy.rows > SMALL and (source.older is None or version in source.older):
            return
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            raise Unavailable(
                both("Đang chép dữ liệu để chạy SQL", "The data is being copied for SQL"),
                fix=both("Thử lại sau ít giây", "Try again in a few seconds"),
            )
        task.result()

    async def _load(self, source: Source) -> None:
        try:
            rows = await sandbox_copies.load(self._place.owner_url, source.copy, source.rows())
        except errors.OperationalError as error:
            raise Unavailable(both("Nơi chạy SQL đang bận", "The place where SQL runs is busy")) from error
        self._copies[source.copy.name] = (source.copy.version, rows)
        log.info("copied %s for SQL: %s rows", source.copy.name, rows)

    async def _known(self) -> dict[str, tuple[str, int]]:
        moment = asyncio.get_running_loop().time()
        if moment - self._looked >= LOOK_SECONDS:
            with suppress(errors.OperationalError):
                self._copies = await loaded(self._place.owner_url)
            self._looked = moment
        return self._copies


def _at_once(workers: int) -> int:
    """How many statements one of so many processes runs at once: together they have the cores, and one more."""
    return max(1, min(AT_ONCE, -(-((os.cpu_count() or 1) + 1) // workers)))


_KEPT: WeakKeyDictionary[Database, Sql] = WeakKeyDictionary()


def sql_of(services: Services) -> Sql:
    """The sandbox of these services; closed with their database."""
    database = services.door.database
    found = _KEPT.get(database)
    if found is None:
        found = _KEPT[database] = Sql(services)
        database.closing.append(found.close)
    return found


def reader(services: Services) -> Reader:
    """The guard of these services."""
    return sql_of(services).reader
