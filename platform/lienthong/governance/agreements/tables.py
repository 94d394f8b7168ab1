"""Agreements and everything that happened to them (schema `platform`)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.kernel.clock import now, today
from lienthong.store.tables import PlatformTable, json_column

Clauses = dict[str, dict[str, str]]


def _names() -> Any:
    return Column(ARRAY(String), nullable=False, server_default=text("'{}'"))


class Agreement(PlatformTable, table=True):
    """What a consumer may read of a dataset, for what purpose, until when (NĐ 47/2020 Điều 35, 38).

    Its terms are fixed when it is asked for: a change is a new one that `renews` it. Who may set what is held by the
    database too: the API never makes an agreement active (trigger `agreement_guard`).
    """

    __table_args__ = (
        Index(
            "agreement_one_active", "consumer", "dataset", "purpose", unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index("agreement_provider", "provider"),
        {"info": {"app": "insert, update"}},
    )  # fmt: skip

    id: str = Field(primary_key=True, max_length=63)
    provider: str = Field(foreign_key="agency.id")
    consumer: str = Field(foreign_key="agency.id", index=True)
    dataset: str = Field(max_length=63)
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    clear: list[str] = Field(default_factory=list, sa_column=_names())  # fields without their mask
    condition: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    purpose: str
    legal_basis: str
    quota: int | None = None  # rows a day
    valid_from: date
    expires: date
    application: str = Field(default="", sa_column_kwargs={"server_default": ""})
    frequency: str = Field(default="", sa_column_kwargs={"server_default": ""})
    clauses: Clauses = Field(default_factory=dict, sa_column=json_column())
    state: str = Field(default="requested")  # governance.agreements.states.STATES
    renews: str | None = Field(
        default=None, sa_column=Column(String(63), ForeignKey("platform.agreement.id"), nullable=True)
    )
    requested_at: datetime = Field(default_factory=now, sa_column_kwargs={"server_default": text("now()")})
    requested_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    answer_due: date | None = None
    answered_at: datetime | None = None
    suspend_from: date | None = None
    suspend_until: date | None = None
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    applied: str | None = None  # digest of the terms that the database's rights were made of

    def state_on(self, day: date) -> str:
        """The state as it is on `day`: an agreement expires, and an announced suspension begins, by itself."""
        if self.state in ("signed", "active", "suspended") and day > self.expires:
            return "expired"
        if self.state == "active" and self.suspend_from and day >= self.suspend_from:
            return "suspended"
        return self.state

    @property
    def state_now(self) -> str:
        """The state today."""
        return self.state_on(today())


class AgreementEvent(PlatformTable, table=True):
    """One step of an agreement: append only, for everybody (trigger `agreement_event_fixed`)."""

    __tablename__: ClassVar[Any] = "agreement_event"
    __table_args__ = (Index("agreement_event_agreement", "agreement", "id"), {"info": {"app": "insert"}})

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    agreement: str = Field(sa_column=Column(String(63), ForeignKey("platform.agreement.id"), nullable=False))
    at: datetime = Field(default_factory=now, sa_column_kwargs={"server_default": text("clock_timestamp()")})
    who: str
    agency: str | None = None
    what: str
    state: str
    reason: str | None = None
    note: str = Field(default="", sa_column_kwargs={"server_default": ""})


class AgreementUse(PlatformTable, table=True):
    """Rows that were read under an agreement on a day, of sealed entries of the ledger (trigger `counted`)."""

    __tablename__: ClassVar[Any] = "agreement_use"

    agreement: str = Field(
        sa_column=Column(String(63), ForeignKey("platform.agreement.id"), primary_key=True, nullable=False)
    )
    day: date = Field(primary_key=True)
    rows: int = Field(sa_type=BigInteger)
