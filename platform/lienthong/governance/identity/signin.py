"""Signing in: a password, then the second factor where there is one; sessions and their end.

The session's number changes at every step, so one that was planted before is worth nothing afterwards.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Update, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.credentials import password_fits
from lienthong.governance.identity.brake import Brake
from lienthong.governance.identity.tables import Passkey, Session, Totp, event
from lienthong.governance.identity.totp import SecondFactor
from lienthong.governance.session import PENDING_SECONDS, SESSION_SECONDS, Sessions
from lienthong.governance.tables import Person
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Unauthenticated
from lienthong.kernel.text import both

FRESH_SECONDS = 30 * 60
HASHING_AT_ONCE = 2  # argon2id takes 64 MB and a core for a moment


@dataclass(frozen=True)
class From:
    """Where a request came from: the address for the brake, both for the list of sessions."""

    address: str
    agent: str


@dataclass(frozen=True)
class Entered:
    """A step done: the new cookie, and whether the second factor is still to come."""

    cookie: str
    username: str
    pending: bool


class SignIn:
    """Opens, completes and ends sessions."""

    def __init__(self, engine: AsyncEngine, brake: Brake, factor: SecondFactor) -> None:
        self._engine, self._brake, self._factor = engine, brake, factor
        self._hashing = asyncio.Semaphore(HASHING_AT_ONCE)

    async def password(self, username: str, password: str, origin: From, old: str | None = None) -> Entered:
        """The first step. Raises Unauthenticated, the same for a wrong name and a wrong password; TooManyAttempts."""
        name = username[:63].replace("\0", "")
        await self._brake.take("address", origin.address)
        await self._brake.take("account", name)
        async with AsyncSession(self._engine) as session:
            person = await session.get(Person, name)
        kept = person.password_hash if person and person.deactivated_at is None else None
        if not await self.fits(kept, password):
            raise Unauthenticated(both("Tên hoặc mật khẩu không đúng", "Wrong name or password"), place="password")
        await self._brake.forgive("account", name, all=True)
        await self._brake.forgive("address", origin.address)
        return await self.open(name, "password", origin, old, pending=await self.has_second(name))

    async def code(self, cookie: str, code: str, origin: From) -> Entered:
        """The second step: a code of the app, or a recovery code. Raises Unauthenticated, TooManyAttempts."""
        waiting = await self.waiting(cookie)
        await self._brake.take("code", waiting)
        method = await self._factor.used(waiting, code)
        if method is None:
            raise Unauthenticated(both("Mã không đúng hoặc đã dùng", "The code is wrong or was used"), place="code")
        await self._brake.forgive("code", waiting, all=True)
        return await self.open(waiting, "password+" + method, origin, cookie)

    async def waiting(self, cookie: str | None) -> str:
        """Whose second factor is awaited. Raises Unauthenticated when nobody's is."""
        async with AsyncSession(self._engine) as session:
            found = await session.get(Session, Sessions.id(cookie or ""))
        if found is None or found.state != "pending" or found.ended_at or found.expires_at <= now():
            raise Unauthenticated(
                both("Phiên đăng nhập đã hết hạn", "This sign-in is over"),
                place="/sign-in",
                fix=both("Đăng nhập lại", "Sign in again"),
            )
        return found.username

    async def fits(self, kept: str | None, password: str) -> bool:
        """Does the password fit? Beside the event loop, and few at a time."""
        async with self._hashing:
            return await asyncio.to_thread(password_fits, kept, password)

    async def has_second(self, username: str) -> bool:
        """Has the person a second factor: an app or a passkey?"""
        app = select(Totp.username).where(Totp.username == username, col(Totp.confirmed_at).is_not(None))
        passkey = select(Passkey.username).where(Passkey.username == username, col(Passkey.removed_at).is_(None))
        async with AsyncSession(self._engine) as session:
            return (await session.execute(app.union_all(passkey).limit(1))).first() is not None

    async def open(
        self, username: str, method: str, origin: From, old: str | None = None, *, pending: bool = False
    ) -> Entered:
        """A new session in place of the old one."""
        made, seconds = Sessions.new(), PENDING_SECONDS if pending else SESSION_SECONDS
        row = Session(
            id=Sessions.id(made),
            username=username,
            state="pending" if pending else "active",
            method=method,
            address=origin.address[:64],
            agent=origin.agent[:200],
            expires_at=now() + timedelta(seconds=seconds),
        )
        async with AsyncSession(self._engine) as session, session.begin():
            session.add(row)
            if old:
                await session.execute(_ending(col(Session.id) == Sessions.id(old)))
            if not pending:
                session.add(event(username, "session.open", method))
        return Entered(made, username, pending)

    async def fresh(self, cookie: str | None) -> None:
        """Raises Unauthenticated when the sign-in is too long ago to change how one signs in."""
        async with AsyncSession(self._engine) as session:
            found = await session.get(Session, Sessions.id(cookie or ""))
        if found is None or found.created_at + timedelta(seconds=FRESH_SECONDS) < now():
            raise Unauthenticated(
                both("Việc này cần vừa mới đăng nhập", "This needs a recent sign-in"),
                place="/sign-in",
                fix=both("Đăng nhập lại rồi làm tiếp", "Sign in again, then go on"),
            )

    async def end(self, cookie: str) -> None:
        """Sign out here."""
        async with AsyncSession(self._engine) as session, session.begin():
            await session.execute(_ending(col(Session.id) == Sessions.id(cookie)))

    async def end_one(self, username: str, id: str) -> None:
        """Sign out there: one session of the person."""
        async with AsyncSession(self._engine) as session, session.begin():
            await session.execute(_ending(col(Session.username) == username, col(Session.id) == id))

    async def end_all(self, username: str, but: str | None = None) -> None:
        """Sign out everywhere, here too unless this cookie is to stay."""
        async with AsyncSession(self._engine) as session, session.begin():
            kept = Sessions.id(but) if but else ""
            await session.execute(_ending(col(Session.username) == username, col(Session.id) != kept))
            session.add(event(username, "session.end_all", username))

    async def sessions(self, username: str) -> list[Session]:
        """The sessions of a person that are open, the last used first."""
        query = (
            select(Session)
            .where(
                col(Session.username) == username,
                col(Session.state) == "active",
                col(Session.ended_at).is_(None),
                col(Session.expires_at) > now(),
            )
            .order_by(col(Session.seen_at).desc())
        )
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return list((await session.execute(query.limit(50))).scalars())


def _ending(*which: ColumnElement[bool]) -> Update:
    open_ones = col(Session.ended_at).is_(None)
    return update(Session).where(open_ones, *which).values(ended_at=now())
