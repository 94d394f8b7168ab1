"""Streams of any length: a COPY of the database read in blocks, on connections of their own.

Memory is flat whatever the length: a block holds about `BLOCK` bytes. Whoever stops reading ends the statement.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from psycopg import AsyncConnection, Error, errors, sql
from psycopg_pool import AsyncConnectionPool

from lienthong.store.compile import Statement
from lienthong.store.copying import Copy, with_values

BLOCK = 512 << 10  # bytes of a block, about
FIRST = 16 << 10  # of the first block, so that it comes at once
STEP_TIMEOUT = 60.0  # seconds for one block; the first one may have to sort everything
IDLE_TIMEOUT = 120.0  # how long a reader may take over one block
_BEGIN = sql.SQL(
    "begin isolation level repeatable read read only; set local role {}; set local statement_timeout = 0; "
    "set local max_parallel_workers_per_gather = 0"
)


class Exports:
    """Connections for streams: few, so that they never stand in the way of short reads."""

    def __init__(self, url: str, size: int) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            url, min_size=0, max_size=size, timeout=5, open=False, kwargs={"autocommit": True}
        )

    async def open(self) -> None:
        """Open the pool; connections are made when they are needed."""
        await self._pool.open()

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def blocks(self, statement: Statement, role: str) -> AsyncGenerator[list[bytes], None]:
        """The lines of a `copy ... to stdout`, read as `role` in one snapshot, some at a time."""
        async with self._pool.connection() as connection:
            await connection.execute(_BEGIN.format(sql.Identifier(role)))
            copy, wanted = Copy(connection), FIRST
            try:
                async with _patience():
                    await copy.begin(with_values(statement.sql, statement.params, connection))
                while not copy.ended:
                    async with _patience():
                        lines = await copy.block(wanted)
                    if not lines:
                        break
                    wanted = BLOCK
                    # Who reads no more holds a snapshot. While PostgreSQL waits to be read it hears no cancelling.
                    idle = asyncio.get_running_loop().call_later(IDLE_TIMEOUT, connection.pgconn.finish)
                    try:
                        yield lines
                    finally:
                        idle.cancel()
            finally:
                await _finish(connection, copy)


@asynccontextmanager
async def _patience() -> AsyncGenerator[None, None]:
    """A limit on the time for one block. Raises QueryCanceled."""
    try:
        async with asyncio.timeout(STEP_TIMEOUT):
            yield
    except TimeoutError as error:
        raise errors.QueryCanceled("a block of a stream took too long") from error


async def _finish(connection: AsyncConnection, copy: Copy) -> None:
    """Make the connection fit for the next one, or of no more use."""
    with suppress(Error, TimeoutError):
        async with asyncio.timeout(5):
            if not copy.ended:
                await copy.cancel()
            await connection.rollback()
            return
    await connection.close()
