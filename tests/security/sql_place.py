"""The place where SQL typed by people runs, for the tests that attack it: texts, what must not come out, how one asks."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lienthong.access.services import Services
from lienthong.access.sql import Sql, sql_of
from tests.surface.small import World, running

HERE = Path(__file__).parent
TABLE = "firms"
HOSTILE = [
    tuple(line.split("\t", 1))
    for line in (HERE / "sql_hostile.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
BENIGN = (HERE / "sql_benign.txt").read_text().splitlines()
CANARIES = ("Nguyễn Văn", "bí mật", "SCRAM-SHA", "postgres:", "/etc/passwd", "root:x")


def asked(world: World, sql: str) -> httpx.Response:
    """The answer to a query; asked again while the sandbox comes up again after a process was ended by force."""
    until = time.monotonic() + 120
    while True:
        answer = world.anonymous.post("/api/3/action/datastore_search_sql", json={"sql": sql})
        if answer.status_code != 503 or time.monotonic() > until:
            return answer
        time.sleep(0.5)


def ask(world: World, sql: str, status: int = 200) -> dict[str, Any]:
    """The result of a query, or its error."""
    answer = asked(world, sql)
    assert answer.status_code == status, f"{sql[:100]}: {answer.text[:300]}"
    return dict(answer.json()["result" if status == 200 else "error"])


@pytest.fixture(scope="session")
def sql_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: its sandbox is stopped with it."""
    with running(tmp_path_factory.mktemp("sql")) as found:
        yield found


@pytest.fixture(scope="session")
def sql_sandbox(sql_world: World) -> Sql:
    """The sandbox, started and filled."""
    assert ask(sql_world, f"select count(*) from {TABLE}")["records"] == [{"count": 60}]
    ask(sql_world, "select 1 from permits, places limit 1")
    world = sql_world
    return sql_of(Services(world.registry, world.door, None, None, world.settings))  # type: ignore[arg-type]  # found by its door
