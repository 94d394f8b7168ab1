"""Signing in and out of the portal: a password, then a code where there is a second factor."""

from starlette.responses import RedirectResponse, Response

from lienthong.governance.identity.signin import Entered, From
from lienthong.governance.session import PENDING_SECONDS, SESSION_SECONDS, cookie, cookie_name
from lienthong.kernel.problem import Problem, TooManyAttempts, Unauthenticated
from lienthong.portal.forms import fields, form
from lienthong.portal.page import Page
from lienthong.web.origin import address
from lienthong.web.way import inside

NOTES = ("expired", "provider", "unknown", "taken", "fresh")  # what /oidc may have to tell
_STEWARDS = ("administrator", "steward")


async def sign_in(page: Page) -> Response:
    """GET /sign-in"""
    note = page.given("problem")
    return _sign_in(page, inside(page.given("next")), note=note if note in NOTES else None)


async def signed_in(page: Page) -> Response:
    """POST /sign-in: a session, or the question for the second factor, or the form again with the reason."""
    given = {name: values[-1] for name, values in (await fields(page, csrf=False)).items()}
    username, next = given.get("username", ""), inside(given.get("next", ""))
    sign_in = page.services.directory.identity.sign_in
    try:
        entered = await sign_in.password(username, given.get("password", ""), origin(page), page.cookie)
    except (Unauthenticated, TooManyAttempts) as problem:
        return _retry(_sign_in(page, next, problem.status, username=username, problem=problem), problem)
    if entered.pending:
        query = f"?next={next}" if next else ""
        return _entered(page, entered, page.t.href("/sign-in/code") + query)
    return _entered(page, entered, next or await _home(page, username))


async def code(page: Page) -> Response:
    """GET /sign-in/code: the second factor."""
    waiting = await page.services.directory.identity.sign_in.waiting(page.cookie)
    return await _code(page, waiting, inside(page.given("next")))


async def code_given(page: Page) -> Response:
    """POST /sign-in/code"""
    given, sign_in = await form(page), page.services.directory.identity.sign_in
    waiting, next = await sign_in.waiting(page.cookie), inside(given.get("next", ""))
    try:
        entered = await sign_in.code(page.cookie or "", given.get("code", ""), origin(page))
    except (Unauthenticated, TooManyAttempts) as problem:
        return _retry(await _code(page, waiting, next, problem.status, problem), problem)
    return _entered(page, entered, next or await _home(page, entered.username))


async def signed_out(page: Page) -> Response:
    """POST /sign-out"""
    await form(page)
    if page.cookie:
        await page.services.directory.identity.sign_in.end(page.cookie)
        page.services.directory.forget(page.cookie)
    answer = RedirectResponse(page.t.href("/"), 303)
    name = cookie_name(page.services.settings)
    answer.delete_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="lax")
    return answer


def _sign_in(
    page: Page,
    next: str,
    status: int = 200,
    *,
    username: str = "",
    problem: Problem | None = None,
    note: str | None = None,
) -> Response:
    identity = page.services.directory.identity
    return page.render(
        "sign_in.html",
        status,
        next=next,
        username=username,
        problem=problem,
        note=note,
        provider=identity.oidc.name,
        passkey_site=identity.passkeys.site,
    )


async def _code(page: Page, waiting: str, next: str, status: int = 200, problem: Problem | None = None) -> Response:
    identity = page.services.directory.identity
    has_app, codes = await identity.factor.state(waiting)
    return page.render(
        "sign_in_code.html",
        status,
        next=next,
        problem=problem,
        has_app=has_app,
        codes=codes,
        passkeys=bool(await identity.passkeys.of(waiting)),
        passkey_site=identity.passkeys.site,
    )


async def _home(page: Page, username: str) -> str:
    """Where somebody begins who did not say where."""
    person = await page.services.directory.identity.people.one(username)
    return page.t.href("/steward" if person.role in _STEWARDS else "/account")


def origin(page: Page) -> From:
    """Where the request comes from."""
    return From(address(page.request, page.services.settings), page.request.headers.get("user-agent", ""))


def _entered(page: Page, entered: Entered, way: str) -> Response:
    answer = RedirectResponse(way, 303, headers={"Cache-Control": "no-store"})
    if page.cookie:
        page.services.directory.forget(page.cookie)  # the session before this one has ended
    seconds = PENDING_SECONDS if entered.pending else SESSION_SECONDS
    answer.set_cookie(**cookie(page.services.settings, entered.cookie, seconds))
    return answer


def _retry(answer: Response, problem: Problem) -> Response:
    if "retry_after" in problem.extra:
        answer.headers["Retry-After"] = str(problem.extra["retry_after"])
    return answer
