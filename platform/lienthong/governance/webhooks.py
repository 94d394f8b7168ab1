"""Webhooks of agencies, and their messages (schema `platform`)."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.store.tables import PlatformTable


def _moment(default: Any = None) -> Any:
    return Field(default_factory=default, sa_type=DateTime(timezone=True)) if default else Field(
        default=None, sa_type=DateTime(timezone=True)
    )  # fmt: skip


class Webhook(PlatformTable, table=True):
    """Where an agency wants to hear of a dataset's changes. One message at a time is on its way, in order.

    `cursor`: the place in the change feed that has been delivered; `seen`: what had happened to the dataset by then.
    `reason` tells (a problem's JSON) why it is not active any more.
    """

    __table_args__ = (Index("webhook_agency", "agency"), {"info": {"app": "insert, update"}})

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    agency: str = Field(foreign_key="agency.id")
    created_by: str
    url: str
    dataset: str = Field(max_length=63)
    payload: str = "thin"  # thin | rows
    purpose: str | None = None
    secret: str  # sealed (governance.identity.box)
    cursor: str
    seen: int = Field(default=0, sa_type=BigInteger)
    active: bool = True
    reason: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    created_at: datetime = _moment(now)
    deleted_at: datetime | None = _moment()
    attempts: int = 0  # of the message on its way
    failing_since: datetime | None = _moment()
    next_at: datetime = _moment(now)
    claimed_until: datetime | None = _moment()


class WebhookMessage(PlatformTable, table=True):
    """The log of messages: what was told, how often it was tried, what the receiver answered last."""

    __tablename__ = "webhook_message"
    __table_args__ = (Index("webhook_message_sent", "webhook", "sent_at"), {"info": {"app": "insert, update"}})

    id: str = Field(primary_key=True, max_length=64)  # webhook-id: the same for the same changes
    webhook: uuid.UUID = Field(foreign_key="webhook.id")
    since: str
    next: str
    count: int
    attempts: int = 0
    status: int | None = None
    error: str | None = None
    receipt: str | None = None
    sent_at: datetime = _moment(now)
    delivered_at: datetime | None = _moment()
