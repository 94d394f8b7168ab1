"""Credentials of people and programs (schema `platform`). What is secret is here as a hash, or sealed."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, Column, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.store.tables import PlatformTable

INSERT, CHANGE = {"info": {"app": "insert"}}, {"info": {"app": "insert, update"}}


def _texts() -> Any:
    return Column(ARRAY(String), nullable=False)


class Session(PlatformTable, table=True):
    """Somebody's stay in the portal. `id` is the SHA-256 of the cookie; `pending` waits for the second factor."""

    __table_args__ = CHANGE

    id: str = Field(primary_key=True, max_length=64)
    username: str = Field(foreign_key="person.username", index=True)
    state: str = Field(max_length=7)  # pending | active
    method: str = Field(max_length=31)  # password, password+totp, passkey, oidc ...
    address: str = ""
    agent: str = ""
    created_at: datetime = Field(default_factory=now)
    seen_at: datetime = Field(default_factory=now)
    expires_at: datetime
    ended_at: datetime | None = None


class Totp(PlatformTable, table=True):
    """The authenticator app of a person: the secret sealed by the home's key, the last time step that was used."""

    __table_args__ = CHANGE

    username: str = Field(primary_key=True, foreign_key="person.username")
    secret: str
    created_at: datetime = Field(default_factory=now)
    confirmed_at: datetime | None = None
    last_step: int = Field(default=0, sa_type=BigInteger)


class RecoveryCode(PlatformTable, table=True):
    """One code for the day on which the second factor is lost; its keyed hash."""

    __tablename__: ClassVar[Any] = "recovery_code"
    __table_args__ = CHANGE

    hash: str = Field(primary_key=True, max_length=64)
    username: str = Field(foreign_key="person.username", index=True)
    used_at: datetime | None = None


class Passkey(PlatformTable, table=True):
    """A public key that an authenticator made for this site."""

    __table_args__ = CHANGE

    id: str = Field(primary_key=True)  # credential id, base64url
    username: str = Field(foreign_key="person.username", index=True)
    name: str
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(default_factory=now)
    last_used_at: datetime | None = None
    removed_at: datetime | None = None


class OidcLink(PlatformTable, table=True):
    """Who a subject of an OpenID provider is here."""

    __tablename__: ClassVar[Any] = "oidc_link"
    __table_args__ = CHANGE

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True, max_length=255)
    username: str = Field(foreign_key="person.username", index=True)
    created_at: datetime = Field(default_factory=now)
    removed_at: datetime | None = None


class OAuthClient(PlatformTable, table=True):
    """A program of an agency: it has a secret (its hash is kept) or public keys (a JWK set), never both."""

    __tablename__: ClassVar[Any] = "oauth_client"
    __table_args__ = CHANGE

    id: str = Field(primary_key=True, max_length=63)
    name: str
    agency_id: str = Field(foreign_key="agency.id", index=True)
    secret_sha256: str | None = Field(default=None, max_length=64)
    jwks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    scopes: list[str] = Field(default_factory=list, sa_column=_texts())
    created_at: datetime = Field(default_factory=now)
    created_by: str
    deactivated_at: datetime | None = None


class UsedOnce(PlatformTable, table=True):
    """A value that may be used once (the jti of a client's assertion, a state, a challenge), SHA-256.

    Or one that holds until `expires_at`: a client's secret beside the one that took its place.
    """

    __tablename__: ClassVar[Any] = "used_once"
    __table_args__ = INSERT

    value: str = Field(primary_key=True, max_length=64)
    expires_at: datetime


class Attempt(PlatformTable, table=True):
    """Failed tries at one account or from one address (SHA-256 of either), and until when to wait."""

    __table_args__ = CHANGE

    key: str = Field(primary_key=True, max_length=64)
    failures: int
    since: datetime
    until: datetime | None = None


class IdentityEvent(PlatformTable, table=True):
    """What was done to people and credentials, by whom: append only."""

    __tablename__: ClassVar[Any] = "identity_event"
    __table_args__ = (Index("identity_event_at", "at"), INSERT)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    at: datetime = Field(default_factory=now)
    who: str
    what: str
    about: str


def event(who: str, what: str, about: str | uuid.UUID) -> IdentityEvent:
    """The record of one act."""
    return IdentityEvent(who=who, what=what, about=str(about))
