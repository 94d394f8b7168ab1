"""The change feed: enough to rebuild the table that the caller may see, exactly, whatever happens meanwhile."""

import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.feed.changes import MAX_WAIT
from lienthong.store import owner
from tests.surface.deliveries import deliver, release_now
from tests.surface.small import ADMIN, AGENCY, KEEPER, Row, World, cases, firms, running

INSURANCE = {"Lienthong-Purpose": "social_insurance"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of our own: its rows change."""
    with running(tmp_path_factory.mktemp("changes")) as found:
        yield found


class Follower:
    """A program that keeps a copy of a dataset by its feed alone."""

    def __init__(self, world: World, dataset: str, token: str | None, limit: int = 7, **headers: str) -> None:
        self._world, self._client, self._headers = world, world.client(token), headers
        self.address, self.limit = f"/api/v1/datasets/{dataset}", limit
        self.cursor, self.copy = "begin", dict[str, Row]()
        self.seen: list[Row] = []

    def page(self) -> dict[str, Any]:
        """One page, applied."""
        params = {"since": self.cursor, "limit": self.limit}
        answer = self._client.get(f"{self.address}/changes", params=params, headers=self._headers)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        assert len(page["data"]) == page["page"]["count"] <= self.limit
        for change in page["data"]:
            key = json.dumps(change["key"])
            if change["op"] == "delete":
                assert change["row"] is None
                self.copy.pop(key, None)
            else:
                self.copy[key] = change["row"]
        self.seen += page["data"]
        self.cursor = page["page"]["next"]
        return page

    def catch_up(self) -> list[Row]:
        """Every page there is; the changes in them."""
        start = len(self.seen)
        while self.page()["page"]["more"]:
            pass
        return self.seen[start:]

    def check(self) -> None:
        """The copy is what the rows of the dataset are to the same caller."""
        answer = self._client.get(f"{self.address}/rows", params={"limit": 10_000}, headers=self._headers)
        assert answer.status_code == 200, answer.text
        there, copied = (
            {json.dumps(r, sort_keys=True) for r in rows} for rows in (answer.json()["data"], self.copy.values())
        )
        assert len(self.copy) == len(answer.json()["data"])
        assert copied == there


def followers(world: World) -> list[Follower]:
    """All kinds of callers of the cases."""
    return [
        Follower(world, "cases", ADMIN, **INSURANCE),
        Follower(world, "cases", ADMIN),
        Follower(world, "cases", KEEPER, **INSURANCE),
        Follower(world, "cases", AGENCY, **INSURANCE),
        Follower(world, "cases", AGENCY),
    ]


def other(dice: random.Random, rows: list[Row]) -> list[Row]:
    """Another state: some rows gone, some changed in a field that all, some or no callers see, some new."""
    made = [dict(r) for r in rows if dice.random() > 0.1]
    for row in made:
        match dice.randrange(8):
            case 0:
                row["channel"] = dice.choice(["online", "counter"])
            case 1:
                row["illness"] = f"bí mật {dice.random()}"
            case 2:
                row["days"] = dice.choice([None, dice.randrange(90)])
            case 3:
                row["person_name"] = f"Nguyễn “{dice.randrange(99)}”\n\\"
    known = {row["case_code"] for row in made}
    fresh = [r for r in cases() if r["case_code"] not in known and dice.random() > 0.6]
    return made + [r | {"case_code": f"N{dice.randrange(10**6):06}"} for r in fresh[:2]] + fresh


def test_the_table_is_rebuilt_exactly_by_everybody_who_may_see_it(world: World) -> None:
    dice, rows = random.Random(20), cases()
    all_of_them = followers(world)
    for follower in all_of_them:
        follower.page()  # the others are in the midst of the first state when it changes
    for step in range(12):
        rows = other(dice, rows)
        deliver(world, "cases", rows)
        for n, follower in enumerate(all_of_them):
            if (step + n) % 3 == 0:
                follower.catch_up()
                follower.check()
    for follower in [*all_of_them, *followers(world)]:
        follower.catch_up()
        assert follower.copy
        follower.check()


def test_a_change_is_told_as_the_caller_sees_it(world: World) -> None:
    rows = cases()
    deliver(world, "cases", rows)
    consumer = Follower(world, "cases", AGENCY, limit=100, **INSURANCE)
    consumer.catch_up()
    by_code = {row["case_code"]: row for row in rows}
    by_code["C001"]["channel"] = "counter"  # leaves what the agreement shows
    by_code["C002"]["channel"] = "online"  # enters it
    by_code["C003"]["illness"] = "khác"  # is in it, in a field that is not
    by_code["C004"]["days"] = 999  # is not in it
    by_code["C005"]["days"] = 999
    del by_code["C007"]
    del by_code["C006"]  # was never in it
    deliver(world, "cases", list(by_code.values()))
    found = {change["key"][0]: change for change in consumer.catch_up()}
    assert {code: c["op"] for code, c in found.items()} == {
        "C001": "delete", "C002": "insert", "C005": "update", "C007": "delete",
    }  # fmt: skip
    assert found["C005"]["row"]["days"] == 999
    assert set(found["C002"]["row"]) == {"case_code", "person_name", "channel", "days"}
    assert found["C001"]["row"] is found["C001"]["version"] is None


def test_a_version_is_the_etag_of_the_row(world: World) -> None:
    follower = Follower(world, "cases", KEEPER, limit=100, **INSURANCE)
    change = follower.page()["data"][0]
    assert len(change["version"]) == 32
    again = Follower(world, "cases", ADMIN, limit=100, **INSURANCE).page()["data"][0]
    assert again["version"] == change["version"], "the same for all who see the same"


def test_no_change_is_skipped_when_transactions_overlap(world: World) -> None:
    """Numbers are taken before a commit: one that is taken earlier may be seen later, unless merges wait in turn."""
    follower, dice = Follower(world, "cases", ADMIN, limit=5, **INSURANCE), random.Random(4)
    follower.catch_up()
    done = threading.Event()

    def write(writer: int) -> None:
        for n in range(6):
            row = cases()[0] | {"case_code": f"W{writer}-{n}", "days": n}
            deliver(world, "cases", [row], upsert=True, pause=lambda: time.sleep(dice.random() / 10))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in writers:
        thread.start()
    threading.Thread(target=lambda: ([t.join() for t in writers], done.set())).start()
    while not done.is_set():
        follower.page()
    follower.catch_up()
    assert {f"W{w}-{n}" for w in range(4) for n in range(6)} <= {row["case_code"] for row in follower.copy.values()}
    follower.check()


def test_open_data_is_followed_from_release_to_release(world: World) -> None:
    dice, rows = random.Random(8), firms()
    deliver(world, "firms", rows)
    release_now(world, "firms")
    early, late = Follower(world, "firms", None), Follower(world, "firms", None)
    early.catch_up()
    late.page()  # stays in the midst of the first state
    for _ in range(3):
        rows = [r for r in rows if dice.random() > 0.1]
        for row in rows:
            if dice.random() < 0.2:
                row["staff"] = dice.randrange(500)
            if dice.random() < 0.2:
                row["owner_name"] = f"Chủ {dice.random()}"
        known = {row["firm_code"] for row in rows}
        rows += [f for f in firms() if f["firm_code"] not in known and dice.random() < 0.3]
        deliver(world, "firms", rows)
        release_now(world, "firms")
        told = early.catch_up()
        assert told and all("owner_name" not in (change["row"] or {}) for change in told)
        early.check()
    late.catch_up()
    late.check()


def test_what_is_taken_out_of_open_data_is_not_told_any_more(world: World) -> None:
    rows = firms()
    deliver(world, "firms", [*rows, rows[0] | {"firm_code": "MISTAKE", "name": "Nhầm lẫn"}])
    release_now(world, "firms")
    before = world.anonymous.get("/api/v1/datasets/firms/changes?since=now").json()["page"]["next"]
    deliver(world, "firms", rows)
    release_now(world, "firms")
    follower = Follower(world, "firms", None, limit=100)
    follower.cursor = before
    assert [(c["op"], c["key"]) for c in follower.catch_up()] == [("delete", ["MISTAKE"])]
    with owner.connect(world.settings) as connection:
        found = connection.execute("select count(*) from open.firms_changes where name = 'Nhầm lẫn'").fetchone()
    assert found == (0,)


def test_lines_say_the_same(world: World) -> None:
    address = "/api/v1/datasets/firms/changes?limit=20"
    page = world.anonymous.get(address)
    lines = world.anonymous.get(address, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == page.json()["data"]
    cursor = page.json()["page"]["next"]
    assert lines.headers["lienthong-cursor"] == cursor
    assert page.headers["link"] == f'</api/v1/datasets/firms/changes?since={cursor}&limit=20>; rel="next"'
    following = world.anonymous.get(page.headers["link"][1:].partition(">")[0])
    assert following.status_code == 200


def test_now_begins_with_the_next_change(world: World) -> None:
    follower = Follower(world, "cases", ADMIN, **INSURANCE)
    follower.cursor = "now"
    assert follower.catch_up() == []
    deliver(world, "cases", [cases()[0] | {"case_code": "LATER"}], upsert=True)
    assert [change["key"] for change in follower.catch_up()] == [["LATER"]]


def test_a_caller_may_wait_for_a_change(world: World) -> None:
    start = world.client(ADMIN).get("/api/v1/datasets/cases/changes?since=now").json()["page"]["next"]
    row = cases()[0] | {"case_code": "AWAITED"}
    timer = threading.Timer(0.8, lambda: deliver(world, "cases", [row], upsert=True))
    began = time.monotonic()
    timer.start()
    answer = world.client(ADMIN).get(f"/api/v1/datasets/cases/changes?since={start}&wait={MAX_WAIT}")
    assert [change["key"] for change in answer.json()["data"]] == [["AWAITED"]]
    assert 0.8 <= time.monotonic() - began < MAX_WAIT - 1, (
        "told when it comes, neither before nor after all the waiting"
    )
    quiet = answer.json()["page"]["next"]
    assert world.client(ADMIN).get(f"/api/v1/datasets/cases/changes?since={quiet}&wait=1").json()["data"] == []


def test_a_key_that_may_not_be_seen_is_told_as_the_number_of_the_row(world: World) -> None:
    with owner.connect(world.settings) as connection:
        row = connection.execute("select _id from governed.firms where firm_code = 'F0001'").fetchone()
    answer = world.client(KEEPER).get("/api/v1/datasets/firms/changes?limit=1000").json()
    assert ["F0001"] in [change["key"] for change in answer["data"]]
    assert row


@pytest.mark.parametrize("since", ["", "yesterday", "W10", "eyJhIjoxfQ", "bnVsbA", "Wzk5XQ", "a" * 5000])
def test_what_is_no_cursor_is_refused(world: World, since: str) -> None:
    answer = world.anonymous.get("/api/v1/datasets/firms/changes", params={"since": since})
    assert (answer.status_code, answer.json()["place"]) == (400, "since")


def test_a_cursor_serves_only_who_sees_the_same(world: World) -> None:
    address = "/api/v1/datasets/cases/changes?since="
    cursor = world.client(ADMIN).get(address + "now", headers=INSURANCE).json()["page"]["next"]
    refused = world.client(AGENCY).get(address + cursor, headers={**INSURANCE, "Accept-Language": "en"})
    assert refused.status_code == 409
    assert "since=begin" in refused.json()["fix"]
    assert world.client(ADMIN).get(address + cursor, headers=INSURANCE).status_code == 200


def test_who_may_not_read_may_not_follow(world: World) -> None:
    assert world.anonymous.get("/api/v1/datasets/cases/changes").status_code == 401
    assert world.anonymous.get("/api/v1/datasets/firms/changes?limit=0").status_code == 400
    assert world.anonymous.get("/api/v1/datasets/firms/changes?from=1").json()["place"] == "from"
    assert world.anonymous.get("/api/v1/datasets/nothing/changes").status_code == 404


def test_following_is_on_record(world: World) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/cases/changes?limit=4", headers=INSURANCE)
    with owner.connect(world.settings) as connection:
        row = connection.execute(
            "select dataset, rows, surface, agreement, purpose from platform.ledger where receipt = %s",
            (answer.headers["lienthong-receipt"],),
        ).fetchone()
    assert row == ("cases", 4, "feed", "A-1", "social_insurance")


def test_the_role_of_an_agency_sees_no_key_of_a_changed_row(world: World) -> None:
    with owner.connect(world.settings) as connection:
        connection.execute("set role lienthong_agency_office")
        assert connection.execute("select count(row_id) from platform.outbox").fetchone() != (0,)
        with pytest.raises(Exception, match="permission denied"):
            connection.execute("select key from platform.outbox")
