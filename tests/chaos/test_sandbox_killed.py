"""D10: a server process of the sandbox is killed while people ask: the sandbox comes back, nobody else notices."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from lienthong.store.sandbox import Place
from lienthong.store.sandbox_rights import READER
from tests.surface.small import World, running

pytestmark = pytest.mark.chaos
ROUNDS, READS = 4, 25
PAUSE = 0.02  # seconds
PATIENCE = 300  # seconds: the machine may be busy with others


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def ask(world: World, sql: str) -> int:
    """The status of a query in the sandbox."""
    return world.anonymous.post("/api/3/action/datastore_search_sql", json={"sql": sql}).status_code


def test_a_killed_process_of_the_sandbox_is_nobody_elses(world: World) -> None:
    assert ask(world, "select count(*) from firms") == 200
    place = Place(world.settings.home)
    answers: list[int] = []

    def reading(back: threading.Event) -> None:
        """Somebody who reads rows of the main cluster until the sandbox is back, each time others."""
        number = 0
        while number < READS or not back.is_set():
            number += 1
            params = {"resource_id": "firms", "filters": {"staff": {"gt": number % 60}}, "offset": number}
            answers.append(world.anonymous.post("/api/3/action/datastore_search", json=params).status_code)
            time.sleep(PAUSE)

    for _ in range(ROUNDS):
        back = threading.Event()
        with ThreadPoolExecutor(3) as pool:
            reader = pool.submit(reading, back)
            slow = pool.submit(
                ask, world, "select count(*) from firms a, firms b, firms c, firms d where a.staff < b.staff"
            )
            try:
                _kill(place)
                _until(lambda: ask(world, "select 1 a") == 200, "the sandbox does not come back")
            finally:
                back.set()
            reader.result()
            assert slow.result() in (200, 409, 503)
        assert ask(world, "select count(*) from firms") == 200
    assert len(answers) >= ROUNDS * READS and set(answers) == {200}


def _kill(place: Place) -> None:
    """The first process of the sandbox that serves a reader."""
    with psycopg.connect(place.owner_url, autocommit=True) as connection:

        def killed() -> bool:
            found = connection.execute(
                "select pid from pg_stat_activity where usename = %s limit 1", (READER,)
            ).fetchone()
            if found:
                os.kill(found[0], signal.SIGKILL)
            return bool(found)

        _until(killed, "nobody is served by the sandbox")


def _until(happened: Callable[[], bool], otherwise: str) -> None:
    """Wait for it: only what never happens is a failure."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, otherwise
        time.sleep(PAUSE)
