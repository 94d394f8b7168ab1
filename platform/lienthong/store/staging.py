"""Staging: the unlogged tables of one run, in which its rows are cast, linked and checked before anything is served.

`staging.<dataset>_<run>`: the contract's stored columns, `_row` (leads back to the source) and `_hash`. Beside it, with
a suffix: `_raw` (as copied in), `_failed` (rows to quarantine), `_held` (keys of quarantined rows: the source still has
them, so their last good version stays), `_quarantine` (what the run will put there when it ends).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.store.schema import stored_columns, table

SUFFIXES = ("", "_raw", "_failed", "_held", "_quarantine")
_FAILED = "(_row bigint not null, rule text not null, field text, value text)"
_QUARANTINE = (
    "(rule text not null, field text, value text, reason_vi text not null, reason_en text not null, "
    "file text not null, line bigint, row text not null)"
)
_LONGEST = 45  # characters of a dataset's name in a staging name: PostgreSQL cuts names at 63 bytes


@dataclass(frozen=True, slots=True)
class Staging:
    """The staging tables of one run of one dataset."""

    contract: Contract
    run: UUID

    @property
    def name(self) -> str:
        """The name of the staged rows, in the schema `staging`."""
        return f"{self.contract.id[:_LONGEST]}_{self.run.hex[:8]}"

    def table(self, suffix: str = "") -> sql.Identifier:
        """One of the tables, by its suffix."""
        return table("staging", self.name + suffix)

    @property
    def key(self) -> sql.Composed:
        """The primary key's columns."""
        return sql.SQL(", ").join(map(sql.Identifier, self.contract.primary_key))

    def kept(self) -> sql.Composed:
        """The served rows that stay although their source row is quarantined."""
        return sql.SQL("(select g.* from {} g join (select distinct * from {}) h using ({}))").format(
            table("governed", self.contract.id), self.table("_held"), self.key
        )


def create(connection: Connection, staging: Staging) -> None:
    """Create the empty tables of a run, all but the one of linked rows."""
    fields = staging.contract.fields
    parts = [sql.SQL("{} {}").format(sql.Identifier(f.name), sql.SQL(f.type.staging_sql(f.options))) for f in fields]
    raw = sql.SQL("({}, _row bigint, _hash bytea)").format(sql.SQL(", ").join(parts))
    types = dict(stored_columns(fields))
    keys = [sql.SQL("{} {}").format(sql.Identifier(k), sql.SQL(types[k])) for k in staging.contract.primary_key]
    held = sql.SQL("({})").format(sql.SQL(", ").join(keys))
    bodies = {"_raw": raw, "_failed": sql.SQL(_FAILED), "_held": held, "_quarantine": sql.SQL(_QUARANTINE)}
    for suffix, body in bodies.items():
        connection.execute(sql.SQL("create unlogged table {} {}").format(staging.table(suffix), body))


def copy_binary(connection: Connection, relation: sql.Identifier, blocks: Iterable[bytes]) -> None:
    """Copy a stream of PostgreSQL's binary COPY format into a table."""
    _copy(connection, sql.SQL("copy {} from stdin (format binary)").format(relation), blocks)


def copy_csv(connection: Connection, relation: sql.Identifier, blocks: Iterable[bytes]) -> None:
    """Copy CSV without a header into a table."""
    _copy(connection, sql.SQL("copy {} from stdin (format csv)").format(relation), blocks)


def _copy(connection: Connection, statement: sql.Composed, blocks: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)


def copy_out(connection: Connection, query: sql.Composed) -> Iterable[bytes]:
    """The rows of a query as CSV without a header, in blocks."""
    with connection.cursor() as cursor, cursor.copy(sql.SQL("copy ({}) to stdout (format csv)").format(query)) as copy:
        for block in copy:
            yield bytes(block)


def drop_others(connection: Connection, dataset: str, keep: UUID | None = None) -> list[str]:
    """Drop the staging tables of every run of a dataset but `keep`; their names. Hold the dataset's lock."""
    pattern = f"^{re.escape(dataset[:_LONGEST])}_[0-9a-f]{{8}}({'|'.join(s for s in SUFFIXES if s)})?$"
    found = connection.execute(
        "select relname from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r' and relname ~ %s",
        (pattern,),
    ).fetchall()
    own = f"{dataset[:_LONGEST]}_{keep.hex[:8]}" if keep else None
    names = [name for (name,) in found if own is None or not name.startswith(own)]
    for name in names:
        connection.execute(sql.SQL("drop table if exists {}").format(table("staging", name)))
    return names


def fail(
    connection: Connection, staging: Staging, rule: str, rows: sql.Composable, field: str | None, value: sql.Composable
) -> int:
    """Note that the rows of a query (of `_row`) fail a rule; their number."""
    statement = sql.SQL(
        "insert into {} (_row, rule, field, value) select s._row, {}, {}, left(({})::text, 500) from {} s "
        "where s._row in ({})"
    ).format(staging.table("_failed"), sql.Literal(rule), sql.Literal(field), value, staging.table(), rows)
    return connection.execute(statement).rowcount


def remove_failed(connection: Connection, staging: Staging) -> int:
    """Take the failed rows out of the staged ones, keeping their keys in mind; their number."""
    gone = sql.SQL("with gone as (delete from {} where _row in (select _row from {}) returning {}) ").format(
        staging.table(), staging.table("_failed"), staging.key
    )
    return connection.execute(
        sql.SQL("{}insert into {} select * from gone").format(gone, staging.table("_held"))
    ).rowcount


def failures(staging: Staging) -> sql.Composed:
    """A query of what failed in the database: _row, rule, field, value."""
    return sql.SQL("select distinct _row, rule, field, value from {}").format(staging.table("_failed"))


def exists(connection: Connection, staging: Staging, suffix: str = "") -> bool:
    """Is one of the run's tables there?"""
    name = staging.table(suffix).as_string(connection)
    return connection.execute("select to_regclass(%s) is not null", (name,)).fetchone() == (True,)


def count(connection: Connection, relation: sql.Composable) -> int:
    """How many rows a relation has."""
    found = connection.execute(sql.SQL("select count(*) from {}").format(relation)).fetchone()
    assert found is not None
    return int(found[0])
