"""API tokens: scoped, expiring, revocable; shown once, kept as a hash."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.credentials import new_token, token_hash
from lienthong.governance.identity.scopes import require, require_within
from lienthong.governance.identity.tables import event
from lienthong.governance.subject import Subject
from lienthong.governance.tables import Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, NotFound, NotPermitted, Unauthenticated
from lienthong.kernel.text import both

DAYS, MOST_DAYS = 90, 366


@dataclass(frozen=True)
class TokenInfo:
    """What may be told of a token: never the token. `scopes` None: everything that the owner may do."""

    id: uuid.UUID
    label: str
    username: str | None
    agency: str | None
    scopes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def holds(self) -> bool:
        """Is it good now?"""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())


class Tokens:
    """The tokens of a caller: of a person, or of the agency whose program calls."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(
        self, subject: Subject, label: str, scopes: Iterable[str], days: int = DAYS, agency: str | None = None
    ) -> tuple[TokenInfo, str]:
        """A new token and its text, which is told now and never again. Raises when the caller may not."""
        require(subject, "tokens")
        asked = sorted(scopes)
        require_within(subject, asked)
        username, owner = _owner(subject, agency)
        text = new_token()
        until = now() + timedelta(days=days)
        row = Token(
            sha256=token_hash(text), label=label, username=username, agency_id=owner, expires_at=until, scopes=asked
        )
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                session.add_all([row, event(subject.id, "token.create", row.id)])
        except IntegrityError as error:
            raise _no_owner(username or owner or "") from error
        return _info(row), text

    async def of(self, subject: Subject, agency: str | None = None) -> list[TokenInfo]:
        """The caller's tokens, or those of an agency for an administrator; the newest first."""
        require(subject, "tokens")
        username, owner = _owner(subject, agency)
        mine = col(Token.username) == username if username else col(Token.agency_id) == owner
        query = select(Token).where(mine, col(Token.client_id).is_(None)).order_by(col(Token.created_at).desc())
        async with AsyncSession(self._engine) as session:
            return [_info(row) for row in (await session.execute(query.limit(500))).scalars()]

    async def everyones(self, username: str | None = None, agency: str | None = None) -> list[TokenInfo]:
        """For the operator: the tokens of everybody, or of one owner; those of OAuth clients left out."""
        query = select(Token).where(col(Token.client_id).is_(None)).order_by(col(Token.created_at).desc())
        if username:
            query = query.where(col(Token.username) == username)
        if agency:
            query = query.where(col(Token.agency_id) == agency)
        async with AsyncSession(self._engine) as session:
            return [_info(row) for row in (await session.execute(query.limit(5000))).scalars()]

    async def revoke(self, subject: Subject, id: uuid.UUID) -> TokenInfo:
        """Take it back, for good. Somebody else's token cannot be told from one that does not exist."""
        require(subject, "tokens")
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = await session.get(Token, id)
            if row is None or not _may_revoke(subject, row):
                raise NotFound(both("Không có mã truy cập này", "There is no such token"), place=str(id))
            if row.revoked_at is None:
                row.revoked_at = now()
                session.add(event(subject.id, "token.revoke", id))
        return _info(row)


def _owner(subject: Subject, agency: str | None) -> tuple[str | None, str | None]:
    """(username, agency) of the owner: one of the two."""
    if subject.kind == "anonymous":
        raise Unauthenticated(both("Cần đăng nhập hoặc mã truy cập", "Sign in, or send a token"), place="Authorization")
    if agency and not subject.is_administrator and (subject.kind, subject.agency) != ("agency", agency):
        raise NotPermitted(
            both("Chỉ quản trị giữ mã truy cập của cơ quan khác", "Only an administrator keeps tokens of an agency"),
            place="agency",
        )
    if agency or subject.kind == "agency":
        return None, agency or subject.agency
    return subject.id, None


def _may_revoke(subject: Subject, row: Token) -> bool:
    if subject.is_administrator:
        return True
    if subject.kind == "agency":
        return row.agency_id is not None and row.agency_id == subject.agency
    return subject.kind == "person" and row.username == subject.id


def _no_owner(name: str) -> Conflict:
    return Conflict(
        both(f"“{name}” không có trong danh sách người dùng, cơ quan", f"“{name}” is no person or agency here"),
        place="agency",
        fix=both("Tạo người dùng hoặc cơ quan trước", "Make the person or the agency first"),
    )


def _info(row: Token) -> TokenInfo:
    return TokenInfo(
        id=row.id,
        label=row.label,
        username=row.username,
        agency=row.agency_id,
        scopes=None if row.scopes is None else tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
