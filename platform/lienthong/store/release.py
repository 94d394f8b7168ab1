"""The tables of releases: named, indexed, compared, served and dropped. `release_fill` fills them."""

import re
import time
from collections.abc import Iterator, Sequence

from psycopg import Connection, errors, sql

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store import bits, rollup
from lienthong.store.predicate import column, ident
from lienthong.store.schema import create_indexes, foreign_key_indexes, serve, stored_columns, table

LOCK_MS = 200  # readers wait no longer behind a swap that waits itself
SWAP_SECONDS = 60
_WRITTEN = {"timestamptz": "timestamp with time zone"}


def release_name(dataset: str, number: int) -> str:
    """The table of a release, in the schema `release`; its history has `_history` after it, its changes `_changes`."""
    return f"{dataset}_{number}"


def numbers(connection: Connection, dataset: str) -> list[int]:
    """The numbers of the releases of `dataset` that have tables."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'release'::regnamespace and relkind = 'r' "
        "and starts_with(relname, %s)",
        (f"{dataset}_",),
    ).fetchall()
    found = (re.fullmatch(rf"{re.escape(dataset)}_(\d+)(?:_history|_changes)?", name) for (name,) in rows)
    return sorted({int(match[1]) for match in found if match})


def drop(connection: Connection, dataset: str, number: int) -> None:
    """Drop the tables of a release. Raises psycopg.errors.DependentObjectsStillExist when it is served."""
    name = release_name(dataset, number)
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'release'::regnamespace and relkind = 'r' "
        "and starts_with(relname, %s)",
        (f"{name}_rollup_",),
    ).fetchall()
    for view in (table("kept", name), table("kept", name + "_history"), table("draft", name)):
        connection.execute(sql.SQL("drop view if exists {}").format(view))
    for relation in (name, name + "_history", name + "_changes", name + bits.SUFFIX, *(found for (found,) in rows)):
        connection.execute(sql.SQL("drop table if exists {}").format(table("release", relation)))


def columns_of(connection: Connection, schema: str, name: str) -> dict[str, str]:
    """Column -> type of a relation as it is in the database; empty when there is none."""
    rows = connection.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        (table(schema, name).as_string(connection),),
    ).fetchall()
    return dict(rows)


def wanted_columns(contract: Contract) -> dict[str, str]:
    """Column -> type, as the database writes it, of the open fields."""
    return {name: _WRITTEN.get(type_, type_) for name, type_ in stored_columns(contract.open_fields)}


def index_release(connection: Connection, registry: Registry, contract: Contract, name: str) -> None:
    """Key, indexes of the contract, both sides of relationships; then statistics."""
    relation, past = table("release", name), table("release", name + "_history")
    key = sql.SQL(", ").join(map(sql.Identifier, contract.primary_key))
    connection.execute(sql.SQL("alter table {} add primary key ({})").format(relation, key))
    create_indexes(connection, contract, contract.open_fields, relation, name, in_key_order=True)
    foreign_key_indexes(connection, contract, _near_columns(registry, contract), relation, name)
    made = sql.Identifier(f"{name}_history_key"[-63:])
    connection.execute(sql.SQL("create index {} on {} ({}, _from)").format(made, past, key))
    connection.execute(sql.SQL("analyze {}").format(relation))
    connection.execute(sql.SQL("analyze {}").format(past))
    rollup.fill(connection, contract, name)
    bits.fill(connection, contract, name)


def _near_columns(registry: Registry, contract: Contract) -> list[str]:
    """The first local column of each relation, own or inverse, that no other index begins with."""
    indexed = {f.name for f in contract.open_fields if f.index} | {contract.primary_key[0]}
    there = {name for name, _ in stored_columns(contract.open_fields)}
    near = {relation.on[0][0] for relation in registry.relations(contract.id).values()}
    return sorted((near - indexed) & there)


def changed_keys(
    connection: Connection, contract: Contract, name: str, previous: str
) -> Iterator[tuple[str, str]] | None:
    """(added, changed or removed; the key as a JSON object) of the rows in which `name` differs from `previous`.

    Compared are the columns that both have, in the order of the key; None when the key is another.
    """
    now, before = (columns_of(connection, "release", relation) for relation in (name, previous))
    common = [c for c, type_ in now.items() if before.get(c) == type_ and not c.startswith("_")]
    if not set(contract.primary_key) <= set(common):
        return None
    same = " and ".join(f"{column('n', k)} = {column('p', k)}" for k in contract.primary_key)
    first = contract.primary_key[0]
    rows = [", ".join(column(alias, c) for c in common) for alias in ("n", "p")]
    both_keys = {k: f"coalesce({column('n', k)}, {column('p', k)})" for k in contract.primary_key}
    key = ", ".join(f"{_text(k)}, {_shown(contract, k, value)}" for k, value in both_keys.items())
    op = (
        f"case when {column('p', first)} is null then 'added' when {column('n', first)} is null then 'removed' "
        "else 'changed' end"
    )
    query = (
        f"select {op}, json_build_object({key})::text from release.{ident(name)} n "
        f"full join release.{ident(previous)} p on {same} "
        f"where {column('n', first)} is null or {column('p', first)} is null "
        f"or row({rows[0]}) is distinct from row({rows[1]}) order by {', '.join(both_keys.values())}"
    )
    return _stream(connection, query)


def _shown(contract: Contract, name: str, value: str) -> str:
    field = contract.by_name[name]
    return field.type.json_expr(value, field.options)


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _stream(connection: Connection, query: str) -> Iterator[tuple[str, str]]:
    with connection.cursor("changed_keys") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query.encode())
        yield from cursor


def swap(connection: Connection, contract: Contract, name: str) -> None:
    """Point the open views at `release.<name>` in the transaction at hand, without a queue of readers behind it.

    Raises Unavailable when long reads leave no gap for a minute.
    """
    deadline = time.monotonic() + SWAP_SECONDS
    while True:
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = {LOCK_MS}")
                serve(connection, contract, contract.open_fields, name)
            return
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            if time.monotonic() > deadline:
                raise Unavailable(
                    both(
                        "Không đổi được bản công bố: truy vấn dài đang đọc", "Long reads keep the release from changing"
                    ),
                    place=contract.slug,
                ) from error
            time.sleep(LOCK_MS / 1000)


def stop_readers(connection: Connection, dataset: str, number: int) -> None:
    """End the statements that read the tables of a release."""
    connection.execute(
        "select pg_cancel_backend(l.pid) from pg_locks l join pg_class c on c.oid = l.relation "
        "where c.relnamespace in ('release'::regnamespace, 'kept'::regnamespace) and l.granted "
        "and l.pid <> pg_backend_pid() and c.relname in (%s, %s)",
        (release_name(dataset, number), release_name(dataset, number) + "_history"),
    )


def drop_old(connection: Connection, dataset: str, keep: Sequence[int]) -> None:
    """Drop the tables of all releases but `keep`; one that is still read stays until the next time."""
    for number in numbers(connection, dataset):
        if number in keep:
            continue
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = {LOCK_MS}")
                drop(connection, dataset, number)
        except (errors.LockNotAvailable, errors.DependentObjectsStillExist):
            continue
