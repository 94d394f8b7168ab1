"""From a source folder to the governed store: what a steward can rely on. Real files, real PostgreSQL, real gate."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.settings import Settings
from lienthong.pipelines.ingest import ingest
from lienthong.pipelines.runs import RunReport
from tests.journey.ingest_world import Installation, contract, field, installed

HEADER = "code,name,opened,stalls\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("ingest")) as made:
        yield made


def market(id: str, **more: Any) -> dict[str, Any]:
    """A small contract with its own files."""
    fields = [
        field("code", "identifier", required=True),
        field("name", required=True, search=True),
        field("opened", "date", index=True),
        field("stalls", "integer", options={"min": 0}),
    ]
    source = {"files": [{"pattern": f"{id}/*.csv", "reader": "csv"}], **more.pop("source", {})}
    return contract(id, fields, ["code"], source, **more)


def rows(count: int, start: int = 0) -> str:
    return "".join(f"M{n:03},Chợ số {n},2020-01-{n % 28 + 1:02},{n}\n" for n in range(start, start + count))


def deliver(world: Installation, id: str, text: str, name: str = "a.csv") -> None:
    world.deliver(f"{id}/{name}", HEADER + text)


def test_a_delivery_is_landed_conformed_judged_and_merged(world: Installation) -> None:
    world.define(market("markets"))
    deliver(world, "markets", rows(3) + "M900,,2020-01-01,5\nM901,Chợ hỏng,hôm qua,-1\n")
    seen: list[str] = []
    report = world.ingest("markets", progress=lambda task, done, total, message="": seen.append(task))
    assert (report.state, report.step, report.problem) == ("done", "done", None)
    expected = {"read": 5, "accepted": 3, "quarantined": 2, "inserted": 3, "updated": 0, "closed": 0, "unchanged": 0}
    assert expected.items() <= report.counts.items()
    assert world.quarantine(report) == [
        (5, "name", "required", None),
        (6, "opened", "type", "hôm qua"),
        (6, "stalls", "type", "-1"),
    ]
    assert world.value("select array_agg(code order by code) from governed.markets") == ["M000", "M001", "M002"]
    assert sorted(world.rows("select key, op from platform.outbox where dataset = 'markets'")) == [
        (f"M00{n}", "insert") for n in range(3)
    ]
    kept = world.rows("select rows, loaded_run::text from platform.dataset where id = 'markets'")
    assert kept == [(3, report.run)]
    file = report.files[0]
    landed = world.settings.home / "landing" / file["sha256"][:2] / file["sha256"]
    assert landed.read_text() == (world.sources / "markets/a.csv").read_text()
    assert world.value("select size from platform.landing where sha256 = %s", file["sha256"]) == file["size"]
    assert world.value("select count(*) from platform.validation_result where run_id = %s", report.run) == 1
    assert set(seen) == {"markets"}
    assert not world.rows("select relname from pg_class where relnamespace = 'staging'::regnamespace")
    assert not list((world.settings.home / "work").iterdir())


def test_the_same_delivery_again_changes_nothing(world: Installation) -> None:
    world.define(market("again"))
    deliver(world, "again", rows(3))
    assert world.ingest("again").state == "done"
    before = world.state("again")
    assert world.ingest("again").state == "unchanged"
    assert world.state("again") == before
    forced = world.ingest("again", force=True)
    assert forced.state == "done"
    assert (forced.counts["unchanged"], forced.counts["inserted"], forced.counts["updated"]) == (3, 0, 0)
    assert world.value("select count(*) from platform.outbox where dataset = 'again'") == 3


def test_changes_go_to_history_and_absent_keys_are_closed(world: Installation) -> None:
    world.define(market("changing"))
    deliver(world, "changing", rows(10))
    first = world.ingest("changing")
    deliver(world, "changing", rows(9).replace("Chợ số 4,", "Chợ Kỳ Lừa,") + "M010,Chợ mới,,\n")
    second = world.ingest("changing")
    assert second.state == "done"
    assert {"inserted": 1, "updated": 1, "closed": 1, "unchanged": 8}.items() <= second.counts.items()
    past = world.rows(
        "select code, name, _run::text, _to = (select max(_from) from governed.changing) from history.changing"
    )
    assert sorted(past) == [("M004", "Chợ số 4", first.run, True), ("M009", "Chợ số 9", first.run, True)]
    now = world.rows("select name, _run::text from governed.changing where code in ('M003', 'M004') order by code")
    assert now == [("Chợ số 3", first.run), ("Chợ Kỳ Lừa", second.run)]
    events = world.rows("select key, op from platform.outbox where run_id = %s", second.run)
    assert sorted(events) == [("M004", "update"), ("M009", "delete"), ("M010", "insert")]
    deliver(world, "changing", rows(10))
    assert world.ingest("changing").counts["inserted"] == 1, "a key may come back"


def test_a_broken_snapshot_is_refused_with_figures_unless_forced(world: Installation) -> None:
    world.define(market("halved"))
    deliver(world, "halved", rows(10))
    world.ingest("halved")
    deliver(world, "halved", rows(6) + "bad,,,\n")
    before = world.rows("select * from governed.halved order by code")
    report = world.ingest("halved")
    assert report.state == "refused" and report.problem
    assert (report.problem["closing"], report.problem["rows"], report.problem["share"]) == (4, 10, 40.0)
    assert report.problem["code"] == "CONFLICT" and "--force" in report.problem["fix"]["vi"]
    assert world.rows("select * from governed.halved order by code") == before
    assert world.quarantine(report), "what was wrong with the delivery is there to be looked at"
    assert world.ingest("halved", force=True).counts["closed"] == 4


def test_a_quarantined_row_keeps_its_last_good_version(world: Installation) -> None:
    world.define(market("held"))
    deliver(world, "held", rows(4))
    world.ingest("held")
    deliver(world, "held", rows(3) + "M003,Chợ số 3,2020-02-30,x\n")
    report = world.ingest("held")
    assert (report.counts["closed"], report.counts["quarantined"]) == (0, 1)
    assert world.value("select name from governed.held where code = 'M003'") == "Chợ số 3"


def test_a_failed_error_rule_closes_the_gate_and_the_old_data_serves(world: Installation) -> None:
    rule = {
        "id": "MAR-01", "title": {"vi": "Chợ có quầy", "en": "A market has stalls"}, "dimension": "completeness",
        "severity": "error", "expectation": "expect_column_values_to_not_be_null", "kwargs": {"column": "stalls"},
    }  # fmt: skip
    world.define(market("gated", quality=[rule]))
    deliver(world, "gated", rows(5))
    assert world.ingest("gated").state == "done"
    deliver(world, "gated", rows(4) + "M004,Chợ không quầy,,\n")
    report = world.ingest("gated")
    assert report.state == "refused" and report.step == "gate" and report.problem
    assert report.problem["code"] == "GATE_CLOSED" and report.problem["exit_code"] == 7
    assert [(r["id"], r["unexpected_count"]) for r in report.problem["rules"]] == [("MAR-01", 1)]
    assert world.value("select stalls from governed.gated where code = 'M004'") == 4
    assert world.rows("select success from platform.validation_result where run_id = %s", report.run) == [(False,)]
    stored = world.rows("select state, problem->>'code' from platform.run where id = %s", report.run)
    assert stored == [("refused", "GATE_CLOSED")]


def test_rows_that_fail_a_quarantine_rule_step_aside(world: Installation) -> None:
    rule = {
        "id": "MAR-02", "title": {"vi": "Quá nhiều quầy", "en": "Too many stalls"}, "dimension": "accuracy",
        "severity": "error", "onFailure": "quarantine", "expectation": "expect_column_values_to_be_between",
        "kwargs": {"column": "stalls", "max_value": 1000},
    }  # fmt: skip
    world.define(market("sieved", quality=[rule]))
    deliver(world, "sieved", rows(3) + "M777,Chợ khổng lồ,,5000\n")
    report = world.ingest("sieved")
    assert (report.state, report.counts["accepted"], report.counts["quarantined"]) == ("done", 3, 1)
    assert world.quarantine(report) == [(5, "stalls", "MAR-02", "5000")]
    told = world.rows("select reason_vi, row->>'name', file from platform.quarantine where run_id = %s", report.run)
    assert told == [("Quá nhiều quầy", "Chợ khổng lồ", "sieved/a.csv")]


def test_a_file_that_is_not_what_the_contract_says_is_landed_and_refused(world: Installation) -> None:
    world.define(market("strange"))
    deliver(world, "strange", rows(3))
    world.ingest("strange")
    before = world.state("strange")
    world.deliver("strange/a.csv", "mã số;họ tên\n1;x\n")
    report = world.ingest("strange")
    assert report.state == "refused" and report.problem
    assert report.problem["place"] == "strange/a.csv" and report.problem["missing"] == ["code", "name"]
    assert "họ tên" in report.problem["detail"]["vi"]
    assert world.value("select count(*) from platform.landing where sha256 = %s", report.files[0]["sha256"]) == 1
    world.deliver("strange/a.csv", b"")
    assert world.ingest("strange").state == "refused"
    world.deliver("strange/a.csv", HEADER)
    assert world.ingest("strange").state == "refused", "an empty table is no snapshot"
    deliver(world, "strange", "M1,,,\n")
    empty = world.ingest("strange")
    assert empty.state == "refused" and world.quarantine(empty) == [(2, "name", "required", None)]
    assert {line for line in world.state("strange").split("\n") if '"aside"' not in line} == set(before.split("\n"))


def test_no_file_and_a_lost_part_are_refused(world: Installation) -> None:
    source = {"files": [{"pattern": f"parts/{p}*.csv", "reader": "csv"} for p in ("north", "south")]}
    world.define(market("parts", source=source))
    assert world.ingest("parts").problem["code"] == "NOT_FOUND"  # type: ignore[index]
    deliver(world, "parts", rows(9), "north.csv")
    deliver(world, "parts", rows(1, start=9), "south.csv")
    assert world.ingest("parts").counts["inserted"] == 10
    (world.sources / "parts/south.csv").unlink()
    report = world.ingest("parts")
    assert report.state == "refused" and report.problem and "south" in report.problem["detail"]["en"]
    assert world.ingest("parts", force=True).counts["closed"] == 1


def test_a_column_that_is_gone_is_noticed(world: Installation) -> None:
    """An optional column under a new name would else empty the field in every row."""
    world.define(market("renamed"))
    deliver(world, "renamed", rows(3))
    world.ingest("renamed")
    world.deliver("renamed/a.csv", HEADER.replace("stalls", "quầy") + rows(3))
    report = world.ingest("renamed")
    assert report.state == "refused" and report.problem and "stalls" in report.problem["detail"]["vi"]
    assert world.value("select count(stalls) from governed.renamed") == 3
    assert world.ingest("renamed", force=True).counts["updated"] == 3


def test_a_contract_that_is_not_installed_is_refused(world: Installation) -> None:
    world.define(market("newer"))
    deliver(world, "newer", rows(1))
    changed = market("newer") | {"version": "1.1.0"}
    registry = world.registry
    newer = type(registry.get("newer")).model_validate(changed | {"agency": "office"})
    report = ingest(world.settings, registry, newer, world.sources)
    assert report.problem and "lienthong migrate" in report.problem["fix"]["en"]


def test_a_wider_contract_reads_the_files_again_without_new_versions(world: Installation) -> None:
    world.define(market("wider"))
    deliver(world, "wider", rows(3))
    world.ingest("wider")
    document = market("wider")
    document["fields"].append(field("note"))
    document["version"] = "1.1.0"
    document["source"]["columns"]["note"] = "ghi chú"
    world.define(document)
    report = world.ingest("wider")
    assert (report.state, report.counts["unchanged"], report.counts["updated"]) == ("done", 3, 0)
    assert report.files[0]["absent"] == ["ghi chú"]


def test_messages_add_and_late_ones_change_nothing(world: Installation) -> None:
    """The order of arrival does not matter: two worlds that got the same messages hold the same."""
    messages = [
        {"code": "D1", "name": "mới", "at": "2026-01-01T08:00:00"},
        {"code": "D1", "name": "xong", "at": "2026-01-03T08:00:00"},
        {"code": "D2", "name": "mới", "at": "2026-01-02T08:00:00"},
    ]
    orders = {"forward": (0, 1, 2), "backward": (2, 1, 0)}
    for id, order in orders.items():
        options = {"messages": "data", "key": "code", "latest_by": "at"}
        files = [{"pattern": f"{id}/*.jsonl", "reader": "onestop_json", "options": options}]
        fields = [field("code", "identifier", required=True), field("name"), field("seen", "datetime")]
        source = {"files": files, "mode": "upsert", "columns": {"seen": "at"}}
        world.define(contract(id, fields, ["code"], source))
        for n in order:
            message = str({"service": "S", "data": [messages[n]]}).replace("'", '"')
            for old in (world.sources / id).glob("*"):
                old.unlink()
            world.deliver(f"{id}/{n}.jsonl", message + "\n")
            assert world.ingest(id).state == "done"
            assert world.ingest(id).state == "unchanged"
    held = {id: world.rows(f"select code, name, seen, _hash from governed.{id} order by code") for id in orders}
    assert held["forward"] == held["backward"]
    assert [row[1] for row in held["forward"]] == ["xong", "mới"]
    late = world.rows(
        "select sum((counts->>'late')::int), sum((counts->>'closed')::int) from platform.run where dataset = 'backward'"
    )
    assert late == [(1, 0)]


def test_two_that_start_at_once_make_one_run(world: Installation) -> None:
    world.define(market("twice"))
    deliver(world, "twice", rows(5))
    reports: list[RunReport] = []
    threads = [threading.Thread(target=lambda: reports.append(world.ingest("twice"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.state for r in reports) == ["done", "unchanged", "unchanged"]
    assert len({r.files[0]["sha256"] for r in reports}) == 1
    assert world.value("select count(*) from governed.twice") == 5


def test_an_unforeseen_error_fails_the_run_without_telling_values(world: Installation) -> None:
    world.define(market("broken"))
    deliver(world, "broken", rows(2))
    with world.connect() as connection:
        connection.execute("alter table governed.broken add constraint no_one check (code <> 'M001')")
    report = world.ingest("broken")
    assert report.state == "failed" and report.problem
    assert "CheckViolation" in report.problem["detail"]["en"] and "M001" not in str(report.problem)
    assert world.value("select count(*) from governed.broken") == 0
    with world.connect() as connection:
        connection.execute("alter table governed.broken drop constraint no_one")
    assert world.ingest("broken").state == "done"


def test_without_a_database_nothing_is_started(tmp_path: Path, world: Installation) -> None:
    world.define(market("nowhere"))
    with pytest.raises(Unavailable):
        ingest(Settings(home=tmp_path), world.registry, world.registry.get("nowhere"), world.sources)
