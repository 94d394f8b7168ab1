"""People, agreements, tokens and the ledger (schema `platform`)."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

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


class Token(PlatformTable, table=True):
    """A bearer token: only its hash is kept. It belongs to an agency or to a person."""

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    sha256: str = Field(unique=True, max_length=64)
    label: str = ""
    agency_id: str | None = Field(default=None, foreign_key="agency.id")
    username: str | None = Field(default=None, foreign_key="person.username")
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Agreement(PlatformTable, table=True):
    """What a consumer may read of a dataset, for what purpose, until when (NĐ 47/2020 Điều 38)."""

    id: str = Field(primary_key=True, max_length=63)
    provider: str = Field(foreign_key="agency.id")
    consumer: str = Field(foreign_key="agency.id", index=True)
    dataset: str = Field(max_length=63)
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    condition: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    purpose: str
    legal_basis: str
    quota: int | None = None  # rows a day
    valid_from: date
    expires: date
    state: str = Field(default="active")  # active | suspended | revoked


class Ledger(PlatformTable, table=True):
    """One governed read: append only, written with the read (NĐ 47/2020 Điều 45)."""

    __table_args__ = (Index("ledger_at", "at"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    at: datetime = Field(default_factory=now, sa_column_kwargs={"server_default": "now()"})
    request_id: str
    subject: str
    agency: str | None = None
    dataset: str
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    condition: str = ""
    purpose: str
    agreement: str | None = None
    surface: str
    rows: int | None = None
