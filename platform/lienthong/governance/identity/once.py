"""Values that may be used once, for as long as they could be used again; and values that hold until a moment."""

import hashlib
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lienthong.governance.identity.tables import UsedOnce
from lienthong.kernel.clock import now


async def first_use(engine: AsyncEngine, kind: str, value: str, until: datetime) -> bool:
    """Is this the first use? The same answer to every process: a row that only one of them can write."""
    statement = insert(UsedOnce).values(value=_key(kind, value), expires_at=until).on_conflict_do_nothing()
    async with AsyncSession(engine) as session, session.begin():
        done = await session.execute(statement.returning(UsedOnce.value))  # type: ignore[call-overload]  # a column
        return done.scalar_one_or_none() is not None


def holding(kind: str, value: str, until: datetime) -> UsedOnce:
    """The row of a value that holds until then."""
    return UsedOnce(value=_key(kind, value), expires_at=until)


async def holds(engine: AsyncEngine, kind: str, value: str) -> bool:
    """Does a value that was written as `holding` still hold?"""
    async with AsyncSession(engine) as session:
        row = await session.get(UsedOnce, _key(kind, value))
    return row is not None and row.expires_at > now()


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "replace")).hexdigest()
