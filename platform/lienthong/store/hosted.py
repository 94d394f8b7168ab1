"""Hosted tables: rows that people write through the Action API, in the schema `hosted`, one table a resource.

Everything in there belongs to the role `lienthong_hosted`, which has no right on anything else. What is known of a
table stands in `platform.hosted_table`; whoever writes holds its row until the end of the transaction.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, errors, sql
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import HostedTable, Refused

ROLE = "lienthong_hosted"
READ_MS, WRITE_MS = 10_000, 120_000
_SETTINGS = (
    f"set statement_timeout = {WRITE_MS}; set lock_timeout = '15s'; set timezone = 'UTC'; "
    "set datestyle = 'ISO, MDY'; set search_path = hosted, pg_catalog"
)
_COLUMNS = "resource_id, fields, primary_key, indexes, aliases, triggers, rows, change"
Connection = AsyncConnection[TupleRow]


def words_name(resource_id: str) -> str:
    """The name of the table of words."""
    return f"{resource_id}_words"


def rows_sql(table: HostedTable) -> sql.Identifier:
    """The table."""
    return sql.Identifier("hosted", table.resource_id)


def words_table(table: HostedTable) -> sql.Identifier:
    """The table of the words of its rows, made when they are searched for the first time."""
    return sql.Identifier("hosted", words_name(table.resource_id))


class Hosted:
    """Connections for hosted rows."""

    def __init__(self, url: str, size: int) -> None:
        self.worded: dict[str, int] = {}
        """Tables whose words are all there: their number of change."""
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url, min_size=0, max_size=size, timeout=5, open=False, configure=_configure, kwargs={"autocommit": True}
        )

    async def open(self) -> None:
        """Open the pool; connections are made when they are needed."""
        await self._pool.open()

    async def close(self) -> None:
        """Close it."""
        await self._pool.close()

    @asynccontextmanager
    async def reading(self, milliseconds: int = READ_MS) -> AsyncIterator[Connection]:
        """A read-only transaction with the rights of the role. Raises Refused for what PostgreSQL cannot do."""
        async with self._transaction() as connection:
            await connection.execute(
                f"set transaction isolation level repeatable read read only; set local role {ROLE}; "
                f"set local statement_timeout = {int(milliseconds)}".encode()
            )
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A transaction that begins with the rights of the API; `acting` takes on those of the role."""
        async with self._transaction() as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (PoolTimeout, errors.LockNotAvailable) as error:
            raise Unavailable(
                both("Máy chủ đang bận", "The server is busy"),
                fix=both("Thử lại sau ít giây", "Try again in a few seconds"),
            ) from error
        except errors.QueryCanceled as error:
            raise Refused("canceling statement due to statement timeout") from error
        except errors.OperationalError as error:
            raise Unavailable(both("CSDL không trả lời", "The database does not answer")) from error
        except errors.Error as error:
            raise Refused(told(error)) from error

    async def table(self, name: str) -> HostedTable | None:
        """The table of a resource, by its id or by another name of it."""
        async with self._pool.connection() as connection:
            return await known(connection, name)

    async def tables(self) -> list[HostedTable]:
        """All of them."""
        async with self._pool.connection() as connection:
            rows = await (
                await connection.execute(f"select {_COLUMNS} from platform.hosted_table order by resource_id".encode())
            ).fetchall()
        return [_table(row) for row in rows]


async def _configure(connection: Connection) -> None:
    await connection.execute(_SETTINGS)


async def known(connection: Connection, name: str, *, lock: bool = False) -> HostedTable | None:
    """The table with this id or other name; `lock`: nobody else changes it until the end of the transaction."""
    found = await connection.execute(
        f"select {_COLUMNS} from platform.hosted_table where resource_id = %(n)s or aliases @> array[%(n)s] "
        f"order by resource_id = %(n)s desc limit 1{' for update' if lock else ''}".encode(),
        {"n": name},
    )
    row = await found.fetchone()
    return _table(row) if row else None


def _table(row: Sequence[Any]) -> HostedTable:
    number, fields, key, indexes, aliases, triggers, rows, change = row
    return HostedTable(
        number,
        tuple(HostedField(f["id"], f["type"], f.get("info")) for f in fields),
        tuple(key),
        tuple(tuple(index) for index in indexes),
        tuple(aliases),
        tuple(triggers),
        rows,
        change,
    )


async def keep(connection: Connection, table: HostedTable) -> None:
    """Write down what is known of a table; its number of change comes from the database."""
    await connection.execute(
        f"insert into platform.hosted_table ({_COLUMNS}) "
        "values (%s, %s, %s, %s, %s, %s, %s, 0) on conflict (resource_id) do update set fields = excluded.fields, "
        "primary_key = excluded.primary_key, indexes = excluded.indexes, aliases = excluded.aliases, "
        "triggers = excluded.triggers, rows = excluded.rows".encode(),
        (
            table.resource_id,
            Jsonb([f.as_json() for f in table.fields]),
            list(table.primary_key),
            Jsonb([list(index) for index in table.indexes]),
            list(table.aliases),
            Jsonb(list(table.triggers)),
            table.rows,
        ),
    )


async def counted(connection: Connection, table: HostedTable, rows: int) -> None:
    """Write down how many rows there are now."""
    await connection.execute(
        "update platform.hosted_table set rows = %s where resource_id = %s", (max(0, rows), table.resource_id)
    )


@asynccontextmanager
async def acting(connection: Connection) -> AsyncIterator[None]:
    """What is done here is done with the rights of the role alone."""
    await connection.execute(f"set local role {ROLE}".encode())
    yield
    await connection.execute("set local role none")


async def value(connection: Connection, statement: sql.Composed) -> Any:
    """The first value of a statement's first row."""
    row = await (await connection.execute(statement)).fetchone()
    return row[0] if row else None


async def last_row(connection: Connection, statement: sql.Composed) -> TupleRow:
    """The first row of the last one of several statements, sent as one."""
    found = await connection.execute(statement, prepare=False)
    while found.nextset():
        pass
    row = await found.fetchone()
    assert row is not None
    return row


async def has(connection: Connection, name: str) -> bool:
    """Is there a table of this name in the schema?"""
    found: AsyncCursor[TupleRow] = await connection.execute(
        "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'hosted' and c.relname = %s)",
        (name,),
    )
    row = await found.fetchone()
    return bool(row and row[0])


def told(error: errors.Error) -> str:
    """PostgreSQL's own reason, one line: it is about the caller's own rows."""
    return (error.diag.message_primary or str(error)).splitlines()[0]
