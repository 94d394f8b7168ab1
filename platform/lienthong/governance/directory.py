"""From a credential to a subject: tokens of agencies and people, sessions of the portal."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import select

from lienthong.governance.agreements.terms import in_force
from lienthong.governance.credentials import token_hash
from lienthong.governance.identity.services import Identity
from lienthong.governance.identity.tables import OAuthClient, Session
from lienthong.governance.request import stated
from lienthong.governance.session import Sessions, cookie_of, idle_seconds
from lienthong.governance.subject import ANONYMOUS, Role, Subject
from lienthong.governance.tables import Person, Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Unauthenticated
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

CACHE_SECONDS = 1.0  # a revoked token, an ended session is refused within this time
NOTED_SECONDS = 60  # the last use of a token or session is noted no more often than this
_CACHE_SIZE = 10_000


class Directory:
    """Finds out who asks. Answers are kept for a second, so that revoking works at once on every process."""

    def __init__(self, engine: AsyncEngine, settings: Settings, sessions: Sessions) -> None:
        self._engine = engine
        self._settings = settings
        self.sessions = sessions
        self.identity = Identity(engine, settings, sessions.secret)
        self._cache: dict[str, tuple[float, Subject | None]] = {}

    async def subject(self, headers: Mapping[str, str], cookies: Mapping[str, str] | None = None) -> Subject:
        """The caller. Raises Unauthenticated for a token that is wrong, expired or revoked."""
        token = token_of(headers)
        if token is not None:
            found = await self._cached("token:" + token_hash(token), token)
            if found is None:
                raise Unauthenticated(
                    both("Mã truy cập sai, hết hạn hoặc đã thu hồi", "The token is wrong, expired or revoked"),
                    place="Authorization",
                )
            return stated(found, headers)
        cookie = cookie_of(self._settings, cookies)
        person = await self._cached("session:" + self.sessions.id(cookie), None) if cookie else None
        return stated(person or ANONYMOUS, headers)

    async def subject_or_anonymous(
        self, headers: Mapping[str, str], cookies: Mapping[str, str] | None = None
    ) -> Subject:
        """The caller; a wrong token counts as none (as CKAN does)."""
        try:
            return await self.subject(headers, cookies)
        except Unauthenticated:
            return ANONYMOUS

    def cookie(self, cookies: Mapping[str, str] | None) -> str | None:
        """The session cookie among those that came."""
        return cookie_of(self._settings, cookies)

    def forget(self, cookie: str | None = None) -> None:
        """A session, or something about everybody, has just changed: do not answer from what is kept."""
        gone = "session:" + self.sessions.id(cookie) if cookie is not None else None
        # Another one: what is being looked up just now goes into the old one.
        self._cache = {key: found for key, found in self._cache.items() if gone is not None and key != gone}

    async def _cached(self, key: str, token: str | None) -> Subject | None:
        cache, moment = self._cache, time.monotonic()
        known = cache.get(key)
        if known and moment - known[0] < CACHE_SECONDS:
            return known[1]
        async with AsyncSession(self._engine) as session, session.begin():
            found = await (self._by_token(session, token) if token else _by_session(session, key.partition(":")[2]))
        if len(cache) >= _CACHE_SIZE:
            cache.clear()
        cache[key] = (moment, found)
        return found

    async def _by_token(self, session: AsyncSession, token: str) -> Subject | None:
        fixed = self._settings.admin_token
        if fixed and hmac.compare_digest(fixed.get_secret_value().encode(), token.encode("utf-8", "replace")):
            return Subject("person", "admin", "administrator")
        row = (await session.execute(select(Token).where(Token.sha256 == token_hash(token)))).scalar_one_or_none()
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            return None
        if row.client_id and (client := await session.get(OAuthClient, row.client_id)) and client.deactivated_at:
            return None
        if _long_ago(row.last_used_at):
            row.last_used_at = now()
        scopes = None if row.scopes is None else frozenset(row.scopes)
        if row.username:
            person = await _person(session, row.username)
            return replace(person, scopes=scopes) if person else None
        program = Subject("agency", str(row.agency_id), agency=row.agency_id, scopes=scopes)
        return await _with_agreements(session, program)


async def _by_session(session: AsyncSession, id: str) -> Subject | None:
    """Whose session it is: one that is complete, not ended, not over, and has not rested too long."""
    row = await session.get(Session, id)
    if row is None or row.state != "active" or row.ended_at or row.expires_at <= now():
        return None
    person = await _person(session, row.username)
    if person is None or row.seen_at + timedelta(seconds=idle_seconds(person.role)) <= now():
        return None
    if _long_ago(row.seen_at):
        row.seen_at = now()
    return person


def _long_ago(used: datetime | None) -> bool:
    return used is None or used + timedelta(seconds=NOTED_SECONDS) < now()


async def _person(session: AsyncSession, username: str) -> Subject | None:
    person = await session.get(Person, username)
    if person is None or person.deactivated_at:
        return None
    role: Role = person.role  # type: ignore[assignment]  # the install step and the API check it
    return await _with_agreements(session, Subject("person", person.username, role, person.agency_id))


async def _with_agreements(session: AsyncSession, subject: Subject) -> Subject:
    return replace(subject, agreements=await in_force(session, subject.agency))


def token_of(headers: Mapping[str, str]) -> str | None:
    """The token in `Authorization` (with or without `Bearer`) or in CKAN's own header."""
    given = headers.get("authorization") or headers.get("x-ckan-api-key")
    if not given or not given.strip():
        return None
    scheme, _, rest = given.strip().partition(" ")
    return rest.strip() if scheme.lower() in {"bearer", "token"} and rest else given.strip()
