"""What people did to datasets, groups and themselves: written with the change, read by whoever may see its object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, Text, cast, delete, false, func, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import and_, col, or_, select

from lienthong.catalog.hosted.caller import Caller
from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedActivity,
    HostedFollow,
    HostedMember,
    HostedPackage,
)
from lienthong.kernel.clock import now

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Page:
    """Which of the activities that fit are wanted."""

    limit: int | None  # None: all
    offset: int = 0
    before: datetime | None = None
    after: datetime | None = None
    types: Sequence[str] | None = None
    without: Sequence[str] | None = None
    hidden: Sequence[str] = ()  # users whose activities are not shown


def record(
    session: AsyncSession,
    user_id: str | None,
    object_id: str,
    activity_type: str,
    data: dict[str, Any] | None = None,
    labels: list[str] | None = None,
) -> HostedActivity:
    """Put down what a user did; it is kept with the transaction. `labels` for packages only, see `labels_of`."""
    row = HostedActivity(
        user_id=user_id or "not logged in",
        object_id=object_id,
        activity_type=activity_type,
        data=data or {},
        permission_labels=labels,
    )
    session.add(row)
    return row


def labels_of(package: HostedPackage) -> list[str]:
    """Who may see what is done to a package now (CKAN's permission labels)."""
    if package.state == ACTIVE and not package.private:
        return ["public"]
    return [f"member-{package.owner_org}" if package.owner_org else f"creator-{package.creator}"]


def held_by(caller: Caller) -> list[str]:
    """The labels of what a caller may see."""
    own = [f"creator-{caller.id}"] if caller.id else []
    shared = [f"collaborator-{id}" for id in caller.collaborations]
    return ["public", *own, *shared, *sorted(f"member-{id}" for id in caller.reads())]


async def listed(session: AsyncSession, caller: Caller, about: Condition, page: Page) -> list[HostedActivity]:
    """Activities, the newest first, that the caller may see."""
    query = select(HostedActivity).where(about, _visible(caller))
    if page.hidden:
        query = query.where(col(HostedActivity.user_id).not_in(page.hidden))
    if page.types is not None:
        query = query.where(col(HostedActivity.activity_type).in_(page.types))
    if page.without is not None:
        query = query.where(col(HostedActivity.activity_type).not_in(page.without))
    if page.after:
        query = query.where(HostedActivity.timestamp > page.after)
    if page.before:
        query = query.where(HostedActivity.timestamp < page.before)
    # Only `after`: the page that follows it, not the newest.
    forward = page.after is not None and page.before is None
    number = col(HostedActivity.number)
    query = query.order_by(number if forward else number.desc()).offset(page.offset).limit(page.limit)
    found = list((await session.execute(query)).scalars())
    return found[::-1] if forward else found


def _visible(caller: Caller) -> Condition:
    if caller.sysadmin:
        return true()
    of_package = col(HostedActivity.activity_type).endswith("package")
    held: Condition = col(HostedActivity.permission_labels).op("&&")(cast(held_by(caller), ARRAY(Text)))
    return or_(~of_package, held)


# --- what they are about ---------------------------------------------------------------------------------------------


def about_object(id: str) -> Condition:
    """What was done to one thing."""
    return col(HostedActivity.object_id) == id


def by_user(id: str) -> Condition:
    """What a user did, and what was done to them."""
    return or_(col(HostedActivity.user_id) == id, col(HostedActivity.object_id) == id)


def about_organization(id: str) -> Condition:
    """What was done to an organization and its public datasets."""
    theirs = select(HostedPackage.id).where(HostedPackage.owner_org == id, col(HostedPackage.private).is_(False))
    return or_(about_object(id), col(HostedActivity.object_id).in_(theirs))


def about_group(*ids: str) -> Condition:
    """What was done to groups and their public datasets; of a deleted dataset, when it was in the group at its end."""
    if not ids:
        return false()
    alive = and_(HostedMember.state == ACTIVE, HostedPackage.state == ACTIVE)
    gone = and_(HostedMember.state == DELETED, HostedPackage.state == DELETED)
    theirs: Select[Any] = (
        select(HostedPackage.id)
        .join(HostedMember, col(HostedMember.table_id) == HostedPackage.id)
        .where(
            HostedMember.table_name == "package",
            col(HostedMember.group_id).in_(ids),
            col(HostedPackage.private).is_(False),
            or_(alive, gone),
        )
    )
    return or_(col(HostedActivity.object_id).in_(ids), col(HostedActivity.object_id).in_(theirs))


def about_packages() -> Condition:
    """What was done to any dataset."""
    return col(HostedActivity.activity_type).endswith("package")


def every() -> Condition:
    """Whatever was done."""
    return true()


def older_than(moment: datetime) -> Condition:
    """What was done before a moment."""
    return col(HostedActivity.timestamp) < moment


def between(first: datetime, last: datetime) -> Condition:
    """What was done from one moment to another, both counted."""
    return and_(col(HostedActivity.timestamp) >= first, col(HostedActivity.timestamp) <= last)


def itself(id: str) -> Condition:
    """One activity."""
    return col(HostedActivity.id) == id


async def followed_by(session: AsyncSession, id: str) -> Condition:
    """What a user did, and what was done by or to whatever they follow."""
    query = select(HostedFollow.object_type, HostedFollow.object_id).where(HostedFollow.follower_id == id)
    follows = (await session.execute(query)).all()
    users = [o for kind, o in follows if kind == "user"]
    groups = [o for kind, o in follows if kind == "group"]
    datasets = [o for kind, o in follows if kind == "dataset"]
    owned = select(HostedPackage.id).where(col(HostedPackage.owner_org).in_(groups))
    return or_(
        by_user(id),
        col(HostedActivity.user_id).in_(users),
        col(HostedActivity.object_id).in_([*users, *datasets]),
        and_(col(HostedActivity.object_id).in_(owned), about_packages()),
        about_group(*groups),
    )


# --- one, and many away ----------------------------------------------------------------------------------------------


async def find(session: AsyncSession, id: str) -> HostedActivity | None:
    """The activity with the id."""
    query = select(HostedActivity).where(HostedActivity.id == id)
    found: HostedActivity | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def before(session: AsyncSession, activity: HostedActivity) -> HostedActivity | None:
    """The one before it about the same thing."""
    older = HostedActivity.object_id == activity.object_id, col(HostedActivity.number) < activity.number
    query = select(HostedActivity).where(*older).order_by(col(HostedActivity.number).desc()).limit(1)
    found: HostedActivity | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def drop(session: AsyncSession, which: Condition, keep: int = 0) -> int:
    """Delete activities, but keep the newest `keep` of each thing; how many went."""
    numbers = select(
        HostedActivity.number,
        func.row_number()
        .over(partition_by=col(HostedActivity.object_id), order_by=col(HostedActivity.number).desc())
        .label("rank"),
    ).where(which)
    ranked = numbers.subquery()
    old = select(ranked.c.number).where(ranked.c.rank > keep)
    done = await session.execute(delete(HostedActivity).where(col(HostedActivity.number).in_(old)))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult


async def ages(session: AsyncSession) -> dict[str, int]:
    """How many there are, and how many are older than a day, a month, a year."""
    moment, at = now(), col(HostedActivity.timestamp)
    counts = [func.count().filter(at < moment - timedelta(days=days)) for days in (1, 30, 365)]
    row = (await session.execute(sqlalchemy.select(*counts, func.count()).select_from(HostedActivity))).one()
    return dict(zip(("older_than_1_day", "older_than_30_days", "older_than_365_days", "total"), row, strict=True))
