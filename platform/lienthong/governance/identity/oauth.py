"""OAuth 2.0 for programs: client authentication (RFC 6749, 7523), access tokens, their end (7009) and state (7662).

An access token is a row of `token` like any other: opaque, short-lived, revocable at once. No signing key has to be
guarded, and no JWT is ever accepted as a token, so a forged one has nothing to be confused with.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import jwt
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import select

from lienthong.contract.registry import Registry
from lienthong.governance.credentials import new_token, token_hash
from lienthong.governance.identity import keys, scopes
from lienthong.governance.identity.clients import beside
from lienthong.governance.identity.once import first_use, holds
from lienthong.governance.identity.tables import OAuthClient
from lienthong.governance.tables import Token
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

TOKEN_SECONDS = 3600
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
MOST_ASSERTION_SECONDS, LEEWAY, MOST_CHARACTERS = 600, 10, 8192
_HEADER = {"alg", "typ", "kid"}  # nothing that brings or points to a key: jwk, jku, x5c, x5u


class OAuthRefused(Invalid):
    """A refusal in the words of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(both(description, description))
        self.error, self.description, self.http_status = error, description, status


def _client_refused() -> OAuthRefused:
    return OAuthRefused("invalid_client", "client authentication failed", 401)


class OAuth:
    """The token endpoint's work. `issuer` is the public address of this site."""

    def __init__(self, engine: AsyncEngine, issuer: str) -> None:
        self._engine = engine
        self.issuer = issuer
        self.endpoint = issuer + "/oauth/token"

    async def client(self, form: Mapping[str, str], authorization: str | None) -> OAuthClient:
        """The client that authenticates, by one method. Raises OAuthRefused."""
        basic = _basic(authorization)
        ways = [basic is not None, "client_secret" in form, "client_assertion" in form]
        if sum(ways) != 1:
            several = OAuthRefused("invalid_request", "one way of client authentication is needed")
            raise several if any(ways) else _client_refused()
        if "client_assertion" in form:
            return await self._by_assertion(form)
        name, secret = basic or (form.get("client_id", ""), form["client_secret"])
        if form.get("client_id", name) != name:
            raise _client_refused()
        found = await self._active(name)
        kept, given = (found.secret_sha256 if found else None) or "-", token_hash(secret)
        if found is None or not (hmac.compare_digest(kept, given) or await self._is_old(found.id, given, kept)):
            raise _client_refused()
        return found

    async def _is_old(self, id: str, given: str, kept: str) -> bool:
        """Is it the secret before this one, in the time in which both are taken?"""
        return await holds(self._engine, *beside(id, given, kept))

    async def grant(self, registry: Registry, client: OAuthClient, form: Mapping[str, str]) -> dict[str, Any]:
        """An access token for the client itself (RFC 6749, 4.4)."""
        kind = form.get("grant_type")
        if kind != "client_credentials":
            error = "unsupported_grant_type" if kind else "invalid_request"
            raise OAuthRefused(error, "grant_type must be client_credentials")
        asked = form.get("scope", "").split() or list(client.scopes)
        try:
            scopes.checked(registry, asked)
        except Invalid as problem:
            raise OAuthRefused("invalid_scope", _plain(problem.message("en"))) from problem
        if scope := scopes.beyond(frozenset(client.scopes), asked):
            raise OAuthRefused("invalid_scope", f"the scopes of the client do not allow it: {scope}")
        text, until = new_token(), now() + timedelta(seconds=TOKEN_SECONDS)
        row = Token(
            sha256=token_hash(text),
            label=client.name,
            agency_id=client.agency_id,
            client_id=client.id,
            scopes=sorted(set(asked)),
            expires_at=until,
        )
        async with AsyncSession(self._engine) as session, session.begin():
            session.add(row)
        kept = " ".join(sorted(set(asked)))
        return {"access_token": text, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": kept}

    async def revoke(self, client: OAuthClient, token: str) -> None:
        """End a token of this client; anything else is left as it is, and nobody is told (RFC 7009, 2.2)."""
        async with AsyncSession(self._engine) as session, session.begin():
            row = await _row(session, token)
            if row is not None and row.client_id == client.id and row.revoked_at is None:
                row.revoked_at = now()

    async def state(self, token: str, client: OAuthClient | None = None) -> dict[str, Any]:
        """The state of a token (RFC 7662): of the client's own, or of the very one that the caller came with."""
        async with AsyncSession(self._engine) as session:
            row = await _row(session, token)
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            return {"active": False}
        if client is not None and row.client_id != client.id:
            return {"active": False}
        found: dict[str, Any] = {"active": True, "token_type": "Bearer", "iss": self.issuer}
        found |= {"sub": row.username or row.agency_id, "iat": int(row.created_at.timestamp())}
        if row.scopes is not None:
            found["scope"] = " ".join(row.scopes)
        if row.client_id:
            found["client_id"] = row.client_id
        if row.expires_at:
            found["exp"] = int(row.expires_at.timestamp())
        return found

    # --- private_key_jwt -----------------------------------------------------------------------------------------

    async def _by_assertion(self, form: Mapping[str, str]) -> OAuthClient:
        text = form["client_assertion"]
        if form.get("client_assertion_type") != ASSERTION or len(text) > MOST_CHARACTERS:
            raise _client_refused()
        try:
            header = jwt.get_unverified_header(text)
            name = str(jwt.decode(text, options={"verify_signature": False}).get("sub"))
            client = await self._active(name)
            if client is None or form.get("client_id", name) != name:
                raise _client_refused()
            claims = self._verified(text, header, client)
        except (jwt.PyJWTError, ValueError) as error:
            raise _client_refused() from error
        until = datetime.fromtimestamp(claims["exp"] + LEEWAY, UTC)
        if not await first_use(self._engine, "jti:" + client.id, claims["jti"], until):
            raise _client_refused()
        return client

    def _verified(self, text: str, header: Mapping[str, Any], client: OAuthClient) -> dict[str, Any]:
        """The claims, when a key of this very client signed them for this endpoint, for a short time."""
        able = [k for k in (client.jwks or {"keys": []})["keys"] if header.get("kid", k.get("kid")) == k.get("kid")]
        if set(header) - _HEADER or len(able) != 1 or header.get("alg") not in keys.algorithms(able[0]):
            raise _client_refused()
        algorithm = str(header["alg"])
        claims = jwt.decode(
            text,
            jwt.PyJWK(able[0], algorithm=algorithm),
            algorithms=[algorithm],
            audience=[self.endpoint, self.issuer],
            issuer=client.id,
            subject=client.id,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "sub", "aud", "jti"]},
        )
        far = now().timestamp() + MOST_ASSERTION_SECONDS
        if claims["exp"] > far or not isinstance(claims["jti"], str) or not 8 <= len(claims["jti"]) <= 200:
            raise _client_refused()
        return claims

    async def _active(self, id: str) -> OAuthClient | None:
        if not id or len(id) > 63 or "\0" in id:
            return None
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            found = await session.get(OAuthClient, id)
        return found if found and found.deactivated_at is None else None


async def _row(session: AsyncSession, token: str) -> Token | None:
    found: Token | None = (
        await session.execute(select(Token).where(Token.sha256 == token_hash(token)))
    ).scalar_one_or_none()
    return found


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Name and secret of HTTP Basic, form-encoded inside (RFC 6749, 2.3.1)."""
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _client_refused() from error
    return unquote_plus(name), unquote_plus(secret)


def _plain(text: str) -> str:
    """A text in the few characters that an error description may have."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in text)
