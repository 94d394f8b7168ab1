"""`/agreements`: agreements of one's own side, one of them with all it says, and the steps that are possible."""

from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from lienthong.contract.model import Contract
from lienthong.governance.agreements.asked import Ending, Given, Suspension
from lienthong.governance.agreements.calendar import doubt, due
from lienthong.governance.agreements.items import items, purpose_title
from lienthong.governance.agreements.states import ACTIONS, STATES, Action, no_such, possible
from lienthong.governance.agreements.tables import Agreement
from lienthong.governance.agreements.timeliness import in_time, overdue, timeliness
from lienthong.governance.agreements.workflow import BODIES, Agreements
from lienthong.governance.subject import Subject
from lienthong.kernel.clock import today
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import both
from lienthong.portal.forms import form
from lienthong.portal.page import Page, SignInAgain
from lienthong.web.body import validated

SUSPENSIONS, ENDINGS = Suspension.__args__, Ending.__args__  # type: ignore[attr-defined]  # the words of a Literal


def desk(page: Page) -> Agreements:
    """Who keeps agreements. Raises SignInAgain for somebody unknown."""
    if page.subject.kind == "anonymous":
        raise SignInAgain(both("Cần đăng nhập", "Sign in first"))
    return Agreements(page.services.catalog.engine, page.services.registry)


async def listing(page: Page) -> Response:
    """GET /agreements: both sides, filtered by state, side, dataset and delay."""
    agreements = desk(page)
    rows = await agreements.listed(page.subject)
    given = {name: page.given(name) for name in ("state", "side", "dataset", "late")}
    fits = {
        "state": lambda row: row.state_now == given["state"],
        "side": lambda row: getattr(row, given["side"], None) == page.subject.agency,
        "dataset": lambda row: row.dataset == given["dataset"],
        "late": overdue,
    }
    shown = [row for row in rows if all(not given[name] or fit(row) for name, fit in fits.items())]
    return page.render(
        "agreements.html",
        rows=shown,
        given=given,
        times=timeliness(rows),
        states=[state for state in STATES if any(row.state_now == state for row in rows)],
        datasets={row.dataset: _contract(page, row) for row in rows},
        overdue=overdue,
        doubt=lambda row: None if row.answered_at else doubt(page.services.registry, row.answer_due),
        agencies=await agreements.agencies(),
        purpose=lambda code: purpose_title(page.services.registry, code),
        may_ask=may_ask(page.subject),
    )


def may_ask(subject: Subject) -> bool:
    """Only somebody of an agency asks for data."""
    return subject.agency is not None


async def one(page: Page) -> Response:
    """GET /agreements/{id}"""
    return await _shown(page, "agreement.html")


async def printed(page: Page) -> Response:
    """GET /agreements/{id}/print: on paper, with room for two signatures."""
    return await _shown(page, "agreement_print.html")


async def _shown(page: Page, template: str, status: int = 200, **further: Any) -> Response:
    agreements = desk(page)
    row, history = await agreements.one(page.subject, page.request.path_params["id"])
    agencies = await agreements.agencies()
    return page.render(
        template,
        status,
        row=row,
        history=history,
        contract=_contract(page, row),
        items=items(page.services.registry, row, agencies),
        agencies=agencies,
        purpose=purpose_title(page.services.registry, row.purpose),
        overdue=overdue(row),
        in_time=in_time(row),
        doubt=lambda day: doubt(page.services.registry, day),
        actions=possible(page.subject, row),
        suspensions=SUSPENSIONS,
        endings=ENDINGS,
        announced=due(page.services.registry, "suspension", today()),
        **({"problem": None, "tried": None, "given": {}} | further),
    )


def _contract(page: Page, row: Agreement) -> Contract | None:
    return page.services.registry.contracts.get(row.dataset)


async def act(page: Page) -> Response:
    """POST /agreements/{id}/{action}: the step, or the page again with what forbids it."""
    agreements, given = desk(page), await form(page)
    id, name = page.request.path_params["id"], page.request.path_params["action"]
    if name not in ACTIONS:
        raise no_such(f"{id}/{name}")
    action = cast(Action, name)
    try:
        body: Given = validated(_body(given), BODIES[action])
        row = await agreements.act(page.subject, id, action, body, _version(given.get("version", "")))
        page.services.directory.forget()
    except Problem as problem:
        if problem.status in (401, 404):
            raise
        return await _shown(page, "agreement.html", problem.status, problem=problem, tried=action, given=given)
    return RedirectResponse(page.t.href(f"/agreements/{row.id}"), 303)


def _body(given: dict[str, str]) -> dict[str, Any]:
    """The form as a body of the API: blanks left out, the quota as a number."""
    body: dict[str, Any] = {n: v for n, v in given.items() if v.strip() and n not in ("csrf", "version")}
    if body.get("quota", "").isascii() and body.get("quota", "").isdigit():
        body["quota"] = int(body["quota"])
    return body


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
