"""Codes of an authenticator app (RFC 6238) and recovery codes: each is good once."""

import secrets
from dataclasses import dataclass

import pyotp
from sqlalchemy import Update, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, func, select

from lienthong.governance.identity.box import Box
from lienthong.governance.identity.tables import RecoveryCode, Totp, event
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

ISSUER, STEP_SECONDS, WINDOW, CODES = "Liên Thông", 30, 1, 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_USE = "totp"


@dataclass(frozen=True)
class Setup:
    """What an app is told: the secret, and the same as an address for a QR code."""

    secret: str
    address: str


class SecondFactor:
    """The app of a person and the codes for the day on which it is lost."""

    def __init__(self, engine: AsyncEngine, box: Box) -> None:
        self._engine, self._box = engine, box

    async def begin(self, username: str) -> Setup:
        """A new secret, in force only after `confirm`. One that is in force stays until then."""
        secret = pyotp.random_base32()
        sealed = self._box.seal(_USE, {"username": username, "secret": secret})
        statement = insert(Totp).values(username=username, secret=sealed, created_at=now(), last_step=0)
        statement = statement.on_conflict_do_update(
            index_elements=["username"],
            set_={"secret": sealed, "created_at": now(), "last_step": 0},
            where=col(Totp.confirmed_at).is_(None),
        )
        async with AsyncSession(self._engine) as session, session.begin():
            row = await session.get(Totp, username)
            if row is not None and row.confirmed_at:
                raise _has_one()
            await session.execute(statement)
        return _setup(username, secret)

    async def pending(self, username: str) -> Setup | None:
        """The setup that waits for its first code."""
        async with AsyncSession(self._engine) as session:
            row = await session.get(Totp, username)
        return _setup(username, self._secret(row)) if row and not row.confirmed_at and row.secret else None

    async def confirm(self, username: str, code: str) -> list[str]:
        """The app works: its first code. Answers the recovery codes, told once. Raises Invalid."""
        async with AsyncSession(self._engine) as session:
            row = await session.get(Totp, username)
        step = _step(self._secret(row), code) if row and not row.confirmed_at and row.secret else None
        if step is None:
            raise Invalid(
                both("Mã không đúng", "The code is wrong"),
                place="code",
                fix=both("Kiểm tra giờ của điện thoại, nhập mã mới", "Check the phone's clock, enter a new code"),
            )
        async with AsyncSession(self._engine) as session, session.begin():
            values = {"confirmed_at": now(), "last_step": step}
            await session.execute(update(Totp).where(col(Totp.username) == username).values(**values))
            session.add(event(username, "totp.add", username))
            return await self._new_codes(session, username)

    async def renew_codes(self, username: str) -> list[str]:
        """New recovery codes in place of the old ones."""
        async with AsyncSession(self._engine) as session, session.begin():
            session.add(event(username, "recovery.renew", username))
            return await self._new_codes(session, username)

    async def remove(self, username: str, who: str) -> None:
        """Take the app and the recovery codes away."""
        async with AsyncSession(self._engine) as session, session.begin():
            gone = {"confirmed_at": None, "secret": "", "last_step": 0}
            await session.execute(update(Totp).where(col(Totp.username) == username).values(**gone))
            await session.execute(_spent(username))
            session.add(event(who, "totp.remove", username))

    async def state(self, username: str) -> tuple[bool, int]:
        """Is there an app, and how many recovery codes are left?"""
        left = select(func.count()).where(col(RecoveryCode.username) == username, col(RecoveryCode.used_at).is_(None))
        async with AsyncSession(self._engine) as session:
            row = await session.get(Totp, username)
            return bool(row and row.confirmed_at), int((await session.execute(left)).scalar_one())

    async def used(self, username: str, code: str) -> str | None:
        """Use a code up: `totp` or `recovery`, or None when it is wrong or was used before."""
        plain = code.replace(" ", "").replace("-", "").lower()
        if plain.isdigit():
            return "totp" if await self._use_step(username, plain) else None
        hashed = self._box.keyed_hash("recovery", f"{username}\0{plain}")
        mine = col(RecoveryCode.hash) == hashed, col(RecoveryCode.used_at).is_(None)
        statement = update(RecoveryCode).where(*mine).values(used_at=now()).returning(col(RecoveryCode.hash))
        async with AsyncSession(self._engine) as session, session.begin():
            return "recovery" if (await session.execute(statement)).first() else None

    async def _use_step(self, username: str, code: str) -> bool:
        """One code a time step: of two that come together, the database lets one through."""
        async with AsyncSession(self._engine) as session, session.begin():
            row = await session.get(Totp, username)
            step = _step(self._secret(row), code) if row and row.confirmed_at else None
            if step is None:
                return False
            newer = col(Totp.username) == username, col(Totp.last_step) < step
            statement = update(Totp).where(*newer).values(last_step=step).returning(col(Totp.username))
            return (await session.execute(statement)).first() is not None

    def _secret(self, row: Totp) -> str:
        opened = self._box.open(_USE, row.secret)
        if opened is None or opened["username"] != row.username:
            raise Invalid(both("Không mở được bí mật đã lưu", "The stored secret cannot be opened"), place="totp")
        return str(opened["secret"])

    async def _new_codes(self, session: AsyncSession, username: str) -> list[str]:
        await session.execute(_spent(username))
        codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(CODES)]
        hashes = (self._box.keyed_hash("recovery", f"{username}\0{code}") for code in codes)
        session.add_all([RecoveryCode(hash=hashed, username=username) for hashed in hashes])
        return ["-".join(code[n : n + 4] for n in range(0, 16, 4)) for code in codes]


def _spent(username: str) -> Update:
    mine = col(RecoveryCode.username) == username, col(RecoveryCode.used_at).is_(None)
    return update(RecoveryCode).where(*mine).values(used_at=now())


def _setup(username: str, secret: str) -> Setup:
    return Setup(secret, pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


def _step(secret: str, code: str) -> int | None:
    """The time step that the code is of: now, the one before or the one after."""
    current = int(now().timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(secret)
    for step in range(current - WINDOW, current + WINDOW + 1):
        if pyotp.utils.strings_equal(made.generate_otp(step), code):
            return step
    return None


def _has_one() -> Invalid:
    return Invalid(
        both("Đã có ứng dụng xác thực", "There is an authenticator app already"),
        fix=both("Gỡ ứng dụng cũ trước", "Remove the old one first"),
    )
