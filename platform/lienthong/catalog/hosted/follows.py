"""Who follows what."""

from sqlalchemy import ColumnElement, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import HostedFollow
from lienthong.kernel.clock import now


async def start(session: AsyncSession, follower: str, kind: str, id: str) -> HostedFollow:
    """Follow something; whoever follows it already goes on."""
    values = {"follower_id": follower, "object_type": kind, "object_id": id, "at": now()}
    await session.execute(insert(HostedFollow).values(**values).on_conflict_do_nothing())
    return (await session.execute(select(HostedFollow).where(*_one(follower, kind, id)))).scalar_one()


async def stop(session: AsyncSession, follower: str, kind: str, id: str) -> None:
    """Follow it no more."""
    await session.execute(delete(HostedFollow).where(*_one(follower, kind, id)))


async def follows(session: AsyncSession, follower: str, kind: str, id: str) -> bool:
    """Do they follow it?"""
    return (await session.execute(select(HostedFollow).where(*_one(follower, kind, id)))).first() is not None


async def followers(session: AsyncSession, kind: str, id: str) -> list[str]:
    """The ids of the users that follow it."""
    query = select(HostedFollow.follower_id).where(HostedFollow.object_type == kind, HostedFollow.object_id == id)
    return list((await session.execute(query.order_by(col(HostedFollow.at)))).scalars())


async def count(session: AsyncSession, kind: str, id: str) -> int:
    """How many users follow it."""
    rows = HostedFollow.object_type == kind, HostedFollow.object_id == id
    return int((await session.execute(select(func.count()).select_from(HostedFollow).where(*rows))).scalar_one())


async def followees(session: AsyncSession, follower: str, kind: str) -> list[str]:
    """The ids of what a user follows."""
    query = select(HostedFollow.object_id).where(HostedFollow.follower_id == follower, HostedFollow.object_type == kind)
    return list((await session.execute(query.order_by(col(HostedFollow.at)))).scalars())


def _one(follower: str, kind: str, id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(HostedFollow.follower_id) == follower,
        col(HostedFollow.object_type) == kind,
        col(HostedFollow.object_id) == id,
    )
