"""A brake on guessing: after some failures at one account, or from one address, the next try has to wait.

A try is counted before it is judged, so that many at once do not pass together; a success gives it back.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import case, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col, select

from lienthong.governance.identity.tables import Attempt
from lienthong.kernel.clock import now
from lienthong.kernel.problem import TooManyAttempts
from lienthong.kernel.text import both

FREE = {"account": 5, "code": 5, "address": 30}
WINDOW = timedelta(hours=1)
FIRST_WAIT, LONGEST_WAIT = 30, 900  # seconds; every further failure doubles the wait


class Brake:
    """Counts in the database: the same for every process of the server."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, kind: str, who: str) -> None:
        """Count one try. Raises TooManyAttempts, with the seconds to wait."""
        moment, key = now(), _key(kind, who)
        async with AsyncSession(self._engine) as session, session.begin():
            failures = (await session.execute(_counted(key, moment))).scalar_one_or_none()
            if failures is None:
                until = (await session.execute(select(Attempt.until).where(Attempt.key == key))).scalar_one()
                raise _refused(until, moment)
            if failures > FREE[kind]:
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - FREE[kind] - 1, 10))
                until = moment + timedelta(seconds=wait)
                await session.execute(update(Attempt).where(col(Attempt.key) == key).values(until=until))

    async def forgive(self, kind: str, who: str, *, all: bool = False) -> None:
        """The try was a success: give it back, or forget every failure."""
        left = 0 if all else case((col(Attempt.failures) > 0, col(Attempt.failures) - 1), else_=0)
        values = {"failures": left, "until": None}
        async with AsyncSession(self._engine) as session, session.begin():
            await session.execute(update(Attempt).where(col(Attempt.key) == _key(kind, who)).values(**values))


def _key(kind: str, who: str) -> str:
    return hashlib.sha256(f"{kind}\0{who}".encode("utf-8", "replace")).hexdigest()


def _counted(key: str, moment: datetime) -> ReturningInsert[int]:
    """One more failure, in one statement; no row comes back while the account or address has to wait."""
    old = col(Attempt.since) < moment - WINDOW
    statement = insert(Attempt).values(key=key, failures=1, since=moment, until=None)
    return statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "failures": case((old, 1), else_=col(Attempt.failures) + 1),
            "since": case((old, moment), else_=col(Attempt.since)),
        },
        where=or_(col(Attempt.until).is_(None), col(Attempt.until) <= moment),
    ).returning(col(Attempt.failures))


def _refused(until: datetime | None, moment: datetime) -> TooManyAttempts:
    seconds = max(1, int((until - moment).total_seconds()) + 1) if until else 1
    return TooManyAttempts(
        both("Thử sai quá nhiều lần", "Too many failed tries"),
        fix=both(f"Đợi {seconds} giây rồi thử lại", f"Wait {seconds} seconds, then try again"),
        retry_after=seconds,
    )
