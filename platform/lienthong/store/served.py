"""Every open dataset has its views: empty before the first release, true to the contract after it changed."""

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.store import bits, owner, rollup
from lienthong.store.release import columns_of, drop, index_release, numbers, release_name, swap, wanted_columns
from lienthong.store.schema import create_changes, create_release, table

_PUBLISHED = "select number from platform.release where dataset = %s and state = 'published'"


def ensure_served(settings: Settings, registry: Registry) -> None:
    """Make or correct the open views of all contracts; withdraw those of datasets that are open no more."""
    with owner.connect(settings) as connection:
        ensure_views(connection, registry)


def ensure_views(connection: Connection, registry: Registry) -> None:
    """`ensure_served` on a connection at hand."""
    for contract in registry.contracts.values():
        with connection.transaction():
            lock(connection, contract.id)
            if contract.is_open:
                _ensure(connection, registry, contract)
            else:
                for name in (*_views(contract), contract.id + "_release"):
                    connection.execute(sql.SQL("drop view if exists {}").format(table("open", name)))


def lock(connection: Connection, dataset: str) -> None:
    """Only one process at a time changes what is served of a dataset; until the end of the transaction."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"lienthong.release.{dataset}",))


def _ensure(connection: Connection, registry: Registry, contract: Contract) -> None:
    wanted = wanted_columns(contract)
    views = (columns_of(connection, "open", name) for name in _views(contract))
    told = columns_of(connection, "open", contract.id + "_release")
    if told and all({c for c in view if not c.startswith("_")} == set(wanted) for view in views):
        _rolled_up(connection, contract)
        return
    number = _served(connection, contract)
    name = release_name(contract.id, number)
    there = columns_of(connection, "release", name)
    if number == 0 or any(there.get(c, type_) != type_ for c, type_ in wanted.items()):
        serve_nothing(connection, registry, contract)
        return
    create_changes(connection, contract.open_fields, name)
    for relation in (name, name + "_history", name + "_changes"):
        for added, type_ in wanted.items():
            connection.execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    table("release", relation), sql.Identifier(added), sql.SQL(type_)
                )
            )
    rollup.fill(connection, contract, name)
    bits.fill(connection, contract, name)
    swap(connection, contract, name)


def _rolled_up(connection: Connection, contract: Contract) -> None:
    """The roll-ups that the contract names now, and the bits, of the release that is served."""
    named = enumerate(rollup.suffixes(contract))
    found = [(columns_of(connection, "open", contract.id + s), rollup.columns(contract, n)) for n, s in named]
    old, plain = any(list(there) != wanted for there, wanted in found), not bits.served(connection, contract)
    if not old and not plain:
        return
    name = release_name(contract.id, _served(connection, contract))
    if old:
        rollup.fill(connection, contract, name)
    if plain:
        bits.fill(connection, contract, name)
    swap(connection, contract, name)


def _views(contract: Contract) -> tuple[str, ...]:
    """The names of the open views, in the schema `open`."""
    return contract.id, contract.id + "_history", contract.id + "_changes"


def _served(connection: Connection, contract: Contract) -> int:
    """The number of the published release that has tables; 0 when there is none."""
    row = connection.execute(_PUBLISHED, (contract.id,)).fetchone()
    return int(row[0]) if row and row[0] in numbers(connection, contract.id) else 0


def serve_nothing(connection: Connection, registry: Registry, contract: Contract) -> None:
    """Serve an empty release 0, made anew."""
    for name in (*_views(contract), *(contract.id + s for s in ("_release", bits.SUFFIX, *rollup.suffixes(contract)))):
        connection.execute(sql.SQL("drop view if exists {}").format(table("open", name)))
    drop(connection, contract.id, 0)
    name = release_name(contract.id, 0)
    create_release(connection, contract, contract.open_fields, name)
    index_release(connection, registry, contract, name)
    swap(connection, contract, name)
