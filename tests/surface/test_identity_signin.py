"""Signing in to the portal: password, second step, sessions and their end."""

import re
import time
from collections.abc import Iterator

import anyio
import pyotp
import pytest

from lienthong.governance.session import Sessions
from lienthong.portal import account
from lienthong.portal import people as people_pages
from tests.surface.people import PASSWORD, Browser, ask, forgive, person, seed, way
from tests.surface.small import Client, World

STEP = 30


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(autouse=True)
def people(world: World) -> Iterator[None]:
    seed(world)
    forgive(world)
    yield


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)


def with_app(world: World, username: str) -> tuple[Browser, str, list[str]]:
    """Somebody with an authenticator app: the browser, the secret, the recovery codes."""
    browser = Browser(world)
    browser.sign_in(person(world, username))
    assert way(browser.send("/account", "/account/totp")) == "/account/totp"
    page = browser.get("/account/totp").text
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page)
    assert secret and "<svg" in page
    kept = browser.send("/account/totp", "/account/totp/confirm", code=pyotp.TOTP(secret[1]).now())
    assert kept.status_code == 200 and kept.headers["cache-control"] == "no-store", kept.text
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", kept.text)
    assert len(codes) == 10
    # Tests use the code of this step again: as if it had been some time ago.
    ask(world, "update platform.totp set last_step = 0 where username = %s returning 1", username)
    return browser, secret[1], codes


def next_code(secret: str) -> str:
    return str(pyotp.TOTP(secret).now())


# --- password --------------------------------------------------------------------------------------------------------


def test_a_password_opens_a_session(world: World, browser: Browser) -> None:
    answer = browser.sign_in("an")
    assert answer.status_code == 303 and way(answer) == "/account"
    page = browser.get("/account")
    assert page.status_code == 200 and "Người an" in page.text and page.headers["cache-control"].startswith("private")
    assert ask(
        world, "select state, method from platform.session where id = %s", Sessions.id(browser.session or "")
    ) == [("active", "password")]


def test_the_cookie_is_for_this_site_and_no_script(browser: Browser) -> None:
    line = browser.sign_in("an").headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age="):
        assert part in line


@pytest.mark.parametrize(
    ("username", "password"), [("an", "wrong"), ("nobody", PASSWORD), ("", ""), ("an", ""), ("an' --", "x")]
)
def test_a_wrong_name_and_a_wrong_password_look_alike(browser: Browser, username: str, password: str) -> None:
    answer = browser.sign_in(username, password)
    assert answer.status_code == 401 and "Tên hoặc mật khẩu không đúng" in answer.text
    assert browser.session is None


def test_the_sessions_number_changes_when_somebody_signs_in(world: World, browser: Browser) -> None:
    """Session fixation: a number that was planted, known or used before is worth nothing."""
    browser.cookies["lienthong_session"] = planted = "planted-by-somebody"
    browser.sign_in("an")
    first = browser.session
    assert first and first != planted
    browser.sign_in("dung")
    assert browser.session not in (first, planted)
    stale = Browser(world)
    for old in (planted, first):
        stale.cookies["lienthong_session"] = old
        assert stale.get("/account").status_code == 303


def test_signing_out_ends_the_session_for_good(world: World, browser: Browser) -> None:
    browser.sign_in("an")
    kept = browser.session
    assert browser.send("/account", "/sign-out").status_code == 303 and browser.session is None
    stale = Browser(world)
    stale.cookies["lienthong_session"] = kept or ""
    assert way(stale.get("/account")) == "/sign-in"


def test_guessing_is_slowed_down_for_the_account(browser: Browser) -> None:
    for _ in range(6):
        assert browser.sign_in("an", "wrong").status_code == 401
    answer = browser.sign_in("an")  # the right one, too soon
    assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 31
    assert browser.sign_in("dung").status_code == 303  # somebody else may come in


def test_guessing_is_slowed_down_for_the_address(browser: Browser) -> None:
    for n in range(31):
        assert browser.sign_in(f"nobody{n}", "wrong").status_code == 401
    assert browser.sign_in("nobody-at-all", "wrong").status_code == 429


def test_a_success_forgives_the_account(browser: Browser) -> None:
    for _ in range(3):
        for _ in range(5):
            browser.sign_in("an", "wrong")
        assert browser.sign_in("an").status_code == 303


def test_many_guesses_at_once_do_not_pass_together(world: World) -> None:
    """A try is counted before it is judged."""

    async def guess(count: list[int]) -> None:
        client = Client(world.app, world.portal)
        answer = await client._client.post("/sign-in", data={"username": "bao", "password": "wrong"})
        count.append(answer.status_code)

    async def all_of_them() -> list[int]:
        count: list[int] = []
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(guess, count)
        return count

    found = world.portal.call(all_of_them)
    assert found.count(401) <= 6 and found.count(429) >= 14


# --- the way on ------------------------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://elsewhere.vn", "//elsewhere.vn", "/\\elsewhere.vn", "\\\\elsewhere.vn", "/\t/elsewhere.vn", "javascript:alert(1)",
    "elsewhere.vn", "/x\r\nSet-Cookie: y=1", "http:elsewhere.vn", " //elsewhere.vn", "/\x00/elsewhere.vn",
]  # fmt: skip


@pytest.mark.parametrize("next", ELSEWHERE)
def test_signing_in_leads_nowhere_else(browser: Browser, next: str) -> None:
    answer = browser.sign_in("an", next=next)
    assert answer.status_code in (303, 422)
    assert answer.headers.get("location", "/account") == "/account"
    form = re.search(r'<form class="stack".*?</form>', browser.get("/sign-in", params={"next": next}).text, re.DOTALL)
    assert form and 'name="next" value=""' in form[0]


def test_signing_in_leads_on_inside(browser: Browser) -> None:
    assert browser.sign_in("an", next="/en/account?x=1").headers["location"] == "/en/account?x=1"


# --- forms -----------------------------------------------------------------------------------------------------------

FORMS = [
    "/sign-out", "/account/totp", "/account/totp/confirm", "/account/totp/remove", "/account/codes", "/account/passkeys/remove",
    "/account/oidc/remove", "/account/tokens", "/account/tokens/revoke", "/account/sessions/end", "/account/sessions/end-others",
    "/account/password", "/admin/people", "/admin/people/an", "/admin/people/an/deactivate", "/admin/people/an/activate",
    "/admin/people/an/sign-out", "/admin/people/an/password", "/admin/people/an/factors", "/admin/clients",
]  # fmt: skip


def test_a_form_without_its_token_does_nothing(world: World) -> None:
    browser, other = Browser(world), Browser(world)
    browser.sign_in("admin")
    other.sign_in("admin2")
    theirs = re.search(r'name="csrf" value="([^"]*)"', other.get("/account").text)
    assert theirs
    for path in (*FORMS, *("/en" + path for path in FORMS)):
        for csrf in ("", "x", theirs[1]):
            answer = browser.request("POST", path, data={"csrf": csrf})
            assert answer.status_code == 403, (path, answer.status_code)


def test_every_form_of_the_account_is_in_that_list(world: World) -> None:
    paths = {path for path in (*account.FORMS, *people_pages.FORMS) if "{" not in path}
    assert paths <= set(FORMS)


@pytest.mark.parametrize("path", ["/sign-in", "/account/tokens", "/sign-out"])
def test_a_page_of_another_site_cannot_send_a_form(world: World, path: str) -> None:
    browser = Browser(world)
    browser.sign_in("an")
    found = re.search(r'name="csrf" value="([^"]*)"', browser.get("/account").text)
    assert found
    fields = {"csrf": found[1], "username": "an", "password": PASSWORD, "label": "x", "scope": "read:*", "days": "30"}
    for headers in (
        {"Origin": "https://elsewhere.vn"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert browser.request("POST", path, data=fields, headers=headers).status_code == 403


def test_a_cookie_writes_nothing_for_another_site(world: World) -> None:
    """The JSON API takes the session of the portal, from pages of this site only."""
    browser = Browser(world)
    browser.sign_in("an")
    body = {"label": "x", "scopes": ["read:*"]}
    assert (
        browser.request("POST", "/api/v1/tokens", json=body, headers={"Origin": "https://elsewhere.vn"}).status_code
        == 403
    )
    assert browser.request("POST", "/api/v1/tokens", json=body).status_code == 201


# --- second step -----------------------------------------------------------------------------------------------------


def test_with_an_app_the_password_is_half_the_way(world: World) -> None:
    _, secret, _ = with_app(world, "nua")
    browser = Browser(world)
    answer = browser.sign_in("nua")
    assert way(answer) == "/sign-in/code"
    assert way(browser.get("/account")) == "/sign-in"  # nobody is signed in yet
    assert browser.get("/api/v1/tokens").status_code == 401
    before = browser.session
    answer = browser.send("/sign-in/code", "/sign-in/code", code=next_code(secret))
    assert answer.status_code == 303 and way(answer) == "/account"
    assert browser.session != before
    assert browser.get("/account").status_code == 200


def test_a_code_is_good_once(world: World) -> None:
    _, secret, _ = with_app(world, "motlan")
    code = next_code(secret)
    first, second = Browser(world), Browser(world)
    for browser in (first, second):
        browser.sign_in("motlan")
    assert first.send("/sign-in/code", "/sign-in/code", code=code).status_code == 303
    answer = second.send("/sign-in/code", "/sign-in/code", code=code)
    assert answer.status_code == 401 and "đã dùng" in answer.text


def test_the_clock_may_be_one_step_off_not_two(world: World) -> None:
    _, secret, _ = with_app(world, "dongho")
    app = pyotp.TOTP(secret)
    for offset, status in ((-3 * STEP, 401), (-STEP, 303), (STEP, 303), (3 * STEP, 401)):
        forgive(world)
        browser = Browser(world)
        browser.sign_in("dongho")
        if time.time() % STEP > STEP - 10:  # a step may end while the code is on its way
            time.sleep(STEP - time.time() % STEP)
        assert (
            browser.send("/sign-in/code", "/sign-in/code", code=app.at(int(time.time()) + offset)).status_code == status
        )


def test_an_older_code_after_a_newer_one_is_refused(world: World) -> None:
    _, secret, _ = with_app(world, "cu")
    for at, status in ((time.time() + STEP, 303), (time.time(), 401)):
        browser = Browser(world)
        browser.sign_in("cu")
        assert browser.send("/sign-in/code", "/sign-in/code", code=pyotp.TOTP(secret).at(int(at))).status_code == status


def test_a_recovery_code_is_good_once(world: World) -> None:
    _, _, codes = with_app(world, "khoiphuc")
    for code, status in ((codes[0], 303), (codes[0], 401), (codes[1].replace("-", "").upper(), 303)):
        browser = Browser(world)
        browser.sign_in("khoiphuc")
        assert browser.send("/sign-in/code", "/sign-in/code", code=code).status_code == status
    assert not ask(world, "select 1 from platform.recovery_code where hash like %s", f"%{codes[2]}%")


def test_somebody_elses_codes_do_not_fit(world: World) -> None:
    _, secret, codes = with_app(world, "cuaminh")
    with_app(world, "cuanguoi")
    browser = Browser(world)
    browser.sign_in("cuanguoi")
    for code in (codes[0], next_code(secret)):
        assert browser.send("/sign-in/code", "/sign-in/code", code=code).status_code == 401


def test_guessing_codes_is_slowed_down(world: World) -> None:
    _, secret, _ = with_app(world, "doan")
    browser = Browser(world)
    browser.sign_in("doan")
    wrong = f"{(int(next_code(secret)) + 1) % 1_000_000:06}"
    for _ in range(6):
        assert browser.send("/sign-in/code", "/sign-in/code", code=wrong).status_code == 401
    answer = browser.send("/sign-in/code", "/sign-in/code", code=next_code(secret))
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1


def test_the_secret_is_sealed_at_rest(world: World) -> None:
    _, secret, _ = with_app(world, "niemphong")
    ((kept,),) = ask(world, "select secret from platform.totp where username = 'niemphong'")
    assert secret not in kept and len(kept) > 60


def test_a_sealed_secret_of_somebody_else_does_not_open(world: World) -> None:
    _, secret, _ = with_app(world, "goc")
    with_app(world, "dich")
    ask(
        world,
        "update platform.totp set secret = (select secret from platform.totp where username = 'goc') where username = 'dich' returning 1",
    )
    browser = Browser(world)
    browser.sign_in("dich")
    assert browser.send("/sign-in/code", "/sign-in/code", code=next_code(secret)).status_code in (401, 422)
    assert way(browser.get("/account")) == "/sign-in"


def test_changing_how_one_signs_in_needs_a_recent_sign_in(world: World, browser: Browser) -> None:
    browser.sign_in("an")
    ask(world, "update platform.session set created_at = now() - interval '1 hour' where username = 'an' returning 1")
    answer = browser.send("/account", "/account/totp")
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in?next=%2Faccount&problem=fresh"


# --- sessions --------------------------------------------------------------------------------------------------------


def test_signing_out_everywhere_else(world: World) -> None:
    name = person(world, "nhieunoi")
    here, there = Browser(world), Browser(world)
    for browser in (here, there):
        browser.sign_in(name)
    assert "phiên này" in here.get("/account").text
    assert here.send("/account", "/account/sessions/end-others").status_code == 303
    assert here.get("/account").status_code == 200
    assert way(there.get("/account")) == "/sign-in"


@pytest.mark.parametrize(
    ("username", "rest", "status"),
    [("admin", "21 minutes", 303), ("admin", "15 minutes", 200), ("an", "90 minutes", 200), ("an", "121 minutes", 303)],
)
def test_a_session_that_rests_is_over_sooner_for_administrators(
    world: World, username: str, rest: str, status: int
) -> None:
    browser = Browser(world)
    browser.sign_in(username)
    id = Sessions.id(browser.session or "")
    ask(world, "update platform.session set seen_at = now() - %s::interval where id = %s returning 1", rest, id)
    assert browser.get("/account").status_code == status


def test_a_new_password_ends_every_other_session(world: World) -> None:
    name = person(world, "doimatkhau")
    here, there = Browser(world), Browser(world)
    for browser in (here, there):
        browser.sign_in(name)
    assert here.send("/account", "/account/password", old="wrong", new="một mật khẩu mới").status_code == 401
    assert here.send("/account", "/account/password", old=PASSWORD, new="ngắn").status_code == 422
    assert here.send("/account", "/account/password", old=PASSWORD, new="một mật khẩu mới").status_code == 303
    assert here.get("/account").status_code == 200 and way(there.get("/account")) == "/sign-in"
    assert Browser(world).sign_in(name).status_code == 401
    assert Browser(world).sign_in(name, "một mật khẩu mới").status_code == 303


def test_stewards_with_a_password_only_are_told_not_locked_out(world: World) -> None:
    told = "chỉ có mật khẩu"
    for name, expected in (("thu", True), ("admin", True), ("an", False)):
        browser = Browser(world)
        browser.sign_in(name)
        assert (told in browser.get("/sign-in").text) is expected, name
    browser, _, _ = with_app(world, "duhaibuoc")
    ask(
        world,
        "update platform.person set role = 'steward', agency_id = 'office' where username = 'duhaibuoc' returning 1",
    )
    time.sleep(1.0)
    assert told not in browser.get("/sign-in").text


def test_the_account_page_makes_and_revokes_tokens(world: World, browser: Browser) -> None:
    browser.sign_in("an")
    made = browser.send("/account", "/account/tokens", label="Sổ tay", scope="read:firms", days="30")
    assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
    text = re.search(r"<code>(lt_[\w-]+)</code>", made.text)
    assert text
    page = browser.get("/account").text
    assert "Sổ tay" in page and text[1] not in page
    ((id,),) = ask(world, "select id from platform.token where label = 'Sổ tay'")
    assert browser.send("/account", "/account/tokens/revoke", id=str(id)).status_code == 303
    assert world.client(text[1]).get("/api/v1/tokens").status_code == 401
