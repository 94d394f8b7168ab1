"""Jobs: put into the queue by one process, done by another, taken up again when a worker dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lienthong.pipelines import worker
from tests.journey.ingest_world import Installation, contract, field, installed

PROGRAM = """
from lienthong.kernel.settings import settings
from lienthong.pipelines.worker import run_worker
run_worker(settings())
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("worker")) as made:
        fields = [field("code", "identifier", required=True), field("name")]
        source = {"files": [{"pattern": "things.csv", "reader": "csv"}]}
        made.define(contract("things", fields, ["code"], source))
        made.deliver("things.csv", "code,name\nA,Một\nB,Hai\n")
        yield made


@contextmanager
def working(world: Installation) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own, told to stop at the end."""
    settings = world.settings
    assert settings.database_url
    environment = {
        **os.environ,
        "LIENTHONG_HOME": str(settings.home),
        "LIENTHONG_DATABASE_URL": settings.database_url.get_secret_value(),
        "LIENTHONG_DATASETS": str(settings.datasets),
    }
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def jobs(world: Installation) -> list[tuple[Any, ...]]:
    """(task, status) of what was asked for."""
    return world.rows(
        "select task_name, status::text from jobs.procrastinate_jobs where task_name <> 'revive' order by id"
    )


def until(condition: Callable[[], bool], seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_worker_does_what_waits(world: Installation) -> None:
    sources = str(world.sources)
    first = worker.defer(world.settings, "ingest", "things", source=sources)
    assert first and worker.defer(world.settings, "ingest", "things", source=sources) is None, "it waits already"
    assert worker.defer(world.settings, "check", "things")
    assert worker.defer(world.settings, "publish", "things")
    done = [(task, "succeeded") for task in ("ingest", "check", "publish")]
    with working(world) as process:
        until(lambda: jobs(world) == done)
    assert process.returncode == 0
    assert world.rows("select code, name from governed.things order by code") == [("A", "Một"), ("B", "Hai")]
    assert world.value("select count(*) from platform.validation_result where dataset = 'things'") == 2
    assert worker.defer(world.settings, "ingest", "things", source=sources), "it may be asked for again"


def test_the_job_of_a_dead_worker_is_taken_up(world: Installation) -> None:
    world.deliver("things.csv", "code,name\nA,Một\nB,Hai\nC,Ba\n")
    with world.connect() as blocker:
        blocker.execute("select pg_advisory_lock(hashtextextended('lienthong.ingest.things', 0))")
        with working(world) as dying:
            until(lambda: jobs(world)[-1] == ("ingest", "doing"))
            os.killpg(dying.pid, signal.SIGKILL)
            assert dying.wait() == -signal.SIGKILL
    with world.connect() as connection:
        connection.execute("update jobs.procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    with working(world):
        until(lambda: jobs(world)[-1] == ("ingest", "succeeded"))
    assert world.value("select count(*) from governed.things") == 3
