"""A durable cluster with the small world in it, a keeper in a process of its own, and ways to kill both."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from lienthong.app.install import migrate
from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import of_database
from lienthong.governance.ledger.finding import Report
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.kernel.problem import Unavailable
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.cluster import Cluster
from tests.surface.small import DATASETS, fill

KEEPER = "from lienthong.app import keeper; keeper.DUTIES = {'seal': keeper.seal}; from lienthong.app.cli import app; app(['keep'])"

FIRST = (
    "insert into platform.ledger (receipt, writer, sequence, subject, dataset, fields, purpose, surface, state) "
    "values (gen_random_uuid(), gen_random_uuid(), 1, 'first', 'cases', '{}', '', 'rest', 'current')"
)


@dataclass
class Rig:
    """The platform without its server."""

    settings: Settings
    registry: Registry
    cluster: Cluster
    keeper: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LIENTHONG_HOME": str(self.settings.home), "LIENTHONG_DATASETS": str(DATASETS)}

    def connect(self) -> psycopg.Connection:
        return owner.connect(self.settings)

    def keep(self) -> None:
        """Start the keeper, with the sealer alone."""
        log = (self.settings.home / "keeper.log").open("ab")
        self.keeper = subprocess.Popen([sys.executable, "-c", KEEPER], env=self.environment, stdout=log, stderr=log)

    def keep_working(self) -> None:
        """Start the keeper and wait until it has sealed a first entry: imports take their time."""
        self.keep()
        with self.connect() as connection:
            connection.execute(FIRST)
        self.seal_all()

    def kill_keeper(self) -> None:
        assert self.keeper and self.keeper.poll() is None, (self.settings.home / "keeper.log").read_text()[-2000:]
        self.keeper.kill()
        self.keeper.wait()
        self.keep()

    def kill_postgresql(self) -> float:
        """kill -9 of the server and of every process of it; the seconds until it answers again."""
        server = int((self.settings.home / "pg" / "data" / "postmaster.pid").read_text().split()[0])
        for pid in [server, *children(server)]:
            os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        while True:
            try:
                self.cluster.start()
                return time.monotonic() - begun
            except Unavailable:
                if time.monotonic() - begun > 60:
                    raise
                time.sleep(0.3)

    def seal_all(self, seconds: float = 60) -> None:
        """Wait until the keeper has sealed everything."""
        until = time.monotonic() + seconds
        with self.connect() as connection:
            while connection.execute("select exists (select from platform.ledger)").fetchone() != (False,):
                assert time.monotonic() < until, (self.settings.home / "keeper.log").read_text()[-2000:]
                time.sleep(0.2)

    def verify(self) -> Report:
        keys, anchors = anchors_in(anchor.places(self.settings))
        with self.connect() as connection:
            return verify(of_database(connection), keys, anchors)[0]


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


@contextmanager
def rig(home: Path) -> Iterator[Rig]:
    """A small world on disk, with fsync."""
    cluster = Cluster(home, "serve")
    cluster.start()
    made: Rig | None = None
    try:
        settings, registry = Settings(home=home), load_all(DATASETS)
        migrate(settings, registry)
        fill(settings, registry)
        made = Rig(settings, registry, cluster)
        yield made
    finally:
        if made and made.keeper:
            made.keeper.kill()
            made.keeper.wait()
        cluster.stop()
