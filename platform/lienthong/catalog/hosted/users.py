"""Users of the Action API and their tokens, of which only hashes are kept."""

import uuid
from collections.abc import Iterable

import sqlalchemy
from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedCollaborator,
    HostedMember,
    HostedPackage,
    HostedToken,
    HostedUser,
)

SITE_USER = "default"
"""The user in whose name the site itself acts."""


async def find(session: AsyncSession, name: str | None) -> HostedUser | None:
    """The user with the id or name."""
    if not name:
        return None
    query = select(HostedUser).where(or_(HostedUser.id == name, HostedUser.name == name))
    found: HostedUser | None = (await session.execute(query)).scalars().first()
    return found


async def every(
    session: AsyncSession, words: str = "", email: str | None = None, *, by_email: bool = False
) -> list[HostedUser]:
    """Users that are not deleted and whose name, full name (or e-mail, `by_email`) holds `words`."""
    query = select(HostedUser).where(HostedUser.state != DELETED)
    if words:
        pattern = f"%{words.translate({ord(c): chr(92) + c for c in '%_' + chr(92)})}%"
        fullname = col(HostedUser.body)["fullname"].astext
        holds = [col(HostedUser.name).ilike(pattern), fullname.ilike(pattern)]
        query = query.where(or_(*holds, *([col(HostedUser.email).ilike(pattern)] if by_email else [])))
    if email:
        query = query.where(func.lower(HostedUser.email) == email.lower())
    return list((await session.execute(query.order_by(HostedUser.name))).scalars())


async def with_email(session: AsyncSession, email: str) -> HostedUser | None:
    """The user that is not deleted with the address."""
    same = func.lower(HostedUser.email) == email.lower(), HostedUser.state != DELETED
    found: HostedUser | None = (await session.execute(select(HostedUser).where(*same))).scalars().first()
    return found


async def by_ids(session: AsyncSession, ids: Iterable[str]) -> list[HostedUser]:
    """Those with the ids, by name."""
    query = select(HostedUser).where(col(HostedUser.id).in_(list(ids))).order_by(HostedUser.name)
    return list((await session.execute(query)).scalars())


async def created_by(session: AsyncSession, ids: Iterable[str], *, all: bool = False) -> dict[str, int]:
    """How many public datasets each user has created; `all`: private ones and drafts, too."""
    creator = col(HostedPackage.creator)
    query = sqlalchemy.select(creator, func.count()).where(creator.in_(list(ids)))
    if all:
        query = query.where(col(HostedPackage.state) != DELETED)
    else:
        query = query.where(col(HostedPackage.state) == ACTIVE, col(HostedPackage.private).is_(False))
    rows = (await session.execute(query.group_by(creator))).all()
    return {str(row[0]): row[1] for row in rows}


async def delete_user(session: AsyncSession, user: HostedUser) -> None:
    """Deleted, with every membership; the tokens stop to work."""
    user.state = DELETED
    mine = col(HostedMember.table_name) == "user", col(HostedMember.table_id) == user.id
    await session.execute(update(HostedMember).where(*mine).values(state=DELETED))
    await session.execute(delete(HostedCollaborator).where(col(HostedCollaborator.user_id) == user.id))


async def site_user(session: AsyncSession) -> HostedUser:
    """The site's own user, made when first asked for. Nobody can sign in as it."""
    found = await find(session, SITE_USER)
    if found is None:
        id = str(uuid.uuid5(uuid.NAMESPACE_DNS, "site-user.lienthong"))
        found = HostedUser(id=id, name=SITE_USER, sysadmin=True)
        session.add(found)
        await session.flush()
    return found


# --- tokens ----------------------------------------------------------------------------------------------------------


async def tokens(session: AsyncSession, user: HostedUser) -> list[HostedToken]:
    """A user's tokens that have not been revoked, the oldest first."""
    mine = HostedToken.user_id == user.id, col(HostedToken.revoked).is_(False)
    query = select(HostedToken).where(*mine).order_by(col(HostedToken.created_at))
    return list((await session.execute(query)).scalars())


async def token(session: AsyncSession, *, id: str | None = None, sha256: str | None = None) -> HostedToken | None:
    """A token by its id or its hash; None when it has been revoked."""
    which = HostedToken.id == id if id is not None else HostedToken.sha256 == sha256
    query = select(HostedToken).where(which, col(HostedToken.revoked).is_(False))
    found: HostedToken | None = (await session.execute(query)).scalar_one_or_none()
    return found
