"""Delivery of webhooks: at least once, one message at a time, in the order of changes; a slow receiver stops nobody.

What is to be sent is worked out from the webhook's cursor when it is sent, with the rights that the agency has then.
A message's id names the changes that it tells, so it is the same at every attempt, and a receiver can drop doubles.
"""

import asyncio
import logging
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from lienthong.access.changes import Feed
from lienthong.access.services import Services
from lienthong.feed import egress
from lienthong.feed.signing import signed
from lienthong.feed.webhooks import SEALED, heard
from lienthong.governance.agreements.terms import in_force
from lienthong.governance.subject import Subject
from lienthong.governance.webhooks import Webhook, WebhookMessage
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound, NotPermitted, Problem, Unauthenticated
from lienthong.kernel.text import both
from lienthong.store.database import Database

log = logging.getLogger("lienthong.webhooks")
AT_ONCE, CHANGES = 16, 500
LONGEST_SECONDS = 3_600
ENDING: tuple[type[Problem], ...] = (NotPermitted, Unauthenticated, NotFound, Conflict, Invalid)
_GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What the receiver answered: a status, or why there is none."""

    status: int | None = None
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        """Has the receiver taken it?"""
        return self.status is not None and 200 <= self.status < 300


class Courier:
    """Delivers in a loop of its own, so that whoever hands over never waits."""

    def __init__(self, services: Services, database: Database) -> None:
        self._services, self._database = services, database
        self._loop = asyncio.new_event_loop()
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhook")
        self._busy: set[uuid.UUID] = set()
        threading.Thread(target=self._loop.run_forever, name="courier", daemon=True).start()
        asyncio.run_coroutine_threadsafe(database.open(), self._loop).result(30)

    @property
    def free(self) -> int:
        """How many more webhooks can be served now."""
        return AT_ONCE - len(self._busy)

    def take(self, id: uuid.UUID, head: int) -> None:
        """Serve a webhook that has been claimed."""
        self._busy.add(id)
        asyncio.run_coroutine_threadsafe(self._serve(id, head), self._loop)

    async def _serve(self, id: uuid.UUID, head: int) -> None:
        try:
            await self._deliver(id, head)
        except Exception:
            log.exception("webhook %s", id)
        finally:
            self._busy.discard(id)

    async def _deliver(self, id: uuid.UUID, head: int) -> None:
        """One message, if there is something to tell."""
        async with AsyncSession(self._services.catalog.engine, expire_on_commit=False) as session:
            row = await session.get(Webhook, id)
            if row is None or not row.active:
                return
            agreements = await in_force(session, row.agency)
        slug = self._services.registry.get(row.dataset).slug
        owner = Subject("agency", row.agency, agency=row.agency, agreements=agreements)
        try:
            found = await self._changes(row, heard(row.agency, owner, row.purpose, slug))
        except ENDING as problem:
            await self._end(row, problem)
            return
        if not found.count:
            await self._on(row, found, head)
            return
        body = _body(row, slug, found)
        message = WebhookMessage(
            id=f"msg_{uuid.uuid5(row.id, f'{row.cursor} {found.next}').hex}",
            webhook=row.id, since=row.cursor, next=found.next, count=found.count, receipt=found.receipt,
        )  # fmt: skip
        await self._settle(row, message, await self._send(row, message.id, body), found, head)

    async def _changes(self, row: Webhook, reader: Subject) -> Feed:
        door = self._services.door
        if row.payload == "rows":
            counted = await door.count_changes(reader, row.dataset, row.cursor, CHANGES)
            if not counted.count:
                return counted  # nothing is read, so nothing is on record
            return await door.changes(reader, row.dataset, row.cursor, CHANGES, surface="webhook")
        return await door.count_changes(reader, row.dataset, row.cursor, CHANGES)

    async def _send(self, row: Webhook, id: str, body: bytes) -> Outcome:
        opened = self._services.directory.identity.box.open(SEALED, row.secret)
        assert opened
        headers = signed(opened["secret"], id, int(time.time()), body)
        headers |= {"Content-Type": "application/json", "User-Agent": "lienthong-webhook/1"}
        allowed = self._services.settings.webhook_allow
        try:
            status = await self._loop.run_in_executor(self._threads, egress.post, row.url, body, headers, allowed)
        except egress.NotReached as error:
            return Outcome(error=str(error))
        except Invalid as problem:
            return Outcome(error=problem.message("en"))
        return Outcome(status)

    async def _settle(self, row: Webhook, message: WebhookMessage, outcome: Outcome, found: Feed, head: int) -> None:
        """Note what became of a message, and go on, wait, or give up."""
        async with AsyncSession(self._services.catalog.engine) as session, session.begin():
            kept = await session.get(WebhookMessage, message.id) or message
            kept.attempts, kept.status, kept.error, kept.sent_at = (
                kept.attempts + 1,
                outcome.status,
                outcome.error,
                now(),
            )
            kept.delivered_at = now() if outcome.is_delivered else kept.delivered_at
            session.add(kept)
        if outcome.is_delivered:
            await self._on(row, found, head)
        elif outcome.status == _GONE:
            await self._end(row, Conflict(both("Bên nhận báo không còn nhận (410)", "The receiver answered 410 Gone")))
        else:
            await self._wait(row, outcome)

    async def _on(self, row: Webhook, found: Feed, head: int) -> None:
        values = {"cursor": found.next, "attempts": 0, "failing_since": None, "next_at": now()}
        await self._note(row, seen=row.seen if found.more else head, **values)

    async def _wait(self, row: Webhook, outcome: Outcome) -> None:
        """Later again: twice as long each time, and not all at once."""
        since = row.failing_since or now()
        days = self._services.settings.webhook_days
        if now() - since > timedelta(days=days):
            told = outcome.error or f"HTTP {outcome.status}"
            detail = both(f"Gửi không được trong {days:g} ngày: {told}", f"Not delivered for {days:g} days: {told}")
            await self._end(row, Conflict(detail))
            return
        pause = min(2.0**row.attempts, LONGEST_SECONDS) * random.uniform(0.5, 1.5)
        values = {"attempts": row.attempts + 1, "failing_since": since}
        await self._note(row, next_at=now() + timedelta(seconds=pause), **values)

    async def _end(self, row: Webhook, problem: Problem) -> None:
        told = {"detail": problem.detail.model_dump(), "code": problem.code}
        await self._note(row, active=False, reason=told, failing_since=row.failing_since)

    async def _note(self, row: Webhook, **values: Any) -> None:
        """Change the webhook, unless its owner has meanwhile: what was sent then counts no more."""
        async with AsyncSession(self._services.catalog.engine) as session, session.begin():
            kept = await session.get(Webhook, row.id, with_for_update=True)
            assert kept
            kept.claimed_until = None
            if kept.active and kept.cursor == row.cursor:
                for name, value in values.items():
                    setattr(kept, name, value)


def _body(row: Webhook, slug: str, found: Feed) -> bytes:
    told = {"type": "changes", "dataset": slug, "since": row.cursor, "next": found.next, "count": found.count}
    told["more"] = found.more
    if row.payload == "thin":
        return orjson.dumps(told)
    return orjson.dumps(told)[:-1] + b',"data":' + found.body + b"}"
