"""Rows of any number in any form, as a stream: memory stays flat, and who hangs up ends the statement."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Call

from lienthong.access.door import Lines
from lienthong.contract.model import NOT_OPEN
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.rest import caching, query
from lienthong.rest.asking import Asking
from lienthong.rest.encoding import Encoder, document, encoder
from lienthong.rest.negotiation import Kind, NotAcceptable, by_suffix
from lienthong.store.lines import WHOLE
from lienthong.store.query import Page, Query
from lienthong.store.scope import Scope
from lienthong.web.parameters import parameters
from lienthong.web.problems import Endpoint, guarded

log = logging.getLogger("lienthong.rest")
MOST_GROUPS = 100_000


class Streams:
    """The endpoints over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._door = asking.services.door

    @property
    def suffixed(self) -> Endpoint:
        """`/datasets/{name}/rows.{extension}`"""

        async def inner(request: Request) -> Response:
            return await self.answer(request, by_suffix(request.path_params["extension"]))

        return guarded(inner)

    async def answer(self, request: Request, kind: Kind) -> Response:
        """The rows that the address asks for, in this form. Raises what reading raises, before the first byte."""
        subject, scope = await self._asking.caller(request)
        asked = self._asked(request, subject, scope, kind)
        headers, release = await self._asking.head(request, scope, kind.media_type)
        if headers.get("ETag") and caching.matches(request, headers["ETag"]):
            return caching.unchanged(headers)
        headers |= {
            "Content-Disposition": f'attachment; filename="{_file_name(scope)}.{kind.suffix}"',
            "Content-Type": f"{kind.media_type}; charset=utf-8" if kind.suffix == "csv" else kind.media_type,
            "X-Content-Type-Options": "nosniff",
        }
        if request.method == "HEAD":
            return Streamed(headers, b"", None)
        lines = await self._door.lines(subject, asked, kind.form, surface="rest")
        if lines.receipt:
            headers |= {"Lienthong-Receipt": lines.receipt, "Lienthong-Rows": str(lines.count)}
        pieces = _pieces(lines, self._encoder(scope, kind, lines, release))
        return Streamed(headers, await anext(pieces), pieces)

    def _asked(self, request: Request, subject: Subject, scope: Scope, kind: Kind) -> Query:
        given = parameters(request)
        if "count" in given:
            detail = both("count không dùng với luồng", "count does not go with a stream")
            raise QueryInvalid(detail, place="count")
        asked = query.rows(self._asking.reach(subject), scope, given, WHOLE, WHOLE)
        if kind.form == "feature":
            _check_places(asked, scope, kind)
        if asked.is_aggregate:
            page = asked.page
            return asked.but(page=Page(min(page.limit, MOST_GROUPS), offset=page.offset, most=MOST_GROUPS))
        return asked

    def _encoder(self, scope: Scope, kind: Kind, lines: Lines, release: int | None) -> Encoder:
        contract = scope.contract
        facts = [
            (both("Bộ dữ liệu", "Dataset"), f"{contract.slug}@{contract.version}"),
            (both("Cơ quan", "Agency"), self._asking.services.registry.agency(contract.agency).name.vi),
            (both("Giấy phép", "Licence"), contract.licence if scope.schema == "open" else NOT_OPEN),
            (both("Bản phát hành", "Release"), str(release) if release else f"{scope.agreement}"),
        ]
        return encoder(kind.suffix, document(contract.slug, contract.title, lines.fields, facts))


def _file_name(scope: Scope) -> str:
    return scope.contract.slug + ("-synthetic-twin" if scope.schema == "twin" else "")


def _check_places(asked: Query, scope: Scope, kind: Kind) -> None:
    """Raises NotAcceptable when the rows have no place on the map."""
    shape = scope.contract.geometry
    if asked.is_aggregate or shape is None or shape.name not in scope.fields:
        detail = both("Câu trả lời không có trường hình học nào", "The answer has no field with a place")
        fix = both("Dùng csv, ndjson, parquet, arrow hay xlsx", "Use csv, ndjson, parquet, arrow or xlsx")
        raise NotAcceptable(detail, place=kind.suffix, fix=fix)


async def _pieces(lines: Lines, made: Encoder) -> AsyncGenerator[bytes, None]:
    """The bytes of the answer, piece by piece; at least one."""
    async with aclosing(lines.blocks) as blocks:
        async for block in blocks:
            if piece := await made.block(block):
                yield piece
        yield await made.end()


class Streamed(Response):
    """An answer of unknown length. `first` is known already: with it the statement has shown that it works."""

    def __init__(self, headers: dict[str, str], first: bytes, rest: AsyncGenerator[bytes, None] | None) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._first, self._rest = first, rest

    async def __call__(self, scope: Call, receive: Receive, send: Send) -> None:
        """Send until the end, or until the caller has gone."""
        sending, leaving = asyncio.create_task(self._send(send)), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            if self._rest:
                await self._rest.aclose()
        if not sending.cancelled() and (error := sending.exception()):
            log.warning("a stream broke off: %s", type(error).__name__)
            raise error  # the server breaks the connection: nobody takes a part for the whole

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        more = self._rest is not None
        await send({"type": "http.response.body", "body": self._first, "more_body": more})
        if self._rest is not None:
            async for piece in self._rest:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
