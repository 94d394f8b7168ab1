"""Hosted tables made, widened, narrowed, indexed and dropped; trigger functions of the DataStore."""

from collections.abc import Sequence

from psycopg import errors, sql

from lienthong.store.hosted import Connection, acting, has, rows_sql, told, words_name, words_table
from lienthong.store.hosted_types import TEXTS, HostedField
from lienthong.store.hosted_values import HostedTable, Refused, index_name

BYTES = sql.Identifier("C")
OWNER_SEQUENCE = "alter sequence {} owned by {}"


async def create(connection: Connection, table: HostedTable) -> None:
    """Make the table; rows of it that were left by a resource that is gone are no more."""
    sequence = sql.Identifier("hosted", f"{table.resource_id}_seq")
    number = sql.SQL("_id int4 primary key default nextval({})").format(sql.Literal(sequence.as_string(connection)))
    async with acting(connection):
        await _drop(connection, table)
        await connection.execute(sql.SQL("create sequence {} as int4").format(sequence))
        columns = sql.SQL(", ").join([number, *map(column, table.fields)])
        await connection.execute(sql.SQL("create table {} ({})").format(rows_sql(table), columns))
        owner = sql.Identifier("hosted", table.resource_id, "_id")
        await connection.execute(sql.SQL(OWNER_SEQUENCE).format(sequence, owner))


async def drop(connection: Connection, table: HostedTable) -> None:
    """Drop the table, and what is known of it."""
    async with acting(connection):
        await _drop(connection, table)
    await connection.execute("delete from platform.hosted_table where resource_id = %s", (table.resource_id,))


async def _drop(connection: Connection, table: HostedTable) -> None:
    await connection.execute(sql.SQL("drop table if exists {}, {}").format(words_table(table), rows_sql(table)))
    sequence = sql.Identifier("hosted", f"{table.resource_id}_seq")
    await connection.execute(sql.SQL("drop sequence if exists {}").format(sequence))


async def alter(
    connection: Connection, table: HostedTable, added: Sequence[HostedField], dropped: Sequence[str]
) -> None:
    """Add and drop columns. The words of the rows are collected anew when they are searched."""
    changes = [sql.SQL("add column {}").format(column(field)) for field in added]
    changes += [sql.SQL("drop column {}").format(sql.Identifier(name)) for name in dropped]
    if not changes:
        return
    async with acting(connection):
        await connection.execute(sql.SQL("drop table if exists {}").format(words_table(table)))
        await connection.execute(sql.SQL("alter table {} {}").format(rows_sql(table), sql.SQL(", ").join(changes)))


def column(field: HostedField, code_points: sql.Composable = BYTES) -> sql.Composable:
    """A column's definition. Texts are compared by code point, as CKAN's database does: its clients know that order."""
    order = sql.SQL(" collate {}").format(code_points) if field.type.removeprefix("_") in TEXTS else sql.SQL("")
    return sql.SQL("{} {}{}").format(sql.Identifier(field.name), sql.SQL(field.native), order)


async def index(
    connection: Connection, table: HostedTable, wanted: Sequence[tuple[str, ...]], key: Sequence[str], *, whole: bool
) -> None:
    """Make the indexes and, when `whole`, the key; those that the table has now and that are not wanted go."""
    names = {index_name(table.resource_id, columns): (columns, False) for columns in wanted}
    if key:
        names[index_name(table.resource_id, key)] = (tuple(key), True)
    kept = [*table.indexes, *([table.primary_key] if table.primary_key else [])]
    async with acting(connection):
        for columns in kept:
            name = index_name(table.resource_id, columns)
            unique = columns == table.primary_key
            if names.get(name, (None, None))[1] != unique and (whole or name in names):
                await connection.execute(sql.SQL("drop index if exists {}").format(sql.Identifier("hosted", name)))
        for name, (columns, unique) in names.items():
            kind = sql.SQL("unique " if unique else "")
            await connection.execute(
                sql.SQL("create {}index if not exists {} on {} ({})").format(
                    kind, sql.Identifier(name), rows_sql(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
            )


async def size(connection: Connection, table: HostedTable) -> tuple[int, int]:
    """Bytes of the rows, and of their indexes."""
    name = rows_sql(table).as_string(connection)
    cursor = await connection.execute(
        "select pg_catalog.pg_relation_size(%(n)s::regclass), pg_catalog.pg_indexes_size(%(n)s::regclass)", {"n": name}
    )
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else (0, 0)


# --- words ------------------------------------------------------------------------------------------------------


async def words(connection: Connection, table: HostedTable, row_words: sql.Composable) -> None:
    """The words of all rows that have none yet. The caller holds the table's row, so nobody writes meanwhile."""
    fresh = not await has(connection, words_name(table.resource_id))
    async with acting(connection):
        if fresh:
            await connection.execute(
                sql.SQL("create table {} (_id int4 primary key, _full_text tsvector not null)").format(
                    words_table(table)
                )
            )
        await connection.execute(
            sql.SQL(
                "insert into {0} (_id, _full_text) select t._id, {1} from {2} t "
                "where not exists (select from {0} w where w._id = t._id)"
            ).format(words_table(table), row_words, rows_sql(table))
        )
        if fresh:
            await connection.execute(sql.SQL("create index on {} using gin (_full_text)").format(words_table(table)))
            await connection.execute(sql.SQL("analyze {}").format(words_table(table)))


# --- triggers ---------------------------------------------------------------------------------------------------


async def set_triggers(connection: Connection, table: HostedTable, functions: Sequence[str]) -> None:
    """Run these functions, in this order, before each row that is inserted or updated. Raises Refused."""
    async with acting(connection):
        for n, _ in enumerate(table.triggers):
            name = sql.Identifier(f"t{n:03}")
            await connection.execute(sql.SQL("drop trigger if exists {} on {}").format(name, rows_sql(table)))
        for n, function in enumerate(functions):
            made = sql.SQL("create trigger {} before insert or update on {} for each row execute function {}()").format(
                sql.Identifier(f"t{n:03}"), rows_sql(table), sql.Identifier("hosted", function)
            )
            try:
                async with connection.transaction():
                    await connection.execute(made)
            except errors.UndefinedFunction as error:
                raise Refused(f"function {function}() does not exist") from error


async def run_triggers(connection: Connection, table: HostedTable) -> int:
    """Run the triggers over all rows, by setting every row to what it is; how many rows there are."""
    if not table.fields:
        return 0
    first = sql.Identifier(table.fields[0].name)
    async with acting(connection):
        await connection.execute(sql.SQL("drop table if exists {}").format(words_table(table)))
        cursor = await connection.execute(sql.SQL("update {} set {} = {}").format(rows_sql(table), first, first))
    return cursor.rowcount


async def create_function(connection: Connection, name: str, body: str, *, replace: bool) -> None:
    """Make a trigger function of a body that was checked before. Raises Refused.

    It runs as the role, and as nothing else: within it no other role can be taken on.
    """
    made = sql.SQL(
        "create {}function {}() returns trigger language plpgsql security definer "
        "set search_path = pg_catalog, pg_temp set statement_timeout = '10s' as {}"
    ).format(sql.SQL("or replace " if replace else ""), sql.Identifier("hosted", name), sql.Literal(body))
    async with acting(connection):
        try:
            await connection.execute(made)
        except errors.Error as error:
            raise Refused(told(error)) from error


async def drop_function(connection: Connection, name: str, *, if_exists: bool) -> None:
    """Drop a function. Raises Refused when there is none, or a table needs it."""
    exists = sql.SQL("if exists " if if_exists else "")
    async with acting(connection):
        try:
            await connection.execute(sql.SQL("drop function {}{}()").format(exists, sql.Identifier("hosted", name)))
        except errors.UndefinedFunction as error:
            raise Refused(f"function {name}() does not exist") from error
        except errors.Error as error:
            raise Refused(told(error)) from error
