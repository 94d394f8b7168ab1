"""Who hangs up before the answer has begun ends the statement; everybody else notices nothing."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.app.lane import Lane
from lienthong.store import owner
from tests.surface.small import KEEPER, Client, World

LONG, SHORT = 20, 2  # seconds
SOON = 8  # seconds: a statement that nobody ends is ended by its own limit after ten
RUNNING = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


@pytest.fixture
def slow(world: World, request: pytest.FixtureRequest) -> Iterator[None]:
    """Reading places takes long; they are open data that firms are related to."""
    seconds = getattr(request, "param", LONG)
    with owner.connect(world.settings) as connection:
        row = connection.execute("select pg_get_viewdef('open.places'::regclass)").fetchone()
        assert row
        view = row[0].rstrip("; \n")
        connection.execute(
            f"create or replace view open.places as select * from ({view}) v where (select pg_sleep({seconds})) is not null"
        )
    yield
    with owner.connect(world.settings) as connection:
        connection.execute(f"create or replace view open.places as {view}")


class Impatient:
    """A caller who hangs up after a while."""

    def __init__(self, method: str, path: str, body: bytes, headers: dict[str, str], patience: float) -> None:
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path.partition("?")[0],
            "raw_path": path.encode(), "query_string": path.partition("?")[2].encode(), "client": ("127.0.0.1", 1), "server": ("world", 80), "root_path": "",
            "headers": [(b"host", b"world"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        }  # fmt: skip
        self._messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
        self._patience = patience
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop()
        await asyncio.sleep(self._patience)
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


ASKED: list[tuple[str, str, bytes, dict[str, str]]] = [
    ("GET", "/api/v1/datasets/places/rows", b"", {}),
    ("GET", "/api/v1/datasets/places/rows/20001", b"", {}),
    ("GET", "/api/v1/datasets/places/rows.csv", b"", {}),
    ("GET", "/api/v1/datasets/firms/rows?include=place", b"", {"Authorization": f"Bearer {KEEPER}"}),
    ("POST", "/graphql", b'{"query": "{ places(first: 1) { nodes { name } } }"}', {"Content-Type": "application/json"}),
    ("POST", "/api/v1/datasets/places/lookup", b'{"keys": ["20001"]}', {"Content-Type": "application/json"}),
]


def ended(world: World, deadline: float) -> bool:
    """Is no statement left before then? Who answers the caller does not wait for the database to hear of it."""
    with owner.connect(world.settings) as connection:
        while connection.execute(RUNNING).fetchone() != (0,):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
    return time.monotonic() < deadline


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(("method", "path", "body", "headers"), ASKED, ids=[f"{m} {p}" for m, p, _, _ in ASKED])
def test_who_hangs_up_ends_the_statement(
    world: World, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    world.rows("firms", limit="1")  # what is read once for all is read
    caller, begun = Impatient(method, path, body, headers, 0.3), time.monotonic()
    app: Any = Lane(world.app)
    world.portal.call(app, caller.scope, caller.receive, caller.send)
    assert ended(world, begun + SOON) and not caller.sent
    # The connection is whole again.
    assert world.rows("firms", fields="firm_code", limit="1") == [{"firm_code": "F0000"}]


@pytest.mark.parametrize("slow", [SHORT], indirect=True)
def test_who_waits_is_answered(world: World, slow: None) -> None:
    app: Any = Lane(world.app)
    answer = Client(app, world.portal).get("/api/v1/datasets/places/rows?limit=1", timeout=60)
    assert answer.status_code == 200 and answer.json()["data"]
