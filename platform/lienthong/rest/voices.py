"""What the public says, and how often data is used, over REST."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lienthong.access.services import Services
from lienthong.catalog import usage
from lienthong.catalog import voices as said
from lienthong.contract.finding import nearest
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.rest.views import API, OPEN_TO_ALL
from lienthong.web import body
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

COST = 20_000  # of one message, in the budget of an address
EXAMPLE = {"kind": "feedback", "title": "Thiếu mã xã", "text": "Một số dòng không có mã xã."}
TAGS = {"public": "Công chúng / The public"}


class Figure(BaseModel):
    """Calls and downloads of one dataset."""

    dataset: str
    calls: int
    downloads: int


class Figures(BaseModel):
    """Calls and downloads of published datasets between two days, both included."""

    since: date | None
    until: date | None
    data: list[Figure]


class Said(BaseModel):
    """Something that was said and is shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: said.Kind
    dataset: str | None
    title: str
    text: str
    url: str | None
    name: str | None
    at: datetime
    answer: str | None


class SaidList(BaseModel):
    """What is shown, the newest first."""

    data: list[Said]
    count: int


class Saying(BaseModel):
    """What somebody says; the e-mail address is for the answer only and never shown."""

    model_config = ConfigDict(extra="forbid")

    kind: said.Kind
    title: str = Field(max_length=said.LIMITS["title"], examples=["Thiếu mã xã"])
    text: str = Field(max_length=said.LIMITS["text"], examples=["Một số dòng không có mã xã."])
    dataset: str | None = Field(default=None, max_length=100)
    url: str | None = Field(default=None, max_length=said.LIMITS["url"])
    name: str | None = Field(default=None, max_length=said.LIMITS["name"])
    email: str | None = Field(default=None, max_length=said.LIMITS["email"])


class Received(BaseModel):
    """It waits for a steward."""

    id: UUID
    state: Literal["waiting"] = "waiting"


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    found = APIRouter(prefix=API, route_class=GuardedRoute, dependencies=[Depends(strict)])

    @found.get("/usage", operation_id="listUsage", tags=["public"], summary="Lượt tải, lượt gọi / Downloads and calls")
    async def figures(
        response: Response,
        dataset: Annotated[str | None, Query(description="tên bộ dữ liệu / name of a dataset", max_length=100)] = None,
        since: Annotated[date | None, Query(description="từ ngày / from this day")] = None,
        until: Annotated[date | None, Query(description="đến hết ngày / up to this day")] = None,
    ) -> Figures:
        """Con số theo ngày, không có dấu vết của ai; chỉ bộ dữ liệu đã công bố.

        Numbers a day, without a trace of anybody; published datasets only.
        """
        if since and until and since > until:
            raise QueryInvalid(both("since sau until", "since is after until"), place="since")
        if dataset is not None:
            dataset = services.registry.get(dataset).id
        found_ = await usage.figures(services.catalog.engine, since, until)
        none = usage.Figures("", 0, 0)
        response.headers.update(OPEN_TO_ALL | {"Cache-Control": "public, max-age=60"})
        data = [
            Figure(dataset=s.contract.slug, calls=of.calls, downloads=of.downloads)
            for s in (await services.catalog.current()).published()
            if dataset in (None, s.contract.id)
            for of in [found_.get(s.contract.id, none)]
        ]
        return Figures(since=since, until=until, data=data)

    @found.get("/voices", operation_id="listVoices", tags=["public"], summary="Ý kiến đã hiện / What the public said")
    async def shown(
        response: Response,
        kind: Annotated[said.Kind | None, Query(description="loại / kind")] = None,
        dataset: Annotated[str | None, Query(description="tên bộ dữ liệu / name of a dataset", max_length=100)] = None,
    ) -> SaidList:
        """Góp ý, đề nghị, ứng dụng mà cán bộ đầu mối đã đọc, mới nhất trước; về sau có thể đổi câu trả lời, gỡ xuống.

        Feedback, requests and reuses that a steward has read, the newest first; the steward may change the answer, or
        take the message back, later.
        """
        response.headers.update(OPEN_TO_ALL | {"Cache-Control": "public, max-age=60"})
        names = await said.subjects(services.catalog, services.listed["ckan"])
        if dataset is not None and dataset not in names:
            detail = both(f"Không có bộ dữ liệu '{dataset}'", f"There is no dataset '{dataset}'")
            raise NotFound(detail, place="dataset", fix=nearest(dataset, names))
        rows = await said.shown(services.catalog.engine, kind=kind or "", dataset=dataset or "")
        return SaidList(data=[Said.model_validate(row) for row in rows], count=len(rows))

    _saying(found, services)
    return found


def _saying(found: APIRouter, services: Services) -> None:
    @found.post(
        "/voices",
        operation_id="sayVoice",
        tags=["public"],
        status_code=202,
        summary="Gửi ý kiến / Say something",
        openapi_extra=body.documented(Saying, EXAMPLE),
    )
    async def say(request: Request) -> Received:
        """Góp ý, đề nghị hay ứng dụng; hiện sau khi cán bộ đầu mối đọc.

        Feedback, a request or a reuse; it is shown once a steward has read it.
        """
        subject = await services.directory.subject(request.headers, {})
        services.door.charge(subject, COST)
        given = await body.read(request, Saying)
        names = await said.subjects(services.catalog, services.listed["ckan"])
        values = {name: value for name, value in given.model_dump().items() if value is not None}
        return Received(id=await said.say(services.catalog.engine, values, names))
