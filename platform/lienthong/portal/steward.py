"""Pages of the steward: runs, check results, quarantined rows with rule, value, file and line."""

from starlette.responses import Response

from lienthong.access.releases import of_steward
from lienthong.catalog import voices
from lienthong.catalog.snapshot import DatasetState
from lienthong.catalog.stewardship import quarantine_by_rule, quarantined, runs
from lienthong.kernel.problem import NotPermitted, Unauthenticated
from lienthong.kernel.text import both
from lienthong.portal.page import Page
from lienthong.portal.playbook import has_playbook

ROWS = 100
COUNTED = ("read", "accepted", "quarantined", "repeated", "late", "inserted", "updated", "unchanged", "closed")


async def overview(page: Page) -> Response:
    """`/steward`: what waits, and one line a dataset."""
    snapshot = await page.services.catalog.current()
    states = [s for s in snapshot.all() if not s.contract.derived_from and _may(page, s)]
    if not states:
        raise _refusal(page)
    open_ones = of_steward(snapshot, page.subject)
    return page.render(
        "steward.html",
        states=states,
        publishes=bool(open_ones),
        releases=sum(len(s.waiting) for s in open_ones),
        voices=await voices.count_waiting(page.services.catalog.engine),
        quarantined=sum(s.run.counts.get("quarantined", 0) for s in states if s.run),
    )


async def dataset(page: Page) -> Response:
    """`/steward/{name}`: runs, results, quarantine by rule and row by row."""
    state = (await page.services.catalog.current()).get(page.request.path_params["name"])
    if not _may(page, state):
        raise _refusal(page)
    engine, name = page.services.catalog.engine, state.contract.id
    rule, after = page.given("rule"), page.given("after")
    rows = await quarantined(engine, name, rule or None, int(after) if after.isdigit() else 0, ROWS)
    return page.render(
        "steward_dataset.html",
        state=state,
        runs=[(run, _counted(run.counts)) for run in await runs(engine, name)],
        by_rule=await quarantine_by_rule(engine, name),
        rows=rows,
        rule=rule,
        has_playbook=has_playbook,
        titles={
            r["id"]: (r.get("title") or {}).get(page.language) for r in (state.quality.results if state.quality else ())
        },
        more=rows[-1].id if len(rows) == ROWS else None,
    )


def _counted(counts: dict[str, int]) -> list[tuple[str, int]]:
    """What a run counted, in the way a row goes; of what did not happen, only that nothing was set aside."""
    told = [name for name in COUNTED if counts.get(name) or (name in counts and name in COUNTED[:3])]
    return [(name, counts[name]) for name in [*told, *(name for name in counts if name not in COUNTED)]]


def _may(page: Page, state: DatasetState) -> bool:
    """Administrators see all, stewards what their own agency provides."""
    subject = page.subject
    return subject.is_administrator or (subject.role == "steward" and subject.agency == state.contract.agency)


def _refusal(page: Page) -> Exception:
    kind = Unauthenticated if page.subject.kind == "anonymous" else NotPermitted
    told = both(
        "Trang dành cho cán bộ đầu mối dữ liệu của cơ quan cung cấp", "For data stewards of the providing agency"
    )
    fix = both("Đăng nhập bằng tài khoản cán bộ đầu mối của cơ quan này", "Sign in as a steward of that agency")
    return kind(told, place=page.bare, fix=fix)
