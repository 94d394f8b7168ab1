"""Writing rows: PUT, PATCH, DELETE of one, POST of many, and what became of it.

A write is checked here, kept, and carried out by the worker: the answer is 202 and the address of its run, or what
became of it when it ends within the time that the caller prefers to wait.
"""

import asyncio
import hashlib
import json
import re
import time
import uuid
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from lienthong.access import writes
from lienthong.access.services import Services
from lienthong.access.writes import Mode
from lienthong.catalog.writes import FINAL, ROW_ETAG, PreconditionRequired, Writing, retold
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Invalid, NotFound, QueryInvalid
from lienthong.kernel.text import both, slug
from lienthong.web import body as web_body
from lienthong.web import strict_json
from lienthong.web.caller import known
from lienthong.web.language import language
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict, text
from lienthong.web.problems import GuardedRoute

JSON = "application/json; charset=utf-8"
MOST_ROWS, MOST_BYTES = 1_000, 8_000_000
MAX_WAIT, LOOK_SECONDS = 30, 0.1
Name = Annotated[str, Path(description="Tên bộ dữ liệu / Name of the dataset")]
Key = Annotated[str, Path(description="Khóa chính; các phần cách nhau bằng dấu phẩy / The primary key")]
_RUN: dict[str, Any] = {
    "type": "object",
    "required": ["run", "dataset", "state", "step", "counts", "etag", "problem"],
    "properties": {
        "run": {"type": "string", "format": "uuid"},
        "dataset": {"type": "string"},
        "state": {"enum": ["queued", "running", "done", "unchanged", "refused", "failed"]},
        "step": {"type": "string", "description": "land, conform, gate, merge, done"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "started_at": {"type": ["string", "null"], "format": "date-time"},
        "finished_at": {"type": ["string", "null"], "format": "date-time"},
        "etag": {"type": ["string", "null"], "description": "ETag mới của dòng / the row's new ETag"},
        "problem": {"type": ["object", "null"], "description": "vì sao bị từ chối / why it was refused"},
    },
}
_TOLD = {"content": {"application/json": {"schema": _RUN}}}
_CONFLICT = {"$ref": "#/components/responses/Conflict"}
_ANSWERS: dict[str, Any] = {
    "200": {"description": "Đã ghi / Written", **_TOLD},
    "201": {"description": "Đã tạo dòng mới / A new row", **_TOLD},
    "202": {"description": "Đã nhận; xem Location / Accepted; see Location", **_TOLD},
    "412": _CONFLICT,
    "428": _CONFLICT,
}


def _header(name: str, vi: str, en: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": f"{vi} / {en}", "schema": {"type": "string"}}


def _documented(kind: str | None, schema: dict[str, Any] | None, *, conditional: bool = True) -> dict[str, Any]:
    headers = [
        _header("Idempotency-Key", "cùng khóa, cùng nội dung: cùng kết quả", "same key, same body: same answer"),
        _header("Prefer", "wait=N: chờ kết quả, giây, nhiều nhất 30", "wait=N: wait for the result, at most 30 s"),
    ]
    if conditional:
        headers.append(_header("If-Match", "ETag của dòng đã đọc", "the ETag of the row as it was read"))
    else:
        headers.append(_header("If-Match", "*: thay cả dòng đã có", "*: replace what is there"))
    headers.append(_header("If-None-Match", "*: chỉ tạo mới", "*: only when it is not there"))
    found: dict[str, Any] = {"responses": _ANSWERS, "parameters": headers}
    if kind:
        found["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return found


_ROW = {"type": "object", "description": "Các trường của dòng / The row's fields"}


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    closed = [Depends(known(services)), Depends(strict)]
    found = APIRouter(prefix="/api/v1", route_class=GuardedRoute, dependencies=closed)
    asked = _Writes(services)
    _rows(found, asked)

    @found.get(
        "/runs/{id}",
        operation_id="describeRun",
        tags=["rows"],
        summary="Một lượt ghi hoặc nạp / A write or a delivery",
        response_class=Response,
        openapi_extra={"responses": {"200": {"description": "Lượt chạy / The run", **_TOLD}}},
    )
    async def run(request: Request, id: Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{32,36}$")]) -> Response:
        """Trạng thái và kết quả của một lượt; chỉ cơ quan cung cấp xem được.

        The state of a run and what became of it; for the providing agency alone.
        """
        return await asked.run(request, id)

    return found


def _rows(found: APIRouter, asked: "_Writes") -> None:
    one, many = "/datasets/{name}/rows/{key:path}", "/datasets/{name}/rows"

    @found.put(one, operation_id="putRow", tags=["rows"], summary="Ghi một dòng / Put a row", response_class=Response,
               openapi_extra=_documented("application/json", _ROW))  # fmt: skip
    async def put(request: Request, name: Name, key: Key) -> Response:
        """Thay cả dòng, hoặc tạo mới; qua cổng chất lượng, giữ lịch sử.

        Replace the whole row, or make it; through the quality gate, with history.
        """
        return await asked.one(request, name, "upsert")

    @found.patch(one, operation_id="patchRow", tags=["rows"], summary="Sửa một dòng / Change a row",
                 response_class=Response, openapi_extra=_documented("application/merge-patch+json", _ROW))  # fmt: skip
    async def patch(request: Request, name: Name, key: Key) -> Response:
        """Đổi các trường được nêu (RFC 7396); null để xóa giá trị.

        Change the fields that are named (RFC 7396); null takes a value away.
        """
        return await asked.one(request, name, "upsert")

    @found.delete(one, operation_id="deleteRow", tags=["rows"], summary="Xóa một dòng / Delete a row",
                  response_class=Response, openapi_extra=_documented(None, None))  # fmt: skip
    async def delete(request: Request, name: Name, key: Key) -> Response:
        """Kết thúc một dòng; lịch sử còn nguyên. End a row; its history stays."""
        return await asked.one(request, name, "delete")

    etag = {"type": ["string", "null"], "description": "ETag đã đọc; null: dòng mới / as it was read; null: new"}
    row = _ROW | {"properties": {ROW_ETAG: etag}}
    schema = {"type": "array", "maxItems": MOST_ROWS, "items": row}

    @found.post(many, operation_id="putRows", tags=["rows"], summary="Ghi nhiều dòng / Put many rows",
                response_class=Response,
                openapi_extra=_documented("application/json", schema, conditional=False))  # fmt: skip
    async def post(request: Request, name: Name) -> Response:
        """Thêm hoặc thay các dòng, tất cả hoặc không dòng nào; dòng đã có cần `_etag` của nó.

        Put rows, all of them or none; a row that is there needs its `_etag`, or the whole request `If-Match: *`.
        """
        return await asked.many(request, name)


class _Writes:
    """What the endpoints share."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def one(self, request: Request, name: str, mode: Mode) -> Response:
        subject, contract = await self._caller(request, name, mode)
        parts = _parts(request)
        key = writes.key_of(contract, parts)
        if_match, none = _conditions(request)
        if request.method in ("PATCH", "DELETE") and if_match is None:
            raise PreconditionRequired(
                both("Cần If-Match với ETag của dòng", "If-Match with the row's ETag is needed"),
                place="If-Match",
                fix=both("Đọc dòng, dùng ETag của nó", "Read the row, and use its ETag"),
            )
        raw = await _body(request)
        if request.method == "DELETE":
            if raw.strip():
                raise Invalid(both("DELETE không có nội dung", "DELETE takes no body"), place="body")
        else:
            writes.check(contract, _json(raw), key, partial=request.method == "PATCH")
        return await self._ask(request, subject, contract, raw, parts, if_match, none)

    async def many(self, request: Request, name: str) -> Response:
        subject, contract = await self._caller(request, name, "upsert")
        if_match, none = _conditions(request)
        if if_match not in (None, "*"):
            detail = both("Một ETag không nói về nhiều dòng", "One ETag does not tell of many rows")
            fix = both(f"Viết {ROW_ETAG} trong từng dòng", f"Write {ROW_ETAG} in each row")
            raise QueryInvalid(detail, place="If-Match", fix=fix)
        raw = await _body(request)
        given = _json(raw)
        if not isinstance(given, list) or not 1 <= len(given) <= MOST_ROWS:
            raise Invalid(
                both(f"Cần một danh sách 1 đến {MOST_ROWS} dòng", f"A list of 1 to {MOST_ROWS} rows is needed"),
                place="body",
            )
        writes.check_all(contract, given)
        return await self._ask(request, subject, contract, raw, None, if_match, none)

    async def run(self, request: Request, id: str) -> Response:
        subject = await self._services.directory.subject(request.headers, request.cookies)
        try:
            told, _ = await self._told(request, uuid.UUID(id))
            contract = self._services.registry.get(str(told["dataset"]))
        except (ValueError, NotFound):
            told, contract = {}, None
        if contract is None or not (subject.is_administrator or subject.agency == contract.agency):
            raise NotFound(both("Không có lượt này", "There is no such run"), place=id)
        return Response(orjson.dumps(told), headers={"Cache-Control": "no-store"}, media_type=JSON)

    async def _caller(self, request: Request, name: str, mode: Mode) -> tuple[Subject, Contract]:
        if "authorization" not in request.headers:
            same_origin(request, self._services.settings)
        subject = await self._services.directory.subject(request.headers, request.cookies)
        contract = self._services.registry.get(name)
        writes.authorise(subject, contract, mode)
        return subject, contract

    async def _ask(
        self,
        request: Request,
        subject: Subject,
        contract: Contract,
        raw: bytes,
        parts: list[str] | None,
        if_match: str | None,
        none: bool,
    ) -> Response:
        """Keep the body, put the write down, and wait as long as the caller prefers to."""
        wait = _wait(request)
        sha256 = await writes.keep(self._services.settings.home, raw)
        asked = "\n".join((request.method, request.url.path, sha256, if_match or "", str(none)))
        number = await writes.ask(
            self._services.catalog.engine,
            Writing(
                run=uuid.uuid4(),
                dataset=contract.id,
                subject=subject.id,
                agency=subject.agency,
                method=request.method,
                key=parts,
                sha256=sha256,
                if_match=if_match,
                if_none_match=none,
                idempotency_key=_idempotency_key(request),
                request_hash=hashlib.sha256(asked.encode()).hexdigest(),
                context=dict(subject.context),
            ),
        )
        deadline = time.monotonic() + wait
        while True:
            told, problem = await self._told(request, number)
            if told["state"] in FINAL or time.monotonic() >= deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
        if problem:
            raise retold(problem | {"run": str(number)})
        return _answer(request, told, wait)

    async def _told(self, request: Request, number: uuid.UUID) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """A run as callers see it, and the problem that it ended with. Raises NotFound."""
        row = await writes.run_of(self._services.catalog.engine, number)
        problem = row["problem"] if row["state"] in ("refused", "failed") else None
        names = ("state", "step", "counts", "started_at", "finished_at", "etag")
        told = {"run": str(number), "dataset": slug(row["dataset"])} | {name: row[name] for name in names}
        return told | {"problem": retold(problem).as_json(language(request)) if problem else None}, problem


def _answer(request: Request, told: dict[str, Any], wait: int) -> Response:
    """202 while it goes on; 201 for a new row; 200."""
    headers = {"Cache-Control": "no-store", "Location": f"/api/v1/runs/{told['run']}"}
    if wait:
        headers["Preference-Applied"] = f"wait={wait}"
    if told["state"] not in FINAL:
        return Response(orjson.dumps(told), 202, headers | {"Retry-After": "1"}, JSON)
    if told["etag"]:
        headers["ETag"] = f'"{told["etag"]}"'
    made = request.method == "PUT" and told["counts"].get("inserted")
    return Response(orjson.dumps(told), 201 if made else 200, headers, JSON)


def _parts(request: Request) -> list[str]:
    """The parts of the key; percent-encoded commas belong to them."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    key = raw.partition(b"?")[0].partition(b"/rows/")[2]
    return [text(unquote_to_bytes(part), "key") for part in key.split(b",")]


def _conditions(request: Request) -> tuple[str | None, bool]:
    """If-Match (an ETag without quotes, or *) and whether the row must not be there. Raises QueryInvalid."""
    match, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None and none is not None:
        detail = both("Dùng If-Match hoặc If-None-Match, không dùng cả hai", "Either If-Match or If-None-Match")
        raise QueryInvalid(detail, place="If-Match")
    if none is not None and none.strip() != "*":
        raise QueryInvalid(both("If-None-Match chỉ nhận *", "If-None-Match takes only *"), place="If-None-Match")
    if match is None:
        return None, none is not None
    found = re.fullmatch(r'\s*(?:\*|(?:W/)?"([!#-~]{1,100})")\s*', match)
    if not found:
        raise QueryInvalid(both("If-Match cần một ETag trong ngoặc kép", "If-Match takes one quoted ETag"),
                           place="If-Match")  # fmt: skip
    return found[1] or "*", False


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is not None and not re.fullmatch(r"[!-~]{1,200}", given):
        detail = both("Khóa gồm 1 đến 200 ký tự ASCII in được", "The key has 1 to 200 printable ASCII characters")
        raise QueryInvalid(detail, place="Idempotency-Key")
    return given


def _wait(request: Request) -> int:
    """The seconds of `Prefer: wait=N` (RFC 7240); other preferences mean nothing here."""
    found = re.search(r"(?:^|[,;\s])wait=([0-9]{1,4})(?:$|[,;\s])", request.headers.get("prefer", ""))
    return min(int(found[1]), MAX_WAIT) if found else 0


async def _body(request: Request) -> bytes:
    return await web_body.whole(request, MOST_BYTES)


def _json(raw: bytes) -> Any:
    """Strict JSON with numbers as they were written. Raises Invalid."""
    try:
        strict_json.loads(raw, "body")
    except QueryInvalid as error:
        raise Invalid(error.detail, place="body") from error
    return json.loads(raw, parse_float=writes.Number.of)
