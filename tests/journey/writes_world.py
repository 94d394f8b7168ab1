"""An installation whose datasets may be written to over the API, with tokens, and workers to start and to kill."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lienthong.catalog.writes import FINAL
from lienthong.governance.credentials import token_hash
from tests.journey.ingest_world import Installation, contract, field, installed
from tests.surface.small import Client, World

WRITER, READER, STRANGER, WHOLE = "token-to-write", "token-to-read", "token-of-others", "token-for-everything"
ROWS = "/api/v1/datasets/things/rows"
WAIT = {"Prefer": "wait=30"}
KINDS = {"list": [{"code": "red", "vi": "đỏ", "en": "red"}, {"code": "blue", "vi": "xanh", "en": "blue"}]}
PROGRAM = "from lienthong.app.cli import main; main()"


def documents() -> list[dict[str, Any]]:
    """One dataset that may be written to, one that only takes rows, one that may not be written to."""
    fields = [
        field("code", "identifier", required=True, examples=["T1"]),
        field("name", required=True),
        field("price", "decimal", options={"scale": 2}),
        field("kind", "enum", options={"values": KINDS["list"]}),
        field("made_on", "date"),
        field("good", "boolean"),
        field("tags", "list", options={"items": {"logicalType": "text"}}),
        field("place", "point"),
    ]
    quality = [
        {
            "id": "T-MIN", "title": {"vi": "Ít nhất hai dòng", "en": "At least two rows"}, "dimension": "coverage",
            "severity": "error", "expectation": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 2},
        },
        {
            "id": "T-FREE", "title": {"vi": "Không miễn phí", "en": "Nothing is free"}, "dimension": "accuracy",
            "onFailure": "quarantine", "expectation": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": "select * from {batch} where price = 0"},
        },
    ]  # fmt: skip
    source = {"mode": "upsert", "files": [{"pattern": "things.csv", "reader": "csv"}]}
    both = {"write": {"by": "provider"}}
    one = {"write": {"by": "provider", "modes": ["upsert"]}}
    plain = [field("code", "identifier", required=True), field("name")]
    return [
        contract("things", fields, ["code"], source, quality=quality, access=both),
        contract("papers", plain, ["code"], {**source, "files": [{"pattern": "p.csv", "reader": "csv"}]}, access=one),
        contract("stones", plain, ["code"], {"files": [{"pattern": "s.csv", "reader": "csv"}]}),
    ]


@contextmanager
def writable(folder: Path) -> Iterator[Installation]:
    """The installation, with two rows of things."""
    with installed(folder) as made:
        made.define(*documents())
        made.deliver(
            "things.csv", "code,name,price,kind,made_on,good,tags,place\nA,Một,1.5,red,2020-01-02,true,,\nB,Hai,,,,,,\n"
        )
        assert made.ingest("things").state == "done"
        with made.connect() as connection:
            connection.execute("insert into platform.agency (id, name_vi, name_en) values ('other', 'x', 'x')")
            for token, agency, scopes in (
                (WRITER, "office", ["read:*", "write:things", "write:papers", "write:stones"]),
                (READER, "office", ["read:*"]),
                (STRANGER, "other", ["write:*"]),
                (WHOLE, "office", None),
            ):
                connection.execute(
                    "insert into platform.token (id, sha256, label, agency_id, created_at, scopes) "
                    "values (%s, %s, '', %s, now(), %s)",
                    (uuid.uuid4(), token_hash(token), agency, scopes),
                )
        yield made


@contextmanager
def working(world: Installation) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own, as `lienthong worker` makes it."""
    assert world.settings.database_url
    environment = os.environ | {
        "LIENTHONG_HOME": str(world.settings.home),
        "LIENTHONG_DATABASE_URL": world.settings.database_url.get_secret_value(),
        "LIENTHONG_DATASETS": str(world.settings.datasets),
    }
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "worker"], env=environment, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def caller(api: World, token: str | None) -> Client:
    """A client of the token's owner, without a purpose: nothing here tells of persons."""
    return Client(api.app, api.portal, token, purpose=None)


def finished(client: Client, answer: httpx.Response) -> httpx.Response:
    """The answer of a write's run when it has ended."""
    assert answer.status_code in (200, 201, 202), answer.text
    deadline = time.monotonic() + 120
    while True:
        run = client.get(answer.headers["location"])
        if run.json()["state"] in FINAL:
            return run
        assert time.monotonic() < deadline, run.text
        time.sleep(0.1)
