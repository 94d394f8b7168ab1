"""Answers about open releases, asked again: the same bytes without the database, for nobody in particular, until one of
the releases that they were read from is no longer the one that is served."""

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import gql, rest
from lienthong.access.kept import Front, Kept
from lienthong.access.services import Services
from lienthong.app.lane import Lane, hot
from lienthong.catalog.snapshot import Catalog
from lienthong.catalog.usage import Usage
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from lienthong.web.problems import missing
from tests.surface.small import ADMIN, AGENCY, Client, World

ROWS = "/api/v1/datasets/firms/rows"
PAGE = "{ firms(first: 3) { nodes { firmCode name place { name } } pageInfo { endCursor } } }"
ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "all": ("GET", ROWS, {}),
    "list": ("GET", ROWS, {"params": {"status": "active", "sort": "-registered_on", "limit": "3"}}),
    "words": ("GET", ROWS, {"params": {"q": "hồng hà", "count": "exact"}}),
    "joined": ("GET", ROWS, {"params": {"fields": "firm_code,place.name", "limit": "5"}}),
    "beside": ("GET", ROWS, {"params": {"place.name__contains": "dong", "fields": "firm_code"}}),
    "groups": ("GET", ROWS, {"params": {"group_by": "status", "measure": "count"}}),
    "key": ("GET", f"{ROWS}/F0001", {"params": {"fields": "name,status"}}),
    "graphql": ("POST", "/graphql", {"json": {"query": PAGE}}),
    "one": ("POST", "/graphql", {"json": {"query": "query($c: ID!) { firm(firmCode: $c) { name } }",
                                          "variables": {"c": "F0002"}}}),
}  # fmt: skip
JOINED = ["joined", "beside", "graphql"]


class Way:
    """The surfaces of the world behind a lane of their own, and what it keeps."""

    def __init__(self, world: World, given: Services) -> None:
        app = FastAPI(openapi_url=None)
        app.add_exception_handler(404, missing)
        routers = [rest.router(given), gql.router(given)]
        for router in routers:
            app.include_router(router)
        self.lane: Any = Lane(app, hot(routers), given.short, front=Front(given.kept, given.catalog))
        self.world, self.kept, self.catalog = world, given.kept, given.catalog
        self.kept.usage = Usage()

    def ask(self, asked: str, token: str | None = None, **headers: str) -> httpx.Response:
        """The answer to one of the questions."""
        method, url, options = ASKED[asked]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client(token).request(method, url, **options, headers=named)

    def client(self, token: str | None = None, purpose: str | None = None) -> Client:
        return (
            Client(self.lane, self.world.portal, token, purpose)
            if purpose
            else Client(self.lane, self.world.portal, token)
        )

    @property
    def read(self) -> int:
        """How many statements were run."""
        return len(self.world.database.statements)

    @property
    def given(self) -> int:
        """How many answers were given that were kept."""
        assert self.kept.usage
        return sum(self.kept.usage._counts.values())

    def switch(self, dataset: str, *, withdrawn: bool = False) -> None:
        """The catalogue hears that another release is served, or none."""
        snapshot = self.world.portal.call(self.catalog.current)
        state = snapshot.datasets[dataset]
        assert state.release
        release = None if withdrawn else replace(state.release, id=uuid.uuid4())
        datasets = {**snapshot.datasets, dataset: replace(state, release=release)}
        self.catalog._snapshot = replace(snapshot, datasets=datasets)
        self.catalog._looked = time.monotonic()


@pytest.fixture
def way(world: World) -> Iterator[Way]:
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    yield Way(world, Services(world.registry, world.door, Catalog(world.registry, engine), directory, world.settings))
    world.portal.call(engine.dispose)


@pytest.mark.parametrize("asked", ASKED)
def test_what_was_asked_before_reads_no_row(way: Way, asked: str) -> None:
    first, ran = way.ask(asked), way.read
    assert first.status_code == 200 and '"errors"' not in first.text, first.text
    again = [way.ask(asked) for _ in range(3)]
    assert way.read == ran > 0
    own = ("ratelimit", "ratelimit-policy")
    for answer in again:
        assert answer.content == first.content
        told = [{k: v for k, v in a.headers.items() if k not in own} for a in (answer, first)]
        assert told[0] == told[1]


@pytest.mark.parametrize("asked", ASKED)
def test_the_short_way_keeps_what_it_answers(way: Way, asked: str) -> None:
    """The third one that differs from the others by a value is not planned: its answer is kept as well."""
    first = way.ask(asked)
    for _ in range(3):  # so often that the plan is there
        way.kept._answers.clear()
        assert way.ask(asked).content == first.content
    ran = way.read
    assert way.ask(asked).content == first.content and way.read == ran


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("asked", ASKED)
def test_another_release_ends_it(way: Way, asked: str, withdrawn: bool) -> None:
    way.ask(asked)
    way.switch("firms", withdrawn=withdrawn)
    ran, kept = way.read, way.kept._answers.copy()
    answer = way.ask(asked)
    assert way.read > ran or answer.status_code in (404, 410)
    assert not any(way.kept._answers.get(key) is found for key, found in kept.items())


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("asked", JOINED)
def test_so_does_another_release_of_what_is_joined(way: Way, asked: str, withdrawn: bool) -> None:
    way.ask(asked)
    way.switch("places", withdrawn=withdrawn)
    ran = way.read
    way.ask(asked)
    assert way.read > ran


def test_a_release_that_it_was_not_read_from_does_not(way: Way) -> None:
    way.ask("key")
    way.switch("places")
    ran = way.read
    way.ask("key")
    assert way.read == ran


def test_a_release_that_comes_while_rows_are_read_ends_the_answer(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    read = way.world.door.database.read

    async def slow(statement: Any) -> Any:
        row = await read(statement)
        snapshot = await way.catalog.current()
        state = snapshot.datasets["places"]
        assert state.release
        later = replace(state, release=replace(state.release, id=uuid.uuid4()))
        way.catalog._snapshot = replace(snapshot, datasets={**snapshot.datasets, "places": later})
        return row

    with monkeypatch.context() as patch:
        patch.setattr(way.world.door.database, "read", slow)
        for asked in JOINED:
            way.ask(asked)
    for asked in JOINED:
        ran = way.read
        way.ask(asked)
        assert way.read > ran, asked


@pytest.mark.parametrize("asked", ASKED)
def test_whoever_shows_something_is_answered_anew(way: Way, asked: str) -> None:
    way.ask(asked)
    callers: list[tuple[str | None, dict[str, str]]] = [
        (ADMIN, {}), (AGENCY, {}), (None, {"Lienthong_Purpose": "tax_administration"}), (None, {"Cookie": "a=b"}),
        (None, {"X_Road_Client": "VN/GOV/X"}), (None, {"Lienthong_Twin": "true"}),
        (None, {"Authorization": "Bearer wrong"}), (None, {"X_CKAN_API_Key": "wrong"}),
    ]  # fmt: skip
    for token, headers in callers:
        given, known = way.given, dict(way.kept._answers)
        way.ask(asked, token, **headers)
        assert way.given == given, headers
        assert way.kept._answers == known  # and nothing of it is kept for others
    given = way.given
    way.ask(asked)
    assert way.given > given


def test_what_is_not_released_is_never_kept(way: Way) -> None:
    for token in (ADMIN, AGENCY, None):
        for _ in range(4):
            way.client(token).get("/api/v1/datasets/cases/rows")
            way.client(token).post("/graphql", json={"query": "{ cases(first: 2) { nodes { caseCode } } }"})
            mixed = "{ firms(first: 2) { nodes { firmCode cases(first: 1) { nodes { caseCode } } } } }"
            way.client(token).post("/graphql", json={"query": mixed})
    assert not way.kept._answers


def test_other_forms_have_their_own_answers(way: Way) -> None:
    first = way.ask("list")
    csv = way.ask("list", Accept="text/csv")
    assert csv.headers["content-type"].startswith("text/csv") and csv.content != first.content
    client, params = way.client(), ASKED["list"][2]["params"]
    assert client.get(ROWS + ".csv", params=params).content == csv.content
    assert way.ask("list", Accept="application/pdf").status_code == 406
    assert way.ask("list", Accept="application/json;version=9").status_code in (404, 410)
    assert way.ask("list", Accept_Language="en").content == first.content
    wrong = [client.get(ROWS, params={"zzz": "1"}, headers={"Accept-Language": to}).json() for to in ("vi", "en")]
    assert wrong[0]["title"] != wrong[1]["title"]
    plain, result = way.ask("graphql"), way.ask("graphql", Accept="application/graphql-response+json")
    assert [a.headers["content-type"].split(";")[0] for a in (plain, result, way.ask("graphql"))] == [
        "application/json", "application/graphql-response+json", "application/json",
    ]  # fmt: skip
    told = way.ask("graphql", Lienthong_Cost="1").json()
    assert "cost" in told["extensions"] and "extensions" not in way.ask("graphql").json()


def test_a_head_has_no_body_and_an_unchanged_answer_neither(way: Way) -> None:
    first = way.ask("list")
    params = ASKED["list"][2]["params"]
    head = way.client().request("HEAD", ROWS, params=params)
    assert head.status_code == 200 and head.headers["etag"] == first.headers["etag"]
    ran = way.read
    for given in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        same = way.ask("list", If_None_Match=given)
        assert (same.status_code, same.content) == (304, b"") and same.headers["etag"] == first.headers["etag"]
        assert "content-type" not in same.headers and same.headers["vary"] == first.headers["vary"]
    assert way.ask("list", If_None_Match='"x"').content == first.content and way.read == ran


def test_addresses_that_mean_another_key_have_another_answer(way: Way) -> None:
    client, permits = way.client(), "/api/v1/datasets/permits/rows/"
    found = [
        client.get(permits + key).status_code for key in ("F0003,1%2F2024%2FGP-UBND", "F0003%2C1/2024/GP-UBND") * 2
    ]
    assert found[:2] == found[2:] and found[0] == 200 and found[1] != 200


def test_a_known_operation_asked_by_its_name_is_kept(way: Way) -> None:
    body = {"query": PAGE, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": ""}}}
    from hashlib import sha256

    body["extensions"]["persistedQuery"]["sha256Hash"] = sha256(PAGE.encode()).hexdigest()  # type: ignore[index]
    client = way.client()
    assert client.post("/graphql", json=body).status_code == 200
    assert not way.kept._answers  # the text is shown to be remembered, each time
    address = "/graphql?extensions=" + json.dumps(body["extensions"], separators=(",", ":"))
    first, ran = client.get(address), way.read
    again = client.get(address)
    assert first.status_code == again.status_code == 200 and again.content == first.content and way.read == ran
    assert again.headers["etag"] == first.headers["etag"] and "max-age" in again.headers["cache-control"]
    assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_page_goes_on_in_a_release_that_is_no_longer_served_and_is_not_kept(way: Way) -> None:
    cursor = way.ask("list").json()["page"]["next"]
    following = {"params": ASKED["list"][2]["params"] | {"cursor": cursor}}
    way.client().get(ROWS, **following)
    ran = way.read
    assert way.client().get(ROWS, **following).status_code == 200 and way.read == ran
    snapshot = way.world.portal.call(way.catalog.current)
    state = snapshot.datasets["firms"]
    assert state.release
    later = replace(state.release, id=uuid.uuid4(), number=2)
    datasets = {**snapshot.datasets, "firms": replace(state, release=later, releases=(later, *state.releases))}
    way.catalog._snapshot, way.catalog._looked = replace(snapshot, datasets=datasets), time.monotonic()
    for _ in range(2):
        ran = way.read
        assert way.client().get(ROWS, **following).status_code == 200 and way.read > ran


def test_nothing_is_kept_where_there_is_no_room(way: Way) -> None:
    way.kept.most = 0
    for _ in range(3):
        ran = way.read
        assert way.ask("list").status_code == 200 and way.read > ran
    assert Kept(0)._answers == {}
