"""`/reports`: indicators for a province and a day, each with formula, targets, table, chart and files."""

from datetime import date
from typing import Any

import orjson
from starlette.responses import Response

from lienthong.access import ANONYMOUS
from lienthong.kernel.clock import today
from lienthong.kernel.content import content
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.portal.page import Page
from lienthong.portal.values import Column
from lienthong.reports import chart
from lienthong.reports.engine import Engine, Report
from lienthong.reports.files import as_csv, as_json
from lienthong.reports.model import Indicator, indicators, targets
from lienthong.store.condition import condition
from lienthong.store.query import Order, Query, fields
from lienthong.store.query import Page as RowPage

DEFAULT_PROVINCE = "20"
FILES = {"csv": ("text/csv; charset=utf-8", as_csv), "json": ("application/json", as_json)}


async def board(page: Page) -> Response:
    """GET /reports: every indicator's value."""
    province, day = await _asked(page)
    engine = Engine(page.services)
    found = [(i, await engine.value(i, province, day)) for i in _all(page).values()]
    shown = [{"indicator": i, "value": _value(page, i, value)} for i, value in found]
    return page.render("reports.html", shown=shown, province=province, day=day, provinces=await _provinces(page, day))


async def indicator(page: Page) -> Response:
    """GET /reports/{id}, and its data as /reports/{id}.csv and .json"""
    name, _, extension = str(page.request.path_params["id"]).partition(".")
    known = _all(page)
    if name not in known or (extension and extension not in FILES):
        raise NotFound(both(f"Không có chỉ tiêu {name}", f"There is no indicator {name}"), place=page.bare)
    province, day = await _asked(page)
    report = await Engine(page.services).report(known[name], province, day, targets(_folder(page)))
    if extension:
        media_type, render = FILES[extension]
        headers = {"Content-Disposition": f'attachment; filename="{name}-{province}-{day}.{extension}"'}
        return Response(render(report.table), media_type=media_type, headers=headers)
    return page.render(
        "report.html",
        report=report,
        indicator=report.indicator,
        value=_value(page, report.indicator, report.value),
        table=_table(page, report),
        chart=_chart(page, report),
        provinces=await _provinces(page, day),
        province=province,
        day=day,
    )


def _folder(page: Page) -> Any:
    return page.services.settings.datasets or content("datasets")


def _all(page: Page) -> dict[str, Indicator]:
    return indicators(_folder(page))


async def _asked(page: Page) -> tuple[str, date]:
    """The province and the day in the address. Raises QueryInvalid for a day that is none."""
    for name in page.request.query_params:
        if name not in {"province", "date"}:
            raise QueryInvalid(
                both(f"Tham số lạ {name}", f"Unknown parameter {name}"), place=name, fix="province, date"
            )
    text = page.given("date")
    try:
        day = date.fromisoformat(text) if text else today()
    except ValueError as error:
        raise QueryInvalid(both("Ngày cần dạng 2026-10-31", "A date looks like 2026-10-31"), place="date") from error
    province = page.given("province", DEFAULT_PROVINCE) or DEFAULT_PROVINCE
    if not (province.isdigit() and len(province) == 2):
        raise QueryInvalid(both("Mã tỉnh gồm 2 chữ số", "A province code has 2 digits"), place="province")
    return province, day


async def _provinces(page: Page, day: date) -> list[tuple[str, str]]:
    """(code, name) of the provinces on the day, from the dataset that places refer to."""
    source = targets(_folder(page))
    if source is None or source.provinces is None:
        return []
    contract = page.services.registry.get(source.provinces.dataset)
    where = condition(page.services.registry, contract, source.provinces.where)
    names = {"code": source.provinces.code, "name": source.provinces.name}
    query = Query(contract.id, fields(names), where, (Order(source.provinces.code),), RowPage(100), day)
    answer = await page.services.door.rows(ANONYMOUS, query, surface="portal")
    return [(row["code"], row["name"]) for row in orjson.loads(answer.body)]


def _value(page: Page, indicator: Indicator, value: float | None) -> str:
    if value is None:
        return page.t.text(indicator.when_empty)
    match indicator.unit:
        case "percent":
            return page.t.number(value, 1) + " %"
        case "days":
            return page.t.number(value, 1)
        case _:
            return page.t.number(value)


def _table(page: Page, report: Report) -> dict[str, Any]:
    columns = [Column(c.key, page.t.text(c.title)) for c in report.table.columns]
    rows = [{c.key: _cell(page, row.get(c.key)) for c in report.table.columns} for row in report.table.rows]
    return {"columns": columns, "rows": rows, "numeric": {c.key for c in report.table.columns if c.number}}


def _cell(page: Page, value: Any) -> str:
    if isinstance(value, int | float):
        return page.t.number(value, 0 if float(value).is_integer() else 1)
    return "" if value is None else str(value)


def _chart(page: Page, report: Report) -> str | None:
    drawn = report.indicator.chart
    if drawn is None or not report.table.rows:
        return None
    titles = {c.key: page.t.text(c.title) for c in report.table.columns}
    breaks = report.indicator.series_breaks
    return chart.spec(report.table.rows, titles, drawn.mark, drawn.x, drawn.y, drawn.color, breaks, page.language)
