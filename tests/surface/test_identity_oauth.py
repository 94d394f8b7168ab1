"""The token endpoint as a program of an agency uses it (RFC 6749, 7009, 7662, 8414)."""

import base64
import time
from typing import Any

import httpx
import pytest

from tests.surface.people import ask, json, seed
from tests.surface.small import World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def client(world: World) -> dict[str, str]:
    seed(world)
    return new(world)


def new(world: World, **other: Any) -> dict[str, str]:
    body = {"name": "Một cửa", "agency": "office", "scopes": ["read:*", "tokens"]} | other
    answer = json(world, "POST", "/api/v1/clients", **body)
    assert answer.status_code == 201, answer.text
    return {"client_id": answer.json()["data"]["id"], "client_secret": answer.json()["secret"]}


def post(world: World, path: str, form: dict[str, str], basic: dict[str, str] | None = None) -> httpx.Response:
    headers = {}
    if basic:
        pair = f"{basic['client_id']}:{basic['client_secret']}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return world.anonymous.post(path, data=form, headers=headers)


def granted(world: World, client: dict[str, str], **more: str) -> dict[str, Any]:
    answer = post(world, "/oauth/token", {"grant_type": "client_credentials", **client, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_basic_and_post_are_alike(world: World, client: dict[str, str]) -> None:
    form = {"grant_type": "client_credentials"}
    for answer in (post(world, "/oauth/token", form, client), post(world, "/oauth/token", form | client)):
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        found = answer.json()
        assert set(found) == {"access_token", "token_type", "expires_in", "scope"}
        assert found["expires_in"] == 3600 and found["scope"] == "read:* tokens"
        listed = world.client(found["access_token"]).get("/api/v1/tokens")
        assert listed.status_code == 200


def test_scopes_can_be_narrowed_never_widened(world: World, client: dict[str, str]) -> None:
    assert granted(world, client, scope="read:firms")["scope"] == "read:firms"
    for scope in ("admin", "read:nothing", "read:firms write:firms", "x" * 3000):
        answer = post(world, "/oauth/token", {"grant_type": "client_credentials", "scope": scope, **client})
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_scope", answer.text


def test_what_makes_a_client_do_less_goes_along(world: World) -> None:
    narrow = new(world, scopes=["read:*", "twin"])
    assert granted(world, narrow)["scope"] == "read:* twin"
    answer = post(world, "/oauth/token", {"grant_type": "client_credentials", "scope": "read:*", **narrow})
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password", "username": "admin", "password": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "\0"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_assertion": "x.y.z"}, 400, "invalid_request"),
    ],
    ids=str,
)
def test_refusals_speak_rfc_6749(
    world: World, client: dict[str, str], form: dict[str, str], status: int, error: str
) -> None:
    answer = post(world, "/oauth/token", client | form)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_the_body_is_one_form(world: World, client: dict[str, str]) -> None:
    ask_json = world.anonymous.post("/oauth/token", json={"grant_type": "client_credentials", **client})
    assert ask_json.status_code == 400 and ask_json.json()["error"] == "invalid_request"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = world.anonymous.post(
        "/oauth/token", content=b"grant_type=client_credentials&grant_type=password", headers=headers
    )
    assert twice.json()["error"] == "invalid_request"
    large = world.anonymous.post("/oauth/token", content=b"a=" + b"x" * 40_000, headers=headers)
    assert large.json()["error"] == "invalid_request"
    assert world.anonymous.get("/oauth/token").status_code == 405


def test_a_secret_is_kept_as_a_hash_and_told_once(world: World, client: dict[str, str]) -> None:
    secret = client["client_secret"]
    assert secret not in json(world, "GET", "/api/v1/clients").text
    assert ask(world, "select count(*) from platform.oauth_client c where c::text like %s", f"%{secret}%") == [(0,)]


def test_a_revoked_access_token_is_refused_within_a_second(world: World, client: dict[str, str]) -> None:
    text = granted(world, client)["access_token"]
    assert world.client(text).get("/api/v1/tokens").status_code == 200
    assert post(world, "/oauth/revoke", {"token": text, **client}).status_code == 200
    time.sleep(1.0)
    assert world.client(text).get("/api/v1/tokens").status_code == 401


def test_a_client_can_end_its_own_tokens_only_and_learns_nothing(world: World, client: dict[str, str]) -> None:
    other, text = new(world), granted(world, client)["access_token"]
    for token in (text, "never-made"):
        answer = post(world, "/oauth/revoke", {"token": token, **other})
        assert answer.status_code == 200 and answer.json() == {}
    assert post(world, "/oauth/introspect", {"token": text, **other}).json() == {"active": False}
    found = post(world, "/oauth/introspect", {"token": text, **client}).json()
    assert found["active"] and found["client_id"] == client["client_id"] and found["sub"] == "office"


def test_a_token_may_ask_about_itself(world: World, client: dict[str, str]) -> None:
    text, other = granted(world, client)["access_token"], granted(world, client)["access_token"]
    found = world.client(text).post("/oauth/introspect", data={"token": text})
    assert found.status_code == 200 and found.json()["scope"] == "read:* tokens"
    assert world.client(text).post("/oauth/introspect", data={"token": other}).status_code == 401


def test_a_deactivated_client_ends_with_its_tokens(world: World) -> None:
    gone = new(world)
    text = granted(world, gone)["access_token"]
    assert world.client(text).get("/api/v1/tokens").status_code == 200
    assert json(world, "DELETE", f"/api/v1/clients/{gone['client_id']}").json()["data"]["active"] is False
    time.sleep(1.0)
    assert world.client(text).get("/api/v1/tokens").status_code == 401
    answer = post(world, "/oauth/token", {"grant_type": "client_credentials", **gone})
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


def test_the_metadata_names_what_there_is(world: World) -> None:
    found = world.anonymous.get("/.well-known/oauth-authorization-server").json()
    assert found["token_endpoint"] == found["issuer"] + "/oauth/token"
    assert found["grant_types_supported"] == ["client_credentials"]
    algorithms = found["token_endpoint_auth_signing_alg_values_supported"]
    assert "ES256" in algorithms and not [a for a in algorithms if a == "none" or a.startswith("HS")]
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        path = found[name].removeprefix(found["issuer"])
        assert world.anonymous.post(path, data={}).status_code in (400, 401)
