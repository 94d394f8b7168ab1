"""`/graphql`: POST answers a query, GET shows the console to a browser."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.services import Services
from lienthong.gql import answer
from lienthong.gql.console import console
from lienthong.gql.document import Refused
from lienthong.gql.limits import MAX_BYTES
from lienthong.gql.plan import Misplaced, Planner
from lienthong.gql.schema import build
from lienthong.kernel.problem import Invalid, Problem, TooCostly
from lienthong.kernel.text import Language, both

Endpoint = Callable[[Request], Awaitable[Response]]
log = logging.getLogger("lienthong.gql")


def endpoint(services: Services) -> Endpoint:
    """The endpoint over the services' registry."""
    planner = Planner(build(services.registry))

    async def graphql(request: Request) -> Response:
        """One operation, one SQL statement."""
        if request.method in ("GET", "HEAD"):
            return console(request)
        accept, language = request.headers.get("accept", ""), _language(request)
        try:
            return await _answer(services, planner, request, accept)
        except Refused as error:
            return answer.respond(answer.refused(error), accept, 400)
        except Misplaced as error:
            return answer.respond(answer.problem(error.problem, language, error), accept, error.problem.status)
        except NoRequest as error:
            return answer.respond(answer.problem(error, language), accept, error.status, plain=error.status)
        except Problem as error:
            return answer.respond(answer.problem(error, language), accept, error.status)
        except Exception:
            log.exception("a GraphQL request failed")
            return answer.respond(answer.masked(language), accept, 500, plain=500)

    return graphql


async def _answer(services: Services, planner: Planner, request: Request, accept: str) -> Response:
    subject = await services.directory.subject(request.headers, request.cookies)
    query, variables, operation = _request(await _body(request))
    plan = planner.plan(query, variables, operation)
    if not plan.members:
        return answer.respond(answer.data(b"", plan.fixed), accept, 200, {"Cache-Control": "no-cache"})
    found = await services.door.document(subject, plan.members, surface="graphql")
    headers = {"Cache-Control": "no-store"}
    if found.receipt:
        headers["Lienthong-Receipt"] = found.receipt
    return answer.respond(answer.data(found.body, plan.fixed), accept, 200, headers)


class NoRequest(Invalid):
    """Not a GraphQL request at all."""

    status = 400


class TooLarge(NoRequest):
    """A body above the limit."""

    slug, status, code = TooCostly.slug, 413, TooCostly.code


class WrongType(NoRequest):
    """A body that is not JSON by its own word."""

    status = 415


async def _body(request: Request) -> bytes:
    """The body, never more than the limit. Only JSON: a form of another site cannot send it unasked."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ("application/json", "application/graphql+json"):
        detail = both("Content-Type phải là application/json", "Content-Type must be application/json")
        raise WrongType(detail, place="Content-Type")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise TooLarge(both(f"Thân quá {MAX_BYTES} byte", f"The body is over {MAX_BYTES} bytes"), limit=MAX_BYTES)
        parts.append(part)
    return b"".join(parts)


def _request(body: bytes) -> tuple[str, dict[str, Any], str | None]:
    """query, variables, operationName. Raises NoRequest."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NoRequest(both("Thân không phải JSON hợp lệ", "The body is not valid JSON")) from error
    if isinstance(given, list):
        raise NoRequest(both("Không nhận nhiều phép toán một lần", "Batches are not taken"), fix="one request each")
    if not isinstance(given, dict):
        raise NoRequest(both("Thân phải là một đối tượng", "The body must be an object"))
    query, variables, operation = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str):
        raise NoRequest(both("Thiếu query", "query is missing"), place="query")
    if not isinstance(variables, dict | None):
        raise NoRequest(both("variables phải là một đối tượng", "variables must be an object"), place="variables")
    if not isinstance(operation, str | None):
        raise NoRequest(both("operationName phải là văn bản", "operationName must be a text"), place="operationName")
    return query, variables or {}, operation or None


def _language(request: Request) -> Language:
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "vi"
