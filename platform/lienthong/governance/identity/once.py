"""Values that may be used once, for as long as they could be used again."""

import hashlib
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lienthong.governance.identity.tables import UsedOnce


async def first_use(engine: AsyncEngine, kind: str, value: str, until: datetime) -> bool:
    """Is this the first use? The same answer to every process: a row that only one of them can write."""
    key = hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "replace")).hexdigest()
    statement = insert(UsedOnce).values(value=key, expires_at=until).on_conflict_do_nothing()
    async with AsyncSession(engine) as session, session.begin():
        done = await session.execute(statement.returning(UsedOnce.value))  # type: ignore[call-overload]  # a column
        return done.scalar_one_or_none() is not None
