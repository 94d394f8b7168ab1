"""Members that nobody may set (programme A13): on every write of people, tokens and clients."""

import json as text
from typing import Any

import pytest

from tests.surface.people import PASSWORD, Browser, ask, forgive, json, person, seed, token
from tests.surface.small import AGENCY, World

EXTRA: dict[str, Any] = {
    "id": "00000000-0000-0000-0000-000000000001", "sha256": "0" * 64, "username": "admin", "agency_id": "registry_office",
    "client_id": "client-x", "created_at": "2020-01-01T00:00:00Z", "expires_at": "2099-01-01T00:00:00Z", "revoked_at": None,
    "last_used_at": None, "password_hash": "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "deactivated_at": None, "is_administrator": True,
    "secret_sha256": "0" * 64, "created_by": "admin", "secret": "x" * 20, "token": "lt_x", "owner": "admin", "admin": True,
    "roles": ["administrator"], "__proto__": {"role": "administrator"}, "state": "active", "purpose": "x", "identified_by": ["x"],
}  # fmt: skip
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "token": ("POST", "/api/v1/tokens", {"label": "gán", "scopes": ["read:*"]}),
    "person": ("POST", "/api/v1/people", {"username": "gan.hang.loat", "name": "Gán hàng loạt", "role": "analyst"}),
    "change": ("PATCH", "/api/v1/people/an", {"name": "Gán hàng loạt"}),
    "client": ("POST", "/api/v1/clients", {"name": "gán", "agency": "office", "scopes": ["read:*"]}),
    "passkey": ("POST", "/passkeys/authentication", {"credential": {}}),
}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    seed(world)
    forgive(world)


def counts(world: World) -> list[tuple[Any, ...]]:
    return ask(
        world,
        "select (select count(*) from platform.token), (select count(*) from platform.person), "
        "(select count(*) from platform.oauth_client), (select name from platform.person where username = 'an')",
    )


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("member", EXTRA)
def test_a_member_that_is_not_declared_is_refused_and_not_stored(world: World, write: str, member: str) -> None:
    method, path, body = WRITES[write]
    if member in body:
        pytest.skip("declared here")
    before = counts(world)
    answer = json(world, method, path, **body, **{member: EXTRA[member]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["place"].split(".")[0] == member
    assert counts(world) == before


@pytest.mark.parametrize(
    "raw",
    [
        "[]",
        "null",
        '"x"',
        "{",
        '{"label":"a","label":"b","scopes":["read:*"]}',
        '{"label":NaN,"scopes":["read:*"]}',
        "\ufeff{}",
    ],
)
def test_a_body_is_one_json_object(world: World, raw: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer administrator-of-the-small-world"}
    answer = world.anonymous.post("/api/v1/tokens", content=raw.encode(), headers=headers)
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("value", [{"role": "root"}, {"role": None}, {"active": "yes"}, {"active": None}, {"name": ""}, {"name": "a\0b"}, {"name": 7},
                                   {"identifiers": {"x": None}}, {"agency": "nowhere"}, {}], ids=str)  # fmt: skip
def test_a_wrong_value_changes_nothing(world: World, value: dict[str, Any]) -> None:
    before = counts(world)
    answer = json(world, "PATCH", "/api/v1/people/an", **value)
    assert 400 <= answer.status_code < 500, answer.text
    assert counts(world) == before
    assert ask(world, "select role, agency_id from platform.person where username = 'an'") == [("analyst", "office")]


def test_forms_of_the_portal_take_their_own_fields_only(world: World) -> None:
    name = person(world, "gan.bieu.mau")
    browser = Browser(world)
    browser.sign_in(name)
    extra = {"username": "admin", "agency": "office", "role": "administrator", "expires_at": "2099-01-01"}
    browser.send("/account", "/account/tokens", label="gán biểu mẫu", scope="read:firms", days="30", **extra)
    found = ask(
        world,
        "select username, agency_id, expires_at < now() + interval '31 days' from platform.token where label = 'gán biểu mẫu'",
    )
    assert found == [(name, None, True)]
    browser.send(
        "/account", "/account/password", old=PASSWORD, new="một mật khẩu khác", role="administrator", username="admin"
    )
    assert ask(world, "select role from platform.person where username = %s", name) == [("analyst",)]


@pytest.mark.parametrize("username", ["an", "thu", "phuong", "dung", "bao", None])
def test_only_administrators_administer(world: World, username: str | None) -> None:
    by = token(world, username) if username else None
    for method, path, body in (
        *WRITES.values(),
        ("GET", "/api/v1/people", {}),
        ("GET", "/api/v1/clients", {}),
        ("GET", "/api/v1/people/an", {}),
    ):
        if path.startswith(("/api/v1/people", "/api/v1/clients")):
            assert json(world, method, path, by, **body).status_code == (403 if username else 401), path


def test_no_answer_tells_a_hash_or_an_identifier(world: World) -> None:
    json(world, "PATCH", "/api/v1/people/an", identifiers={"person_name": "001099012345"})
    found = json(world, "GET", "/api/v1/people").text + json(world, "GET", "/api/v1/people/an").text
    assert '"person_name"' in found and "001099012345" not in found and "argon2" not in found
    assert "sha256" not in text.dumps(json(world, "GET", "/api/v1/tokens").json())


# Writes of other rooms: who may make them, where, and a body that is right but for the members that are added.
OTHERS: dict[str, tuple[str | None, str, dict[str, Any]]] = {
    "agreement": (AGENCY, "/api/v1/agreements", {"dataset": "cases", "fields": ["case_code"], "purpose": "social_insurance", "legal_basis": "x",
                                                 "expires": "2099-01-01", "application": "x", "frequency": "x"}),
    "webhook": (AGENCY, "/api/v1/webhooks", {"url": "https://example.vn/x", "dataset": "cases", "purpose": "social_insurance"}),
    "voice": (None, "/api/v1/voices", {"kind": "reuse", "title": "Bản đồ", "text": "Làm từ dữ liệu mở", "url": "https://example.vn/ban-do"}),
}  # fmt: skip
PLACED = {"provider": "registry_office", "consumer": "registry_office", "active": False, "secret_sha256": "x", "cursor": "begin", "agency": "registry_office",
          "requested_by": "admin", "applied": "x", "published": True, "answer": "x", "reviewed_by": "admin", "signed_at": "2020-01-01T00:00:00Z",
          "attempts": 99, "deleted_at": "2020-01-01T00:00:00Z", "next_at": None, "claimed_until": None, "public_key": "x", "receipt": "x"}  # fmt: skip


@pytest.mark.parametrize("write", OTHERS)
def test_members_of_other_writes_are_refused_by_name(world: World, write: str) -> None:
    by, path, body = OTHERS[write]
    tables = ("agreement", "webhook", "voice")
    before = ask(world, "select " + ", ".join(f"(select count(*) from platform.{t})" for t in tables))
    for member, value in (EXTRA | PLACED).items():
        if member in body or (write, member) == ("agreement", "purpose"):
            continue
        answer = json(world, "POST", path, by, **body, **{member: value})
        assert answer.status_code == 422, (member, answer.text)
        assert answer.json()["place"].split(".")[0] == member, answer.text
    assert ask(world, "select " + ", ".join(f"(select count(*) from platform.{t})" for t in tables)) == before
