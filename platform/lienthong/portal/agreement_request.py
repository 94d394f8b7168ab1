"""`/agreements/new`: choose a dataset, then fields, purpose, filter, quota and days."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from lienthong.contract.model import Contract, FieldContract
from lienthong.governance.agreements.asked import Asked, Clauses
from lienthong.governance.agreements.calendar import code_list, doubt, due, working_days
from lienthong.governance.agreements.items import purpose_title
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotFound, NotPermitted, Problem
from lienthong.kernel.text import both, fold, unslug
from lienthong.portal.agreements import desk, may_ask
from lienthong.portal.forms import Form, fields
from lienthong.portal.page import Page
from lienthong.web.body import validated

OPERATORS = ("eq", "ne", "in", "gte", "lte", "gt", "lt", "contains", "is_null")
FILTERS = 3  # lines of the small filter form; more is asked for over the API
_TEXTS = ("purpose", "legal_basis", "valid_from", "expires", "application", "frequency", "note")


async def new(page: Page) -> Response:
    """GET /agreements/new"""
    desk(page)
    if not may_ask(page.subject):
        raise NotPermitted(
            both("Chỉ người của một cơ quan gửi yêu cầu", "Only somebody of an agency asks for data"),
            place=page.bare,
            fix=both(
                "Quản trị gắn tài khoản với cơ quan, ở Người dùng",
                "An administrator gives the account an agency, under People",
            ),
        )
    chosen = _chosen(page, page.given("dataset")) if page.given("dataset") else None
    return _page(page, chosen, {})


async def asked(page: Page) -> Response:
    """POST /agreements/new: the request, or the form again with what is wrong and all that was typed."""
    agreements, given = desk(page), await fields(page)
    contract = _chosen(page, given.get("dataset", [""])[-1])
    try:
        row = await agreements.request(page.subject, validated(_body(contract, given), Asked))
    except Problem as problem:
        if problem.status == 401:
            raise
        return _page(page, contract, given, problem)
    return RedirectResponse(page.t.href(f"/agreements/{row.id}"), 303)


def _page(page: Page, contract: Contract | None, given: Form, problem: Problem | None = None) -> Response:
    registry = page.services.registry
    shared = contract.access.shared if contract else None
    return page.render(
        "agreement_new.html",
        problem.status if problem else 200,
        problem=problem,
        datasets=_datasets(page),
        contract=contract,
        purposes=[(code, purpose_title(registry, code)) for code in (shared.purposes if shared else ())],
        classes=registry.vocabularies.get("classification"),
        filterable=[f for f in contract.fields if _filterable(f)] if contract else [],
        operators=OPERATORS,
        lines=range(FILTERS),
        clauses=[c for c in code_list(registry, "agreement_clause").codes if c.code in Clauses.model_fields],
        given=given,
        last=lambda name, default="": (given.get(name) or [default])[-1],
        basis=shared.legal_basis if shared else None,
        today=today(),
        answer_due=due(registry, "answer", today()),
        doubt=doubt(registry, due(registry, "answer", today())),
        answer_days=working_days(registry, "answer", today()),
    )


def _datasets(page: Page) -> list[Contract]:
    """What may be asked for: shared, of another agency, not private."""
    return sorted(
        (
            c
            for c in page.services.registry.contracts.values()
            if c.access.shared and not c.derived_from and c.agency != page.subject.agency
            if c.catalogue.data_class != "private"
        ),
        key=lambda c: fold(page.t.text(c.title)),
    )


def _chosen(page: Page, name: str) -> Contract:
    found = next((c for c in _datasets(page) if c.id == unslug(name)), None)
    if found is None:
        raise NotFound(
            both("Không có bộ dữ liệu này để yêu cầu", "There is no such dataset to ask for"),
            place="dataset",
            fix=both("Chọn trong danh sách", "Choose one of the list"),
        )
    return found


def _filterable(field: FieldContract) -> bool:
    return bool(set(OPERATORS) & set(field.type.operators)) and field.logical_type not in (
        "list",
        "multipolygon",
        "point",
    )


def _body(contract: Contract, given: Form) -> dict[str, Any]:
    """The form as a body of the API."""
    body: dict[str, Any] = {name: given[name][-1] for name in _TEXTS if given.get(name, [""])[-1].strip()}
    body |= {"dataset": contract.slug, "fields": given.get("fields", []), "clear": given.get("clear", [])}
    quota = given.get("quota", [""])[-1].strip()
    if quota:
        body["quota"] = int(quota) if quota.isascii() and quota.isdigit() else quota
    clauses = {name: given[name][-1] for name in Clauses.model_fields if given.get(name, [""])[-1].strip()}
    where = _where(given)
    return body | ({"clauses": clauses} if clauses else {}) | ({"where": where} if where else {})


def _where(given: Form) -> Mapping[str, Any]:
    """The lines of the filter; all of them must hold."""
    parts = []
    columns = (given.get(name, []) for name in ("filter_field", "filter_op", "filter_value"))
    for name, op, value in zip(*columns, strict=False):
        if name:
            parts.append({name: {op: value == "true" if op == "is_null" else value}})
    return parts[0] if len(parts) == 1 else {"and": parts} if parts else {}
