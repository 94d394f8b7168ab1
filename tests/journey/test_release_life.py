"""The life of a release: waiting, approved by another, signed, scheduled, withdrawn, rolled back to."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.catalog.releases import Action, Actor, review_after
from lienthong.contract.model import Contract, Publication
from lienthong.contract.registry import Registry
from lienthong.formats import FORMATS
from lienthong.kernel.clock import now, today
from lienthong.kernel.problem import Conflict, Invalid, NotPermitted
from lienthong.pipelines.release import draft, publish
from lienthong.pipelines.release_keys import PUBLIC, keys_in
from lienthong.pipelines.release_life import Step, carry_out, take
from lienthong.pipelines.release_verify import verify
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, make_world, stall
from tests.journey.test_release import altered, cluster  # noqa: F401  (the fixture)

LAN, MAI = Actor("lan", "steward"), Actor("mai", "steward")
FEW = {name: FORMATS[name] for name in ("csv", "jsonl")}


@pytest.fixture
def world(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:  # noqa: F811
    name = request.node.name[:60]
    (tmp_path / "pg").symlink_to(cluster.log.parents[1])
    yield make_world(cluster, tmp_path, name)
    cluster.drop_database(name)


def drafted(world: World, rows: int = 5, actor: Actor = LAN, contract: Contract | None = None) -> int:
    """A draft of so many stalls; its number."""
    world.fill("stalls", [stall(n) for n in range(rows)])
    report = draft(world.settings, world.registry, contract or world.registry.get("stalls"), actor, formats=FEW)
    assert (report.state, report.problem) == ("checked", None)
    assert report.number
    return report.number


def released(world: World, rows: int) -> None:
    """A release of so many stalls, published by the operator."""
    world.fill("stalls", [stall(n) for n in range(rows)])
    assert publish(world.settings, world.registry, world.registry.get("stalls"), formats=FEW).state == "published"


def step(world: World, number: int, action: Action, actor: Actor = MAI, **details: Any) -> None:
    with world.connect() as connection:
        given = Step(world.registry.get("stalls"), number, action, actor, details)
        take(world.settings, world.registry, connection, given)


def states(world: World) -> list[tuple[int, str]]:
    return [(n, s) for n, s in world.query("select number, state from platform.release order by number")]


def served(world: World) -> int:
    with world.connect() as connection:
        connection.execute("set role lienthong_public")
        row = connection.execute("select count(*) from open.stalls").fetchone()
    assert row
    return int(row[0])


def folder(world: World, name: str) -> Path:
    return world.settings.home / "releases" / "stalls" / name


def is_sound(world: World, number: int) -> bool:
    return verify(folder(world, str(number)), keys_in(world.settings.home / "keys" / PUBLIC)).ok


def test_what_waits_is_seen_by_stewards_only_and_published_as_it_was_seen(world: World) -> None:
    number = drafted(world)
    assert (states(world), served(world)) == ([(1, "checked")], 0)
    assert not folder(world, "1").exists()
    seen = {p.name: p.read_bytes() for p in folder(world, ".1.draft").iterdir()}
    with world.connect() as connection:
        connection.execute("set role lienthong_administrator")
        assert connection.execute("select count(*) from draft.stalls_1").fetchone() == (5,)
        connection.execute("set role lienthong_public")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from draft.stalls_1")
    step(world, number, "approve")
    assert (states(world), served(world)) == ([(1, "approved")], 0)
    step(world, number, "publish")
    assert (states(world), served(world)) == ([(1, "published")], 5)
    public = {p.name: p.read_bytes() for p in folder(world, "1").iterdir()}
    assert {n: b for n, b in public.items() if n in seen and n != "manifest.json"} == {
        n: b for n, b in seen.items() if n != "manifest.json"
    }
    told = json.loads(public["manifest.json"])
    assert told["approval"]["by"] == "steward"
    assert '"mai"' not in public["manifest.json"].decode()
    assert is_sound(world, 1)


def test_who_drafts_does_not_approve(world: World) -> None:
    number = drafted(world)
    with pytest.raises(NotPermitted, match="does not approve"):
        step(world, number, "approve", LAN)
    with pytest.raises(Conflict, match="it cannot publish"):
        step(world, number, "publish", LAN)
    assert states(world) == [(1, "checked")]
    step(world, number, "approve", MAI)
    asked = world.query("select action, actor, state from platform.release_step order by asked_at")
    assert asked == [("approve", "mai", "done")]


def with_approval(world: World, approval: str) -> Registry:
    contract = altered(world.registry.get("stalls"), release=Publication(approval=approval))  # type: ignore[arg-type]
    return Registry(
        {**world.registry.contracts, "stalls": contract}, world.registry.agencies, world.registry.vocabularies
    )


def test_a_contract_can_ask_for_two_people_always_or_for_one(world: World) -> None:
    registry = with_approval(world, "required")
    strict, operator = registry.get("stalls"), Actor("operator", "operator")
    world.fill("stalls", [stall(1)])
    report = publish(world.settings, registry, strict, formats=FEW)
    assert (report.state, report.number, served(world)) == ("checked", 1, 0)
    with world.connect() as connection, pytest.raises(NotPermitted):
        take(world.settings, registry, connection, Step(strict, 1, "approve", operator, {}))
    single = with_approval(world, "single")
    with world.connect() as connection:
        take(world.settings, single, connection, Step(single.get("stalls"), 1, "approve", operator, {}))
        take(world.settings, single, connection, Step(single.get("stalls"), 1, "publish", operator, {}))
    assert served(world) == 1


def test_a_newer_draft_takes_the_place_of_the_one_that_waits(world: World) -> None:
    drafted(world, 5)
    again = draft(world.settings, world.registry, world.registry.get("stalls"), MAI, formats=FEW)
    assert (again.state, again.number, again.manifest) == ("checked", 1, None)  # the same data: the same draft
    assert drafted(world, 7) == 1
    assert world.query("select rows, drafted_by from platform.release") == [(7, "lan")]
    step(world, 1, "approve")
    world.fill("stalls", [stall(n) for n in range(9)])
    kept = draft(world.settings, world.registry, world.registry.get("stalls"), LAN, formats=FEW)
    assert (kept.state, kept.number) == ("approved", 1)  # what is approved is not thrown away
    assert world.query("select rows from platform.release") == [(7,)]


def test_a_draft_that_does_not_pass_publishes_nothing(world: World) -> None:
    released(world, 3)
    contract = world.registry.get("stalls")
    fields = [altered(f, open="publish") if f.name == "keeper" else f for f in contract.fields]
    report = draft(world.settings, world.registry, altered(contract, fields=tuple(fields)), LAN, formats=FEW)
    assert (report.state, report.number) == ("draft", 2)
    assert states(world) == [(1, "published"), (2, "draft")]
    ((problem,),) = world.query("select problem from platform.release where number = 2")
    assert "keeper" in problem["vi"]["detail"]
    assert served(world) == 3 and not folder(world, ".2.draft").exists()
    with pytest.raises(Conflict):
        step(world, 2, "approve")
    assert drafted(world, 4) == 2  # the next one takes its number


def test_a_rejected_release_leaves_nothing_but_the_reason(world: World) -> None:
    number = drafted(world)
    with pytest.raises(Invalid, match="reason"):
        step(world, number, "reject")
    step(world, number, "reject", reason="Thiếu số liệu quý 3", reason_en="The third quarter is missing")
    assert states(world) == [(1, "draft")]
    assert world.query("select relname from pg_class where relname like 'stalls_1%%' and relkind in ('r', 'v')") == []
    assert not folder(world, ".1.draft").exists()


def test_changed_keys_are_counted_and_named(world: World) -> None:
    released(world, 4)
    world.fill("stalls", [stall(0), stall(1, staff=77), stall(2), stall(9)])
    publish(world.settings, world.registry, world.registry.get("stalls"), formats=FEW)
    told = json.loads((folder(world, "2") / "manifest.json").read_bytes())
    assert told["previous"] == {"number": 1, "added": 1, "changed": 1, "removed": 1}
    lines = (folder(world, "2") / told["changes"]["file"]["name"]).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"op": "changed", "key": {"code": "S00001"}},
        {"op": "removed", "key": {"code": "S00003"}},
        {"op": "added", "key": {"code": "S00009"}},
    ]
    assert is_sound(world, 2)


def test_a_scheduled_release_is_published_when_it_is_due(world: World) -> None:
    number = drafted(world)
    step(world, number, "approve", at=(now() + timedelta(days=1)).isoformat())
    with world.connect() as connection:
        assert carry_out(world.settings, world.registry, connection) == 0
        assert served(world) == 0
        later = now() + timedelta(seconds=1)
        step(world, number, "schedule", at=later.isoformat())
        time.sleep(1.1)
        days = [today()]
        assert carry_out(world.settings, world.registry, connection) == 1
        days.append(today())
        assert carry_out(world.settings, world.registry, connection) == 0
    assert (states(world), served(world)) == ([(1, "published")], 5)
    [(review_due,)] = world.query("select review_due from platform.release")
    assert review_due in {review_after(world.registry.get("stalls"), day) for day in days}


def test_a_draft_compared_with_another_release_is_not_published(world: World) -> None:
    released(world, 3)
    released(world, 4)
    assert drafted(world, 5) == 3
    step(world, 3, "approve", at=(now() - timedelta(seconds=1)).isoformat())
    step(world, 1, "rollback", reason="Sai số liệu")
    with world.connect() as connection:
        carry_out(world.settings, world.registry, connection)
    assert (states(world), served(world)) == ([(1, "published"), (2, "superseded"), (3, "approved")], 3)
    ((problem,),) = world.query("select problem from platform.release where number = 3")
    assert "compared with release 2" in problem["en"]["detail"]


def again(world: World, number: int, reason: str) -> float:
    """Serve an earlier release again; in how many seconds."""
    begun = time.monotonic()
    step(world, number, "rollback", reason=reason)
    return time.monotonic() - begun


def test_an_earlier_release_is_served_again_within_seconds(world: World) -> None:
    released(world, 3)
    released(world, 4)
    took = [again(world, 1, "Sai đơn vị tính")]
    assert (states(world), served(world)) == ([(1, "published"), (2, "superseded")], 3)
    took.append(again(world, 2, "Đã kiểm tra lại"))
    assert (states(world), served(world)) == ([(1, "superseded"), (2, "published")], 4)
    # Followers of the changes begin again: what release 2 told them may not be so any more.
    took.append(again(world, 1, "Lại sai"))
    assert min(took) < 5  # the machine may be busy with others: the best of some
    released(world, 6)
    assert world.query("select _release, _op from open.stalls_changes where _op = 'begin'") == [(3, "begin")]
    assert world.query("select _op from open.stalls_changes where _op <> 'begin'") == []
    assert json.loads((folder(world, "3") / "manifest.json").read_bytes())["previous"]["number"] == 1


def test_a_withdrawn_release_is_nowhere(world: World) -> None:
    released(world, 3)
    world.fill("stalls", [stall(n, name="Sạp bí mật" if n == 1 else f"Sạp {n}") for n in range(4)])
    publish(world.settings, world.registry, world.registry.get("stalls"), formats=FEW)
    world.fill("stalls", [stall(n) for n in range(5)])
    publish(world.settings, world.registry, world.registry.get("stalls"), formats=FEW)
    step(world, 2, "withdraw", reason="Lộ tên", reason_en="A name was shown")
    assert states(world) == [(1, "superseded"), (2, "withdrawn"), (3, "published")]
    assert not folder(world, "2").exists()
    for view in ("stalls", "stalls_history", "stalls_changes"):
        assert world.query(f"select name from open.{view} where name like '%%bí mật%%'") == []
    relations = world.query("select relname from pg_class where relname like 'stalls_2%%' and relkind in ('r', 'v')")
    assert relations == []
    # ... nor in the releases after it
    released(world, 6)
    assert world.query("select name from open.stalls_history where name like '%%bí mật%%'") == []
    assert world.query("select name from open.stalls_changes where name like '%%bí mật%%'") == []


def test_the_release_before_serves_when_the_served_one_is_withdrawn_or_none_does(world: World) -> None:
    released(world, 3)
    released(world, 4)
    step(world, 2, "withdraw", reason="Sai")
    assert (states(world), served(world)) == ([(1, "published"), (2, "withdrawn")], 3)
    assert is_sound(world, 1)
    step(world, 1, "withdraw", reason="Cũng sai")
    assert (states(world), served(world)) == ([(1, "withdrawn"), (2, "withdrawn")], 0)
    released(world, 5)
    assert (states(world)[-1], served(world)) == ((3, "published"), 5)
