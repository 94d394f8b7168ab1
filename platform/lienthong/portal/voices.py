"""Pages of what the public says, and of how often data is used."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import RedirectResponse, Response

from lienthong.catalog import usage, voices
from lienthong.kernel.clock import today
from lienthong.kernel.problem import Conflict, Invalid, NotPermitted, Problem, Unauthenticated
from lienthong.kernel.text import both, fold
from lienthong.portal.forms import fields, form
from lienthong.portal.page import Page

TRAP = "website"  # a field that people do not see: what fills it in is no person
COST = 20_000  # of one message, in the budget of an address
DAYS = 30
LATELY = 20  # so many that are shown can be reached from the desk; each of them, from where everybody reads it
CHOICES = 200  # so many datasets are offered to choose from; of more, those that the portal's own contracts govern


async def listing(page: Page) -> Response:
    """GET /voices: what was said, and the form to say something."""
    return await _shown(page)


async def said(page: Page) -> Response:
    """POST /voices: somebody says something."""
    given = {name: values[-1] for name, values in (await fields(page, csrf=page.subject.kind == "person")).items()}
    try:
        if given.get(TRAP):
            raise Invalid(both("Biểu mẫu không đọc được", "The form cannot be read"))
        page.services.door.charge(page.subject, COST)
        await voices.say(page.services.catalog.engine, given, await names(page))
    except Problem as problem:
        return await _shown(page, problem, given)
    return RedirectResponse(page.t.href("/voices") + "?said=1", 303)


async def _shown(page: Page, problem: Problem | None = None, given: dict[str, str] | None = None) -> Response:
    asked = given or {"kind": page.given("kind", "feedback"), "dataset": page.given("dataset")}
    kind = page.given("kind") if page.given("kind") in voices.KINDS else ""
    found = await voices.shown(page.services.catalog.engine, kind=kind, dataset=page.given("dataset"))
    return page.render(
        "voices.html",
        problem.status if problem else 200,
        voices=found,
        titles=await _titles(page, found),
        kinds=voices.KINDS,
        kind=kind,
        problem=problem,
        given={name: asked.get(name, "") for name in ("kind", "dataset", *voices.LIMITS)},
        limits=voices.LIMITS,
        labels={
            name: f"voices.{name}" + ("_" if name == "title" else "") for name in ("kind", "dataset", *voices.LIMITS)
        },
        datasets=await _choices(page, asked.get("dataset", "")),
        trap=TRAP,
        said=bool(page.given("said")),
    )


async def names(page: Page) -> list[str]:
    """The datasets that a message may be about."""
    return await voices.subjects(page.services.catalog, page.services.listed["ckan"])


async def _choices(page: Page, asked: str) -> list[tuple[str, str]]:
    """The datasets to choose from, as (name, title): all of them, or the governed ones and the one asked for."""
    listing, snapshot = await page.services.listed["ckan"].public(), await page.services.catalog.current()
    found = [(s.contract.slug, page.t.text(s.contract.title)) for s in snapshot.published()]
    few = len(listing.entries) <= CHOICES
    others = [entry for entry in listing.entries if few or entry.name == asked]
    known = {name for name, _ in found}
    return found + [(entry.name, page.t.text(entry.title)) for entry in others if entry.name not in known]


async def _titles(page: Page, spoken: Sequence[voices.Voice]) -> dict[str, str]:
    """Titles of the datasets that are spoken of, by name, of those that everybody can see now."""
    known = (await page.services.listed["ckan"].public()).known
    names = {v.dataset for v in spoken if v.dataset}
    return {name: page.t.text(known[name].title) for name in names if name in known}


async def desk(page: Page) -> Response:
    """GET /steward/voices: what waits to be read, and what was shown last."""
    _steward(page)
    engine = page.services.catalog.engine
    waiting, shown = await voices.waiting(engine), await voices.shown(engine, limit=LATELY)
    return page.render("steward_voices.html", waiting=waiting, shown=shown, titles=await _titles(page, waiting))


async def one(page: Page) -> Response:
    """GET /steward/voices/{id}: a message and what became of it; what is shown can be answered anew or taken back."""
    _steward(page)
    return await _one(page)


async def settled(page: Page) -> Response:
    """POST /steward/voices/{id}/{action}: show it (with an answer) or refuse it; back with what forbids it."""
    _steward(page)
    given, action = await form(page), page.request.path_params["action"]
    if action not in ("show", "refuse"):
        raise Invalid(both("Bước là show hoặc refuse", "The step is show or refuse"), place=action[:40])
    id_, answer, version = page.request.path_params["id"], given.get("answer", ""), given.get("version", "")
    try:
        await voices.settle(page.services.catalog.engine, id_, page.subject.id, action == "show", answer, version)
    except (Conflict, Invalid) as problem:
        return await _one(page, problem, answer)
    return RedirectResponse(page.t.href("/steward/voices" + (f"/{id_}" if version else "")), 303)


async def _one(page: Page, problem: Problem | None = None, typed: str = "") -> Response:
    voice = await voices.one(page.services.catalog.engine, page.request.path_params["id"])
    status, titles = problem.status if problem else 200, await _titles(page, [voice])
    return page.render("steward_voice.html", status, v=voice, titles=titles, problem=problem, typed=typed)


def _steward(page: Page) -> None:
    if page.subject.kind == "anonymous":
        raise Unauthenticated(both("Cần đăng nhập", "Sign in"), place=page.bare)
    if page.subject.role not in ("administrator", "steward"):
        raise NotPermitted(both("Trang dành cho cán bộ đầu mối dữ liệu", "This page is for data stewards"))


async def figures(page: Page) -> Response:
    """GET /usage: calls and downloads of every published dataset."""
    engine = page.services.catalog.engine
    snapshot, order = await page.services.catalog.current(), page.given("sort", "downloads")
    lately = await usage.figures(engine, usage.since(DAYS))
    ever = await usage.figures(engine, None)
    none = usage.Figures("", 0, 0)
    rows: list[dict[str, Any]] = [
        {"state": s, "lately": lately.get(s.contract.id, none), "ever": ever.get(s.contract.id, none)}
        for s in snapshot.published()
    ]
    keys: dict[str, Any] = {
        "downloads": lambda r: (-r["lately"].downloads, -r["lately"].calls),
        "calls": lambda r: (-r["lately"].calls, -r["lately"].downloads),
        "title": lambda r: fold(page.t.text(r["state"].contract.title)),
    }
    rows.sort(key=keys.get(order, keys["downloads"]))
    most = max((max(r["lately"].calls, r["lately"].downloads) for r in rows), default=0) or 1
    return page.render("usage.html", rows=rows, most=most, order=order, days=DAYS, today=today())


PAGES = {"/voices": listing, "/usage": figures, "/steward/voices": desk, "/steward/voices/{id}": one}
FORMS = {"/voices": said, "/steward/voices/{id}/{action}": settled}
