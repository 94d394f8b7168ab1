"""Passkeys (WebAuthn): a key pair that an authenticator made for this site; the public half is kept.

A challenge is sealed into a cookie of the browser that asked, bound to the session it was asked in, and is good once.
"""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from lienthong.governance.identity.box import Box
from lienthong.governance.identity.once import first_use
from lienthong.governance.identity.tables import Passkey, event
from lienthong.governance.tables import Person
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, NotFound, Unauthenticated
from lienthong.kernel.text import both

CEREMONY_SECONDS = 300
_REGISTER, _SIGN_IN = "passkey.register", "passkey.sign_in"
_VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class Ceremony:
    """What the browser is asked, and the cookie that it brings back with the answer."""

    options: dict[str, Any]
    cookie: str


def named(public_url: str) -> str | None:
    """The origin where passkeys work: they belong to a name, and browsers refuse them at the number of a machine.

    This machine's own numbers have the name `localhost`; a site at any other number has no passkeys.
    """
    parts = urlsplit(public_url)
    try:
        number = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return f"{parts.scheme}://{parts.netloc}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://localhost{port}" if number.is_loopback else None


class Passkeys:
    """Registration and authentication. `site`: where passkeys work; its host is the relying party. None: nowhere."""

    def __init__(self, engine: AsyncEngine, box: Box, public_url: str) -> None:
        self._engine, self._box = engine, box
        self.site = named(public_url)
        self._origin, self._party = self.site or "", urlsplit(self.site or "").hostname or ""

    def _needed(self) -> str:
        """The relying party. Raises Conflict where there can be no passkeys."""
        if not self._party:
            raise Conflict(
                both("Khóa truy cập cần một tên miền", "A passkey needs a name"),
                fix=both(
                    "Đặt LIENTHONG_SITE_URL là một tên, không phải số", "Set LIENTHONG_SITE_URL to a name, not a number"
                ),
            )
        return self._party

    async def of(self, username: str) -> list[Passkey]:
        """The passkeys of a person."""
        query = select(Passkey).where(Passkey.username == username, col(Passkey.removed_at).is_(None))
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return list((await session.execute(query.order_by(col(Passkey.created_at)))).scalars())

    async def remove(self, username: str, id: str, who: str) -> None:
        """Take one away. Raises NotFound."""
        mine = col(Passkey.id) == id, col(Passkey.username) == username, col(Passkey.removed_at).is_(None)
        async with AsyncSession(self._engine) as session, session.begin():
            done = await session.execute(
                update(Passkey).where(*mine).values(removed_at=now()).returning(col(Passkey.id))
            )
            if not done.first():
                raise NotFound(both("Không có khóa truy cập này", "There is no such passkey"), place=id[:80])
            session.add(event(who, "passkey.remove", username))

    # --- registration --------------------------------------------------------------------------------------------

    async def registration(self, username: str, session_id: str) -> Ceremony:
        """What an authenticator is asked so that it makes a key for this person."""
        known = await self.of(username)
        options = webauthn.generate_registration_options(
            rp_id=self._needed(),
            rp_name="Liên Thông",
            user_name=username,
            user_id=self._handle(username),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(k.id)) for k in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=_VERIFIED
            ),
        )
        bound = {"challenge": bytes_to_base64url(options.challenge), "username": username, "session": session_id}
        return Ceremony(options_to_json_dict(options), self._box.seal(_REGISTER, bound, CEREMONY_SECONDS))

    async def register(
        self, username: str, session_id: str, cookie: str | None, credential: dict[str, Any], name: str
    ) -> None:
        """Keep the public key of a right answer. Raises Unauthenticated, Conflict."""
        bound = self._box.open(_REGISTER, cookie)
        if bound is None or (bound["username"], bound["session"]) != (username, session_id):
            raise _over()
        await self._once(bound["challenge"])
        try:
            found = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(bound["challenge"]),
                expected_rp_id=self._party,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise _wrong() from error
        row = Passkey(
            id=bytes_to_base64url(found.credential_id),
            username=username,
            name=name,
            public_key=found.credential_public_key,
            sign_count=found.sign_count,
        )
        try:
            async with AsyncSession(self._engine) as session, session.begin():
                session.add_all([row, event(username, "passkey.add", username)])
        except IntegrityError as error:
            raise Conflict(both("Khóa truy cập đã được dùng", "The passkey is known already")) from error

    # --- authentication ------------------------------------------------------------------------------------------

    async def authentication(self, username: str | None = None) -> Ceremony:
        """What is asked to sign in: any passkey of this site, or (second factor) one of this person."""
        known = await self.of(username) if username else []
        options = webauthn.generate_authentication_options(
            rp_id=self._needed(),
            allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(k.id)) for k in known] or None,
            user_verification=_VERIFIED,
        )
        bound = {"challenge": bytes_to_base64url(options.challenge), "username": username}
        return Ceremony(options_to_json_dict(options), self._box.seal(_SIGN_IN, bound, CEREMONY_SECONDS))

    async def authenticate(self, cookie: str | None, credential: dict[str, Any], waiting: str | None) -> str:
        """Whose passkey answered. `waiting`: the person whose second factor is awaited. Raises Unauthenticated."""
        bound = self._box.open(_SIGN_IN, cookie)
        if bound is None or bound["username"] != waiting:
            raise _over()
        await self._once(bound["challenge"])
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            row = await session.get(Passkey, str(credential.get("id"))[:2000].replace("\0", ""))
            person = await session.get(Person, row.username) if row else None
        if row is None or row.removed_at or waiting not in (None, row.username):
            raise _wrong()
        if person is None or person.deactivated_at:
            raise _wrong()
        try:
            found = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(bound["challenge"]),
                expected_rp_id=self._party,
                expected_origin=self._origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise _wrong() from error
        async with AsyncSession(self._engine) as session, session.begin():
            values = {"sign_count": found.new_sign_count, "last_used_at": now()}
            await session.execute(update(Passkey).where(col(Passkey.id) == row.id).values(**values))
        return row.username

    async def _once(self, challenge: str) -> None:
        if not await first_use(self._engine, "challenge", challenge, now() + timedelta(seconds=CEREMONY_SECONDS)):
            raise _over()

    def _handle(self, username: str) -> bytes:
        """The user handle that an authenticator keeps: it must not tell who the person is."""
        return bytes.fromhex(self._box.keyed_hash("user handle", username))


def nonce() -> str:
    """A fresh number that nobody can guess."""
    return secrets.token_urlsafe(32)


def _over() -> Unauthenticated:
    return Unauthenticated(
        both("Yêu cầu đã hết hạn hoặc đã dùng", "This request is over, or was used"),
        place="challenge",
        fix=both("Thử lại từ đầu", "Begin again"),
    )


def _wrong() -> Unauthenticated:
    return Unauthenticated(both("Khóa truy cập không đúng", "The passkey does not fit"), place="credential")
