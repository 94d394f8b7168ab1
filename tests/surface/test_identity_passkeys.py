"""Passkeys in a real browser with a virtual authenticator (WebAuthn over CDP), against the real server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.surface.people import PASSWORD, ask, forgive, person, seed
from tests.surface.site import served
from tests.surface.small import World, running

CHROMIUM = shutil.which("chromium")
PATIENCE = 300_000  # milliseconds: the machine may be busy with others
SHOTS = os.environ.get("LIENTHONG_TEST_SHOTS")  # a folder for pictures of the pages
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: what is done here to its people would be in the way of others."""
    with running(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    """The whole server over the small world, at a name (a passkey belongs to a name)."""
    with served(world) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def clean(world: World) -> None:
    seed(world)
    forgive(world)


class Device:
    """A browser of its own with an authenticator; every request that leaves this machine would be noted."""

    def __init__(self, chromium: Any, site: str, verified: bool = True) -> None:
        self.site, self.errors = site, []  # type: tuple[str, list[str]]
        self.context = chromium.new_context(locale="vi-VN", base_url=site)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": verified, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def sign_in(self, username: str) -> None:
        self.page.goto("/sign-in")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.click("form.stack button")

    def register(self, name: str = "Máy thử") -> None:
        self.page.goto("/account")
        self.page.fill("#passkey-name", name)
        self.page.click("[data-passkey=registration] button")
        self.page.wait_for_selector(f"li:has-text('{name}')")

    def credentials(self) -> list[dict[str, Any]]:
        return list(self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"])


@contextmanager
def device(chromium: Any, site: str, **options: Any) -> Iterator[Device]:
    found = Device(chromium, site, **options)
    try:
        yield found
    finally:
        found.context.close()


def shot(page: Any, name: str) -> None:
    if not SHOTS:
        return
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_passkey_is_made_and_signs_in_without_a_password(world: World, chromium: Any, site: str) -> None:
    name = person(world, "khoa1")
    with device(chromium, site) as here:
        here.sign_in(name)
        here.register("Máy của tôi")
        assert len(here.credentials()) == 1
        here.page.click("button.link")  # sign out
        here.page.goto("/sign-in?next=/en/account")
        here.page.click("[data-passkey=authentication] button")
        here.page.wait_for_url(site + "/en/account")
        assert name in here.page.content()
        assert not here.errors, here.errors
    assert ask(
        world, "select sign_count > 0, last_used_at is not null from platform.passkey where username = %s", name
    ) == [(True, True)]
    assert ask(world, "select method from platform.session where username = %s and ended_at is null", name) == [
        ("passkey",)
    ]


def test_a_passkey_is_the_second_step_of_a_password(world: World, chromium: Any, site: str) -> None:
    name = person(world, "khoa2")
    with device(chromium, site) as here:
        here.sign_in(name)
        here.register()
        here.context.clear_cookies()
        here.sign_in(name)
        here.page.wait_for_url("**/sign-in/code")
        here.page.goto("/account")
        assert here.page.url.endswith("/sign-in?next=%2Faccount")  # half the way is not there
        here.page.goto("/sign-in/code")
        here.page.click("[data-passkey=authentication] button")
        here.page.wait_for_url("**/account")
    methods = ask(
        world, "select method from platform.session where username = %s and state = 'active' and ended_at is null", name
    )
    assert ("password+passkey",) in methods


def test_at_another_address_of_the_site_the_page_says_where_passkeys_work(
    world: World, chromium: Any, site: str
) -> None:
    person(world, "khoa9")
    with device(chromium, site.replace("localhost", "127.0.0.1")) as here:
        here.page.goto("/en/sign-in")
        assert not here.page.is_visible("[data-passkey=authentication] button")
        assert here.page.get_attribute("[data-elsewhere] a", "href") == site + "/en/sign-in"
        assert here.page.is_visible("[data-elsewhere]")


def test_without_verification_of_the_person_it_is_refused(world: World, chromium: Any, site: str) -> None:
    name = person(world, "khoa3")
    with device(chromium, site, verified=False) as here:
        here.sign_in(name)
        here.page.goto("/account")
        here.page.click("[data-passkey=registration] button")
        here.page.wait_for_selector("[data-problem]:not(:empty)")
    assert not ask(world, "select 1 from platform.passkey where username = %s", name)


def test_somebody_elses_passkey_is_no_second_step(world: World, chromium: Any, site: str) -> None:
    mine, theirs = person(world, "khoa4"), person(world, "khoa5")
    with device(chromium, site) as here, device(chromium, site) as there:
        here.sign_in(mine)
        here.register()
        there.sign_in(theirs)
        there.register()
        there.context.clear_cookies()
        there.sign_in(mine)  # knows the password of the other
        there.page.wait_for_url("**/sign-in/code")
        there.page.click("[data-passkey=authentication] button")
        there.page.wait_for_selector("[data-problem]:not(:empty)")
        there.page.goto("/account")
        assert "/sign-in" in there.page.url


def test_a_removed_passkey_opens_nothing(world: World, chromium: Any, site: str) -> None:
    name = person(world, "khoa6")
    with device(chromium, site) as here:
        here.sign_in(name)
        here.register("Sẽ gỡ")
        here.page.click("li:has-text('Sẽ gỡ') button")
        here.page.wait_for_url("**/account?done=passkey")
        here.context.clear_cookies()
        here.page.goto("/sign-in")
        here.page.click("[data-passkey=authentication] button")
        here.page.wait_for_selector("[data-problem]:not(:empty)")
        assert "không đúng" in here.page.text_content("[data-problem]")


def test_an_answer_is_good_once_and_for_the_browser_that_was_asked(world: World, chromium: Any, site: str) -> None:
    """A recorded answer, sent again, with its cookie or another's, opens nothing."""
    name = person(world, "khoa7")
    with device(chromium, site) as here:
        here.sign_in(name)
        here.register()
        here.context.clear_cookies()
        here.page.goto("/sign-in")
        with here.page.expect_request("**/passkeys/authentication") as sent:
            here.page.click("[data-passkey=authentication] button")
        here.page.wait_for_url("**/account")
        body, headers = sent.value.post_data, {"Content-Type": "application/json", "Origin": site}
        flow = next(c["value"] for c in here.context.cookies() if c["name"] == "lienthong_flow")
    with httpx.Client(base_url=site, headers=headers) as client:
        again = client.post("/passkeys/authentication", content=body, headers={"Cookie": f"lienthong_flow={flow}"})
        assert again.status_code == 401 and again.json()["place"] == "challenge"
        client.post("/passkeys/authentication/options")
        other = client.post("/passkeys/authentication", content=body)
        assert other.status_code == 401 and "lienthong_session" not in client.cookies
        client.cookies.clear()
        assert client.post("/passkeys/authentication", content=body).status_code == 401


def test_a_counter_that_goes_back_is_a_copy(world: World, chromium: Any, site: str) -> None:
    name = person(world, "khoa8")
    with device(chromium, site) as here:
        here.sign_in(name)
        here.register()
        ask(world, "update platform.passkey set sign_count = 1000 where username = %s returning 1", name)
        here.context.clear_cookies()
        here.page.goto("/sign-in")
        here.page.click("[data-passkey=authentication] button")
        here.page.wait_for_selector("[data-problem]:not(:empty)")


def test_the_ceremonies_are_for_pages_of_this_site(world: World, site: str) -> None:
    for path in (
        "/passkeys/authentication/options",
        "/passkeys/authentication",
        "/passkeys/registration/options",
        "/passkeys/registration",
    ):
        assert httpx.post(site + path, headers={"Origin": "https://elsewhere.vn"}, json={}).status_code == 403, path
    assert httpx.post(site + "/passkeys/registration/options", headers={"Origin": site}).status_code == 401
    with httpx.Client(base_url=site, headers={"Origin": site}) as client:
        client.post("/sign-in", data={"username": "an", "password": PASSWORD})
        assert client.post("/passkeys/registration/options").status_code == 403  # without the page's token
        answer = client.post("/passkeys/authentication", json={"credential": {"id": "x"}, "username": "admin"})
        assert answer.status_code == 422 and "username" in answer.text


def test_the_pages_hold_no_foreign_address_and_fit_a_telephone(world: World, chromium: Any, site: str) -> None:
    name = person(world, "trangquantri", "administrator")
    with device(chromium, site) as here:
        foreign: list[str] = []
        here.page.on(
            "request",
            lambda request: foreign.append(request.url) if not request.url.startswith((site, "data:")) else None,
        )
        here.page.goto("/sign-in")
        shot(here.page, "sign-in-vi")
        here.sign_in(name)
        here.register()
        here.page.fill("#label", "Máy chủ tra cứu")
        here.page.click("form.panel:has(#label) button")
        shot(here.page, "token-once-vi")
        for language, prefix in (("vi", ""), ("en", "/en")):
            here.page.goto(f"{prefix}/account")
            for path in ("account", "admin/people", "admin/people/an"):
                here.page.goto(f"{prefix}/{path}")
                shot(here.page, f"{path.replace('/', '-')}-{language}")
                here.page.set_viewport_size({"width": 360, "height": 800})
                assert here.page.evaluate("document.documentElement.scrollWidth") <= 360, path
                here.page.set_viewport_size({"width": 1280, "height": 720})
        here.page.goto("/account")
        here.page.click("form[action='/account/totp'] button")
        here.page.wait_for_url("**/account/totp")
        shot(here.page, "totp-vi")
        here.page.goto("/en/account/totp")
        shot(here.page, "totp-en")
        here.context.clear_cookies()
        here.page.goto("/en/sign-in")
        shot(here.page, "sign-in-en")
        here.sign_in(name)
        here.page.wait_for_url("**/sign-in/code")
        shot(here.page, "code-vi")
        assert not foreign and not here.errors, (foreign, here.errors)
