"""A name that nobody knows is refused on every surface, with the name and the nearest right one; never ignored."""

from typing import Any

import pytest

from lienthong.kernel.problem import Invalid
from lienthong.mcp.arguments import Aggregate
from lienthong.web.body import validated
from tests.surface.small import ADMIN, AGENCY, World

FIRMS = "/api/v1/datasets/firms"
LOOKUP = FIRMS + "/lookup"
PURPOSE = {"Lienthong-Purpose": "social_insurence"}


@pytest.mark.parametrize(
    ("url", "place", "fix"),
    [
        (FIRMS + "/openapi.json?format=x", "format", "takes no parameters"),
        ("/api/v1/openapi.json?x=1", "x", "takes no parameters"),
        (FIRMS + "/versions?x=1", "x", "takes no parameters"),
        (FIRMS + "/rows?purpose=statistics", "purpose", "Lienthong-Purpose"),
        (FIRMS + "/rows?format=csv", "format", "rows.csv"),
        (FIRMS + "/rows?select=name", "select", "fields"),
        (FIRMS + "/rows?order=name", "order", "sort"),
        (FIRMS + "/rows?page=2", "page", "cursor"),
        (FIRMS + "/rows.csv?statuss=active", "statuss", "status"),
        (FIRMS + "/rows?group_by=statu", "statu", "status"),
        (FIRMS + "/rows?group_by=status&measure=count,sum:capitl", "capitl", "capital"),
        (FIRMS + "/rows?group_by=status&measure=cont", "cont", "count"),
        (FIRMS + "/rows?distinct=true&fields=statu", "statu", "status"),
        (FIRMS + "/rows?include=plce", "include", "place"),
        (FIRMS + "/rows?place.nam=x", "place.nam", "place.name"),
        (FIRMS + '/rows?filter={"or":[{"statuss":"active"}]}', "statuss", "status"),
        (FIRMS + '/rows?filter={"status":{"eqq":"active"}}', "status__eqq", "eq"),
        (FIRMS + "/rows?fields=", "fields", ""),
        (FIRMS + "/rows?fields=name,,status", "fields", ""),
        (FIRMS + "/rows?sort=-", "sort", ""),
        (FIRMS + "/rows?include=", "include", ""),
        (FIRMS + "/changes?sinc=begin", "sinc", "since"),
        ("/ogc/collections/firms/items?statuss=active", "statuss", "status"),
    ],
)
def test_in_an_address(world: World, url: str, place: str, fix: str) -> None:
    answer = world.anonymous.get(url, headers={"Accept-Language": "en"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["place"] == place
    assert fix in (answer.json().get("fix") or "")


@pytest.mark.parametrize("name", ["purpose", "agency", "dataset"])
def test_in_the_filters_of_the_ledger(world: World, name: str) -> None:
    wrong = {"purpose": "social_insurence", "agency": "ofice", "dataset": "casess"}[name]
    right = {"purpose": "social_insurance", "agency": "office", "dataset": "cases"}[name]
    answer = world.client(ADMIN).get(f"/api/v1/ledger?{name}={wrong}")
    assert answer.status_code in (400, 404), answer.text
    assert right in answer.json()["fix"]
    assert world.client(ADMIN).get(f"/api/v1/ledger?{name}={right}").status_code == 200


@pytest.mark.parametrize(
    ("body", "place", "fix"),
    [
        ({"keys": ["F0001"], "feilds": ["name"]}, "feilds", "fields"),
        ({"keys": ["F0001"], "fields": ["nam"]}, "nam", "name"),
        ({"keys": ["F0001"], "include": ["plce"]}, "include", "place"),
    ],
)
def test_in_a_lookup(world: World, body: dict[str, Any], place: str, fix: str) -> None:
    answer = world.anonymous.post(LOOKUP, json=body)
    assert (answer.status_code, answer.json()["place"]) == (400, place)
    assert fix in answer.json()["fix"]


QUERY = "query($n: Int = 1) { firms(first: $n) { nodes { name } } }"


@pytest.mark.parametrize(
    ("body", "place", "fix"),
    [
        ({"query": QUERY, "variabels": {"n": 2}}, "variabels", "variables"),
        ({"query": QUERY, "variables": {"nn": 2}}, "variables.nn", "'n'"),
        ({"query": "{ firms(first: 1) { nodes { name } } }", "variables": {"n": 2}}, "variables.n", ""),
        ([{"query": QUERY, "operatonName": "x"}], "operatonName", "operationName"),
    ],
)
def test_in_a_graphql_request(world: World, body: Any, place: str, fix: str) -> None:
    answer = world.anonymous.post("/graphql", json=body, headers={"Accept-Language": "en"}).json()
    (error,) = (answer[0] if isinstance(answer, list) else answer)["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["place"] == place
    assert fix in error["message"]


@pytest.mark.parametrize(
    ("document", "fix"),
    [
        ("{ firms(frst: 1) { nodes { name } } }", "first"),
        ("{ firms(first: 1) { nodes { nam } } }", "name"),
        ('{ firms(first: 1, where: {statuss: {eq: "active"}}) { nodes { name } } }', "status"),
        ('{ firms(first: 1, where: {status: {eqq: "active"}}) { nodes { name } } }', "eq"),
        ('{ firms(first: 1, where: {place: {nam: {eq: "x"}}}) { nodes { name } } }', "name"),
        ("{ firms(first: 1, orderBy: [{field: REGISTRED_ON}]) { nodes { name } } }", "REGISTERED_ON"),
        ("{ firmsAggregate(groupBy: [{field: STATU}]) { nodes { count } } }", "STATUS"),
        ("{ firmsAggregate(groupBy: [{field: STATUS, transfrm: YEAR}]) { nodes { count } } }", "transform"),
        ('{ firmsFeed(sinc: "begin") { nodes { op } } }', "since"),
        ("{ firms(first: 1) { nodes { place { nam } } } }", "name"),
    ],
)
def test_in_a_graphql_document(world: World, document: str, fix: str) -> None:
    answer = world.anonymous.post("/graphql", json={"query": document}).json()
    assert answer.get("data") is None
    assert f"Did you mean '{fix}'" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "path", [FIRMS + "/rows", FIRMS + "/rows.csv", FIRMS + "/changes", "/ogc/collections/firms/items"]
)
def test_a_purpose(world: World, path: str) -> None:
    answer = world.client(AGENCY).get(path, headers=PURPOSE)
    assert answer.status_code == 400, answer.text
    assert answer.json()["place"] == "Lienthong-Purpose" and "'social_insurance'" in answer.json()["fix"]


def test_a_purpose_over_graphql_and_lookup(world: World) -> None:
    client = world.client(AGENCY)
    answer = client.post("/graphql", json={"query": "{ cases(first: 1) { nodes { caseCode } } }"}, headers=PURPOSE)
    assert "social_insurance" in answer.json()["errors"][0]["message"]
    answer = client.post(LOOKUP, json={"keys": ["F0001"]}, headers=PURPOSE)
    assert answer.status_code == 400 and "'social_insurance'" in answer.json()["fix"]


@pytest.mark.parametrize("raw", [b"N^\x92", b"\xff", b"{", b"[]", b'{"kind": "feedback", "titel": "x"}', b""])
def test_what_is_said_is_read_strictly(world: World, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = world.anonymous.request("POST", "/api/v1/voices", content=raw, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert "titel" not in raw.decode("latin-1") or "title" in answer.json()["fix"]


def test_inside_a_list_of_a_tool_s_arguments() -> None:
    given = {"dataset": "firms", "group_by": [{"field": "status", "transfrm": "year"}], "measures": []}
    with pytest.raises(Invalid) as refused:
        validated(given, Aggregate)
    assert refused.value.place == "group_by.0.transfrm"
    assert "transform" in str(refused.value.fix)


def test_the_dataset_that_is_spoken_of(world: World) -> None:
    answer = world.anonymous.get("/api/v1/voices?dataset=firmss")
    assert answer.status_code == 404 and "firms" in answer.json()["fix"]
