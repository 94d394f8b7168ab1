"""Answers to SQL that are kept: over releases alone, without a clock or chance, the same when asked twice."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ckan
from lienthong.access import sql as sql_module
from lienthong.access.kept import Front
from lienthong.access.services import Services
from lienthong.access.sql import Sql, sql_of
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.ckan import steady
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, Client, World, running

TABLE, ADDRESS = "firms", "/api/3/action/datastore_search_sql"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: its sandbox is stopped with it."""
    with running(tmp_path_factory.mktemp("sql")) as found:
        yield found


@pytest.fixture(scope="module")
def sandbox(world: World) -> Sql:
    """The sandbox, started and filled."""
    sql = f"select (select count(*) from {TABLE}) + (select count(*) from places)"
    assert world.anonymous.get(ADDRESS, params={"sql": sql}).status_code == 200
    return sql_of(Services(world.registry, world.door, None, None, world.settings))  # type: ignore[arg-type]  # found by its door


@pytest.fixture
def kept(world: World, sandbox: Sql, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The surface behind a lane that keeps answers, the catalogue, and the statements that its sandbox runs."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory, catalog = Directory(engine, world.settings, Sessions(b"secret")), Catalog(world.registry, engine)
    given = Services(world.registry, world.door, catalog, directory, world.settings)
    app, ran, run = FastAPI(openapi_url=None), [], sandbox._runner.run
    app.include_router(ckan.router(given))

    async def counted(statement: str, *rest: Any) -> Any:
        ran.append(statement)
        return await run(statement, *rest)

    monkeypatch.setattr(sandbox._runner, "run", counted)
    monkeypatch.setattr(steady, "APART", 0)
    lane: Any = Lane(app, (), given.short, front=Front(given.kept, catalog))
    yield lambda token=None: Client(lane, world.portal, token), catalog, ran
    world.portal.call(engine.dispose)


def test_an_answer_over_releases_is_kept_when_it_was_the_same_twice(world: World, kept: Any) -> None:
    client, catalog, ran = kept
    for options in ({"params": {"sql": f"select count(*) n from {TABLE} f join places p using (place_code)"}},
                    {"json": {"sql": f"select max(staff) m from {TABLE} where staff < 50"}}):  # fmt: skip
        method = "GET" if "params" in options else "POST"
        found = [client().request(method, ADDRESS, **options) for _ in range(5)]
        assert found[0].status_code == 200 and {answer.content for answer in found} == {found[0].content}
        assert len(ran) == 2 and found[4].headers["etag"] == found[1].headers["etag"]
        assert client(ADMIN).request(method, ADDRESS, **options).status_code == 200 and len(ran) == 3
        ran.clear()
    snapshot = world.portal.call(catalog.current)
    state = snapshot.datasets["places"]
    later = replace(state, release=replace(state.release, id=uuid.uuid4()))
    catalog._snapshot = replace(snapshot, datasets={**snapshot.datasets, "places": later})
    catalog._looked = time.monotonic()
    client().get(ADDRESS, params={"sql": f"select count(*) n from {TABLE} f join places p using (place_code)"})
    assert len(ran) == 1  # one of its releases is not served any more
    client().post(ADDRESS, json={"sql": f"select max(staff) m from {TABLE} where staff < 50"})
    assert len(ran) == 1


@pytest.mark.parametrize("text", [
    "select now()::date d, count(*) from {t}", "select current_date, count(*) from {t}", "select count(*), 'today'::date from {t}",
    "select random() > 2 r from {t} limit 1", "select 1 one", "select age(max(registered_on)) > '1 day' from {t}",
])  # fmt: skip
def test_an_answer_with_a_clock_or_chance_is_not_kept(kept: Any, text: str) -> None:
    client, _, ran = kept
    for _ in range(4):
        assert client().get(ADDRESS, params={"sql": text.format(t=TABLE)}).status_code == 200
    assert len(ran) == 4


def test_an_answer_over_an_old_copy_is_not_kept(kept: Any, sandbox: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a large copy is made, the one before serves."""
    client, _, ran = kept

    async def as_it_is(_: Any) -> None:
        return

    monkeypatch.setattr(sandbox, "_fresh", as_it_is)
    monkeypatch.setattr(sandbox, "_copies", {name: ("old", rows) for name, (_, rows) in sandbox._copies.items()})
    for _ in range(4):
        client().get(ADDRESS, params={"sql": f"select min(staff) m from {TABLE}"})
    assert len(ran) == 4


def test_who_waits_too_long_for_a_turn_is_told_when_to_come_again(
    world: World, sandbox: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements that run beside too many others would all run out of their time."""
    monkeypatch.setattr(sql_module, "QUEUE_SECONDS", 0.2)
    turns = sandbox._turns
    others = [f"somebody else {n}" for n in range(turns._free)]
    asked = {"sql": f"select count(*) + 17 n from {TABLE}"}
    for other in others:
        world.portal.call(turns.take, other)
    try:
        refused = world.anonymous.post(ADDRESS, json=asked)
    finally:
        for other in others:
            turns.give(other)
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
    assert refused.json()["success"] is False and refused.json()["error"]["__type"] == "Service Unavailable Error"
    assert world.anonymous.post(ADDRESS, json=asked).status_code == 200
