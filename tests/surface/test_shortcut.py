"""Kept answers given out by the server itself: the same as those of the app, to the same callers, and to nobody else."""

import asyncio
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from granian import _futures
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.types import Receive, Scope, Send

from lienthong import rest
from lienthong.access.kept import Front
from lienthong.access.services import Services
from lienthong.app import shortcut
from lienthong.app.lane import Lane, hot
from lienthong.catalog.snapshot import Catalog
from lienthong.catalog.usage import Usage
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.served import running
from tests.surface.small import World

ROWS = "/api/v1/datasets/firms/rows"


class Site:
    """A server whose app tells what reached it."""

    def __init__(self, world: World, given: Services) -> None:
        self.reached: list[tuple[str, bytes]] = []
        self.given = given
        self.given.kept.usage = Usage()
        router = rest.router(given)
        front = Front(given.kept, given.catalog)
        self._lane = Lane(world.app, hot([router]), given.short, front=front)
        shortcut.install(front)
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request that the server could not answer."""
        self.reached.append((scope["method"], scope["raw_path"] + b"?" + scope["query_string"]))
        await self._lane(scope, receive, send)

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """The answer, and nothing of it packed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Accept-Encoding": "identity"}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=named)

    @property
    def counted(self) -> int:
        """How many calls were counted."""
        assert self.given.kept.usage
        return sum(self.given.kept.usage._counts.values())


@pytest.fixture
def site(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(_futures, shortcut.PLACE, getattr(_futures, shortcut.PLACE))  # put back at the end
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    catalog = Catalog(world.registry, engine)
    found = Site(world, Services(world.registry, world.door, catalog, directory, world.settings))
    with running(world, found) as found.port:
        world.portal.call(catalog.current)
        yield found
    world.portal.call(engine.dispose)


def fresh(site: Site) -> None:
    """The catalogue has been looked at just now, however busy the machine is."""
    site.given.catalog._looked = time.monotonic() + 3600


def test_what_is_kept_never_reaches_the_app(site: Site) -> None:
    first = site.ask(ROWS + "?limit=2")
    assert first.status_code == 200 and len(site.reached) == 1
    for number in range(1, 4):
        fresh(site)
        again = site.ask(ROWS + "?limit=2")
        assert again.content == first.content and site.counted == number
        assert {**again.headers, "date": ""} == {**first.headers, "date": ""}
    fresh(site)
    same = site.ask(ROWS + "?limit=2", If_None_Match=first.headers["etag"])
    assert (same.status_code, same.content) == (304, b"") and same.headers["etag"] == first.headers["etag"]
    assert len(site.reached) == 1


@pytest.mark.parametrize(
    "shown",
    [{"Authorization": "Bearer wrong"}, {"Cookie": "a=é"}, {"Lienthong_Purpose": "x"}, {"Range": "bytes=0-1"},
     {"Accept": "text/csv"}],
)  # fmt: skip
def test_who_shows_anything_goes_the_long_way(site: Site, shown: dict[str, str]) -> None:
    site.ask(ROWS + "?limit=2")
    fresh(site)
    site.ask(ROWS + "?limit=2", **{name: value.encode() for name, value in shown.items()})  # type: ignore[arg-type]
    assert len(site.reached) == 2


def test_other_methods_go_the_long_way(site: Site) -> None:
    first = site.ask(ROWS + "?limit=2")
    fresh(site)
    head = site.ask(ROWS + "?limit=2", "HEAD")
    assert head.status_code == 200 and head.content == b"" and head.headers["etag"] == first.headers["etag"]
    assert site.ask(ROWS + "?limit=2", "DELETE").status_code == 405
    assert [method for method, _ in site.reached] == ["GET", "HEAD", "DELETE"]


def test_an_address_is_its_bytes(site: Site) -> None:
    """What is written differently is asked for differently, also when it means the same."""
    asked = [f"{ROWS}?limit=2", f"{ROWS}?limit=%32", f"{ROWS}%3Flimit=2", "/api/v1/datasets/f%69rms/rows?limit=2",
             "/api/v1/datasets%2Ffirms/rows?limit=2", f"{ROWS}?limit=2&", f"{ROWS}?limit=3"]  # fmt: skip
    for _ in range(2):
        for path in asked:
            fresh(site)
            answered(site, path)
    ways = [way for _, way in site.reached]
    assert set(ways[: len(asked)]) == {p.encode() if "?" in p else p.encode() + b"?" for p in asked}
    # Only what the app has answered with rows is given out the second time.
    assert ways[len(asked) :] == [w for w, p in zip(ways, asked, strict=False) if answered(site, p) != 200]


def answered(site: Site, path: str) -> int:
    """The status, of the very bytes of the address."""
    with socket.create_connection(("127.0.0.1", site.port), 60) as caller:
        caller.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        return int(caller.recv(65536)[9:12])


def test_another_release_is_read_anew(site: Site) -> None:
    site.ask(ROWS + "?limit=2")
    catalog = site.given.catalog
    snapshot = catalog._snapshot
    assert snapshot and (state := snapshot.datasets["firms"]).release
    later = replace(state, release=replace(state.release, id=uuid.uuid4()))
    catalog._snapshot = replace(snapshot, datasets={**snapshot.datasets, "firms": later})
    fresh(site)
    assert site.ask(ROWS + "?limit=2").status_code == 200 and len(site.reached) == 2


def test_callers_in_a_hurry(site: Site) -> None:
    """Requests behind each other on one connection, and callers who have left before they are answered."""
    site.ask(ROWS + "?limit=2")
    fresh(site)
    asked = f"GET {ROWS}?limit=2 HTTP/1.1\r\nHost: here\r\n\r\n".encode()
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", site.port), 60) as caller:
            caller.sendall(asked * 3)
    with socket.create_connection(("127.0.0.1", site.port), 60) as caller:
        caller.sendall(asked * 5 + asked.replace(b"Host", b"Connection: close\r\nHost"))
        found = b""
        while piece := caller.recv(65536):
            found += piece
    assert found.count(b"HTTP/1.1 200") == 6


class Watcher:
    """What the server gives, of a request whose caller has gone."""

    def __init__(self, scope: Any) -> None:
        self.scope, self.proto, self.failed = scope, self, False

    def send(self, _: Any) -> None:
        raise RuntimeError("the caller has gone")

    def err(self, _: BaseException) -> None:
        self.failed = True


def test_what_cannot_be_sent_is_told_to_the_server(site: Site) -> None:
    site.ask(ROWS + "?limit=2")
    fresh(site)
    later: list[Any] = []
    schedule = shortcut.before(Front(site.given.kept, site.given.catalog), later.append)
    raw = {"raw_path": ROWS.encode(), "query_string": b"limit=2", "headers": []}
    gone, odd = Watcher({"type": "http", "method": "GET", **raw}), Watcher({})
    schedule(gone)
    schedule(odd)
    assert gone.failed and later == [odd]


def test_granian_has_the_place() -> None:
    loop = asyncio.new_event_loop()
    try:
        assert callable(getattr(_futures, shortcut.PLACE)(loop, None, lambda watcher: None))
    finally:
        loop.close()
