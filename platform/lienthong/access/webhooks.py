"""Webhooks of agencies: what is kept of them, and what their owners do with them. `lienthong.feed` delivers."""

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from lienthong.access import policy
from lienthong.access.changes import NOW
from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.governance.agreements.terms import in_force
from lienthong.governance.subject import Subject
from lienthong.governance.webhooks import Webhook, WebhookMessage
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, NotFound
from lienthong.kernel.text import both

SEALED = "webhook"
"""The use that a webhook's secret is sealed for."""
PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"
OLD_HOLDS = timedelta(days=1)
"""How long messages bear the signature of a secret that has been replaced."""
MOST, LOGGED = 50, 100


@dataclass(frozen=True)
class Sealed:
    """What the messages of a webhook are signed with: a secret for HMAC, the 32 bytes of an Ed25519 key, an old secret.

    Webhooks made before there were keys have none, until they are given new secrets.
    """

    secret: str
    seed: bytes | None = None
    old: str | None = None
    old_until: datetime | None = None

    @staticmethod
    def new() -> "Sealed":
        """Fresh ones."""
        return Sealed(new_secret(), secrets.token_bytes(32))

    @staticmethod
    def of(opened: Mapping[str, Any]) -> "Sealed":
        """As they were kept."""
        seed, until = opened.get("seed"), opened.get("old_until")
        return Sealed(
            str(opened["secret"]),
            base64.b64decode(seed) if seed else None,
            opened.get("old"),
            datetime.fromisoformat(until) if until else None,
        )

    def as_json(self) -> dict[str, Any]:
        """To be sealed and kept."""
        kept: dict[str, Any] = {"secret": self.secret, "seed": _text(self.seed) if self.seed else None}
        return kept | {"old": self.old, "old_until": self.old_until.isoformat() if self.old_until else None}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that sign now, the newest first."""
        holds = self.old is not None and self.old_until is not None and now() < self.old_until
        return (self.secret, self.old) if holds and self.old else (self.secret,)

    @property
    def public(self) -> str | None:
        """The public key, as Standard Webhooks writes it."""
        if self.seed is None:
            return None
        return PUBLIC_PREFIX + _text(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Desk:
    """What agencies do with their webhooks."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def make(self, subject: Subject, given: Webhook, since: str) -> tuple[Webhook, Sealed]:
        """Keep a webhook (`url`, `dataset`, `payload`, `purpose`); it and its secrets, which nobody sees again.

        Raises NotPermitted, NotFound, QueryInvalid, Conflict.
        """
        contract = self.services.registry.get(given.dataset)
        reader = self._reader(subject, given.purpose, contract)
        start = await self.services.door.count_changes(reader, contract.id, since, 1)
        if len(await self.all(subject)) >= MOST:
            raise Conflict(both(f"Mỗi cơ quan có nhiều nhất {MOST} webhook", f"At most {MOST} webhooks an agency"))
        sealed = Sealed.new()
        given.agency, given.created_by, given.dataset = subject.agency or "", subject.id, contract.id
        given.secret = self._seal(sealed)
        given.cursor = start.next if since == NOW else since
        async with AsyncSession(self.services.catalog.engine, expire_on_commit=False) as session, session.begin():
            session.add(given)
        return given, sealed

    async def replay(self, subject: Subject, id: str, since: str) -> Webhook:
        """Go back, or on, to a cursor. Raises NotFound, QueryInvalid, Conflict, NotPermitted."""
        row = await self.one(subject, id)
        contract = self.services.registry.get(row.dataset)
        reader = self._reader(subject, row.purpose, contract)
        start = await self.services.door.count_changes(reader, row.dataset, since, 1)
        return await self._change(
            row.id,
            cursor=start.next if since == NOW else since,
            seen=0,
            active=True,
            reason=None,
            attempts=0,
            failing_since=None,
            next_at=now(),
        )

    def _reader(self, subject: Subject, purpose: str | None, contract: Contract) -> Subject:
        """Who will read for a webhook. Raises NotPermitted when the credential reaches less far itself."""
        reader = heard(subject, purpose, contract.slug)
        governed = self.services.door.scope(reader, contract.id).schema == "governed"
        if governed and not policy.reaches(subject, contract):
            raise policy.refusal(subject, contract)
        return reader

    async def rotate(self, subject: Subject, id: str) -> tuple[Webhook, Sealed]:
        """Other secrets; for a day messages bear the old HMAC signature too. Raises NotFound."""
        row = await self.one(subject, id)
        made = replace(Sealed.new(), old=self.sealed(row).secret, old_until=now() + OLD_HOLDS)
        return await self._change(row.id, secret=self._seal(made)), made

    async def delete(self, subject: Subject, id: str) -> Webhook:
        """End it. Raises NotFound."""
        return await self._change((await self.one(subject, id)).id, active=False, deleted_at=now())

    async def all(self, subject: Subject) -> list[Webhook]:
        """The agency's webhooks."""
        asked = select(Webhook).where(col(Webhook.agency) == subject.agency, col(Webhook.deleted_at).is_(None))
        async with AsyncSession(self.services.catalog.engine) as session:
            return list((await session.execute(asked.order_by(col(Webhook.created_at)))).scalars())

    async def one(self, subject: Subject, id: str) -> Webhook:
        """One of them. Raises NotFound."""
        found = next((row for row in await self.all(subject) if str(row.id) == id), None)
        if found is None:
            raise NotFound(both("Không có webhook này", "There is no such webhook"), place=id[:40])
        return found

    async def messages(self, subject: Subject, id: str) -> list[WebhookMessage]:
        """Its last messages."""
        row = await self.one(subject, id)
        asked = select(WebhookMessage).where(col(WebhookMessage.webhook) == row.id)
        async with AsyncSession(self.services.catalog.engine) as session:
            found = await session.execute(asked.order_by(col(WebhookMessage.sent_at).desc()).limit(LOGGED))
            return list(found.scalars())

    async def _change(self, id: uuid.UUID, **values: Any) -> Webhook:
        async with AsyncSession(self.services.catalog.engine, expire_on_commit=False) as session, session.begin():
            row = await session.get(Webhook, id, with_for_update=True)
            assert row
            for name, value in values.items():
                setattr(row, name, value)
        return row

    def sealed(self, row: Webhook) -> Sealed:
        """What its messages are signed with."""
        opened = self.services.directory.identity.box.open(SEALED, row.secret)
        assert opened
        return Sealed.of(opened)

    def _seal(self, sealed: Sealed) -> str:
        return self.services.directory.identity.box.seal(SEALED, sealed.as_json())

    async def due(self, id: uuid.UUID) -> tuple[Webhook, Subject] | None:
        """A webhook that is active, and its agency with the agreements that hold now."""
        async with AsyncSession(self.services.catalog.engine, expire_on_commit=False) as session:
            row = await session.get(Webhook, id)
            if row is None or not row.active:
                return None
            agreements = await in_force(session, row.agency)
        slug = self.services.registry.get(row.dataset).slug
        return row, heard(Subject("agency", row.agency, agency=row.agency, agreements=agreements), row.purpose, slug)

    async def tried(self, message: WebhookMessage, status: int | None, error: str | None) -> None:
        """Note an attempt to send a message; `error` None: it was taken."""
        async with AsyncSession(self.services.catalog.engine) as session, session.begin():
            kept = await session.get(WebhookMessage, message.id) or message
            kept.attempts, kept.status, kept.error, kept.sent_at = kept.attempts + 1, status, error, now()
            kept.delivered_at = kept.delivered_at if error else now()
            session.add(kept)

    async def note(self, row: Webhook, **values: Any) -> None:
        """Change a webhook after an attempt, unless its owner has meanwhile: what was sent then counts no more."""
        async with AsyncSession(self.services.catalog.engine) as session, session.begin():
            kept = await session.get(Webhook, row.id, with_for_update=True)
            assert kept
            kept.claimed_until = None
            if kept.active and (kept.cursor, kept.next_at) == (row.cursor, row.next_at):
                for name, value in values.items():
                    setattr(kept, name, value)


def new_secret() -> str:
    """A fresh secret, as Standard Webhooks writes it: 256 random bits."""
    return PREFIX + _text(secrets.token_bytes(32))


def heard(subject: Subject, purpose: str | None, slug: str) -> Subject:
    """Who reads for a webhook: the agency, for the webhook's purpose, that dataset alone."""
    scopes = frozenset({f"read:{slug}"})
    agency = subject.agency
    return Subject("agency", str(agency), agency=agency, agreements=subject.agreements, purpose=purpose, scopes=scopes)
