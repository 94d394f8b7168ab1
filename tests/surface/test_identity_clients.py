"""OAuth clients over their life: made, given another secret or other keys, ended; over the API and on the pages."""

import json as text
import re
import time
import uuid
from datetime import datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from lienthong.governance.identity.scopes import AREAS
from lienthong.store import owner
from tests.surface.people import Browser, ask, forgive, json, seed, way
from tests.surface.small import AGENCY, World

CLIENTS = "/api/v1/clients"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Key = ed25519.Ed25519PrivateKey


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    seed(world)
    forgive(world)


def made(world: World, **other: Any) -> dict[str, Any]:
    answer = json(world, "POST", CLIENTS, **({"name": "Một cửa", "agency": "office", "scopes": ["read:*"]} | other))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def by_secret(world: World, id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
    return world.anonymous.post("/oauth/token", data=form)


def by_key(world: World, id: str, key: Key, kid: str) -> httpx.Response:
    """A token asked for with an assertion that the key signed."""
    site = world.anonymous.get("/.well-known/oauth-authorization-server").json()
    now = int(time.time())
    claims = {"iss": id, "sub": id, "aud": site["token_endpoint"], "exp": now + 60, "jti": uuid.uuid4().hex}
    assertion = jwt.encode(claims, key, "EdDSA", {"kid": kid})
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": assertion}
    return world.anonymous.post("/oauth/token", data=form)


def public(key: Key, kid: str) -> dict[str, Any]:
    return dict(text.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))) | {"kid": kid}


def works(world: World, token: str) -> bool:
    time.sleep(1.1)  # a token that has ended is known for a second
    return world.client(token).get("/api/v1/datasets/firms/rows?limit=1").status_code == 200


def test_a_new_secret_ends_the_old_one_and_what_it_opened(world: World) -> None:
    client = made(world)
    id, old = client["data"]["id"], client["secret"]
    token = by_secret(world, id, old).json()["access_token"]
    answer = world.client(AGENCY).post(f"{CLIENTS}/{id}/secret")
    assert answer.status_code == 403, "for administrators"
    rotated = json(world, "POST", f"{CLIENTS}/{id}/secret")
    assert rotated.status_code == 200, rotated.text
    assert by_secret(world, id, old).json()["error"] == "invalid_client"
    assert by_secret(world, id, rotated.json()["secret"]).status_code == 200
    assert not works(world, token)
    assert ask(world, "select what from platform.identity_event where about = %s order by at", id) == [
        ("client.create",), ("client.rotate",),
    ]  # fmt: skip


def test_an_old_secret_is_taken_beside_the_new_one_for_as_long_as_was_said(world: World) -> None:
    client = made(world)
    id, first = client["data"]["id"], client["secret"]
    token = by_secret(world, id, first).json()["access_token"]
    rotated = json(world, "POST", f"{CLIENTS}/{id}/secret?keep_hours=2").json()
    until = datetime.fromisoformat(rotated["old_until"]).timestamp() - time.time()
    assert 7100 < until < 7300
    for secret in (first, rotated["secret"]):
        assert by_secret(world, id, secret).status_code == 200
    assert by_secret(world, id, first + "x").status_code == 401
    assert works(world, token)
    with owner.connect(world.settings) as connection:  # two hours later
        connection.execute(
            "update platform.used_once set expires_at = now() where expires_at > now() + interval '1 hour'"
        )
    assert by_secret(world, id, first).json()["error"] == "invalid_client"
    assert by_secret(world, id, rotated["secret"]).status_code == 200


def test_another_rotation_ends_an_old_secret_before_its_time(world: World) -> None:
    client = made(world)
    id, first = client["data"]["id"], client["secret"]
    second = json(world, "POST", f"{CLIENTS}/{id}/secret?keep_hours=24").json()["secret"]
    token = by_secret(world, id, first).json()["access_token"]
    third = json(world, "POST", f"{CLIENTS}/{id}/secret").json()
    assert third["old_until"] is None
    assert [by_secret(world, id, s).status_code for s in (first, second, third["secret"])] == [401, 401, 200]
    assert not works(world, token)
    other = made(world)
    assert by_secret(world, other["data"]["id"], third["secret"]).status_code == 401
    for hours in ("-1", "169", "x"):
        assert json(world, "POST", f"{CLIENTS}/{id}/secret?keep_hours={hours}").status_code == 400


def test_keys_change_without_a_pause(world: World) -> None:
    first, second = Key.generate(), Key.generate()
    id = made(world, jwks={"keys": [public(first, "1")]})["data"]["id"]
    token = by_key(world, id, first, "1").json()["access_token"]
    both = json(world, "PUT", f"{CLIENTS}/{id}/keys", jwks={"keys": [public(first, "1"), public(second, "2")]})
    assert both.json()["data"]["keys"] == ["1", "2"]
    assert works(world, token), "the key that opened it is still there"
    assert by_key(world, id, second, "2").status_code == 200
    assert json(world, "PUT", f"{CLIENTS}/{id}/keys", jwks={"keys": [public(second, "2")]}).status_code == 200
    assert by_key(world, id, first, "1").status_code == 401
    assert not works(world, token)
    assert json(world, "POST", f"{CLIENTS}/{id}/secret").status_code == 409, "who signs gets no secret"


def test_a_secret_gives_way_to_keys(world: World) -> None:
    client, key = made(world), Key.generate()
    id = client["data"]["id"]
    token = by_secret(world, id, client["secret"]).json()["access_token"]
    given = json(world, "PUT", f"{CLIENTS}/{id}/keys", jwks={"keys": [public(key, "1")]})
    assert given.json()["data"]["method"] == "private_key_jwt"
    assert by_secret(world, id, client["secret"]).status_code == 401
    assert by_key(world, id, key, "1").status_code == 200
    assert not works(world, token)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "jwks.keys[0]"),
        ({"jwks": {}, "key": 1}, "key"),
        ({}, "jwks"),
    ],
)
def test_what_is_no_key_is_refused(world: World, body: dict[str, Any], place: str) -> None:
    id = made(world)["data"]["id"]
    answer = json(world, "PUT", f"{CLIENTS}/{id}/keys", **body)
    assert (answer.status_code, answer.json()["place"]) == (422, place), answer.text


def test_what_has_ended_stays_so(world: World) -> None:
    id = made(world)["data"]["id"]
    assert json(world, "DELETE", f"{CLIENTS}/{id}").status_code == 200
    assert json(world, "POST", f"{CLIENTS}/{id}/secret").status_code == 409
    assert json(world, "PUT", f"{CLIENTS}/{id}/keys", jwks={"keys": [public(Key.generate(), "1")]}).status_code == 409
    assert json(world, "POST", f"{CLIENTS}/nobody/secret").status_code == 404


def test_an_agency_is_named_as_addresses_write_it_and_the_nearest_is_told(world: World) -> None:
    assert made(world, agency="registry-office")["data"]["agency"] == "registry_office"
    wrong = json(world, "POST", CLIENTS, name="x", agency="ofice", scopes=["read:*"])
    assert (wrong.status_code, wrong.json()["place"]) == (404, "agency")
    assert "office" in wrong.json()["fix"]


@pytest.fixture
def admin(world: World) -> Browser:
    browser = Browser(world)
    assert browser.sign_in("admin").status_code == 303
    return browser


def test_the_pages_do_all_of_it(world: World, admin: Browser) -> None:
    page = "/en/admin/clients"
    form = {"name": "Kho <b>thuế</b>", "agency": "office", "scope": ["read:firms", "tokens"]}
    shown = admin.send(page, page, **form)
    assert shown.status_code == 200 and shown.headers["cache-control"] == "no-store", shown.text
    id, secret = (re.search(rf"{name}=(\S+?)<", shown.text)[1] for name in ("client_id", "client_secret"))  # type: ignore[index]
    assert by_secret(world, id, secret).json()["scope"] == "read:firms tokens"
    listed = admin.get(page).text
    assert id in listed and secret not in listed and "Kho &lt;b&gt;" in listed
    own = f"{page}/{id}"
    kept = admin.send(own, own + "/secret", keep="24")
    assert "The old secret is taken until" in kept.text and by_secret(world, id, secret).status_code == 200
    assert admin.send(own, own + "/secret", keep="5").status_code == 422
    rotated = admin.send(own, own + "/secret")
    new = re.search(r"client_secret=(\S+?)<", rotated.text)
    assert new and by_secret(world, id, new[1]).status_code == 200
    assert by_secret(world, id, secret).status_code == 401
    key = Key.generate()
    keyed = admin.send(own, own + "/keys", jwks=text.dumps(public(key, "2026")))
    assert (keyed.status_code, way(keyed)) == (303, own), keyed.text
    assert by_key(world, id, key, "2026").status_code == 200
    assert "2026" in admin.get(own).text and "Make a new secret" not in admin.get(own).text
    assert admin.send(own, own + "/deactivate").status_code == 303
    assert by_key(world, id, key, "2026").status_code == 401
    assert "Deactivated" in admin.get(own).text


def test_a_page_with_keys_makes_no_secret(world: World, admin: Browser) -> None:
    key = Key.generate()
    form = {"name": "Máy ký", "agency": "office", "scope": "read:*", "jwks": text.dumps({"keys": [public(key, "1")]})}
    answer = admin.send("/admin/clients", "/admin/clients", **form)
    assert answer.status_code == 303, answer.text
    assert by_key(world, way(answer).rpartition("/")[2], key, "1").status_code == 200


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"name": ""}, "name"),
        ({"scope": "read:firmss"}, "read:firms"),
        ({"agency": "offce"}, "office"),
        ({"jwks": "{"}, "JSON"),
        ({"jwks": "[]"}, "JSON"),
    ],
)
def test_the_form_comes_back_with_what_is_wrong(admin: Browser, given: dict[str, str], word: str) -> None:
    form = {"name": "Giữ lại", "agency": "office", "scope": "read:*"} | given
    answer = admin.send("/en/admin/clients", "/en/admin/clients", **form)
    assert answer.status_code in (404, 422), answer.text
    alert = re.search(r'role="alert">(.*?)</p>', answer.text)
    assert alert and word in alert[1]
    assert given.get("name") == "" or "Giữ lại" in answer.text


@pytest.mark.parametrize("page", ["/account", "/admin/clients"])
def test_every_scope_can_be_chosen_on_the_pages(admin: Browser, page: str) -> None:
    offered = set(re.findall(r'name="scope" value="([^"]+)"', admin.get(page).text))
    assert offered >= {"read:*", "write:*", "read:firms", *(set(AREAS) - {"admin"})}
    assert ("admin" in offered) == (page == "/account")


def test_a_private_key_is_never_kept(world: World, admin: Browser) -> None:
    key = rsa.generate_private_key(65537, 2048)
    secret = jwt.algorithms.RSAAlgorithm.to_jwk(key)
    form = {"name": "Lỡ tay", "agency": "office", "scope": "read:*", "jwks": secret}
    answer = admin.send("/en/admin/clients", "/en/admin/clients", **form)
    assert answer.status_code == 422 and "private" in answer.text
    assert text.loads(secret)["d"] not in answer.text, "nor shown again"
    assert not ask(world, "select 1 from platform.oauth_client where name = 'Lỡ tay'")


@pytest.mark.parametrize("username", ["thu", "dung", "bao"])
def test_the_pages_are_for_administrators(world: World, username: str) -> None:
    browser = Browser(world)
    browser.sign_in(username)
    assert browser.get("/admin/clients").status_code == 403
    assert way(Browser(world).get("/admin/clients")) == "/sign-in"
