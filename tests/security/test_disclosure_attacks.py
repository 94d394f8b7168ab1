"""F01, F03-F05: an attacker who reads releases as they are published, with their manifests, and puts them together."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict, Problem
from lienthong.pipelines.release import ReleaseReport, publish
from lienthong.store.cluster import Cluster
from tests.journey.release_world import DEFINITIONS, VOCABULARIES, World, make_world, stall
from tests.security.test_disclosure_release import ANONYMITY, cluster, viewed

__all__ = ["cluster"]
MONTH, KIND = {"of": "visited_at", "transform": "month", "name": "month"}, {"of": "kind"}
VISITS = {"name": "visits", "title": {"vi": "Số lượt", "en": "Visits"}, "measure": "count"}


@pytest.fixture
def world(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    name = "a" + str(abs(hash(request.node.name)))[:12]
    (tmp_path / "pg").symlink_to(cluster.log.parents[1])
    yield make_world(cluster, tmp_path, name)
    cluster.drop_database(name)


def visits(counts: dict[tuple[int, str], list[int | None]]) -> list[dict[str, Any]]:
    """Visits by month and kind; of each the minutes."""
    flat = [(month, kind, minutes) for (month, kind), all_ in counts.items() for minutes in all_]
    return [
        {"visit_no": f"V{n}", "visited_at": f"2026-{month:02}-10T01:00:00+07:00", "kind": kind, "minutes": minutes}
        for n, (month, kind, minutes) in enumerate(flat)
    ]


def published(world: World, counts: dict[tuple[int, str], list[int | None]], **view: Any) -> ReleaseReport:
    """A release of visits by month and kind, with k = 5: the contract is written, loaded and published."""
    world.fill("visits", visits(counts))
    registry = written(world.settings.datasets, view)
    return publish(world.settings, registry, registry.get("visits"), force=True)


def written(folder: Path, view: dict[str, Any]) -> Registry:
    """The definitions with another open view of the visits."""
    path = folder / "market_office" / "visits" / "contract.yaml"
    given = yaml.safe_load(path.read_text("utf-8"))
    given["privacy"]["k"] = 5
    given["openView"] = {"id": "visit_statistics", "title": {"vi": "Thống kê", "en": "Statistics"}, "groupBy": [MONTH, KIND],
                         "measures": [VISITS], "k": 5, "protection": {}} | view  # fmt: skip
    path.write_text(yaml.safe_dump(given, allow_unicode=True), "utf-8")
    return load_all(folder)


def table(world: World, name: str = "visit_statistics") -> set[tuple[str, str]]:
    """The cells that are public."""
    return {(month, kind) for month, kind in world.query(f"select month, kind from open.{name}")}


MEAN = {"name": "mean_minutes", "title": {"vi": "Phút", "en": "Minutes"}, "measure": "avg", "of": "minutes"}
TOTAL = {"name": "all_minutes", "title": {"vi": "Phút", "en": "Minutes"}, "measure": "sum", "of": "minutes"}


@pytest.mark.parametrize("measure", [MEAN, TOTAL])
def test_a_mean_of_three_is_not_published_because_ten_others_have_no_value(
    world: World, measure: dict[str, Any]
) -> None:
    """F05: k is the number of those whose values are added, not of those who stand beside them."""
    counts: dict[tuple[int, str], list[int | None]] = {
        (1, "planned"): [10, 11, 12, *[None] * 10], (1, "sudden"): [10, 12, 11, 10, 12, 13], (2, "planned"): [10] * 8, (2, "sudden"): [9] * 8,
    }  # fmt: skip
    published(world, counts, measures=[VISITS, measure], protection={"margins": "none"})
    assert table(world) == {("2026-01", "sudden"), ("2026-02", "planned"), ("2026-02", "sudden")}


def test_a_great_loss_dominates_as_a_great_gain_does(world: World) -> None:
    """F05: of a sum with signs the largest part is told although the sum is small, or negative."""
    counts: dict[tuple[int, str], list[int | None]] = {
        (1, "planned"): [-100_000, 1, 2, 3, 1, 2], (1, "sudden"): [-10] * 8, (2, "planned"): [90_000, -90_001, 1, 1, 1, 1],
    }  # fmt: skip
    published(world, counts, measures=[VISITS, TOTAL], protection={"margins": "none"})
    assert table(world) == {("2026-01", "sudden")}


def test_the_report_does_not_tell_a_cell_that_the_table_leaves_out(world: World) -> None:
    """F03: with no total known, the share of rows left out would be a total: 3 of 603."""
    counts: dict[tuple[int, str], list[int | None]] = {
        (1, "planned"): [1] * 20, (1, "sudden"): [1] * 20, (2, "planned"): [1] * 20, (2, "sudden"): [1] * 2,
    }  # fmt: skip
    report = published(world, counts, protection={"margins": "none"})
    assert report.manifest is not None
    told = report.manifest["disclosure"]["protection"]
    assert told.get("suppressed_rows_share") is None and told["small"] == 1
    assert "2" not in {str(v) for v in told.values() if isinstance(v, int)} or told["n"] == 2


def test_a_cell_told_before_hides_nothing_though_one_row_came(world: World) -> None:
    """F04: 20 last month and 21 now: who knows the 20 knows the cell that the 21 should hide to within a row or two."""
    full: dict[tuple[int, str], list[int | None]] = {
        (month, kind): [1] * 20 for month in (1, 2) for kind in ("planned", "sudden")
    }
    published(world, full)
    changed = {place: [*minutes, 1] for place, minutes in full.items()} | {(2, "sudden"): [1] * 2}
    with pytest.raises(Conflict, match="suppressed cell.* can still be computed"):
        published(world, changed)
    assert len(table(world)) == 4, "the release before keeps serving"
    many = {place: [*minutes, *[1] * 9] for place, minutes in full.items()} | {(2, "sudden"): [1] * 2}
    published(world, many)  # what has changed by more than the interval that is asked for may hide
    assert ("2026-02", "sudden") not in table(world)


def test_another_name_of_the_view_does_not_make_the_past_forgotten(world: World) -> None:
    """F04: the same people counted under another id: what the first view told is known."""
    full: dict[tuple[int, str], list[int | None]] = {
        (month, kind): [1] * 20 for month in (1, 2) for kind in ("planned", "sudden")
    }
    published(world, full)
    with pytest.raises(Conflict, match="suppressed cell.* can still be computed"):
        published(world, full | {(2, "sudden"): [1] * 2}, id="visits_by_month")


def test_besides_a_single_value_nothing_told_is_no_second_one(world: World) -> None:
    """F01: five alike, of whom four have the illness and of the fifth nothing is known: l is 1."""
    rows = [stall(n, opened_on="2020-01-01", kind="food", staff=1, indoors=True if n else None) for n in range(6)]
    rows += [stall(10 + n, opened_on="2020-01-01", kind="cloth", staff=1, indoors=n % 2 == 0) for n in range(60)]
    world.fill("stalls", rows)
    viewed(world, "stalls", {"anonymity": ANONYMITY | {"steps": []}})
    assert world.query("select distinct kind from open.stalls") == [("cloth",)]


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ({"measure": "count", "where": {"inspector": {"is_null": False}}}, "counts those alone"),
        ({"measure": "count", "of": "inspector"}, "counts those alone"),
        ({"measure": "sum", "of": "minutes", "where": {"and": [{"inspector": {"eq": "x"}}]}}, "counts those alone"),
    ],
)
def test_a_condition_on_something_personal_is_a_dimension(tmp_path: Path, measure: dict[str, Any], said: str) -> None:
    """F03: a count of those of one faith within a cell of six is a cell of one that nothing protects."""
    shutil.copytree(DEFINITIONS, tmp_path / "d")
    (tmp_path / "d" / "_vocab").symlink_to(VOCABULARIES)
    one = {"name": "one", "title": {"vi": "Một", "en": "One"}} | measure
    with pytest.raises(Problem) as refused:
        written(tmp_path / "d", {"measures": [VISITS, one]})
    assert said in str(refused.value) + repr(refused.value.__dict__)


QUARTER = {"of": "visited_at", "transform": "quarter", "name": "quarter"}
SPRING: dict[tuple[int, str], list[int | None]] = {
    **{(month, "planned"): [10] * count for month, count in [(1, 10), (2, 9), (3, 3), (4, 12), (5, 12), (6, 12)]},
    **{(month, "sudden"): [10] * 14 for month in range(1, 7)},
}


@pytest.mark.parametrize("name", ["quarter", "month"])
def test_a_quarter_less_its_months_tells_nothing(world: World, name: str) -> None:
    """F04: 22 in a quarter, and 10 and 9 were told of its months, are 3 in the third; by another name or the same."""
    view: dict[str, Any] = {"protection": {"margins": "none"}}
    published(world, SPRING, **view)
    assert ("2026-03", "planned") not in table(world)
    published(world, SPRING, **view, groupBy=[QUARTER | {"name": name}, KIND])
    told = set(world.query(f"select {name}, kind, visits from open.visit_statistics"))
    assert {row for row in told if row[1] == "sudden"} == {("2026-Q1", "sudden", 42), ("2026-Q2", "sudden", 42)}
    assert {row for row in told if row[1] == "planned"} <= {("2026-Q2", "planned", 36)}  # it hides the other


@pytest.mark.parametrize("name", ["quarter", "month"])
def test_months_less_than_their_quarter_tell_nothing(world: World, name: str) -> None:
    """F04: the quarter was told first; two of its months leave the third."""
    view: dict[str, Any] = {"protection": {"margins": "none"}}
    published(world, SPRING, **view, groupBy=[QUARTER | {"name": name}, KIND])
    assert ("2026-Q1", "planned", 22) in set(world.query(f"select {name}, kind, visits from open.visit_statistics"))
    published(world, SPRING, **view)
    left = {month for month, kind in table(world) if kind == "planned" and month < "2026-04"}
    assert "2026-03" not in left
    assert len(left) == 1
    assert len(table(world)) >= 9
