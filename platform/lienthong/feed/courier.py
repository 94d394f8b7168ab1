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
from typing import Protocol

import orjson

from lienthong.access.changes import Feed
from lienthong.access.services import Services
from lienthong.access.webhooks import Desk
from lienthong.feed.signing import signed
from lienthong.governance.subject import Subject
from lienthong.governance.webhooks import Webhook, WebhookMessage
from lienthong.kernel import egress
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound, NotPermitted, Problem, Unauthenticated
from lienthong.kernel.text import both

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


class Opens(Protocol):
    """What is to be opened in the loop that will use it."""

    async def open(self) -> None: ...


class Courier:
    """Delivers in a loop of its own, so that whoever hands over never waits."""

    def __init__(self, services: Services, database: Opens) -> None:
        self._services, self._desk = services, Desk(services)
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
        """Serve a webhook that has been claimed. `head`: what has happened to its dataset so far."""
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
        found = await self._desk.due(id)
        if found is None:
            return
        row, reader = found
        try:
            changes = await self._changes(row, reader)
        except ENDING as problem:
            await self._end(row, problem)
            return
        if not changes.count:
            await self._on(row, changes, head)
            return
        message = WebhookMessage(
            id=f"msg_{uuid.uuid5(row.id, f'{row.cursor} {changes.next}').hex}",
            webhook=row.id, since=row.cursor, next=changes.next, count=changes.count, receipt=changes.receipt,
        )  # fmt: skip
        body = _body(row, self._services.registry.get(row.dataset).slug, changes)
        outcome = await self._send(row, message.id, body)
        told = None if outcome.is_delivered else outcome.error or f"HTTP {outcome.status}"
        await self._desk.tried(message, outcome.status, told)
        if outcome.is_delivered:
            await self._on(row, changes, head)
        elif outcome.status == _GONE:
            await self._end(row, Conflict(both("Bên nhận báo không còn nhận (410)", "The receiver answered 410 Gone")))
        else:
            await self._wait(row, told or "")

    async def _changes(self, row: Webhook, reader: Subject) -> Feed:
        """What there is to tell. Only what is told in rows is read, and on record."""
        door = self._services.door
        counted = await door.count_changes(reader, row.dataset, row.cursor, CHANGES)
        if row.payload == "thin" or not counted.count:
            return counted
        return await door.changes(reader, row.dataset, row.cursor, CHANGES, surface="webhook")

    async def _send(self, row: Webhook, id: str, body: bytes) -> Outcome:
        headers = signed(self._desk.sealed(row), id, int(time.time()), body)
        headers |= {"Content-Type": "application/json", "User-Agent": "lienthong-webhook/1"}
        allowed = self._services.settings.webhook_allow
        try:
            status = await self._loop.run_in_executor(self._threads, egress.post, row.url, body, headers, allowed)
        except egress.NotReached as error:
            return Outcome(error=str(error))
        except Invalid as problem:
            return Outcome(error=problem.message("en"))
        return Outcome(status)

    async def _on(self, row: Webhook, found: Feed, head: int) -> None:
        values = {"cursor": found.next, "attempts": 0, "failing_since": None, "next_at": now()}
        await self._desk.note(row, seen=row.seen if found.more else head, **values)

    async def _wait(self, row: Webhook, told: str) -> None:
        """Later again: twice as long each time, and not all at once."""
        since, days = row.failing_since or now(), self._services.settings.webhook_days
        if now() - since > timedelta(days=days):
            detail = both(f"Gửi không được trong {days:g} ngày: {told}", f"Not delivered for {days:g} days: {told}")
            await self._end(row, Conflict(detail))
            return
        pause = min(2.0**row.attempts, LONGEST_SECONDS) * random.uniform(0.5, 1.5)
        values = {"attempts": row.attempts + 1, "failing_since": since}
        await self._desk.note(row, next_at=now() + timedelta(seconds=pause), **values)

    async def _end(self, row: Webhook, problem: Problem) -> None:
        told = {"detail": problem.detail.model_dump(), "code": problem.code}
        await self._desk.note(row, active=False, reason=told)


def _body(row: Webhook, slug: str, found: Feed) -> bytes:
    told = {"type": "changes", "dataset": slug, "since": row.cursor, "next": found.next, "count": found.count}
    told["more"] = found.more
    if row.payload == "thin":
        return orjson.dumps(told)
    return orjson.dumps(told)[:-1] + b',"data":' + found.body + b"}"
