"""datastore_search on open releases, asked again: the same bytes while the release is the same, deep pages, one count."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ckan
from lienthong.access.kept import BESIDE, Front, Kept
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog, ReleaseInfo
from lienthong.ckan import datastore
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, FIRMS, Client, World

ADDRESS = "/api/3/action/datastore_search"
PARAMS = {"resource_id": "firms", "q": "hồng hà", "limit": 7}


class Way:
    """The app of the world behind its lane, and the answers that it keeps."""

    def __init__(self, world: World, given: Services) -> None:
        app = FastAPI(openapi_url=None)
        app.include_router(ckan.router(given))
        self.lane: Any = Lane(app, (), given.short, front=Front(given.kept, given.catalog))
        self.world, self.kept, self.catalog = world, given.kept, given.catalog

    def client(self, token: str | None = None) -> Client:
        return Client(self.lane, self.world.portal, token)

    @property
    def statements(self) -> list[str]:
        return [s.sql for s in self.world.database.statements]


@pytest.fixture
def way(world: World) -> Iterator[Way]:
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    yield Way(world, Services(world.registry, world.door, Catalog(world.registry, engine), directory, world.settings))
    world.portal.call(engine.dispose)


def test_the_same_question_gets_the_same_bytes_and_reads_no_row(way: Way) -> None:
    client = way.client()
    first, ran = client.get(ADDRESS, params=PARAMS), len(way.statements)
    again = [client.get(ADDRESS, params=PARAMS) for _ in range(3)]
    assert all(answer.content == first.content and answer.headers["etag"] == first.headers["etag"] for answer in again)
    assert len(way.statements) == ran
    unchanged = client.get(ADDRESS, params=PARAMS, headers={"If-None-Match": f"W/{first.headers['etag']}"})
    assert unchanged.status_code == 304 and not unchanged.content
    named = {"content-type", "cache-control", "vary", "access-control-allow-origin", "x-content-type-options"}
    assert {n: again[0].headers[n] for n in named} == {n: first.headers[n] for n in named}
    body = client.post(ADDRESS, json=PARAMS)
    ran = len(way.statements)
    assert client.post(ADDRESS, json=PARAMS).content == body.content and len(way.statements) == ran
    assert client.post(ADDRESS, json=PARAMS | {"limit": 1}).json()["result"]["limit"] == 1


def test_who_shows_a_credential_and_what_is_no_release_go_the_long_way(way: Way) -> None:
    way.client().get(ADDRESS, params=PARAMS)
    own = way.client(ADMIN).get(ADDRESS, params=PARAMS)
    assert "etag" not in own.headers and own.headers["cache-control"] == "private, no-store"
    for params in ({"resource_id": "cases"}, {"resource_id": "none"}, {"resource_id": "firms", "zzz": 1}):
        answers = [way.client().get(ADDRESS, params=params) for _ in range(2)]
        assert {a.status_code for a in answers} <= {403, 404, 409} and all("etag" not in a.headers for a in answers)
    secret = way.client(ADMIN).get(ADDRESS, params={"resource_id": "cases"})
    assert secret.status_code == 200 and "etag" not in secret.headers
    assert way.client().get(ADDRESS, params={"resource_id": "cases"}).status_code == 403


def test_another_release_ends_what_was_kept(way: Way) -> None:
    client = way.client()
    first = client.get(ADDRESS, params=PARAMS)
    snapshot = way.world.portal.call(way.catalog.current)
    state = snapshot.datasets["firms"]
    assert state.release
    later = replace(state, release=replace(state.release, id=uuid.uuid4(), number=state.release.number + 1))
    datasets = {**snapshot.datasets, "firms": later}
    way.catalog._snapshot = replace(snapshot, version="another", datasets=datasets)
    way.catalog._looked = time.monotonic() + 3600  # nobody looks at the real one again, however long this takes
    ran = len(way.statements)
    fresh = client.get(ADDRESS, params=PARAMS)
    assert len(way.statements) > ran and fresh.headers["etag"] != first.headers["etag"]


def test_no_more_is_kept_than_may_be() -> None:
    release, most = cast(ReleaseInfo, SimpleNamespace(dataset="firms")), 5 * (BESIDE + 500)
    kept = Kept(most=most)
    for n in range(20):
        kept.put(("/", f"{n}"), (release,), [], b"x" * 500)
    assert [key[1] for key in kept._answers] == ["15", "16", "17", "18", "19"] and kept.size <= most
    kept._answers["/", "15"].wanted = True  # what was asked for again stays when others come
    for n in range(20, 24):
        kept.put(("/", f"{n}"), (release,), [], b"x" * 500)
    assert ("/", "15") in kept._answers and len(kept._answers) == 5 and kept.size <= most
    kept.put(("/", "large"), (release,), [], b"x" * most)
    assert len(kept._answers) == 5


@pytest.mark.parametrize("sort", ["_id", "_id desc"])
def test_a_page_far_down_is_found_by_its_number(way: Way, sort: str) -> None:
    def page(**params: Any) -> dict[str, Any]:
        answer = way.client().post(
            ADDRESS, json={"resource_id": "firms", "sort": sort, "fields": "firm_code", **params}
        )
        return dict(answer.json()["result"])

    every = [row["firm_code"] for row in page()["records"]]
    for offset in (1, 17, FIRMS - 1, FIRMS, 1_000):
        found = page(offset=offset, limit=5)
        assert [row["firm_code"] for row in found["records"]] == every[offset : offset + 5]
        assert (found["total"], found["offset"]) == (FIRMS, offset)
        assert " offset " not in way.statements[-1]


def test_what_fits_is_counted_once_whatever_page_is_asked_for(way: Way) -> None:
    ran = len(way.statements)
    asked = [{"resource_id": "firms", "q": "dương", "offset": n, "limit": 2} for n in (0, 2, 4)]
    totals = {way.client().post(ADDRESS, json=params).json()["result"]["total"] for params in asked}
    assert totals == {20}
    datastore._totals.clear()
    assert sum("(select count(*)" in text for text in way.statements[ran:]) == 0  # known by bits, without counting
    asked = [{"resource_id": "firms", "q": '"ánh dương"', "offset": n, "limit": 2} for n in (0, 2, 4)]
    assert {way.client().post(ADDRESS, json=params).json()["result"]["total"] for params in asked} == {20}
    assert sum("(select count(*)" in text for text in way.statements[ran:]) == 1
