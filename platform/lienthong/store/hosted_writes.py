"""Writing rows of hosted tables: set by set, in one statement each; only a set that fails is looked at row by row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import orjson
from psycopg import errors, sql

from lienthong.store import hosted_arrays
from lienthong.store.hosted import (
    ROLE,
    Connection,
    acting,
    has,
    last_row,
    rows_sql,
    told,
    value,
    words_name,
    words_table,
)
from lienthong.store.hosted_filter import condition_sql
from lienthong.store.hosted_shapes import row_json
from lienthong.store.hosted_types import JSON, HostedField
from lienthong.store.hosted_values import ID, HostedTable, Method, Missing, Operation, Record, Refused

_BEGIN = """set local role {role}; savepoint written; select exists (select from pg_catalog.pg_class c join
pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'hosted' and c.relname = {words}),
last_value, is_called from {sequence}"""
_FORGET = ", f as (delete from {} w using done where w._id = done._id)"
ALONE = 256  # a set that failed is cut into pieces of so many records, and the piece that fails into records


@dataclass
class Written:
    """What was done: how many rows are new, or gone, and, when asked for, the rows as a JSON array."""

    added: int = 0
    removed: int = 0
    rows: bytes = b"[]"


async def write(
    connection: Connection, table: HostedTable, records: Sequence[Record], method: Method, *, show: bool = False
) -> Written:
    """Write records in the transaction at hand, all or none. Raises Refused with the record's number, Missing."""
    # What needs no answer goes along with what does: a trip to the server costs more than most of what is done there.
    begin = sql.SQL(_BEGIN).format(
        role=sql.Identifier(ROLE), words=sql.Literal(words_name(table.resource_id)), sequence=_sequence(table)
    )
    words, *start = await last_row(connection, begin)
    writer = _Writer(connection, table, method, show, words)
    try:
        written = await writer.all(records)
    except (errors.DataError, errors.IntegrityError, errors.ProgrammingError, errors.RaiseException) as error:
        reason = told(error)
        set_back = sql.SQL("rollback to savepoint written; select setval({}, {}, {})").format(
            sql.Literal(_sequence(table).as_string(connection)), *map(sql.Literal, start)
        )
        await connection.execute(set_back, prepare=False)
        raise Refused(reason, await writer.culprit(records)) from error
    await connection.execute("release savepoint written; set local role none", prepare=False)
    return written


def _sequence(table: HostedTable) -> sql.Identifier:
    return sql.Identifier("hosted", f"{table.resource_id}_seq")


class _Writer:
    """Statements for the records of one call."""

    def __init__(self, connection: Connection, table: HostedTable, method: Method, show: bool, words: bool) -> None:
        self._connection, self._table, self._method = connection, table, method
        self._show, self._words = show, words
        self._json = [f.name for f in table.fields if f.type in JSON]

    async def all(self, records: Sequence[Record]) -> Written:
        """Write them: runs of records with the same members are one statement."""
        if self._method == "insert":
            return await self._run(records, self._table.fields, ())
        done, rows = Written(), []
        for names, run in groupby(records, key=tuple):
            key = ("_id",) if "_id" in names else self._table.primary_key
            fields = [f for f in (ID, *self._table.fields) if f.name in names]
            part = await self._run(_last(list(run), key), fields, key)
            done.added += part.added
            rows.append(part.rows[1:-1])
        done.rows = b"[" + b",".join(row for row in rows if row.strip()) + b"]"
        return done

    async def culprit(self, records: Sequence[Record]) -> int:
        """The number of the first record that cannot be written."""
        first = 0
        for start in range(0, len(records), ALONE):
            piece = records[start : start + ALONE]
            first = start
            if len(records) <= ALONE or not await self._passes(piece):
                break
        for n, record in enumerate(records[first : first + ALONE]):
            if not await self._passes([record]):
                return first + n
        return first

    async def _passes(self, records: Sequence[Record]) -> bool:
        try:
            async with self._connection.transaction():
                await self.all(records)
                return True
        except errors.Error:
            return False

    async def _run(self, records: Sequence[Record], fields: Sequence[HostedField], key: Sequence[str]) -> Written:
        names = sql.SQL(", ").join(sql.Identifier(f.name) for f in fields)
        if arrays := hosted_arrays.of(records, fields):
            source = sql.SQL("unnest({}) with ordinality r({}, _n)").format(arrays, names)
        else:
            source = sql.SQL("rows from (json_to_recordset({}::json) as ({})) with ordinality r({}, _n)").format(
                sql.Literal(self._payload(records, fields)),
                sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(f.name), sql.SQL(f.native)) for f in fields),
                names,
            )
        make = self._update if self._method == "update" else self._insert
        statement = make(source, fields, key)
        body, count, fresh = await self._done(statement)
        if self._method == "update" and count != len(records):
            raise Missing(await self._absent(records, key), key)
        return Written(fresh, rows=body)

    def _payload(self, records: Sequence[Record], fields: Sequence[HostedField]) -> str:
        """The records as JSON. A JSON value keeps the spelling that CKAN's files have; an empty text is no number."""
        made = orjson.dumps(records, default=str)
        if self._json:
            made = orjson.dumps([_spelt(record, self._json) for record in records], default=str)
        if b'""' in made:
            others = [f.name for f in fields if f.type != "text"]
            cleaned = [_emptied(record, others) for record in records]
            made = orjson.dumps([_spelt(record, self._json) for record in cleaned], default=str)
        return made.decode()

    def _insert(self, source: sql.Composable, fields: Sequence[HostedField], key: Sequence[str]) -> sql.Composable:
        names = [sql.Identifier(f.name) for f in fields]
        columns = sql.SQL(", ").join(names)
        conflict: sql.Composable = sql.SQL("")
        if key:
            set_ = [sql.SQL("{0} = excluded.{0}").format(name) for name in names]
            conflict = sql.SQL(" on conflict ({}) do update set {}").format(
                sql.SQL(", ").join(map(sql.Identifier, key)), sql.SQL(", ").join(set_)
            )
        if not names:
            into = sql.SQL("insert into {} as t (_id) select nextval({}) from {}").format(
                rows_sql(self._table), sql.Literal(_sequence(self._table).as_string(self._connection)), source
            )
        else:
            into = sql.SQL("insert into {} as t ({}) select {} from {}{}").format(
                rows_sql(self._table), columns, columns, source, conflict
            )
        return sql.SQL("{} returning t._id, (t.xmax = 0) as _fresh, {} as _row").format(into, self._row)

    def _update(self, source: sql.Composable, fields: Sequence[HostedField], key: Sequence[str]) -> sql.Composable:
        names = [f.name for f in fields if f.name not in key] or list(key[:1])
        set_ = [sql.SQL("{} = r.{}").format(sql.Identifier(n), sql.Identifier(n)) for n in names]
        same = [sql.SQL("t.{0} = r.{0}").format(sql.Identifier(name)) for name in key]
        return sql.SQL("update {} t set {} from {} where {} returning t._id, false as _fresh, {} as _row, r._n").format(
            rows_sql(self._table), sql.SQL(", ").join(set_), source, sql.SQL(" and ").join(same), self._row
        )

    @property
    def _row(self) -> sql.Composable:
        return row_json((ID, *self._table.fields)) if self._show else sql.SQL("null::json")

    async def _done(self, statement: sql.Composable) -> tuple[bytes, int, int]:
        """The rows, how many there are, and how many of them are new."""
        order = sql.SQL(" order by _n" if self._method == "update" else "")
        forget: sql.Composable = sql.SQL("")
        if self._words and self._method != "insert":
            forget = sql.SQL(", f as (delete from {} w using done where w._id = done._id)").format(
                words_table(self._table)
            )
        shown = sql.SQL("coalesce(json_agg(_row{}), '[]')::text" if self._show else "'[]'").format(order)
        cursor = await self._connection.execute(
            sql.SQL("with done as ({}){} select {}, count(*), count(*) filter (where _fresh) from done").format(
                statement, forget, shown
            ),
            prepare=False,  # the records are part of its text
        )
        row = await cursor.fetchone()
        assert row is not None
        return row[0].encode(), row[1], row[2]

    async def _absent(self, records: Sequence[Record], key: Sequence[str]) -> Record:
        """The first of the records whose key is not in the table."""
        for record in records:
            same = [sql.SQL("{} = {}").format(sql.Identifier(k), sql.Literal(str(record[k]))) for k in key]
            found = sql.SQL("select exists (select from {} where {})").format(
                rows_sql(self._table), sql.SQL(" and ").join(same)
            )
            if not await value(self._connection, found):
                return record
        return records[0]


def _spelt(record: Record, names: Sequence[str]) -> Record:
    made = {n: orjson.Fragment(json.dumps(record[n])) for n in names if record.get(n) is not None}
    return record | made if made else record


def _emptied(record: Record, names: Sequence[str]) -> Record:
    made = {n: None for n in names if record.get(n) == ""}
    return record | made if made else record


def _last(records: list[Record], key: Sequence[str]) -> list[Record]:
    """Of records with the same key the last one: one statement cannot change a row twice."""
    try:
        if len(key) == 1:
            (name,) = key
            found = {record[name]: record for record in records}
        else:
            found = {tuple([record[name] for name in key]): record for record in records}
    except TypeError:  # a key that is a list or an object
        found = {orjson.dumps([record[name] for name in key]): record for record in records}
    return records if len(found) == len(records) else list(found.values())


async def delete(
    connection: Connection, table: HostedTable, operation: Operation | None, *, show: bool = False
) -> Written:
    """Delete the rows that fit, or all of them. Raises Refused."""
    where = condition_sql(operation, table.by_name) if operation else sql.SQL("true")
    words = await has(connection, words_name(table.resource_id))
    row = row_json((ID, *table.fields)) if show else sql.SQL("null::json")
    forget = sql.SQL(_FORGET).format(words_table(table))
    statement = sql.SQL(
        "with done as (delete from {} t where {} returning t._id, {} as _row){} "
        "select coalesce(json_agg(_row order by _id) filter (where _row is not null), '[]')::text, count(*) from done"
    ).format(rows_sql(table), where, row, forget if words else sql.SQL(""))
    async with acting(connection):
        found = await (await connection.execute(statement)).fetchone()
    assert found is not None
    return Written(removed=found[1], rows=found[0].encode())
