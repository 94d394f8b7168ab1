"""What is served is looked at before callers have to wait for it, only while they ask, and never too seldom."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ckan
from lienthong.app.asgi import services
from lienthong.catalog import ahead
from lienthong.catalog.snapshot import Catalog
from lienthong.ckan.indexes import Indexes
from lienthong.store import owner
from tests.surface.small import World

HALF = ahead.SECONDS + 0.1


class Watch:
    """A catalogue of its own, and how often it was looked at."""

    def __init__(self, world: World) -> None:
        self.engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
        self.catalog = Catalog(world.registry, self.engine)
        self.indexes = Indexes(self.catalog, world.registry, "http://site")
        self.looks = 0
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        self.looks += "platform.validation_result" in statement and "concat_ws" in statement

    def grow_old(self, seconds: float = HALF) -> None:
        """The last look was so long ago."""
        self.catalog._looked = time.monotonic() - seconds

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While somebody looks ahead."""
        task = asyncio.create_task(ahead.keep([self.catalog, self.indexes]))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def run(world: World, test: Callable[[Watch], Awaitable[None]]) -> None:
    """In a loop of its own."""

    async def within() -> None:
        watch = Watch(world)
        try:
            await test(watch)
        finally:
            await watch.engine.dispose()

    asyncio.run(within())


async def until(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(300):
        while not fact():
            await asyncio.sleep(0.02)


def test_it_is_due_when_asked_for_and_old(world: World) -> None:
    async def test(watch: Watch) -> None:
        catalog = watch.catalog
        await catalog.current()
        watch.grow_old(-60)
        assert not catalog.is_due(), "it was looked at just now"
        watch.grow_old()
        assert catalog.is_due()
        await catalog.look()
        watch.grow_old()
        assert not catalog.is_due(), "nobody has asked since"
        _ = catalog.fresh
        assert catalog.is_due()

    run(world, test)


def test_nobody_has_to_wait(world: World) -> None:
    """Callers who only ever take what is there find it looked at anew."""

    async def test(watch: Watch) -> None:
        await watch.catalog.current()
        looks = watch.looks
        async with watch.kept():
            watch.grow_old()
            await until(lambda: watch.looks > looks)
            looks = watch.looks
            _ = watch.catalog.fresh
            watch.grow_old(100)
            await until(lambda: watch.looks > looks)

    run(world, test)


def test_the_index_too(world: World) -> None:
    async def test(watch: Watch) -> None:
        await watch.indexes.of("vi")
        kept = watch.indexes._kept["vi"]
        kept._looked = old = time.monotonic() - HALF
        assert watch.indexes.is_due()
        async with watch.kept():
            await until(lambda: kept._looked > old)
        kept._looked = time.monotonic() - HALF
        assert not watch.indexes.is_due(), "nobody has asked since"

    run(world, test)


def test_a_change_during_a_look_is_looked_for_again(world: World) -> None:
    async def test(watch: Watch) -> None:
        look = asyncio.create_task(watch.catalog.current())
        await asyncio.sleep(0)  # it waits for the database now
        watch.catalog.look_again()
        await look
        assert watch.catalog.fresh is None
        await watch.catalog.current()
        assert watch.looks == 2

    run(world, test)


def test_a_look_that_fails_is_left_to_who_asks(world: World) -> None:
    async def test(watch: Watch) -> None:
        await watch.catalog.current()
        tries = 0

        class Broken:
            def is_due(self) -> bool:
                return True

            async def look(self) -> None:
                nonlocal tries
                tries += 1
                raise ConnectionError

        task = asyncio.create_task(ahead.keep([Broken(), watch.catalog]))
        looks = watch.looks
        watch.grow_old()
        await until(lambda: tries > 1 and watch.looks > looks)
        assert not task.done()
        task.cancel()

    run(world, test)


def test_the_app_looks_ahead(world: World) -> None:
    """The surfaces have named what is to be looked at."""
    given, _ = services(world.settings)
    ckan.router(given)
    assert [type(each) for each in given.watched] == [Indexes]
