"""Releases as they are published: F01 (k and l), F04 (differencing), F08 (homes), and what the scanner leaves out."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.contract.model import OpenView
from lienthong.kernel.problem import Conflict
from lienthong.pipelines.release import ReleaseReport, publish
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, make_world, market_cluster, stall
from tests.security.second_judge import k_anonymity, l_diversity


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with market_cluster() as made:
        yield made


@pytest.fixture
def world(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    name = request.node.name[:60]
    (tmp_path / "pg").symlink_to(cluster.log.parents[1])
    yield make_world(cluster, tmp_path, name)
    cluster.drop_database(name)


def viewed(world: World, dataset: str, view: dict[str, Any], **options: Any) -> ReleaseReport:
    """Publish with another open view."""
    contract = world.registry.get(dataset)
    parts = {n: getattr(contract, n) for n in type(contract).model_fields}
    changed = type(contract).model_validate({**parts, "open_view": OpenView.model_validate(view)})
    contracts = {**world.registry.contracts, dataset: changed}
    registry = type(world.registry)(contracts, world.registry.agencies, world.registry.vocabularies)
    return publish(world.settings, registry, changed, **options)


ANONYMITY = {
    "k": 5,
    "l": 2,
    "quasiIdentifiers": ["opened_on", "kind", "staff"],
    "sensitive": ["indoors"],
    "steps": [{"field": "opened_on", "to": "month"}, {"field": "opened_on", "to": "year"}, {"field": "staff", "to": "band", "width": 5}],
    "mostSuppressed": 0.1,
}  # fmt: skip


def test_nobody_stands_out_among_published_rows(world: World) -> None:
    draw = random.Random(3)
    rows = [
        stall(n, opened_on=f"{draw.choice([2019, 2020, 2021])}-{draw.randrange(1, 13):02}-{draw.randrange(1, 28):02}",
              staff=draw.randrange(12), indoors=draw.random() < 0.5)
        for n in range(300)
    ]  # fmt: skip
    rows += [stall(900, opened_on="1950-05-05", staff=99)]
    world.fill("stalls", rows)
    world.fill("stalls", [row | {"capital": 1} for row in rows])  # there is a past, and it is not published
    report = viewed(world, "stalls", {"where": {"kind": {"ne": "HKD"}}, "anonymity": ANONYMITY})
    found = world.query("select opened_on, kind, staff, indoors, code from open.stalls")
    classes, kinds = Counter(row[:3] for row in found), defaultdict(set)
    for row in found:
        kinds[row[:3]].add(row[3])
    assert min(classes.values()) >= 5
    assert min(len(values) for values in kinds.values()) >= 2
    assert len(found) >= 300 * 0.9
    assert "S00900" not in {row[4] for row in found}
    assert world.query("select count(*) from open.stalls_history") == [(0,)]
    assert report.manifest is not None
    told = report.manifest["disclosure"]["anonymity"]
    assert told["steps"][0] == "opened_on: month"
    assert (told["k_reached"], told["l_reached"]) == (min(classes.values()), min(len(v) for v in kinds.values()))
    assert k_anonymity(found, [0, 1, 2]) >= 5
    assert l_diversity(found, [0, 1, 2], 3) >= 2


def test_the_second_judge_knows_who_stands_out() -> None:
    rows = [("a", 1, True)] * 5 + [("b", 1, True)] * 3 + [("b", 1, False)] * 2
    assert k_anonymity(rows, [0, 1]) == 5
    assert l_diversity(rows, [0, 1], 2) == 1
    assert l_diversity(rows[5:], [0, 1], 2) == 2
    assert k_anonymity([*rows, ("c", 1, True)], [0, 1]) == 1
    assert l_diversity([*rows[5:], *[("d", 1, None), ("d", 1, True)]], [0, 1], 2) == 1
    assert (k_anonymity([], [0]), l_diversity([], [0], 1)) == (0, 0)


def test_rows_that_stand_out_whatever_is_done_are_no_release(world: World) -> None:
    world.fill("stalls", [stall(n, opened_on=f"{1950 + n}-01-01") for n in range(20)])
    with pytest.raises(Conflict, match="stand out"):
        viewed(world, "stalls", {"anonymity": ANONYMITY | {"steps": []}})
    assert world.query("select count(*) from platform.release where state = 'published'") == [(0,)]


def test_homes_leave_their_place(world: World) -> None:
    """F08: no point is left on a home; other points stay where they are."""
    world.fill("stalls", [stall(n) for n in range(40)])
    world.fill("stalls", [stall(n, staff=50) for n in range(40)])
    place = {"field": "place", "where": {"kind": {"eq": "food"}}, "metres": 1000, "without": ["email"]}
    report = viewed(world, "stalls", {"places": [place]})
    truth = "select code, public.st_x(place), public.st_y(place), kind from governed.stalls"
    homes = {code: (x, y, kind) for code, x, y, kind in world.query(truth)}
    for relation in ("open.stalls", "open.stalls_history"):
        rows = world.query(f"select code, public.st_x(place), public.st_y(place), email from {relation}")
        assert rows
        for code, x, y, email in rows:
            at_home = abs(x - homes[code][0]) < 1e-9 and abs(y - homes[code][1]) < 1e-9
            assert at_home is (homes[code][2] != "food")
            assert (email is None) is (homes[code][2] == "food")
    moved = {(x, y) for _, x, y, _ in rows if abs(x * 111.32 - round(x * 111.32)) < 1e-6}
    assert len(moved) < 20  # neighbours share a place
    assert report.manifest is not None
    assert report.manifest["disclosure"]["places"] == [["place", 20]]


def _visit(number: int, minutes: int, kind: str = "planned", month: int = 2) -> dict[str, Any]:
    return {
        "visit_no": f"V{number}",
        "visited_at": f"2026-{month:02}-10T01:00:00+07:00",
        "kind": kind,
        "minutes": minutes,
    }


def test_the_difference_of_two_releases_tells_no_single_value(world: World) -> None:
    """F04: 6 visits of 10 minutes on average, then 7 of another: the seventh's minutes would be known."""
    world.fill("visits", [_visit(n, 10) for n in range(6)])
    publish(world.settings, world.registry, world.registry.get("visits"))
    world.fill("visits", [_visit(n, 10) for n in range(6)] + [_visit(6, 90)])
    report = publish(world.settings, world.registry, world.registry.get("visits"))
    assert world.query("select visits, mean_minutes from open.visit_statistics") == [(7, None)]
    assert report.manifest is not None
    assert report.manifest["disclosure"]["protection"]["sums_withheld"] == 1
    world.fill("visits", [_visit(n, 10) for n in range(9)])
    publish(world.settings, world.registry, world.registry.get("visits"))
    assert world.query("select visits, mean_minutes from open.visit_statistics") == [(9, 10)]


def test_cells_that_totals_would_give_away_are_left_out_of_the_release(world: World) -> None:
    counts = {
        (1, "planned"): 20,
        (1, "sudden"): 20,
        (2, "planned"): 20,
        (2, "sudden"): 2,
        (3, "planned"): 20,
        (3, "sudden"): 20,
    }
    visits = [(month, kind) for (month, kind), count in counts.items() for _ in range(count)]
    rows = [_visit(n, 10, kind, month) for n, (month, kind) in enumerate(visits)]
    world.fill("visits", rows)
    contract = world.registry.get("visits")
    assert contract.open_view
    view = contract.open_view.model_copy(update={"protection": type(contract.open_view.protection)()})
    parts = {n: getattr(contract, n) for n in type(contract).model_fields}
    changed = type(contract).model_validate({**parts, "open_view": view})
    registry = type(world.registry)(
        {**world.registry.contracts, "visits": changed}, world.registry.agencies, world.registry.vocabularies
    )
    report = publish(world.settings, registry, changed)
    left = world.query("select month, kind from open.visit_statistics order by 1, 2")
    assert len(left) == 2 and ("2026-02", "sudden") not in left and ("2026-02", "planned") not in left
    assert report.manifest is not None
    told = report.manifest["disclosure"]["protection"]
    assert (told["small"], told["complementary"], told["solvable"]) == (1, 3, 0)
    assert told["narrowest"] >= 5


def _counted(world: World, counts: dict[tuple[int, str], int], **view: Any) -> ReleaseReport:
    """Publish the visits of each (month, kind), protected against the totals of each dimension."""
    rows = [(month, kind) for (month, kind), count in counts.items() for _ in range(count)]
    world.fill("visits", [_visit(n, 10, kind, month) for n, (month, kind) in enumerate(rows)])
    contract = world.registry.get("visits")
    assert contract.open_view
    given = contract.open_view.model_dump(by_alias=True) | {"protection": {}} | view
    return viewed(world, "visits", given, force=True)


def test_what_any_earlier_release_told_hides_nothing(world: World) -> None:
    """F04: of three releases the first tells what the second leaves out; it cannot protect in the third. Nor when the first
    is withdrawn: somebody has it."""
    full = {(month, kind): 20 for month in (1, 2) for kind in ("planned", "sudden")}
    _counted(world, full)
    assert len(world.query("select 1 from open.visit_statistics")) == 4
    with world.connect() as connection:
        connection.execute("update platform.release set state = 'withdrawn' where dataset = 'visit_statistics'")
    with pytest.raises(Conflict, match="suppressed cell.* can still be computed") as refused:
        _counted(world, full | {(2, "sudden"): 2})
    assert refused.value.place == "visit_statistics" or "visit" in str(refused.value.place)
    assert refused.value.fix is not None and "coarsely" in refused.value.fix.en
    assert world.query("select count(*) from platform.release where state = 'published'") == [(0,)]


def test_many_rows_are_scanned_quickly(world: World) -> None:
    """The scan is quick where nothing is to be found, and finds the one row in which something is."""
    connection: psycopg.Connection
    with world.connect() as connection, connection.transaction():
        connection.execute("create table release.big (code text, note text)")
        connection.execute(
            "insert into release.big select 'R' || i, 'Số ' || i || ' đường Trần Đăng Ninh, phường Vĩnh Trại' "
            "from generate_series(1, 100000) i"
        )
        connection.execute("insert into release.big values ('X', 'gọi ông Ba 0912 345 678')")
        from time import monotonic

        from lienthong.privacy.detectors import looks
        from lienthong.privacy.identifiers import find
        from lienthong.store.disclosure import leave_out

        field = world.registry.get("stalls").by_name["name"]
        parts = {n: getattr(field, n) for n in type(field).model_fields}
        note = type(field).model_validate({**parts, "name": "note"})
        started = monotonic()
        found = leave_out(connection, "big", ["code"], looks((note,)), find)
        assert (found.rows, found.by_place) == (1, (("note", "mobile_phone", 1),))
        assert monotonic() - started < 30
        raise psycopg.Rollback
