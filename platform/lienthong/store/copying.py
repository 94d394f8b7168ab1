"""One `COPY ... TO STDOUT`, read from the wire by hand: a task wakes once for each block, not once for each row.

PostgreSQL runs ahead of the reader as far as the socket between them holds, and waits then.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress

from psycopg import AsyncConnection, Error, errors, sql
from psycopg.pq import ExecStatus, TransactionStatus

from lienthong.store.predicate import Params

Done = Callable[[], bool]
_TOKEN = secrets.token_hex(8)  # nobody can write what only this process knows


class Written(Params):
    """Parameters that are written into the text: a COPY takes none."""

    def add(self, value: object) -> str:
        """A sign that stands for `value` until the text is sent."""
        self.values.append(value)
        return f":{_TOKEN}_{len(self.values)}:"


def with_values(text: str, params: Sequence[object], connection: AsyncConnection) -> bytes:
    """`text` with each value in its place, as psycopg quotes it."""
    parts = text.split(f":{_TOKEN}_")
    made = [parts[0].encode()]
    for part in parts[1:]:
        number, _, rest = part.partition(":")
        made += [sql.Literal(params[int(number) - 1]).as_bytes(connection), rest.encode()]
    return b"".join(made)


class Copy:
    """A running COPY; `ended` once the last row has come."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection, self._pg = connection, connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._rows: list[bytes] = []
        self._size = self._wanted = 0
        self.ended = False

    async def begin(self, statement: bytes) -> None:
        """Start it. Raises psycopg.Error."""
        self._pg.send_query(statement)
        while self._pg.flush():
            await asyncio.sleep(0)
        await self._result(ExecStatus.COPY_OUT)

    async def block(self, size: int) -> list[bytes]:
        """Rows of at least `size` bytes together, each without its line end; fewer at the end. Raises psycopg.Error."""
        self._rows, self._size, self._wanted = [], 0, size
        if not self._take():
            await self._readable(self._take)
        if self.ended:
            await self._result(ExecStatus.COMMAND_OK)
        return self._rows

    async def cancel(self) -> None:
        """End it before its end: what still comes is thrown away. Raises psycopg.Error."""
        await self._connection.cancel_safe(timeout=2)
        with suppress(errors.QueryCanceled):
            while not self.ended:
                await self.block(1 << 20)

    def _take(self) -> bool:
        """Take the rows that are here. Is the block full, or the copy at its end?"""
        take, rows, size = self._pg.get_copy_data, self._rows, self._size
        while size < self._wanted:
            length, row = take(1)
            if length <= 0:
                self._size, self.ended = size, length < 0
                return self.ended
            rows.append(bytes(row[:-1]))  # a view would be one more object for the garbage collector to look at
            size += length
        return True

    async def _result(self, wanted: ExecStatus) -> None:
        """Wait until the server tells how it goes. Raises psycopg.Error."""
        if self._pg.is_busy():
            await self._readable(lambda: not self._pg.is_busy())
        result = self._pg.get_result()
        assert result is not None
        if result.status == ExecStatus.COPY_OUT == wanted:
            return
        while self._pg.transaction_status == TransactionStatus.ACTIVE:  # the end of it has to be read too
            if self._pg.is_busy():
                await self._readable(lambda: not self._pg.is_busy())
            elif self._pg.get_result() is None:
                break
        if result.status != wanted:
            self.ended = True
            raise errors.error_from_result(result)

    async def _readable(self, done: Done) -> None:
        """Read what comes until it is enough."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        socket = self._pg.socket
        self._loop.add_reader(socket, self._consume, waiter, done)
        try:
            await waiter
        finally:
            self._loop.remove_reader(socket)

    def _consume(self, waiter: asyncio.Future[None], done: Done) -> None:
        if waiter.done():
            return
        try:
            self._pg.consume_input()
            if done():
                waiter.set_result(None)
        except Error as error:
            waiter.set_exception(error)
