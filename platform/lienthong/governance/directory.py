"""From a credential to a subject: tokens of agencies and people, sessions of the portal."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.credentials import password_fits, token_hash
from lienthong.governance.session import SESSION_COOKIE, Sessions
from lienthong.governance.subject import ANONYMOUS, Role, Subject, Terms
from lienthong.governance.tables import Agreement, Person, Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Unauthenticated
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

CACHE_SECONDS = 1.0  # a revoked token is refused within this time
_CACHE_SIZE = 10_000


class Directory:
    """Finds out who asks. Answers are kept for a second, so that revoking works at once on every process."""

    def __init__(self, engine: AsyncEngine, settings: Settings, sessions: Sessions) -> None:
        self._engine = engine
        self._settings = settings
        self.sessions = sessions
        self._cache: dict[str, tuple[float, Subject | None]] = {}

    async def subject(self, headers: Mapping[str, str], cookies: Mapping[str, str] | None = None) -> Subject:
        """The caller. Raises Unauthenticated for a token that is wrong, expired or revoked."""
        token = _token(headers)
        if token is not None:
            found = await self._cached("token:" + token_hash(token), token)
            if found is None:
                raise Unauthenticated(
                    both("Mã truy cập sai, hết hạn hoặc đã thu hồi", "The token is wrong, expired or revoked"),
                    place="Authorization",
                )
            return found
        username = self.sessions.username((cookies or {}).get(SESSION_COOKIE))
        return await self._cached("person:" + username, None) or ANONYMOUS if username else ANONYMOUS

    async def subject_or_anonymous(
        self, headers: Mapping[str, str], cookies: Mapping[str, str] | None = None
    ) -> Subject:
        """The caller; a wrong token counts as none (as CKAN does)."""
        try:
            return await self.subject(headers, cookies)
        except Unauthenticated:
            return ANONYMOUS

    async def sign_in(self, username: str, password: str) -> Subject:
        """The person with this password. Raises Unauthenticated, the same for a wrong name and a wrong password."""
        async with AsyncSession(self._engine) as session:
            person = await session.get(Person, username[:63])
        if not password_fits(person.password_hash if person else None, password):
            raise Unauthenticated(both("Tên hoặc mật khẩu không đúng", "Wrong name or password"), place="password")
        found = await self._cached("person:" + username, None)
        assert found is not None
        return found

    async def _cached(self, key: str, token: str | None) -> Subject | None:
        known = self._cache.get(key)
        if known and time.monotonic() - known[0] < CACHE_SECONDS:
            return known[1]
        async with AsyncSession(self._engine) as session:
            found = await (self._by_token(session, token) if token else _person(session, key.partition(":")[2]))
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = (time.monotonic(), found)
        return found

    async def _by_token(self, session: AsyncSession, token: str) -> Subject | None:
        fixed = self._settings.admin_token
        if fixed and hmac.compare_digest(fixed.get_secret_value().encode(), token.encode("utf-8", "replace")):
            return Subject("person", "admin", "administrator")
        row = (await session.execute(select(Token).where(Token.sha256 == token_hash(token)))).scalar_one_or_none()
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            return None
        if row.username:
            return await _person(session, row.username)
        return await _with_agreements(session, Subject("agency", str(row.agency_id), agency=row.agency_id))


async def _person(session: AsyncSession, username: str) -> Subject | None:
    person = await session.get(Person, username)
    if person is None:
        return None
    role: Role = person.role  # type: ignore[assignment]  # the install step and the API check it
    return await _with_agreements(session, Subject("person", person.username, role, person.agency_id))


async def _with_agreements(session: AsyncSession, subject: Subject) -> Subject:
    rows = await session.execute(
        select(Agreement)
        .where(Agreement.consumer == subject.agency, Agreement.state == "active")
        .order_by(col(Agreement.id))
    )
    return replace(subject, agreements=tuple(_terms(row) for row in rows.scalars()))


def _terms(row: Agreement) -> Terms:
    members: dict[str, Any] = row.model_dump(exclude={"consumer", "state", "fields"})
    return Terms(**members, fields=tuple(row.fields))


def _token(headers: Mapping[str, str]) -> str | None:
    """The token in `Authorization` (with or without `Bearer`) or in CKAN's own header."""
    given = headers.get("authorization") or headers.get("x-ckan-api-key")
    if not given or not given.strip():
        return None
    scheme, _, rest = given.strip().partition(" ")
    return rest.strip() if scheme.lower() in {"bearer", "token"} and rest else given.strip()
