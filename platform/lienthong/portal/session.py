"""Signing in and out of the portal."""

from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response

from lienthong.governance.session import SESSION_COOKIE, SESSION_SECONDS
from lienthong.kernel.problem import Invalid, Unauthenticated
from lienthong.kernel.text import both
from lienthong.portal.page import Page

MAX_FORM_BYTES = 4096


async def sign_in(page: Page) -> Response:
    """GET /sign-in"""
    return page.render("sign_in.html", next=_inside(page.given("next")), username="", problem=None)


async def signed_in(page: Page) -> Response:
    """POST /sign-in: a session cookie and the way on, or the form again with the reason."""
    form = await _form(page)
    username = form.get("username", "")
    try:
        subject = await page.services.directory.sign_in(username, form.get("password", ""))
    except Unauthenticated as problem:
        return page.render("sign_in.html", 401, next=_inside(form.get("next", "")), username=username, problem=problem)
    answer = RedirectResponse(_inside(form.get("next", "")) or page.t.href("/steward"), 303)
    secure = page.services.settings.public_url.startswith("https://")
    cookie = page.services.directory.sessions.issue(subject.id)
    answer.set_cookie(SESSION_COOKIE, cookie, SESSION_SECONDS, httponly=True, samesite="lax", secure=secure)
    return answer


async def signed_out(page: Page) -> Response:
    """POST /sign-out"""
    expected = page.services.directory.sessions.csrf(page.request.cookies.get(SESSION_COOKIE))
    if (await _form(page)).get("csrf") != expected:
        raise Invalid(both("Biểu mẫu không còn hiệu lực", "The form is no longer valid"), place="csrf")
    answer = RedirectResponse(page.t.href("/"), 303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


async def _form(page: Page) -> dict[str, str]:
    body = b""
    async for piece in page.request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise Invalid(both("Biểu mẫu quá lớn", "The form is too large"))
    return {name: found[0] for name, found in parse_qs(body.decode("utf-8", "replace")).items()}


def _inside(address: str) -> str:
    """An address of this site, or nothing: a sign-in form must not send people elsewhere."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else ""
