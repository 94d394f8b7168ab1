"""`/admin/clients`: the programs of agencies that come by OAuth, for administrators."""

import json
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from lienthong.governance.identity import scopes
from lienthong.governance.identity.clients import ClientInfo
from lienthong.governance.identity.people import administrator
from lienthong.kernel.problem import Invalid, Problem
from lienthong.kernel.text import both
from lienthong.portal.account import OFFERED, done, fresh, person, shown_once
from lienthong.portal.forms import Form, fields, form
from lienthong.portal.page import Page

LONGEST_NAME = 100
DONE = ("client", "keys")
KEEP = ("0", "1", "24", "168")  # hours in which the old secret is taken beside the new one


async def everybody(page: Page) -> Response:
    """GET /admin/clients"""
    _administrator(page)
    return await _list(page, {})


async def made(page: Page) -> Response:
    """POST /admin/clients: the secret, once; the client's page when it signs with keys; or the form again."""
    given = await fields(page)
    await _fresh(page)
    name, agency = (given.get(n, [""])[-1].strip() for n in ("name", "agency"))
    try:
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Invalid(both("Cần một tên ngắn", "A short name is needed"), place="name")
        identity = page.services.directory.identity
        asked = scopes.checked(page.services.registry, given.get("scope", []))
        jwks = _keys(given["jwks"][-1]) if given.get("jwks", [""])[-1].strip() else None
        agency = await identity.people.agency(agency)
        client, secret = await identity.clients.create(page.subject, name, agency, asked, jwks)
    except Problem as problem:
        return await _list(page, {n: values for n, values in given.items() if n != "jwks"}, problem)
    return _secret(page, client, secret) if secret else done(page, "client", f"/admin/clients/{client.id}")


async def one(page: Page) -> Response:
    """GET /admin/clients/{id}"""
    _administrator(page)
    return await _one(page)


async def rotated(page: Page) -> Response:
    """POST /admin/clients/{id}/secret: a new one, once."""
    given = (await form(page)).get("keep", "0")
    await _fresh(page)
    try:
        if given not in KEEP:
            raise Invalid(both(f"Số giờ: {', '.join(KEEP)}", f"Hours: {', '.join(KEEP)}"), place="keep")
        keep = timedelta(hours=int(given))
        client, secret, until = await page.services.directory.identity.clients.rotate(page.subject, _id(page), keep)
    except Problem as problem:
        return await _refused(page, problem)
    page.services.directory.forget()
    return _secret(page, client, secret, until)


async def keyed(page: Page) -> Response:
    """POST /admin/clients/{id}/keys"""
    given = await form(page)
    await _fresh(page)
    try:
        jwks = _keys(given.get("jwks", ""))
        await page.services.directory.identity.clients.set_keys(page.subject, _id(page), jwks)
    except Problem as problem:
        return await _refused(page, problem)
    page.services.directory.forget()
    return done(page, "keys", f"/admin/clients/{_id(page)}")


async def ended(page: Page) -> Response:
    """POST /admin/clients/{id}/deactivate"""
    await form(page)
    await _fresh(page)
    await page.services.directory.identity.clients.deactivate(page.subject, _id(page))
    page.services.directory.forget()
    return done(page, "client", f"/admin/clients/{_id(page)}")


_ONE = "/admin/clients/{id}"
PAGES = {"/admin/clients": everybody, _ONE: one}
FORMS = {"/admin/clients": made, _ONE + "/secret": rotated, _ONE + "/keys": keyed, _ONE + "/deactivate": ended}


def _administrator(page: Page) -> None:
    person(page)
    administrator(page.subject)


async def _fresh(page: Page) -> None:
    """An administrator who has just signed in."""
    _administrator(page)
    await fresh(page)


def _id(page: Page) -> str:
    return str(page.request.path_params["id"])


def _keys(text: str) -> dict[str, Any]:
    """Public keys as they were pasted: a JWK set, or one JWK. Raises Invalid."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(both("Khóa công khai phải là JSON", "Public keys are JSON"), place="jwks") from error
    if not isinstance(given, dict):
        raise Invalid(both("Khóa công khai là một đối tượng JSON", "Public keys are a JSON object"), place="jwks")
    return given if "keys" in given else {"keys": [given]}


async def _list(page: Page, given: Form, problem: Problem | None = None) -> Response:
    identity = page.services.directory.identity
    return page.render(
        "clients.html",
        problem.status if problem else 200,
        clients=await identity.clients.all(),
        agencies={id: page.t.text(name) for id, name in (await identity.people.agencies()).items()},
        areas=OFFERED,
        given=given,
        problem=problem,
    )


async def _refused(page: Page, problem: Problem) -> Response:
    """The page with what is wrong. What was pasted is not shown again: it may have been a private key."""
    if problem.status == 404:
        raise problem
    return await _one(page, problem)


async def _one(page: Page, problem: Problem | None = None) -> Response:
    identity, what = page.services.directory.identity, page.given("done")
    found = await identity.clients.one(_id(page))
    agency = (await identity.people.agencies()).get(found.agency)
    return page.render(
        "client.html",
        problem.status if problem else 200,
        c=found,
        agency=page.t.text(agency) if agency else found.agency,
        site=page.services.settings.public_url,
        problem=problem,
        keep=KEEP,
        done=what if what in DONE else None,
    )


def _secret(page: Page, client: ClientInfo, secret: str, until: datetime | None = None) -> Response:
    title, site = page.t("clients.secret.made", name=client.name), page.services.settings.public_url
    lines = [f"client_id={client.id}", f"client_secret={secret}"]
    old = " " + page.t("clients.secret.old", until=page.t.moment(until)) if until else ""
    return shown_once(page, title, lines, page.t("clients.secret.use", site=site) + old, "/admin/clients")
