"""`/graphql`: POST answers operations, GET one that is known by name or hash, or shows the console to a browser."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from lienthong.access import synthetic
from lienthong.access.services import Services
from lienthong.governance.subject import ANONYMOUS
from lienthong.gql import answer, keeping
from lienthong.gql.asked import Asked, addressed, body, posted
from lienthong.gql.console import console
from lienthong.gql.running import Caller, Reply, Runner

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(services: Services, runner: Runner) -> Endpoint:
    """The endpoint over one set of services."""

    async def graphql(request: Request) -> Response:
        """One operation, one SQL statement; a batch of few operations, one each."""
        caller, asked = Caller.of(request), None
        try:
            is_get = request.method in ("GET", "HEAD")
            if is_get and (asked := addressed(request)) is None:
                return console(request)
            caller = replace(caller, subject=await services.directory.subject(request.headers, request.cookies))
            if asked is not None:
                return await _got(services, runner, request, caller, asked)
            operations, batch = posted(await body(request), services.settings.graphql_batch)
        except Exception as error:
            return _respond(request, runner.failed(caller, error))
        reply = await (runner.batch(caller, operations) if batch else runner.one(caller, operations[0]))
        return _kept(services, request, reply, _respond(request, reply))

    return graphql


async def _got(services: Services, runner: Runner, request: Request, caller: Caller, asked: Asked) -> Response:
    """The answer to a GET. One about open data, asked by nobody in particular, may be kept by anybody."""
    if caller.subject != ANONYMOUS:
        return _respond(request, await runner.one(caller, asked))
    tag = await keeping.tag(services.catalog, request)
    keeping.place(request.scope, services.catalog.fresh)
    if same := keeping.kept(request, tag):
        return same
    reply = await runner.one(caller, asked)
    response = _respond(request, reply, keeping.OPEN | {"ETag": tag} if reply.status == 200 else keeping.NOT_KEPT)
    return _kept(services, request, reply, response)


def _kept(services: Services, request: Request, reply: Reply, response: Response) -> Response:
    if response.status_code == 200:
        keeping.keep(services.kept, request.scope, reply.bound, response.raw_headers, bytes(response.body))
    return response


def _respond(request: Request, reply: Reply, kept: dict[str, str] | None = None) -> Response:
    headers = dict(kept or keeping.NOT_KEPT)
    if reply.receipts:
        headers["Lienthong-Receipt"] = ", ".join(reply.receipts)
    if synthetic.noted():
        headers[synthetic.HEADER] = synthetic.VALUE
    return answer.respond(reply.body, request.headers.get("accept", ""), reply.status, headers, plain=reply.plain)
