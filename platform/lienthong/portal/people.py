"""`/admin/people`: for administrators."""

from typing import Any

from starlette.responses import Response

from lienthong.governance.identity.people import ROLES, administrator, check_identifiers, identifiers
from lienthong.kernel.problem import Invalid, Problem
from lienthong.kernel.text import both
from lienthong.portal import clients
from lienthong.portal.account import DONE, done, fresh, person, shown_once
from lienthong.portal.forms import form
from lienthong.portal.page import Page

Given = dict[str, str]


async def everybody(page: Page) -> Response:
    """GET /admin/people"""
    _administrator(page)
    return await _list(page, {})


async def added(page: Page) -> Response:
    """POST /admin/people: the password of the new person, once; or the form again."""
    given, people = await form(page), page.services.directory.identity.people
    _administrator(page)
    values: dict[str, Any] = {name: given.get(name, "").strip() for name in ("username", "name", "role")}
    try:
        made, password = await people.create(page.subject, **values, agency=given.get("agency") or None)
    except Problem as problem:
        return await _list(page, given, problem)
    return _password(page, made.username, password or "")


async def one(page: Page) -> Response:
    """GET /admin/people/{username}"""
    _administrator(page)
    return await _one(page)


async def changed(page: Page) -> Response:
    """POST /admin/people/{username}"""
    given = await form(page)
    name, role, agency = given.get("name", "").strip(), given.get("role", ""), given.get("agency") or None
    return await _change(page, {"name": name, "role": role, "agency": agency})


async def identified(page: Page) -> Response:
    """POST /admin/people/{username}/identifiers: one of the numbers by which datasets know the person."""
    given = await form(page)
    who = await _about(page)
    kind, value = given.get("kind", ""), given.get("value", "").strip()
    try:
        check_identifiers(page.services.registry, {kind: value})
        if len(value) > 200 or not value.isprintable():
            raise Invalid(both("Định danh quá dài hoặc có ký tự lạ", "Too long, or with odd characters"), place="value")
    except Problem as problem:
        return await _one(page, problem)
    await page.services.directory.identity.people.identify(page.subject, who, kind, value)
    page.services.directory.forget()
    return done(page, "person", f"/admin/people/{who}")


async def deactivated(page: Page) -> Response:
    """POST /admin/people/{username}/deactivate"""
    await form(page)
    return await _change(page, {"active": False})


async def activated(page: Page) -> Response:
    """POST /admin/people/{username}/activate"""
    await form(page)
    return await _change(page, {"active": True})


async def signed_out(page: Page) -> Response:
    """POST /admin/people/{username}/sign-out"""
    await form(page)
    who = await _about(page)
    await page.services.directory.identity.sign_in.end_all(who)
    page.services.directory.forget()
    return done(page, "session", f"/admin/people/{who}")


async def password_set(page: Page) -> Response:
    """POST /admin/people/{username}/password: a new one, once."""
    await form(page)
    who = await _about(page)
    password = await page.services.directory.identity.people.set_password(page.subject.id, who)
    page.services.directory.forget()
    return _password(page, who, password)


async def factors_removed(page: Page) -> Response:
    """POST /admin/people/{username}/factors: for somebody who lost the telephone."""
    await form(page)
    who, identity = await _about(page), page.services.directory.identity
    await identity.factor.remove(who, page.subject.id)
    for key in await identity.passkeys.of(who):
        await identity.passkeys.remove(who, key.id, page.subject.id)
    return done(page, "factors", f"/admin/people/{who}")


_ONE = "/admin/people/{username}"
PAGES = {"/admin/people": everybody, _ONE: one, **clients.PAGES}
FORMS = {
    "/admin/people": added,
    _ONE: changed,
    _ONE + "/identifiers": identified,
    _ONE + "/deactivate": deactivated,
    _ONE + "/activate": activated,
    _ONE + "/sign-out": signed_out,
    _ONE + "/password": password_set,
    _ONE + "/factors": factors_removed,
    **clients.FORMS,
}


def _administrator(page: Page) -> None:
    person(page)
    administrator(page.subject)


async def _about(page: Page) -> str:
    """Whom the form is about, an administrator having just signed in."""
    _administrator(page)
    await fresh(page)
    found = await page.services.directory.identity.people.one(page.request.path_params["username"])
    return found.username


async def _change(page: Page, values: dict[str, Any]) -> Response:
    _administrator(page)
    who = page.request.path_params["username"]
    try:
        await page.services.directory.identity.people.change(page.subject, who, values)
    except Problem as problem:
        if problem.status == 404 and problem.place == who:
            raise
        return await _one(page, problem)
    page.services.directory.forget()
    return done(page, "person", f"/admin/people/{who}")


async def _list(page: Page, given: Given, problem: Problem | None = None) -> Response:
    people = await page.services.directory.identity.people.all()
    return page.render(
        "people.html",
        problem.status if problem else 200,
        people=people,
        roles=ROLES,
        agencies=await _agencies(page),
        given=given,
        problem=problem,
    )


async def _one(page: Page, problem: Problem | None = None) -> Response:
    identity = page.services.directory.identity
    found = await identity.people.one(page.request.path_params["username"])
    has_app, _ = await identity.factor.state(found.username)
    what = page.given("done")
    return page.render(
        "person.html",
        problem.status if problem else 200,
        p=found,
        roles=ROLES,
        kinds=identifiers(page.services.registry),
        agencies=await _agencies(page),
        has_app=has_app,
        passkeys=len(await identity.passkeys.of(found.username)),
        problem=problem,
        done=what if what in DONE else None,
    )


async def _agencies(page: Page) -> dict[str, str]:
    """The names of agencies, in the page's language."""
    found = await page.services.directory.identity.people.agencies()
    return {id: page.t.text(name) for id, name in found.items()}


def _password(page: Page, who: str, password: str) -> Response:
    title, use = page.t("people.password.made", who=who), page.t("people.password.use")
    return shown_once(page, title, [password], use, "/admin/people")
