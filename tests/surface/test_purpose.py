"""Personal data needs a purpose on every request; an unknown one is refused with the nearest right one."""

import httpx
import pytest

from tests.surface.small import ADMIN, AGENCY, KEEPER, PURPOSE, World

ROWS = "/api/v1/datasets/cases/rows"
NONE = {"Lienthong-Purpose": ""}


def fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return set(answer.json()["data"][0])


def test_a_purpose_opens_the_personal_fields_of_the_agreement(world: World) -> None:
    client = world.client(AGENCY)
    assert fields(client.get(ROWS)) == {"case_code", "person_name", "channel", "days"}
    assert fields(client.get(ROWS, headers=NONE)) == {"case_code", "channel", "days"}


@pytest.mark.parametrize("token", [AGENCY, ADMIN, KEEPER])
def test_a_personal_field_without_purpose_is_refused_with_the_way_in(world: World, token: str) -> None:
    answer = world.client(token).get(ROWS, params={"fields": "case_code,person_name"}, headers=NONE)
    problem = answer.json()
    assert answer.status_code == 403 and problem["place"] == "cases.person_name"
    assert f"Lienthong-Purpose: {PURPOSE}" in str(problem["fix"])


@pytest.mark.parametrize("query", [{"person_name__contains": "a"}, {"sort": "person_name"}, {"q": "nguyen"}])
def test_nor_can_it_be_looked_at_by_filter_sort_or_search(world: World, query: dict[str, str]) -> None:
    assert world.client(AGENCY).get(ROWS, params=query, headers=NONE).status_code == 403
    assert world.client(AGENCY).get(ROWS, params=query).status_code == 200


@pytest.mark.parametrize("token", [None, AGENCY, ADMIN])
def test_an_unknown_purpose_is_refused_with_the_nearest(world: World, token: str | None) -> None:
    dataset = "firms" if token is None else "cases"
    answer = world.client(token).get(
        f"/api/v1/datasets/{dataset}/rows", headers={"Lienthong-Purpose": "social_insurence"}
    )
    assert answer.status_code == 400 and answer.json()["place"] == "Lienthong-Purpose"
    assert answer.json()["fix"] == "có phải 'social_insurance'?"


def test_a_purpose_that_the_agreement_is_not_for_opens_nothing(world: World) -> None:
    answer = world.client(AGENCY).get(ROWS, headers={"Lienthong-Purpose": "tax_administration"})
    assert answer.status_code == 403 and PURPOSE in str(answer.json()["fix"])


def test_graphql_and_ckan_know_the_purpose_too(world: World) -> None:
    query = {"query": "{ cases { nodes { personName } } }"}
    client = world.client(AGENCY)
    assert "errors" in client.post("/graphql", json=query, headers=NONE).json()
    assert client.post("/graphql", json=query).json()["data"]["cases"]["nodes"]
    address = "/api/3/action/datastore_search?resource_id=cases&limit=1"
    assert "person_name" not in client.get(address, headers=NONE).json()["result"]["records"][0]
    assert "person_name" in client.get(address).json()["result"]["records"][0]


def test_the_ledger_keeps_purpose_fields_filter_and_x_road_headers(world: World) -> None:
    headers = {"X-Road-Client": "VN/GOV/00000001/office", "X-Road-UserId": "VN001", "X-Road-Issue": "HS-7"}
    answer = world.client(AGENCY).get(
        ROWS, params={"fields": "case_code,days", "days__gte": 3, "person_name__contains": "người thứ"}, headers=headers
    )
    statement = "select to_jsonb(l) from platform.ledger l where receipt = %s"
    entry = world.owner(statement, answer.headers["Lienthong-Receipt"])[0][0]
    assert entry["purpose"] == PURPOSE and entry["agreement"] == "A-1" and entry["dataset"] == "cases"
    assert set(entry["fields"]) == {"case_code", "days", "person_name"}
    assert entry["rows"] == answer.json()["page"]["count"] > 0
    assert entry["context"] == headers
    assert "người" not in str(entry["condition"]) and '"gte": 3' in str(entry["condition"]).replace("'", '"')
