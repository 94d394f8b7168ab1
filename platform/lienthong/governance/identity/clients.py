"""OAuth clients: programs of agencies, each with a secret or with public keys."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.credentials import token_hash
from lienthong.governance.identity import keys
from lienthong.governance.identity.once import holding
from lienthong.governance.identity.tables import OAuthClient, event
from lienthong.governance.subject import Subject
from lienthong.governance.tables import Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, NotFound
from lienthong.kernel.text import both

MOST_HOURS = 168  # that an old secret may be taken beside the new one


@dataclass(frozen=True)
class ClientInfo:
    """What may be told of a client. `method` is how it authenticates at the token endpoint."""

    id: str
    name: str
    agency: str
    method: str  # client_secret | private_key_jwt
    scopes: tuple[str, ...]
    keys: tuple[str, ...]  # what its public keys are called
    created_at: datetime
    created_by: str
    deactivated_at: datetime | None


class Clients:
    """Kept by administrators; the caller of these has been checked by `people.administrator`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(
        self, subject: Subject, name: str, agency: str, scopes: Iterable[str], jwks: Mapping[str, Any] | None
    ) -> tuple[ClientInfo, str | None]:
        """A new client and, when it brings no public keys, its secret, which is told once."""
        secret = None if jwks is not None else _secret()
        row = OAuthClient(
            id="client-" + secrets.token_hex(8),
            name=name,
            agency_id=agency,
            secret_sha256=token_hash(secret) if secret else None,
            jwks=keys.checked(jwks) if jwks is not None else None,
            scopes=sorted(scopes),
            created_by=subject.id,
        )
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                session.add_all([row, event(subject.id, "client.create", row.id)])
        except IntegrityError as error:
            detail = both(f"Không có cơ quan {agency}", f"There is no agency {agency}")
            raise NotFound(detail, place="agency") from error
        return _info(row), secret

    async def all(self) -> list[ClientInfo]:
        """Every client, the newest first."""
        async with AsyncSession(self._engine) as session:
            rows = await session.execute(select(OAuthClient).order_by(col(OAuthClient.created_at).desc()).limit(1000))
            return [_info(row) for row in rows.scalars()]

    async def one(self, id: str) -> ClientInfo:
        """One client. Raises NotFound."""
        async with AsyncSession(self._engine) as session:
            return _info(await _row(session, id))

    async def rotate(
        self, subject: Subject, id: str, keep: timedelta = timedelta()
    ) -> tuple[ClientInfo, str, datetime | None]:
        """A new secret, told once, in place of the old one, and until when the old one is taken beside it.

        Without `keep` the old one ends at once, with what it has opened. Another rotation, keys or the client's end
        end an old secret before its time. Raises NotFound; Conflict for one with keys, or not active.
        """
        secret, until = _secret(), now() + keep if keep else None
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = await _active(session, id)
            if row.jwks is not None:
                raise Conflict(
                    both("Ứng dụng ký bằng khóa, không có bí mật", "The client signs with keys, it has no secret"),
                    place="secret",
                    fix=both("Thay khóa công khai", "Set other public keys"),
                )
            old, row.secret_sha256 = row.secret_sha256, token_hash(secret)
            if until:
                session.add(holding(*beside(id, str(old), row.secret_sha256), until))
            else:
                await _end_tokens(session, id)
            session.add(event(subject.id, "client.rotate", id))
        return _info(row), secret, until

    async def set_keys(self, subject: Subject, id: str, jwks: Mapping[str, Any]) -> ClientInfo:
        """Other public keys, the old ones beside the new while both are used; a secret ends, and never comes back.

        Tokens end when a key, or the secret, that may have opened them is gone. Raises NotFound, Conflict, Invalid.
        """
        given = keys.checked(jwks)
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = await _active(session, id)
            before = (row.jwks or {}).get("keys", [])
            if row.jwks is None or any(key not in given["keys"] for key in before):
                await _end_tokens(session, id)
            row.jwks, row.secret_sha256 = given, None
            session.add(event(subject.id, "client.keys", id))
        return _info(row)

    async def deactivate(self, subject: Subject, id: str) -> ClientInfo:
        """End the client and every token that it holds."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = await _row(session, id)
            if row.deactivated_at is None:
                row.deactivated_at = now()
                await _end_tokens(session, id)
                session.add(event(subject.id, "client.deactivate", id))
        return _info(row)


def beside(id: str, old: str, new: str) -> tuple[str, str]:
    """What holds while an old secret is taken beside the one in its place: with a third secret it means nothing."""
    return "secret:" + id, f"{old}>{new}"


def _secret() -> str:
    return "lts_" + secrets.token_urlsafe(32)


async def _row(session: AsyncSession, id: str) -> OAuthClient:
    row = await session.get(OAuthClient, id) if "\0" not in id else None
    if row is None:
        raise NotFound(both("Không có ứng dụng này", "There is no such client"), place=id[:80])
    return row


async def _active(session: AsyncSession, id: str) -> OAuthClient:
    row = await _row(session, id)
    if row.deactivated_at is not None:
        raise Conflict(both("Ứng dụng đã ngừng", "The client has been deactivated"), place=id)
    return row


async def _end_tokens(session: AsyncSession, id: str) -> None:
    held = col(Token.client_id) == id, col(Token.revoked_at).is_(None)
    await session.execute(update(Token).where(*held).values(revoked_at=now()))


def _info(row: OAuthClient) -> ClientInfo:
    return ClientInfo(
        id=row.id,
        name=row.name,
        agency=row.agency_id,
        method="private_key_jwt" if row.jwks else "client_secret",
        scopes=tuple(row.scopes),
        keys=tuple(str(key.get("kid", "-")) for key in (row.jwks or {}).get("keys", [])),
        created_at=row.created_at,
        created_by=row.created_by,
        deactivated_at=row.deactivated_at,
    )
