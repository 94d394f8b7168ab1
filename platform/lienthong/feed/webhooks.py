"""/api/v1/webhooks: an agency is told of changes, signed and in order."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from starlette.responses import Response

from lienthong.access.changes import NOW
from lienthong.access.services import Services
from lienthong.feed import egress
from lienthong.feed.signing import new_secret
from lienthong.governance.identity import scopes
from lienthong.governance.subject import Subject
from lienthong.governance.webhooks import Webhook, WebhookMessage
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, NotFound, NotPermitted, Unauthenticated
from lienthong.kernel.text import both
from lienthong.web import body
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

SEALED = "webhook"
"""The use that a webhook's secret is sealed for."""
MOST, LOGGED = 50, 100
EXAMPLE = {"url": "https://receiver.example/hook", "dataset": "<dataset>", "payload": "thin"}
Id = Annotated[str, Path(description="Số của webhook / Number of the webhook", max_length=36)]


class NewWebhook(BaseModel):
    """What an agency asks for."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=egress.MOST_URL)
    dataset: str = Field(min_length=1, max_length=100)
    payload: Literal["thin", "rows"] = "thin"
    purpose: str | None = Field(default=None, max_length=63)
    since: str = Field(default=NOW, max_length=4_000)


class Replay(BaseModel):
    """Where to begin again."""

    model_config = ConfigDict(extra="forbid")

    since: str = Field(min_length=1, max_length=4_000)


class WebhookView(BaseModel):
    """A webhook as its owner sees it. `cursor`: what has been delivered."""

    id: str
    url: str
    dataset: str
    payload: str
    purpose: str | None
    active: bool
    reason: dict[str, Any] | None
    cursor: str
    attempts: int
    created_at: datetime
    failing_since: datetime | None


class MessageView(BaseModel):
    """One message of the log."""

    id: str
    since: str
    next: str
    count: int
    attempts: int
    status: int | None
    error: str | None
    sent_at: datetime
    delivered_at: datetime | None


class WebhookAnswer(BaseModel):
    """One webhook."""

    data: WebhookView


class WebhookMade(BaseModel):
    """A new webhook and its secret, which is told once."""

    data: WebhookView
    secret: str


class WebhookList(BaseModel):
    """The agency's webhooks."""

    data: list[WebhookView]
    count: int


class MessageList(BaseModel):
    """The last messages, the newest first."""

    data: list[MessageView]
    count: int


def router(services: Services) -> APIRouter:
    """Make, list, see, begin again, end; and the log."""
    found = APIRouter(
        prefix="/api/v1/webhooks", route_class=GuardedRoute, dependencies=[Depends(strict)], tags=["webhooks"]
    )
    desk = Desk(services)
    _owning(found, desk)
    _looking(found, desk)
    return found


def _owning(found: APIRouter, desk: "Desk") -> None:
    @found.post("", operation_id="createWebhook", summary="Đăng ký webhook / Make a webhook", status_code=201,
                openapi_extra=body.documented(NewWebhook, EXAMPLE))  # fmt: skip
    async def make(request: Request, response: Response) -> WebhookMade:
        """Mỗi thay đổi được báo tới địa chỉ này, có chữ ký; bí mật chỉ hiện một lần.

        Changes are told to this address, signed; the secret is told once.
        """
        subject = await desk.caller(request, response)
        made, secret = await desk.make(subject, await body.read(request, NewWebhook))
        return WebhookMade(data=_view(desk, made), secret=secret)

    @found.post("/{id}/replay", operation_id="replayWebhook", summary="Gửi lại từ con trỏ / Send again from a cursor",
                openapi_extra=body.documented(Replay, {"since": "begin"}))  # fmt: skip
    async def replay(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Gửi lại mọi thay đổi từ con trỏ; webhook đã ngừng hoạt động trở lại.

        Send all changes since a cursor again; a webhook that had ended goes on.
        """
        subject = await desk.caller(request, response)
        given = await body.read(request, Replay)
        return WebhookAnswer(data=_view(desk, await desk.replay(subject, id, given.since)))

    @found.delete("/{id}", operation_id="deleteWebhook", summary="Bỏ webhook / End a webhook")
    async def delete(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Không gửi nữa; nhật ký còn giữ. Nothing is sent any more; the log stays."""
        return WebhookAnswer(data=_view(desk, await desk.delete(await desk.caller(request, response), id)))


def _looking(found: APIRouter, desk: "Desk") -> None:
    @found.get("", operation_id="listWebhooks", summary="Các webhook của cơ quan / The agency's webhooks")
    async def listed(request: Request, response: Response) -> WebhookList:
        """Các webhook của cơ quan; không bao giờ có bí mật. The agency's webhooks; never their secrets."""
        data = [_view(desk, row) for row in await desk.all(await desk.caller(request, response))]
        return WebhookList(data=data, count=len(data))

    @found.get("/{id}", operation_id="describeWebhook", summary="Một webhook / One webhook")
    async def one(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Trạng thái, và vì sao đã ngừng. Its state, and why it has ended."""
        return WebhookAnswer(data=_view(desk, await desk.one(await desk.caller(request, response), id)))

    @found.get("/{id}/deliveries", operation_id="listDeliveries", summary="Nhật ký gửi / The log of messages")
    async def deliveries(id: Id, request: Request, response: Response) -> MessageList:
        """Các lần gửi gần đây, mới nhất trước. The last messages, the newest first."""
        rows = await desk.messages(await desk.caller(request, response), id)
        data = [MessageView(**row.model_dump(exclude={"webhook", "receipt"})) for row in rows]
        return MessageList(data=data, count=len(data))


class Desk:
    """What agencies do with their webhooks."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def caller(self, request: Request, response: Response) -> Subject:
        """Somebody of an agency, or its program. Raises Unauthenticated, NotPermitted."""
        response.headers["Cache-Control"] = "no-store"
        if "authorization" not in request.headers:
            same_origin(request, self.services.settings)
        subject = await self.services.directory.subject(request.headers, request.cookies)
        if subject.kind == "anonymous":
            raise Unauthenticated(both("Cần mã truy cập", "A token is needed"), place="Authorization")
        if subject.agency is None:
            raise NotPermitted(both("Webhook là của cơ quan", "Webhooks belong to agencies"), place="Authorization")
        scopes.require(subject, "webhooks")
        return subject

    async def make(self, subject: Subject, given: NewWebhook) -> tuple[Webhook, str]:
        """A webhook and its secret. Raises Invalid, NotPermitted, NotFound, Conflict."""
        contract = self.services.registry.get(given.dataset)
        egress.target(given.url, self.services.settings.webhook_allow)
        reader = heard(subject.agency, subject, given.purpose, contract.slug)
        start = await self.services.door.count_changes(reader, contract.id, given.since, 1)
        cursor = start.next if given.since == NOW else given.since
        if len(await self.all(subject)) >= MOST:
            raise Conflict(both(f"Mỗi cơ quan có nhiều nhất {MOST} webhook", f"At most {MOST} webhooks an agency"))
        secret = new_secret()
        sealed = self.services.directory.identity.box.seal(SEALED, {"secret": secret})
        row = Webhook(
            agency=subject.agency or "",
            created_by=subject.id,
            url=given.url,
            dataset=contract.id,
            payload=given.payload,
            purpose=given.purpose,
            secret=sealed,
            cursor=cursor,
        )
        async with AsyncSession(self.services.catalog.engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
        return row, secret

    async def replay(self, subject: Subject, id: str, since: str) -> Webhook:
        """Go back, or on, to a cursor. Raises NotFound, QueryInvalid, Conflict, NotPermitted."""
        row = await self.one(subject, id)
        contract = self.services.registry.get(row.dataset)
        reader = heard(subject.agency, subject, row.purpose, contract.slug)
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


def heard(agency: str | None, subject: Subject, purpose: str | None, slug: str) -> Subject:
    """Who reads for a webhook: the agency, for the webhook's purpose, that dataset alone."""
    return Subject(
        "agency", str(agency), agency=agency, agreements=subject.agreements, purpose=purpose,
        scopes=frozenset({f"read:{slug}"}),
    )  # fmt: skip


def _view(desk: Desk, row: Webhook) -> WebhookView:
    shown = row.model_dump(include=set(WebhookView.model_fields) - {"id", "dataset"})
    return WebhookView(**shown, id=str(row.id), dataset=desk.services.registry.get(row.dataset).slug)
