"""The whole recording of a CKAN 2.12.0, replayed in its order at an empty site: nothing differs that is not meant to."""

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.ckan.compare import Answer, Normal, compare
from tests.ckan.differences import DELIBERATE
from tests.ckan.replay import Result, empty_site, golden, replay, told

# The share of calls of a group that is the same in every value; what differs on purpose counts against it.
LEAST = {"package_search": 0.85, "package_create": 0.95, "datastore_search": 0.85, "datastore_upsert": 0.9}
LEAST_OF_ALL = 0.85


@pytest.fixture(scope="module")
def results(shared: Path) -> list[Result]:
    calls = golden(shared / "ckan-golden.jsonl")
    with empty_site() as (url, token), httpx.Client(base_url=url, timeout=60) as client:
        return list(replay(client, token, calls))


def test_nothing_differs_that_is_not_meant_to(results: list[Result]) -> None:
    differing = [told(result, whole=False) for result in results if result.differences]
    assert not differing, "\n".join(differing)


def test_most_answers_are_the_same_in_every_value(results: list[Result]) -> None:
    of, same = Counter(r.group for r in results), Counter(r.group for r in results if r.kind == "equal")
    assert same.total() / of.total() >= LEAST_OF_ALL
    for group, least in LEAST.items():
        assert same[group] / of[group] >= least, group


def test_every_deliberate_difference_is_one(results: list[Result]) -> None:
    """A reason that explains nothing any more goes away."""
    for given in DELIBERATE:
        assert not given.always or any(given.explains(r.call["id"], d) for r in results for d in r.meant), given


def test_a_difference_is_seen() -> None:
    """The comparison itself: what has no value between two runs is none, anything else is."""
    normal = Normal({"2026-11-21"}, {"token.a": "secret"})
    was = {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "at": "2026-11-21T10:00:00.123456", "n": 1, "l": ["a", "b"]}
    now = {"id": "1" * 8 + "-0000-4000-8000-" + "1" * 12, "at": "2026-11-21T11:00:00", "n": 1, "l": ["a", "b"]}

    def kinds(changed: dict[str, object]) -> list[str]:
        answers = [Answer(200, "application/json", normal.value(v), "") for v in (was, {**now, **changed})]
        return [difference.kind for difference in compare(*answers)]

    assert kinds({}) == []
    assert kinds({"n": 2}) == ["value"]
    assert kinds({"n": "1"}) == kinds({"further": 1}) == ["shape"]
    assert kinds({"l": ["b", "a"]}) == ["order"]
    assert kinds({"at": "2024-01-01T00:00:00"}) == ["value"]
    assert [d.kind for d in compare(Answer(200, "", {}, ""), Answer(404, "", {}, ""))] == ["status"]
