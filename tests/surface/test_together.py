"""Reads by key that meet go as one statement, and nobody can tell: not by the answer, an error, a wait or a right."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest

from lienthong.access.permit import Permit
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import QueryInvalid
from lienthong.store import owner, together
from lienthong.store.compile import Statement
from lienthong.store.condition import value_of
from lienthong.store.database import Database, Row
from lienthong.store.query import Query, fields
from lienthong.store.slots import Marked, Slot, Texts, filled
from lienthong.store.together import shared
from tests.surface.small import World
from tests.surface.test_short_way import DOCUMENT, ROWS, Way, way  # noqa: F401

LOCK = 471_100_012
ODD = [
    '"',
    "\\",
    '\\"',
    "{",
    "}",
    ",",
    "",
    "NULL",
    "null",
    "a,b",
    "{a}",
    "$1",
    "'",
    "Hồng Hà",
    "\n",
    " ",
    "\u2028",
    "\\x41",
]


class Noting(Database):
    """The real database, which also remembers what it sent."""

    def __init__(self, url: str, size: int) -> None:
        super().__init__(url, size)
        self.sent: list[tuple[str, Sequence[str]]] = []

    async def _rows(self, sql: str, params: Sequence[str]) -> list[Row]:
        self.sent.append((sql, params))
        return await super()._rows(sql, params)


@asynccontextmanager
async def opened(world: World) -> AsyncIterator[Noting]:
    """Connections of its own, as a server process has them."""
    database = Noting(owner.app_url(world.settings), 4)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def held(world: World) -> Iterator[None]:
    """Statements of `echo` whose text begins with `held` wait until this ends."""
    with owner.connect(world.settings) as connection, connection.transaction(force_rollback=True):
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        yield


def echo(world: World) -> Statement:
    """A statement of a kind that answers with its own text."""
    lock = f"pg_advisory_xact_lock_shared({LOCK})"
    sql = f"select $1, case when $1 like 'held%' then {lock}::text end"
    made = Statement(sql, (Slot(0, str, ""),), ("body", "none"), kept=True)
    found = shared(made, world.registry.get("firms"))
    assert found.many
    return found


def reads(database: Database, statement: Statement, texts: Sequence[str]) -> list[Coroutine[Any, Any, Row]]:
    """A read for each text."""
    return [database.read(statement.filled(filled(statement.params, Texts([text])))) for text in texts]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, reads wait for the one before."""
    monkeypatch.setattr(together, "PATIENCE", 600)


@pytest.mark.usefixtures("patient")
def test_each_of_many_gets_its_own_row_in_few_statements(world: World) -> None:
    texts = [*(f"text {n}" for n in range(60)), *ODD, *ODD]

    async def run() -> tuple[list[Row], int]:
        async with opened(world) as database:
            rows = await asyncio.gather(*reads(database, echo(world), texts))
            return rows, len(database.sent)

    rows, statements = world.portal.call(run)
    assert [row[0] for row in rows] == [text.encode() for text in texts]
    assert statements == 2, "the first one alone, and all that came meanwhile"


def test_who_reads_alone_sends_the_statement_of_one(world: World) -> None:
    async def run() -> list[tuple[str, Sequence[str]]]:
        async with opened(world) as database:
            for text in ("a", "b"):
                await reads(database, echo(world), [text])[0]
            return database.sent

    assert world.portal.call(run) == [(echo(world).sql, ("a",)), (echo(world).sql, ("b",))]


def test_nobody_waits_long_for_another(world: World) -> None:
    async def run() -> None:
        async with opened(world) as database:
            with held(world):
                first = asyncio.ensure_future(reads(database, echo(world), ["held"])[0])
                await asyncio.sleep(0)
                others = await asyncio.gather(*reads(database, echo(world), ["b", "c"]))
                assert [row[0] for row in others] == [b"b", b"c"]
                assert not first.done()
            assert (await first)[0] == b"held"

    world.portal.call(run)


@pytest.mark.usefixtures("patient")
def test_who_leaves_takes_nobody_along(world: World) -> None:
    async def run() -> None:
        async with opened(world) as database:
            with held(world):
                texts = ["held", "b", "c", "d"]
                tasks = [asyncio.ensure_future(read) for read in reads(database, echo(world), texts)]
                await asyncio.sleep(0)
                tasks[0].cancel()
                tasks[2].cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
            assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, False, True, False]
            assert [one[0] for one in found if isinstance(one, tuple)] == [b"b", b"d"]
            assert (await reads(database, echo(world), ["e"])[0])[0] == b"e"

    world.portal.call(run)


def killed(world: World) -> int:
    """End the connections whose statement for many waits; how many those were."""
    waits = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like %s and wait_event = 'advisory'"
    )
    return int(world.owner(waits, "select answered.*%")[0][0])


@pytest.mark.usefixtures("patient")
def test_a_connection_that_is_lost_with_many_on_it_costs_nobody_the_answer(world: World) -> None:
    texts = [f"held {n}" for n in range(8)]

    async def run() -> None:
        async with opened(world) as database:
            with held(world):
                tasks = [asyncio.ensure_future(read) for read in reads(database, echo(world), ["first", *texts])]
                while not await asyncio.to_thread(killed, world):
                    assert not any(task.done() for task in tasks[1:])
                    await asyncio.sleep(0.01)
            assert [row[0] for row in await asyncio.gather(*tasks)] == [b"first", *(t.encode() for t in texts)]
            assert [sql for sql, _ in database.sent].count(echo(world).many) == 1

    world.portal.call(run)


def test_one_bad_text_is_nobody_elses(world: World) -> None:
    async def run() -> list[Row | BaseException]:
        async with opened(world) as database:
            made = Statement("select 10 / length($1)", (Slot(0, str, ""),), kept=True)
            statement = shared(made, world.registry.get("firms"))
            return await asyncio.gather(*reads(database, statement, ["a", "bb", "", "ccccc"]), return_exceptions=True)

    first, second, bad, last = world.portal.call(run)
    assert (first, second, last) == ((b"10",), (b"5",), (b"2",))
    assert isinstance(bad, QueryInvalid)


def keyed(world: World, dataset: str, shown: Sequence[str], *key: str) -> tuple[Query, ...]:
    """A query by a marked key."""
    contract = world.registry.get(dataset)
    names = zip(contract.primary_key, key, strict=True)
    made = tuple(value_of(contract.by_name[name], "eq", Marked.of(part, n)) for n, (name, part) in enumerate(names))
    return (Query(dataset, fields(shown), key=made),)


def test_only_open_rows_by_texts_of_their_key_are_of_a_kind(world: World, way: Way) -> None:  # noqa: F811
    def many(subject: Any, query: tuple[Query, ...]) -> bool:
        prepared = world.door.prepare(subject, "one", query)
        return prepared is not None and bool(prepared.statement.many)

    assert many(ANONYMOUS, keyed(world, "firms", ["name"], "F0001"))
    assert many(ANONYMOUS, keyed(world, "permits", ["granted_on"], "F0003", "1/2024/GP-UBND"))
    (fixed,) = keyed(world, "firms", ["name"], "F0001")
    assert not many(ANONYMOUS, (fixed.but(key=("F0001",)),)), "another text is another statement"
    assert not many(ANONYMOUS, (Query("firms", fields(["name"])),))
    slot, contract = (Slot(0, str, ""),), world.registry.get("firms")
    assert not shared(Statement("select $1, '$1'", slot), contract).many
    assert not shared(Statement("select $1", slot, governed=True), contract).many
    assert not shared(Statement("select $1, $2", (*slot, 5)), contract).many
    assert not Permit(world.registry, ANONYMOUS).governed


def test_requests_that_meet_are_answered_as_each_by_itself(way: Way) -> None:  # noqa: F811
    codes = [f"F{n:04}" for n in range(70)] + ["F9999", "a,b", "F00%304", "%00", "%ff", "f0001"]
    documents = [{"query": DOCUMENT, "variables": {"first": 1, "code": code}} for code in codes[:6]]
    one = "query One($code: String!) { firm(firmCode: $code) { firmCode name capital place { name } } }"
    documents += [{"query": one, "variables": {"code": code}} for code in codes]

    async def run(app: Any, at_once: bool) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://world") as client:
            made = [client.get(f"{ROWS.format('firms')}/{code}?fields=name,capital") for code in codes]
            made += [client.post("/graphql", json=document) for document in documents]
            size = 4 if at_once else 1  # as many as there are connections: none has to wait for one
            groups = [made[n : n + size] for n in range(0, len(made), size)]
            return [answer for group in groups for answer in await asyncio.gather(*group)]

    for round_ in range(3):  # the first ones are planned
        met = way.world.portal.call(run, way.app, True)
        if not round_:
            alone = way.world.portal.call(run, way.world.app, False)
        own = {"x-content-type-options", "referrer-policy", "ratelimit", "ratelimit-policy"}
        for short, long in zip(met, alone, strict=True):
            assert (short.status_code, short.content) == (long.status_code, long.content)
            told = ({k: v for k, v in answer.headers.items() if k not in own} for answer in (short, long))
            assert next(told) == next(told)


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_alone_is_the_same_as_among_others(world: World, text: str) -> None:
    async def run() -> tuple[Row, Row]:
        async with opened(world) as database:
            alone = await reads(database, echo(world), [text])[0]
            return alone, (await asyncio.gather(*reads(database, echo(world), ["first", text, "last"])))[1]

    alone, among = world.portal.call(run)
    assert alone == among
