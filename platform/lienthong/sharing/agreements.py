"""/api/v1/agreements: ask for data, answer, and everything that follows (NĐ 47/2020 Điều 35 to 44)."""

import re
from typing import Annotated, Any, Literal, cast

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from lienthong.access.services import Services
from lienthong.contract.finding import nearest
from lienthong.governance.agreements import odrl
from lienthong.governance.agreements.asked import Asked
from lienthong.governance.agreements.states import ACTIONS, Action, State
from lienthong.governance.agreements.tables import Agreement
from lienthong.governance.agreements.timeliness import overdue
from lienthong.governance.agreements.workflow import BODIES, Agreements
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.sharing import models, views
from lienthong.web import body
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

Id = Annotated[str, Path(description="Số thỏa thuận / Number of the agreement", max_length=63)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="phiên bản đã đọc (ETag) / the version read")]
SUMMARIES: dict[Action, str] = {
    "review": "Thẩm định yêu cầu / Review a request",
    "sign": "Chấp nhận, ký / Accept and sign",
    "reject": "Từ chối, nêu lý do / Reject with a reason",
    "renew": "Đề nghị gia hạn / Ask for a renewal",
    "suspend": "Tạm ngừng có báo trước / Suspend with notice",
    "resume": "Phục hồi, hoặc bỏ thông báo tạm ngừng / Resume, or take a notice back",
    "revoke": "Chấm dứt / Revoke",
    "withdraw": "Rút yêu cầu, thôi khai thác / Withdraw",
}
DETAILS: dict[Action, str] = {
    "review": "Cơ quan cung cấp. / By the provider.",
    "sign": "Cơ quan cung cấp; trong hạn trả lời theo ngày làm việc. / By the provider, by the day it is due.",
    "reject": "Cơ quan cung cấp, nêu rõ lý do (Điều 35.3). / By the provider, with the reason.",
    "renew": "Cơ quan khai thác: tạo yêu cầu mới thay thỏa thuận này khi được ký. / By the consumer: a new request "
    "that replaces this agreement once signed.",
    "suspend": "Cơ quan cung cấp, báo trước 7 ngày làm việc (Điều 43); ngay lập tức chỉ với lý do security. / By "
    "the provider, 7 working days ahead; at once for security only.",
    "resume": "Cơ quan cung cấp. / By the provider.",
    "revoke": "Cơ quan cung cấp (Điều 44). Mọi lần đọc bị từ chối trong vòng một giây. / By the provider; every read "
    "is refused within a second.",
    "withdraw": "Cơ quan khai thác. / By the consumer.",
}
EXAMPLE = {
    "dataset": "cases",
    "fields": ["case_code", "status"],
    "where": {"status": {"eq": "done"}},
    "purpose": "statistics",
    "legal_basis": "278/2025/NĐ-CP",
    "quota": 10000,
    "expires": "2027-12-31",
}
Side = Literal["provider", "consumer"]


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    found = APIRouter(prefix=views.API, route_class=GuardedRoute, dependencies=[Depends(strict)], tags=["agreements"])
    desk = cast(Desk, Desk(services) if services else None)  # without services: declared, never called
    _listing(found, desk)
    _reading(found, desk)
    _asking(found, desk)
    for action in ACTIONS:
        _acting(found, desk, action)
    found.add_api_route("/{id}/{action}", _no_action, methods=["POST"], include_in_schema=False)
    return found


async def _no_action(id: Id, action: str) -> Response:
    """A step that there is not."""
    detail = both(f"Không có bước “{action[:40]}”", f"There is no step “{action[:40]}”")
    raise NotFound(detail, place=action[:40], fix=nearest(action[:40], ACTIONS))


class Desk:
    """Who asks, and the answers in one form."""

    def __init__(self, services: Services) -> None:
        self._directory, self.registry = services.directory, services.registry
        self._settings, self.site = services.settings, services.settings.public_url
        self.agreements = Agreements(services.catalog.engine, services.registry)

    async def subject(self, request: Request) -> Subject:
        """The caller of this request. A cookie counts only when a page of this site sends it."""
        if "authorization" not in request.headers and "x-ckan-api-key" not in request.headers:
            same_origin(request, self._settings)
        return await self._directory.subject(request.headers, request.cookies)

    def forget(self) -> None:
        """What may be read has just changed: nobody is answered with an empty page by what was kept of it."""
        self._directory.forget()

    async def detail(self, subject: Subject, id: str, response: Response) -> models.AgreementDetail:
        """An agreement with its tag; never kept by anybody."""
        row, history = await self.agreements.one(subject, id)
        _tagged(response, row)
        return views.detail(row, history, subject, self.registry, await self.agreements.agencies())

    async def odrl(self, subject: Subject, id: str) -> Response:
        """An agreement as ODRL."""
        row, _ = await self.agreements.one(subject, id)
        policy = odrl.policy(row, self.registry.get(row.dataset), await self.agreements.agencies(), self.site)
        answer = Response(orjson.dumps(policy), media_type=odrl.MEDIA_TYPE)
        _tagged(answer, row)
        return answer


def _listing(found: APIRouter, desk: Desk) -> None:
    @found.get("", operation_id="listAgreements", summary="Các thỏa thuận của tôi / My agreements")
    async def listed(
        request: Request,
        response: Response,
        state: Annotated[State | None, Query(description="trạng thái / state")] = None,
        side: Annotated[Side | None, Query(description="vai của cơ quan bạn / your agency's side")] = None,
        dataset: Annotated[str | None, Query(description="bộ dữ liệu / dataset", max_length=100)] = None,
        late: Annotated[Literal["true", "false"] | None, Query(description="quá hạn trả lời / past due")] = None,
    ) -> models.AgreementList:
        """Thỏa thuận mà cơ quan bạn là một bên, kèm chỉ tiêu trả lời đúng hạn.

        The agreements that your agency is a side of, with how requests were answered in time.
        """
        response.headers["Cache-Control"] = "no-store"
        subject = await desk.subject(request)
        name = desk.registry.get(dataset).id if dataset else None
        rows = [
            row
            for row in await desk.agreements.listed(subject)
            if state in (None, row.state_now)
            and (side is None or getattr(row, side) == subject.agency)
            and name in (None, row.dataset)
            and (late is None or overdue(row) == (late == "true"))
        ]
        return views.listed(rows, subject, desk.registry, await desk.agreements.agencies())


def _reading(found: APIRouter, desk: Desk) -> None:
    @found.get(
        "/{id}",
        operation_id="describeAgreement",
        summary="Một thỏa thuận / One agreement",
        responses={200: {"content": {odrl.MEDIA_TYPE: {"schema": {"type": "object"}}}}},
        response_model=models.AgreementDetail,
    )
    async def one(
        request: Request,
        response: Response,
        id: Id,
        format: Annotated[Literal["json", "odrl"] | None, Query(description="json | odrl")] = None,
    ) -> Any:
        """Mọi nội dung (Điều 38), lịch sử, việc bạn có thể làm; hoặc ODRL 2.2 khi Accept là application/ld+json.

        All its contents, history, what you may do; or ODRL 2.2 when Accept is application/ld+json.
        """
        subject = await desk.subject(request)
        if format == "odrl" or (format is None and odrl.MEDIA_TYPE in request.headers.get("accept", "")):
            return await desk.odrl(subject, id)
        return await desk.detail(subject, id, response)

    @found.get(
        "/{id}/odrl",
        operation_id="agreementAsOdrl",
        summary="Thỏa thuận ở dạng ODRL / An agreement as ODRL",
        response_class=Response,
        responses={200: {"content": {odrl.MEDIA_TYPE: {"schema": {"type": "object"}}}}},
    )
    async def as_odrl(request: Request, id: Id) -> Response:
        """Chính sách ODRL 2.2, JSON-LD.

        The policy in ODRL 2.2, JSON-LD.
        """
        return await desk.odrl(await desk.subject(request), id)


def _asking(found: APIRouter, desk: Desk) -> None:
    @found.post(
        "",
        operation_id="requestAgreement",
        summary="Gửi yêu cầu khai thác dữ liệu / Ask for data",
        status_code=201,
        openapi_extra=body.documented(Asked, EXAMPLE),
    )
    async def request_(request: Request, response: Response) -> models.AgreementDetail:
        """Yêu cầu của cơ quan bạn (Điều 35); trường, bộ lọc, mục đích được đối chiếu với hợp đồng dữ liệu.

        A request of your agency; fields, filter and purpose are checked against the data contract.
        """
        subject = await desk.subject(request)
        row = await desk.agreements.request(subject, await body.read(request, Asked))
        response.headers["Location"] = f"{views.API}/{row.id}"
        return await desk.detail(subject, row.id, response)


def _acting(found: APIRouter, desk: Desk, action: Action) -> None:
    model = BODIES[action]
    optional = not model.model_json_schema().get("required")

    async def act(request: Request, response: Response, id: Id, if_match: IfMatch = None) -> models.AgreementDetail:
        subject = await desk.subject(request)
        given = await body.read(request, model, empty=optional)
        row = await desk.agreements.act(subject, id, action, given, _version(if_match))
        desk.forget()
        if action == "renew":
            response.status_code = 201
            response.headers["Location"] = f"{views.API}/{row.id}"
        return await desk.detail(subject, row.id, response)

    act.__doc__ = DETAILS[action]
    found.add_api_route(
        f"/{{id}}/{action}",
        act,
        methods=["POST"],
        operation_id=f"{action}Agreement",
        summary=SUMMARIES[action],
        status_code=201 if action == "renew" else 200,
        openapi_extra=body.documented(model, required=not optional),
    )


def _tagged(response: Response, row: Agreement) -> None:
    response.headers["ETag"] = f'"{row.version}"'
    response.headers["Cache-Control"] = "no-store"


def _version(if_match: str | None) -> int | None:
    """The version that the caller has read; None when any will do. Raises QueryInvalid."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"?([0-9]{1,9})"?', if_match.strip())
    if not found:
        detail = both("If-Match phải là ETag đã nhận", "If-Match must be the ETag that was answered")
        raise QueryInvalid(detail, place="If-Match")
    return int(found[1])
