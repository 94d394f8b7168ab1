"""Deliveries into the small world: rows staged by hand and merged by the store, and publications of what is open."""

import hashlib
import json
import uuid
from collections.abc import Callable

import psycopg
from psycopg import sql

from lienthong.formats import FORMATS
from lienthong.pipelines.release import publish
from lienthong.store import merge, owner, staging
from lienthong.store.schema import stored_columns
from lienthong.store.staging import Staging
from tests.surface.small import Row, World, insert


def deliver(
    world: World,
    dataset: str,
    rows: list[Row],
    *,
    upsert: bool = False,
    pause: Callable[[], None] = lambda: None,
) -> merge.Changes:
    """Merge `rows` as a whole state, or into the rows there are; `pause` is called before the transaction ends."""
    contract = world.registry.get(dataset)
    if upsert:
        contract = contract.model_copy(update={"source": contract.source.model_copy(update={"mode": "upsert"})})
    staged = Staging(contract, uuid.uuid4())
    with owner.connect(world.settings) as connection:
        staging.create(connection, staged)
        _stage(connection, staged, rows)
        with connection.transaction():
            changes = merge.merge(connection, staged, force=True)
            pause()
            connection.execute("update platform.dataset set loaded_run = %s where id = %s", (staged.run, dataset))
    return changes


def _stage(connection: psycopg.Connection, staged: Staging, rows: list[Row]) -> None:
    columns = stored_columns(staged.contract.fields)
    listed = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in columns)
    name = staged.name
    connection.execute(
        sql.SQL("create table {} ({}, _row bigint, _hash bytea)").format(sql.Identifier("staging", name), listed)
    )
    hashed = [r | {"_row": n, "_hash": _hash(r)} for n, r in enumerate(rows)]
    if hashed:
        insert(connection, "staging", name, hashed, {})


def _hash(row: Row) -> bytes:
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).digest()


def release_now(world: World, dataset: str) -> int:
    """Publish what is open of the dataset; the number of the release."""
    contract = world.registry.get(dataset)
    report = publish(world.settings, world.registry, contract, formats={"csv": FORMATS["csv"]})
    assert report.state == "published", report
    assert report.number
    return report.number
