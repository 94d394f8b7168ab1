"""Reading: as the right database role, one round trip a statement, bytes straight from the wire."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial

from psycopg import AsyncConnection, errors
from psycopg.pq.abc import PGresult
from psycopg_pool import PoolTimeout

from lienthong.kernel.problem import Gone, NotFound, NotPermitted, Problem, QueryInvalid, TooCostly, Unavailable
from lienthong.kernel.text import both
from lienthong.store.compile import Statement
from lienthong.store.exports import Exports
from lienthong.store.hosted import Hosted
from lienthong.store.inbox import Inbox, NotRecorded
from lienthong.store.link import Links
from lienthong.store.record import LedgerEntry, seen
from lienthong.store.roles import LEDGER, PUBLIC
from lienthong.store.together import Together

log = logging.getLogger("lienthong.database")
Row = tuple[bytes | None, ...]
STATEMENT_TIMEOUT_MS = 10_000
_APART = 4  # connections at least of what runs beside the reads: streams, hosted rows
_READING = ("set default_transaction_read_only = on",)
_AS_PUBLIC = (*_READING, f"set role {PUBLIC}")
# Whatever is the default elsewhere: an entry is on the disk before its rows go out.
_AS_LEDGER = ("set synchronous_commit = on", "set statement_timeout = 5000", f"set role {LEDGER}")


class Database:
    """The API's connections. `public` sessions are read only and can read the open schema, nothing else."""

    def __init__(self, url: str, size: int) -> None:
        self._public = Links(partial(_connected, url, _AS_PUBLIC), size)
        self._agency = Links(partial(_connected, url, _READING), size)
        self._together = Together(self._rows)
        self._inbox = Inbox(partial(_connected, url, _AS_LEDGER))
        self._exports = Exports(url, max(_APART, size // 2))
        self.hosted = Hosted(url, max(_APART, size // 2))
        self.closing: list[Callable[[], Awaitable[None]]] = []
        """What else ends with these connections."""

    async def open(self) -> None:
        """Open connections. Raises Unavailable when the database does not answer."""
        try:
            await asyncio.gather(self._public.open(), self._agency.open())
            await asyncio.gather(self._exports.open(), self.hosted.open())
        except (errors.OperationalError, PoolTimeout) as error:
            raise Unavailable(both("CSDL không trả lời", "The database does not answer")) from error

    async def close(self) -> None:
        """Close all connections."""
        while self.closing:
            await self.closing.pop()()
        await self._inbox.close()
        await asyncio.gather(self._public.close(), self._agency.close(), self._exports.close(), self.hosted.close())

    async def read(self, statement: Statement) -> Row:
        """The one row of an open statement, as bytes."""
        if statement.many:
            return await self._together.row(statement)
        with _translated():
            link = await self._public.take()
            try:
                return _row(await link.run(statement.sql, statement.params, keep=statement.kept))
            finally:
                self._public.give(link)

    async def _rows(self, sql: str, params: Sequence[str]) -> list[Row]:
        """Every row of an open statement that is kept."""
        with _translated():
            link = await self._public.take()
            try:
                found = await link.run(sql, params, keep=True)
            finally:
                self._public.give(link)
        return [tuple([found.get_value(row, n) for n in range(found.nfields)]) for row in range(found.ntuples)]

    async def read_binary(self, statement: Statement) -> list[Row]:
        """Every row of an open statement, its values in PostgreSQL's binary form."""
        with _translated():
            link = await self._public.take()
            try:
                found = await link.run(statement.sql, statement.params, keep=statement.kept, binary=True)
            finally:
                self._public.give(link)
        return [tuple([found.get_value(row, n) for n in range(found.nfields)]) for row in range(found.ntuples)]

    async def read_as(self, statement: Statement, role: str) -> Row:
        """The one row of a statement about nobody (a twin), read as `role`: nothing to record."""
        with _translated():
            link = await self._agency.take(role)
            try:
                await link.become(role)
                return _row(await link.run(statement.sql, statement.params, keep=statement.kept))
            finally:
                self._agency.give(link)

    async def read_governed(self, statement: Statement, role: str, entries: Sequence[LedgerEntry]) -> "Withheld":
        """The one row of a governed statement, read as `role`; nobody gets it before it stands in the ledger."""
        with _translated():
            link = await self._agency.take(role)
            try:
                await link.become(role)
                row = _row(await link.run(statement.sql, statement.params, keep=statement.kept))
            finally:
                self._agency.give(link)
        return Withheld(self._inbox, statement, row, entries)

    async def lines(self, statement: Statement, role: str) -> AsyncGenerator[list[bytes], None]:
        """The lines of a statement of any length, read as `role`, some at a time; closing it ends the statement."""
        with _translated():
            async with aclosing(self._exports.blocks(statement, role)) as blocks:
                async for block in blocks:
                    yield block


class Withheld:
    """The row of a governed read."""

    __slots__ = ("_entries", "_inbox", "_row", "_statement")

    def __init__(self, inbox: Inbox, statement: Statement, row: Row, entries: Sequence[LedgerEntry]) -> None:
        self._inbox = inbox
        self._statement = statement
        self._row = row
        self._entries = entries

    async def row(self) -> Row:
        """What the statement answers with, once it is on record: no entry, no rows."""
        with _translated():
            await self._inbox.write(seen(self._statement, self._row, self._entries))
        return self._row[: len(self._statement.columns)]


def _row(result: PGresult) -> Row:
    """The values of the first row as they came, without decoding."""
    assert result.ntuples == 1
    return tuple([result.get_value(0, n) for n in range(result.nfields)])


async def _connected(url: str, settings: Sequence[str]) -> AsyncConnection:
    connection = await AsyncConnection.connect(url, autocommit=True, connect_timeout=5)
    # JSON is put together from texts: a date is written as ISO 8601 has it, whatever the server prefers.
    for setting in (f"set statement_timeout = {STATEMENT_TIMEOUT_MS}", "set datestyle = 'ISO'", *settings):
        await connection.execute(setting.encode())
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    """Database errors as problems; nothing of the database's own words reaches a caller."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise TooCostly(
            both("Truy vấn quá thời gian", "The query took too long"), limit_ms=STATEMENT_TIMEOUT_MS
        ) from error
    except NotRecorded as error:
        raise _unrecorded(error.__cause__) from error
    except errors.InsufficientPrivilege as error:
        raise NotPermitted(both("Cơ sở dữ liệu từ chối", "The database refuses")) from error
    except errors.UndefinedTable as error:
        if '"kept.' in (error.diag.message_primary or ""):
            raise _not_kept() from error
        raise NotFound(both("Bộ dữ liệu chưa được công bố", "The dataset is not published yet")) from error
    except (PoolTimeout, TimeoutError) as error:
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


def _unrecorded(error: BaseException | None) -> Problem:
    """No entry, no rows: of a read that cannot be recorded nothing is told."""
    log.error("the ledger cannot be written: %s %s", getattr(error, "sqlstate", None), type(error).__name__)
    return Unavailable(both("Không ghi được sổ truy cập", "The ledger cannot be written"))


def _not_kept() -> Problem:
    """The release in which the cursor was made is not kept any more, or was withdrawn."""
    return Gone(
        both("Bản công bố của con trỏ này không còn giữ", "The release that this cursor was made in is not kept"),
        place="cursor",
        fix=both("Bỏ con trỏ và đọc lại từ đầu", "Leave the cursor out and begin again"),
    )


def _bad_value() -> Problem:
    return QueryInvalid(both("Giá trị trong truy vấn không dùng được", "A value in the query cannot be used"))
