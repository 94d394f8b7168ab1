"""The tables of synthetic twins (schema `twin`): shaped like the governed ones, filled with nobody's data."""

from collections.abc import Iterable, Sequence

from psycopg import Connection, errors, sql

from lienthong.contract.model import Contract
from lienthong.store.schema import table

SCHEMA = "twin"
READER = "lienthong_twin"
_NEW = "__new"
_PREPARE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'lienthong_twin') then create role lienthong_twin nologin; end if;
end $$;
create schema if not exists twin;
grant usage on schema twin, open, platform, public to lienthong_twin;
grant usage on schema twin to lienthong_agency;
"""


def prepare(connection: Connection, app: str) -> None:
    """The schema and the role that reads it and open data, nothing else; `app` may take it on. Safe to repeat."""
    connection.execute(_PREPARE)
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(READER), sql.Identifier(app)))
    connection.execute(sql.SQL("grant lienthong_public to {}").format(sql.Identifier(READER)))


def fresh(contract: Contract) -> str:
    """The name of a twin that is being made."""
    return contract.id + _NEW


def create(connection: Connection, contract: Contract) -> None:
    """Make empty tables in the shape of the governed ones: types, key, masks, indexes. Checks are left to the rules."""
    for source, name in (("governed", fresh(contract)), ("history", _past(fresh(contract)))):
        relation = table(SCHEMA, name)
        connection.execute(sql.SQL("drop table if exists {}").format(relation))
        connection.execute(
            sql.SQL("create table {} (like {} including all excluding constraints)").format(
                relation, table(source, contract.id)
            )
        )
        # Rows of nobody were always there: a read of any day finds them.
        kept = sql.SQL("alter column _from set default '2000-01-01'")
        connection.execute(sql.SQL("alter table {} drop column _run, drop column _hash, {}").format(relation, kept))


def fill(
    connection: Connection, contract: Contract, columns: Sequence[str], rows: Iterable[Sequence[str | None]]
) -> None:
    """Add rows, whose values are texts as PostgreSQL reads them."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.SQL("copy {} ({}) from stdin").format(table(SCHEMA, fresh(contract)), names)
    with connection.cursor() as cursor, cursor.copy(target) as copy:
        for row in rows:
            copy.write_row(row)


def count(connection: Connection, contract: Contract) -> int:
    """How many rows the twin in making has."""
    found = connection.execute(sql.SQL("select count(*) from {}").format(table(SCHEMA, fresh(contract)))).fetchone()
    return int(found[0]) if found else 0


def reject(connection: Connection, contract: Contract, failing: sql.Composable) -> int | None:
    """Delete the rows that `failing` finds (by `_row`, their place); None when it does not tell rows."""
    relation = table(SCHEMA, fresh(contract))
    try:
        with connection.transaction():
            return connection.execute(
                sql.SQL("delete from {} where ctid = any(array(select f._row::tid from ({}) f))").format(
                    relation, failing
                )
            ).rowcount
    except errors.UndefinedColumn:
        return None


def reject_real(connection: Connection, contract: Contract, fields: Sequence[str]) -> int:
    """Delete the rows that have the same values as a real row, current or past, in all of `fields`."""
    relation, gone = table(SCHEMA, fresh(contract)), 0
    same = sql.SQL(" and ").join(sql.SQL("t.{0} = g.{0}").format(sql.Identifier(name)) for name in fields)
    for schema in ("governed", "history"):
        gone += connection.execute(
            sql.SQL("delete from {} t using {} g where {}").format(relation, table(schema, contract.id), same)
        ).rowcount
    return gone


def keys(
    connection: Connection, schema: str, dataset: str, columns: Sequence[str], label: str | None
) -> list[tuple[str | None, ...]]:
    """The values of `columns` of the rows of a twin or of open data, then `label` of the row; ordered by value."""
    listed = [sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns]
    shown = sql.SQL("{}::text").format(sql.Identifier(label)) if label else sql.SQL("null")
    order = sql.SQL(", ").join(sql.SQL(str(n + 1)) for n in range(len(columns)))
    there = sql.SQL(" and ").join(sql.SQL("{} is not null").format(sql.Identifier(name)) for name in columns[:1])
    try:
        with connection.transaction():
            return connection.execute(
                sql.SQL("select {}, {} from {} where {} order by {}").format(
                    sql.SQL(", ").join(listed), shown, table(schema, dataset), there, order
                )
            ).fetchall()
    except errors.UndefinedTable:
        return []


def serve(connection: Connection, contract: Contract) -> None:
    """Let the twin that was made take the place of the one before, and let its readers read it."""
    with connection.transaction():
        for new, name in ((fresh(contract), contract.id), (_past(fresh(contract)), _past(contract.id))):
            connection.execute(sql.SQL("drop table if exists {}").format(table(SCHEMA, name)))
            connection.execute(sql.SQL("alter table {} rename to {}").format(table(SCHEMA, new), sql.Identifier(name)))
            connection.execute(
                sql.SQL("grant select on {} to {}, lienthong_agency").format(
                    table(SCHEMA, name), sql.Identifier(READER)
                )
            )
        connection.execute(sql.SQL("analyze {}").format(table(SCHEMA, contract.id)))


def drop(connection: Connection, dataset: str) -> None:
    """Take a twin away: of another contract it would have other fields."""
    for name in (dataset, _past(dataset)):
        connection.execute(sql.SQL("drop table if exists {}").format(table(SCHEMA, name)))
    connection.execute("delete from platform.twin where dataset = %s", (dataset,))


def _past(name: str) -> str:
    return name + "_history"
