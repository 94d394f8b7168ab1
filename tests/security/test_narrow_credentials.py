"""A credential reaches what its scopes say, by every way; what it may set up does not read more than it may itself."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from lienthong.governance.credentials import token_hash
from lienthong.store import owner
from tests.surface.small import ADMIN, World

SCOPES: tuple[list[str], ...] = (
    ["webhooks"],
    ["agreements"],
    ["tokens"],
    ["read:firms"],
    ["write:cases"],
    ["graphql:persisted"],
    [],
)
ROWS = "/api/v1/datasets/cases/rows"
HOOK = {"url": "https://hooks.example.vn/in", "dataset": "cases", "purpose": "social_insurance", "payload": "rows"}
Ask = Callable[[Any], httpx.Response]
READS: dict[str, Ask] = {
    "rows": lambda c: c.get(ROWS + "?fields=case_code"),
    "one": lambda c: c.get(ROWS + "/C001?fields=case_code"),
    "csv": lambda c: c.get(ROWS + ".csv?fields=case_code"),
    "groups": lambda c: c.get(ROWS + "?group_by=channel&measure=count"),
    "lookup": lambda c: c.post("/api/v1/datasets/cases/lookup", json={"keys": ["C001"], "fields": ["case_code"]}),
    "changes": lambda c: c.get("/api/v1/datasets/cases/changes"),
    "graphql": lambda c: c.post("/graphql", json={"query": "{ cases { nodes { caseCode } } }"}),
    "by relation": lambda c: c.post(
        "/graphql", json={"query": "{ firms(first: 9) { nodes { cases { nodes { caseCode } } } } }"}
    ),
    "ckan": lambda c: c.get("/api/3/action/datastore_search?resource_id=cases&fields=case_code"),
    "dump": lambda c: c.get("/datastore/dump/cases"),
}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


def credential(world: World, scopes: list[str], agency: str = "office") -> str:
    """A token of the office, which has an agreement about cases."""
    text = f"narrow-{uuid.uuid4().hex}"
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.token (id, sha256, label, agency_id, created_at, scopes) values (%s, %s, '', %s, now(), %s)",
            (uuid.uuid4(), token_hash(text), agency, scopes),
        )
    return text


@pytest.mark.parametrize("scopes", SCOPES, ids=lambda s: ",".join(s) or "none")
@pytest.mark.parametrize("agency", ["office", "registry_office"])
def test_no_way_reads_more_than_the_scopes_say(world: World, scopes: list[str], agency: str) -> None:
    """Of a consumer with an agreement, and of the provider itself."""
    client = world.client(credential(world, scopes, agency))
    for name, ask in READS.items():
        answer = ask(client)
        assert answer.status_code >= 400 or "errors" in answer.json(), (name, answer.text)
        assert "C001" not in answer.text.replace("rows/C001", ""), name


def test_with_the_scope_each_way_reads(world: World) -> None:
    client = world.client(credential(world, ["read:cases", "read:firms"]))
    for name, ask in READS.items():
        if name not in ("groups", "by relation"):  # the agreement does not give the field that joins them
            assert "C001" in ask(client).text, name


@pytest.mark.parametrize("scopes", [["webhooks"], ["webhooks", "read:firms"]], ids=",".join)
def test_a_webhook_hears_no_more_than_who_makes_it(world: World, scopes: list[str]) -> None:
    narrow, whole = (world.client(credential(world, s)) for s in (scopes, ["webhooks", "read:cases"]))
    refused = narrow.post("/api/v1/webhooks", json=HOOK)
    assert refused.status_code == 403 and "read:cases" in refused.text, refused.text
    made = whole.post("/api/v1/webhooks", json=HOOK).json()["data"]["id"]
    assert narrow.post(f"/api/v1/webhooks/{made}/replay", json={"since": "begin"}).status_code == 403
    of_others = world.client(credential(world, scopes, "registry_office"))  # to whom the permits are open data
    assert of_others.post("/api/v1/webhooks", json=HOOK | {"dataset": "permits", "purpose": None}).status_code == 201
    assert whole.request("DELETE", f"/api/v1/webhooks/{made}").status_code == 200


def test_the_administrator_hears_nothing_for_itself(world: World) -> None:
    assert world.client(ADMIN).post("/api/v1/webhooks", json=HOOK).status_code == 403
