"""API tokens: scoped, expiring, revocable, shown once."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.governance.credentials import token_hash
from tests.surface.people import ask, json, seed, token
from tests.surface.small import ADMIN, AGENCY, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(autouse=True)
def people(world: World) -> Iterator[None]:
    seed(world)
    yield


def made(world: World, by: str | None = ADMIN, **given: Any) -> dict[str, Any]:
    answer = json(world, "POST", "/api/v1/tokens", by, **{"label": "thử", "scopes": ["read:*"], **given})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_token_is_told_once_and_kept_as_a_hash(world: World) -> None:
    found = made(world, days=7)
    text = found["token"]
    assert text.startswith("lt_") and len(text) > 40
    assert ask(world, "select sha256 from platform.token where id = %s", found["data"]["id"]) == [(token_hash(text),)]
    assert text not in json(world, "GET", "/api/v1/tokens").text
    assert ask(world, "select count(*) from platform.token t where t::text like %s", f"%{text}%") == [(0,)]


def test_a_token_reads_what_its_owner_may(world: World) -> None:
    text = made(world, AGENCY)["token"]
    headers = {"Lienthong-Purpose": "social_insurance"}
    answer = world.client(text).get("/api/v1/datasets/cases/rows", params={"fields": "case_code"}, headers=headers)
    assert answer.status_code == 200, answer.text


def test_the_list_holds_the_callers_own_tokens_only(world: World) -> None:
    mine = made(world, token(world, "an"))["data"]["id"]
    listed = json(world, "GET", "/api/v1/tokens", token(world, "dung")).json()["data"]
    assert mine not in [one["id"] for one in listed]
    assert all(one["username"] == "dung" for one in listed)


def test_a_revoked_token_is_refused_within_a_second(world: World) -> None:
    found = made(world)
    client = world.client(found["token"])
    assert client.get("/api/v1/tokens").status_code == 403  # it is known, its scopes leave this out
    assert json(world, "DELETE", f"/api/v1/tokens/{found['data']['id']}").status_code == 200
    time.sleep(1.0)
    assert client.get("/api/v1/tokens").status_code == 401


def test_somebody_elses_token_cannot_be_told_from_one_that_is_not_there(world: World) -> None:
    theirs = made(world)["data"]["id"]
    by = token(world, "an")
    answers = [
        json(world, "DELETE", f"/api/v1/tokens/{id}", by) for id in (theirs, "00000000-0000-0000-0000-000000000000")
    ]
    first, second = (a.json() | {"place": "", "instance": ""} for a in answers)
    assert first == second and first["status"] == 404
    assert ask(world, "select revoked_at from platform.token where id = %s", theirs) == [(None,)]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["read:firm"], 422), (["root"], 422), ([], 422), (["read:firms", "read:firms "], 422), (["read:firms"], 201)],
)
def test_scopes_are_known_ones(world: World, scopes: list[str], status: int) -> None:
    answer = json(world, "POST", "/api/v1/tokens", label="x", scopes=scopes)
    assert answer.status_code == status, answer.text
    if scopes == ["read:firm"]:
        assert "read:firms" in answer.json()["fix"]


def test_a_token_cannot_hand_out_more_than_it_has(world: World) -> None:
    narrow = token(world, "an", ["tokens", "read:firms"])
    assert json(world, "POST", "/api/v1/tokens", narrow, label="x", scopes=["read:firms"]).status_code == 201
    for more in ("read:*", "read:cases", "write:firms", "admin", "agreements"):
        answer = json(world, "POST", "/api/v1/tokens", narrow, label="x", scopes=[more])
        assert answer.status_code == 403 and answer.json()["clause"] == more, answer.text


@pytest.mark.parametrize("narrowing", ["twin", "graphql:persisted"])
def test_what_makes_a_token_do_less_goes_along(world: World, narrowing: str) -> None:
    narrow = token(world, "an", ["tokens", "read:*", narrowing])
    answer = json(world, "POST", "/api/v1/tokens", narrow, label="x", scopes=["read:*"])
    assert answer.status_code == 403 and answer.json()["clause"] == narrowing, answer.text
    assert json(world, "POST", "/api/v1/tokens", narrow, label="x", scopes=["read:*", narrowing]).status_code == 201


def test_a_scope_never_gives_a_right(world: World) -> None:
    """An analyst's token may name the scope `admin`: it is still an analyst's."""
    text = token(world, "an", ["admin", "tokens"])
    assert json(world, "GET", "/api/v1/people", text).status_code == 403


def test_an_administrators_token_without_the_scope_administers_nothing(world: World) -> None:
    text = token(world, "admin", ["read:*"])
    answer = json(world, "GET", "/api/v1/people", text)
    assert answer.status_code == 403 and answer.json()["clause"] == "admin"


def test_tokens_of_an_agency_are_kept_by_administrators_and_the_agency(world: World) -> None:
    assert made(world, agency="office")["data"]["agency"] == "office"
    assert made(world, AGENCY)["data"]["agency"] == "office"
    for by in (token(world, "an"), token(world, "thu")):
        assert (
            json(world, "POST", "/api/v1/tokens", by, label="x", scopes=["read:*"], agency="office").status_code == 403
        )
    assert json(world, "POST", "/api/v1/tokens", label="x", scopes=["read:*"], agency="nowhere").status_code == 409


def test_nobody_makes_no_token(world: World) -> None:
    assert json(world, "POST", "/api/v1/tokens", None, label="x", scopes=["read:*"]).status_code == 401
    assert json(world, "GET", "/api/v1/tokens", None).status_code == 401


@pytest.mark.parametrize("days", [0, -1, 367, 1.5, "30", None, True])
def test_a_token_always_expires_within_a_year(world: World, days: Any) -> None:
    assert json(world, "POST", "/api/v1/tokens", label="x", scopes=["read:*"], days=days).status_code == 422


def test_an_expired_token_is_refused(world: World) -> None:
    found = made(world, scopes=["tokens"])
    id = found["data"]["id"]
    ask(world, "update platform.token set expires_at = now() - interval '1 second' where id = %s returning id", id)
    assert world.client(found["token"]).get("/api/v1/tokens").status_code == 401


def test_the_last_use_is_noted(world: World) -> None:
    found = made(world, scopes=["tokens"])
    assert world.client(found["token"]).get("/api/v1/tokens").status_code == 200
    ((used,),) = ask(world, "select last_used_at from platform.token where id = %s", found["data"]["id"])
    assert used is not None
