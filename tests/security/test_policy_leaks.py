"""What is hidden stays hidden by every way round: pool, masks, caches, oracles, functions (programme A10, A12, A14-A16)."""

import asyncio
import contextlib
import csv
import io
import json
import os
import random
import uuid
from collections.abc import Iterator
from typing import Any

import openpyxl
import psycopg
import pytest
from psycopg import errors, sql

from lienthong.kernel.problem import Problem
from lienthong.store import owner
from lienthong.store.compile import Statement
from lienthong.store.database import Database
from lienthong.store.record import LedgerEntry
from lienthong.store.rights import purpose_role
from tests.security.oracle import Terms
from tests.security.test_policy_properties import Consumer
from tests.surface.small import AGENCY, KEEPER, World

CANARY = "bí mật"
READS = int(os.environ.get("LIENTHONG_POOL_READS", "10000"))
ALL = frozenset({"case_code", "person_name", "illness", "channel", "received_on", "days", "firm_code"})


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """This file changes it: not the world that is only read."""
    return own_world


@pytest.fixture
def connection(world: World) -> Iterator[psycopg.Connection]:
    with owner.connect(world.settings) as found:
        yield found


def entry(dataset: str = "cases") -> LedgerEntry:
    given = (uuid.uuid4().hex, "x", None, "x", dataset, "{}", None, "audit", "A", "test", "current", None)
    return LedgerEntry(dataset, given)


# --- A10: one caller's role never stays for the next ------------------------------------------------------------------


def test_no_role_stays_on_a_connection(world: World) -> None:
    """Two connections, 10,000 reads of two callers, some of whose statements fail, run out of time or are given up."""
    even = Consumer(world, "cases", Terms(ALL - {"illness"}, frozenset(), {"channel": {"eq": "counter"}}, "audit"))
    odd = Consumer(world, "cases", Terms(ALL - {"illness"}, frozenset(), {"channel": {"eq": "online"}}, "audit"))
    roles = {purpose_role(c.agency, "audit"): shown for c, shown in ((even, "counter"), (odd, "online"))}
    sound = Statement(
        "select string_agg(distinct channel, ',')::text, count(*)::int from governed.cases", (), ("body", "count")
    )
    broken = Statement("select (1 / 0)::text, 0", (), ("body", "count"))
    slow = Statement("select pg_sleep(1)::text, 0", (), ("body", "count"))
    denied = Statement("select max(illness)::text, 0 from governed.cases", (), ("body", "count"))

    async def one(database: Database, number: int) -> None:
        role, shown = list(roles.items())[number % 2]
        kind = random.Random(number).random()
        if kind < 0.1:
            with pytest.raises((errors.Error, Problem)):
                await database.read_governed(random.Random(number).choice([broken, denied]), role, [entry()])
        elif kind < 0.11:
            with contextlib.suppress(TimeoutError):  # or it was done just then
                await asyncio.wait_for(database.read_governed(slow, role, [entry()]), 0.05)
        else:
            withheld = await database.read_governed(sound, role, [entry()])
            body, count = await withheld.row()
            assert (body, count) == (shown.encode(), b"20")

    async def run() -> None:
        database = Database(owner.app_url(world.settings), 2)
        await database.open()
        try:
            for start in range(0, READS, 4):
                await asyncio.gather(*(one(database, n) for n in range(start, start + 4)))
        finally:
            await database.close()

    asyncio.run(run())


def test_no_setting_and_no_agreement_means_no_row(connection: psycopg.Connection) -> None:
    connection.execute("set role lienthong_agency")
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute("select case_code from governed.cases")


# --- A12: the same mask in every format -------------------------------------------------------------------------------


def test_a_mask_is_the_same_in_every_format(world: World) -> None:
    consumer = Consumer(world, "cases", Terms(ALL, frozenset(), None, "audit"))
    stated = {"Lienthong-Purpose": "audit"}
    address = "/api/v1/datasets/cases/rows"
    rows = consumer.client.get(f"{address}?limit=1000", headers=stated).json()["data"]
    wanted = {row["case_code"]: row["illness"] for row in rows}
    assert len(set(wanted.values())) == 1 and len(wanted) == 40 and CANARY not in wanted.values()
    lines = consumer.client.get(f"{address}.ndjson", headers=stated).text.splitlines()
    assert {row["case_code"]: row["illness"] for row in map(json.loads, lines)} == wanted
    text = consumer.client.get(f"{address}.csv", headers=stated).text.lstrip("﻿")
    assert {row["case_code"]: row["illness"] for row in csv.DictReader(io.StringIO(text))} == wanted
    query = {"query": "{ cases(first: 1000) { nodes { caseCode illness } } }"}
    nodes = consumer.client.post("/graphql", json=query, headers=stated).json()["data"]["cases"]["nodes"]
    assert {row["caseCode"]: row["illness"] for row in nodes} == wanted
    records = consumer.client.post(
        "/api/3/action/datastore_search", json={"resource_id": "cases", "limit": 1000}, headers=stated
    ).json()["result"]["records"]
    assert {row["case_code"]: row["illness"] for row in records} == wanted
    parquet = consumer.client.get(f"{address}.parquet", headers=stated).content
    arrow = consumer.client.get(f"{address}.arrow", headers=stated).content
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table in (pq.read_table(io.BytesIO(parquet)), pa.ipc.open_stream(arrow).read_all()):
        found = table.to_pydict()
        assert dict(zip(found["case_code"], found["illness"], strict=True)) == wanted
    sheet = openpyxl.load_workbook(
        io.BytesIO(consumer.client.get(f"{address}.xlsx", headers=stated).content)
    ).worksheets[0]
    head, *lines = list(sheet.iter_rows(values_only=True))
    key, seen = (
        next(n for n, title in enumerate(head) if title in names)
        for names in (_titles(world, "case_code"), _titles(world, "illness"))
    )
    assert {line[key]: line[seen] for line in lines if line[key]} == wanted
    state = consumer.client.get("/api/v1/datasets/cases/changes", headers=stated).json()["data"]
    assert {change["row"]["case_code"]: change["row"]["illness"] for change in state} == wanted
    keys = {"keys": sorted(wanted)}
    looked = consumer.client.post("/api/v1/datasets/cases/lookup", json=keys, headers=stated).json()["data"]
    assert {row["case_code"]: row["illness"] for row in looked} == wanted


def _titles(world: World, name: str) -> tuple[str, ...]:
    """What the head of a sheet may call a field."""
    field = world.registry.get("cases").by_name[name]
    return name, field.title.vi, field.title.en


@pytest.mark.parametrize("purpose", [None, "audit"])
def test_the_map_shows_what_the_rows_show(world: World, purpose: str | None) -> None:
    """OGC API Features under an agreement: its fields and rows, nothing of a person without a purpose, on record."""
    fields = frozenset({"firm_code", "status", "position", "owner_name"})
    consumer = Consumer(world, "firms", Terms(fields, frozenset(), {"status": {"eq": "active"}}, "audit"))
    stated = {"Lienthong-Purpose": purpose or ""}
    answer = consumer.client.get("/ogc/collections/firms/items?limit=1000", headers=stated)
    rows = consumer.client.get("/api/v1/datasets/firms/rows?limit=1000", headers=stated).json()["data"]
    found = [f["properties"] | {"position": f["geometry"]} for f in answer.json()["features"]]
    assert (
        sorted(found, key=str) == sorted(({k: row[k] for k in found[0]} for row in rows), key=str) and len(found) == 45
    )
    assert set(found[0]) == fields - (set() if purpose else {"owner_name"})
    assert answer.headers["cache-control"] == "no-store" and answer.headers["lienthong-receipt"]
    refused = consumer.client.get("/ogc/collections/firms/items?capital=1", headers=stated)
    assert refused.status_code == 403 and consumer.agreement in refused.text


def test_a_masked_field_in_clear_is_the_value(world: World) -> None:
    consumer = Consumer(world, "cases", Terms(ALL, frozenset({"illness"}), None, "audit"))
    rows = consumer.client.get("/api/v1/datasets/cases/rows", headers={"Lienthong-Purpose": "audit"}).json()["data"]
    assert {row["illness"] for row in rows} == {CANARY}


# --- A14: nothing of one caller in a shared cache ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/datasets/cases/rows", "/api/v1/datasets/cases/rows/C001", "/api/v1/datasets/cases/rows.csv",
                                  "/api/v1/me", "/api/3/action/datastore_search?resource_id=cases"])  # fmt: skip
def test_governed_answers_are_not_for_shared_caches(world: World, path: str) -> None:
    answer = world.client(AGENCY).get(path)
    assert answer.status_code == 200, answer.text
    control = answer.headers.get("cache-control", "")
    assert "no-store" in control or "private" in control
    assert "public" not in control


def test_open_answers_say_what_they_vary_with(world: World) -> None:
    """An open answer that a cache kept must not be given to an agency that would see more: it varies, or it is private."""
    answer = world.client(None).get("/api/v1/datasets/firms/rows?limit=1")
    vary = answer.headers.get("vary", "").lower()
    assert "authorization" in vary or "public" not in answer.headers.get("cache-control", "")


# --- A15: no question tells anything of what is hidden ----------------------------------------------------------------

ORACLES = [
    {"illness__eq": CANARY},
    {"illness__contains": "bí"},
    {"sort": "illness"},
    {"q": "bí mật"},
    {"firm_code": "F0002"},
    {"received_on__lt": "2026-02-01"},
    {"filter": '{"illness": {"eq": "bí mật"}}'},
    {"group_by": "illness", "measure": "count"},
    {"group_by": "channel", "measure": "max:illness"},
    {"include": "firm"},
    {"filter": '{"firm": {"status": {"eq": "active"}}}'},
]


@pytest.mark.parametrize("asked", ORACLES, ids=str)
def test_a_hidden_field_answers_no_question(
    world: World, connection: psycopg.Connection, asked: dict[str, str]
) -> None:
    """The answer, with its headers, is the same whether the hidden values are these or others."""
    params = {key.replace("__eq", ""): value for key, value in asked.items()}

    def ask() -> tuple[int, Any, str | None, str | None]:
        answer = world.client(AGENCY).get("/api/v1/datasets/cases/rows", params=params)
        body = answer.json() if answer.headers["content-type"].startswith("application") else answer.text
        if isinstance(body, dict):
            body.pop("instance", None)
        return answer.status_code, body, answer.headers.get("etag"), answer.headers.get("content-length")

    before = ask()
    kept = connection.execute("select case_code, illness, firm_code, received_on from governed.cases").fetchall()
    connection.execute("update governed.cases set illness = 'khác', firm_code = 'F0050', received_on = '2020-01-01'")
    try:
        assert ask() == before
    finally:
        with connection.cursor() as cursor:
            statement = "update governed.cases set illness = %s, firm_code = %s, received_on = %s where case_code = %s"
            cursor.executemany(statement, [(i, f, r, c) for c, i, f, r in kept])


def test_texts_that_are_made_of_a_hidden_field_are_not_searched(world: World) -> None:
    """By whom an agreement does not give it, and by whom it gives it for a purpose only."""
    firms, cases = "/api/v1/datasets/firms/rows?q=hong", "/api/v1/datasets/cases/rows?q=thu"
    for client, path, name, purpose in (
        (world.client(KEEPER), firms, "firms.name", "social_insurance"),
        (world.client(AGENCY), cases, "cases.person_name", ""),
    ):
        answer = client.get(path, headers={"Lienthong-Purpose": purpose})
        assert (answer.status_code, answer.json()["place"]) == (403, name), answer.text
    assert world.client(AGENCY).get(cases).status_code == 200


def test_a_hidden_row_answers_no_question(world: World, connection: psycopg.Connection) -> None:
    """Rows outside the agreement change no count, page, total or unknown-key answer."""

    def ask() -> list[Any]:
        client = world.client(AGENCY)
        found = [client.get("/api/v1/datasets/cases/rows", params=p).json() for p in
                 ({"count": "exact"}, {"limit": "3"}, {"days__gte": "5"}, {"group_by": "channel", "measure": "count"})]  # fmt: skip
        query = {"query": "{ cases { totalCount nodes { caseCode } pageInfo { hasNextPage endCursor } } }"}
        return [*found, client.post("/graphql", json=query).json()]

    before = ask()
    connection.execute(
        "create temp table kept as select case_code, days, channel from governed.cases where channel = 'counter'"
    )
    connection.execute("update governed.cases set days = days + 1000 where channel = 'counter'")
    try:
        assert ask() == before
    finally:
        connection.execute("update governed.cases c set days = k.days from kept k where k.case_code = c.case_code")


def test_a_forbidden_row_is_told_from_an_unknown_one_by_nothing(world: World) -> None:
    """A05, without the clock: same status, body and headers."""
    client = world.client(AGENCY)
    hidden, unknown = (client.get(f"/api/v1/datasets/cases/rows/{key}") for key in ("C002", "C999"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace("C002", "K") == unknown.text.replace("C999", "K")
    varying = {"lienthong-receipt", "ratelimit", "date", "x-request-id"}
    assert {k: v for k, v in hidden.headers.items() if k not in varying} == {
        k: v for k, v in unknown.headers.items() if k not in varying
    }


# --- A16: no function or operator sees rows before the policy does ----------------------------------------------------


def test_a_leaky_function_sees_no_hidden_row(world: World, connection: psycopg.Connection) -> None:
    """A cheap function that tells what it is called with: PostgreSQL calls it only for rows that the policy lets through."""
    consumer = Consumer(world, "cases", Terms(ALL - {"illness"}, frozenset(), {"channel": {"eq": "online"}}, "audit"))
    connection.execute(
        "create or replace function public.leak(text) returns boolean language plpgsql cost 0.0000001 as "
        "$$ begin raise notice 'saw %', $1; return true; end $$"
    )
    notices: list[str] = []
    connection.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    role = sql.Identifier(purpose_role(consumer.agency, "audit"))
    try:
        connection.execute(sql.SQL("set role {}").format(role))
        connection.execute("set client_min_messages = notice")
        rows = connection.execute("select case_code from governed.cases where public.leak(case_code)").fetchall()
    finally:
        connection.execute("reset role")
        connection.execute("drop function public.leak(text)")
    assert len(rows) == len(notices) == 20
    assert all(int(text.rpartition("C")[2]) % 2 for text in notices)


def test_statistics_of_hidden_columns_are_out_of_reach(world: World, connection: psycopg.Connection) -> None:
    connection.execute("analyze governed.cases")
    for role in (purpose_role("office", "social_insurance"), "lienthong_public", "lienthong_agency"):
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        found = connection.execute(
            "select attname from pg_stats where tablename = 'cases' and attname = 'illness'"
        ).fetchall()
        connection.execute("reset role")
        assert found == []


def test_the_keyed_hash_cannot_be_called_or_its_key_be_read(connection: psycopg.Connection) -> None:
    for role in ("lienthong_public", "lienthong_agency", "lienthong_app", "lienthong_administrator"):
        for statement in ("select platform.pseudonym('x')", "select value from platform.secret"):
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("reset role")


def test_a_provider_sees_its_own_and_nobody_elses(world: World) -> None:
    client = world.client(KEEPER)
    assert {row["illness"] for row in client.get("/api/v1/datasets/cases/rows").json()["data"]} == {CANARY}
    assert "capital" not in client.get("/api/v1/datasets/firms/rows").json()["data"][0]
