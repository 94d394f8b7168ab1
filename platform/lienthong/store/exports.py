"""Streams of any length: a cursor of the database read in blocks, on connections of their own.

Memory is flat whatever the length: a block holds about `BLOCK` bytes. Whoever stops reading ends the statement.
"""

from collections.abc import AsyncGenerator

from psycopg import AsyncConnection, AsyncRawCursor, sql
from psycopg_pool import AsyncConnectionPool

from lienthong.store.compile import Statement

BLOCK = 1 << 20  # bytes of a block, about
FIRST = 50  # rows of the first block, so that it comes at once
MOST = 5_000  # rows of a block
STEP_TIMEOUT_MS = 60_000  # of one block; the first one may have to sort everything
IDLE_TIMEOUT_MS = 120_000  # how long a reader may take over one block
_BEGIN = sql.SQL(
    "begin isolation level repeatable read read only; set local role {}; set local cursor_tuple_fraction = 0.01; "
    f"set local statement_timeout = {STEP_TIMEOUT_MS}; "
    f"set local idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}"
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
        """The lines of `statement`, read as `role` in one snapshot, some at a time."""
        async with self._pool.connection() as connection:
            await connection.execute(_BEGIN.format(sql.Identifier(role)))
            try:
                await _execute(connection, f"declare lines no scroll cursor for {statement.sql}", statement.params)
                wanted = FIRST
                while lines := await _execute(connection, f"fetch {wanted} from lines"):
                    yield lines
                    if len(lines) < wanted:
                        break
                    wanted = _next(lines)
            finally:
                await connection.rollback()


def _next(lines: list[bytes]) -> int:
    """How many lines make a block, judged from those that came."""
    return max(1, min(MOST, BLOCK * len(lines) // (sum(map(len, lines)) + 1)))


async def _execute(connection: AsyncConnection, text: str, params: tuple[object, ...] = ()) -> list[bytes]:
    cursor = AsyncRawCursor(connection)
    await cursor.execute(text.encode(), params or None)
    result = cursor.pgresult
    assert result is not None
    return [result.get_value(n, 0) or b"" for n in range(result.ntuples)]
