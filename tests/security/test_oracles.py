"""A15: 1,000 questions of every kind by somebody with an agreement; what is hidden changes no answer in anything.

The questions are drawn, most of them name hidden fields, sort, group, filter and search by them. They are asked, hidden
values and rows are changed, and they are asked again: status, body, and the headers that tell of either are the same.
"""

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator

import httpx
import pytest

from lienthong.store import owner
from tests.security.canaries import Call, Crawler
from tests.surface.small import AGENCY, World, running

QUESTIONS = int(os.environ.get("LIENTHONG_ORACLE_CALLS", "1000"))
TELLING = ("etag", "content-length", "content-type", "link", "retry-after", "last-modified", "cache-control")
# A feed's cursor tells how far the outbox has come, a receipt is new each time.
VARYING = re.compile(r'"(next|receipt|instance)":("[^"]*"|null)')
HIDDEN_VALUES = (
    "update governed.cases set illness = 'zz' || illness, firm_code = 'F0050', received_on = received_on - 900"
)
HIDDEN_ROWS = (
    "update governed.cases set days = days + 1000, person_name = 'zq ' || person_name, case_code = 'A' || case_code where channel = 'counter'",
    "delete from governed.cases where channel = 'counter' and case_code > 'AC020'",
)
HIDDEN_OWNERS = "update governed.firms set owner_name = 'zq ' || owner_name"


@pytest.fixture(scope="module")
def asked_twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("oracles")) as found:
        yield found


def told(world: World, call: Call) -> tuple[int, str, tuple[str | None, ...]]:
    """What an answer says; bodies by their digest."""
    client = world.client(AGENCY)
    # Without a purpose: personal fields are hidden, too.
    headers = {"Lienthong-Purpose": ""}
    answer: httpx.Response
    if call.body is not None:
        answer = client.post(call.url, json=call.body, headers=headers)
    else:
        answer = client.get(call.url, params=call.params, headers=headers)
    text = VARYING.sub("", answer.text) if "json" in answer.headers.get("content-type", "") else answer.text
    length = None if "/changes" in call.url else answer.headers.get("content-length")
    shown = tuple(answer.headers.get(name) for name in TELLING if name != "content-length")
    return answer.status_code, hashlib.sha256(text.encode()).hexdigest(), (*shown, length)


def test_what_is_hidden_changes_no_answer(asked_twice: World) -> None:
    drawn = {
        json.dumps([c.url, c.params, c.body]): c
        for c in itertools.islice(Crawler(asked_twice, 15).calls(), 2 * QUESTIONS)
    }
    calls = [call for call in drawn.values() if "xlsx" not in call.url][:QUESTIONS]  # a workbook holds the time
    assert len(calls) == QUESTIONS
    before = [told(asked_twice, call) for call in calls]
    with owner.connect(asked_twice.settings) as connection:
        for statement in (HIDDEN_VALUES, *HIDDEN_ROWS, HIDDEN_OWNERS):
            assert connection.execute(statement.encode()).rowcount > 5
    after = [told(asked_twice, call) for call in calls]
    different = [(call, one, other) for call, one, other in zip(calls, before, after, strict=True) if one != other]
    assert different == []
    assert sum(status == 200 for status, *_ in before) > QUESTIONS / 5


def test_a_tile_does_not_tell_that_what_is_hidden_changed(asked_twice: World) -> None:
    """A row that is changed lies elsewhere; a tile drawn in that order would be other bytes."""
    calls = [Call(f"/ogc/collections/firms/tiles/WebMercatorQuad/{z}/{x}/{y}") for z, x, y in ((6, 28, 50), (0, 0, 0))]
    before = [told(asked_twice, call) for call in calls]
    with owner.connect(asked_twice.settings) as connection:
        for last in range(5):
            changed = "update governed.firms set owner_name = 'yy ' || owner_name where firm_code like %s"
            assert connection.execute(changed, [f"%{last}"]).rowcount > 0
            assert [told(asked_twice, call) for call in calls] == before
    assert [status for status, *_ in before] == [200, 200]
