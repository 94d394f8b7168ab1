"""kill -9 at every point of a run, and at any time: the next run ends in the state of an undisturbed one."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lienthong.pipelines.ingest import POINTS
from tests.journey.ingest_world import Installation, contract, field, installed

COMMITTED = ("merged", "ended")
ROWS = 40
Kill = Callable[..., int]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("killed")) as made:
        made.define(stalls("calm"), stalls("killed"))
        yield made


@pytest.fixture(scope="module")
def kill(world: Installation) -> Iterator[Kill]:
    """Ingests in a process that dies; answers with its exit code."""
    settings = world.settings
    assert settings.database_url
    url = settings.database_url.get_secret_value()
    program = Path(__file__).with_name("ingest_killed.py")
    command = [sys.executable, str(program), str(settings.home), url, str(settings.datasets), str(world.sources)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout

        def order(**given: Any) -> int:
            print(json.dumps(given), file=process.stdin, flush=True)
            return int(process.stdout.readline())  # type: ignore[union-attr]

        yield order
        process.stdin.close()


def stalls(id: str) -> dict[str, Any]:
    fields = [
        field("code", "identifier", required=True),
        field("name", search=True),
        field("area", "integer"),
        field("place", "point"),
    ]
    source = {"files": [{"pattern": f"{id}.csv", "reader": "csv"}], "columns": {"place": {"from": ["lon", "lat"]}}}
    return contract(id, fields, ["code"], source)


def version(number: int) -> str:
    """Version 0, 1, 2 ... of the source: each has rows that are new, changed, gone, repeated and bad."""
    lines = ["code,name,area,lon,lat"]
    for n in range(number, number + ROWS):
        changed = number if n % 7 == number % 7 else 0
        lines.append(f"S{n:03},Quầy {n} lần {changed},{n},{105 + n / 100},21.5")
    lines += [lines[1], f"S{number + 1:03},Quầy khác,1,,", f"S{number + 2:03},Quầy hỏng,một,x,y", ",,,,"]
    return "\n".join(lines) + "\n"


def deliver(world: Installation, number: int) -> None:
    for id in ("calm", "killed"):
        world.deliver(f"{id}.csv", version(number))


def check_same(world: Installation) -> None:
    """Both worlds hold the same, and nothing is left lying about."""
    here, there = world.state("killed"), world.state("calm")
    assert here.replace("killed.csv", "calm.csv") == there
    assert not world.rows("select relname from pg_class where relnamespace = 'staging'::regnamespace")
    assert not list((world.settings.home / "work").iterdir())
    assert world.value("select count(*) from platform.run where state = 'running'") == 0


def test_a_death_at_any_point_leaves_no_trace(world: Installation, kill: Kill) -> None:
    deliver(world, 0)
    assert world.ingest("calm").state == world.ingest("killed").state == "done"
    check_same(world)
    for number, point in enumerate(POINTS, 1):
        deliver(world, number)
        before = world.state("killed")
        assert kill(dataset="killed", point=point) == -signal.SIGKILL, point
        calm = world.ingest("calm")
        assert {"updated", "closed", "inserted", "quarantined", "repeated"} <= {k for k, v in calm.counts.items() if v}
        if point in COMMITTED:
            assert world.state("killed").replace("killed.csv", "calm.csv") == world.state("calm"), point
        else:
            assert world.state("killed") == before, f"{point}: nothing half-done is to be seen"
        again = world.ingest("killed")
        assert again.state == ("unchanged" if point in COMMITTED else "done"), point
        check_same(world)
    died = world.rows("select problem->>'slug' from platform.run where dataset = 'killed' and state = 'failed'")
    assert died == [("interrupted",)] * (len(POINTS) - len(COMMITTED))


@pytest.mark.parametrize("after", [0.15, 0.4, 0.9])
def test_a_death_at_any_time_leaves_no_trace(world: Installation, kill: Kill, after: float) -> None:
    deliver(world, 100 + int(after * 10))
    for id in ("calm", "killed"):
        world.ingest(id, force=True)  # the shift closes everything: start both from the same rows
    deliver(world, 101 + int(after * 10))
    kill(dataset="killed", after=after)
    assert world.ingest("calm").state == "done"
    assert world.ingest("killed").state in ("done", "unchanged")
    check_same(world)
