"""What was taken back is refused by every process of the server within a second (programme A08)."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.surface.people import PASSWORD, forgive, person, seed
from tests.surface.site import served
from tests.surface.small import ADMIN, World

WORKERS, TRIES = 4, 32


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    seed(world)
    forgive(world)
    with served(world, WORKERS) as url:
        yield url


def statuses(url: str, **options: dict[str, str]) -> set[int]:
    """The answers of fresh connections, so that every process is asked."""
    return {httpx.get(url, timeout=300, **options).status_code for _ in range(TRIES)}  # type: ignore[arg-type]


def after(moment: float) -> None:
    time.sleep(max(0.0, moment + 1.0 - time.monotonic()))


def test_a_token(site: str) -> None:
    admin = {"Authorization": f"Bearer {ADMIN}"}
    body = {"label": "thu hồi", "scopes": ["read:*", "tokens"], "agency": "office"}
    made = httpx.post(site + "/api/v1/tokens", json=body, headers=admin).json()
    mine = {"Authorization": f"Bearer {made['token']}"}
    assert statuses(site + "/api/v1/tokens", headers=mine) == {200}
    assert httpx.delete(f"{site}/api/v1/tokens/{made['data']['id']}", headers=admin).status_code == 200
    after(time.monotonic())
    assert statuses(site + "/api/v1/tokens", headers=mine) == {401}


def test_a_client_of_an_agency(site: str) -> None:
    admin = {"Authorization": f"Bearer {ADMIN}"}
    body = {"name": "thu hồi", "scopes": ["read:*", "tokens"], "agency": "office"}
    made = httpx.post(site + "/api/v1/clients", json=body, headers=admin).json()
    pair = (made["data"]["id"], made["secret"])
    access = httpx.post(site + "/oauth/token", data={"grant_type": "client_credentials"}, auth=pair).json()[
        "access_token"
    ]
    mine = {"Authorization": f"Bearer {access}"}
    assert statuses(site + "/api/v1/tokens", headers=mine) == {200}
    assert httpx.delete(f"{site}/api/v1/clients/{pair[0]}", headers=admin).status_code == 200
    after(time.monotonic())
    assert statuses(site + "/api/v1/tokens", headers=mine) == {401}


def test_a_session_and_its_person(world: World, site: str) -> None:
    admin, name = {"Authorization": f"Bearer {ADMIN}"}, person(world, "bi.ngung")
    answer = httpx.post(site + "/sign-in", data={"username": name, "password": PASSWORD}, headers={"Origin": site})
    assert answer.status_code == 303, answer.text
    mine = {"Cookie": f"lienthong_session={answer.cookies['lienthong_session']}"}
    assert statuses(site + "/account", headers=mine) == {200}
    assert httpx.patch(f"{site}/api/v1/people/{name}", json={"active": False}, headers=admin).status_code == 200
    after(time.monotonic())
    assert statuses(site + "/account", headers=mine) == {303}
