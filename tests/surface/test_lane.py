"""The short way to the addresses asked most answers as the long way through FastAPI does."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.types import Message, Receive, Scope, Send

from lienthong import gql, rest
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.lane import Lane, hot
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, Client, World

ROWS = "/api/v1/datasets/firms/rows"
QUERY = {"query": "{ firms(first: 2) { nodes { firmCode name } } }"}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", ROWS, {}),
    ("GET", ROWS, {"params": {"status": "active", "sort": "-registered_on", "limit": "3"}}),
    ("GET", ROWS, {"params": {"no_such": "1"}}),
    ("GET", ROWS + "/F0001", {}),
    ("HEAD", ROWS + "/F0001", {}),
    ("GET", ROWS + "/F9999", {}),
    ("GET", ROWS + "/F0001", {"headers": {"If-None-Match": "*"}}),
    ("GET", ROWS + "/F0001", {"headers": {"Authorization": "Bearer wrong"}}),
    ("POST", ROWS, {"json": {}}),
    ("DELETE", ROWS + "/F0001", {}),
    ("OPTIONS", ROWS, {}),
    ("GET", ROWS + "/", {}),
    ("GET", "/api/v1/datasets/cases/rows", {}),
    ("GET", "/api/v1/datasets", {}),
    ("GET", "/api/v1/nothing", {}),
    ("POST", "/graphql", {"json": QUERY}),
    ("POST", "/graphql", {"json": {"query": "{"}}),
    ("PUT", "/graphql", {"json": QUERY}),
    ("GET", "/graphql", {"headers": {"Accept": "text/html"}}),
]


@pytest.fixture(scope="module")
def short(world: World) -> FastAPI:
    """The app of the world behind a lane."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    door = Door(world.registry, world.database)
    given = Services(world.registry, door, Catalog(world.registry, engine), directory, world.settings)
    routes = hot([rest.router(given), gql.router(given)])
    rows = ROWS.replace("firms", "{name}")
    assert {route.path for route in routes} == {rows, rows + "/{key:path}", "/graphql"}
    app: Any = Lane(world.app, routes)
    return app  # type: ignore[no-any-return]


@pytest.mark.parametrize("token", [None, ADMIN, AGENCY])
@pytest.mark.parametrize(("method", "url", "options"), ASKED)
def test_the_short_way_answers_like_the_long_one(
    world: World, short: FastAPI, token: str | None, method: str, url: str, options: dict[str, Any]
) -> None:
    long = world.client(token).request(method, url, **options)
    found = Client(short, world.portal, token).request(method, url, **options)
    assert (found.status_code, found.content) == (long.status_code, long.content)
    added = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
    ignored = {"lienthong-receipt"}
    assert {k: v for k, v in found.headers.items() if k not in ignored} == added | {
        k: v for k, v in long.headers.items() if k not in ignored
    }


def test_a_header_that_an_answer_has_is_kept(world: World) -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        own = [(b"Referrer-Policy", b"no-referrer")]
        start: Message = {"type": "http.response.start", "status": 200, "headers": own}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    given: Any = Lane(app)
    found = Client(given, world.portal).get("/")
    assert found.headers.multi_items() == [("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff")]
