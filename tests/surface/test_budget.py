"""One budget a caller over all surfaces: shown, refused with cost and limit, fair to others."""

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lienthong.access import budget
from lienthong.access.budget import Budget
from lienthong.access.turns import QUEUE, Turns
from lienthong.app.lane import Lane
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import TooCostly
from tests.surface.small import AGENCY, Client, World

ROWS = "/api/v1/datasets/firms/rows"
QUERY = {"query": "{ firms(first: 100) { nodes { firmCode } } }"}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", ROWS + "?limit=100", {}),
    ("POST", "/graphql", {"json": QUERY}),
    ("GET", "/api/3/action/datastore_search?resource_id=firms&limit=100", {}),
    ("POST", "/api/v1/datasets/firms/lookup", {"json": {"keys": ["F0001"] * 100}}),
]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes in which an account would fill up again, however busy the machine is."""
    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: 1000.0))


@pytest.fixture
def poor(world: World, still: None) -> Iterator[Client]:
    """A caller of the world whose address may spend a thousand units a minute."""
    before = world.door._budget
    world.door._budget = Budget(anonymous=1000, known=1_000_000)
    app: Any = Lane(world.app)
    yield Client(app, world.portal)
    world.door._budget = before


def told(answer: Any) -> tuple[int, int, int]:
    policy = re.fullmatch(r'"cost";q=(\d+);w=60', answer.headers["ratelimit-policy"])
    state = re.fullmatch(r'"cost";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert policy and state
    return int(policy[1]), int(state[1]), int(state[2])


def test_every_surface_shows_and_spends_the_same_budget(poor: Client) -> None:
    left = 1000
    for method, url, options in ASKED:
        answer = poor.request(method, url, **options)
        assert answer.status_code == 200, answer.text
        quota, now, full = told(answer)
        assert quota == 1000 and now <= left - 95 and 0 < full <= 60, url
        left = now
    assert left < 620


def test_what_is_over_budget_is_refused_before_it_runs(world: World, poor: Client) -> None:
    for _ in range(10):
        poor.get(ROWS + "?limit=100")
    before = len(world.database.statements)
    for method, url, options in ASKED:
        answer = poor.request(method, url, **options)
        problem = answer.json()
        if url == "/graphql":
            problem = answer.json()["errors"][0]["extensions"]
            assert problem["code"] == "BUDGET_EXCEEDED"
        elif "/action/" not in url:
            assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
            assert problem["cost"] >= 60 and problem["limit"] == 1000
        assert told(answer)[1] < 100
    assert len(world.database.statements) == before


def test_callers_have_accounts_of_their_own(world: World, poor: Client) -> None:
    for _ in range(11):
        poor.get(ROWS + "?limit=100")
    assert poor.get(ROWS + "?limit=100").status_code == 429
    app: Any = Lane(world.app)
    answer = Client(app, world.portal, AGENCY).get(ROWS + "?limit=100")
    assert answer.status_code == 200 and told(answer)[0] == 1_000_000


def test_an_account_fills_up_again(still: None) -> None:
    found = Budget(anonymous=600)
    name = found.charge(ANONYMOUS, 600)
    with pytest.raises(TooCostly) as refused:
        found.charge(ANONYMOUS, 100)
    assert 1 <= refused.value.extra["retry_after"] <= 10
    found._accounts[name].at -= 10  # ten seconds later
    found.charge(ANONYMOUS, 100)


def test_a_query_dearer_than_a_whole_window_runs_alone() -> None:
    found = Budget(anonymous=600)
    found.charge(ANONYMOUS, 5000)
    with pytest.raises(TooCostly):
        found.charge(ANONYMOUS, 1)


def test_a_plan_that_costs_too_much_is_not_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.door._planner, "_most", 1.0)
    answer = world.anonymous.get(ROWS + "?sort=-name,score&staff__gt=1&limit=7")
    problem = answer.json()
    assert answer.status_code == 429 and problem["cost"] > problem["limit"] == 1 and problem["place"] == "plan"
    assert world.anonymous.get(ROWS + "/F0001").status_code == 200


async def noise(turns: Turns, caller: str, seconds: float, count: int) -> None:
    """So many requests at once, each of which runs a while."""

    async def one() -> None:
        await turns.take(caller)
        try:
            await asyncio.sleep(seconds)
        finally:
            turns.give(caller)

    await asyncio.gather(*(one() for _ in range(count)))


async def test_one_noisy_caller_does_not_slow_down_others() -> None:
    """Counted in turns, not by the clock: before a quiet caller runs, next to none of the waiting crowd begins."""
    turns, begun = Turns(8), 0

    async def loud() -> None:
        nonlocal begun
        await turns.take("loud")
        begun += 1
        await asyncio.sleep(0)
        turns.give("loud")

    crowd = [asyncio.create_task(loud()) for _ in range(QUEUE)]
    await asyncio.sleep(0)
    for _ in range(5):
        assert turns._waiting["loud"], "they wait"
        before = begun
        await asyncio.gather(turns.take("quiet"), turns.take("quiet"))
        assert begun - before <= 12, "two rounds of the six that may run at once"
        turns.give("quiet")
        turns.give("quiet")
    await asyncio.gather(*crowd)
    assert begun == QUEUE


async def test_turns_are_bounded_and_given_back() -> None:
    turns = Turns(4)
    running = [asyncio.create_task(noise(turns, "one", 0.01, QUEUE))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(TooCostly):
        await asyncio.gather(*(turns.take("one") for _ in range(QUEUE)))
    for task in running:
        await task
    waiting = asyncio.create_task(noise(turns, "other", 0.01, 4))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_who_gives_up_waiting_takes_nobodys_turn() -> None:
    turns = Turns(2)
    await turns.take("a")
    left = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    turns.give("a")
    await asyncio.wait_for(turns.take("a"), 60)
    await asyncio.wait_for(turns.take("b"), 60)
    turns.give("a")
    turns.give("b")
    assert turns._free == 2 and not turns._active and not turns._waiting
