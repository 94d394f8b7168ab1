"""Two people of two agencies agree on data in their browsers, without a script: ask, sign, read, suspend."""

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.staticfiles import StaticFiles

from lienthong import portal
from lienthong.governance.agreements.calendar import due
from lienthong.kernel.clock import today
from lienthong.portal.language import Speaker
from tests.surface import people
from tests.surface.sharing import Parties
from tests.surface.small import World

CHROMIUM = shutil.which("chromium")
PATIENCE = 300_000  # milliseconds: the machine may be busy with others
SHOTS = os.environ.get("LIENTHONG_SHOTS")  # a folder: pictures of every page are put there, to be looked at
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


@pytest.fixture(scope="module")
def both_sides(own_world: World) -> Parties:
    found = Parties(own_world)
    people.forgive(own_world)
    return found


@pytest.fixture
def parties(both_sides: Parties) -> Iterator[Parties]:
    yield both_sides
    both_sides.clear()


@pytest.fixture(scope="module")
def site(both_sides: Parties) -> Iterator[str]:
    """The small world behind a real port."""
    held = socket.create_server(("127.0.0.1", 0))
    app = both_sides.world.app
    app.mount("/static", StaticFiles(directory=portal.STATIC))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    started = threading.Event()

    async def serve() -> None:
        started.set()
        await server.serve(sockets=[held])

    running = both_sides.world.portal.start_task_soon(serve)
    started.wait()
    while not server.started:
        assert not running.done()
        both_sides.settle()
    yield f"http://127.0.0.1:{held.getsockname()[1]}"
    server.should_exit = True
    running.result(60)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        yield tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def enter(browser: Any, site: str, who: str) -> Any:
    """A page of somebody who has signed in; scripts are off."""
    page = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(site + "/agreements")
    assert "/sign-in" in page.url
    page.fill("[name=username]", who)
    page.fill("[name=password]", people.PASSWORD)
    page.click("main form button")
    return page


def shoot(page: Any, name: str) -> None:
    """Pictures in both languages and two widths."""
    if not SHOTS:
        return
    there = page.url
    for language in ("vi", "en"):
        path = re.sub(r"^(https?://[^/]+)(/en)?", r"\1" + ("/en" if language == "en" else ""), there)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{language}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(there)


def earliest(parties: Parties) -> str:
    """The first day of a suspension that is announced today, as the page writes it."""
    return Speaker("en").day(due(parties.world.registry, "suspension", today()))


def test_ask_sign_read_suspend(parties: Parties, site: str, browser: Any) -> None:
    asks, answers = enter(browser, site, "tax_developer"), enter(browser, site, "registry_steward")
    assert asks.url == answers.url == site + "/agreements"

    asks.click("a.button")
    shoot(asks, "new-choose")
    asks.select_option("#choose", "cases")
    asks.click("form.filters button")
    shoot(asks, "new")
    for name in ("case_code", "channel", "person_name"):
        asks.check(f"[name=fields][value={name}]")
    asks.select_option("#ff0", "channel")
    asks.fill("#fv0", "onlin")
    asks.fill("#expires", str(today() + timedelta(days=365)))
    asks.fill("#quota", "5000")
    asks.fill("#note", "Đối chiếu bảo hiểm")
    asks.click("form.request button")
    assert "where.channel__eq" in asks.inner_text("[role=alert]")  # told where, and nothing typed is lost
    assert asks.input_value("#quota") == "5000" and asks.is_checked("[name=fields][value=person_name]")
    asks.fill("#fv0", "online")
    asks.click("form.request button")
    id = asks.url.rpartition("/")[2]
    assert re.fullmatch(r"TT-\d{4}-\d{5}", id)
    assert "Đã gửi yêu cầu" in asks.inner_text("main") and "Đối chiếu bảo hiểm" in asks.inner_text("main")
    shoot(asks, "requested")

    answers.goto(site + "/en/agreements")
    shoot(answers, "list")
    answers.click(f"text={id}")
    assert "Requested" in answers.inner_text(".lead")
    shoot(answers, "to-answer")
    for action in ("review", "sign"):
        answers.click(f"details:has(form[action$='/{action}']) summary")
        answers.click(f"form[action$='/{action}'] button")
    assert "Signed" in answers.inner_text(".lead")
    parties.keep()
    parties.settle()
    rows = parties.rows(fields="case_code,channel").json()["data"]
    assert rows and {row["channel"] for row in rows} == {"online"}

    answers.reload()
    assert "In force" in answers.inner_text(".lead")
    shoot(answers, "in-force")
    answers.click("details:has(form[action$='/suspend']) summary")
    assert f"from {earliest(parties)} on" in answers.inner_text("form[action$='/suspend'] .note")
    answers.fill("#suspend-note", "nghi lộ mã")
    answers.click("form[action$='/suspend'] button")
    assert "7 working days" in answers.inner_text("[role=alert]")
    assert answers.input_value("#suspend-note") == "nghi lộ mã"
    answers.select_option("#suspend-reason", "security")
    answers.click("form[action$='/suspend'] button")
    assert "Suspended" in answers.inner_text(".lead")
    parties.settle()
    assert parties.rows(fields="case_code,channel").status_code == 403
    asks.goto(f"{site}/agreements/{id}")
    assert "Tạm ngừng" in asks.inner_text(".lead") and "an toàn, an ninh" in asks.inner_text("main")
    shoot(asks, "suspended")
    asks.goto(f"{site}/agreements/{id}/print")
    assert asks.locator("ol.items > li").count() == 12
    shoot(asks, "print")


def test_pages_fit_a_narrow_screen(parties: Parties, site: str, browser: Any) -> None:
    id = parties.asked()
    page = enter(browser, site, "tax_analyst")
    context = browser.new_context(viewport={"width": 360, "height": 740}, storage_state=page.context.storage_state())
    narrow = context.new_page()
    narrow.set_default_timeout(PATIENCE)
    for path in ("/agreements", "/agreements/new?dataset=cases", f"/agreements/{id}", f"/agreements/{id}/print"):
        for prefix in ("", "/en"):
            narrow.goto(site + prefix + path)
            assert narrow.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_lists_of_an_account_are_cards_on_a_narrow_screen(parties: Parties, site: str, browser: Any) -> None:
    """Every column is in sight, with its name, and so is the button that revokes."""
    people.seed(parties.world)
    people.token(parties.world, "dung", ["read:cases", "read:firms", "agreements"])
    for who, path in (("dung", "/account"), ("admin", "/admin/people")):
        context = enter(browser, site, who).context
        narrow = browser.new_context(viewport={"width": 360, "height": 740}, storage_state=context.storage_state())
        page = narrow.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(site + path)
        hidden = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
        assert page.locator(".scroll").count() and page.evaluate(hidden) == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_what_is_shown_once_is_copied_line_by_line(parties: Parties, site: str, browser: Any) -> None:
    people.seed(parties.world)
    page = enter(browser, site, "admin")
    page.goto(site + "/admin/clients")
    page.fill("#name", "Máy chép")
    page.click("form[action='/admin/clients'] button")
    assert re.search(r"(?m)^client_id=\S+\s+^client_secret=\S+$", page.inner_text("main"))


def test_a_stranger_sees_nothing_and_a_forged_form_does_nothing(parties: Parties, site: str, browser: Any) -> None:
    id = parties.asked()
    page = enter(browser, site, "strange_steward")
    page.goto(f"{site}/agreements/{id}")
    assert page.title().startswith("Không tìm thấy")
    mine = people.Browser(parties.world)
    mine.sign_in("registry_steward")
    answer = mine.request("POST", f"/agreements/{id}/sign", data={"csrf": "forged"})
    assert answer.status_code == 403 and parties.state(id) == "requested"
    foreign = mine.request("POST", f"/api/v1/agreements/{id}/sign", json={}, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403 and parties.state(id) == "requested"
    refused = mine.send(f"/agreements/{id}", f"/agreements/{id}/revoke")  # not possible yet, and without its reason
    assert refused.status_code == 422 and 'role="alert"' in refused.text
    assert mine.send(f"/agreements/{id}", f"/agreements/{id}/sign").status_code == 303
    assert parties.state(id) == "signed"
    assert mine.send(f"/agreements/{id}", f"/agreements/{id}/nothing").status_code == 404
