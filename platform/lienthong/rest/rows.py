"""The hot endpoints: rows and one row. Plain ASGI; PostgreSQL's bytes go through untouched."""

from functools import partial
from urllib.parse import quote_from_bytes

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.door import Answer
from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.rest import caching, query
from lienthong.rest.grammar import Reach
from lienthong.store.query import Query
from lienthong.store.scope import Scope
from lienthong.web.parameters import parameters
from lienthong.web.problems import Endpoint, guarded

JSON = "application/json; charset=utf-8"


class Rows:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._by_slug = {contract.slug: contract for contract in services.registry.contracts.values()}

    @property
    def many(self) -> Endpoint:
        """`/datasets/{name}/rows`"""
        return guarded(self._many)

    @property
    def one(self) -> Endpoint:
        """`/datasets/{name}/rows/{key}`"""
        return guarded(self._one)

    async def _many(self, request: Request) -> Response:
        subject, scope = await self._caller(request)
        asked = query.rows(self._reach(subject), scope, parameters(request))
        headers, release = await self._headers(request, scope)
        if headers.get("ETag") and caching.matches(request, headers["ETag"]):
            return caching.unchanged(headers)
        answer = await self._services.door.rows(subject, asked, surface="rest")
        if answer.next:
            headers["Link"] = f'<{_following(request, answer.next)}>; rel="next"'
        return _respond(scope.contract, asked, answer, release, headers, page=True)

    async def _one(self, request: Request) -> Response:
        subject, scope = await self._caller(request)
        asked = query.row(self._reach(subject), scope, _raw_key(request), parameters(request))
        headers, release = await self._headers(request, scope)
        if headers.get("ETag") and caching.matches(request, headers["ETag"]):
            return caching.unchanged(headers)
        answer = await self._services.door.one(subject, asked, surface="rest")
        return _respond(scope.contract, asked, answer, release, headers, page=False)

    async def _caller(self, request: Request) -> tuple[Subject, Scope]:
        """Who asks, and what of the dataset that may be seen. Raises Unauthenticated, NotPermitted, NotFound."""
        subject = await self._services.directory.subject(request.headers, request.cookies)
        name = request.path_params["name"]
        contract = self._by_slug.get(name) or self._services.registry.get(name)
        return subject, self._services.door.scope(subject, contract.id)

    def _reach(self, subject: Subject) -> Reach:
        """All definitions, and what the caller may see of a dataset that a query also names."""
        return Reach(self._services.registry, partial(self._services.door.scope, subject))

    async def _headers(self, request: Request, scope: Scope) -> tuple[dict[str, str], int | None]:
        """The headers of the answer and, for open data, the number of the release. Raises NotFound."""
        if scope.schema == "governed":
            return dict(caching.GOVERNED), None
        snapshot = await self._services.catalog.current()
        release = snapshot.datasets[scope.contract.id].release
        if release is None:
            raise NotFound(
                both("Bộ dữ liệu chưa có bản phát hành", "The dataset has no release yet"), place=scope.contract.slug
            )
        return caching.OPEN | {"ETag": caching.etag(release, scope.contract.version, request)}, release.number


def _respond(
    contract: Contract, asked: Query, answer: Answer, release: int | None, headers: dict[str, str], *, page: bool
) -> Response:
    """The envelope around the rows."""
    rest: dict[str, object] = {}
    if page:
        rest["page"] = {"limit": asked.page.limit, "next": answer.next, "count": answer.count or 0}
        if asked.total:
            rest["page"]["total"] = answer.total  # type: ignore[index]
    rest |= {"dataset": contract.slug, "release": release}
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
