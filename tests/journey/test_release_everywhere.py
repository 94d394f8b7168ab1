"""A rollback and a withdrawal reach every answer of every server process within a minute."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

import httpx
import pytest

from lienthong.catalog.releases import Actor
from lienthong.formats import FORMATS
from lienthong.pipelines.release import publish
from lienthong.pipelines.release_life import Step, take
from tests.conftest import free_port
from tests.journey.release_world import World, make_world, market_cluster, stall

WITHIN = 60.0  # seconds
FEW = {name: FORMATS[name] for name in ("csv", "jsonl")}
_SQL = quote('select max(staff) as staff from "stalls"')
_BOX = "bbox=105,21,107,22&limit=1000"
# What is served: an address, and how its answer tells of release 1 (nobody works there) and of release 2 (nine do).
SERVED = {
    "/api/v1/datasets/stalls/rows?fields=staff": r'"staff":\s*(\d)',
    "/api/v1/datasets/stalls/rows/S00001": r'"staff":\s*(\d)',
    "/api/v1/datasets/stalls/rows.csv?fields=code,staff": r'"S00001",(\d)',
    "/api/v1/datasets/stalls/rows.geojson?fields=staff": r'"staff":\s*(\d)',
    "/api/3/action/datastore_search?resource_id=stalls&fields=staff": r'"staff":\s*(\d)',
    f"/api/3/action/datastore_search_sql?sql={_SQL}": r'"records":\s*\[\{\s*"staff":\s*"?(\d)',
    "/datastore/dump/stalls?fields=staff": r"staff\s+(\d)",
    f"/ogc/collections/stalls/items?{_BOX}": r'"staff":\s*(\d)',
    "/ogc/collections/stalls/items/S00001": r'"staff":\s*(\d)',
    "/ogc/collections/stalls/items?limit=20000": r'"staff":\s*(\d)',
    "/datasets/stalls/latest/stalls.csv": r",([09]),2020-",
}
# What tells of releases, or holds the numbered one: whatever it says, it says that release 2 was withdrawn or nothing.
TOLD = (
    "/api/v1/datasets/stalls",
    "/api/v1/datasets/stalls/releases",
    "/api/3/action/package_show?id=stalls",
    "/datasets/stalls",
    "/datasets/stalls.jsonld",
    "/catalog.jsonld",
)
_FILE = "releases/2/stalls.csv"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with market_cluster() as cluster:
        yield make_world(cluster, cluster.log.parents[2], "everywhere")


@contextmanager
def server(world: World) -> Iterator[httpx.Client]:
    """`lienthong serve`, a process of its own."""
    assert world.settings.database_url
    port = free_port()
    told = {
        "HOME": world.settings.home, "DATABASE_URL": world.settings.database_url.get_secret_value(),
        "DATASETS": world.settings.datasets, "PORT": port, "BUDGET_ANONYMOUS": 0,
    }  # fmt: skip
    env = os.environ | {f"LIENTHONG_{key}": str(value) for key, value in told.items()}
    with (world.settings.home / f"serve-{port}.log").open("wb") as log:
        command = [sys.executable, "-m", "lienthong.app.cli", "serve"]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300, follow_redirects=True) as client:
                until(lambda: _alive(client), 300)
                yield client
        finally:
            process.terminate()
            process.wait(120)


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def until(true: Callable[[], bool], seconds: float) -> float:
    """Seconds until it is true."""
    begun, late = time.monotonic(), False
    while not true():
        assert not late
        time.sleep(0.1)
        late = time.monotonic() - begun > seconds  # it is looked at once more, however long that takes
    return time.monotonic() - begun


def seen(client: httpx.Client, path: str) -> str:
    """The number of people that an answer tells, or its status."""
    answer = client.get(path)
    found = re.search(SERVED[path], answer.text)
    return found[1] if found else str(answer.status_code)


def released(world: World, staff: int) -> None:
    world.fill("stalls", [stall(n, staff=staff) for n in range(50)])
    report = publish(world.settings, world.registry, world.registry.get("stalls"), formats=FEW)
    assert report.state == "published", report.problem


def step(world: World, number: int, action: str) -> None:
    given = Step(world.registry.get("stalls"), number, action, Actor("mai", "steward"), {"reason": "Sai số liệu"})  # type: ignore[arg-type]
    with world.connect() as connection:
        take(world.settings, world.registry, connection, given)


def reached(clients: list[httpx.Client], wanted: str) -> dict[str, float]:
    """Seconds until every server answers so, at each address; each has been asked, so that answers are kept."""
    begun, took = time.monotonic(), {}
    waiting = [(client, path) for client in clients for path in SERVED]
    while waiting:
        late = time.monotonic() - begun > WITHIN  # whoever asks from now on must be answered so
        waiting = [(client, path) for client, path in waiting if seen(client, path) != wanted]
        took |= {path: round(time.monotonic() - begun, 1) for path in SERVED if path not in {p for _, p in waiting}}
        assert not (late and waiting), (wanted, [(path, seen(client, path)) for client, path in waiting])
    return took


def cached_seconds(answer: httpx.Response) -> int:
    found = re.search(r"max-age=(\d+)", answer.headers.get("cache-control", ""))
    return int(found[1]) if found else 0


def test_every_process_answers_anew_within_a_minute(world: World) -> None:
    released(world, 0)
    with ExitStack() as stack:
        clients = [stack.enter_context(server(world)) for _ in range(2)]
        for _ in range(2):
            assert set(reached(clients, "0").values()) and clients
        released(world, 9)
        took = {"release": reached(clients, "9")}
        for client in clients:  # everything is kept by now
            assert all(seen(client, path) == "9" for path in SERVED)
            assert client.get(f"/datasets/stalls/{_FILE}").status_code == 200
            # Nor does anybody between here and the reader keep for longer what has no release in its address.
            kept = {path: cached_seconds(client.get(path)) for path in (*SERVED, *TOLD)}
            assert max(kept.values()) <= WITHIN, kept
            assert len([path for path in TOLD if _FILE in client.get(path).text]) >= 3
        step(world, 1, "rollback")
        took["rollback"] = reached(clients, "0")
        step(world, 2, "withdraw")
        begun = time.monotonic()
        for client in clients:
            until(lambda client=client: client.get(f"/datasets/stalls/{_FILE}").status_code == 410, WITHIN)  # type: ignore[misc]
            until(lambda client=client: all(_FILE not in client.get(path).text for path in TOLD), WITHIN)  # type: ignore[misc]
        took["withdrawal of 2"] = {"told everywhere": round(time.monotonic() - begun, 1)}
        step(world, 1, "withdraw")  # nothing is left to serve
        begun = time.monotonic()
        for client in clients:
            until(lambda client=client: not _rows(client), WITHIN)  # type: ignore[misc]
        took["withdrawal of 1"] = {"no rows anywhere": round(time.monotonic() - begun, 1)}
    print(json.dumps({name: max(times.values()) for name, times in took.items()}))


def _rows(client: httpx.Client) -> list[str]:
    """The addresses that still give rows."""
    return [path for path in SERVED if re.fullmatch(r"[09]", seen(client, path))]
