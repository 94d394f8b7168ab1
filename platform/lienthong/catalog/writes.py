"""Writes of rows over the API: what was asked for, and what became of it. A worker carries them out, one run each."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.kernel.problem import PROBLEMS, Conflict, Problem
from lienthong.kernel.text import Bilingual
from lienthong.store.tables import PlatformTable, json_column

FINAL = frozenset({"done", "unchanged", "refused", "failed"})
"""The states of a run that does not go on."""


ROW_ETAG = "_etag"
"""The member of a row among many that tells which version its writer has seen: an ETag, or null for none yet."""


class PreconditionFailed(Conflict):
    """The row is not as If-Match or If-None-Match says (RFC 9110)."""

    status = 412


class PreconditionRequired(Conflict):
    """A row that is there is changed only by who has seen it (RFC 6585)."""

    status = 428


class Writing(PlatformTable, table=True):
    """One write. Its run bears the same number; a trigger puts it into the worker's queue as it is inserted.

    `sha256` is the body as it came, in the landing. `etag` is that of the row when the write is done.
    """

    __table_args__ = (UniqueConstraint("subject", "idempotency_key"), {"info": {"app": "insert"}})

    run: uuid.UUID = Field(primary_key=True, foreign_key="run.id")
    dataset: str = Field(max_length=63)
    subject: str
    agency: str | None = None
    method: str  # PUT | PATCH | DELETE | POST
    key: list[str] | None = Field(default=None, sa_column=Column(JSONB))  # its parts as they stand in the address
    sha256: str = Field(max_length=64)
    if_match: str | None = None  # an ETag, or *
    if_none_match: bool = False  # the row must not be there
    idempotency_key: str | None = None
    request_hash: str
    context: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())  # X-Road headers
    asked_at: datetime = Field(default_factory=now)
    etag: str | None = None


def retold(told: Mapping[str, Any]) -> Problem:
    """The problem that a run ended with, as it was raised."""
    kind = next((k for k in PROBLEMS if k.slug == told.get("slug")), Problem)
    status = told.get("status", kind.status)
    if status != kind.status:
        kind = type(kind.__name__, (kind,), {"status": status})
    known = {"slug", "code", "status", "exit_code", "detail", "title", "place", "fix"}
    extra = {name: value for name, value in told.items() if name not in known}
    fix = Bilingual(**told["fix"]) if told.get("fix") else None
    return kind(Bilingual(**told["detail"]), place=told.get("place"), fix=fix, **extra)
