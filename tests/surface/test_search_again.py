"""datastore_search by nobody in particular, with parameters like those before, answers as the long way does."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ckan
from lienthong.access.kept import Kept
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.ckan import kept
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import Client, World

ADDRESS = "/api/3/action/datastore_search"
VALUES: dict[str, list[Any]] = {
    "limit": [0, 1, 7, 100, "x", -1, ""],
    "fields": ["_id,firm_code,name", "name", "name,name", "no_such", ["firm_code", "name"]],
    "sort": ["_id", "_id desc", "name", "staff desc, firm_code", "no_such", "name upside"],
    "include_total": ["true", "false", "t", ""],
    "records_format": ["objects", "lists", "csv", "tsv", "xml", ""],
    "include_next_page": ["true"],
    "distinct": ["true"],
    "plain": ["false"],
}
VARIED: dict[str, list[Any]] = {
    "offset": [0, 1, 5, 58, 60, 1_000, "x", -1, "", "007", 10**12],
    "filters": [
        {"status": "active"}, {"status": ["closed", "active"]}, {"staff": {"gt": 3}}, {"_id": {"lte": 7}}, {"_id": "x"},
        {"no_such": 1}, {"name": "Công ty Hồng Hà số 3"}, [{"status": "closed"}, {"_id": [2, 3]}], {}, "", "{", "[1]",
        {"status": None}, {"$or": [{"staff": 5}, {"staff": 6}]}, {"staff": "many"}, {"status": {"like": "a"}},
    ],
    "q": ["hồng hà", '"hong ha"', "duong:*", "x", "", " ", "%", "a\0b", '{"name": "anh"}', "{", "hong+ha", "ồ" * 40],
}  # fmt: skip


@pytest.fixture(scope="module")
def ways(world: World) -> Iterator[tuple[Client, Client, list[bytes]]]:
    """The app with the short way, the same without it, and the query strings that were answered the short way."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory, answered = Directory(engine, world.settings, Sessions(b"secret")), list[bytes]()
    clients = []
    for short in (True, False):
        catalog = Catalog(world.registry, engine)
        given = Services(world.registry, world.door, catalog, directory, world.settings, kept=Kept(most=0))
        app = FastAPI(openapi_url=None)
        app.include_router(ckan.router(given))
        if short:
            given.short.update(dict.fromkeys(kept.ADDRESSES, _Watched(given.short[kept.ADDRESSES[0]], answered)))
        clients.append(Client(Lane(app, (), given.short if short else {}), world.portal))
    yield clients[0], clients[1], answered
    world.portal.call(engine.dispose)


class _Watched:
    """A short way that remembers what it has answered."""

    def __init__(self, way: Any, answered: list[bytes]) -> None:
        self._way, self._answered = way, answered

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        done, receive = await self._way(scope, receive, send)
        if done:
            self._answered.append(scope["query_string"])
        return done, receive


def same(ways: tuple[Client, Client, list[bytes]], params: dict[str, Any], address: str = ADDRESS) -> Any:
    """The answer of both ways, which is the same in all that is not this very request's."""
    own = {"etag", "ratelimit", "ratelimit-policy", "content-length"}
    short, long = (client.get(address, params=params) for client in ways[:2])
    assert short.content == long.content, params
    assert short.status_code == long.status_code
    heads = [{k: v for k, v in a.headers.items() if k not in own} for a in (short, long)]
    assert heads[0] == heads[1]
    return short


@pytest.mark.parametrize("seed", range(40))
def test_a_search_with_other_values_is_that_of_the_long_way(ways: Any, seed: int) -> None:
    chance = random.Random(seed)
    common = {n: chance.choice(VALUES[n]) for n in chance.sample(sorted(VALUES), chance.randint(0, 3))}
    for _ in range(8):
        params = {"resource_id": chance.choice(["firms"] * 9 + ["cases"]), **common}
        for name in chance.sample(sorted(VARIED), chance.randint(0, 3)):
            value = chance.choice(VARIED[name])
            params[name] = json.dumps(value) if isinstance(value, dict | list) else value
        same(ways, params)


def test_what_is_like_before_goes_the_short_way_and_nothing_else(ways: Any) -> None:
    ways[2].clear()
    for offset in (0, 3, 5):
        for filters in ('{"status": "active"}', '{"staff": {"gt": 3}}'):
            assert same(ways, {"resource_id": "firms", "offset": offset, "filters": filters}).status_code == 200
    assert len(ways[2]) == 6
    for params in ({"resource_id": "cases"}, {"resource_id": "none"}, {"resource_id": "firms", "callback": "f"},
                   {"resource_id": "firms", "offset": "x"}, {"resource_id": "firms", "q": ["a", "b"]},
                   {"resource_id": "firms", "zzz": "1"}, {"q": "hong"}):  # fmt: skip
        same(ways, params)
    assert len(ways[2]) == 6
    assert same(ways, {"resource_id": "firms"}, "/api/action/datastore_search").status_code == 200
    assert same(ways, {"resource_id": "firms"}, "/en" + ADDRESS).json()["result"]["fields"][1]["info"]["label"]
    assert len(ways[2]) == 7
