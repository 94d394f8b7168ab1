"""Connections for reading: one pool a role, one round trip a statement, bytes straight from the wire."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from psycopg import AsyncConnection, AsyncRawCursor, errors, sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from lienthong.kernel.problem import NotFound, NotPermitted, Problem, QueryInvalid, TooCostly, Unavailable
from lienthong.kernel.text import both
from lienthong.store.compile import Statement
from lienthong.store.exports import Exports
from lienthong.store.record import LedgerEntry, recorded

log = logging.getLogger("lienthong.database")
Row = tuple[bytes | None, ...]
PUBLIC = "lienthong_public"
STATEMENT_TIMEOUT_MS = 10_000


class Database:
    """The API's connections. `public` sessions are read only and can read the open schema, nothing else."""

    def __init__(self, url: str, size: int) -> None:
        self._public = _pool(url, size, _as_public)
        self._agency = _pool(url, max(2, size // 2), _as_agency, Writer)
        self._exports = Exports(url, max(2, size // 2))

    async def open(self) -> None:
        """Open both pools. Raises Unavailable when the database does not answer."""
        try:
            await asyncio.gather(self._public.open(wait=True, timeout=20), self._agency.open(wait=True, timeout=20))
            await self._exports.open()
        except PoolTimeout as error:
            raise Unavailable(both("CSDL không trả lời", "The database does not answer")) from error

    async def close(self) -> None:
        """Close both pools."""
        await asyncio.gather(self._public.close(), self._agency.close(), self._exports.close())

    async def read(self, statement: Statement) -> Row:
        """The one row of an open statement, as bytes."""
        async with _translated(), self._public.connection() as connection:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(statement.sql.encode(), statement.params, prepare=True)
            return _row(cursor)

    async def read_as(self, statement: Statement, role: str) -> Row:
        """The one row of a statement about nobody (a twin), read as `role`: nothing to record."""
        async with _translated(), self._agency.connection() as connection:
            async with connection.pipeline():
                await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
                cursor = AsyncRawCursor(connection)
                await cursor.execute(statement.sql.encode(), statement.params, prepare=True)
            return _row(cursor)

    async def read_governed(self, statement: Statement, role: str, entries: Sequence[LedgerEntry]) -> Row:
        """The one row of a governed statement, read as `role`, which records it too: no entry, no rows."""
        async with _translated(), self._agency.connection() as connection:
            assert isinstance(connection, Writer)
            text, params = recorded(statement, entries, connection.id, connection.recorded)
            try:
                async with connection.pipeline():
                    await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
                    cursor = AsyncRawCursor(connection)
                    await cursor.execute(text.encode(), params, prepare=True)
                row = _row(cursor)
            except BaseException:
                connection.begin()  # whether the entry stands is not known: its number must not be used again
                raise
            connection.recorded += len(entries)  # only now: a number that was not used is no gap
            return row

    async def lines(self, statement: Statement, role: str) -> AsyncGenerator[list[bytes], None]:
        """The lines of a statement of any length, read as `role`, some at a time; closing it ends the statement."""
        async with _translated(), aclosing(self._exports.blocks(statement, role)) as blocks:
            async for block in blocks:
                yield block


def _row(cursor: AsyncRawCursor[tuple[object, ...]]) -> Row:
    """The values of the first row as they came, without decoding."""
    result = cursor.pgresult
    assert result is not None and result.ntuples == 1
    return tuple(result.get_value(0, n) for n in range(result.nfields))


class Writer(AsyncConnection):
    """A connection for governed reads: one writer of the ledger, whose entries are numbered without a gap.

    Its role is set anew in the round trip of each statement: what the statement before it ran as never counts.
    """

    id: uuid.UUID
    recorded: int

    def begin(self) -> None:
        """From here on it is a writer that has not written yet."""
        self.id, self.recorded = uuid.uuid4(), 0


def _pool(
    url: str, size: int, configure: object, kind: type[AsyncConnection] = AsyncConnection
) -> AsyncConnectionPool[AsyncConnection]:
    return AsyncConnectionPool(
        url,
        connection_class=kind,
        min_size=min(2, size),
        max_size=size,
        timeout=5,
        open=False,
        configure=configure,  # type: ignore[arg-type]
        kwargs={"autocommit": True, "prepare_threshold": 2},
    )


async def _as_public(connection: AsyncConnection) -> None:
    await connection.execute(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}")
    await connection.execute("set default_transaction_read_only = on")
    await connection.execute(f"set role {PUBLIC}")


async def _as_agency(connection: AsyncConnection) -> None:
    assert isinstance(connection, Writer)
    connection.begin()
    await connection.execute(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}")


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Database errors as problems; nothing of the database's own words reaches a caller."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise TooCostly(
            both("Truy vấn quá thời gian", "The query took too long"), limit_ms=STATEMENT_TIMEOUT_MS
        ) from error
    except errors.InsufficientPrivilege as error:
        if "table ledger" in (error.diag.message_primary or ""):
            raise _unrecorded(error) from error
        raise NotPermitted(both("Cơ sở dữ liệu từ chối", "The database refuses")) from error
    except errors.UndefinedTable as error:
        raise NotFound(both("Bộ dữ liệu chưa được công bố", "The dataset is not published yet")) from error
    except PoolTimeout as error:
        log.warning("all connections busy")
        raise Unavailable(
            both("Máy chủ đang bận", "The server is busy"),
            fix=both("Thử lại sau ít giây", "Try again in a few seconds"),
        ) from error
    except errors.OperationalError as error:
        log.warning("database: %s %s", error.sqlstate, type(error).__name__)
        raise Unavailable(both("CSDL không trả lời", "The database does not answer")) from error
    except errors.IntegrityError as error:
        raise _unrecorded(error) from error
    except errors.DataError as error:
        raise _bad_value() from error


def _unrecorded(error: errors.Error) -> Problem:
    """No entry, no rows: a read that cannot be recorded does not happen."""
    log.error("the ledger cannot be written: %s %s", error.sqlstate, type(error).__name__)
    return Unavailable(both("Không ghi được sổ truy cập", "The ledger cannot be written"))


def _bad_value() -> Problem:
    return QueryInvalid(both("Giá trị trong truy vấn không dùng được", "A value in the query cannot be used"))
