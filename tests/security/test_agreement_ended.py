"""An agreement that has just ended: who still counts on it is refused, and never told that there is nothing."""

import time
from collections.abc import Iterator

import pytest

from tests.surface import people
from tests.surface.small import AGENCY, World

CASES = "/api/v1/datasets/cases"
READS = (
    f"{CASES}/rows?fields=case_code",
    f"{CASES}/rows?fields=case_code&sort=case_code&limit=1",
    f"{CASES}/rows?group_by=channel&measure=count",
    f"{CASES}/changes?since=begin",
)


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """Agreements end here: not the world that is only read."""
    return own_world


@pytest.fixture
def ended(world: World) -> Iterator[None]:
    """The agreements about the cases have ended in the database; a read just before has made the process remember."""
    about = "from platform.agreement where dataset = 'cases' and state = 'active'"
    ids = [row[0] for row in people.ask(world, f"select id {about}")]
    while world.client(AGENCY).get(READS[0]).status_code != 200:  # the end before this one is remembered for a second
        time.sleep(0.05)
    for path in READS:
        found = world.client(AGENCY).get(path)
        assert found.status_code == 200 and found.json()["data"], path
    people.ask(world, "update platform.agreement set state = 'suspended' where id = any(%s) returning 1", ids)
    yield
    people.ask(world, "update platform.agreement set state = 'active' where id = any(%s) returning 1", ids)


@pytest.mark.parametrize("path", READS)
def test_an_end_is_a_refusal_and_no_empty_answer(world: World, ended: None, path: str) -> None:
    answer = world.client(AGENCY).get(path)
    assert answer.status_code == 403, answer.text
    assert answer.json()["type"].endswith("not-permitted")
