"""Changing the hosted catalogue: one transaction for one action, one after another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

Engine = AsyncEngine
Session = AsyncSession
_TURN = text("select pg_advisory_xact_lock(hashtext('lienthong.hosted'))")


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A transaction that is alone in changing the catalogue; what it reads stays true until it ends.

    Catalogue writes are short and wait for each other, so that changes are seen in the order of their numbers, and
    two workers cannot both find a name free. Whatever takes long (an upload, rows) is done before.
    """
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        await session.execute(_TURN)
        yield session


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that changes nothing."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
