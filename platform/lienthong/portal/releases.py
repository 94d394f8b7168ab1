"""Releases on pages: for everybody what was published and what became of it; for stewards what waits, seen whole."""

from pathlib import Path
from typing import Any, cast

import orjson
from starlette.responses import RedirectResponse, Response

from lienthong.access import releases as access
from lienthong.access.releases import Releases, of_steward
from lienthong.catalog.releases import ACTIONS, Action, no_release
from lienthong.catalog.snapshot import DatasetState, ReleaseInfo
from lienthong.catalog.tables import ReleaseStep
from lienthong.contract.model import Contract
from lienthong.kernel.problem import NotFound, NotPermitted, Problem
from lienthong.kernel.text import Bilingual, both
from lienthong.portal import values
from lienthong.portal.forms import form
from lienthong.portal.page import Page, SignInAgain
from lienthong.privacy.report import explained
from lienthong.store.query import Page as RowPage

PREVIEW_ROWS = 20
_NOT_IN_ROWS = {"multipolygon", "list"}
MOST_KEYS = 50
_TOLD = ("reason", "reason_en", "at", "successor", "instead")


async def listing(page: Page) -> Response:
    """GET /releases/{name}: every release of a dataset."""
    state = await _state(page)
    return page.render("releases.html", state=state)


async def one(page: Page) -> Response:
    """GET /releases/{name}/{number}: the permanent page of a release; 410 with the reason when it was withdrawn."""
    state, number = await _state(page), _number(page)
    release = state.numbered(number)
    address = _address(state, release)
    told = release.manifest
    disclosed = explained(told.get("disclosure") or {})
    return page.render("release.html", state=state, release=release, told=told, disclosed=disclosed, address=address)


async def folder(page: Page) -> Response:
    """GET /datasets/{name}/releases[/{number}], /datasets/{name}/latest: what lies above the files leads to their page.

    `/datasets/{name}/releases/{number}` is also the identifier of a release in DCAT and Atom.
    """
    slug, number = (await _state(page)).contract.slug, page.request.path_params.get("number")
    place = f"/datasets/{slug}" if page.bare.endswith("/latest") else f"/releases/{slug}"
    return RedirectResponse(page.t.href(f"{place}/{_number(page)}" if number else place), 303)


async def work(page: Page) -> Response:
    """GET /steward/releases: what waits, and reviews by the day they are due."""
    snapshot = await page.services.catalog.current()
    states = of_steward(snapshot, _signed_in(page))
    if not states:
        raise NotPermitted(
            both("Dành cho cán bộ đầu mối của cơ quan có dữ liệu mở", "For stewards of agencies that publish data"),
            place=page.bare,
            fix=both("Đăng nhập bằng tài khoản cán bộ đầu mối", "Sign in as a data steward"),
        )
    due = [s for s in states if s.release and s.release.review_due and s.release.number > 0]
    return page.render(
        "steward_releases.html",
        states=states,
        waiting=[(s, r) for s in states for r in s.waiting],
        drafts=await _drafts(page, states),
        asked=page.given("asked") == "1",
        reviews=sorted(due, key=lambda s: str(s.release.review_due if s.release else "")),
    )


async def _drafts(page: Page, states: list[DatasetState]) -> list[tuple[DatasetState, ReleaseStep, str]]:
    """The drafts that were asked for last, and what became of each: one without changes makes no release."""
    by_id = {state.contract.id: state for state in states}
    found = []
    for step in await Releases(page.services.catalog).drafts(by_id):
        state = by_id[step.dataset]
        known = next((r for r in (*state.waiting, *state.releases) if r.number == step.number), None)
        old = step.state == "done" and known is not None and known.published_at < step.asked_at
        found.append((state, step, "unchanged" if old else step.state))
    return found


async def desk(page: Page) -> Response:
    """GET /steward/releases/{name}/{number}: preview, disclosure report, changes, steps."""
    return await _shown(page)


async def draft(page: Page) -> Response:
    """POST /steward/releases/{name}/draft: ask for a draft."""
    state, given = await _state(page), await form(page)
    details = {"force": True} if given.get("force") else {}
    await Releases(page.services.catalog).ask(_signed_in(page), state.contract, None, "draft", details)
    return RedirectResponse(page.t.href("/steward/releases") + "?asked=1", 303)


async def act(page: Page) -> Response:
    """POST /steward/releases/{name}/{number}/{action}: the step, or the page again with what forbids it."""
    state, given, name = await _state(page), await form(page), page.request.path_params["action"]
    if name not in ACTIONS or name == "draft":
        raise NotFound(both("Không có bước này", "There is no such step"), place=name)
    action, number = cast(Action, name), _number(page)
    details: dict[str, Any] = {key: given[key].strip() for key in _TOLD if given.get(key, "").strip()}
    if "successor" in details:
        details["successor"] = int(details["successor"]) if details["successor"].isdigit() else details["successor"]
    try:
        await Releases(page.services.catalog).ask(_signed_in(page), state.contract, number, action, details)
    except Problem as problem:
        if problem.status in (401, 404):
            raise
        return await _shown(page, problem, action)
    return RedirectResponse(page.t.href(f"/steward/releases/{state.contract.slug}/{number}"), 303)


async def _shown(page: Page, problem: Problem | None = None, tried: Action | None = None) -> Response:
    state, number = await _state(page), _number(page)
    access.actor(_signed_in(page), state.contract)
    release = next((r for r in (*state.waiting, *state.releases) if r.number == number), None)
    if release is None:
        raise no_release(state.contract, number)
    releases = Releases(page.services.catalog)
    return page.render(
        "steward_release.html",
        problem.status if problem else 200,
        state=state,
        release=release,
        told=release.manifest,
        disclosed=explained(release.manifest.get("disclosure") or {}),
        left_out_at=_origin(page, state),
        preview=await _preview(page, state, release),
        keys=_changed_keys(page, state, release),
        possible=await releases.possible(page.subject, state.contract, number),
        steps=await releases.steps(state.contract.id, number),
        problem=problem,
        tried=tried,
        address=_address(state, release),
    )


async def _preview(page: Page, state: DatasetState, release: ReleaseInfo) -> dict[str, Any] | None:
    """The first rows, from the very table that will be served; None when there is none."""
    if release.state not in ("checked", "approved"):
        return None
    contract = state.contract
    shown = [f for f in contract.open_fields if f.logical_type not in _NOT_IN_ROWS]
    answer = await page.services.door.preview(contract, release.number, RowPage(PREVIEW_ROWS))
    registry, t = page.services.registry, page.t
    rows = [{f.name: values.readable(f, row[f.name], registry, t) for f in shown} for row in orjson.loads(answer.body)]
    columns, omitted = values.columns(shown, t), _omitted(contract)
    numeric = values.numeric(shown)
    return {"columns": columns, "rows": rows, "numeric": numeric, "total": answer.total, "omitted": omitted}


def _omitted(contract: Contract) -> Bilingual | None:
    """What a page cannot show of a row, by name; it is in the files."""
    left = [f.title for f in contract.open_fields if f.logical_type in _NOT_IN_ROWS]
    vi, en = ", ".join(title.vi for title in left), ", ".join(title.en for title in left)
    return both(f"Chỉ có trong các tệp dưới đây: {vi}.", f"In the files below only: {en}.") if left else None


def _origin(page: Page, state: DatasetState) -> str:
    """The dataset whose runs and rows held back are those of this one."""
    derived = state.contract.derived_from
    return page.services.registry.get(derived).slug if derived else state.contract.slug


def _changed_keys(page: Page, state: DatasetState, release: ReleaseInfo) -> list[dict[str, Any]]:
    """The first keys of the file of changes."""
    file = ((release.manifest.get("changes") or {}).get("file") or {}).get("name")
    folder = page.services.settings.home / "releases" / state.contract.id
    path = next((p for p in _places(folder, release.number, file) if p.is_file()), None) if file else None
    if path is None:
        return []
    with path.open("rb") as lines:
        return [orjson.loads(line) for line, _ in zip(lines, range(MOST_KEYS), strict=False)]


def _places(folder: Path, number: int, name: str) -> tuple[Path, Path]:
    return folder / f".{number}.draft" / name, folder / str(number) / name


def _address(state: DatasetState, release: ReleaseInfo) -> str:
    """Where the files are: in public for everybody, before that for stewards."""
    slug, number = state.contract.slug, release.number
    if release.state in ("published", "superseded"):
        return f"/datasets/{slug}/releases/{number}"
    return f"/api/v1/datasets/{slug}/releases/{number}/draft/files"


async def _state(page: Page) -> DatasetState:
    return (await page.services.catalog.current()).get(page.request.path_params["name"])


def _number(page: Page) -> int:
    text = page.request.path_params["number"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _signed_in(page: Page) -> Any:
    """The person of the session. Raises SignInAgain for nobody."""
    if page.subject.kind == "anonymous":
        raise SignInAgain(both("Cần đăng nhập", "Sign in first"))
    return page.subject


PAGES = {
    "/datasets/{name}/latest": folder,
    "/datasets/{name}/releases": folder,
    "/datasets/{name}/releases/{number}": folder,
    "/releases/{name}": listing,
    "/releases/{name}/{number}": one,
    "/steward/releases": work,
    "/steward/releases/{name}/{number}": desk,
}
FORMS = {
    "/steward/releases/{name}/draft": draft,
    "/steward/releases/{name}/{number}/{action}": act,
}
