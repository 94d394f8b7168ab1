"""People, agreements, tokens and the ledger (schema `platform`)."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.governance.agreements.tables import Agreement as Agreement
from lienthong.governance.agreements.tables import AgreementEvent as AgreementEvent
from lienthong.governance.identity import tables as _identity  # noqa: F401  (tokens point at its clients)
from lienthong.kernel.clock import now
from lienthong.store.tables import PlatformTable, json_column


class Person(PlatformTable, table=True):
    """Somebody who signs in; `role` is one of `governance.subject.Role`.

    `identifiers` tell which records of the datasets are their own (`privacy.subject` of a contract).
    """

    username: str = Field(primary_key=True, max_length=63)
    name: str
    role: str
    agency_id: str | None = Field(default=None, foreign_key="agency.id")
    password_hash: str | None = None
    identifiers: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    deactivated_at: datetime | None = None


class Token(PlatformTable, table=True):
    """A bearer token: only its hash is kept. It belongs to an agency or to a person.

    `scopes` null means everything that the owner may do; `client_id` names the OAuth client that it was given to.
    """

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    sha256: str = Field(unique=True, max_length=64)
    label: str = ""
    agency_id: str | None = Field(default=None, foreign_key="agency.id")
    username: str | None = Field(default=None, foreign_key="person.username")
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    scopes: list[str] | None = Field(default=None, sa_column=Column(ARRAY(String)))
    client_id: str | None = Field(default=None, foreign_key="oauth_client.id")
    last_used_at: datetime | None = None


class Ledger(PlatformTable, table=True):
    """One governed read, written before its rows go out (NĐ 47/2020 Điều 45); the sealer moves it on.

    `writer` is one server process, `sequence` its entries from 1 on: a gap means that an entry is gone.
    `keys` are the numbers of the rows about persons that were answered with; `context` are X-Road headers as they came.
    """

    __table_args__ = (Index("ledger_writer_sequence", "writer", "sequence", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    at: datetime = Field(default_factory=now, sa_column_kwargs={"server_default": text("clock_timestamp()")})
    receipt: uuid.UUID
    writer: uuid.UUID
    sequence: int = Field(sa_type=BigInteger)
    subject: str
    role: str | None = None
    agency: str | None = None
    dataset: str
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    condition: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    keys: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger)))
    rows: int | None = None
    purpose: str
    agreement: str | None = None
    surface: str
    state: str = "current"
    context: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB))
