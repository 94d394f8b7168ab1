"""What writing single rows needs of the store: the row as it is, and the whole dataset as it would become."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, RawCursor, sql

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.store.compile import Compiler
from lienthong.store.query import Query
from lienthong.store.schema import stored_columns, table
from lienthong.store.scope import Scope
from lienthong.store.staging import Staging


def current(connection: Connection, registry: Registry, contract: Contract, key: Sequence[Any]) -> str | None:
    """The row with this key as the API shows it to its provider, in JSON; None when there is none."""
    scope = Scope(contract, "governed", frozenset(contract.by_name))
    statement = Compiler(registry, {contract.id: scope}).one(Query(contract.id, key=tuple(key)))
    with RawCursor(connection) as cursor:
        row = cursor.execute(statement.sql.encode(), statement.params).fetchone()
    return row[0] if row else None


def complete(connection: Connection, staging: Staging, without: Sequence[Any] | None = None) -> None:
    """Add all current rows that the staged ones do not replace, but the one with the key `without`.

    What is judged and merged is then the whole dataset as it would be. Added rows have numbers below zero.
    """
    columns = sql.SQL(", ").join(sql.Identifier(name) for name, _ in stored_columns(staging.contract.fields))
    parts = [
        sql.SQL("not exists (select from {} s where {})").format(staging.table(), _same(staging.contract.primary_key))
    ]
    if without is not None:
        pairs = zip(staging.contract.primary_key, without, strict=True)
        same = sql.SQL(" and ").join(sql.SQL("g.{} = {}").format(sql.Identifier(k), sql.Literal(v)) for k, v in pairs)
        parts.append(sql.SQL("not ({})").format(same))
    connection.execute(
        sql.SQL("insert into {} ({}, _row, _hash) select {}, -_id, _hash from {} g where {}").format(
            staging.table(),
            columns,
            columns,
            table("governed", staging.contract.id),
            sql.SQL(" and ").join(parts),
        )
    )
    connection.execute(sql.SQL("analyze {}").format(staging.table()))


def refused(connection: Connection, staging: Staging) -> list[tuple[int, str, str | None, str | None]]:
    """(_row, rule, field, value) of the written rows that failed in the database."""
    return connection.execute(
        sql.SQL(
            "select distinct _row, rule, field, value from {} where _row >= 0 order by _row, field, rule limit 100"
        ).format(staging.table("_failed"))
    ).fetchall()


def _same(key: Sequence[str]) -> sql.Composable:
    return sql.SQL(" and ").join(sql.SQL("s.{0} = g.{0}").format(sql.Identifier(k)) for k in key)
