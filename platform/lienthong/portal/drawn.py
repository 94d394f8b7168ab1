"""The map of a release on the page of its dataset: a drawing, what it says in words, and numbers beside it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson
from anyio import to_thread
from markupsafe import Markup

from lienthong.access import ANONYMOUS
from lienthong.catalog.snapshot import DatasetState, ReleaseInfo, Snapshot
from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.clock import today
from lienthong.portal import values
from lienthong.portal.language import Speaker
from lienthong.portal.page import Page, file_href
from lienthong.store.condition import condition
from lienthong.store.query import Group, Measure, Order, Query
from lienthong.store.query import Page as RowPage
from lienthong.web.drawing import SIZES, Drawing, drawing, ground, has_places, tile_file

_MOST = 100  # groups that are listed
_of_files = lru_cache(maxsize=64)(drawing)  # a release never changes, nor do its files


@dataclass(frozen=True)
class Counted:
    """Numbers in place of the picture: the heading of the groups, and (group, rows), most rows first."""

    title: str
    now: bool
    groups: list[tuple[str, int]]


@dataclass(frozen=True)
class Map:
    """What the page shows. `ground`: the dataset whose places lie under it."""

    drawing: Drawing
    svg: Markup
    told: str
    ground: Contract | None
    counted: Counted | None
    files: dict[str, str]

    def legend(self, t: Speaker) -> list[tuple[str, str]]:
        """What a dot of each size stands for, and the class that draws it."""
        if not self.drawing.is_gathered:
            return [(t("map.dot"), "s0")] if self.drawing.sizes else []
        found = []
        for size in self.drawing.sizes:
            at = SIZES.index(size)
            last = SIZES[at + 1] - 1 if at + 1 < len(SIZES) else None
            told = t("map.dot") if last == size else t("map.from" if last is None else "map.between",
                                                       least=t.number(size), most=t.number(last))  # fmt: skip
            found.append((told, f"s{at}"))
        return found


async def map_of(page: Page, state: DatasetState, snapshot: Snapshot) -> Map | None:
    """The map of the release that is served; None when it has no places, or its tiles lie elsewhere."""
    contract, release = state.contract, state.release
    if release is None or not state.is_published or not has_places(contract):
        return None
    under = ground(contract, snapshot.datasets)
    releases = page.services.settings.home / "releases"
    drawn = await to_thread.run_sync(_drawing, releases, release, under.release if under else None)
    if drawn is None:
        return None
    told = _told(page, drawn, release)
    svg = Markup(drawn.svg(page.t("map.of", title=page.t.text(contract.title)), told))
    files = {f.format: file_href(state, f) for f in release.files if f.format in ("geojson", "pmtiles", "gpkg")}
    counted = await _counted(page, contract)
    return Map(drawn, svg, told, under.contract if under else None, counted, files)


def _drawing(releases: Path, release: ReleaseInfo, under: ReleaseInfo | None) -> Drawing | None:
    tiles, below = tile_file(releases, release), tile_file(releases, under) if under else None
    return _of_files(tiles, below) if tiles else None


def _told(page: Page, drawn: Drawing, release: ReleaseInfo) -> str:
    t, (west, south, east, north) = page.t, drawn.bounds
    degrees = {
        name: t.number(side, 2) for name, side in zip(("w", "s", "e", "n"), (west, south, east, north), strict=True)
    }
    return t("map.told", places=t.number(drawn.places), rows=t.number(release.rows), **degrees)


async def _counted(page: Page, contract: Contract) -> Counted | None:
    """Rows by province, of those that hold today; without provinces, by the first list of kinds."""
    field = _grouping(contract)
    if field is None:
        return None
    now = field.logical_type == "admin_unit" and contract.validity is not None
    query = Query(
        contract.id,
        groups=(Group("place", field.name),),
        measures=(Measure("rows"),),
        where=condition(page.services.registry, contract, _today(contract)) if now else None,
        order=(Order("rows", descending=True),),
        page=RowPage(_MOST),
    )
    answer = await page.services.door.rows(ANONYMOUS, query, surface="portal")
    groups = [(_name(page, field, row["place"]), int(row["rows"])) for row in orjson.loads(answer.body)]
    return Counted(page.t.text(field.title), now, groups) if groups else None


def _grouping(contract: Contract) -> FieldContract | None:
    provinces = [f for f in contract.open_fields if f.logical_type == "admin_unit"]
    kinds = [f for f in contract.open_fields if f.logical_type == "enum"]
    found = [f for f in provinces if f.options.get("level") == "province"] + kinds
    return found[0] if found else None


def _today(contract: Contract) -> dict[str, object]:
    assert contract.validity
    day, since, until = today().isoformat(), contract.validity.from_, contract.validity.to
    ends = {"or": [{until: {"is_null": True}}, {until: {"gte": day}}]} if until else {}
    return {"and": [{since: {"lte": day}}, *([ends] if ends else [])]}


def _name(page: Page, field: FieldContract, code: str | None) -> str:
    if code is None:
        return page.t("map.none")
    known = page.services.registry.place(code) if field.logical_type == "admin_unit" else None
    return page.t.text(known) if known else values.readable(field, code, page.services.registry, page.t)
