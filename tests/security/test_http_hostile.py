"""B03: hostile HTTP over a real socket. Each request is answered as expected: never 5xx, never echoing what was sent.

`http_hostile.jsonl`: `raw` is the request in Latin-1; `{text*n}` stands for the text n times, `{LEN}` for the length of the
body; `expect` lists the statuses that are right, null: the connection ends without an answer.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.security.http_hostile import exchange
from tests.surface.served import served
from tests.surface.small import World

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "http_hostile.jsonl").read_text("utf-8").splitlines()
]
_REPEATED = re.compile(r"\{([^{}]{1,12}?)\*(\d+)\}", re.DOTALL)


def expanded(raw: str) -> bytes:
    """The bytes of a request."""
    text = _REPEATED.sub(lambda found: found[1] * int(found[2]), raw)
    head, mark, body = text.partition("\r\n\r\n")
    return (head.replace("{LEN}", str(len(body))) + mark + body).encode("latin-1")


@pytest.fixture(scope="module")
def port(world: World) -> Iterator[int]:
    with served(world) as number:
        yield number


def test_the_corpus_is_large_and_each_case_is_another() -> None:
    assert len(CASES) >= 90
    assert len({case["raw"] for case in CASES}) == len({case["id"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']} {c['about']}" for c in CASES])
def test_a_hostile_request_is_answered_as_it_should_be(port: int, case: dict[str, Any]) -> None:
    # Where silence is an answer it is waited for; any other may take as long as the machine is busy.
    reply = exchange(port, expanded(case["raw"]), 3.0 if None in case["expect"] else 60.0)
    assert reply.status in case["expect"], (reply.status, reply.body[:300])
    assert reply.status is None or reply.status < 500 or reply.status in (501, 505)
    assert reply.answers <= case["answers"], "a second request came through"
    assert b"<script" not in reply.body.lower() and b"<script" not in reply.head.lower()
    assert b"evil.example" not in reply.head
    assert b"set-cookie: a=b" not in reply.head.lower() and b"X-Secret" not in reply.body
    assert b"root:" not in reply.body and b"Traceback" not in reply.body


def test_the_server_is_well_afterwards(port: int) -> None:
    raw = b"GET /api/v1/datasets/firms/rows?limit=1 HTTP/1.1\r\nHost: world\r\nConnection: close\r\n\r\n"
    reply = exchange(port, raw, 60.0)
    assert reply.status == 200 and json.loads(reply.body)["data"]
