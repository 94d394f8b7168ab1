"""One budget a caller over all surfaces: shown, refused with cost and limit, fair to others."""

import asyncio
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

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
def poor(world: World) -> Iterator[Client]:
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


def test_an_account_fills_up_again() -> None:
    budget = Budget(anonymous=600)
    name = budget.charge(ANONYMOUS, 600)
    with pytest.raises(TooCostly) as refused:
        budget.charge(ANONYMOUS, 100)
    assert 1 <= refused.value.extra["retry_after"] <= 10
    budget._accounts[name].at -= 10  # ten seconds later
    budget.charge(ANONYMOUS, 100)


def test_a_query_dearer_than_a_whole_window_runs_alone() -> None:
    budget = Budget(anonymous=600)
    budget.charge(ANONYMOUS, 5000)
    with pytest.raises(TooCostly):
        budget.charge(ANONYMOUS, 1)


def test_a_plan_that_costs_too_much_is_not_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.door._planner, "_most", 1.0)
    answer = world.anonymous.get(ROWS + "?sort=-name,score&staff__gt=1&limit=7")
    problem = answer.json()
    assert answer.status_code == 429 and problem["cost"] > problem["limit"] == 1 and problem["place"] == "plan"
    assert world.anonymous.get(ROWS + "/F0001").status_code == 200


async def noise(turns: Turns, caller: str, seconds: float, count: int) -> list[float]:
    """So many requests at once, each of which runs a while; how long each took."""

    async def one() -> float:
        begun = time.monotonic()
        await turns.take(caller)
        try:
            await asyncio.sleep(seconds)
        finally:
            turns.give(caller)
        return time.monotonic() - begun

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def test_one_noisy_caller_does_not_slow_down_others() -> None:
    alone = sorted(await noise(Turns(8), "quiet", 0.02, 2))
    turns = Turns(8)
    loud = asyncio.create_task(noise(turns, "loud", 0.02, 60))
    await asyncio.sleep(0.005)
    found = [t for _ in range(5) for t in await noise(turns, "quiet", 0.02, 2)]
    await loud
    assert max(found) <= 2 * max(alone) + 0.02


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
    await asyncio.sleep(0.001)
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
    await asyncio.wait_for(turns.take("a"), 1)
    await asyncio.wait_for(turns.take("b"), 1)
    turns.give("a")
    turns.give("b")
    assert turns._free == 2 and not turns._active and not turns._waiting
