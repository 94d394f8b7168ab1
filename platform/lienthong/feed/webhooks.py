"""/api/v1/webhooks: an agency is told of changes, signed and in order."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from lienthong.access.changes import NOW
from lienthong.access.services import Services
from lienthong.access.webhooks import Desk
from lienthong.governance.identity import scopes
from lienthong.governance.subject import Subject
from lienthong.governance.webhooks import Webhook
from lienthong.kernel import egress
from lienthong.kernel.problem import NotPermitted, Unauthenticated
from lienthong.kernel.text import both
from lienthong.web import body
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

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
    public_key: str | None = Field(description="whpk_…: kiểm tra chữ ký v1a (Ed25519) / checks the signature v1a")


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
    _owning(found, services, desk)
    _looking(found, desk)
    return found


def _owning(found: APIRouter, services: Services, desk: Desk) -> None:
    @found.post("", operation_id="createWebhook", summary="Đăng ký webhook / Make a webhook", status_code=201,
                openapi_extra=body.documented(NewWebhook, EXAMPLE))  # fmt: skip
    async def make(request: Request, response: Response) -> WebhookMade:
        """Mỗi thay đổi được báo tới địa chỉ này, có chữ ký; bí mật chỉ hiện một lần.

        Changes are told to this address, signed; the secret is told once.
        """
        subject = await _caller(desk, request, response)
        given = await body.read(request, NewWebhook)
        egress.target(given.url, services.settings.webhook_allow)
        made, sealed = await desk.make(subject, Webhook(**given.model_dump(exclude={"since"})), given.since)
        return WebhookMade(data=_view(desk, made), secret=sealed.secret)

    @found.post("/{id}/secret", operation_id="rotateWebhookSecret", summary="Đổi bí mật / New secrets")
    async def rotate(id: Id, request: Request, response: Response) -> WebhookMade:
        """Bí mật và khóa mới; trong một ngày thông báo còn mang cả chữ ký HMAC cũ.

        Another secret and another key; for a day messages bear the old HMAC signature too.
        """
        made, sealed = await desk.rotate(await _caller(desk, request, response), id)
        return WebhookMade(data=_view(desk, made), secret=sealed.secret)

    @found.post("/{id}/replay", operation_id="replayWebhook", summary="Gửi lại từ con trỏ / Send again from a cursor",
                openapi_extra=body.documented(Replay, {"since": "begin"}))  # fmt: skip
    async def replay(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Gửi lại mọi thay đổi từ con trỏ; webhook đã ngừng hoạt động trở lại.

        Send all changes since a cursor again; a webhook that had ended goes on.
        """
        subject = await _caller(desk, request, response)
        given = await body.read(request, Replay)
        return WebhookAnswer(data=_view(desk, await desk.replay(subject, id, given.since)))

    @found.delete("/{id}", operation_id="deleteWebhook", summary="Bỏ webhook / End a webhook")
    async def delete(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Không gửi nữa; nhật ký còn giữ. Nothing is sent any more; the log stays."""
        return WebhookAnswer(data=_view(desk, await desk.delete(await _caller(desk, request, response), id)))


def _looking(found: APIRouter, desk: Desk) -> None:
    @found.get("", operation_id="listWebhooks", summary="Các webhook của cơ quan / The agency's webhooks")
    async def listed(request: Request, response: Response) -> WebhookList:
        """Các webhook của cơ quan; không bao giờ có bí mật. The agency's webhooks; never their secrets."""
        data = [_view(desk, row) for row in await desk.all(await _caller(desk, request, response))]
        return WebhookList(data=data, count=len(data))

    @found.get("/{id}", operation_id="describeWebhook", summary="Một webhook / One webhook")
    async def one(id: Id, request: Request, response: Response) -> WebhookAnswer:
        """Trạng thái, và vì sao đã ngừng. Its state, and why it has ended."""
        return WebhookAnswer(data=_view(desk, await desk.one(await _caller(desk, request, response), id)))

    @found.get("/{id}/deliveries", operation_id="listDeliveries", summary="Nhật ký gửi / The log of messages")
    async def deliveries(id: Id, request: Request, response: Response) -> MessageList:
        """Các lần gửi gần đây, mới nhất trước. The last messages, the newest first."""
        rows = await desk.messages(await _caller(desk, request, response), id)
        data = [MessageView(**row.model_dump(exclude={"webhook", "receipt"})) for row in rows]
        return MessageList(data=data, count=len(data))


async def _caller(desk: Desk, request: Request, response: Response) -> Subject:
    """Somebody of an agency, or its program. Raises Unauthenticated, NotPermitted."""
    response.headers["Cache-Control"] = "no-store"
    if "authorization" not in request.headers:
        same_origin(request, desk.services.settings)
    subject = await desk.services.directory.subject(request.headers, request.cookies)
    if subject.kind == "anonymous":
        raise Unauthenticated(both("Cần mã truy cập", "A token is needed"), place="Authorization")
    if subject.agency is None:
        raise NotPermitted(both("Webhook là của cơ quan", "Webhooks belong to agencies"), place="Authorization")
    scopes.require(subject, "webhooks")
    return subject


def _view(desk: Desk, row: Webhook) -> WebhookView:
    shown = row.model_dump(include=set(WebhookView.model_fields) - {"id", "dataset", "public_key"})
    slug, public = desk.services.registry.get(row.dataset).slug, desk.sealed(row).public
    return WebhookView(**shown, id=str(row.id), dataset=slug, public_key=public)
