"""/api/v1/me: a developer sees at once what a token may do, and the way into what is closed. Quotas hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.governance.ledger.seal import seal
from lienthong.store import owner
from tests.surface import people
from tests.surface.sharing import FIELDS, Parties
from tests.surface.small import ADMIN, AGENCY, World

ME = "/api/v1/me"
SILENT = {"Lienthong-Purpose": ""}  # clients of the small world state a purpose by default


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def both_sides(world: World) -> Parties:
    return Parties(world)


@pytest.fixture
def parties(both_sides: Parties) -> Iterator[Parties]:
    yield both_sides
    both_sides.clear()


def me(parties: Parties, who: str, **headers: str) -> dict[str, Any]:
    answer = parties.world.client(parties.tokens[who]).get(ME, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_under_an_agreement(parties: Parties) -> None:
    id = parties.active(fields=[*FIELDS, "illness"])
    parties.settle()
    found = me(parties, "tax_developer")
    assert (found["kind"], found["role"], found["agency"], found["scopes"]) == (
        "person",
        "developer",
        "tax-office",
        None,
    )
    way = next(r for r in found["readable"] if r["dataset"] == "cases")
    assert way["by"] == id and way["fields"] == ["case_code", "person_name", "illness", "channel", "days"]
    assert way["masked"] == ["illness"] and way["needs_purpose"] == ["person_name", "illness"]
    assert way["purposes"] == ["social_insurance"] and way["where"] == {"channel": {"eq": "online"}}
    assert way["quota"] == 5000 and way["used_today"] == 0 and way["expires"] and way["legal_basis"]
    rows = parties.rows(limit=7).json()["data"]
    assert len(rows) == 7
    assert next(r for r in me(parties, "tax_analyst")["readable"] if r["by"] == id)["used_today"] == 7
    # Each field that is told is read, each that needs a purpose is refused without one.
    client = parties.world.client(parties.tokens["tax_developer"])
    for name in way["fields"]:
        alone = client.get("/api/v1/datasets/cases/rows", params={"fields": name}, headers=SILENT)
        assert alone.status_code == (403 if name in way["needs_purpose"] else 200), name
        assert parties.rows(fields=name).status_code == 200


def test_what_is_closed_tells_why_and_the_way_in(parties: Parties) -> None:
    parties.settle()
    closed = {c["dataset"]: c for c in me(parties, "tax_developer")["closed"]}
    cases = closed["cases"]
    assert cases["code"] == "FORBIDDEN" and cases["request"] == "/api/v1/agreements"
    assert cases["purposes"] == ["social_insurance"] and cases["twin"] and cases["agreement"] is None
    assert cases["reason"]["vi"] and cases["way"]["en"]
    id = parties.asked()
    told = next(c for c in me(parties, "tax_developer")["closed"] if c["dataset"] == "cases")
    assert (told["agreement"], told["state"]) == (id, "requested")
    nobody = me(parties, "anonymous")
    assert next(c for c in nobody["closed"] if c["dataset"] == "cases")["agreement"] is None
    assert {r["dataset"] for r in nobody["readable"]} | {c["dataset"] for c in nobody["closed"]} == {
        name.replace("_", "-") for name in parties.world.registry.contracts
    }


def test_two_purposes_are_two_ways(parties: Parties) -> None:
    parties.active()
    people.ask(
        parties.world,
        "insert into platform.agreement (id, provider, consumer, dataset, fields, purpose, legal_basis, valid_from, expires, "
        "state) values ('TWO', 'registry_office', 'tax_office', 'cases', '{case_code}', 'tax_administration', 'x', "
        "'2026-01-01', '2099-01-01', 'active') on conflict (id) do update set state = 'active' returning 1",
    )
    parties.settle()
    ways = [r for r in me(parties, "tax_developer")["readable"] if r["dataset"] == "cases"]
    assert [way["purposes"] for way in ways] == [["social_insurance"], ["tax_administration"]] or len(ways) == 2
    refused = parties.world.client(parties.tokens["tax_developer"]).get(
        "/api/v1/datasets/cases/rows?fields=case_code", headers=SILENT
    )
    assert refused.status_code == 400 and "tax_administration" in refused.json()["fix"]


def test_scopes_narrow_what_is_told(parties: Parties) -> None:
    parties.active()
    parties.tokens["narrow"] = parties.program("tax_office", ["read:firms", "agreements"])
    parties.settle()
    found = me(parties, "narrow")
    assert found["scopes"] == ["agreements", "read:firms"]
    told = next(c for c in found["closed"] if c["dataset"] == "cases")
    assert "read:cases" in told["way"]["en"]


def test_the_provider_and_the_administrator(parties: Parties) -> None:
    for who, by in (("registry_developer", "provider"), ("administrator", "administrator")):
        way = next(r for r in me(parties, who)["readable"] if r["dataset"] == "cases")
        assert way["by"] == by and "illness" in way["needs_purpose"] and "social_insurance" in way["purposes"]


def test_an_unknown_purpose_is_refused_with_the_nearest(parties: Parties) -> None:
    answer = parties.world.client(AGENCY).get(ME, headers={"Lienthong-Purpose": "social_insurence"})
    assert answer.status_code == 400 and answer.json()["place"] == "Lienthong-Purpose"
    assert me(parties, "tax_developer", **{"Lienthong-Purpose": "social_insurance"})["purpose"] == "social_insurance"


def test_a_quota_ends_reading_for_today_and_says_when_it_goes_on(parties: Parties) -> None:
    id = parties.active(quota=10)
    parties.settle()
    assert len(parties.rows(limit=8).json()["data"]) == 8
    over = parties.rows(headers={"Accept": "text/csv"})
    assert over.status_code == 429 and over.json()["used"] == 8  # counted before the first line
    assert parties.rows(limit=8).status_code == 200  # the page that reaches the quota is still answered
    refused = parties.rows(limit=1)
    told = refused.json()
    assert refused.status_code == 429 and told["clause"] == id and told["quota"] == 10 and told["used"] == 16
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert parties.rows("tax_analyst", limit=1).status_code == 429  # the agency's, not one caller's
    parties.settle()
    assert parties.rows(limit=1).json()["used"] == 16  # as the ledger has it, in every process


def test_sealing_loses_nothing_of_what_was_used(parties: Parties) -> None:
    id = parties.active()
    parties.settle()
    parties.rows(limit=5)
    with owner.connect(parties.world.settings) as connection:
        assert seal(parties.world.settings, parties.world.registry, connection) > 0
    assert people.ask(parties.world, "select rows from platform.agreement_use where agreement = %s", id) == [(5,)]
    parties.rows(limit=3)
    way = next(r for r in me(parties, "tax_developer")["readable"] if r["by"] == id)
    assert way["used_today"] == 8


def test_the_administrator_has_no_quota(parties: Parties) -> None:
    parties.active(quota=1)
    for _ in range(3):
        answer = parties.world.client(ADMIN).get("/api/v1/datasets/cases/rows?fields=case_code")
        assert answer.status_code == 200
