"""Signing in by an OpenID Connect provider: authorization code, PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

Who a subject of the provider is here stands in `oidc_link`; a claim links somebody only where the settings say so.
VNeID is to be such a provider: its address and client go into the settings, nothing else changes.
"""

import asyncio
import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import jwt
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.identity import keys
from lienthong.governance.identity.box import Box
from lienthong.governance.identity.once import first_use
from lienthong.governance.identity.people import USERNAME
from lienthong.governance.identity.tables import OidcLink, event
from lienthong.governance.tables import Person
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound, Unauthenticated, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

FLOW_SECONDS, SECONDS, MOST_BYTES, KEEP_SECONDS, LEEWAY = 600, 5.0, 1_000_000, 3600, 30
_FLOW = "oidc.flow"
_HOME = {"127.0.0.1", "::1", "localhost"}
Claims = dict[str, Any]


@dataclass(frozen=True)
class Leaving:
    """Where the browser goes, and the cookie that it brings back."""

    url: str
    cookie: str


@dataclass(frozen=True)
class Returned:
    """Who came back, and where they were going. `linked`: an account was linked, nobody signed in."""

    username: str
    next: str
    linked: bool


class Http:
    """The one client to the provider: no redirects, a time-out, a bound on bytes; HTTPS, or this very machine."""

    async def json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """The JSON object at an address. Raises Unavailable."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HOME):
            raise _unavailable("https")
        body = b""
        try:
            async with (
                asyncio.timeout(SECONDS * 2),
                httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(method, url, headers={"Accept": "application/json"}, **options) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise _unavailable("size")
            found = json.loads(body) if answer.status_code == 200 else None
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            raise _unavailable(type(error).__name__) from error
        if not isinstance(found, dict):
            raise _unavailable(str(answer.status_code))
        return found


class Oidc:
    """The provider of the settings; absent when there is none."""

    def __init__(self, engine: AsyncEngine, box: Box, settings: Settings) -> None:
        self._engine, self._box, self._settings = engine, box, settings
        self._http = Http()
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._callback = settings.public_url + "/oidc/callback"

    @property
    def name(self) -> str | None:
        """What the provider is called on the sign-in page; None: there is none."""
        return self._settings.oidc_name if self._settings.oidc_issuer else None

    async def leave(self, next: str, link: str | None = None) -> Leaving:
        """To the provider. `link`: the person whose account is to be linked."""
        provider = await self._provider()
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._callback,
            "scope": self._settings.oidc_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": next, "link": link}
        address = str(provider["authorization_endpoint"])
        joint = "&" if "?" in address else "?"
        return Leaving(address + joint + urlencode(asked), self._box.seal(_FLOW, kept, FLOW_SECONDS))

    async def come_back(self, cookie: str | None, given: dict[str, str]) -> Returned:
        """From the provider. Raises Unauthenticated, Unavailable, NotFound (nobody here is that person)."""
        kept = self._box.open(_FLOW, cookie)
        if kept is None or not secrets.compare_digest(kept["state"].encode(), given.get("state", "").encode()):
            raise _refused("state")
        if not await first_use(self._engine, "state", kept["state"], now() + timedelta(seconds=FLOW_SECONDS)):
            raise _refused("state")
        provider = await self._provider()
        if given.get("iss", provider["issuer"]) != provider["issuer"]:  # RFC 9207
            raise _refused("iss")
        if "code" not in given:
            raise _refused(re.sub(r"[^a-z_]", "", given.get("error", "code"))[:40])
        claims = await self._claims(provider, given["code"], kept)
        if kept["link"]:
            await self._link(str(claims["sub"]), kept["link"], kept["link"])
            return Returned(kept["link"], kept["next"], linked=True)
        return Returned(await self._person(claims), kept["next"], linked=False)

    # --- the provider --------------------------------------------------------------------------------------------

    async def _provider(self) -> dict[str, Any]:
        """Its metadata (OpenID Connect Discovery 1.0), kept for an hour."""
        issuer = self._settings.oidc_issuer
        if not issuer:
            raise NotFound(
                both("Chưa cấu hình nhà cung cấp danh tính", "No identity provider is configured"),
                place="LIENTHONG_OIDC_ISSUER",
            )
        found = await self._kept(issuer.rstrip("/") + "/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != issuer or not all(isinstance(found.get(name), str) for name in needed):
            raise _unavailable("issuer")
        return found

    async def _kept(self, url: str, fresh: bool = False) -> dict[str, Any]:
        known = self._known.get(url)
        if known and not fresh and time.monotonic() - known[0] < KEEP_SECONDS:
            return known[1]
        found = await self._http.json("GET", url)
        self._known[url] = (time.monotonic(), found)
        return found

    async def _claims(self, provider: dict[str, Any], code: str, kept: dict[str, Any]) -> Claims:
        """The claims of the ID token that the code is good for."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": kept["verifier"],
        }
        client, secret = self._settings.oidc_client_id or "", self._settings.oidc_client_secret
        options: dict[str, Any] = {"data": form}
        methods = provider.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in methods:
            options["auth"] = (client, secret.get_secret_value())
        else:
            form["client_id"] = client
            if secret:
                form["client_secret"] = secret.get_secret_value()
        answer = await self._http.json("POST", provider["token_endpoint"], **options)
        return await self._verified(provider, str(answer.get("id_token", "")), kept["nonce"])

    async def _verified(self, provider: dict[str, Any], token: str, nonce: str) -> Claims:
        client = self._settings.oidc_client_id or ""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(provider, header)
            claims: Claims = jwt.decode(
                token,
                jwt.PyJWK(key, algorithm=header["alg"]),
                algorithms=[header["alg"]],
                audience=client,
                issuer=provider["issuer"],
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "sub", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            raise _refused("id_token") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("nonce") != nonce or (several and claims.get("azp") != client):
            raise _refused("nonce")
        return claims

    async def _key(self, provider: dict[str, Any], header: dict[str, Any]) -> dict[str, Any]:
        """The provider's key of this token; the set is asked for anew, once, when it is not in it."""
        for fresh in (False, True):
            found = (await self._kept(provider["jwks_uri"], fresh)).get("keys", [])
            able = [k for k in found if isinstance(k, dict) and header.get("alg") in keys.algorithms(k)]
            fits = [k for k in able if "kid" not in header or k.get("kid") == header["kid"]]
            if len(fits) == 1:
                return dict(fits[0])
        raise _refused("id_token")

    # --- who that is here ----------------------------------------------------------------------------------------

    async def _person(self, claims: Claims) -> str:
        async with AsyncSession(self._engine) as session:
            link = await session.get(OidcLink, (self._settings.oidc_issuer, str(claims["sub"])[:255]))
            name = link.username if link and link.removed_at is None else await self._matched(session, claims)
            person = await session.get(Person, name) if name else None
        if person is None and self._settings.oidc_new_role:
            return await self._made(claims)
        if person is None or person.deactivated_at:
            raise NotFound(
                both("Danh tính này chưa gắn với người dùng nào", "This identity is linked to nobody here"),
                place="sub",
                fix=both("Đăng nhập rồi gắn ở trang Tài khoản", "Sign in, then link it on the page Account"),
            )
        if link is None:
            await self._link(str(claims["sub"]), person.username, "oidc")
        return person.username

    async def _matched(self, session: AsyncSession, claims: Claims) -> str | None:
        """The account that the claim of the settings names, while no other identity of the provider has it."""
        name = self._settings.oidc_match_claim
        value = claims.get(name) if name else None
        if not isinstance(value, str) or (name == "email" and claims.get("email_verified") is not True):
            return None
        taken = select(OidcLink).where(
            OidcLink.username == value, OidcLink.issuer == self._settings.oidc_issuer, col(OidcLink.removed_at).is_(None)
        )
        return None if (await session.execute(taken)).first() else value[:63].replace("\0", "")

    async def _made(self, claims: Claims) -> str:
        """A new person with the role of the settings, never an administrator's."""
        subject = str(claims["sub"])
        wanted = str(claims.get(self._settings.oidc_match_claim or "preferred_username", ""))
        digest = hashlib.sha256(f"{self._settings.oidc_issuer}\0{subject}".encode()).hexdigest()[:12]
        agency = claims.get(self._settings.oidc_agency_claim) if self._settings.oidc_agency_claim else None
        async with AsyncSession(self._engine) as session:
            free = re.match(USERNAME, wanted) and await session.get(Person, wanted) is None
        username = wanted if free else f"oidc-{digest}"
        name = str(claims.get("name") or username)[:200].replace("\0", "")
        row = Person(username=username, name=name, role=self._settings.oidc_new_role, agency_id=agency)
        try:
            async with AsyncSession(self._engine) as session, session.begin():
                session.add_all([row, event("oidc", "person.create", username)])
        except IntegrityError as error:
            raise Invalid(both(f"Không có cơ quan {agency}", f"There is no agency {agency}"), place="agency") from error
        await self._link(subject, username, "oidc")
        return username

    async def _link(self, subject: str, username: str, who: str) -> None:
        """Link the identity to the person. Raises Conflict when somebody else has it."""
        values = {"username": username, "created_at": now(), "removed_at": None}
        statement = insert(OidcLink).values(issuer=self._settings.oidc_issuer, subject=subject[:255], **values)
        statement = statement.on_conflict_do_update(
            index_elements=["issuer", "subject"], set_=values, where=col(OidcLink.removed_at).is_not(None)
        )
        async with AsyncSession(self._engine) as session, session.begin():
            row = await session.get(OidcLink, (self._settings.oidc_issuer, subject[:255]))
            if row and row.removed_at is None and row.username != username:
                detail = both("Danh tính này đã gắn với người khác", "This identity is linked to somebody else")
                raise Conflict(detail, place="sub")
            await session.execute(statement)
            session.add(event(who, "oidc.link", username))

    async def links(self, username: str) -> list[OidcLink]:
        """The identities that are linked to a person."""
        query = select(OidcLink).where(OidcLink.username == username, col(OidcLink.removed_at).is_(None))
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return list((await session.execute(query)).scalars())

    async def unlink(self, username: str, subject: str) -> None:
        """Take a link away."""
        async with AsyncSession(self._engine) as session, session.begin():
            row = await session.get(OidcLink, (self._settings.oidc_issuer, subject[:255]))
            if row and row.username == username:
                row.removed_at = now()
                session.add(event(username, "oidc.unlink", username))


def _refused(place: str) -> Unauthenticated:
    return Unauthenticated(
        both("Nhà cung cấp danh tính trả lời không hợp lệ", "The identity provider's answer is not valid"),
        place=place,
        fix=both("Đăng nhập lại từ đầu", "Begin signing in again"),
    )


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        both("Nhà cung cấp danh tính không trả lời đúng", "The identity provider does not answer as it should"),
        place=why,
        fix=both("Thử lại sau, hoặc dùng mật khẩu", "Try again later, or use a password"),
    )
