"""`/datasets/{name}/rows`: the open rows that somebody looks for, page by page, and as files of just these."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from lienthong.access import ANONYMOUS
from lienthong.catalog.snapshot import DatasetState
from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.problem import NotPermitted, Problem, QueryInvalid
from lienthong.kernel.text import both
from lienthong.portal import values
from lienthong.portal.page import Page
from lienthong.portal.typed import choices, typed
from lienthong.store.condition import compare, unknown
from lienthong.store.query import Compare, Query, Text, all_of, fields
from lienthong.store.query import Page as RowPage

ROWS, LINES = 50, 3
OPERATORS = ("eq", "ne", "contains", "gte", "lte", "is_null")
FORMS = ("csv", "xlsx", "jsonl", "parquet")
_UNFIT = {"multipolygon", "point", "list"}
Line = tuple[str, str, str]  # field, operator, value as it was typed


@dataclass(frozen=True)
class Looked:
    """What the address asks for: words, conditions, and the page after a cursor."""

    words: str
    lines: tuple[Line, ...]
    after: str

    @property
    def used(self) -> list[Line]:
        """The conditions that say something."""
        return [(name, op, value) for name, op, value in self.lines if name and (value or op == "is_null")]


async def listing(page: Page) -> Response:
    """GET /datasets/{name}/rows; a wrong value comes back in its form, with the reason."""
    state = (await page.services.catalog.current()).get(page.request.path_params["name"])
    contract = state.contract
    if not contract.is_open:
        raise NotPermitted(
            both("Bộ dữ liệu này không mở theo từng dòng", "This dataset is not open row by row"),
            place=contract.slug,
            fix=both(f"Xem /datasets/{contract.slug}", f"See /en/datasets/{contract.slug}"),
        )
    state.served()
    looked = _looked(page)
    try:
        found, problem = await _found(page, contract, looked), None
    except QueryInvalid as wrong:
        found, problem = None, wrong
    return _page(page, state, looked, found, problem)


def _looked(page: Page) -> Looked:
    given = page.request.query_params
    columns = [[text.strip()[:500] for text in given.getlist(name)] for name in ("field", "op", "value")]
    lines = [(*line,) for line in zip(*columns, strict=False)][:LINES]
    return Looked(page.given("q")[:200], (*lines, *[("", "eq", "")] * (LINES - len(lines))), page.given("after"))


async def _found(page: Page, contract: Contract, looked: Looked) -> dict[str, Any]:
    shown = [f for f in contract.open_fields if f.logical_type not in _UNFIT]
    conditions = _conditions(page, contract, looked)
    where = all_of(*conditions, Text(looked.words) if looked.words else None)
    window = RowPage(ROWS, looked.after or None)
    query = Query(contract.id, fields([f.name for f in shown]), where=where, page=window, total=True)
    answer = await page.services.door.rows(ANONYMOUS, query, surface="portal")
    registry, t = page.services.registry, page.t
    rows = [{f.name: values.readable(f, row[f.name], registry, t) for f in shown} for row in orjson.loads(answer.body)]
    return {
        "columns": values.columns(shown, t),
        "rows": rows,
        "numeric": values.numeric(shown),
        "total": answer.total or 0,
        "next": answer.next,
        "api": _api(contract, looked, _machine(page, contract, looked)),
    }


def _conditions(page: Page, contract: Contract, looked: Looked) -> list[Compare]:
    """Typed conditions. Raises QueryInvalid naming the field."""
    if looked.words and not any(f.search for f in contract.open_fields):
        raise QueryInvalid(
            both("Bộ dữ liệu không có trường tìm kiếm", "The dataset has no field for text search"), place="q"
        )
    return [compare(_open(contract, name), op, value) for name, op, value in _machine(page, contract, looked)]


def _machine(page: Page, contract: Contract, looked: Looked) -> list[Line]:
    """The conditions as APIs take them."""
    registry, t = page.services.registry, page.t
    made = [(name, op, typed(_open(contract, name), value, registry, t)) for name, op, value in looked.used]
    if len({line[:2] for line in made}) < len(made):
        raise QueryInvalid(
            both("Hai điều kiện cùng trường và phép so sánh", "Two conditions with one field and operator"),
            place="field",
        )
    return [(name, op, "true" if op == "is_null" else value) for name, op, value in made]


def _open(contract: Contract, name: str) -> FieldContract:
    """A field that everybody may see. Raises QueryInvalid with the nearest name."""
    known = {field.name: field for field in contract.open_fields}
    if name not in known:
        raise unknown("trường", "field", name[:64], known)
    return known[name]


def _api(contract: Contract, looked: Looked, lines: list[Line]) -> dict[str, str]:
    """The same rows by API, and as files."""
    asked = [(name if op == "eq" else f"{name}__{op}", value) for name, op, value in lines]
    query = urlencode([*([("q", looked.words)] if looked.words else []), *asked])
    way = f"/api/v1/datasets/{contract.slug}/rows"
    return {form: f"{way}{'.' + form if form else ''}{'?' + query if query else ''}" for form in ("", *FORMS)}


def _page(
    page: Page, state: DatasetState, looked: Looked, found: dict[str, Any] | None, problem: Problem | None
) -> Response:
    usable = [f for f in state.contract.open_fields if f.logical_type not in _UNFIT]
    here = [("q", looked.words)] if looked.words else []
    here += [pair for line in looked.used for pair in zip(("field", "op", "value"), line, strict=True)]
    return page.render(
        "rows.html",
        problem.status if problem else 200,
        state=state,
        looked=looked,
        found=found,
        problem=problem,
        fields=usable,
        operators=OPERATORS,
        words=any(f.search for f in usable),
        choices=choices(usable, page.services.registry, page.t),
        forms=FORMS,
        first=f"?{urlencode(here)}",
        following=f"?{urlencode([*here, ('after', found['next'])])}" if found and found["next"] else "",
        site=page.services.settings.public_url,
    )
