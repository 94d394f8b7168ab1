"""/api/v1/datasets/{name}/changes: a dataset's changes since a cursor, enough to rebuild it exactly."""

import asyncio
import re
import time
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from lienthong.access.changes import DEFAULT_LIMIT, MAX_LIMIT, NOW, Feed, last_change
from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store.scope import Scope
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

JSON, LINES = "application/json; charset=utf-8", "application/x-ndjson"
MAX_WAIT, LOOK_SECONDS = 30, 0.5
_CHANGE = {
    "type": "object",
    "required": ["op", "key", "at", "version", "row"],
    "properties": {
        "op": {"enum": ["insert", "update", "delete"]},
        "key": {"type": "array", "description": "khóa chính; số dòng khi không được xem khóa / the primary key"},
        "at": {"type": ["string", "null"], "format": "date-time", "description": "null: trạng thái / the whole state"},
        "version": {"type": ["string", "null"], "description": "ETag của dòng / the row's ETag"},
        "row": {"type": ["object", "null"], "description": "các trường được xem / the fields that you may see"},
    },
}
_PAGE = {
    "type": "object",
    "required": ["data", "page", "dataset"],
    "properties": {
        "data": {"type": "array", "items": _CHANGE},
        "page": {
            "type": "object",
            "required": ["limit", "next", "count", "more"],
            "properties": {
                "limit": {"type": "integer"},
                "next": {"type": "string", "description": "con trỏ tiếp theo / the cursor of what follows"},
                "count": {"type": "integer"},
                "more": {"type": "boolean", "description": "đã có thay đổi tiếp theo / more is there already"},
            },
        },
        "dataset": {"type": "string"},
    },
}
_DOCUMENTED: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "Một trang thay đổi / A page of changes",
            "content": {
                "application/json": {"schema": _PAGE},
                LINES: {"schema": {"type": "string", "description": "mỗi dòng một thay đổi / a change a line"}},
            },
            "headers": {
                name: {"description": words, "schema": {"type": "string"}}
                for name, words in (
                    ("Link", "rel=next"),
                    ("Lienthong-Cursor", "con trỏ tiếp theo / the cursor of what follows"),
                    ("Lienthong-Receipt", "biên nhận trong sổ truy cập / receipt of the access ledger"),
                )
            },
        },
        "409": {"$ref": "#/components/responses/Conflict"},
    }
}


def router(services: Services) -> APIRouter:
    """The endpoint over one set of services."""
    found = APIRouter(prefix="/api/v1", route_class=GuardedRoute, dependencies=[Depends(strict)])

    @found.get(
        "/datasets/{name}/changes",
        operation_id="followDataset",
        tags=["rows"],
        summary="Thay đổi từ một con trỏ / Changes since a cursor",
        response_class=Response,
        openapi_extra=_DOCUMENTED,
    )
    async def changes(
        request: Request,
        name: Annotated[str, Path(description="Tên bộ dữ liệu / Name of the dataset")],
        since: Annotated[
            str,
            Query(description="begin: toàn bộ / whole state; now: từ bây giờ / from now on; con trỏ / a cursor"),
        ] = "begin",
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="số thay đổi / changes")] = DEFAULT_LIMIT,
        wait: Annotated[int, Query(ge=0, le=MAX_WAIT, description="chờ, giây / seconds to wait for a change")] = 0,
    ) -> Response:
        """Mọi thay đổi theo thứ tự ghi nhận, đủ để dựng lại đúng bảng mà bạn được xem; áp dụng lại không sai.

        All changes in the order of commits, enough to rebuild exactly the table that you may see: put `insert` and
        `update` by key, take `delete` away. A page may be empty and still have a next one.
        """
        subject = await services.directory.subject(request.headers, request.cookies)
        scope = services.door.scope(subject, services.registry.get(name).id)
        await _published(services, scope)
        lines = _wants_lines(request)
        found = await _read(services, subject, scope, since, limit, lines, wait)
        return _respond(request, scope.contract, found, limit, lines)

    return found


async def _read(
    services: Services, subject: Subject, scope: Scope, since: str, limit: int, lines: bool, wait: int
) -> Feed:
    """A page; an empty one only after `wait` seconds without a change."""
    deadline, dataset = time.monotonic() + wait, scope.contract.id
    while True:
        last = await _last(services, scope) if wait else 0
        found = await services.door.changes(subject, dataset, since, limit, surface="feed", lines=lines)
        if not wait or found.count or found.more or since == NOW:
            return found
        since = found.next
        while await _last(services, scope) == last:
            if time.monotonic() >= deadline:
                return found
            await asyncio.sleep(LOOK_SECONDS)


async def _last(services: Services, scope: Scope) -> int:
    """What grows with every change of the dataset: nothing of its rows."""
    if scope.schema == "open":
        release = (await services.catalog.current()).datasets[scope.contract.id].release
        return release.number if release else 0
    return await last_change(services.catalog.engine, scope.contract.id)


async def _published(services: Services, scope: Scope) -> None:
    if scope.schema == "open" and not await _last(services, scope):
        raise NotFound(
            both("Bộ dữ liệu chưa có bản phát hành", "The dataset has no release yet"), place=scope.contract.slug
        )


def _wants_lines(request: Request) -> bool:
    return bool(re.search(r"application/(x-)?(ndjson|jsonl)", request.headers.get("accept", "")))


def _respond(request: Request, contract: Contract, found: Feed, limit: int, lines: bool) -> Response:
    following = f"{request.url.path}?since={found.next}&limit={limit}"
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept, Authorization, Cookie",
        "Lienthong-Cursor": found.next,
        "Link": f'<{following}>; rel="next"',
    }
    if found.receipt:
        headers["Lienthong-Receipt"] = found.receipt
    if lines:
        return Response(found.body + b"\n" if found.body else b"", headers=headers, media_type=LINES)
    page = {"limit": limit, "next": found.next, "count": found.count, "more": found.more}
    rest = orjson.dumps({"page": page, "dataset": contract.slug})
    return Response(b'{"data":' + found.body + b"," + rest[1:], headers=headers, media_type=JSON)
