"""The hot endpoints: rows and one row. Plain ASGI; PostgreSQL's bytes go through untouched."""

from urllib.parse import quote_from_bytes

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.door import Answer
from lienthong.catalog.snapshot import Snapshot
from lienthong.rest import caching, keeping, query
from lienthong.rest.asking import TWIN, Asking
from lienthong.rest.negotiation import PLAIN, negotiated
from lienthong.rest.stream import Streams
from lienthong.store.changes import etag
from lienthong.store.query import Query
from lienthong.store.scope import Scope
from lienthong.web.parameters import parameters
from lienthong.web.problems import Endpoint, guarded

JSON = "application/json; charset=utf-8"


class Rows:
    """The endpoints over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._door = asking.services.door
        self._streams = Streams(asking)

    @property
    def many(self) -> Endpoint:
        """`/datasets/{name}/rows`"""
        return guarded(self._many)

    @property
    def one(self) -> Endpoint:
        """`/datasets/{name}/rows/{key}`"""
        return guarded(self._one)

    @property
    def twin_many(self) -> Endpoint:
        """`/datasets/{name}/twin/rows`"""
        return guarded(_of_twin(self._many))

    @property
    def twin_one(self) -> Endpoint:
        """`/datasets/{name}/twin/rows/{key}`"""
        return guarded(_of_twin(self._one))

    async def _many(self, request: Request) -> Response:
        accept = request.headers.get("accept")
        if accept is not None and accept not in PLAIN and (kind := negotiated(accept)):
            return await self._streams.answer(request, kind)
        subject, scope = await self._asking.caller(request)
        given = parameters(request)
        asked = query.rows(self._asking.reach(subject), scope, given)
        headers, release = await self._asking.head(request, scope)
        before = self._asking.services.catalog.fresh
        if headers.get("ETag") and caching.matches(request, headers["ETag"]):
            return caching.unchanged(headers)
        estimated = given.get("count") == "estimated" and not asked.total
        answer = await self._door.rows(subject, asked, surface="rest")
        release = await self._asking.read_from(request, scope, headers, answer, release)
        page: dict[str, object] = {"limit": asked.page.limit, "next": answer.next, "count": answer.count or 0}
        if estimated:
            page |= {"total": await self._door.estimate(subject, asked), "estimated": True}
        elif asked.total:
            page["total"] = answer.total
        if answer.next:
            caching.link(headers, _following(request, answer.next), "next")
        response = _respond(scope, asked, answer, release, headers, {"page": page})
        return response if estimated else self._kept(request, response, answer, before)

    async def _one(self, request: Request) -> Response:
        subject, scope = await self._asking.caller(request)
        asked = query.row(self._asking.reach(subject), scope, _raw_key(request), parameters(request))
        headers, release = await self._asking.head(request, scope)
        before = self._asking.services.catalog.fresh
        if headers.get("ETag") and caching.matches(request, headers["ETag"]):
            return caching.unchanged(headers)
        answer = await self._door.one(subject, asked, surface="rest")
        release = await self._asking.read_from(request, scope, headers, answer, release)
        if scope.schema == "governed" and not asked.items and asked.as_of is None:
            headers["ETag"] = f'"{etag(answer.body)}"'
        return self._kept(request, _respond(scope, asked, answer, release, headers, {}), answer, before)

    def _kept(self, request: Request, response: Response, answer: Answer, before: Snapshot | None) -> Response:
        kept, body = self._asking.services.kept, bytes(response.body)
        keeping.keep(kept, request.scope, answer, before, response.raw_headers, body)
        return response


def _of_twin(endpoint: Endpoint) -> Endpoint:
    async def twin(request: Request) -> Response:
        request.scope[TWIN] = True
        return await endpoint(request)

    return twin


def _respond(
    scope: Scope,
    asked: Query,
    answer: Answer,
    release: int | None,
    headers: dict[str, str],
    members: dict[str, object],
) -> Response:
    """The envelope around the rows."""
    rest = members | {"dataset": scope.contract.slug, "release": release}
    if scope.schema == "twin":
        rest["synthetic"] = True
    if asked.as_of is not None:
        rest["as_of"] = asked.as_of
    if answer.receipt:
        headers["Lienthong-Receipt"] = answer.receipt
    body = b'{"data":' + answer.body + b"," + orjson.dumps(rest)[1:]
    return Response(body, headers=headers, media_type=JSON)


def _raw_key(request: Request) -> bytes:
    """The key as it stands in the address, still percent-encoded."""
    raw: bytes | None = request.scope.get("raw_path")
    if raw is None:
        return quote_from_bytes(request.path_params["key"].encode(), safe=",").encode()
    return raw.partition(b"?")[0].partition(b"/rows/")[2]


def _following(request: Request, cursor: str) -> str:
    """The address of the next page, relative to the server."""
    parts = [part for part in request.scope["query_string"].decode("latin-1").split("&") if part]
    kept = [part for part in parts if not part.startswith("cursor=")]
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return path.partition(b"?")[0].decode("latin-1") + "?" + "&".join([*kept, f"cursor={cursor}"])
