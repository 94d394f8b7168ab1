"""Publishers that are killed while the served release changes, again and again: the old one or the new one, never neither."""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.formats import FORMATS
from lienthong.pipelines.release import publish
from lienthong.pipelines.release_keys import PUBLIC, keys_in
from lienthong.pipelines.release_verify import verify
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, make_world, stall

pytestmark = pytest.mark.chaos
KILLS, ROWS = 50, 40
# Serves releases 1 and 2 in turn, and withdraws and publishes others, until it is killed.
SWAPPER = """
import sys
from pathlib import Path
from pydantic import SecretStr
from lienthong.catalog.releases import Actor
from lienthong.contract.loader import load_all
from lienthong.formats import FORMATS
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import Settings
from lienthong.pipelines.release import publish
from lienthong.pipelines.release_life import Step, take
from lienthong.store import owner

home, url = sys.argv[1:]
settings = Settings(home=Path(home), database_url=SecretStr(url))
registry = load_all(Path(home) / "datasets")
contract, operator = registry.get("stalls"), Actor("operator", "operator")
print("ready", flush=True)
while True:
    publish(settings, registry, contract, force=True, formats={"csv": FORMATS["csv"]})
    with owner.connect(settings) as connection:
        rows = connection.execute("select number, state from platform.release order by number desc limit 2").fetchall()
        for (number, state), action in zip(reversed(rows), ("rollback", "withdraw")):
            try:
                take(settings, registry, connection, Step(contract, number, action, operator, {"reason": "chaos"}))
            except Problem:
                pass
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        made = Cluster(Path(name), "test")
        made.start()
        (tmp_path / "pg").symlink_to(made.log.parents[1])
        yield make_world(made, tmp_path, "chaos")
        made.stop()


def test_a_kill_during_a_swap_leaves_the_old_release_or_the_new_one(world: World) -> None:
    assert world.settings.database_url
    url = world.settings.database_url.get_secret_value()
    world.fill("stalls", [stall(n) for n in range(ROWS)])
    publish(world.settings, world.registry, world.registry.get("stalls"), formats={"csv": FORMATS["csv"]})
    over, wrong, reads = threading.Event(), list[Any](), [0]

    def read() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set role lienthong_public")
            while not over.is_set():
                row = connection.execute(
                    "select count(*), (select _release from open.stalls_release) from open.stalls"
                ).fetchone()
                reads[0] += 1
                if row is None or row[0] != ROWS:
                    wrong.append(row)

    reader = threading.Thread(target=read)
    reader.start()
    chance = random.Random(7)
    for _ in range(KILLS):
        command = [sys.executable, "-c", SWAPPER, str(world.settings.home), url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline() == "ready\n"
        time.sleep(chance.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        served, told = world.query(
            "select (select _release from open.stalls_release), "
            "(select array_agg(number) from platform.release where state = 'published')"
        )[0]
        assert told == [served]
    over.set()
    reader.join()
    assert (wrong, reads[0] > KILLS) == ([], True)
    final = publish(world.settings, world.registry, world.registry.get("stalls"), force=True)
    keys = keys_in(world.settings.home / "keys" / PUBLIC)
    assert verify(world.settings.home / "releases" / "stalls" / str(final.number), keys).ok
    left = {p.name for p in (world.settings.home / "releases" / "stalls").iterdir()}
    known = world.query("select number::text from platform.release where state in ('published', 'superseded')")
    assert left <= {number for (number,) in known}
