"""Programme A05, A07: what the clock tells of rows that are hidden, and of keys that are nearly right. `make chaos`.

Samples alternate, so that a busy machine disturbs both sides alike; Welch's t stays under 4.5 where nothing can be told.
"""

import math
import os
import random
import secrets
import statistics
import time
import uuid
from collections.abc import Callable, Sequence

import pytest

from lienthong.governance.credentials import new_token, token_hash
from lienthong.store import owner
from tests.surface.small import AGENCY, World

pytestmark = pytest.mark.chaos
PAIRS = int(os.environ.get("LIENTHONG_TIMING_PAIRS", "10000"))
"""Of A05; A07 takes five times as many."""
MOST_T, MOST_SECONDS = 4.5, 0.002
ROW = "/api/v1/datasets/cases/rows/"
Sample = Callable[[], float]


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t, without the slowest hundredth of either side (dudect crops them: they are the machine's)."""
    sides = [sorted(side)[: len(side) * 99 // 100] for side in (one, other)]
    spread = sum(statistics.variance(side) / len(side) for side in sides)
    return (statistics.fmean(sides[0]) - statistics.fmean(sides[1])) / math.sqrt(spread)


def told(one: Sample, other: Sample, pairs: int) -> tuple[float, float]:
    """Welch's t and the difference of the medians of two samples that alternate in random order."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(200):  # plans are made, caches are warm
        one(), other()
    for _ in range(pairs):
        for side in random.sample((0, 1), 2):
            found[side].append((one, other)[side]())
    return welch(*found), abs(statistics.median(found[0]) - statistics.median(found[1]))


@pytest.mark.parametrize("surface", ["rest", "graphql", "lookup"])
def test_the_clock_does_not_tell_a_hidden_row_from_an_unknown_one(world: World, surface: str) -> None:
    """A05: 20,000 answers."""
    client = world.client(AGENCY)

    def ask(key: str) -> float:
        begun = time.perf_counter()
        match surface:
            case "rest":
                answer = client.get(ROW + key)
            case "lookup":
                answer = client.post("/api/v1/datasets/cases/lookup", json={"keys": [key]})
            case _:
                query = "query($k: [ID!]) { cases(where: {caseCode: {in: $k}}) { nodes { days } } }"
                answer = client.post("/graphql", json={"query": query, "variables": {"k": [key]}})
        spent = time.perf_counter() - begun
        assert answer.status_code == (404 if surface == "rest" else 200), answer.text
        assert "channel" not in answer.text
        return spent

    hidden = [f"C{n:03}" for n in range(0, 40, 2)]  # the agreement shows the others
    unknown = [f"C{n:03}" for n in range(900, 920)]
    t, apart = told(lambda: ask(random.choice(hidden)), lambda: ask(random.choice(unknown)), PAIRS)
    print(f"A05 {surface}: t {t:.2f}, medians {apart * 1e6:.0f} µs apart")
    assert abs(t) < MOST_T and apart < MOST_SECONDS


def test_the_clock_does_not_tell_how_much_of_a_key_is_right(world: World) -> None:
    """A07: 100,000 keys that are wrong in their first or in their last sign."""
    key = new_token()
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.token (id, sha256, label, agency_id, created_at) values (%s, %s, '', 'office', now())",
            (uuid.uuid4(), token_hash(key)),
        )
    client = world.client()

    def ask(wrong: str) -> float:
        begun = time.perf_counter()
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {wrong}"})
        spent = time.perf_counter() - begun
        assert answer.status_code == 401
        return spent

    def other() -> str:
        return secrets.choice("!#$%&*+.;:<=>?@^|~")  # no key has one of these

    t, apart = told(
        lambda: ask(other() + secrets.choice("abc") + key[2:]),
        lambda: ask(key[:-2] + secrets.choice("abc") + other()),
        5 * PAIRS,
    )
    print(f"A07: t {t:.2f}, medians {apart * 1e6:.0f} µs apart")
    assert abs(t) < MOST_T
