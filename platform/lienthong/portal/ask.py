"""`/ask`: one question over one dataset; its address is the saved question."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from lienthong.catalog.snapshot import DatasetState
from lienthong.contract.model import Contract
from lienthong.kernel.problem import Problem, QueryInvalid
from lienthong.kernel.text import unslug
from lienthong.portal import values
from lienthong.portal.page import Page
from lienthong.portal.typed import choices, typed
from lienthong.portal.values import Column
from lienthong.reports import chart
from lienthong.reports.engine import Table
from lienthong.reports.files import as_csv, as_json
from lienthong.reports.question import Question, answer

FILES = {"csv": ("text/csv; charset=utf-8", as_csv), "json": ("application/json", as_json)}
OPERATORS = ("eq", "ne", "gte", "lte", "contains")


async def question(page: Page) -> Response:
    """GET /ask; `format=csv` and `format=json` give the answer as a file."""
    parameters = dict(page.request.query_params)
    wanted = parameters.pop("format", "")
    asked = Question.of_address(parameters)
    published = (await page.services.catalog.current()).published()
    if not asked.dataset or not (asked.group or asked.measure != "count" or "measure" in parameters):
        return _form(page, asked, published)
    try:
        contract, table = await answer(page.services, page.subject, _machine(page, asked))
    except QueryInvalid as problem:
        return _form(page, asked, published, problem=problem)
    if wanted in FILES:
        media_type, render = FILES[wanted]
        headers = {"Content-Disposition": f'attachment; filename="{contract.slug}.{wanted}"'}
        return Response(render(table), media_type=media_type, headers=headers)
    return _form(page, asked, published, contract, table)


def _machine(page: Page, asked: Question) -> Question:
    """The question with its value as APIs take it."""
    contract = page.services.registry.get(unslug(asked.dataset))
    field = contract.by_name.get(asked.field)
    if field is None or not asked.value:
        return asked
    return replace(asked, value=typed(field, asked.value, page.services.registry, page.t))


def _form(
    page: Page,
    asked: Question,
    published: list[DatasetState],
    contract: Contract | None = None,
    table: Table | None = None,
    problem: Problem | None = None,
) -> Response:
    chosen = contract or (page.services.registry.get(unslug(asked.dataset)) if asked.dataset else None)
    fields = (
        [f for f in chosen.open_fields if f.logical_type not in {"multipolygon", "point", "list"}] if chosen else []
    )
    return page.render(
        "ask.html",
        problem.status if problem else 200,
        problem=problem,
        choices=choices(fields, page.services.registry, page.t),
        asked=asked,
        published=published,
        fields=fields,
        numbers=[f for f in fields if f.logical_type in values.NUMBERS],
        operators=OPERATORS,
        table=_table(page, chosen, table) if chosen and table else None,
        chart=_chart(page, asked, chosen, table) if chosen and table else None,
        address=f"{page.services.settings.public_url}{page.path}?{page.request.url.query}",
        query=page.request.url.query,
    )


def _table(page: Page, contract: Contract, table: Table) -> dict[str, Any]:
    columns = [Column(c.key, page.t.text(c.title)) for c in table.columns]
    rows = [{c.key: _cell(page, contract, c.key, row.get(c.key)) for c in table.columns} for row in table.rows]
    return {"columns": columns, "rows": rows, "numeric": {c.key for c in table.columns if c.number}}


def _cell(page: Page, contract: Contract, key: str, value: Any) -> str:
    """A number of the answer, or the readable value of a dimension (a year stays a year)."""
    field = contract.by_name.get(key)
    if field is None or value is None:
        return page.t.number(value, 0 if value is None or float(value).is_integer() else 2)
    if field.logical_type == "enum":
        return values.readable(field, value, page.services.registry, page.t)
    return str(value)


def _chart(page: Page, asked: Question, contract: Contract, table: Table) -> str | None:
    if asked.chart not in {"bar", "line"} or not asked.group or not table.rows:
        return None
    titles = {c.key: page.t.text(c.title) for c in table.columns}
    rows = [
        {c.key: row.get(c.key) if c.number else _cell(page, contract, c.key, row.get(c.key)) for c in table.columns}
        for row in table.rows
    ]
    mark = "line" if asked.chart == "line" else "bar"
    color = asked.group2 or None
    return chart.spec(rows, titles, mark, asked.group, table.columns[-1].key, color, language=page.language)  # type: ignore[arg-type]
