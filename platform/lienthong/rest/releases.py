"""The life of releases over REST: what waits, its rows and files before anybody else sees them, and the steps.

Only stewards of the publishing agency and administrators get here; what they see is never kept by a cache.
"""

import re
from typing import Annotated, cast

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse, PlainTextResponse

from lienthong.access import releases as access
from lienthong.access.releases import Releases, of_steward
from lienthong.access.services import Services
from lienthong.catalog.releases import Action, no_release
from lienthong.catalog.snapshot import DatasetState, ReleaseInfo
from lienthong.catalog.tables import ReleaseStep
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.pipelines.release_folder import ReleaseFolder
from lienthong.pipelines.release_keys import public_text
from lienthong.rest import models, views
from lienthong.store.query import Page
from lienthong.web import body
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

JSON = "application/json; charset=utf-8"
KEYS = "/.well-known/lienthong/release-keys"
Name = Annotated[str, Path(description="Tên bộ dữ liệu / Name of the dataset")]
Number = Annotated[int, Path(description="Số bản phát hành / Number of the release", ge=1, le=999_999_999)]
_PRIVATE = {"Cache-Control": "no-store"}


class Given(BaseModel):
    """The body of a step; most steps take none of it."""

    model_config = ConfigDict(extra="forbid")


class Draft(Given):
    """Lập dự thảo / Make a draft."""

    force: bool = Field(default=False, description="dù dữ liệu không đổi / even when nothing changed")


class At(Given):
    """Khi nào / When."""

    at: str | None = Field(default=None, description="2026-12-01T08:00, giờ Việt Nam / time of Việt Nam", max_length=40)


class Why(Given):
    """Vì sao / Why."""

    reason: str = Field(min_length=1, max_length=2000)
    reason_en: str = Field(default="", max_length=2000)


class Withdrawal(Why):
    """Thu hồi / Withdraw."""

    successor: int | None = Field(default=None, ge=1, description="bản thay thế / the release to use in its place")
    instead: str = Field(default="previous", pattern="^(previous|nothing)$", description="previous | nothing")


BODIES: dict[Action, type[Given]] = {
    "approve": At,
    "reject": Why,
    "publish": Given,
    "schedule": At,
    "withdraw": Withdrawal,
    "rollback": Why,
    "review": Given,
}
SUMMARIES: dict[Action, str] = {
    "approve": "Duyệt bản công bố / Approve a release",
    "reject": "Không duyệt / Reject a release",
    "publish": "Công bố ngay / Publish now",
    "schedule": "Hẹn giờ công bố / Schedule the publication",
    "withdraw": "Thu hồi / Withdraw a release",
    "rollback": "Phục vụ lại bản trước / Roll back to a release",
    "review": "Đã rà soát / The release was reviewed",
}
DETAILS: dict[Action, str] = {
    "approve": "Cán bộ khác với người lập dự thảo. / A steward other than the one who drafted it.",
    "reject": "Trở về dự thảo; bảng và tệp bị xóa. / Back to a draft; its tables and files are removed.",
    "publish": "Bản đã duyệt. / What was approved.",
    "schedule": "Bản đã duyệt; không có `at` là bỏ hẹn. / What was approved; without `at` the time is taken back.",
    "withdraw": "Mọi địa chỉ của bản này trả 410 kèm lý do. / Every address of it answers 410 with the reason.",
    "rollback": "Bản đã bị thay thế mà bảng còn giữ. / A superseded release whose tables are kept.",
    "review": "Kỳ sau tính từ hôm nay. / The next review is counted from today.",
}


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    found = APIRouter(route_class=GuardedRoute, dependencies=[Depends(strict)], tags=["releases"])
    desk = cast(Desk, Desk(services) if services else None)
    _keys(found, services)
    _listed(found, desk)
    _waiting(found, desk)
    _drafting(found, desk)
    for action in BODIES:
        _acting(found, desk, action)
    return found


class Desk:
    """Who asks, and the answers in one form."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.releases = Releases(services.catalog)

    async def subject(self, request: Request) -> Subject:
        """The caller of this request. A cookie counts only when a page of this site sends it."""
        if "authorization" not in request.headers and "x-ckan-api-key" not in request.headers:
            same_origin(request, self.services.settings)
        return await self.services.directory.subject(request.headers, request.cookies)

    async def waiting(self, request: Request, name: str, number: int) -> tuple[Subject, DatasetState, ReleaseInfo]:
        """A release that is not public, for its stewards."""
        subject = await self.subject(request)
        state, release = await self.releases.waiting(subject, self.services.registry.get(name).id, number)
        return subject, state, release

    async def told(self, subject: Subject, name: str, number: int) -> models.WaitingRelease:
        """A release as stewards see it, whatever its state."""
        state = (await self.services.catalog.current()).get(name)
        release = next((r for r in (*state.waiting, *state.releases) if r.number == number), None)
        if release is None:
            raise no_release(state.contract, number)
        possible = await self.releases.possible(subject, state.contract, number)
        steps = await self.releases.steps(state.contract.id, number)
        return views.waiting(release, state.contract.slug, possible, [step(s) for s in steps])


def step(row: ReleaseStep) -> models.ReleaseStepModel:
    """A step as it is told."""
    return models.ReleaseStepModel(
        id=str(row.id),
        action=row.action,
        number=row.number,
        actor=row.actor,
        role=row.actor_role,
        asked_at=row.asked_at,
        state=row.state,
        done_at=row.done_at,
        details=row.details,
        problem=row.problem,
    )


def _keys(found: APIRouter, services: Services) -> None:
    @found.get(
        KEYS,
        operation_id="releaseKeys",
        summary="Khóa công khai của bản công bố / Public keys of releases",
        response_class=PlainTextResponse,
    )
    async def keys() -> Response:
        """Mỗi dòng một khóa (name+id+key), khóa đang dùng trước.

        One key a line (name+id+key), the one in use first.
        """
        text = public_text(services.settings)
        return PlainTextResponse(text, headers={"Cache-Control": "public, max-age=3600", **views.OPEN_TO_ALL})


def _listed(found: APIRouter, desk: Desk) -> None:
    @found.get(
        f"{views.API}/releases/waiting",
        operation_id="listWaitingReleases",
        summary="Việc công bố cần làm / What waits for a steward",
    )
    async def waiting(request: Request, response: Response) -> models.Work:
        """Bản chờ duyệt hoặc chờ công bố, và bản đến hạn rà soát, của cơ quan bạn.

        Releases that wait for approval or publication, and reviews that are due, of your agency.
        """
        response.headers.update(_PRIVATE)
        subject = await desk.subject(request)
        states = of_steward(await desk.services.catalog.current(), subject)
        if not states:
            access.actor(subject, next(iter(desk.services.registry.contracts.values())))
        due = sorted((s.release for s in states if s.release and s.release.review_due), key=lambda r: str(r.review_due))
        return models.Work(
            waiting=[views.waiting(r, s.contract.slug, [], []) for s in states for r in s.waiting],
            reviews=[views.review(r, desk.services.registry.get(r.dataset).slug) for r in due],
        )


def _waiting(found: APIRouter, desk: Desk) -> None:
    prefix = f"{views.API}/datasets/{{name}}/releases/{{number}}"

    @found.get(
        f"{prefix}/draft",
        operation_id="describeDraft",
        summary="Một bản chưa công bố / A release that waits",
    )
    async def one(request: Request, response: Response, name: Name, number: Number) -> models.WaitingRelease:
        """Bản kê, báo cáo kiểm soát tiết lộ, thay đổi so với bản trước, các bước đã làm và có thể làm.

        Manifest, disclosure report, what changed, the steps taken and possible; of public releases too.
        """
        response.headers.update(_PRIVATE)
        subject = await desk.subject(request)
        access.actor(subject, desk.services.registry.get(name))
        return await desk.told(subject, name, number)

    @found.get(
        f"{prefix}/draft/rows",
        operation_id="previewDraft",
        summary="Xem trước các dòng / Preview the rows",
        response_class=Response,
    )
    async def rows(
        request: Request,
        name: Name,
        number: Number,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Annotated[str | None, Query(max_length=4000)] = None,
    ) -> Response:
        """Đúng các dòng sẽ công khai, từ chính bảng sẽ được phục vụ.

        The rows that will be public, from the very table that will be served.
        """
        _, state, release = await desk.waiting(request, name, number)
        answer = await desk.services.door.preview(state.contract, release.number, Page(limit, cursor))
        page = {"limit": limit, "next": answer.next, "count": answer.count or 0, "total": answer.total}
        tail = {"page": page, "dataset": state.contract.slug, "release": number, "draft": True}
        return Response(b'{"data":' + answer.body + b"," + orjson.dumps(tail)[1:], headers=_PRIVATE, media_type=JSON)

    @found.get(
        f"{prefix}/draft/files/{{file}}",
        operation_id="downloadDraft",
        summary="Tải tệp chưa công bố / Download a file that waits",
        response_class=Response,
    )
    async def file(request: Request, name: Name, number: Number, file: str) -> Response:
        """Đúng tệp sẽ công khai. / The file that will be public."""
        _, state, release = await desk.waiting(request, name, number)
        folder = ReleaseFolder(desk.services.settings.home / "releases", state.contract.id, release.number).pending
        path = folder / file
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,200}", file) or not path.is_file():
            raise NotFound(both(f"Không có tệp {file}", f"There is no file {file}"), place=file)
        headers = _PRIVATE | {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return FileResponse(path, headers=headers, media_type="application/octet-stream", filename=file)


def _drafting(found: APIRouter, desk: Desk) -> None:
    @found.post(
        f"{views.API}/datasets/{{name}}/releases",
        operation_id="draftRelease",
        summary="Lập dự thảo bản công bố / Draft a release",
        status_code=202,
        openapi_extra=body.documented(Draft, required=False),
    )
    async def draft(request: Request, response: Response, name: Name) -> models.ReleaseStepModel:
        """Tiến trình nền lập và kiểm tra; xem kết quả ở các việc cần làm.

        The worker makes and checks it; what came of it stands among what waits.
        """
        response.headers.update(_PRIVATE)
        subject, contract = await desk.subject(request), desk.services.registry.get(name)
        access.actor(subject, contract)
        given = await body.read(request, Draft, empty=True)
        return step(await desk.releases.ask(subject, contract, None, "draft", given.model_dump(exclude_defaults=True)))


def _acting(found: APIRouter, desk: Desk, action: Action) -> None:
    model = BODIES[action]
    optional = not model.model_json_schema().get("required")

    async def act(request: Request, response: Response, name: Name, number: Number) -> models.WaitingRelease:
        response.headers.update(_PRIVATE)
        subject, contract = await desk.subject(request), desk.services.registry.get(name)
        access.actor(subject, contract)
        given = await body.read(request, model, empty=optional)
        taken = await desk.releases.ask(subject, contract, number, action, given.model_dump(exclude_none=True))
        response.status_code = 200 if taken.state == "done" else 202
        return await desk.told(subject, name, number)

    act.__doc__ = DETAILS[action]
    found.add_api_route(
        f"{views.API}/datasets/{{name}}/releases/{{number}}/{action}",
        act,
        methods=["POST"],
        operation_id=f"{action}Release",
        summary=SUMMARIES[action],
        openapi_extra=body.documented(model, required=not optional),
    )
