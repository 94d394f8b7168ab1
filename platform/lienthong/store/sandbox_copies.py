"""Copies in the sandbox: made beside the one before, then exchanged in one transaction; dropped when they must go."""

from collections.abc import AsyncIterator, Collection, Sequence

import psycopg
from psycopg import AsyncConnection, sql

from lienthong.store.hosted_shapes import words_sql
from lienthong.store.hosted_tables import column
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import Copy
from lienthong.store.sandbox import quoted
from lienthong.store.sandbox_rights import CODE_POINTS

WORDS = 50_000
"""Tables of at most so many rows have the words of each row in `_full_text`."""


async def load(url: str, copy: Copy, blocks: AsyncIterator[bytes]) -> int:
    """Make or replace a copy from blocks of JSON arrays of rows with `_id`; the number of rows."""
    fields = (HostedField("_id", "int8"), *copy.fields)
    async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
        await connection.execute("set statement_timeout = '10min'; set timezone = 'UTC'")
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (copy.name,))
            rows = await _fill(connection, copy, fields, blocks)
            await _exchange(connection, copy, rows)
    return rows


async def _fill(
    connection: AsyncConnection, copy: Copy, fields: Sequence[HostedField], blocks: AsyncIterator[bytes]
) -> int:
    fresh = quoted("~" + copy.name[:60])
    columns = [sql.SQL("_id int4 primary key"), sql.SQL("_full_text tsvector"), *_columns(copy.fields)]
    await connection.execute(sql.SQL("drop table if exists {}").format(fresh))
    await connection.execute(sql.SQL("create table {} ({})").format(fresh, sql.SQL(", ").join(columns)))
    names = sql.SQL(", ").join(sql.Identifier(f.name) for f in fields)
    typed = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(f.name), sql.SQL(f.native)) for f in fields)
    words = words_sql(copy.fields, "r") if copy.rows <= WORDS else sql.SQL("null")
    rows = 0
    async for block in blocks:
        statement = sql.SQL(
            "insert into {} (_full_text, {}) select {}, {} from json_to_recordset({}::json) r({})"
        ).format(fresh, names, words, names, sql.Literal(block.decode()), typed)
        rows += (await connection.execute(statement)).rowcount
    await connection.execute(sql.SQL("analyze {}").format(fresh))
    return rows


def _columns(fields: Sequence[HostedField]) -> list[sql.Composable]:
    # Whoever writes SQL asks for `ilike '%huyện%'` and `upper(ten)`: letters with marks have two cases too.
    return [column(field, CODE_POINTS) for field in fields]


async def _exchange(connection: AsyncConnection, copy: Copy, rows: int) -> None:
    await _drop(connection, copy.name)
    plain = sql.Identifier(copy.name)
    await connection.execute(sql.SQL("alter table {} rename to {}").format(quoted("~" + copy.name[:60]), plain))
    for alias in copy.aliases:
        await connection.execute(sql.SQL("drop view if exists {}").format(quoted(alias)))
        await connection.execute(sql.SQL("create view {} as select * from {}").format(quoted(alias), quoted(copy.name)))
    await connection.execute(
        "insert into meta.copied (name, version, rows) values (%s, %s, %s)", (copy.name, copy.version, rows)
    )


async def _drop(connection: AsyncConnection, name: str) -> None:
    await connection.execute(sql.SQL("drop table if exists {} cascade").format(quoted(name)))
    await connection.execute("delete from meta.copied where name = %s", (name,))


def keep_only(url: str, names: Collection[str]) -> int:
    """Drop all copies but these; how many went."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("select to_regclass('meta.copied')").fetchone() == (None,):
            return 0
        gone = [name for (name,) in connection.execute("select name from meta.copied") if name not in names]
        for name in gone:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (name,))
                connection.execute(sql.SQL("drop table if exists {} cascade").format(quoted(name)))
                connection.execute("delete from meta.copied where name = %s", (name,))
    return len(gone)
