"""`/datastore/dump/<id>`: all rows as one file, streamed page by page."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lienthong.access.door import Answer
from lienthong.ckan import records
from lienthong.ckan.asked import Asked, asked
from lienthong.ckan.call import Call
from lienthong.ckan.datastore import fields_json, table
from lienthong.ckan.datastore_asked import hosted_asked
from lienthong.ckan.datastore_hosted import fields_of
from lienthong.ckan.datastore_tables import readable, rows_of
from lienthong.ckan.errors import NoPage, Refusal
from lienthong.ckan.parameters import flag, natural
from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both
from lienthong.store.hosted_values import HostedTable, Refused, Search
from lienthong.store.query import Page, Query
from lienthong.store.scope import Scope

_ASKED = frozenset(["offset", "filters", "q", "full_text", "fields", "sort", "distinct", "plain", "language"])
PAGE = 10_000
_NOTHING = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@dataclass(frozen=True)
class Shape:
    """A format of the file: what comes first, what a page of rows becomes, what stands between and comes last."""

    media_type: str
    head: Callable[[tuple[str, ...], bytes], str]
    rows: Callable[[bytes, tuple[str, ...]], str]
    between: str = ""
    foot: str = ""


def _json_rows(body: bytes, names: tuple[str, ...]) -> str:
    found = records.rows(body, names)
    return ",\n    ".join(orjson.dumps(row).decode() for row in found)


SHAPES = {
    "csv": Shape(
        "text/csv; charset=utf-8",
        lambda names, _: records.header(names, "csv"),
        lambda body, names: records.as_text(body, names, "csv"),
    ),
    "tsv": Shape(
        "text/tab-separated-values; charset=utf-8",
        lambda names, _: records.header(names, "tsv"),
        lambda body, names: records.as_text(body, names, "tsv"),
    ),
    "json": Shape(
        "application/json; charset=utf-8",
        lambda _, fields: f'{{\n  "fields": {fields.decode()},\n  "records": [\n    ',
        _json_rows,
        ",\n    ",
        "\n]}\n",
    ),
    "xml": Shape(
        "text/xml; charset=utf-8",
        lambda *_: f"<data {_NOTHING}>\n",
        records.as_xml,
        foot="</data>\n",
    ),
}


async def dump(call: Call, request: Request, name: str) -> Response:
    """The file. Raises NoPage: 404 also for rows that the caller may not read, 400 for a wrong parameter."""
    params = call.params
    shape = SHAPES.get(str(params.get("format") or "csv"))
    if shape is None:
        raise NoPage(400)
    if name not in call.index.datastores:
        return await _hosted(call, request, name, shape)
    try:
        scope, number = table(call, name)
    except Refusal as refusal:
        raise NoPage(404) from refusal
    try:
        most = natural(params, "limit", 0) if params.get("limit") not in (None, "") else None
        wanted = asked({key: value for key, value in params.items() if key in _ASKED}, scope)
    except Refusal as refusal:
        raise NoPage(400) from refusal
    extension = params.get("format") or "csv"
    headers = {"Content-Disposition": f'attachment; filename="{number}.{extension}"', "Cache-Control": "private"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=shape.media_type)
    first = await _page(call, wanted.query, most)
    stream = _stream(call, scope, wanted, shape, first, most)
    return StreamingResponse(stream, headers=headers, media_type=shape.media_type)


async def _hosted(call: Call, request: Request, name: str, shape: Shape) -> Response:
    """Hosted rows: PostgreSQL writes them, in one snapshot."""
    params = call.params
    kind = str(params.get("format") or "csv")
    try:
        found = await readable(call, name)
    except Refusal as refusal:
        raise NoPage(404) from refusal
    try:
        most = natural(params, "limit", 0) if params.get("limit") not in (None, "") else None
        given = {key: value for key, value in params.items() if key in _ASKED}
        wanted = hosted_asked(given, found).search
    except Refusal as refusal:
        raise NoPage(400) from refusal
    search = replace(
        wanted,
        limit=most,
        names=tuple(name for name in wanted.names if params.get("fields") or not name.startswith("rank")),
        kind="csv" if kind == "csv" else "tsv" if kind == "tsv" else "lists" if kind == "json" else "objects",
    )
    headers = {"Content-Disposition": f'attachment; filename="{found.resource_id}.{kind}"', "Cache-Control": "private"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=shape.media_type)
    blocks = rows_of(call).lines(found, search)
    try:
        first = await anext(blocks, b"")
    except Refused as error:
        raise NoPage(400) from error
    stream = _hosted_stream(call, found, search, shape, first, blocks)
    return StreamingResponse(stream, headers=headers, media_type=shape.media_type)


async def _hosted_stream(
    call: Call, found: HostedTable, search: Search, shape: Shape, first: bytes, blocks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    bom = "\ufeff" if flag(call.params, "bom") else ""
    fields = orjson.dumps(fields_of(found, search.names))
    yield (bom + shape.head(search.names, fields)).encode()
    block, between = first, ""
    while block:
        if search.kind in ("csv", "tsv"):
            yield block
        elif search.kind == "lists":
            yield (between + ",\n    ".join(orjson.dumps(row).decode() for row in records.lists(block))).encode()
        else:
            yield records.as_xml(block, search.names, records.short).encode()
        between = shape.between
        block = await anext(blocks, b"")
    yield shape.foot.encode()


async def _page(call: Call, query: Query, left: int | None) -> Answer:
    limit = PAGE if left is None else min(PAGE, left)
    page = Page(limit, query.page.after, query.page.offset)
    return await call.rows(query.but(page=page))


async def _stream(
    call: Call, scope: Scope, wanted: Asked, shape: Shape, first: Answer, most: int | None
) -> AsyncIterator[bytes]:
    """The file in parts. It breaks off when the release is replaced meanwhile: two halves of two are no whole."""
    bom = "\ufeff" if flag(call.params, "bom") else ""
    yield (bom + shape.head(wanted.names, fields_json(scope.contract, wanted.names, call.language))).encode()
    answer, sent, begun = first, 0, await _release(call, scope)
    while True:
        if answer.body != b"[]":
            yield ((shape.between if sent else "") + shape.rows(answer.body, wanted.names)).encode()
        size = len(orjson.loads(answer.body)) if answer.count is None else answer.count
        sent += size
        left = None if most is None else most - sent
        query = _next(wanted.query, answer, size, sent)
        if query is None or left == 0:
            break
        answer = await _page(call, query, left)
        if await _release(call, scope) != begun:
            raise Conflict(both("Có bản phát hành mới khi đang tải", "A new release came during the download"))
    yield shape.foot.encode()


def _next(query: Query, answer: Answer, size: int, sent: int) -> Query | None:
    """The query of the next page: after a cursor, or after so many groups."""
    if query.is_aggregate:
        return query.but(page=Page(offset=query.page.offset + sent)) if size == PAGE else None
    return query.but(page=Page(after=answer.next)) if answer.next else None


async def _release(call: Call, scope: Scope) -> int | None:
    release = (await call.services.catalog.current()).datasets[scope.contract.id].release
    return release.number if release and scope.schema == "open" else None
