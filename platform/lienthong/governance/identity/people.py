"""People and what they may do: kept by administrators."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, func, select

from lienthong.contract.finding import nearest
from lienthong.contract.registry import Registry
from lienthong.governance.credentials import password_hash
from lienthong.governance.identity.scopes import require
from lienthong.governance.identity.tables import Session, event
from lienthong.governance.subject import Role, Subject
from lienthong.governance.tables import Person, Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound, NotPermitted, Unauthenticated
from lienthong.kernel.text import Bilingual, both, slug

ROLES: tuple[str, ...] = get_args(Role)
USERNAME = r"^[a-z][a-z0-9._-]{1,62}$"
_AGENCIES = text("select id, name_vi, name_en from platform.agency order by id")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200


@dataclass(frozen=True)
class PersonInfo:
    """What an administrator sees of a person; of their identifiers only which there are."""

    username: str
    name: str
    role: str
    agency: str | None
    identified_by: tuple[str, ...]
    deactivated_at: datetime | None


def administrator(subject: Subject) -> None:
    """Raises Unauthenticated or NotPermitted unless an administrator asks, with a token that covers it."""
    if subject.is_administrator:
        require(subject, "admin")
        return
    kind = Unauthenticated if subject.kind == "anonymous" else NotPermitted
    raise kind(
        both("Dành cho quản trị", "This is for administrators"),
        fix=both("Đăng nhập bằng tài khoản quản trị", "Sign in as an administrator"),
    )


def acceptable(password: str) -> str:
    """The password, long enough and not of one letter. Raises Invalid."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or len(set(password)) < 5:
        raise Invalid(
            both(f"Mật khẩu cần ít nhất {SHORTEST_PASSWORD} ký tự, không lặp một ký tự",
                 f"A password needs at least {SHORTEST_PASSWORD} characters that differ"),
            place="password",
        )  # fmt: skip
    return password


def identifiers(registry: Registry) -> dict[str, Bilingual]:
    """The kinds of identifiers by which datasets know people, with the title of a field that holds one."""
    told = [(c, c.privacy.subject) for c in registry.contracts.values()]
    return {about.identifier: c.by_name[about.field].title for c, about in told if about}


def check_identifiers(registry: Registry, given: Mapping[str, str]) -> None:
    """Raises Invalid for a kind that no dataset knows: no record would ever be found by it."""
    known = identifiers(registry)
    for kind in given:
        if kind not in known:
            detail = both(f"Không bộ dữ liệu nào có định danh “{kind}”", f"No dataset has the identifier “{kind}”")
            raise Invalid(detail, place=f"identifiers.{kind}", fix=nearest(kind, known))


class People:
    """Makes, changes and deactivates people."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[PersonInfo]:
        """Everybody, by name of account."""
        async with AsyncSession(self._engine) as session:
            rows = await session.execute(select(Person).order_by(col(Person.username)).limit(5000))
            return [_info(row) for row in rows.scalars()]

    async def agencies(self) -> dict[str, Bilingual]:
        """Every agency that somebody can belong to, by number, with its name."""
        async with AsyncSession(self._engine) as session:
            rows = await session.execute(_AGENCIES)
            return {id: both(vi, en) for id, vi, en in rows}

    async def agency(self, given: str) -> str:
        """The number of an agency that is named by it, or as addresses write it. Raises NotFound, with the nearest."""
        known = list(await self.agencies())
        found = next((id for id in known if given in (id, slug(id))), None)
        if found is None:
            detail = both(f"Không có cơ quan {given[:63]}", f"There is no agency {given[:63]}")
            raise NotFound(detail, place="agency", fix=nearest(given, known))
        return found

    async def one(self, username: str) -> PersonInfo:
        """One person. Raises NotFound."""
        async with AsyncSession(self._engine) as session:
            return _info(await _person(session, username))

    async def create(
        self,
        subject: Subject,
        *,
        username: str,
        name: str,
        role: str,
        agency: str | None = None,
        password: str | None = None,
        identifiers: Mapping[str, str] | None = None,
    ) -> tuple[PersonInfo, str | None]:
        """A new person; the password, when it was made here, is told once."""
        if not re.match(USERNAME, username):
            raise Invalid(both(f"Tên đăng nhập: {USERNAME}", f"User names: {USERNAME}"), place="username")
        made = None if password else secrets.token_urlsafe(15)
        hashed = await asyncio.to_thread(password_hash, acceptable(password or made or ""))
        row = Person(username=username, name=name, role=_role(role), agency_id=agency, password_hash=hashed)
        row.identifiers = dict(identifiers or {})
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                if await session.get(Person, username):
                    raise Conflict(both(f"Đã có {username}", f"{username} is taken"), place="username")
                session.add_all([row, event(subject.id, "person.create", username)])
        except IntegrityError as error:
            raise _no_agency(agency) from error
        return _info(row), made

    async def change(self, subject: Subject, username: str, values: Mapping[str, Any]) -> PersonInfo:
        """Change name, role, agency, identifiers, or (`active`) whether the person may come in."""
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("lienthong.administrators"))))
                row = await _person(session, username)
                was = row.role
                for member in ("name", "agency", "identifiers"):
                    if member in values:
                        setattr(row, "agency_id" if member == "agency" else member, values[member])
                if "role" in values:
                    row.role = _role(values["role"])
                if "active" in values:
                    row.deactivated_at = None if values["active"] else row.deactivated_at or now()
                await session.flush()
                await _keep_an_administrator(session)
                if row.deactivated_at or row.role != was:
                    await _sign_out(session, username)
                if row.deactivated_at:
                    mine = col(Token.username) == username, col(Token.revoked_at).is_(None)
                    await session.execute(update(Token).where(*mine).values(revoked_at=now()))
                session.add(event(subject.id, "person.change " + " ".join(sorted(values)), username))
        except IntegrityError as error:
            raise _no_agency(values.get("agency")) from error
        return _info(row)

    async def identify(self, subject: Subject, username: str, kind: str, value: str) -> None:
        """By which number datasets know a person; an empty one takes this kind away, others stay."""
        async with AsyncSession(self._engine) as session, session.begin():
            row = await session.get(Person, username[:63].replace("\0", ""), with_for_update=True)
            if row is None:
                raise _nobody(username)
            others = {name: given for name, given in row.identifiers.items() if name != kind}
            row.identifiers = others | ({kind: value} if value else {})
            session.add(event(subject.id, "person.change identifiers", username))

    async def set_password(self, who: str, username: str, password: str | None = None) -> str:
        """A new password, one made here when none is given; every session ends."""
        fresh = acceptable(password or secrets.token_urlsafe(15))
        hashed = await asyncio.to_thread(password_hash, fresh)
        async with AsyncSession(self._engine) as session, session.begin():
            (await _person(session, username)).password_hash = hashed
            await _sign_out(session, username)
            session.add(event(who, "person.password", username))
        return fresh

    async def password_of(self, username: str) -> str | None:
        """The kept hash of somebody's password."""
        async with AsyncSession(self._engine) as session:
            return (await _person(session, username)).password_hash


async def _person(session: AsyncSession, username: str) -> Person:
    row = await session.get(Person, username[:63].replace("\0", ""))
    if row is None:
        raise _nobody(username)
    return row


def _nobody(username: str) -> NotFound:
    return NotFound(both("Không có người dùng này", "There is no such person"), place=username[:63])


async def _sign_out(session: AsyncSession, username: str) -> None:
    mine = col(Session.username) == username, col(Session.ended_at).is_(None)
    await session.execute(update(Session).where(*mine).values(ended_at=now()))


async def _keep_an_administrator(session: AsyncSession) -> None:
    """Raises Conflict when nobody could administer any more."""
    left = select(func.count()).where(col(Person.role) == "administrator", col(Person.deactivated_at).is_(None))
    if not (await session.execute(left)).scalar_one():
        raise Conflict(
            both("Đây là quản trị cuối cùng", "This is the last administrator"),
            fix=both("Thêm quản trị khác trước", "Make another administrator first"),
        )


def _role(role: str) -> str:
    if role not in ROLES:
        raise Invalid(both(f"Vai trò: {', '.join(ROLES)}", f"Roles: {', '.join(ROLES)}"), place="role")
    return role


def _no_agency(agency: str | None) -> NotFound:
    return NotFound(both(f"Không có cơ quan {agency}", f"There is no agency {agency}"), place="agency")


def _info(row: Person) -> PersonInfo:
    return PersonInfo(
        username=row.username,
        name=row.name,
        role=row.role,
        agency=row.agency_id,
        identified_by=tuple(sorted(row.identifiers)),
        deactivated_at=row.deactivated_at,
    )
