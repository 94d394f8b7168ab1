"""What hosted packages have to do with organizations, groups, users and each other."""

from collections.abc import Iterable

from sqlalchemy import delete, func, update
from sqlmodel import col, or_, select

from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedCollaborator,
    HostedGroup,
    HostedMember,
    HostedPackage,
    HostedRelationship,
    HostedUser,
)
from lienthong.catalog.hosted.writing import Session

# --- organizations and groups ----------------------------------------------------------------------------------------


async def organization(session: Session, name: str) -> str | None:
    """The id of the active hosted organization with the id or name."""
    fits = or_(col(HostedGroup.id) == name, col(HostedGroup.name) == name)
    query = select(HostedGroup.id).where(fits, HostedGroup.kind == "organization", HostedGroup.state == ACTIVE)
    found: str | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def groups(session: Session, names: Iterable[str]) -> dict[str, str]:
    """The ids of active groups by their ids and names, as far as they are among `names`."""
    wanted = list(names)
    fits = or_(col(HostedGroup.id) == func.any(wanted), col(HostedGroup.name) == func.any(wanted))
    query = select(HostedGroup.id, HostedGroup.name).where(fits, HostedGroup.kind == "group")
    rows = (await session.execute(query.where(HostedGroup.state == ACTIVE))).all()
    return {key: row[0] for row in rows for key in (row[0], row[1])}


async def memberships(session: Session, package: str) -> dict[str, HostedMember]:
    """What binds or bound a package to groups, by the id of the group."""
    query = select(HostedMember).where(HostedMember.table_name == "package", HostedMember.table_id == package)
    return {row.group_id: row for row in (await session.execute(query)).scalars()}


async def leave(session: Session, package: str) -> None:
    """A package that is deleted leaves its groups, and nobody works on it any more."""
    theirs = col(HostedMember.table_name) == "package", col(HostedMember.table_id) == package
    await session.execute(update(HostedMember).where(*theirs).values(state=DELETED))
    await session.execute(delete(HostedCollaborator).where(col(HostedCollaborator.package_id) == package))


# --- each other ------------------------------------------------------------------------------------------------------


async def relationship(session: Session, subject: str, object_: str, kind: str) -> HostedRelationship | None:
    """The relationship of this type from one package to another."""
    query = select(HostedRelationship).where(
        HostedRelationship.subject_id == subject,
        HostedRelationship.object_id == object_,
        HostedRelationship.type == kind,
    )
    found: HostedRelationship | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def relationships(session: Session, package: str) -> list[tuple[HostedRelationship, HostedPackage]]:
    """The relationships of a package, each with the other package."""
    here = or_(HostedRelationship.subject_id == package, HostedRelationship.object_id == package)
    found = []
    query = select(HostedRelationship).where(here).order_by(col(HostedRelationship.number))
    for row in (await session.execute(query)).scalars().all():
        far = await session.get(HostedPackage, row.object_id if row.subject_id == package else row.subject_id)
        if far is not None:
            found.append((row, far))
    return found


# --- collaborators ---------------------------------------------------------------------------------------------------


async def user(session: Session, name: str) -> HostedUser | None:
    """The user with the id or name who is not deleted."""
    fits = or_(col(HostedUser.id) == name, col(HostedUser.name) == name)
    query = select(HostedUser).where(fits, HostedUser.state != DELETED)
    found: HostedUser | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def collaborator(session: Session, package: str, user: str) -> HostedCollaborator | None:
    """A user's part in a package."""
    return await session.get(HostedCollaborator, (package, user))


async def collaborators(
    session: Session, *, package: str | None = None, user: str | None = None, capacity: str | None = None
) -> list[HostedCollaborator]:
    """Who has a part in a package, or in which packages a user has."""
    query = select(HostedCollaborator)
    for column, value in (
        (HostedCollaborator.package_id, package),
        (HostedCollaborator.user_id, user),
        (HostedCollaborator.capacity, capacity),
    ):
        if value is not None:
            query = query.where(col(column) == value)
    return list((await session.execute(query.order_by(col(HostedCollaborator.modified)))).scalars())
