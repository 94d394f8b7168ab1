"""Signing in by an OpenID Connect provider: authorization code, PKCE, state, nonce (OIDC Core 1.0, RFC 7636).

Who a subject of the provider is here stands in `oidc_link`; a claim links somebody only where the settings say so.
VNeID is to be such a provider: its address and client go into the settings, nothing else changes.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.governance.identity.box import Box
from lienthong.governance.identity.once import first_use
from lienthong.governance.identity.people import USERNAME
from lienthong.governance.identity.provider import Claims, Provider, refused
from lienthong.governance.identity.tables import OidcLink, event
from lienthong.governance.tables import Person
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

FLOW_SECONDS = 600
_FLOW = "oidc.flow"


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


class Oidc:
    """The provider of the settings; absent when there is none."""

    def __init__(self, engine: AsyncEngine, box: Box, settings: Settings) -> None:
        self._engine, self._box, self._settings = engine, box, settings
        self._provider = Provider(settings)
        self._callback = settings.public_url + "/oidc/callback"

    @property
    def name(self) -> str | None:
        """What the provider is called on the sign-in page; None: there is none."""
        return self._settings.oidc_name if self._settings.oidc_issuer else None

    async def leave(self, next: str, link: str | None = None) -> Leaving:
        """To the provider. `link`: the person whose account is to be linked."""
        provider = await self._provider.metadata()
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
            raise refused("state")
        if not await first_use(self._engine, "state", kept["state"], now() + timedelta(seconds=FLOW_SECONDS)):
            raise refused("state")
        provider = await self._provider.metadata()
        if given.get("iss", provider["issuer"]) != provider["issuer"]:  # RFC 9207
            raise refused("iss")
        if "code" not in given:
            raise refused(re.sub(r"[^a-z_]", "", given.get("error", "code"))[:40])
        claims = await self._provider.claims(given["code"], self._callback, kept["verifier"], kept["nonce"])
        if kept["link"]:
            await self._link(str(claims["sub"]), kept["link"], kept["link"])
            return Returned(kept["link"], kept["next"], linked=True)
        return Returned(await self._person(claims), kept["next"], linked=False)

    # --- who that is here ----------------------------------------------------------------------------------------

    async def _person(self, claims: Claims) -> str:
        async with AsyncSession(self._engine) as session:
            link = await session.get(OidcLink, (self._settings.oidc_issuer, str(claims["sub"])[:255]))
            name = link.username if link and link.removed_at is None else await self._matched(session, claims)
            person = await session.get(Person, name) if name else None
        if person is None and self._settings.oidc_new_role:
            return await self._made(claims, self._settings.oidc_new_role)
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
            OidcLink.username == value,
            OidcLink.issuer == self._settings.oidc_issuer,
            col(OidcLink.removed_at).is_(None),
        )
        return None if (await session.execute(taken)).first() else value[:63].replace("\0", "")

    async def _made(self, claims: Claims, role: str) -> str:
        """A new person with the role of the settings, never an administrator's."""
        subject = str(claims["sub"])
        wanted = str(claims.get(self._settings.oidc_match_claim or "preferred_username", ""))
        digest = hashlib.sha256(f"{self._settings.oidc_issuer}\0{subject}".encode()).hexdigest()[:12]
        agency = claims.get(self._settings.oidc_agency_claim) if self._settings.oidc_agency_claim else None
        async with AsyncSession(self._engine) as session:
            free = re.match(USERNAME, wanted) and await session.get(Person, wanted) is None
        username = wanted if free else f"oidc-{digest}"
        name = str(claims.get("name") or username)[:200].replace("\0", "")
        row = Person(username=username, name=name, role=role, agency_id=agency)
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
