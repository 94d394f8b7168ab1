"""Readers during a swap, publishers that are killed, publishers at the same time."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.formats import FORMATS
from lienthong.pipelines.release import publish
from lienthong.pipelines.release_keys import PUBLIC, keys_in
from lienthong.pipelines.release_verify import verify
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, make_world, market_cluster, stall

SWAPS, READERS, ROWS = 12, 4, 100
# A publisher that ends itself, as the power does, at the step that is named.
PUBLISHER = """
import os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from lienthong.contract.loader import load_all
from lienthong.kernel.settings import Settings
from lienthong.pipelines.release import publish

home, url, step = sys.argv[1:]
settings = Settings(home=Path(home), database_url=SecretStr(url))

def progress(task, done, total, text):
    if text == step:
        os.kill(os.getpid(), signal.SIGKILL)

registry = load_all(Path(home) / "datasets")
print(publish(settings, registry, registry.get("stalls"), progress=progress).state)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with market_cluster() as made:
        yield made


@pytest.fixture
def world(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    name = "".join(c if c.isalnum() else "_" for c in request.node.name)[:60]
    (tmp_path / "pg").symlink_to(cluster.log.parents[1])
    yield make_world(cluster, tmp_path, name)
    cluster.drop_database(name)


def url(world: World) -> str:
    assert world.settings.database_url
    return world.settings.database_url.get_secret_value()


def start(world: World, step: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUBLISHER, str(world.settings.home), url(world), step]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sound(world: World, number: int) -> bool:
    """Is every file of a release as its signed manifest says, nothing missing and nothing besides?"""
    keys = keys_in(world.settings.home / "keys" / PUBLIC)
    return verify(world.settings.home / "releases" / "stalls" / str(number), keys).ok


def state(world: World) -> tuple[Any, ...]:
    """All that a publication leaves: rows, catalogue, tables, files."""
    folder = world.settings.home / "releases" / "stalls"
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} if folder.exists() else set()
    return (
        world.query("select count(*) from open.stalls"),
        world.query("select number, state, rows from platform.release order by 1"),
        world.query("select format, size::int > 0 from platform.distribution order by 1"),
        world.query(
            "select relname from pg_class where relname ~ '^stalls_[0-9]+(_history|_changes)?$' and relkind = 'r' order by 1"
        ),
        sorted(files),
    )


def test_a_reader_sees_one_release_or_the_other(world: World) -> None:
    csv_only = {"csv": FORMATS["csv"]}
    contract = world.registry.get("stalls")
    world.fill("stalls", [stall(n, staff=0) for n in range(ROWS)])
    publish(world.settings, world.registry, contract, formats=csv_only)
    over, seen, wrong = threading.Event(), set(), []

    def read() -> int:
        count = 0
        with psycopg.connect(url(world), autocommit=True, prepare_threshold=2) as connection:
            connection.execute("set role lienthong_public")
            while not over.is_set():
                row = connection.execute(
                    "select count(*), min(staff), max(staff), (select count(*) from open.stalls_history) "
                    "from open.stalls"
                ).fetchone()
                assert row is not None
                count += 1
                seen.add(row[1])
                # each release changed every row once: its history has all rows of all releases before
                if row[0] != ROWS or row[1] != row[2] or row[3] != ROWS * row[1]:
                    wrong.append(row)
        return count

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        try:
            for number in range(1, SWAPS + 1):
                world.fill("stalls", [stall(n, staff=number) for n in range(ROWS)])
                report = publish(world.settings, world.registry, contract, formats=csv_only)
                assert report.state == "published"
            deadline = time.monotonic() + 60
            while SWAPS not in seen and time.monotonic() < deadline:
                time.sleep(0.01)  # each reads in its own time
        finally:
            over.set()
        reads = sum(reader.result() for reader in readers)
    assert wrong == []
    assert SWAPS in seen and len(seen) > SWAPS / 2
    assert reads > SWAPS * READERS


@pytest.mark.parametrize("step", ["disclosure check", "files", "serve"])
def test_a_killed_publisher_is_finished_by_the_next(world: World, step: str) -> None:
    world.fill("stalls", [stall(n) for n in range(20)])
    killed = start(world, step)
    assert killed.wait(300) == -signal.SIGKILL
    assert world.query("select count(*) from open.stalls") == [(0,)]
    assert world.query("select count(*) from platform.release") == [(0,)]
    after = start(world, "never")
    assert after.communicate(timeout=300)[0].strip() == "published"
    views, releases, files, tables, names = state(world)
    assert views == [(20,)]
    assert releases == [(1, "published", 20)]
    assert {f for f, filled in files if filled} >= {"csv", "geojson", "jsonl", "parquet", "xlsx"}
    assert tables == [("stalls_1",), ("stalls_1_changes",), ("stalls_1_history",)]
    assert {str(name).partition("/")[0] for name in names} == {"1"}
    assert sound(world, 1)


def test_killed_between_the_files_and_the_commit(world: World) -> None:
    """The files are in their place already, the views are not: a long reader holds them."""
    world.fill("stalls", [stall(n) for n in range(20)])
    publish(world.settings, world.registry, world.registry.get("stalls"))
    world.fill("stalls", [stall(n) for n in range(30)])
    second = world.settings.home / "releases" / "stalls" / "2"
    with world.connect() as reader, reader.transaction():
        reader.execute("select count(*) from open.stalls")
        publisher = start(world, "never")
        deadline = time.monotonic() + 300
        while not second.exists():
            assert time.monotonic() < deadline
            assert publisher.poll() is None
            time.sleep(0.02)
        os.kill(publisher.pid, signal.SIGKILL)
        publisher.wait()
    assert world.query("select number, state from platform.release") == [(1, "published")]
    assert world.query("select count(*) from open.stalls") == [(20,)]
    assert start(world, "never").communicate(timeout=300)[0].strip() == "published"
    views, releases, _, tables, names = state(world)
    assert (views, releases) == ([(30,)], [(1, "superseded", 20), (2, "published", 30)])
    kept = [f"stalls_{n}{suffix}" for n in (1, 2) for suffix in ("", "_changes", "_history")]
    assert [name for (name,) in tables] == kept
    assert {str(name).partition("/")[0] for name in names} == {"1", "2"}
    assert sound(world, 1) and sound(world, 2)
    assert json.loads((second / "manifest.json").read_bytes())["rows"] == 30


def test_two_publishers_make_one_release(world: World) -> None:
    world.fill("stalls", [stall(n) for n in range(20)])
    publishers = [start(world, "never") for _ in range(3)]
    states = sorted(p.communicate(timeout=300)[0].strip() for p in publishers)
    assert states == ["published", "unchanged", "unchanged"]
    assert world.query("select number, state from platform.release") == [(1, "published")]
