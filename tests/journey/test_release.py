"""Publishing: what is in a release, what is not, and that nobody ever sees half of one."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.contract.model import OpenView
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Invalid
from lienthong.pipelines.release import ReleaseReport, publish, publish_all
from lienthong.pipelines.release_keys import PUBLIC, keys_in
from lienthong.pipelines.release_verify import verify
from lienthong.store.cluster import Cluster
from lienthong.store.served import ensure_served
from tests.journey.release_world import World, area, make_world, market_cluster, stall

TROUBLE = [
    stall(60, kind="HKD"),
    stall(61, name="Gọi 0912 345 678"),
    stall(62, tags='["CCCD 020099000001"]'),
    stall(64, name="thư ban@mail.com"),
]


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


def published(world: World, dataset: str, **options: Any) -> ReleaseReport:
    return publish(world.settings, world.registry, world.registry.get(dataset), **options)


def altered(part: Any, **changes: Any) -> Any:
    """A contract, or a field of one, with some parts changed; nothing that it remembers is carried over."""
    return type(part).model_validate({**{n: getattr(part, n) for n in type(part).model_fields}, **changes})


def as_public(world: World, query: str) -> list[tuple[Any, ...]]:
    """What everybody can read."""
    with world.connect() as connection:
        connection.execute("set role lienthong_public")
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_every_open_view_answers_before_its_first_release(world: World) -> None:
    for view in ("stalls", "stalls_history", "areas", "visit_statistics"):
        assert as_public(world, f"select * from open.{view}") == []
    assert world.query("select to_regclass('open.visits')") == [(None,)]


def test_a_release_holds_open_rows_and_open_columns_only(world: World) -> None:
    world.fill("stalls", [stall(n) for n in range(10)] + TROUBLE)
    report = published(world, "stalls")
    assert (report.state, report.number, report.rows) == ("published", 1, 10)
    with world.connect() as connection:
        cursor = connection.execute("select * from open.stalls order by code")
        assert [c.name for c in cursor.description or ()] == [
            "code", "name", "kind", "capital", "share", "staff", "opened_on", "seen_at", "indoors", "tags", "place",
            "email", "area_code", "_from", "_search", "_id",
        ]  # fmt: skip
    assert as_public(world, "select min(code), max(code), count(distinct _id) from open.stalls") == [
        ("S00000", "S00009", 10)
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_public(world, "select * from release.stalls_1")


def test_rows_with_identifiers_of_persons_are_left_out_and_shown_to_the_steward(world: World) -> None:
    run = world.fill("stalls", [stall(n) for n in range(3)] + TROUBLE)
    report = published(world, "stalls")
    assert report.manifest is not None
    found = {(f["place"], f["detector"], f["rows"]) for f in report.manifest["disclosure"]["findings"]}
    assert found == {("name", "mobile_phone", 1), ("tags", "citizen_id", 1), ("name", "email", 1)}
    assert report.manifest["suppressed_rows"] == 3
    left = report.manifest["rows"]  # numbered without gaps, in the order of the key: pages are found by arithmetic
    assert world.query(
        "select array_agg(_id order by code) = array(select generate_series(1, %s::bigint)) from open.stalls", left
    ) == [(True,)]
    held = world.query("select run_id, rule, field, row->>'code', value from platform.quarantine order by 4")
    assert held == [
        (run, "disclosure", "name", "S00061", None),
        (run, "disclosure", "tags", "S00062", None),
        (run, "disclosure", "name", "S00064", None),
    ]
    for file in (world.settings.home / "releases" / "stalls" / "1").iterdir():
        content = file.read_bytes()
        assert b"0912 345 678" not in content
        assert b"S00062" not in content
        assert b"Nguy\xe1\xbb\x85n V\xc4\x83n" not in content  # the keepers, who are personal


def test_the_same_run_and_contract_are_released_once(world: World) -> None:
    world.fill("stalls", [stall(1)])
    assert published(world, "stalls").number == 1
    assert published(world, "stalls").state == "unchanged"
    assert (published(world, "stalls", force=True).state, published(world, "stalls").number) == ("published", 2)
    world.fill("stalls", [stall(1)])
    assert published(world, "stalls").number == 3


def test_nothing_is_released_of_what_was_never_loaded_or_is_closed(world: World) -> None:
    assert published(world, "stalls").state == "unloaded"
    contract = altered(world.registry.get("areas"), open_view=None, id="closed_thing")
    assert publish(world.settings, world.registry, contract).state == "closed"
    assert world.query("select count(*) from platform.release") == [(0,)]


def test_the_manifest_tells_what_the_files_are(world: World) -> None:
    run = world.fill("stalls", [stall(n) for n in range(10)])
    published(world, "stalls")
    folder = world.settings.home / "releases" / "stalls" / "1"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["run"] == str(run)
    assert manifest["contract"] == {"version": "1.0.0", "fingerprint": world.registry.get("stalls").fingerprint}
    assert {f["format"] for f in manifest["files"]} >= {"csv", "jsonl", "parquet", "geojson", "xlsx"}
    assert verify(folder, keys_in(world.settings.home / "keys" / PUBLIC)).ok  # nothing missing, nothing besides
    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (file["size"], file["sha256"])
    assert manifest["columns"][0] == {
        "name": "code", "title": {"vi": "Mã", "en": "Code"}, "type": "string", "logical_type": "identifier",
        "required": True, "options": manifest["columns"][0]["options"],
    }  # fmt: skip
    assert world.query("select rows, manifest->>'licence', state from platform.release") == [
        (10, "CC-BY-4.0", "published")
    ]
    recorded = world.query("select path, size::int, sha256 from platform.distribution where format <> 'zip' order by 1")
    expected = sorted((f"stalls/1/{f['name']}", f["size"], f["sha256"]) for f in manifest["files"])
    assert recorded == expected


def test_history_has_a_version_for_each_change_that_everybody_may_see(world: World) -> None:
    world.fill("stalls", [stall(1), stall(2), stall(3)])
    first = now()
    world.fill("stalls", [stall(1, staff=40), stall(2, keeper="Người khác"), stall(3)])
    second = now()
    world.fill("stalls", [stall(1, staff=41), stall(2, keeper="Người thứ ba")])
    published(world, "stalls")
    past = world.query(
        "select code, staff, _from < %s, _to < %s from open.stalls_history order by code, _from", first, second
    )
    assert past == [("S00001", 1, True, True), ("S00001", 40, False, False), ("S00003", 3, True, False)]
    # stall 2 changed nothing that is open: its one version began with the first run
    assert world.query("select code, staff, _from < %s from open.stalls order by code", first) == [
        ("S00001", 41, False),
        ("S00002", 2, True),
    ]


def test_a_new_release_supersedes_the_one_before_whose_files_stay(world: World) -> None:
    world.fill("stalls", [stall(n) for n in range(5)])
    published(world, "stalls")
    for number in (2, 3):
        world.fill("stalls", [stall(n, staff=number * 10 if n == number else n) for n in range(number, 8)])
        report = published(world, "stalls")
    assert report.manifest is not None
    # 2 is gone; 3 changed; nothing is new
    assert report.manifest["previous"] == {"number": 2, "added": 0, "changed": 1, "removed": 1}
    assert world.query("select number, state from platform.release order by number") == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "published"),
    ]
    tables = world.query("select relname from pg_class where relname ~ '^stalls_[0-9]+$' and relkind = 'r' order by 1")
    assert tables == [("stalls_2",), ("stalls_3",)]
    assert (world.settings.home / "releases" / "stalls" / "1" / "stalls.csv").exists()


def test_an_aggregate_leaves_small_cells_out(world: World) -> None:
    visits = [("2026-01-31T23:30:00+00:00", "planned", n) for n in range(4)]  # February in Việt Nam
    visits += [("2026-02-10T01:00:00+07:00", "planned", n) for n in range(4, 6)]
    visits += [("2026-02-10T01:00:00+07:00", "sudden", n) for n in range(2)]
    visits += [("2026-03-10T01:00:00+07:00", None, n) for n in range(5)]
    world.fill(
        "visits",
        [{"visit_no": f"V{n}", "visited_at": at, "kind": k, "minutes": m * 10} for n, (at, k, m) in enumerate(visits)],
    )
    report = published(world, "visits")
    assert report.dataset == "visit_statistics"
    assert world.query("select month, kind, visits, short, mean_minutes from open.visit_statistics") == [
        ("2026-02", "planned", 6, 3, 25)
    ]
    assert report.manifest is not None
    told = report.manifest["disclosure"]
    assert (told["k"], told["cells"], told["suppressed_cells"], told["cells_without_dimension"]) == (3, 3, 1, 1)


def test_an_aggregate_has_a_history_of_its_releases(world: World) -> None:
    def visit(number: int, minutes: int) -> dict[str, Any]:
        at = "2026-02-10T01:00:00+07:00"
        return {"visit_no": f"V{number}", "visited_at": at, "kind": "planned", "minutes": minutes}

    world.fill("visits", [visit(n, 10) for n in range(3)])
    published(world, "visits")
    between = now()
    world.fill("visits", [visit(n, 10) for n in range(4)])
    published(world, "visits")
    published(world, "visits", force=True)
    assert world.query("select visits, _from > %s from open.visit_statistics", between) == [(4, True)]
    assert world.query("select visits, _from < %s, _to > %s from open.visit_statistics_history", between, between) == [
        (3, True, True)
    ]


def test_a_contract_that_publishes_persons_is_refused_and_nothing_changes(world: World) -> None:
    world.fill("stalls", [stall(1)])
    published(world, "stalls")
    contract = world.registry.get("stalls")
    fields = [altered(f, open="publish") if f.name == "keeper" else f for f in contract.fields]
    with pytest.raises(Invalid, match="keeper"):
        publish(world.settings, world.registry, altered(contract, fields=tuple(fields)))
    assert world.query("select number, state from platform.release") == [(1, "published")]


def test_one_failure_stops_no_other_publication(world: World) -> None:
    world.fill("stalls", [stall(1)])
    world.fill("areas", [area("A1", 105)])
    releases = world.settings.home / "releases"
    releases.mkdir(exist_ok=True)
    (releases / "stalls").write_text("in the way")
    reports = {report.dataset: report for report in publish_all(world.settings, world.registry)}
    assert reports["areas"].state == "published"
    assert reports["stalls"].problem is not None
    assert reports["stalls"].problem["exit_code"] == 75
    assert as_public(world, "select count(*) from open.stalls") == [(0,)]
    (releases / "stalls").unlink()
    assert published(world, "stalls").number == 1


def test_a_field_that_is_suppressed_is_gone_at_once_and_a_new_one_is_empty(world: World) -> None:
    world.fill("stalls", [stall(1)])
    published(world, "stalls")
    contract = world.registry.get("stalls")
    fields = [altered(f, open="suppress") if f.name == "email" else f for f in contract.fields]
    fields.append(altered(fields[0], name="colour", required=False))
    changed = altered(contract, fields=tuple(fields))
    registry = type(world.registry)(
        {**world.registry.contracts, "stalls": changed}, world.registry.agencies, world.registry.vocabularies
    )
    ensure_served(world.settings, registry)
    with pytest.raises(psycopg.errors.UndefinedColumn):
        as_public(world, "select email from open.stalls")
    assert as_public(world, "select code, colour from open.stalls") == [("S00001", None)]


def test_a_clock_in_the_manifest_is_now(world: World) -> None:
    world.fill("areas", [area("A1", 105)])
    published(world, "areas")
    ((at,),) = world.query("select published_at from platform.release")
    assert abs(now() - at) < timedelta(minutes=1)


def test_an_open_view_may_ask_about_related_rows(world: World) -> None:
    world.fill("areas", [area("A1", 105)])
    world.fill("stalls", [stall(n) for n in range(6)])
    world.fill("stalls", [stall(n, staff=90 + n) for n in range(6)])
    contract = world.registry.get("stalls")
    where = {"area": {"valid_from": {"lte": "2026-01-01"}}, "kind": {"ne": "food"}}
    view = OpenView.model_validate({"where": where})
    publish(world.settings, world.registry, altered(contract, open_view=view))
    assert as_public(world, "select code from open.stalls") == [("S00001",)]
    assert as_public(world, "select code, staff from open.stalls_history") == [("S00001", 1)]
