"""Entries of reads that come together are written together; each still stands before its rows go out (issue 3)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.access.door import Answer, Door
from lienthong.access.turns import Turns
from lienthong.governance.directory import Directory
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import of_database
from lienthong.governance.ledger.seal import seal
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.governance.session import Sessions
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Unavailable
from lienthong.store import owner
from lienthong.store.database import Database
from lienthong.store.inbox import NotRecorded
from lienthong.store.query import Page, Query, fields
from lienthong.store.record import Texts
from tests.surface.small import AGENCY, PURPOSE, World

QUERY = Query("cases", fields(["case_code", "days"]), page=Page(limit=3))
WRITER = (
    "select pid from pg_stat_activity where query like 'insert into platform.ledger%%' and usename = 'lienthong_app'"
)
Read = Callable[[], Coroutine[Any, Any, Answer]]


@asynccontextmanager
async def reading(world: World) -> AsyncIterator[tuple[Database, Read]]:
    """A door of its own, as a server process has it, and what reads three rows."""
    url = owner.app_url(world.settings)
    database, engine = Database(url, 8), create_async_engine(owner.sqlalchemy_url(url))
    await database.open()
    door = Door(world.registry, database, turns=Turns(1000))
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    subject: Subject = await directory.subject({"authorization": f"Bearer {AGENCY}", "lienthong-purpose": PURPOSE})
    try:
        yield database, lambda: door.rows(subject, QUERY, surface="rest")
    finally:
        await database.close()
        await engine.dispose()


@contextmanager
def held(world: World) -> Iterator[None]:
    """Nobody can write into the ledger, and who tries waits."""
    with owner.connect(world.settings) as connection, connection.transaction(force_rollback=True):
        connection.execute("lock table platform.ledger in share mode")
        yield


def entries(world: World) -> list[tuple[Any, ...]]:
    """Receipt, writer, sequence, transaction, keys of what waits in the inbox."""
    return world.owner(
        "select replace(receipt::text, '-', ''), writer::text, sequence, xmin::text, keys, rows from platform.ledger order by id"
    )


@pytest.fixture
def empty(own_world: World) -> World:
    """The inbox is sealed."""
    with owner.connect(own_world.settings) as connection:
        while seal(own_world.settings, own_world.registry, connection):
            pass
    assert entries(own_world) == []
    return own_world


def whole(world: World) -> bool:
    """Is all of the ledger as it was written, without a gap?"""
    with owner.connect(world.settings) as connection:
        while seal(world.settings, world.registry, connection):
            pass
        keys, anchors = anchors_in(anchor.places(world.settings))
        report = verify(of_database(connection), keys, anchors)[0]
        assert report.ok, report.findings
        return connection.execute("select count(*) from platform.ledger_log where kind <> 'read'").fetchone() == (0,)


def test_two_hundred_at_once_are_numbered_without_a_gap(empty: World) -> None:
    async def run() -> list[Answer]:
        async with reading(empty) as (_, read):
            return await asyncio.gather(*(read() for _ in range(200)))

    answers, found = empty.portal.call(run), entries(empty)
    assert all(a.count == 3 for a in answers)
    assert {a.receipt for a in answers} == {e[0] for e in found} and len(found) == 200
    assert len({e[1] for e in found}) == 1 and [e[2] for e in found] == list(range(1, 201))
    assert len({e[3] for e in found}) < 200, "several entries share a commit"
    assert all(len(e[4]) == 3 and e[5] == 3 for e in found)
    assert whole(empty)


def test_no_answer_leaves_before_its_batch_is_written(empty: World) -> None:
    async def run() -> None:
        async with reading(empty) as (_, read):
            await read()
            with held(empty):
                tasks = [asyncio.ensure_future(read()) for _ in range(20)]
                await stuck(empty)
                assert not any(task.done() for task in tasks)
                assert len(entries(empty)) == 1
            answers = await asyncio.gather(*tasks)
        assert {a.receipt for a in answers} < {e[0] for e in entries(empty)}

    empty.portal.call(run)
    assert whole(empty)


def test_a_connection_that_breaks_refuses_its_batch_and_the_next_one_is_written(empty: World) -> None:
    async def run() -> tuple[list[Any], Answer]:
        async with reading(empty) as (_, read):
            await read()
            with held(empty):
                tasks = [asyncio.ensure_future(read()) for _ in range(20)]
                await stuck(empty)
                assert empty.owner(
                    f"select pg_terminate_backend(pid) from ({WRITER} and wait_event_type = 'Lock') w"
                ) == [(True,)]
                first = await asyncio.gather(*tasks[:1], return_exceptions=True)
                assert isinstance(first[0], Unavailable)
            rest = await asyncio.gather(*tasks, return_exceptions=True)
            return rest, await read()

    results, after = empty.portal.call(run)
    told = {r.receipt for r in results if isinstance(r, Answer)} | {after.receipt}
    assert all(isinstance(r, Answer | Unavailable) for r in results)
    found = entries(empty)
    assert told <= {e[0] for e in found} and len({e[1] for e in found}) == 2
    assert whole(empty), "what was refused is no gap"


def test_a_restarted_connection_between_two_reads_is_noticed_by_nobody(empty: World) -> None:
    async def run() -> None:
        async with reading(empty) as (database, read):
            await read()
            assert empty.owner(f"select pg_terminate_backend(pid) from ({WRITER}) w") != []
            while empty.owner(WRITER):
                await asyncio.sleep(0.05)
            link = database._inbox._link
            while link is not None and not link.broken:
                await asyncio.sleep(0.05)
            await read()

    empty.portal.call(run)
    assert len(entries(empty)) == 2 and whole(empty)


def test_who_hangs_up_is_on_record_all_the_same(empty: World) -> None:
    async def run() -> None:
        async with reading(empty) as (database, read):
            await read()
            with held(empty):
                tasks = [asyncio.ensure_future(read()) for _ in range(3)]
                await given_in(database, 3)
                await stuck(empty)
                tasks[0].cancel()
                tasks[1].cancel()
                await asyncio.sleep(0.1)
            await asyncio.gather(*tasks, return_exceptions=True)
            await read()

    empty.portal.call(run)
    assert len(entries(empty)) == 5 and whole(empty)


def test_what_waits_is_written_before_the_server_ends(empty: World) -> None:
    async def run() -> list[Any]:
        async with reading(empty) as (database, read):
            with held(empty):
                tasks = [asyncio.ensure_future(read()) for _ in range(5)]
                await given_in(database, 5)
                closing = asyncio.ensure_future(database.close())
                await asyncio.sleep(0.2)
                assert not closing.done()
            await closing
            return await asyncio.gather(*tasks)

    receipts = {answer.receipt for answer in empty.portal.call(run)}
    assert receipts == {e[0] for e in entries(empty)} and len(receipts) == 5


async def stuck(world: World) -> None:
    """Until the writer waits for the ledger."""
    while not world.owner(f"select 1 from ({WRITER} and wait_event_type = 'Lock') w"):
        await asyncio.sleep(0.05)


async def given_in(database: Database, reads: int) -> None:
    """Until so many reads have given in their entries since it was called."""
    write, found = database._inbox.write, 0

    async def counted(entries: Sequence[Texts]) -> None:
        nonlocal found
        found += 1
        await write(entries)

    database._inbox.write = counted  # type: ignore[method-assign]
    while found < reads:
        await asyncio.sleep(0.05)
    database._inbox.write = write  # type: ignore[method-assign]


def given(number: int, condition: str) -> Texts:
    """An entry as the store writes it."""
    receipt = f"{number:032x}"
    return (receipt, "x", None, None, "cases", "{}", condition, "", None, "rest", "current", None, "1", "{1}")


def test_an_entry_that_cannot_be_written_refuses_its_own_read_only(empty: World) -> None:
    async def run() -> list[Any]:
        async with reading(empty) as (database, _):
            write = database._inbox.write
            given_in = ['{"a": 1}' if n != 5 else '{"a": "\\u0000"}' for n in range(12)]
            return await asyncio.gather(*(write([given(n, c)]) for n, c in enumerate(given_in)), return_exceptions=True)

    results = empty.portal.call(run)
    assert [n for n, result in enumerate(results) if result is not None] == [5]
    assert isinstance(results[5], errors.DataError)
    assert len(entries(empty)) == 11 and whole(empty)


def test_a_ledger_that_hangs_refuses_in_the_end(empty: World) -> None:
    """No answer, and no growing crowd: who waits is refused, with words of its own."""

    async def run() -> list[Any]:
        async with reading(empty) as (database, read):
            await read()
            with held(empty):
                begun = time.monotonic()
                results = await asyncio.gather(*(read() for _ in range(3)), return_exceptions=True)
                assert time.monotonic() - begun < 60  # eight seconds, and as long as the machine is busy
                database._inbox._waiting = [None] * 1000  # type: ignore[list-item]
                with pytest.raises(NotRecorded):
                    await database._inbox.write([given(1, "{}")])
                database._inbox._waiting = []
                return results

    for result in empty.portal.call(run):
        assert isinstance(result, Unavailable) and "ledger cannot be written" in str(result)
    assert len(entries(empty)) == 1 and whole(empty)
