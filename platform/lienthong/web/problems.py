"""Problems as HTTP APIs tell them: application/problem+json (RFC 9457), never a trace."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lienthong.kernel.problem import NotFound, Problem, QueryInvalid
from lienthong.kernel.text import both
from lienthong.web.complaints import complaint
from lienthong.web.language import language

MEDIA_TYPE = "application/problem+json"
Endpoint = Callable[[Request], Awaitable[Response]]
log = logging.getLogger("lienthong.web")


def respond(request: Request, problem: Problem) -> Response:
    """The problem in the caller's language."""
    chosen = language(request)
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": chosen,
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 429:
        headers["Retry-After"] = str(problem.extra.get("retry_after", 1))
    if problem.status == 405:
        headers["Allow"] = str(problem.extra.get("allow", "GET, HEAD, OPTIONS"))
    body = problem.as_json(chosen) | {"instance": request.url.path}
    return Response(harmless(orjson.dumps(body, default=str)), problem.status, headers, media_type=MEDIA_TYPE)


def harmless(json: bytes) -> bytes:
    """The same JSON without signs that a page could take for markup: it may repeat what a caller sent."""
    for sign, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        json = json.replace(sign, escaped)
    return json


async def answered(request: Request, endpoint: Endpoint) -> Response:
    """The endpoint's answer, or its problem; any other error is logged and told as our own fault."""
    try:
        return await endpoint(request)
    except Problem as problem:
        return respond(request, problem)
    except ClientDisconnect:
        return respond(request, QueryInvalid(both("Nội dung gửi bị đứt", "The body broke off"), place="body"))
    except HTTPException as error:  # a body that FastAPI cannot read at all
        detail = both("Nội dung gửi không đọc được", "The body cannot be read")
        return respond(request, QueryInvalid(detail, place="body") if error.status_code < 500 else Problem(detail))
    except RequestValidationError as error:
        return respond(request, _invalid(error))
    except Exception:
        log.exception("a request failed: %s", getattr(request.scope.get("route"), "path", "a plain route"))
        return respond(request, Problem(both("Lỗi của hệ thống, đã được ghi lại", "Our own error; it has been noted")))


async def missing(request: Request, _: Exception) -> Response:
    """What no route takes, not even those that take the rest: an address with a line break in it."""
    return respond(request, NotFound(both("Không có địa chỉ này", "There is nothing at this address")))


def guarded(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose problems are told in REST's form."""

    @wraps(endpoint)
    async def inner(request: Request) -> Response:
        return await answered(request, endpoint)

    return inner


class GuardedRoute(APIRoute):
    """A declared route whose problems are told in REST's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, guarded."""
        endpoint = super().get_route_handler()

        async def inner(request: Request) -> Response:
            return await answered(request, endpoint)

        return inner


def _invalid(error: RequestValidationError) -> QueryInvalid:
    """What FastAPI found, without the caller's input."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "path"))
    told = complaint(first)
    return QueryInvalid(both(f"Tham số sai: {told.vi}", f"Wrong parameter: {told.en}"), place=place)
