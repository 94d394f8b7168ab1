"""A ledger in a cluster of its own, written to as the platform writes; and an attacker who owns the database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from lienthong.app.install import migrate
from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import of_database
from lienthong.governance.ledger.finding import Report
from lienthong.governance.ledger.note import PUBLIC, public_keys
from lienthong.governance.ledger.seal import seal
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.cluster import Cluster
from tests.copies import copied

WORLD = Path(__file__).parents[1] / "surface" / "world"
SEALED = ("ledger_log", "ledger_checkpoint", "ledger_tile", "ledger")
INSERT = (
    "insert into platform.ledger (receipt, writer, sequence, subject, role, agency, dataset, fields, condition, keys,"
    " rows, purpose, agreement, surface, state, context) values (gen_random_uuid(), %s, %s, 'tax', null, 'tax', %s,"
    """ '{case_code,days}', '{"days": {"gte": 1.50}}', '{3,5,8}', 3, 'statistics', 'A-1', 'rest', 'current', """
    """ '{"X-Road-Client": "VN/GOV/Thuế"}')"""
)


@dataclass
class Book:
    """The ledger, its owner's connection, its anchors."""

    settings: Settings
    registry: Registry
    connection: psycopg.Connection
    sequences: dict[uuid.UUID, int] = field(default_factory=dict)

    def write(self, count: int, writer: uuid.UUID | None = None, dataset: str = "cases") -> uuid.UUID:
        """Entries of one writer, as its connection would number them."""
        writer = writer or uuid.uuid4()
        first = self.sequences.get(writer, 0) + 1
        with self.connection.cursor() as cursor:
            cursor.executemany(INSERT, [(writer, n, dataset) for n in range(first, first + count)])
        self.sequences[writer] = first + count - 1
        return writer

    def seal(self) -> int:
        """One step of the keeper."""
        return seal(self.settings, self.registry, self.connection)

    @property
    def places(self) -> list[Path]:
        """The anchors."""
        return anchor.places(self.settings)

    def verify(self, *, anchored: bool = True) -> Report:
        """Verify the live ledger, with its anchors or without."""
        keys, anchors = anchors_in(self.places) if anchored else ([], [])
        keys = keys or public_keys([self.settings.home / "keys" / PUBLIC])
        return verify(of_database(self.connection), keys, anchors)[0]

    def ask(self, query: str, *values: Any) -> Any:
        """The one value of a query."""
        row = self.connection.execute(query.encode(), values or None).fetchone()
        return row[0] if row else None

    @contextmanager
    def attacked(self) -> Iterator[None]:
        """The owner's connection with every trigger off; afterwards tables and anchors are as they were."""
        sequences = dict(self.sequences)
        anchors = {path: path.read_bytes() for place in self.places if place.exists() for path in place.iterdir()}
        for name in SEALED:
            self.connection.execute(f"create temp table kept_{name} as table platform.{name}".encode())
        self.connection.execute("set session_replication_role = replica")
        try:
            yield
        finally:
            for name in SEALED:
                self.connection.execute(f"delete from platform.{name}".encode())
                self.connection.execute(
                    f"insert into platform.{name} overriding system value select * from kept_{name}".encode()
                )
                self.connection.execute(f"drop table kept_{name}".encode())
            self.connection.execute("set session_replication_role = origin")
            self.sequences = sequences
            for path, content in anchors.items():
                path.write_bytes(content)


@contextmanager
def book(home: Path, **settings: Any) -> Iterator[Book]:
    """An empty ledger."""
    copied(_empty, home)
    cluster, registry = Cluster(home, "test"), load_all(WORLD)
    given = Settings(home=home, database_url=cluster.start(), **settings)  # type: ignore[arg-type]
    try:
        with owner.connect(given) as connection:
            yield Book(given, registry, connection)
    finally:
        cluster.stop()


def _empty(home: Path) -> None:
    """What every book begins with."""
    cluster = Cluster(home, "test")
    try:
        migrate(Settings(home=home, database_url=cluster.start()), load_all(WORLD))  # type: ignore[arg-type]
    finally:
        cluster.stop()
