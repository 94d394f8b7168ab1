"""Releases as callers meet them: pages across a swap, what is gone, what waits for a steward, who signed."""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest

from lienthong.access import sql
from lienthong.catalog.releases import Actor
from lienthong.pipelines.release_keys import keys_in
from lienthong.pipelines.release_life import Step, take
from lienthong.pipelines.release_verify import verify
from tests.surface import people
from tests.surface.release_surface import Releases, market, stalls

ROWS = "/api/v1/datasets/stalls/rows"


@pytest.fixture(scope="module")
def releases() -> Iterator[Releases]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        with market(Path(name)) as made:
            yield made


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["code"] for row in answer.json()["data"]]


def served(releases: Releases, number: int) -> None:
    """Wait until the surfaces know of the release: a second, and as long as the machine is busy."""
    deadline = time.monotonic() + 60
    while releases.get(ROWS + "?limit=1").json().get("release") != number:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pages_go_on_in_the_release_in_which_they_began(releases: Releases) -> None:
    first = releases.publish(stalls(30))
    served(releases, first)
    before = [f"S{n:05}" for n in range(30)]
    page = releases.get(ROWS + "?limit=10&fields=code")
    assert (codes(page), page.json()["release"]) == (before[:10], first)
    # Half of the rows are gone in the next release, others are new, all have changed.
    second = releases.publish([r for r in stalls(60, staff=4) if int(r["code"][1:]) % 2])
    for _ in range(4):  # the short way, too
        following = releases.get(f"{ROWS}?limit=10&fields=code&cursor={page.json()['page']['next']}")
        assert (codes(following), following.json()["release"]) == (before[10:20], first)
        assert following.headers["etag"].startswith(f'"{first}-')
    last = releases.get(f"{ROWS}?limit=10&fields=code,staff&cursor={following.json()['page']['next']}&count=exact")
    assert (codes(last), last.json()["page"]["total"], last.json()["page"]["next"]) == (before[20:], 30, None)
    begun_anew = releases.get(ROWS + "?limit=10&fields=code")
    assert (codes(begun_anew)[0], begun_anew.json()["release"]) == ("S00001", second)
    assert begun_anew.headers["etag"].startswith(f'"{second}-')


def test_pages_of_every_surface_go_on(releases: Releases) -> None:
    number = releases.publish(stalls(30))
    served(releases, number)
    query = "query($after: String) { stalls(first: 10, after: $after) { nodes { code } pageInfo { endCursor } } }"
    graph = releases.world.graphql(query)["data"]["stalls"]
    items = releases.get("/ogc/collections/stalls/items?limit=10&f=json").json()
    way = next(link["href"] for link in items["links"] if link["rel"] == "next")
    csv = releases.get(ROWS + "?limit=10&fields=code").json()["page"]["next"]
    releases.publish(stalls(3))
    expected = [f"S{n:05}" for n in range(10, 20)]
    after = releases.world.graphql(query, after=graph["pageInfo"]["endCursor"])["data"]["stalls"]
    assert [node["code"] for node in after["nodes"]] == expected
    assert [f["id"] for f in releases.get(way).json()["features"]] == expected
    lines = releases.get(f"{ROWS}.csv?fields=code&cursor={csv}").text.split()
    assert [line.strip('"') for line in lines[1:]] == [f"S{n:05}" for n in range(10, 30)]


def test_a_cursor_of_a_release_that_is_not_kept_tells_the_way_on(releases: Releases) -> None:
    number = releases.publish(stalls(30))
    served(releases, number)
    cursor = releases.get(ROWS + "?limit=10").json()["page"]["next"]
    for count in (31, 32):
        releases.publish(stalls(count))
    answer = releases.get(f"{ROWS}?limit=10&cursor={cursor}", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"], answer.json()["place"]) == (410, "GONE", "cursor")
    assert "begin again" in answer.json()["fix"]
    forged = cursor[:-6] + "AAAAAA"
    assert releases.get(f"{ROWS}?cursor={forged}").status_code == 400


ELSEWHERE = (
    "", "/api/3/action/datastore_search?resource_id=stalls&limit=100",
    "/ogc/collections/stalls/items?limit=100&f=json", f"{ROWS}.csv?fields=staff",
)  # fmt: skip


def _is_busy(answer: httpx.Response) -> bool:
    """Is it refused because fifty wait for four connections, on a machine that has other things to do?"""
    return answer.status_code == 503 or '"UNAVAILABLE"' in answer.text


async def _staff(client: httpx.AsyncClient, surface: int) -> list[int] | None:
    """What GraphQL, CKAN, OGC or CSV tells of the staff of every stall; None when the server is too busy to tell."""
    if surface == 0:
        answer = await client.post("/graphql", json={"query": "{ stalls(first: 100) { nodes { staff } } }"})
    else:
        answer = await client.get(ELSEWHERE[surface])
    if _is_busy(answer):
        return None
    assert answer.status_code == 200, answer.text
    if surface == 0:
        return [node["staff"] for node in answer.json()["data"]["stalls"]["nodes"]]
    if surface == 1:
        return [row["staff"] for row in answer.json()["result"]["records"]]
    if surface == 2:
        return [feature["properties"]["staff"] for feature in answer.json()["features"]]
    return [int(line) for line in answer.text.split()[1:]]


def test_nobody_ever_sees_half_of_a_release(releases: Releases, swaps: int = 200) -> None:
    """I01: fifty readers on five surfaces while the served release changes: each answer is of one release, the one that
    it names where it names one."""
    numbers = {releases.publish(stalls(40, staff=n)): n for n in (1, 2)}
    contract, operator = releases.market.registry.get("stalls"), Actor("operator", "operator")
    seen: set[int] = set()
    answers, others = 0, [0] * 4

    async def read_otherwise(client: httpx.AsyncClient, over: anyio.Event, surface: int) -> None:
        while not over.is_set():
            staff = await _staff(client, surface)
            if staff is not None:
                assert (len(staff), len(set(staff))) == (40, 1), (surface, staff)
                others[surface] += 1
            await anyio.sleep(0.05)  # so that 200 swaps are no matter of minutes

    async def read(client: httpx.AsyncClient, over: anyio.Event) -> None:
        nonlocal answers
        while not over.is_set():
            answer = await client.get(ROWS + "?limit=100&fields=code,staff")
            if _is_busy(answer):
                await anyio.sleep(0.05)
                continue
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert {row["staff"] for row in told["data"]} == {numbers[told["release"]]}
            assert (len(told["data"]), answer.headers["etag"].split("-")[0]) == (40, f'"{told["release"]}')
            seen.add(told["release"])
            answers += 1
            await anyio.sleep(0.05)

    def swap(number: int) -> None:
        with releases.market.connect() as connection:
            step = Step(contract, number, "rollback", operator, {"reason": "thử"})
            take(releases.market.settings, releases.market.registry, connection, step)

    async def all_at_once() -> None:
        transport = httpx.ASGITransport(releases.world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://world") as client:
            over = anyio.Event()
            async with anyio.create_task_group() as group:
                for number in range(50):
                    if number % 2:
                        group.start_soon(read_otherwise, client, over, number // 2 % 4)
                    else:
                        group.start_soon(read, client, over)
                for turn in range(swaps):
                    await anyio.to_thread.run_sync(swap, sorted(numbers)[turn % 2])
                over.set()

    releases.world.portal.call(all_at_once)
    assert seen == set(numbers)
    assert answers > 25 and min(others) >= 6


def test_what_waits_is_for_its_stewards(releases: Releases) -> None:
    releases.publish(stalls(5))
    number = releases.draft(stalls(7), by="lan")
    path = f"/api/v1/datasets/stalls/releases/{number}"
    time.sleep(1.1)
    assert [r["number"] for r in releases.get("/api/v1/datasets/stalls/releases").json()["data"]][0] < number
    for url in (
        path,
        f"/datasets/stalls/releases/{number}/stalls.csv",
        f"/datasets/stalls/releases/{number}/manifest.json",
    ):
        assert releases.get(url).status_code == 404
    for url in (f"{path}/draft", f"{path}/draft/rows", f"{path}/draft/files/stalls.csv", "/api/v1/releases/waiting"):
        assert releases.get(url).status_code == 401
        assert releases.get(url, "an").status_code == releases.get(url, "reader").status_code == 403
        assert releases.get(url, "lan").headers["cache-control"] == "no-store"
    told = releases.get(f"{path}/draft", "lan").json()
    assert (told["state"], told["rows"], told["drafted_by"]) == ("checked", 7, "lan")
    assert told["manifest"]["disclosure"] and told["manifest"]["previous"]["added"] == 2
    assert told["possible"] == ["reject"]  # not to approve: she drafted it
    assert releases.get(f"{path}/draft", "mai").json()["possible"] == ["approve", "reject"]
    rows = releases.get(f"{path}/draft/rows?limit=3", "mai").json()
    assert (len(rows["data"]), rows["page"]["total"]) == (3, 7)
    assert "keeper" not in rows["data"][0]
    following = releases.get(f"{path}/draft/rows?limit=10&cursor={rows['page']['next']}", "mai").json()
    assert [r["code"] for r in following["data"]] == [f"S{n:05}" for n in range(3, 7)]
    file = releases.get(f"{path}/draft/files/stalls.csv", "mai")
    with releases.keeper():
        assert releases.act("lan", number, "approve").status_code == 403
        assert releases.act("mai", number, "publish").status_code == 409
        approved = releases.act("mai", number, "approve")
        assert (approved.status_code, approved.json()["state"]) == (200, "approved")
        public = releases.act("lan", number, "publish")
        assert (public.status_code, public.json()["state"]) == (200, "published")
    assert releases.get(f"/datasets/stalls/releases/{number}/stalls.csv").content == file.content
    assert releases.get(f"{path}/draft/rows", "mai").status_code == 404
    taken = [(s["action"], s["actor"]) for s in public.json()["steps"]]
    assert taken == [("publish", "lan"), ("approve", "mai")]


def test_bad_steps_are_told_with_the_place(releases: Releases) -> None:
    number = releases.publish(stalls(5))
    time.sleep(1.1)
    assert releases.act("mai", number, "withdraw").json()["place"] == "reason"
    assert releases.act("mai", number, "withdraw", reason="x", instead="all").status_code == 422
    assert releases.act("mai", number, "schedule", at="tomorrow").status_code in (409, 422)
    assert releases.act("mai", 999, "publish").status_code == 404
    assert releases.act("mai", number, "rollback", reason="x").status_code == 409
    assert releases.act("mai", number, "explode").status_code in (404, 405)


def test_reviews_are_listed_and_done(releases: Releases) -> None:
    number = releases.publish(stalls(5))
    releases.market.query("update platform.release set review_due = '2026-01-01', changed_at = clock_timestamp() "
                          "where number = %s returning 1", number)  # fmt: skip
    time.sleep(1.1)
    due = releases.get("/api/v1/releases/waiting", "mai").json()["reviews"]
    assert due[0] == {"dataset": "stalls", "number": number, "review_due": "2026-01-01", "overdue": True}
    with releases.keeper():
        assert releases.act("mai", number, "review").json()["review_due"] > "2026-01-01"
    assert not releases.get("/api/v1/releases/waiting", "mai").json()["reviews"][0]["overdue"]


def test_what_is_fetched_is_verified_with_the_published_keys(releases: Releases, tmp_path: Path) -> None:
    releases.publish(stalls(5))
    number = releases.publish(stalls(6))
    time.sleep(1.1)
    told = releases.get(f"/api/v1/datasets/stalls/releases/{number}").json()
    assert told["changes"] == {"added": 1, "changed": 0, "removed": 0}
    addresses = [d["href"] for d in told["distributions"]] + [told["manifest"], told["changed_keys"]]
    for address in addresses:
        answer = releases.get(address)
        assert answer.status_code == 200, address
        (tmp_path / address.rpartition("/")[2]).write_bytes(answer.content)
    keys = tmp_path.parent / "keys.txt"
    keys.write_text(releases.get("/.well-known/lienthong/release-keys").text)
    report = verify(tmp_path, keys_in(keys))
    assert (report.findings, report.number) == ([], number)
    (tmp_path / "stalls.csv").write_bytes(b"code\n")
    assert [(f.kind, f.file) for f in verify(tmp_path, keys_in(keys)).findings] == [("altered", "stalls.csv")]


def test_a_withdrawn_release_is_gone_at_every_address(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    releases.publish(stalls(8))
    number = releases.publish(stalls(9, name="Sạp phải rút lại"))
    served(releases, number)
    cursor = releases.get(ROWS + "?limit=4").json()["page"]["next"]
    dump = releases.get("/api/3/action/datastore_search?resource_id=stalls&limit=1").json()["result"]["resource_id"]
    monkeypatch.setattr(sql, "SMALL", 1)  # as with a table of a million rows, whose last copy serves meanwhile
    asked = f"/api/3/action/datastore_search_sql?sql={quote('select name from stalls order by 1 desc')}"
    still = [
        asked, f"/datastore/dump/{dump}", f"{ROWS}?q=lại", f"{ROWS}.csv", f"{ROWS}/history?limit=50", f"{ROWS}/S00001",
        "/api/v1/datasets/stalls/changes", "/api/3/action/datastore_search?resource_id=stalls", "/api/v1/search?q=sap",
        "/ogc/collections/stalls/items?f=json", "/api/v1/datasets/stalls/download.csv", "/datasets/stalls", "/dataset/stalls",
        "/catalog.jsonld", "/feeds/catalog.atom",
    ]  # fmt: skip
    assert "phải rút lại" in releases.get(asked).text
    addresses = [
        f"/api/v1/datasets/stalls/releases/{number}",
        *(f"/datasets/stalls/releases/{number}/{f}" for f in ("stalls.csv", "stalls.jsonl", "manifest.json")),
        *(f"/releases/stalls/{number}{f}" for f in ("", "/stalls.csv", "/manifest.json")),
        f"/en/releases/stalls/{number}",
        f"{ROWS}?limit=4&cursor={cursor}",
    ]
    assert {releases.get(a, follow_redirects=True).status_code for a in addresses} == {200}
    with releases.keeper():
        done = releases.act("mai", number, "withdraw", reason="Sai <b>tên</b>", reason_en="Wrong names")
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    for address in addresses:
        answer = releases.get(address, headers={"Accept-Language": "en"}, follow_redirects=True)
        assert answer.status_code == 410, address
        assert "phải rút lại" not in answer.text
    told = releases.get(addresses[0], headers={"Accept-Language": "en"}).json()
    assert "Wrong names" in told["detail"] and told["successor"].startswith("/api/v1/datasets/stalls/releases/")
    listed = releases.get("/api/v1/datasets/stalls/releases").json()["data"]
    gone = next(r for r in listed if r["number"] == number)
    assert (gone["state"], gone["distributions"], gone["manifest"]) == ("withdrawn", [], None)
    assert gone["reason"] == {"vi": "Sai <b>tên</b>", "en": "Wrong names"}
    time.sleep(1.1)
    assert releases.get(ROWS).status_code == 200  # the one before serves again
    for address in still:  # what serves now holds nothing of it either, nor the copy for SQL
        answer = releases.get(address, follow_redirects=True)
        assert answer.status_code < 500 and "phải rút lại" not in answer.text, address
    assert releases.get(asked).status_code == 200


def test_when_the_last_release_is_withdrawn_the_dataset_says_why(releases: Releases) -> None:
    number = releases.publish(stalls(4, name="Không còn ở đâu"))
    served(releases, number)
    with releases.keeper():
        releases.act("mai", number, "withdraw", reason="Theo yêu cầu", reason_en="By order", instead="nothing")
    time.sleep(1.1)
    for address in (
        ROWS, ROWS + ".csv", "/api/v1/datasets/stalls/download.csv", "/ogc/collections/stalls/items?f=json",
        "/api/v1/datasets/stalls/rows/S00001",
    ):  # fmt: skip
        answer = releases.get(address, headers={"Accept-Language": "en"})
        assert answer.status_code in (410, 404), (address, answer.text)
        assert "ở đâu" not in answer.text
    assert "By order" in releases.get(ROWS, headers={"Accept-Language": "en"}).json()["detail"]
    found = releases.get("/api/3/action/datastore_search?resource_id=stalls")
    assert found.status_code in (404, 410) and "ở đâu" not in found.text
    query: dict[str, Any] = releases.world.graphql("{ stalls(first: 5) { nodes { name } } }")
    assert "ở đâu" not in json.dumps(query, ensure_ascii=False)


def test_a_steward_approves_on_a_page(releases: Releases) -> None:
    number = releases.draft(stalls(11), by="lan")
    time.sleep(1.1)
    page = f"/steward/releases/stalls/{number}"
    stranger = people.Browser(releases.world)
    assert stranger.get(page).headers["location"].startswith("/sign-in")
    lan, mai = people.Browser(releases.world), people.Browser(releases.world)
    for browser, name in ((lan, "lan"), (mai, "mai")):
        browser.sign_in(name)
    assert "cán bộ đầu mối khác duyệt" in lan.get(page).text
    seen = mai.get("/en" + page).text
    assert "Exactly what will be public" in seen and "S00010" in seen and "Disclosure control" in seen
    assert "Identifiers of persons in texts" in seen and "Withheld:" in seen and "suppressed_rows" not in seen
    assert f'{page}"' in mai.get("/steward/releases").text
    assert mai.request("POST", f"{page}/approve", data={"csrf": "guessed"}).status_code == 403
    with releases.keeper():
        assert lan.send("/steward/releases", f"{page}/approve").status_code == 403
        assert mai.send(page, f"{page}/approve").status_code == 303
        assert mai.send(page, f"{page}/publish").status_code == 303
        wrong = mai.send(page, f"{page}/withdraw", reason=" ")
    assert wrong.status_code == 422 and "Cần nêu lý do" in wrong.text
    public = stranger.get(f"/releases/stalls/{number}")
    assert public.status_code == 200 and "lienthong release verify" in public.text
    assert "lan" not in {word.strip() for word in public.text.replace("<", " ").replace(">", " ").split()}


def test_whoever_asks_for_a_draft_is_told_what_becomes_of_it(releases: Releases) -> None:
    lan, desk = people.Browser(releases.world), "/steward/releases"
    lan.sign_in("lan")
    asked = lan.send(desk, f"{desk}/stalls/draft")
    assert (asked.status_code, asked.headers["location"]) == (303, f"{desk}?asked=1")
    page = lan.get(f"{desk}?asked=1").text
    assert "Đã yêu cầu lập dự thảo" in page and "Dự thảo đã yêu cầu" in page and "đang chờ" in page
