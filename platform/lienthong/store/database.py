"""Connections for reading: one pool a role, one round trip a statement, bytes straight from the wire."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection, AsyncRawCursor, errors, sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from lienthong.kernel.problem import NotFound, NotPermitted, Problem, QueryInvalid, TooCostly, Unavailable
from lienthong.kernel.text import both
from lienthong.store.compile import Statement

log = logging.getLogger("lienthong.database")
Row = tuple[bytes | None, ...]
PUBLIC = "lienthong_public"
STATEMENT_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of a governed read; written in the transaction of the read."""

    request_id: str
    subject: str
    agency: str | None
    dataset: str
    fields: tuple[str, ...]
    condition: str
    purpose: str
    agreement: str | None
    surface: str


_LEDGER = (
    "insert into platform.ledger (request_id, subject, agency, dataset, fields, condition, purpose, agreement, surface,"
    " rows) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)


class Database:
    """The API's connections. `public` sessions are read only and can read the open schema, nothing else."""

    def __init__(self, url: str, size: int) -> None:
        self._public = _pool(url, size, _as_public)
        self._agency = _pool(url, max(2, size // 2), _as_agency)

    async def open(self) -> None:
        """Open both pools. Raises Unavailable when the database does not answer."""
        try:
            await asyncio.gather(self._public.open(wait=True, timeout=20), self._agency.open(wait=True, timeout=20))
        except PoolTimeout as error:
            raise Unavailable(both("CSDL không trả lời", "The database does not answer")) from error

    async def close(self) -> None:
        """Close both pools."""
        await asyncio.gather(self._public.close(), self._agency.close())

    async def read(self, statement: Statement) -> Row:
        """The one row of an open statement, as bytes."""
        async with _translated(), self._public.connection() as connection:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(statement.sql.encode(), statement.params, prepare=True)
            return _row(cursor)

    async def read_governed(self, statement: Statement, role: str, entries: list[LedgerEntry]) -> Row:
        """The one row of a governed statement, read as `role`; the ledger entries are written with it or nothing is."""
        async with _translated(), self._agency.connection() as connection:
            async with connection.transaction():
                async with connection.pipeline():
                    await connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                    cursor = AsyncRawCursor(connection)
                    await cursor.execute(statement.sql.encode(), statement.params, prepare=True)
                row = _row(cursor)
                count = int(row[1]) if len(row) > 1 and row[1] else None
                for e in entries:
                    values = (
                        e.request_id,
                        e.subject,
                        e.agency,
                        e.dataset,
                        list(e.fields),
                        e.condition,
                        e.purpose,
                    )
                    ledger = AsyncRawCursor(connection)
                    await ledger.execute(_LEDGER, (*values, e.agreement, e.surface, count))
            return row


def _row(cursor: AsyncRawCursor[tuple[object, ...]]) -> Row:
    """The values of the first row as they came, without decoding."""
    result = cursor.pgresult
    assert result is not None and result.ntuples == 1
    return tuple(result.get_value(0, n) for n in range(result.nfields))


def _pool(url: str, size: int, configure: object) -> AsyncConnectionPool[AsyncConnection]:
    return AsyncConnectionPool(
        url,
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
    except errors.DataError as error:
        raise _bad_value() from error


def _bad_value() -> Problem:
    return QueryInvalid(both("Giá trị trong truy vấn không dùng được", "A value in the query cannot be used"))
