"""B07: whatever callers put into their requests, the log has one line for each, without a control character or a value."""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lienthong.app.access_log import Logged, place
from lienthong.app.lane import Lane
from lienthong.kernel.logs import JsonFormatter
from tests.surface.small import World

SIGNS = ["\r\n", "\n", "\r", "\x1b[31m", "\u2028", "\u2029", "\x00", "\x7f", "\x85", "\x9b31m", "\u202e", '"}\n{"']
FORGED = '{"at":"2026","method":"GET","place":"/forged","status":200}'
ROWS = "/api/v1/datasets/firms/rows"


def scope(method: str = "GET", path: str = ROWS, query: str = "", **headers: str) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode("utf-8", "replace"), "query_string": query.encode("utf-8", "replace"), "root_path": "",
        "headers": [(n.lower().replace("_", "-").encode("latin-1", "replace"), v.encode("utf-8", "replace")) for n, v in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("world", 80),
    }  # fmt: skip


def asked(sign: str) -> list[dict[str, Any]]:
    """The sign, and a forged line after it, in every place of a request."""
    text = f"a{sign}{FORGED}{sign}"
    return [
        scope(method=text), scope(path="/" + text), scope(path=f"/api/v1/datasets/{text}/rows"), scope(path=f"{ROWS}/{text}"),
        scope(path=f"{ROWS}.{text}"), scope(path=f"/api/v1/{text}"), scope(path=f"/datasets/firms/releases/{text}/x"),
        scope(path=f"/docs/problems/{text}"), scope(path=f"/api/3/action/{text}"), scope(query=text), scope(query=f"name={text}"),
        scope(query=f"{text}=1"), scope(query=f"sort={text}"), scope(query=f"cursor={text}"), scope(query=f"filter={text}"),
        scope(query=f"fields={text}"), scope(query=f"as_of={text}"), scope(query=f"limit={text}"), scope(query=f"q={text}"),
        scope(Authorization=text), scope(Authorization=f"Bearer {text}"), scope(Cookie=text), scope(Cookie=f"session={text}"),
        scope(User_Agent=text), scope(Referer=text), scope(Accept=text), scope(Accept_Language=text), scope(If_None_Match=text),
        scope(X_Forwarded_For=text), scope(Host=text), scope(Lienthong_Purpose=text), scope(X_Road_Client=text), scope(X_Road_Id=text),
        scope(X_CKAN_API_Key=text), scope(Origin=text), scope(Range=text), scope(**{text: "x"}),
    ]  # fmt: skip


async def silent(_: Any) -> None:
    """Nobody reads the answers."""


async def empty() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize("sign", SIGNS, ids=[repr(s) for s in SIGNS])
def test_the_access_log_has_one_harmless_line_for_each_request(world: World, tmp_path: Path, sign: str) -> None:
    path = tmp_path / "access.jsonl"
    app = Logged(Lane(world.app), path)
    calls = asked(sign)
    assert len(calls) >= 30

    async def run() -> None:
        for call in calls:
            await app(call, empty, silent)
        for _ in range(600):  # written beside the requests
            if path.exists() and path.read_bytes().count(b"\n") >= len(calls):
                return
            await asyncio.sleep(0.1)

    world.portal.call(run)
    raw = path.read_bytes()
    lines = raw.decode("ascii").split("\n")
    assert lines.pop() == "" and len(lines) == len(calls)
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in raw)
    for line in lines:
        entry = json.loads(line)
        assert set(entry) <= {"at", "method", "place", "status", "ms", "bytes", "receipt"}
        assert "forged" not in line and entry["status"] < 500, line


def test_no_key_and_no_value_stands_in_the_access_log() -> None:
    assert place("/api/v1/datasets/firms/rows/079200012345") == "/api/v1/datasets/firms/rows/..."
    assert place("/api/v1/datasets/firms/rows/nguyen-van-a") == "/api/v1/datasets/firms/rows/..."
    assert place("/api/v1/datasets/firms/rows.csv") == "/api/v1/datasets/firms/rows.csv"
    assert place("/079200012345") == "/..." and place("/") == "/..." and place("/Nguyễn") == "/..."


@pytest.mark.parametrize("sign", SIGNS, ids=[repr(s) for s in SIGNS])
def test_a_log_of_events_has_one_line_each_and_no_message_of_an_error(sign: str) -> None:
    try:
        raise ValueError(f"079200012345{sign}")
    except ValueError:
        record = logging.LogRecord(
            f"a{sign}", logging.ERROR, "x.py", 1, "failed: %s", (f"b{sign}{FORGED}",), sys.exc_info()
        )
    line = JsonFormatter().format(record)
    assert all(0x20 <= ord(c) < 0x7F for c in line)
    found = json.loads(line)
    assert found["error"] == "ValueError" and found["trace"] and "079200012345" not in line


def test_the_access_log_is_off_the_way_of_a_request(tmp_path: Path) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    async def run() -> float:
        logged, begun = Logged(app, tmp_path / "access.jsonl"), time.process_time()
        for _ in range(2000):
            await logged(scope(), empty, silent)
        return (time.process_time() - begun) / 2000

    assert asyncio.run(run()) < 200e-6
