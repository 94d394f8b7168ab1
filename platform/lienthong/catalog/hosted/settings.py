"""Values that actions keep by name: site options, states of tasks, translations of terms, what a user has seen."""

from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import HostedSetting

Body = dict[str, Any]


async def get(session: AsyncSession, kind: str, key: str) -> Body | None:
    """One value."""
    found = await session.get(HostedSetting, (kind, key))
    return found.body if found else None


async def every(session: AsyncSession, kind: str) -> dict[str, Body]:
    """All values of a kind."""
    rows = (await session.execute(select(HostedSetting).where(HostedSetting.kind == kind))).scalars()
    return {row.key: row.body for row in rows}


async def holding(session: AsyncSession, kind: str, **members: str) -> list[Body]:
    """The values of a kind that have these members."""
    body = col(HostedSetting.body)
    query = select(HostedSetting).where(HostedSetting.kind == kind, body.contains(members)).order_by(HostedSetting.key)
    return [row.body for row in (await session.execute(query)).scalars()]


async def put(session: AsyncSession, kind: str, key: str, body: Body) -> None:
    """Keep a value under its name."""
    statement = insert(HostedSetting).values(kind=kind, key=key, body=body)
    await session.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_={"body": body}))


async def drop(session: AsyncSession, kind: str, key: str) -> None:
    """Forget a value."""
    await session.execute(delete(HostedSetting).where(col(HostedSetting.kind) == kind, col(HostedSetting.key) == key))
