"""From a token to the caller of an action: users of the Action API, people and agencies of the platform.

Whoever has an account of the platform gets a user here when they first come, bound by `person_id`, never by name. What
a token's scopes leave out is left out here, too.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.catalog.hosted.caller import NOBODY, Caller, permits
from lienthong.catalog.hosted.tables import (
    ACTIVE,
    HostedCollaborator,
    HostedGroup,
    HostedMember,
    HostedToken,
    HostedUser,
    new_id,
)
from lienthong.governance.credentials import token_hash
from lienthong.governance.identity.scopes import allows
from lienthong.governance.subject import Role, Subject
from lienthong.governance.tables import Person
from lienthong.kernel.clock import now

PREFIX = "ltc_"
"""How a token of a user of the Action API begins."""

CACHE_SECONDS = 1.0  # what changed in another process is seen within this time
NOTED = timedelta(seconds=60)  # the last use is noted no more often than this
NO_MAILBOX = "admin@example.com"
"""The address of the settings' administrator: clients expect one of every user; this one is nobody's (RFC 2606)."""

_ADMIN = Subject("person", "admin", "administrator")
_MOST = 10_000
_BEST = ("admin", "editor", "member")


class Callers:
    """Finds out who calls. Answers are kept for a second; `forget` after every change of users, tokens and members."""

    def __init__(self, engine: AsyncEngine, organization: Callable[[str], str], has_admin: bool) -> None:
        """`organization`: from an agency's id to that of its organization. `has_admin`: the settings give a token."""
        self._has_admin = has_admin
        self._engine = engine
        self._organization = organization
        self._cache: dict[str, tuple[float, Caller]] = {}

    async def by_token(self, token: str) -> Caller:
        """The user with this token; one that is wrong or revoked is nobody's."""
        key = token_hash(token)
        known = self._kept(key)
        if known is not None:
            return known
        keep = self._keeping(key)
        async with AsyncSession(self._engine) as session, session.begin():
            row = (await session.execute(select(HostedToken).where(HostedToken.sha256 == key))).scalar_one_or_none()
            user = await session.get(HostedUser, row.user_id) if row and not row.revoked else None
            if row is None or user is None or user.state != ACTIVE:
                return keep(NOBODY)
            person = await self._person(session, user) if user.person_id else None
            if user.person_id and person is None:
                return keep(NOBODY)
            if row.last_access is None or row.last_access + NOTED < now():
                row.last_access = now()
            return keep(await self._caller(session, user, person))

    async def of(self, subject: Subject) -> Caller:
        """The user that stands for a person or agency of the platform."""
        if subject.kind == "anonymous":
            return NOBODY
        scopes = ",".join(sorted(subject.scopes)) if subject.scopes is not None else "*"
        key = f"{subject.kind}:{subject.id}:{subject.role}:{subject.agency}:{scopes}"
        known = self._kept(key)
        if known is not None:
            return known
        keep = self._keeping(key)
        async with AsyncSession(self._engine) as session, session.begin():
            user = await _user_of(session, subject)
            if user.state != ACTIVE:
                return keep(NOBODY)
            return keep(await self._caller(session, user, subject))

    async def as_user(self, session: AsyncSession, user: HostedUser) -> Caller:
        """What the roles of a user are, whoever asks."""
        person = await self._person(session, user) if user.person_id else None
        return await self._roles(session, user, person)

    async def _caller(self, session: AsyncSession, user: HostedUser, subject: Subject | None) -> Caller:
        """`subject`: who of the platform the user stands for."""
        if user.last_active is None or user.last_active + NOTED < now():
            user.last_active = now()
        return await self._roles(session, user, subject)

    async def _roles(self, session: AsyncSession, user: HostedUser, subject: Subject | None) -> Caller:
        if subject is None:
            return await _with_roles(session, user, Caller(user.id, user.name, user.sysadmin), {})
        limited, writes = subject.scopes is not None, allows(subject.scopes, "write:*") or is_sysadmin(subject)
        caller = Caller(user.id, user.name, is_sysadmin(subject), is_limited=limited, reads_only=not writes)
        role = capacity(subject)
        if role is None and not allows(subject.scopes, "write:*"):
            return caller
        own = {self._organization(subject.agency): role} if subject.agency and role else {}
        return await _with_roles(session, user, caller, own)

    def forget(self) -> None:
        """Users, tokens or members have just changed."""
        self._cache = {}  # what is being looked up just now goes into the old one

    async def _person(self, session: AsyncSession, user: HostedUser) -> Subject | None:
        """Who of the platform the user stands for now; an agency, or a person that has gone, is nobody."""
        kind, _, name = (user.person_id or "").partition(":")
        person = await session.get(Person, name) if kind == "person" else None
        if person is None and kind == "person" and name == "admin" and self._has_admin:
            return _ADMIN
        if person is None or person.deactivated_at:
            return None
        role: Role = person.role  # type: ignore[assignment]  # the install step and the API check it
        return Subject("person", person.username, role, person.agency_id)

    def _kept(self, key: str) -> Caller | None:
        known = self._cache.get(key)
        return known[1] if known and time.monotonic() - known[0] < CACHE_SECONDS else None

    def _keeping(self, key: str) -> Callable[[Caller], Caller]:
        """What keeps a caller who is looked up from now on: he is as old as the look, not as its end."""
        cache, begun = self._cache, time.monotonic()

        def keep(caller: Caller) -> Caller:
            if len(cache) >= _MOST:
                cache.clear()
            cache[key] = (begun, caller)
            return caller

        return keep


def is_sysadmin(subject: Subject) -> bool:
    """An administrator of the platform, with a token that does not leave it out."""
    return subject.is_administrator and allows(subject.scopes, "admin")


def capacity(subject: Subject) -> str | None:
    """The role in the organization of one's own agency: who may write its rows edits its datasets."""
    if subject.agency is None:
        return None
    scoped = subject.scopes is not None and "write:*" in subject.scopes
    publisher = subject.role in ("publisher", "steward") and allows(subject.scopes, "write:*")
    if scoped and subject.kind == "agency" or publisher:
        return "editor"
    return "member" if allows(subject.scopes, "read:*") else None


async def _user_of(session: AsyncSession, subject: Subject) -> HostedUser:
    """The user of a person or agency, made when they first come under a name that is free."""
    person = f"{subject.kind}:{subject.id}"
    query = select(HostedUser).where(HostedUser.person_id == person)
    found: HostedUser | None = (await session.execute(query)).scalar_one_or_none()
    number = 0
    while found is None:
        plain = subject.id.lower().replace(".", "-").replace("@", "-")
        name = plain if not number else f"{plain}-{number}"
        values = {"id": new_id(), "name": name, "state": ACTIVE, "sysadmin": is_sysadmin(subject), "person_id": person}
        if is_sysadmin(subject) and (subject.id, subject.agency) == (_ADMIN.id, None):
            values["email"] = NO_MAILBOX
        made = insert(HostedUser).values(**values, created=now(), body={}).on_conflict_do_nothing()
        await session.execute(made)
        found = (await session.execute(query)).scalar_one_or_none()
        number += 1
    if subject.scopes is None and found.sysadmin != subject.is_administrator:
        found.sysadmin = subject.is_administrator
    return found


async def _with_roles(session: AsyncSession, user: HostedUser, caller: Caller, own: Mapping[str, str]) -> Caller:
    """The caller with the roles of the user in groups, organizations and packages."""
    member = HostedMember.table_name == "user", HostedMember.table_id == user.id, HostedMember.state == ACTIVE
    rows = (await session.execute(select(HostedMember.group_id, HostedMember.capacity).where(*member))).all()
    reached = await _with_children(session, _best([*own.items(), *((g, c) for g, c in rows)]))
    groups = select(HostedGroup.id, HostedGroup.kind, HostedGroup.state).where(col(HostedGroup.id).in_(reached))
    known = {id: (kind, state) for id, kind, state in (await session.execute(groups)).all()}
    # An organization without a row is an agency's.
    orgs = {id for id in reached if known.get(id, ("organization", ACTIVE)) == ("organization", ACTIVE)}
    packages = select(HostedCollaborator.package_id, HostedCollaborator.capacity)
    shared = (await session.execute(packages.where(HostedCollaborator.user_id == user.id))).all()
    found: dict[str, str] = {package: role for package, role in shared}  # noqa: C416
    return replace(caller, capacities=reached, orgs=frozenset(orgs), collaborations=found)


async def _with_children(session: AsyncSession, capacities: dict[str, str]) -> dict[str, str]:
    """Whoever administers a group administers the groups of the same kind below it."""
    above = {id for id, role in capacities.items() if permits(role, "admin")}
    reached = dict(capacities)
    while above:
        child = HostedGroup.__table__.alias("child")  # type: ignore[attr-defined]
        parent = HostedGroup.__table__.alias("parent")  # type: ignore[attr-defined]
        query = (
            select(HostedMember.group_id)
            .join(child, child.c.id == col(HostedMember.group_id))
            .join(parent, parent.c.id == col(HostedMember.table_id))
            .where(
                HostedMember.table_name == "group",
                HostedMember.state == ACTIVE,
                col(HostedMember.table_id).in_(above),
                child.c.kind == parent.c.kind,
            )
        )
        below = set((await session.execute(query)).scalars())
        above = {id for id in below if reached.get(id) != "admin"}
        reached |= dict.fromkeys(above, "admin")
    return reached


def _best(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for group, role in given:
        ranks = [_BEST.index(r) if r in _BEST else len(_BEST) for r in (role, found.get(group, ""))]
        if ranks[0] <= ranks[1]:
            found[group] = role
    return found
