"""The start page, the list of datasets, and the page of one dataset."""

from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.responses import RedirectResponse, Response

from lienthong.access import ANONYMOUS
from lienthong.catalog.profiles import authority, schema_org
from lienthong.catalog.profiles.described import governed
from lienthong.catalog.snapshot import DatasetState, FileInfo
from lienthong.contract.model import Contract
from lienthong.kernel.text import Language, unslug
from lienthong.portal import citing, drawn, examples, values
from lienthong.portal.page import Page
from lienthong.portal.playbook import has_playbook
from lienthong.portal.twins import twin_of
from lienthong.store.query import Page as RowPage
from lienthong.store.query import Query, fields
from lienthong.web.drawing import has_places

PREVIEW_ROWS = 10
FORMS = ("csv", "xlsx", "geojson", "gpkg", "pmtiles", "json", "jsonl", "parquet", "csv-plain", "datapackage", "zip")


async def home(page: Page) -> Response:
    """`/`: search, figures, the latest releases."""
    snapshot = await page.services.catalog.current()
    published = snapshot.published()
    entries = (await page.services.listed["ckan"].public()).entries
    publishers = {entry.publisher.id for entry in entries if entry.publisher}
    scores = [state.quality.score for state in published if state.quality]
    figures = [
        (page.t.number(len(entries)), page.t("home.datasets")),
        (page.t.number(sum(s.release.rows for s in published if s.release)), page.t("home.rows")),
        (page.t.number(len(publishers)), page.t("home.agencies")),
        (page.t.number(100 * sum(scores) / len(scores), 1) if scores else "–", page.t("home.quality")),
    ]
    latest = sorted(published, key=lambda s: s.release.published_at if s.release else 0, reverse=True)[:6]
    return page.render("home.html", figures=figures, latest=latest)


async def dataset(page: Page) -> Response:
    """`/datasets/{name}`: what it is, downloads, preview, fields, quality, how to ask for it."""
    snapshot = await page.services.catalog.current()
    name = page.request.path_params["name"]
    if unslug(name) not in snapshot.datasets:
        found = (await page.services.listed["ckan"].public()).get(name)
        return RedirectResponse(page.t.href(f"/dataset/{quote(found.name)}"), 302)
    state = snapshot.get(name)
    contract = state.contract
    view = contract.open_view
    work = citing.of_release(state, page.services.settings.public_url, page.language)
    return page.render(
        "dataset.html",
        state=state,
        preview=await _preview(page, state) if state.is_published else None,
        relations=list(page.services.registry.relations(contract.id).values()),
        files=sorted(state.release.files, key=_place_of) if state.release and state.is_published else (),
        place=page.services.registry.place(contract.catalogue.spatial),
        may_ask=_may_ask(page, contract),
        instead=snapshot.get(view.id).contract if view and view.id and view.id != contract.id else None,
        rules=_rules(page, state),
        twin=await twin_of(page, contract),
        examples=examples.examples(contract, page.services.settings.public_url, page.language),
        synthetic=any(f.name == "synthetic" for f in contract.fields),
        frequency=_code(page, "update_frequency", contract.catalogue.update_frequency),
        licence=_code(page, "licence", contract.catalogue.licence),
        licence_href=authority.licence(contract.catalogue.licence),
        citation=(citing.line(work, page.language), citing.bibtex(work)) if work else None,
        chart_href=_chart(contract),
        is_map=has_places(contract),
        map=await drawn.map_of(page, state, snapshot),
        site=page.services.settings.public_url,
        manifest_href=_manifest(state),
        json_ld=_json_ld(state, page.services.settings.public_url, page.language),
    )


def _place_of(file: FileInfo) -> tuple[int, str]:
    """Formats in the order of those who read them: spreadsheets, maps, then programs."""
    return (FORMS.index(file.format) if file.format in FORMS else len(FORMS), file.format)


def _may_ask(page: Page, contract: Contract) -> bool:
    """May somebody ask for it: is it shared, and is the reader unknown or of another agency?"""
    if contract.is_open or not contract.access.shared or contract.catalogue.data_class == "private":
        return False
    subject = page.subject
    return subject.kind == "anonymous" or subject.agency not in (None, contract.agency)


def _code(page: Page, vocabulary: str, code: str) -> str:
    """The title of a code, or the code."""
    known = page.services.registry.vocabularies.get(vocabulary)
    found = known.by_code.get(code) if known else None
    return page.t.text(found.title) if found else code


def _chart(contract: Contract) -> str:
    """A first question with a chart: how many rows of each kind. Without a field of kinds, the form to ask."""
    kind = next((f.name for f in contract.open_fields if f.logical_type in ("enum", "boolean")), None)
    asked = {"dataset": contract.slug} | ({"group": kind, "measure": "count", "chart": "bar"} if kind else {})
    return f"/ask?{urlencode(asked)}"


async def _preview(page: Page, state: DatasetState) -> dict[str, Any]:
    contract = state.contract
    shown = [f for f in contract.open_fields if f.logical_type not in {"multipolygon", "list"}]
    query = Query(contract.id, fields([f.name for f in shown]), page=RowPage(PREVIEW_ROWS))
    answer = await page.services.door.rows(ANONYMOUS, query, surface="portal")
    registry, t = page.services.registry, page.t
    rows = [{f.name: values.readable(f, row[f.name], registry, t) for f in shown} for row in orjson.loads(answer.body)]
    return {"columns": values.columns(shown, t), "rows": rows, "numeric": values.numeric(shown)}


def _rules(page: Page, state: DatasetState) -> list[dict[str, Any]]:
    """The results of the last check for a reader: failures first."""
    results = state.quality.results if state.quality else ()
    rows = [
        {
            "id": r["id"],
            "title": (r.get("title") or {}).get(page.language, ""),
            "dimension": r.get("dimension", ""),
            "success": r["success"],
            "playbook": has_playbook(str(r["id"])),
            "unexpected": r.get("unexpected_count") or 0,
        }
        for r in results
    ]
    return sorted(rows, key=lambda row: (row["success"], row["id"]))


def _manifest(state: DatasetState) -> str:
    return f"/datasets/{state.contract.slug}/releases/{state.release.number}/manifest.json" if state.release else ""


def _json_ld(state: DatasetState, site: str, language: Language) -> str:
    """schema.org/Dataset, for search engines."""
    document = schema_org.dataset(governed(state, site), language)
    return orjson.dumps(document).decode().replace("<", "\\u003c")
