"""The way into the ledger: the entries of many reads in one statement, one commit, over one connection.

While a batch is being committed the next one gathers, so that batches are as large as the load needs. Who reads alone
waits for nobody. A read goes on when its entry is durable, or is refused.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence

from psycopg import AsyncConnection, Error, errors

from lienthong.store.link import Link
from lienthong.store.record import Texts, written

MOST = 64  # entries of a batch, unless one read alone makes more
WAITING = 1_000  # reads; more are refused
PATIENCE = 8.0  # seconds until a batch counts as failed
_OWN_FAULT = (errors.DataError, errors.IntegrityError)


class NotRecorded(Exception):
    """The entries of a read are not in the ledger, or it is not known whether they are."""


class _Read:
    """The entries of one read, which are written together, and who waits for them."""

    __slots__ = ("done", "entries")

    def __init__(self, entries: Sequence[Texts], done: asyncio.Future[None]) -> None:
        self.entries = entries
        self.done = done

    def end(self, error: Exception | None = None) -> None:
        """Tell who waits, unless they have left."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        elif isinstance(error, _OWN_FAULT):
            self.done.set_exception(error)
        else:
            refusal = NotRecorded()
            refusal.__cause__ = error
            self.done.set_exception(refusal)


class Inbox:
    """Writes entries to platform.ledger. `connect` makes a connection whose role can do nothing else."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]]) -> None:
        self._connect = connect
        self._link: Link | None = None
        self._waiting: list[_Read] = []
        self._task: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        """From here on it is a writer that has not written yet: a number that may be used is not used again."""
        self._writer, self._last = uuid.uuid4().hex, 0

    async def write(self, entries: Sequence[Texts]) -> None:
        """Return when the entries are committed. Raises NotRecorded; DataError when one of them is no entry.

        Who stops waiting does not stop the writing.
        """
        if len(self._waiting) >= WAITING:
            raise NotRecorded
        read = _Read(entries, asyncio.get_running_loop().create_future())
        self._waiting.append(read)
        self._start()
        await read.done

    def _start(self) -> None:
        """Write what waits, unless a batch is on its way, whose end goes on itself."""
        if self._waiting and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._task.add_done_callback(self._written)

    def _written(self, _: asyncio.Task[None]) -> None:
        self._task = None
        self._start()

    async def close(self) -> None:
        """Write what waits, then end the connection."""
        while self._waiting or self._task is not None:
            self._start()
            if self._task is not None:
                await asyncio.wait([self._task])
        if self._link is not None:
            await self._link.close()
            self._link = None

    def _batch(self) -> list[_Read]:
        """The reads that have waited longest, as many as fit."""
        count = 0
        for number, read in enumerate(self._waiting):
            count += len(read.entries)
            if count > MOST and number:
                batch, self._waiting = self._waiting[:number], self._waiting[number:]
                return batch
        batch, self._waiting = self._waiting, []
        return batch

    async def _work(self) -> None:
        await self._write(self._batch())  # taken now: what came meanwhile belongs to it

    async def _write(self, batch: Sequence[_Read]) -> None:
        """Write a batch; where an entry in it is to blame, each read by itself."""
        try:
            await self._commit([entry for read in batch for entry in read.entries])
        except _OWN_FAULT as error:
            if len(batch) > 1:
                for read in batch:
                    await self._write([read])
                return
            batch[0].end(error)
        except (Error, OSError, TimeoutError) as error:
            for read in batch:
                read.end(error)
        except BaseException:
            for read in batch:
                read.end(NotRecorded())
            raise
        else:
            for read in batch:
                read.end()

    async def _commit(self, entries: Sequence[Texts]) -> None:
        sql, params = written(entries, self._writer, self._last)
        try:
            async with asyncio.timeout(PATIENCE):
                link = await self._ready()
                await link.run(sql, params, keep=len(entries) <= MOST)
        except BaseException:
            self._begin()
            raise
        self._last += len(entries)

    async def _ready(self) -> Link:
        """The connection, a new one where the last is of no more use."""
        if self._link is not None and self._link.broken:
            link, self._link = self._link, None
            await link.close()
        if self._link is None:
            self._link = Link(await self._connect())
        return self._link
