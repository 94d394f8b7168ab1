"""Groups and organizations of the hosted catalogue, and who or what belongs to them."""

from collections.abc import Iterable, Mapping

import sqlalchemy
from sqlalchemy import ColumnElement, delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import and_, col, or_, select

from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedFollow,
    HostedGone,
    HostedGroup,
    HostedMember,
    HostedPackage,
    HostedUser,
)

Condition = ColumnElement[bool]
Roles = Mapping[str, str]
"""From the id of a member to its capacity."""


async def find(session: AsyncSession, name: str, kind: str | None = None) -> HostedGroup | None:
    """The group or organization with the id or name, deleted ones too."""
    query = select(HostedGroup).where(or_(HostedGroup.id == name, HostedGroup.name == name))
    found: HostedGroup | None = (await session.execute(query)).scalars().first()
    return found if found is None or kind in (None, found.kind) else None


async def active(session: AsyncSession, kind: str) -> list[HostedGroup]:
    """All that are not deleted, the oldest first."""
    query = select(HostedGroup).where(HostedGroup.kind == kind, HostedGroup.state == ACTIVE)
    return list((await session.execute(query.order_by(col(HostedGroup.created)))).scalars())


async def version(session: AsyncSession) -> tuple[int, int]:
    """Numbers of the last change of any group, and of the last one that went: another pair, other groups."""
    last = sqlalchemy.select(func.max(col(HostedGroup.change))).scalar_subquery()
    gone = sqlalchemy.select(func.max(col(HostedGone.change))).scalar_subquery()
    row = (await session.execute(sqlalchemy.select(last, gone))).one()
    return row[0] or 0, row[1] or 0


async def by_ids(session: AsyncSession, ids: Iterable[str]) -> list[HostedGroup]:
    """Those with the ids."""
    return list((await session.execute(select(HostedGroup).where(col(HostedGroup.id).in_(list(ids))))).scalars())


async def users_of(session: AsyncSession, ids: Iterable[str]) -> dict[str, list[tuple[HostedUser, str]]]:
    """The users of each group with their capacity, by name."""
    found: dict[str, list[tuple[HostedUser, str]]] = {}
    query = (
        select(HostedMember.group_id, HostedMember.capacity, HostedUser)
        .join(HostedUser, col(HostedUser.id) == HostedMember.table_id)
        .where(
            HostedMember.table_name == "user", HostedMember.state == ACTIVE, col(HostedMember.group_id).in_(list(ids))
        )
        .order_by(HostedUser.name)
    )
    for group, capacity, user in (await session.execute(query)).all():
        found.setdefault(group, []).append((user, capacity))
    return found


async def parents_of(session: AsyncSession, ids: Iterable[str]) -> dict[str, list[tuple[HostedGroup, str]]]:
    """The groups that each group is in, with the capacity."""
    found: dict[str, list[tuple[HostedGroup, str]]] = {}
    query = (
        select(HostedMember.group_id, HostedMember.capacity, HostedGroup)
        .join(HostedGroup, col(HostedGroup.id) == HostedMember.table_id)
        .where(
            HostedMember.table_name == "group", HostedMember.state == ACTIVE, col(HostedMember.group_id).in_(list(ids))
        )
        .order_by(col(HostedMember.number))
    )
    for group, capacity, parent in (await session.execute(query)).all():
        found.setdefault(group, []).append((parent, capacity))
    return found


async def members(
    session: AsyncSession, id: str, kind: str | None = None, capacity: str | None = None
) -> list[HostedMember]:
    """Whatever belongs to a group, in the order in which it was put in; an organization's datasets: `datasets_of`."""
    query = select(HostedMember).where(HostedMember.group_id == id, HostedMember.state == ACTIVE)
    if kind:
        query = query.where(HostedMember.table_name == kind)
    if capacity:
        query = query.where(HostedMember.capacity == capacity)
    return list((await session.execute(query.order_by(col(HostedMember.number)))).scalars())


async def packages(session: AsyncSession, ids: Iterable[str]) -> list[HostedPackage]:
    """The packages with the ids."""
    return list((await session.execute(select(HostedPackage).where(col(HostedPackage.id).in_(list(ids))))).scalars())


async def datasets_of(session: AsyncSession, id: str) -> list[HostedPackage]:
    """The datasets of an organization that are not deleted."""
    query = select(HostedPackage).where(HostedPackage.owner_org == id, HostedPackage.state != DELETED)
    return list((await session.execute(query.order_by(HostedPackage.name))).scalars())


async def package(session: AsyncSession, name: str) -> HostedPackage | None:
    """The dataset with the id or name; of one name, the one that is not deleted."""
    query = select(HostedPackage).where(or_(HostedPackage.id == name, HostedPackage.name == name))
    found = list((await session.execute(query)).scalars())
    return min(found, key=lambda p: (p.state == DELETED, p.id != name), default=None)


async def put(session: AsyncSession, group: str, kind: str, member: str, capacity: str) -> HostedMember:
    """Make something a member, or give it another capacity."""
    same = _same(group, kind, member)
    found: HostedMember | None = (await session.execute(select(HostedMember).where(*same))).scalar_one_or_none()
    if found is None:
        found = HostedMember(group_id=group, table_name=kind, table_id=member)
        session.add(found)
    found.capacity, found.state = capacity, ACTIVE
    await session.flush()
    return found


async def remove(session: AsyncSession, group: str, kind: str, member: str) -> None:
    """It is no member any more; nothing happens when it was none."""
    same = _same(group, kind, member)
    await session.execute(update(HostedMember).where(*same).values(state=DELETED))


async def replace(session: AsyncSession, group: str, kind: str, wanted: Roles) -> None:
    """These are the members of a kind, and no others."""
    for member in await members(session, group, kind):
        if member.table_id not in wanted:
            member.state = DELETED
    for id, capacity in wanted.items():
        await put(session, group, kind, id, capacity)


async def delete_group(session: AsyncSession, group: HostedGroup) -> None:
    """The group is deleted, and so is every membership in it and of it."""
    theirs = or_(col(HostedMember.group_id) == group.id, _is(group))
    await session.execute(update(HostedMember).where(theirs).values(state=DELETED))
    group.state = DELETED


async def purge(session: AsyncSession, group: HostedGroup) -> None:
    """Nothing of the group is left."""
    await session.execute(delete(HostedMember).where(or_(col(HostedMember.group_id) == group.id, _is(group))))
    follows = col(HostedFollow.object_type) == "group", col(HostedFollow.object_id) == group.id
    await session.execute(delete(HostedFollow).where(*follows))
    await session.execute(update(HostedPackage).where(col(HostedPackage.owner_org) == group.id).values(owner_org=None))
    await session.flush()
    await session.delete(group)


async def followers(session: AsyncSession, ids: Iterable[str]) -> dict[str, int]:
    """How many users follow each group."""
    followed = col(HostedFollow.object_type) == "group", col(HostedFollow.object_id).in_(list(ids))
    query = sqlalchemy.select(col(HostedFollow.object_id), func.count()).where(*followed)
    rows = (await session.execute(query.group_by(col(HostedFollow.object_id)))).all()
    return {row[0]: row[1] for row in rows}


async def ancestors(session: AsyncSession, id: str) -> set[str]:
    """Every group above one."""
    above: set[str] = set()
    level = {id}
    while level:
        parents = await parents_of(session, level)
        level = {parent.id for rows in parents.values() for parent, _ in rows} - above
        above |= level
    return above


def _is(group: HostedGroup) -> Condition:
    return and_(col(HostedMember.table_name) == "group", col(HostedMember.table_id) == group.id)


def _same(group: str, kind: str, member: str) -> tuple[Condition, ...]:
    return (
        col(HostedMember.group_id) == group,
        col(HostedMember.table_name) == kind,
        col(HostedMember.table_id) == member,
    )
