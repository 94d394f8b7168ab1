"""How operations reach GraphQL: by text, name or hash, one or some at a time, by POST or GET; and what they may see."""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi import FastAPI
from graphql import build_client_schema, get_introspection_query, print_schema
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import gql
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, KEEPER, Client, World
from tests.surface.test_graphql_answers import data
from tests.surface.test_graphql_refusals import error

Row = dict[str, Any]
QUERY = "query Names($n: Int!) { firms(first: $n) { nodes { firmCode } } }"


def hashed(query: str) -> Row:
    """The extensions of an automatic persisted query."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}


def sent(world: World, body: Row) -> Row:
    """The answer to a request as it stands."""
    return dict(world.anonymous.post("/graphql", json=body).json())


def test_near_finds_what_rest_finds_through_the_index(world: World) -> None:
    query = """query($near: Near) { firms(where: {position: {near: $near}}) { nodes { firmCode } } }"""
    found = data(world, query, near={"lon": 106.1, "lat": 21.5, "metres": 2500})["firms"]["nodes"]
    assert [f["firmCode"] for f in found] == [f"F{n:04}" for n in range(8, 13)]
    rows = world.rows("firms", position__near="106.1,21.5,2500")
    assert [r["firm_code"] for r in rows] == [f["firmCode"] for f in found]
    statement = world.database.statements[-1]
    with owner.connect(world.settings) as connection:
        connection.execute("set enable_seqscan = off")
        cursor = psycopg.RawCursor(connection)
        plan = cursor.execute(b"explain " + statement.sql.encode(), statement.params).fetchall()
    assert any("firms_1_position_idx" in line for (line,) in plan)


@pytest.mark.parametrize(
    "near", ["{lon: 181, lat: 0, metres: 1}", "{lon: 1, lat: 91, metres: 1}", "{lon: 1, lat: 1, metres: 0}",
             "{lon: 1, lat: 1, metres: 1000001}"]
)  # fmt: skip
def test_a_point_off_the_earth_is_refused(world: World, near: str) -> None:
    found = error(world, f"{{ firms(where: {{position: {{near: {near}}}}}) {{ totalCount }} }}")["extensions"]
    assert (found["code"], found["place"]) == ("BAD_USER_INPUT", "position__near")


def test_a_cursor_of_another_order_or_dataset_is_refused(world: World) -> None:
    query = "{ %s(first: 1, orderBy: {field: %s}%s) { pageInfo { endCursor } } }"
    cursor = data(world, query % ("firms", "FIRM_CODE", ""))["firms"]["pageInfo"]["endCursor"]
    for name, field in (("firms", "NAME"), ("firms", "REGISTERED_ON"), ("places", "PLACE_CODE")):
        found = error(world, query % (name, field, f', after: "{cursor}"'))
        assert found["extensions"]["code"] == "BAD_USER_INPUT" and "another sort order" in found["message"]
    answer = world.anonymous.get("/api/v1/datasets/firms/rows", params={"sort": "-firm_code", "cursor": cursor})
    assert answer.status_code == 400 and answer.json()["place"] == "cursor" and "sắp xếp" in answer.text
    assert world.rows("firms", sort="firm_code", cursor=cursor)[0]["firm_code"] == "F0001"


def test_the_cost_is_told_when_it_is_asked_for(world: World) -> None:
    query = "{ firms(first: 7) { nodes { permits(first: 3) { nodes { number } } } totalCount } }"
    answer = world.anonymous.post("/graphql", json={"query": query}, headers={"Lienthong-Cost": "1"}).json()
    assert answer["extensions"] == {"cost": {"requested": 7 * (1 + 3) + 10, "limit": 100_000}}
    assert "extensions" not in world.graphql(query)
    keys = '{ firms(first: 10000, where: {firmCode: {in: ["F0001", "F0002"]}}) { nodes { name } } }'
    answer = world.anonymous.post("/graphql", json={"query": keys}, headers={"Lienthong-Cost": "1"}).json()
    assert answer["extensions"]["cost"]["requested"] == 2


def test_a_batch_answers_each_operation_by_itself(world: World) -> None:
    body = [
        {"query": QUERY, "variables": {"n": 1}},
        {"query": "{ nothing }"},
        {"query": "{ firms { nodes { ownerName } } }"},
        {"query": "{ version }"},
    ]
    answer = world.anonymous.post("/graphql", json=body)
    one, two, three, four = answer.json()
    assert answer.status_code == 200 and one["data"]["firms"]["nodes"] == [{"firmCode": "F0000"}] and four["data"]
    assert two["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert three["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_batch_costs_what_its_operations_cost_together(world: World) -> None:
    before = len(world.database.statements)
    body = [
        {"query": "query($n: Int!) { permits(first: $n) { nodes { firm { name } } } }", "variables": {"n": 9_999 + n}}
        for n in (0, 1)
    ] * 2
    alone = world.anonymous.post("/graphql", json=body[0], headers={"Lienthong-Cost": "1"}).json()
    assert alone["extensions"]["cost"]["requested"] == 2 * 9_999
    body.append({"query": "{ firms(first: 10000) { nodes { place { name } } } }"})
    assert len(world.anonymous.post("/graphql", json=body).json()) == 5
    body[0] = {"query": "{ firms(first: 10000) { nodes { place { parent { name } } } } }"}
    answer = world.anonymous.post("/graphql", json=body).json()
    found = answer["errors"][0]["extensions"]
    assert (found["code"], found["limit"]) == ("BUDGET_EXCEEDED", 100_000) and found["cost"] > 100_000
    assert len(world.database.statements) == before + 6


def test_an_operation_is_known_by_its_hash_once_it_was_shown(world: World) -> None:
    first = world.anonymous.post("/graphql", json={"extensions": hashed(QUERY), "variables": {"n": 2}})
    assert first.status_code == 400
    assert first.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    shown = world.anonymous.post("/graphql", json={"query": QUERY, "extensions": hashed(QUERY), "variables": {"n": 2}})
    again = world.anonymous.post("/graphql", json={"extensions": hashed(QUERY), "variables": {"n": 2}})
    named = {"documentId": "sha256:" + hashed(QUERY)["persistedQuery"]["sha256Hash"], "variables": {"n": 2}}
    assert shown.json() == again.json() == world.anonymous.post("/graphql", json=named).json()
    assert len(again.json()["data"]["firms"]["nodes"]) == 2


def test_a_hash_of_another_text_is_refused_and_an_invalid_text_is_not_remembered(world: World) -> None:
    wrong = sent(world, {"query": "{ version }", "extensions": hashed(QUERY)})
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    bad = "{ firms { nodes { nam } } }"
    assert "errors" in sent(world, {"query": bad, "extensions": hashed(bad)})
    answer = world.anonymous.post("/graphql", json={"extensions": hashed(bad)})
    assert answer.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


def test_open_data_by_get_may_be_kept_until_something_is_published(world: World) -> None:
    data(world, QUERY, n=3)
    sent(world, {"query": QUERY, "extensions": hashed(QUERY), "variables": {"n": 3}})
    address = f"/graphql?extensions={quote(json.dumps(hashed(QUERY)))}&variables={quote(json.dumps({'n': 3}))}"
    answer = world.anonymous.get(address)
    assert answer.status_code == 200 and len(answer.json()["data"]["firms"]["nodes"]) == 3
    assert answer.headers["cache-control"] == "public, max-age=55" and "Authorization" in answer.headers["vary"]
    before = len(world.database.statements)
    again = world.anonymous.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content and len(world.database.statements) == before
    other = world.anonymous.get(address.replace("3", "4"), headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code != 304
    agency = world.client(AGENCY).get(address)
    assert agency.headers["cache-control"] == "no-store" and "etag" not in agency.headers
    wrong = world.anonymous.get(address.replace("%22n%22%3A%203", "%22n%22%3A%20-3"))
    assert wrong.headers["cache-control"] == "no-store" and "errors" in wrong.json()


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("documentId=x&variable=1", "variable"),
        ("documentId=x&documentId=y", "documentId"),
        ("documentId=x&variables={", None),
        ("documentId=x&variables=[]", "variables"),
        ("extensions={}", "query"),
        ('extensions={"persistedQuery":{"version":2,"sha256Hash":"00"}}', "extensions.persistedQuery"),
        ("documentId=no-such-operation", None),
    ],
)
def test_an_address_that_names_no_operation_is_refused(world: World, query: str, place: str | None) -> None:
    answer = world.anonymous.get("/graphql?" + query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"].get("place") == place


def test_the_known_operations_are_listed(world: World) -> None:
    found = world.anonymous.get("/graphql/operations").json()["operations"]
    assert found and all(op["sha256"] == sha256(op["document"].encode()).hexdigest() for op in found)


def told(world: World, token: str | None) -> str:
    """The schema as a caller is told it, in GraphQL's own language."""
    return print_schema(build_client_schema(data(world, get_introspection_query(), token)))  # type: ignore[arg-type]


def test_introspection_tells_each_caller_what_they_may_read(world: World) -> None:
    anonymous, agency, keeper, admin = (told(world, token) for token in (None, AGENCY, KEEPER, ADMIN))
    assert "ownerName" not in anonymous and "type Case " not in anonymous and "type CaseStatistics " in anonymous
    assert "OWNER_NAME" not in anonymous and "cases(" not in anonymous and "casesAggregate" not in anonymous
    assert "ownerName" in agency  # its own dataset
    assert "personName" in agency and "illness" not in agency  # agreement A-1
    assert "receivedOn" not in agency.partition("type Case ")[2].partition("}")[0]
    assert "illness" in keeper and "ownerName" in keeper and "capital:" not in keeper  # its own, and agreement A-2
    assert "illness" in admin and "ownerName" in admin


def test_the_schema_may_be_kept_from_nobody_in_particular(world: World) -> None:
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    settings = world.settings.model_copy(update={"graphql_introspection": False, "graphql_batch": 1})
    directory, door = Directory(engine, settings, Sessions(b"secret")), Door(world.registry, world.database)
    app = FastAPI()
    app.include_router(gql.router(Services(world.registry, door, Catalog(world.registry, engine), directory, settings)))
    asked = {"query": "{ __schema { queryType { name } } version }"}
    anonymous, agency = Client(app, world.portal), Client(app, world.portal, AGENCY)
    refused = anonymous.post("/graphql", json=asked).json()["errors"][0]["extensions"]
    assert (refused["code"], refused["place"]) == ("UNAUTHENTICATED", "__schema")
    assert agency.post("/graphql", json=asked).json()["data"]["__schema"] == {"queryType": {"name": "Query"}}
    assert anonymous.post("/graphql", json={"query": "{ version __typename }"}).json()["data"]["version"]
    batch = anonymous.post("/graphql", json=[{"query": "{ version }"}] * 2)
    assert batch.status_code == 400 and batch.json()["errors"][0]["extensions"]["limit"] == 1


def test_no_message_suggests_what_the_caller_may_never_read(world: World) -> None:
    message = error(world, "{ firms { nodes { ownerNam } } }")["message"]
    assert message == "Cannot query field 'ownerNam' on type 'Firm'."
    assert "Did you mean 'name'" in error(world, "{ firms { nodes { nam } } }")["message"]
    assert "ownerName" in error(world, "{ firms { nodes { ownerNam } } }", ADMIN)["message"]
    for query in ("{ case { caseCode } }", "{ firms(orderBy: {field: OWNER_NAM}) { totalCount } }",
                  '{ firms(where: {ownerNam: {eq: "x"}}) { totalCount } }',
                  "query($w: CasesFilter) { firms { totalCount } }"):  # fmt: skip
        for found in world.graphql(query)["errors"]:
            hint = found["message"].partition("Did you mean")[2]
            assert not any(name in hint for name in ("ownerName", "OWNER_NAME", "'cases'", "CaseFilter")), found
    given = error(world, "query($w: FirmFilter) { firms(where: $w) { totalCount } }", w={"ownerNam": {"eq": "x"}})
    assert "'ownerName'" not in given["message"]
