"""Searching hosted tables: one page of rows as JSON or CSV, and how many there are."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from lienthong.store.hosted import Connection, rows_sql, value, words_table
from lienthong.store.hosted_filter import condition_sql
from lienthong.store.hosted_shapes import OBJECT, listed, row_list, shown
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import ID, Found, HostedTable, Search, rank_name

STEP = 5_000  # rows of a stream at once


@dataclass
class _Parts:
    """The pieces of a statement over the alias `t`, and `w` for its words."""

    source: list[sql.Composable] = field(default_factory=list)
    where: list[sql.Composable] = field(default_factory=list)
    ranks: dict[str, sql.Composable] = field(default_factory=dict)

    @property
    def condition(self) -> sql.Composable:
        return sql.SQL(" and ").join(self.where) if self.where else sql.SQL("true")


def _parts(table: HostedTable, search: Search) -> _Parts:
    parts = _Parts([sql.SQL("{} t").format(rows_sql(table))])
    if search.where is not None:
        parts.where.append(condition_sql(search.where, table.by_name))
    words = search.words
    for n, (column, text) in enumerate(words.parts.items() if words else ()):
        assert words is not None
        language = sql.Literal(words.language)
        query = sql.Identifier(f"_q{n}")
        reader = sql.SQL("plainto_tsquery" if words.plain else "to_tsquery")
        if column:
            source: sql.Composable = sql.SQL("to_tsvector({}::regconfig, {}::text)").format(
                language, sql.Identifier("t", column)
            )
        else:
            source = sql.Identifier("w", "_full_text")
            parts.source.append(sql.SQL("{} w").format(words_table(table)))
            parts.where.append(sql.SQL("w._id = t._id"))
        parts.source.append(sql.SQL("{}({}::regconfig, {}) {}").format(reader, language, sql.Literal(text), query))
        parts.where.append(sql.SQL("{} @@ {}").format(source, query))
        parts.ranks[rank_name(column)] = sql.SQL("ts_rank({}, {}, 32)").format(source, query)
    return parts


def _statement(table: HostedTable, search: Search, *, numbered: bool = False) -> sql.Composed:
    """`select` of the rows, each value under its name; `numbered`: and the row's number as `_number`."""
    parts = _parts(table, search)
    as_text = search.kind in ("csv", "tsv")
    chosen: list[sql.Composable] = []
    for name in search.names:
        if name in parts.ranks:
            chosen.append(sql.SQL("{} as {}").format(parts.ranks[name], sql.Identifier(name)))
        else:
            chosen.append(listed([_field(table, name)], as_text=as_text))
    if numbered:
        chosen.append(sql.SQL("t._id as _number"))
    made = sql.SQL("select {}{} from {} where {}").format(
        sql.SQL("distinct " if search.distinct else ""),
        sql.SQL(", ").join(chosen),
        sql.SQL(", ").join(parts.source),
        parts.condition,
    )
    if order := _order(table, search, parts):
        made = sql.SQL("{} order by {}").format(made, sql.SQL(", ").join(order))
    if search.limit is not None:
        made = sql.SQL("{} limit {}").format(made, sql.Literal(search.limit))
    return sql.SQL("{} offset {}").format(made, sql.Literal(search.offset)) if search.offset else made


def _field(table: HostedTable, name: str) -> HostedField:
    return ID if name == ID.name else table.by_name[name]


def _order(table: HostedTable, search: Search, parts: _Parts) -> list[sql.Composable]:
    found: list[sql.Composable] = []
    for key in search.sort:
        way = sql.SQL(" desc" if key.descending else " asc")
        nulls = sql.SQL(f" nulls {key.nulls}" if key.nulls else "")
        column = shown(_field(table, key.field)) if search.distinct else sql.Identifier("t", key.field)
        found.append(sql.SQL("{}{}{}").format(column, way, nulls))
    if search.distinct:
        return found
    if not found:
        found.extend(sql.SQL("{} desc").format(rank) for rank in parts.ranks.values())
    # Else rows that are equal would come in another order on the next page.
    return found if any(key.field == ID.name for key in search.sort) else [*found, sql.SQL("t._id")]


async def page(connection: Connection, table: HostedTable, search: Search, *, last: bool = False) -> Found:
    """One page. Raises psycopg.Error."""
    if search.kind in ("csv", "tsv"):
        return Found(b"".join([part async for part in copied(connection, table, search)]))
    source = _statement(table, search, numbered=last)
    statement = sql.SQL("select coalesce(json_agg({}), '[]')::text{} from ({}) p").format(
        _shown(search), sql.SQL(", (array_agg(p._number))[count(*)]" if last else ""), source
    )
    row = await (await connection.execute(statement)).fetchone()
    assert row is not None
    return Found(row[0].encode(), row[1] if last else None)


def _shown(search: Search) -> sql.Composable:
    """A row of the statement, which stands under the alias `p`, as JSON."""
    names = [sql.Identifier("p", name) for name in search.names]
    return row_list(names) if search.kind == "lists" else OBJECT.format(sql.SQL(", ").join(names))


async def total(connection: Connection, table: HostedTable, search: Search) -> int:
    """How many rows fit."""
    if not search.is_filtered:
        return table.rows
    if search.distinct:
        source = _statement(table, Search(search.names, search.where, search.words, limit=None, distinct=True))
        return int(await value(connection, sql.SQL("select count(*) from ({}) p").format(source)))
    parts = _parts(table, search)
    if search.where is None and search.words and list(search.words.parts) == [""]:  # the words alone tell
        parts.source, parts.where = parts.source[1:], parts.where[1:]
    statement = sql.SQL("select count(*) from {} where {}").format(sql.SQL(", ").join(parts.source), parts.condition)
    return int(await value(connection, statement))


async def copied(connection: Connection, table: HostedTable, search: Search) -> AsyncIterator[bytes]:
    """Rows as PostgreSQL writes CSV, or with tabs, without a header."""
    tabs = sql.SQL(", delimiter E'\\t'" if search.kind == "tsv" else "")
    statement = sql.SQL("copy ({}) to stdout (format csv{})").format(_statement(table, search), tabs)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        async for part in copy:
            yield bytes(part)


async def streamed(connection: Connection, table: HostedTable, search: Search) -> AsyncIterator[bytes]:
    """Rows as a JSON array, some thousand at a time; each an object or, for lists, an array."""
    statement = sql.SQL("declare rows no scroll cursor for select {}::text from ({}) p").format(
        _shown(search), _statement(table, search)
    )
    await connection.execute(statement)
    while True:
        cursor = await connection.execute(f"fetch {STEP} from rows".encode())
        found: Sequence[tuple[str]] = await cursor.fetchall()
        if not found:
            return
        yield ("[" + ",".join(row[0] for row in found) + "]").encode()
