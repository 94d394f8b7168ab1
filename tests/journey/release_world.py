"""A small world to publish from: rows with every kind of trouble, an aggregate, and areas on the map."""

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lienthong.app.install import migrate
from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.cluster import Cluster
from lienthong.store.served import ensure_served
from tests.copies import copied

DEFINITIONS = Path(__file__).parent / "market"
VOCABULARIES = Path(__file__).parents[2] / "datasets" / "_vocab"
Row = dict[str, Any]


def stall(number: int, **changes: Any) -> Row:
    """A stall that is as it should be."""
    return {
        "code": f"S{number:05}",
        "name": f"Sạp “{number}”, dãy Đông",
        "kind": ("food", "cloth")[number % 2],
        "capital": number * 1_000_000,
        "share": f"{number / 8:.3f}",
        "staff": number % 5,
        "opened_on": date(2020, 1, 1 + number % 28),
        "seen_at": f"2026-01-{1 + number % 28:02}T08:30:00+07:00",
        "indoors": number % 2 == 0,
        "tags": json.dumps(["rau", f'"{number}"']),
        "place": f"SRID=4326;POINT({106 + number / 10000} {21.5})",
        "email": "cho@example.com",
        "area_code": f"A{number % 3}",
        "keeper": f"Nguyễn Văn {number}",
        "note": None,
    } | changes


def area(code: str, west: float) -> Row:
    """A square area whose ring turns clockwise, as PostGIS keeps it."""
    ring = f"{west} 21, {west} 22, {west + 1} 22, {west + 1} 21, {west} 21"
    boundary = f"SRID=4326;MULTIPOLYGON((({ring})))"
    return {"area_code": code, "valid_from": date(2025, 7, 1), "valid_to": None, "boundary": boundary}


@dataclass(frozen=True)
class World:
    """A migrated database with the four datasets; `home` is its own."""

    settings: Settings
    registry: Registry

    def connect(self) -> psycopg.Connection:
        """As the owner."""
        return owner.connect(self.settings)

    def fill(self, dataset: str, rows: list[Row], run: uuid.UUID | None = None) -> uuid.UUID:
        """Replace the governed rows of a dataset as a run would: unchanged ones stay, others go to history."""
        run = run or uuid.uuid4()
        contract = self.registry.get(dataset)
        names = [field.name for field in contract.fields]
        with self.connect() as connection, connection.transaction():
            connection.execute(
                "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint) "
                "values (%s, %s, 'done', 'done', now(), '1.0.0', '')",
                (run, dataset),
            )
            new = sql.SQL("create temp table new on commit drop as select * from {} limit 0").format(
                sql.Identifier("governed", dataset)
            )
            connection.execute(new)
            connection.execute("alter table new drop column _search, drop column _id")
            listed = sql.SQL(", ").join(map(sql.Identifier, names))
            marks = sql.SQL(", ").join(sql.Placeholder() * len(names))
            insert = sql.SQL("insert into new ({}, _from, _run, _hash) values ({}, now(), %s, '')").format(
                listed, marks
            )
            with connection.cursor() as cursor:
                cursor.executemany(insert, [[row.get(name) for name in names] + [run] for row in rows])
            _merge(connection, dataset, contract.primary_key, names)
            connection.execute(
                "update platform.dataset set loaded_run = %s, loaded_at = now() where id = %s", (run, dataset)
            )
        return run

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connect() as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]


def _merge(connection: psycopg.Connection, dataset: str, key: tuple[str, ...], names: list[str]) -> None:
    current, past = sql.Identifier("governed", dataset), sql.Identifier("history", dataset)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    same = sql.SQL(" and ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(k)) for k in key)
    listed = [sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.SQL(a), sql.Identifier(n)) for n in names) for a in "tn"]
    kept = sql.SQL("exists (select from new n where {} and ({}) is not distinct from ({}))").format(same, *listed)
    closed = sql.SQL("insert into {} ({}, _from, _run, _hash, _to) select {}, _from, _run, _hash, now() from {} t")
    connection.execute(sql.SQL("{} where not {}").format(closed.format(past, columns, columns, current), kept))
    connection.execute(sql.SQL("delete from {} t where not {}").format(current, kept))
    opened = sql.SQL("insert into {} ({}, _from, _run, _hash) select {}, _from, _run, _hash from new n")
    connection.execute(
        sql.SQL("{} where ({}) not in (select {} from {})").format(
            opened.format(current, columns, columns), keys, keys, current
        )
    )


@contextmanager
def market_cluster(home: Path | None = None) -> Iterator[Cluster]:
    """A cluster from which worlds are made quickly, in `home` or a folder of its own, as long as this lasts."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        copied(_prepared, place := home or Path(name))
        cluster = Cluster(place, "test")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


def _prepared(home: Path) -> None:
    """What every such cluster begins with."""
    cluster = Cluster(home, "test")
    cluster.start()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        make_world(cluster, Path(name), "first")
    cluster.drop_database("first")
    cluster.stop()


def make_world(cluster: Cluster, home: Path, name: str) -> World:
    """Definitions in a folder, and a database `name` of the cluster, migrated and served empty."""
    definitions = _definitions(home / "datasets")
    registry = load_all(definitions)
    if not (template := cluster.log.parent / "release_world").exists():
        made = Settings(home=home, database_url=cluster.create_database("release_world"), datasets=definitions)  # type: ignore[arg-type]
        migrate(made, registry)
        ensure_served(made, registry)
        template.write_text((home / "app.secret").read_text())
    if not (secret := home / "app.secret").exists():  # roles are the cluster's: one password for all its worlds
        secret.touch(0o600)
        secret.write_text(template.read_text())
    url = cluster.create_database(name, template="release_world")
    return World(Settings(home=home, database_url=url, datasets=definitions), registry)  # type: ignore[arg-type]


def _definitions(folder: Path) -> Path:
    shutil.copytree(DEFINITIONS, folder)
    (folder / "_vocab").symlink_to(VOCABULARIES)
    return folder
