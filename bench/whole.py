"""Questions over a whole dataset: by what we keep for them, and by the plain statement that everybody else runs."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.load import Request, answer
from bench.place import Place
from bench.processes import cpu_ms, settle

ROWS = "/api/v1/datasets/enterprises/rows"
REPEATS = 60
Say = Callable[[str], None]


@dataclass(frozen=True)
class Question:
    """One job: our requests, the plain statement for the same answer, and how many rows both must tell."""

    name: str
    ours: tuple[str, ...]
    plain: str
    rows: int | None = None


def questions(place: Place, port: int) -> list[Question]:
    """Groups over everything, a page far down."""
    first = json.loads(answer(port, Request(f"{ROWS}?limit=1")))["page"]["next"]
    head = json.loads(base64.urlsafe_b64decode(first + "=="))[0]
    with psycopg.connect(place.url) as connection:
        row = connection.execute(
            "select enterprise_code from open.enterprises order by enterprise_code offset 900000 limit 1"
        ).fetchone()
    assert row
    cursor = base64.urlsafe_b64encode(json.dumps([head, row[0]]).encode()).decode().rstrip("=")
    deep = "select * from open.enterprises order by enterprise_code limit 100 offset 900000"
    groups = "select province_code, status, count(*) from open.enterprises group by 1, 2"
    return [
        Question("group by over everything", ("group_by=province_code,status&measure=count",), groups),
        Question("100 rows after 900,000", (f"limit=100&cursor={cursor}",), deep, 100),
    ]  # fmt: skip


def run(place: Place, port: int, server: int, say: Say) -> list[dict[str, Any]]:
    """CPU milliseconds a request: ours with its server, the plain statement by PostgreSQL alone."""
    told = []
    for question in questions(place, port):
        requests = [Request(f"{ROWS}?{text}") for text in question.ours]
        found = json.loads(answer(port, requests[0]))["data"]
        if question.rows is not None and len(found) != question.rows:
            raise RuntimeError(f"{question.name}: {len(found)} rows")
        settle(place.postmaster)
        before = cpu_ms(server), cpu_ms(place.postmaster)
        for _ in range(REPEATS):
            for request in requests:
                answer(port, request)
        ours = [(b - a) / REPEATS / len(requests) for a, b in
                zip(before, (cpu_ms(server), cpu_ms(place.postmaster)), strict=True)]  # fmt: skip
        plain = _plain(place, question.plain)
        one = {"job": question.name, "server_ms": round(ours[0], 2), "postgres_ms": round(ours[1], 2),
               "plain_ms": round(plain, 2), "times": round(plain / max(sum(ours), 0.01), 1)}  # fmt: skip
        say(str(one))
        told.append(one)
    return told


def _plain(place: Place, statement: str) -> float:
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(statement.encode()).fetchall()
        settle(place.postmaster)
        before = cpu_ms(place.postmaster)
        for _ in range(3):
            connection.execute(statement.encode()).fetchall()
        return (cpu_ms(place.postmaster) - before) / 3
