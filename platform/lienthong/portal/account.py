"""`/account`: how somebody signs in, and the tokens, sessions and password that are theirs."""

import uuid
from urllib.parse import urlencode

import segno
from starlette.responses import RedirectResponse, Response

from lienthong.governance.identity import scopes
from lienthong.governance.identity.totp import Setup
from lienthong.governance.session import cookie
from lienthong.kernel.problem import Invalid, NotFound, Problem, Unauthenticated
from lienthong.kernel.text import both
from lienthong.portal.forms import fields, form
from lienthong.portal.page import Page, SignInAgain
from lienthong.portal.session import NOTES, origin

LINK, LINK_SECONDS = "oidc.link", 600
OFFERED = ("read:*", "write:*", *(area for area in scopes.AREAS if area != "admin"))
"""The scopes that everybody may choose, beside those of single datasets."""
DONE = ("totp", "passkey", "token", "session", "password", "link", "person", "factors")


async def overview(page: Page) -> Response:
    """GET /account"""
    who, identity = person(page), page.services.directory.identity
    found = await identity.people.one(who)
    has_app, codes = await identity.factor.state(who)
    agency = (await identity.people.agencies()).get(found.agency or "")
    done, note = page.given("done"), page.given("problem")
    return page.render(
        "account.html",
        person=found,
        agency=page.t.text(agency) if agency else found.agency,
        has_app=has_app,
        codes=codes,
        passkeys=await identity.passkeys.of(who),
        passkey_site=identity.passkeys.site,
        provider=identity.oidc.name,
        links=await identity.oidc.links(who),
        ticket=identity.box.seal(LINK, {"username": who}, LINK_SECONDS),
        tokens=await identity.tokens.of(page.subject),
        areas=[*OFFERED, *(["admin"] if page.subject.is_administrator else [])],
        sessions=await identity.sign_in.sessions(who),
        current=page.services.directory.sessions.id(page.cookie or ""),
        has_password=await identity.people.password_of(who) is not None,
        done=done if done in DONE else None,
        note=note if note in NOTES else None,
    )


async def totp_begun(page: Page) -> Response:
    """POST /account/totp: a new secret, then the page with its picture."""
    await form(page)
    who = await fresh(page)
    await page.services.directory.identity.factor.begin(who)
    return RedirectResponse(page.t.href("/account/totp"), 303)


async def totp(page: Page) -> Response:
    """GET /account/totp: the secret as a picture and as text, until its first code."""
    who = await fresh(page)
    setup = await page.services.directory.identity.factor.pending(who)
    return _totp(page, setup) if setup else RedirectResponse(page.t.href("/account"), 303)


async def totp_confirmed(page: Page) -> Response:
    """POST /account/totp/confirm: the recovery codes, once; or the picture again."""
    given, factor = await form(page), page.services.directory.identity.factor
    who = await fresh(page)
    try:
        codes = await factor.confirm(who, given.get("code", "").replace(" ", ""))
    except Invalid as problem:
        setup = await factor.pending(who)
        if setup is None:
            raise
        return _totp(page, setup, problem)
    return shown_once(page, page.t("account.codes"), codes, page.t("account.codes.use"), "/account")


async def totp_removed(page: Page) -> Response:
    """POST /account/totp/remove"""
    await form(page)
    who = await fresh(page)
    await page.services.directory.identity.factor.remove(who, who)
    return done(page, "totp")


async def codes_renewed(page: Page) -> Response:
    """POST /account/codes"""
    await form(page)
    codes = await page.services.directory.identity.factor.renew_codes(await fresh(page))
    return shown_once(page, page.t("account.codes"), codes, page.t("account.codes.use"), "/account")


async def passkey_removed(page: Page) -> Response:
    """POST /account/passkeys/remove"""
    given = await form(page)
    who = await fresh(page)
    await page.services.directory.identity.passkeys.remove(who, given.get("id", ""), who)
    return done(page, "passkey")


async def unlinked(page: Page) -> Response:
    """POST /account/oidc/remove"""
    given = await form(page)
    await page.services.directory.identity.oidc.unlink(await fresh(page), given.get("subject", ""))
    return done(page, "link")


async def token_made(page: Page) -> Response:
    """POST /account/tokens: the token, once."""
    given = await fields(page)
    person(page)
    asked = scopes.checked(page.services.registry, given.get("scope", []))
    label, days = given.get("label", [""])[-1].strip(), given.get("days", [""])[-1]
    if not label or len(label) > 100 or not label.isprintable():
        raise Invalid(both("Cần một tên ngắn", "A short name is needed"), place="label")
    if days not in ("30", "90", "180", "365"):
        raise Invalid(both("Số ngày: 30, 90, 180, 365", "Days: 30, 90, 180, 365"), place="days")
    _, text = await page.services.directory.identity.tokens.create(page.subject, label, asked, int(days))
    use = page.t("account.token.use", url=page.services.settings.public_url)
    return shown_once(page, page.t("account.token.made", label=label), [text], use, "/account")


async def token_revoked(page: Page) -> Response:
    """POST /account/tokens/revoke"""
    given = await form(page)
    person(page)
    try:
        id = uuid.UUID(given.get("id", ""))
    except ValueError as error:
        raise NotFound(both("Không có mã truy cập này", "There is no such token")) from error
    await page.services.directory.identity.tokens.revoke(page.subject, id)
    page.services.directory.forget()
    return done(page, "token")


async def session_ended(page: Page) -> Response:
    """POST /account/sessions/end: sign out there."""
    given = await form(page)
    await page.services.directory.identity.sign_in.end_one(person(page), given.get("id", ""))
    page.services.directory.forget()
    return done(page, "session")


async def others_ended(page: Page) -> Response:
    """POST /account/sessions/end-others: sign out everywhere but here."""
    await form(page)
    await page.services.directory.identity.sign_in.end_all(person(page), but=page.cookie)
    page.services.directory.forget()
    return done(page, "session")


async def password_changed(page: Page) -> Response:
    """POST /account/password: every session ends, and a new one begins here."""
    given, identity = await form(page), page.services.directory.identity
    who = person(page)
    await identity.brake.take("account", who)
    if not await identity.sign_in.fits(await identity.people.password_of(who), given.get("old", "")):
        raise Unauthenticated(both("Mật khẩu cũ không đúng", "The old password is wrong"), place="old")
    await identity.brake.forgive("account", who, all=True)
    await identity.people.set_password(who, who, given.get("new", "") or "-")
    page.services.directory.forget()
    entered = await identity.sign_in.open(who, "password", origin(page))
    answer = done(page, "password")
    answer.set_cookie(**cookie(page.services.settings, entered.cookie))
    return answer


FORMS = {
    "/account/totp": totp_begun,
    "/account/totp/confirm": totp_confirmed,
    "/account/totp/remove": totp_removed,
    "/account/codes": codes_renewed,
    "/account/passkeys/remove": passkey_removed,
    "/account/oidc/remove": unlinked,
    "/account/tokens": token_made,
    "/account/tokens/revoke": token_revoked,
    "/account/sessions/end": session_ended,
    "/account/sessions/end-others": others_ended,
    "/account/password": password_changed,
}


def person(page: Page) -> str:
    """Who is signed in. Raises Unauthenticated."""
    if page.subject.kind != "person":
        raise SignInAgain(both("Cần đăng nhập", "Sign in first"))
    return page.subject.id


async def fresh(page: Page) -> str:
    """Who has signed in just now. Raises Unauthenticated."""
    who = person(page)
    try:
        await page.services.directory.identity.sign_in.fresh(page.cookie)
    except Unauthenticated as problem:
        raise SignInAgain(problem.detail, place="/sign-in") from problem
    return who


def done(page: Page, what: str, way: str = "/account") -> RedirectResponse:
    """Back to the page, which says that it is done."""
    return RedirectResponse(page.t.href(way) + "?" + urlencode({"done": what}), 303)


def shown_once(page: Page, title: str, lines: list[str], use: str, back: str) -> Response:
    """A page that shows a secret and is kept nowhere."""
    back_title = page.t(f"{back.rpartition('/')[2]}.title")
    answer = page.render("shown_once.html", title=title, lines=lines, use=use, back=back, back_title=back_title)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _totp(page: Page, setup: Setup, problem: Problem | None = None) -> Response:
    picture = segno.make(setup.address, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")
    answer = page.render(
        "account_totp.html", problem.status if problem else 200, secret=setup.secret, picture=picture, problem=problem
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
