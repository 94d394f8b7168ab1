"""The synthetic twin on the page of a restricted dataset: sample rows for who is known, and how to query it."""

from dataclasses import dataclass, replace
from typing import Any

import orjson

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import camel
from lienthong.portal import values
from lienthong.portal.page import Page
from lienthong.privacy.twinned import has_twin
from lienthong.store.query import Page as RowPage
from lienthong.store.query import Query, fields

SAMPLE_ROWS, SAMPLE_FIELDS = 5, 12


@dataclass(frozen=True)
class Shown:
    """What the page shows; `table` None: nobody in particular looks, or the twin is not built yet."""

    calls: tuple[tuple[str, str], ...]
    table: dict[str, Any] | None


async def twin_of(page: Page, contract: Contract) -> Shown | None:
    """The twin of a dataset that has one."""
    if not has_twin(contract):
        return None
    return Shown(_calls(contract, page.services.settings.public_url), await _sample(page, contract))


async def _sample(page: Page, contract: Contract) -> dict[str, Any] | None:
    if page.subject.kind == "anonymous":
        return None
    found = [f for f in contract.fields if f.logical_type not in {"multipolygon", "list"}][:SAMPLE_FIELDS]
    query = Query(contract.id, fields([f.name for f in found]), page=RowPage(SAMPLE_ROWS))
    try:
        answer = await page.services.door.rows(replace(page.subject, twin=True), query, surface="portal")
    except Problem:
        return None
    registry, t = page.services.registry, page.t
    rows = [{f.name: _text(f, row[f.name], registry, t) for f in found} for row in orjson.loads(answer.body)]
    return {"columns": values.columns(found, t), "rows": rows, "numeric": values.numeric(found)}


def _text(field: Any, value: Any, registry: Any, t: Any) -> str:
    """A value for people; a masked one stays as it came, whatever its field is."""
    return str(value) if field.mask and isinstance(value, str) else values.readable(field, value, registry, t)


def _calls(contract: Contract, site: str) -> tuple[tuple[str, str], ...]:
    token = "-H 'Authorization: Bearer $TOKEN'"
    shown = " ".join(camel(f.name) for f in contract.fields[:3])
    query = f"{{ {camel(contract.id)}(first: 5) {{ nodes {{ {shown} }} }} }}"
    return (
        ("REST", f"curl {token} '{site}/api/v1/datasets/{contract.slug}/twin/rows?limit=5'"),
        (
            "GraphQL",
            f"curl {token} -H 'Lienthong-Twin: true' {site}/graphql -H 'Content-Type: application/json' \\\n"
            f'  -d \'{{"query": "{query}"}}\'',
        ),
    )
