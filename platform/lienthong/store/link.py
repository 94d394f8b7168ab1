"""Connections driven by hand: a statement is prepared once and then costs one message each way.

psycopg's own cursor and pool do more than a hot read needs (a lock, two generators, a context manager, statistics).
What stays psycopg's: connecting, authentication, the wire, values as bytes, errors.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, OperationalError, errors
from psycopg._transformer import Transformer
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

KEPT = 200  # prepared statements of one connection
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Link:
    """One connection, for one statement at a time. `role` is the one that it has taken on."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.role: str | None = None
        self._pg = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._prepared: OrderedDict[tuple[str, tuple[int, ...]], bytes] = OrderedDict()
        self._made = 0
        # Kept: a lost connection cannot tell it any more.
        self._socket: int | None = self._pg.socket
        self._loop.add_reader(self._socket, self._readable)

    async def become(self, role: str) -> None:
        """Take on a database role for the statements to come. Raises psycopg.Error."""
        if self.role != role:
            self.role = None
            await self.run("select set_config('role', $1, false)", (role,), keep=True)
            self.role = role

    @property
    def broken(self) -> bool:
        """Can it not be used any more?"""
        return self.connection.closed or self._waiter is not None

    async def run(self, sql: str, params: Sequence[Any], *, keep: bool, binary: bool = False) -> PGresult:
        """The result of one statement; a statement to `keep` is prepared. `binary`: values as PostgreSQL sends them
        to machines, not as texts. Raises psycopg.Error."""
        values, types = self._written(params)
        if not keep:
            self._pg.send_query_params(sql.encode(), values, types, result_format=int(binary))
            return await self._result()
        name = self._prepared.get((sql, types))
        if name is None:
            name = await self._prepare(sql, types)
        self._pg.send_query_prepared(name, values, result_format=int(binary))
        return await self._result()

    def _written(self, params: Sequence[Any]) -> tuple[list[Buffer | None], tuple[int, ...]]:
        """The values as they go over the wire, and their types. A text goes untyped, as psycopg has it too."""
        values: list[Buffer | None] = [value.encode() if type(value) is str else None for value in params]
        types = [0] * len(params)
        rest = [n for n, value in enumerate(params) if value is not None and type(value) is not str]
        if rest:
            transformer = Transformer(self.connection)
            dumped = transformer.dump_sequence([params[n] for n in rest], [PyFormat.TEXT] * len(rest))
            for n, value, type_ in zip(rest, dumped, transformer.types or (), strict=True):
                values[n], types[n] = value, type_
        return values, tuple(types)

    async def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if len(self._prepared) >= KEPT:
            _, oldest = self._prepared.popitem(last=False)
            self._pg.send_query_params(b"deallocate " + oldest, [])
            await self._result()
        self._made += 1
        name = b"l%d" % self._made
        self._pg.send_prepare(name, sql.encode(), types)
        await self._result()
        self._prepared[sql, types] = name
        return name

    async def _result(self) -> PGresult:
        """Wait for the answer to what was sent; interrupted, the connection is of no more use."""
        while self._pg.flush():
            await asyncio.sleep(0)
        result: PGresult | None = None
        busy = True  # nothing has come yet
        while True:
            # What ends the answer may come later than its rows (a commit waits for the disk): asking blocks until then.
            while busy:
                self._waiter = self._loop.create_future()
                await self._waiter
                self._waiter, busy = None, bool(self._pg.is_busy())
            found = self._pg.get_result()
            if found is None:
                break
            result, busy = found, bool(self._pg.is_busy())
        assert result is not None
        if result.status not in _GOOD:
            raise errors.error_from_result(result)
        return result

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            if self._pg.is_busy():
                return
        except OperationalError as error:
            self._listen_no_more()
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_exception(error)
            return
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _listen_no_more(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket = None

    async def close(self) -> None:
        """End the connection; a statement that still runs is cancelled."""
        self._listen_no_more()
        if self._waiter is not None and not self.connection.closed:
            with suppress(OperationalError):
                await self.connection.cancel_safe(timeout=2)
        await self.connection.close()


class Links:
    """So many connections at most; a caller waits for one no longer than `patience` seconds."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]], size: int, patience: float = 5) -> None:
        self._connect = connect
        self._size = size
        self._patience = patience
        self._idle: list[Link] = []
        self._waiting: OrderedDict[asyncio.Future[Link | None], None] = OrderedDict()
        self._open = 0

    async def take(self, role: str | None = None) -> Link:
        """A connection, if possible one that has `role` already. Raises TimeoutError, psycopg.OperationalError."""
        while self._idle:
            link = self._idle.pop(self._place(role))
            if not link.broken:
                return link
            await self._drop(link)
        if self._open < self._size:
            return await self._new()
        waiter: asyncio.Future[Link | None] = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        try:
            link_or_none = await asyncio.wait_for(waiter, self._patience)
        except BaseException:
            self._waiting.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and (late := waiter.result()):
                self.give(late)
            raise
        return link_or_none or await self._new()

    def give(self, link: Link) -> None:
        """Give it back: to who waits longest, else to the idle ones."""
        if link.broken:
            self._open -= 1
            task = asyncio.ensure_future(link.close())
            _CLOSING.add(task)
            task.add_done_callback(_CLOSING.discard)
        while self._waiting:
            waiter, _ = self._waiting.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None if link.broken else link)
                return
        if not link.broken:
            self._idle.append(link)

    async def open(self, patience: float = 20) -> None:
        """Wait until the database answers. Raises psycopg.OperationalError."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            try:
                self.give(await self.take())
                return
            except OperationalError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Close the idle ones; those in use are closed by the end of the process."""
        while self._idle:
            await self._drop(self._idle.pop())

    def _place(self, role: str | None) -> int:
        """Where in the idle ones the newest with this role lies; else the newest."""
        if role is not None:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place].role == role:
                    return place
        return -1

    async def _new(self) -> Link:
        self._open += 1
        try:
            return Link(await self._connect())
        except BaseException:
            self._open -= 1
            raise

    async def _drop(self, link: Link) -> None:
        self._open -= 1
        with suppress(OperationalError):
            await link.close()


_CLOSING: set[asyncio.Future[None]] = set()  # the loop itself keeps tasks by weak reference only
