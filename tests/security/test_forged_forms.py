"""Forms that another site sends with somebody's session: every form of the portal, and every write that takes a cookie."""

import re

import pytest

from tests.surface.people import Browser, forgive, seed
from tests.surface.small import World

FILLED = {"id": "x", "action": "sign", "username": "an", "name": "firms", "number": "1"}
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
WITHOUT_SESSION = ("/sign-in", "/voices")  # nobody need be signed in; the origin is asked for nevertheless
WRITES = ("/api/v1/agreements", "/api/v1/webhooks", "/api/v1/tokens", "/api/v1/people", "/api/v1/clients", "/api/v1/datasets/firms/releases",
          "/api/v1/datasets/firms/rows", "/passkeys/registration/options")  # fmt: skip


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture
def browser(world: World) -> Browser:
    seed(world)
    forgive(world)
    found = Browser(world)
    assert found.sign_in("admin").status_code == 303
    return found


def forms(world: World) -> list[str]:
    """The addresses that forms of the portal are sent to, filled."""
    routers = [getattr(route, "original_router", None) for route in world.app.routes]
    routes = [route for router in routers if router for route in router.routes]
    paths = {r.path for r in routes if "POST" in (getattr(r, "methods", None) or ()) and not r.path.startswith(("/api", "/graphql", "/oauth", "/passkeys"))}  # fmt: skip
    portal = {path for path in paths if not re.search(r"datastore|/action/|lookup|\{op\}", path)}
    return sorted(re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: FILLED.get(m[1], "x"), path) for path in portal)


def test_every_form_asks_for_the_page_of_this_session(world: World, browser: Browser) -> None:
    found = [path for path in forms(world) if not path.removeprefix("/en").startswith(WITHOUT_SESSION)]
    assert len(found) > 25, found
    for path in found:
        for sent in ({}, {"csrf": ""}, {"csrf": "x" * 64}):
            answer = browser.request("POST", path, data=sent)
            assert answer.status_code in (403, 404), (path, answer.status_code)


def test_every_form_asks_where_it_comes_from(world: World, browser: Browser) -> None:
    token = re.search(r'name="csrf" value="([^"]*)"', browser.get("/account").text)
    assert token
    for path in forms(world):
        answer = browser.request(
            "POST", path, data={"csrf": token[1], "username": "admin", "password": "x"}, headers=ELSEWHERE
        )
        assert answer.status_code in (403, 404), (path, answer.status_code)
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize("path", WRITES)
def test_a_cookie_from_elsewhere_writes_nothing(browser: Browser, path: str) -> None:
    answer = browser.request("POST", path, json={}, headers=ELSEWHERE)
    assert answer.status_code in (401, 403), (path, answer.status_code, answer.text[:200])


ACTIONS = {"package_create": {"name": "gia-mao"}, "organization_create": {"name": "gia-mao"}, "api_token_create": {"user": "admin", "name": "gia-mao"},
           "user_update": {"id": "an", "fullname": "gia mao"}}  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
def test_the_action_api_takes_no_cookie_for_a_write(browser: Browser, action: str) -> None:
    for headers in ({}, ELSEWHERE):
        answer = browser.request("POST", f"/api/3/action/{action}", json=ACTIONS[action], headers=headers)
        assert answer.status_code in (403, 404), (action, answer.text[:200])  # nobody is told who is there
