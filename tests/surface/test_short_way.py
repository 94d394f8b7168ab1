"""The short way answers as the long way does: the same rows and headers for every value, for the same callers only."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import gql, rest
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, Client, World

ROWS = "/api/v1/datasets/{}/rows"
VALUES = {
    "firm_code": [f"F{n:04}" for n in range(0, 70, 3)],
    "name": ["Công ty Hồng Hà số 3", "không có", "Công ty Ánh Dương số 5"],
    "name__contains": ["hong", "DUONG", "số 1", "%"],
    "status": ["active", "closed"],
    "status__ne": ["active", "closed"],
    "registered_on__gte": ["2020-01-01", "2020-01-09", "2020-02-20"],
    "registered_on__lt": ["2020-01-05", "2020-01-20"],
    "capital__gt": ["1000000000", "30000000000"],
    "staff__lte": ["5", "40"],
    "staff__in": ["1,2,3", "4", "5,6"],
    "founded__is_null": ["true", "false"],
    "q": ["anh duong", '"hong ha"', "hong 3", "cong*", "."],
    "sort": ["registered_on", "-registered_on,name", "capital", "firm_code"],
    "fields": ["firm_code,name", "name,status,capital"],
    "limit": ["1", "7", "100"],
    "no_such": ["1"],
}
DOCUMENT = """query Firms($where: FirmFilter, $order: [FirmOrder!], $after: String, $first: Int!, $code: String!,
  $status: String) {
  firms(where: $where, orderBy: $order, after: $after, first: $first) {
    nodes { firmCode name status place { name parent { name } } permits(first: 2) { nodes { number grantedOn } } }
    edges { cursor node { firmCode } } pageInfo { hasNextPage endCursor startCursor } }
  one: firm(firmCode: $code) { name status }
  more: firms(first: 3, where: {status: {eq: $status}, firmCode: {gte: $code}}) { nodes { firmCode status } totalCount }
}"""


@dataclass
class Way:
    """Clients of an app with short ways, and what tells that one was taken."""

    app: Any
    world: World
    door: Door

    def client(self, token: str | None = None) -> Client:
        """The client of a token's owner, or of nobody."""
        return Client(self.app, self.world.portal, token)


@pytest.fixture(scope="module")
def way(world: World) -> Iterator[Way]:
    """The app of the world behind short ways."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    door = Door(world.registry, world.database)
    given = Services(world.registry, door, Catalog(world.registry, engine), directory, world.settings)
    rest.router(given)
    gql.router(given)
    yield Way(Lane(world.app, short=given.short), world, door)


def same(short: Any, long: Any) -> None:
    """Equal in all that is not this very request's."""
    own = {"lienthong-receipt", "ratelimit", "ratelimit-policy"}
    headers = [{k: v for k, v in a.headers.items() if k not in own} for a in (short, long)]
    assert short.status_code == long.status_code, short.text
    assert short.content == long.content
    if short.status_code == 200:
        added = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
        assert headers[0] == added | headers[1]
        assert ("lienthong-receipt" in short.headers) == ("lienthong-receipt" in long.headers)


@pytest.mark.parametrize("token", [None, AGENCY, ADMIN])
def test_rows_with_other_values_are_those_of_the_long_way(way: Way, token: str | None) -> None:
    chance, short, long = random.Random(7), way.client(token), way.world.client(token)
    for _ in range(25):
        names = chance.sample(sorted(VALUES), chance.randint(1, 4))
        for _ in range(5):
            params = {name: chance.choice(VALUES[name]) for name in names}
            answer = short.get(ROWS.format("firms"), params=params)
            same(answer, long.get(ROWS.format("firms"), params=params))
            if answer.status_code == 200 and (cursor := answer.json()["page"]["next"]):
                params["cursor"] = cursor
                same(short.get(ROWS.format("firms"), params=params), long.get(ROWS.format("firms"), params=params))


@pytest.mark.parametrize("token", [None, AGENCY, ADMIN])
def test_keys_with_other_values_are_those_of_the_long_way(way: Way, token: str | None) -> None:
    short, long = way.client(token), way.world.client(token)
    for code in ("F0001", "F0002", "F0003", "F9999", "F0004", "F00%304", "a,b", "F0005"):
        for url in (f"{ROWS.format('firms')}/{code}", f"{ROWS.format('firms')}/{code}?fields=name"):
            same(short.get(url), long.get(url))
    for number in ("1%2F2024%2FGP-UBND", "2%2F2024%2FGP-UBND", "3%2F2024%2FGP-UBND"):
        url = f"{ROWS.format('permits')}/F0003,{number}"
        same(short.get(url), long.get(url))


@pytest.mark.parametrize("token", [None, AGENCY, ADMIN])
def test_documents_with_other_variables_are_those_of_the_long_way(way: Way, token: str | None) -> None:
    chance, short, long = random.Random(11), way.client(token), way.world.client(token)
    after = None
    for _ in range(60):
        where = chance.choice([
            {"status": {"eq": chance.choice(["active", "closed"])}},
            {"name": {"contains": chance.choice(["hong", "duong"])}, "registeredOn": {"gte": "2020-01-05"}},
            {"or": [{"firmCode": {"eq": f"F{chance.randint(0, 70):04}"}}, {"status": {"ne": "active"}}]},
            {"q": chance.choice(["anh duong", "hong ha", "x"])},
            {"place": {"name": {"contains": chance.choice(["dong", "xa"])}}},
            None,
        ])  # fmt: skip
        order = chance.choice([None, [{"field": chance.choice(["NAME", "STATUS"]), "direction": "DESC"}]])
        variables = {
            "where": where, "order": order, "first": chance.choice([2, 3]), "after": None,
            "code": f"F{chance.randint(0, 65):04}", "status": chance.choice(["active", "closed", None]),
        }  # fmt: skip
        if after and order is None:
            variables["after"] = after
        body = {"query": DOCUMENT, "variables": variables}
        answer = short.post("/graphql", json=body)
        same(answer, long.post("/graphql", json=body))
        if answer.json().get("data") and order is None:
            after = answer.json()["data"]["firms"]["pageInfo"]["endCursor"]


def test_a_second_request_of_a_shape_is_prepared_and_others_take_the_short_way(way: Way) -> None:
    client, statements = way.client(), way.world.database.statements
    for code in ("F0010", "F0011", "F0012", "F0013"):
        assert client.get(f"{ROWS.format('firms')}/{code}", params={"fields": "status,name"}).status_code == 200
    assert [s.kept for s in statements[-2:]] == [True, True]
    assert statements[-1].sql == statements[-2].sql
    assert statements[-1].params != statements[-2].params


def test_rows_about_persons_inside_a_document_are_noted_by_their_numbers(way: Way) -> None:
    document = "{ firms(first: 5) { nodes { firmCode cases(first: 2) { nodes { caseCode } } } } }"
    for client in (way.client(ADMIN), way.world.client(ADMIN)):
        answer = client.post("/graphql", json={"query": document})
        shown = {c["caseCode"] for f in answer.json()["data"]["firms"]["nodes"] for c in f["cases"]["nodes"]}
        receipt = answer.headers["lienthong-receipt"]
        with owner.connect(way.world.settings) as connection:
            noted = connection.execute(
                "select case_code from governed.cases where _id = any(array(select unnest(keys) from platform.ledger "
                "where receipt = %s and dataset = 'cases'))",
                (receipt,),
            ).fetchall()
        assert shown and {code for (code,) in noted} == shown
