"""A write is done once, whatever dies while it is done."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journey.ingest_world import Installation
from tests.journey.test_ingest_worker import until
from tests.journey.writes_world import READER, ROWS, WRITER, caller, finished, working, writable
from tests.surface.small import World, serving

Program = Callable[[uuid.UUID, str | None], int]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with writable(tmp_path_factory.mktemp("killed")) as made:
        yield made


@pytest.fixture(scope="module")
def api(world: Installation) -> Iterator[World]:
    with serving(world.settings, world.registry) as made:
        yield made


@pytest.fixture(scope="module")
def program(world: Installation) -> Iterator[Program]:
    """Does a write in a child that dies at a point, if one is given; its exit status."""
    assert world.settings.database_url
    url = world.settings.database_url.get_secret_value()
    command = [sys.executable, "-m", "tests.journey.writes_killed", world.settings.home, url, world.settings.datasets]
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout

    def run(number: uuid.UUID, point: str | None) -> int:
        process.stdin.write(json.dumps({"run": str(number), "point": point}) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait(30)


@pytest.mark.parametrize("point", ["landed", "staged", "judged", "settled", "merged"])
def test_a_write_whose_worker_dies_is_done_once(world: Installation, api: World, program: Program, point: str) -> None:
    """As a kill -9 at each point: the connection goes, and nothing is cleaned up."""
    code = f"Z-{point}"
    asked = caller(api, WRITER).request("PUT", f"{ROWS}/{code}", json={"name": "Một lần"})
    number = uuid.UUID(asked.json()["run"])
    assert program(number, point) == -signal.SIGKILL
    world.deliver("things.csv", f"code,name\nB,{point}\n")
    assert world.ingest("things").state == "refused", "two rows at least: a delivery between the two clears up"
    assert [program(number, None) for _ in range(2)] == [0, 0]
    run = caller(api, READER).get(asked.headers["location"]).json()
    assert (run["state"], run["counts"]["inserted"]) == ("done", 1), run
    assert world.value("select count(*) from platform.outbox where dataset = 'things' and key = %s", code) == 1
    assert not world.rows("select relname from pg_class where relnamespace = 'staging'::regnamespace")


def test_a_killed_worker_s_write_is_taken_up_by_the_next(world: Installation, api: World) -> None:
    with world.connect() as blocker:
        blocker.execute("select pg_advisory_lock(hashtextextended('lienthong.ingest.papers', 0))")
        asked = caller(api, WRITER).request("PUT", "/api/v1/datasets/papers/rows/A", json={"name": "Giấy"})
        with working(world) as first:
            until(lambda: doing(world) == 1)
            os.killpg(first.pid, signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
    with working(world):
        assert finished(caller(api, WRITER), asked).json()["state"] == "done"
    assert world.value("select count(*) from platform.outbox where dataset = 'papers'") == 1


def doing(world: Installation) -> int:
    """How many writes a worker has begun with."""
    if world.value("select to_regclass('jobs.procrastinate_jobs')") is None:
        return 0
    query = "select count(*) from jobs.procrastinate_jobs where task_name = 'write' and status = 'doing'"
    return int(world.value(query))
