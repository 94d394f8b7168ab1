"""Signing in by an OpenID Connect provider, against a real one on this machine."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.people import Browser, ask, forgive, person, seed, way
from tests.surface.provider import CLIENT, SECRET, SLOW, Provider, running
from tests.surface.small import World, application

FAULTS = [
    "nonce",
    "audience",
    "token issuer",
    "expired",
    "several",
    "none",
    "secret",
    "key",
    "kid",
    "no token",
    "mix-up",
    "denied",
]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def clean(world: World, provider: Provider) -> None:
    seed(world)
    forgive(world)
    provider.fault = ""


def joined(world: World, provider: Provider, **more: Any) -> World:
    """The small world with this provider in its settings."""
    settings = world.settings.model_copy(
        update={
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
            "oidc_name": "VNeID thử",
            **more,
        }
    )
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(settings)), poolclass=NullPool)
    directory = Directory(engine, settings, Sessions(b"secret"))
    given = Services(
        world.registry, Door(world.registry, world.database), Catalog(world.registry, engine), directory, settings
    )
    return replace(world, app=application(given, world.database), clients={})


def through(browser: Browser, start: str = "/oidc/start") -> httpx.Response:
    """To the provider, sign in there, and back; the answer of the callback."""
    leaving = browser.get(start)
    assert leaving.status_code == 303, leaving.text
    back = urlsplit(httpx.get(leaving.headers["location"]).headers["location"])
    return browser.get(f"{back.path}?{back.query}")


def linked(world: World, subject: str, username: str, provider: Provider) -> None:
    ask(
        world,
        "insert into platform.oidc_link (issuer, subject, username, created_at) values (%s, %s, %s, now()) returning 1",
        provider.url, subject, username,
    )  # fmt: skip


def test_the_whole_way(world: World, provider: Provider) -> None:
    here = joined(world, provider)
    linked(world, "toan-bo", person(world, "toanbo"), provider)
    provider.person = {"sub": "toan-bo"}
    browser = Browser(here)
    page = browser.get("/sign-in").text
    assert "Đăng nhập bằng VNeID thử" in page and "/oidc/start" in page
    answer = through(browser, "/oidc/start?next=/en/account")
    assert answer.status_code == 303 and answer.headers["location"] == "/en/account"
    assert "Người toanbo" in browser.get("/account").text
    assert "lienthong_flow" not in browser.cookies
    assert ask(world, "select method from platform.session where username = 'toanbo'") == [("oidc",)]


def test_nobody_new_comes_in(world: World, provider: Provider) -> None:
    provider.person = {"sub": "la-mat", "preferred_username": "admin", "email": "admin@example.vn"}
    browser = Browser(joined(world, provider))
    answer = through(browser)
    assert answer.headers["location"] == "/sign-in?problem=unknown" and browser.session is None
    assert "chưa gắn với người dùng nào" in browser.get("/sign-in?problem=unknown").text
    assert not ask(world, "select 1 from platform.oidc_link where subject = 'la-mat'")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_cannot_be_believed_opens_nothing(world: World, provider: Provider, fault: str) -> None:
    linked(world, f"fault-{fault}", "an", provider)
    provider.person, provider.fault = {"sub": f"fault-{fault}"}, fault
    browser = Browser(joined(world, provider))
    answer = through(browser)
    assert answer.headers["location"] in ("/sign-in?problem=expired", "/sign-in?problem=provider")
    assert browser.session is None


def test_a_state_is_of_this_browser_and_good_once(world: World, provider: Provider) -> None:
    linked(world, "mot-lan", "an", provider)
    provider.person = {"sub": "mot-lan"}
    here = joined(world, provider)
    victim, other = Browser(here), Browser(here)
    back = urlsplit(httpx.get(victim.get("/oidc/start").headers["location"]).headers["location"])
    other.get("/oidc/start")
    for path in (f"{back.path}?{back.query}", "/oidc/callback", "/oidc/callback?code=x&state=y"):
        assert way(other.get(path)) == "/sign-in" and other.session is None
    flow = victim.cookies["lienthong_flow"]
    assert way(victim.get(f"{back.path}?{back.query}")) == "/account"
    again = Browser(here)
    again.cookies["lienthong_flow"] = flow
    assert way(again.get(f"{back.path}?{back.query}")) == "/sign-in" and again.session is None


def test_the_session_before_ends(world: World, provider: Provider) -> None:
    linked(world, "doi-phien", "an", provider)
    provider.person = {"sub": "doi-phien"}
    browser = Browser(joined(world, provider))
    browser.sign_in("dung")
    before = browser.session
    through(browser)
    assert browser.session != before
    stale = Browser(world)
    stale.cookies["lienthong_session"] = before or ""
    time.sleep(1.0)
    assert way(stale.get("/account")) == "/sign-in"


@pytest.mark.parametrize("fault", ["issuer", "redirect", "large", "slow"])
def test_a_provider_that_misbehaves_is_told_as_such_in_time(world: World, provider: Provider, fault: str) -> None:
    provider.fault = fault
    started = time.monotonic()
    answer = Browser(joined(world, provider)).get("/oidc/start")
    assert answer.headers["location"] == "/sign-in?problem=provider"
    assert time.monotonic() - started < SLOW / 2
    assert "/.well-known/elsewhere" not in provider.requests


def test_without_a_provider_there_is_none(world: World) -> None:
    browser = Browser(world)
    assert "/oidc/start" not in browser.get("/sign-in").text
    assert browser.get("/oidc/start").headers["location"] == "/sign-in?problem=provider"


@pytest.mark.parametrize("next", ["https://elsewhere.vn", "//elsewhere.vn", "/\\elsewhere.vn"])
def test_the_way_on_stays_inside(world: World, provider: Provider, next: str) -> None:
    linked(world, f"next-{next}", "an", provider)
    provider.person = {"sub": f"next-{next}"}
    assert through(Browser(joined(world, provider)), f"/oidc/start?next={next}").headers["location"] == "/account"


# --- who that is here ------------------------------------------------------------------------------------------------


def test_somebody_links_their_own_identity(world: World, provider: Provider) -> None:
    here = joined(world, provider)
    provider.person = {"sub": "tu-gan"}
    browser = Browser(here)
    browser.sign_in(person(world, "tugan"))
    found = re.search(r'href="(/oidc/start\?[^"]+)"', browser.get("/account").text)
    assert found
    assert way(through(browser, found[1].replace("&amp;", "&"))) == "/account"
    assert ask(world, "select username from platform.oidc_link where subject = 'tu-gan'") == [("tugan",)]
    fresh = Browser(here)
    assert way(through(fresh)) == "/account" and "Người tugan" in fresh.get("/account").text
    assert browser.send("/account", "/account/oidc/remove", subject="tu-gan").status_code == 303
    assert through(Browser(here)).headers["location"] == "/sign-in?problem=unknown"


def test_an_identity_belongs_to_one_person(world: World, provider: Provider) -> None:
    here = joined(world, provider)
    linked(world, "cua-an", "an", provider)
    provider.person = {"sub": "cua-an"}
    browser = Browser(here)
    browser.sign_in("dung")
    found = re.search(r'href="(/oidc/start\?[^"]+)"', browser.get("/account").text)
    assert found
    assert through(browser, found[1].replace("&amp;", "&")).headers["location"] == "/account?problem=taken"
    assert ask(world, "select username from platform.oidc_link where subject = 'cua-an'") == [("an",)]


def test_a_link_needs_the_ticket_of_the_own_page(world: World, provider: Provider) -> None:
    """Nobody is linked by an address that somebody else made."""
    here = joined(world, provider)
    attacker, victim = Browser(here), Browser(here)
    attacker.sign_in("dung")
    victim.sign_in("bao")
    found = re.search(r'href="(/oidc/start\?[^"]+)"', attacker.get("/account").text)
    assert found
    assert victim.get(found[1].replace("&amp;", "&")).headers["location"] == "/sign-in?problem=expired"
    assert victim.get("/oidc/start?link=x").headers["location"] == "/sign-in?problem=expired"


def test_a_claim_names_an_account_only_where_the_settings_say_so(world: World, provider: Provider) -> None:
    name = person(world, "khopten")
    provider.person = {"sub": "khop", "preferred_username": name}
    assert through(Browser(joined(world, provider))).headers["location"] == "/sign-in?problem=unknown"
    here = joined(world, provider, oidc_match_claim="preferred_username")
    assert way(through(Browser(here))) == "/account"
    provider.person = {"sub": "khop-2", "preferred_username": name}  # another identity with the same claim
    assert through(Browser(here)).headers["location"] == "/sign-in?problem=unknown"


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_that_is_not_verified_names_nobody(world: World, provider: Provider, verified: Any) -> None:
    provider.person = {"sub": f"thu-{verified}", "email": "an", "email_verified": verified}
    here = joined(world, provider, oidc_match_claim="email")
    assert through(Browser(here)).headers["location"] == "/sign-in?problem=unknown"


def test_new_people_where_the_settings_let_them(world: World, provider: Provider) -> None:
    here = joined(world, provider, oidc_new_role="analyst", oidc_agency_claim="agency")
    provider.person = {
        "sub": "moi",
        "preferred_username": "admin",
        "name": "Người mới",
        "agency": "office",
        "role": "administrator",
    }
    assert way(through(Browser(here))) == "/account"
    ((username, role, agency, name),) = ask(
        world,
        "select username, role, agency_id, name from platform.person join platform.oidc_link using (username) where subject = 'moi'",
    )
    assert (role, agency, name) == ("analyst", "office", "Người mới")
    assert username.startswith("oidc-")  # `admin` is somebody else's


def test_somebody_who_was_deactivated_stays_out(world: World, provider: Provider) -> None:
    linked(world, "ngung", person(world, "ngungoidc"), provider)
    ask(world, "update platform.person set deactivated_at = now() where username = 'ngungoidc' returning 1")
    provider.person = {"sub": "ngung"}
    assert through(Browser(joined(world, provider))).headers["location"] == "/sign-in?problem=unknown"
