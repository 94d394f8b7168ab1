"""Answers: `{"data": ...}` with the database's bytes as they are, or `{"errors": [...]}` with a code each."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.responses import Response

from lienthong.access import pricing
from lienthong.gql.document import Refused
from lienthong.gql.plan import Misplaced
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import Language, both

JSON = "application/json; charset=utf-8"
RESULT = "application/graphql-response+json"
MASKED = both("Lỗi hệ thống", "Internal error")


def data(*parts: bytes, cost: int | None = None, synthetic: bool = False) -> bytes:
    """One `data` object from JSON objects or nothing: what is known already, what the database answered.

    The extensions say what it cost, when that was asked, and that something was read from a twin (`synthetic`).
    """
    inner = b",".join(part[1:-1] for part in parts if part)
    told: dict[str, Any] = {"cost": {"requested": cost, "limit": pricing.MAX_ROWS}} if cost is not None else {}
    told |= {"synthetic": True} if synthetic else {}
    return b'{"data":{' + inner + b"}" + (b',"extensions":' + orjson.dumps(told) if told else b"") + b"}"


def refused(error: Refused, message: Callable[[GraphQLError], str]) -> bytes:
    """GraphQL's own errors: syntax, validation, variables; `message` tells each as the caller may read it."""
    return _errors({**_plain(e), "message": message(e), "extensions": {"code": error.code}} for e in error.errors)


def problem(given: Problem, language: Language, at: Misplaced | None = None) -> bytes:
    """A problem of ours: in the caller's language, both in the extensions."""
    extensions: dict[str, Any] = {
        "code": given.code,
        "type": f"/docs/problems/{given.slug}",
        "messages": {"vi": given.message("vi"), "en": given.message("en")},
        **given.extra,
    }
    if given.place:
        extensions["place"] = given.place
    error: dict[str, Any] = {"message": given.message(language)}
    if at is not None:
        error |= _plain(GraphQLError("", nodes=[at.node], path=[at.key])) | {"message": error["message"]}
    return _errors([error | {"extensions": extensions}])


def masked(language: Language) -> bytes:
    """An error that is nobody's business."""
    extensions = {"code": "INTERNAL", "messages": MASKED.model_dump()}
    return _errors([{"message": MASKED.in_language(language), "extensions": extensions}])


def respond(
    body: bytes, accept: str, status: int, headers: dict[str, str] | None = None, *, plain: int = 200
) -> Response:
    """The answer in the form asked for; as `application/json` every well-formed request is 200 (GraphQL over HTTP)."""
    if RESULT in accept:
        return Response(body, status, headers, media_type=RESULT)
    return Response(body, plain, headers, media_type=JSON)


def _plain(error: GraphQLError) -> dict[str, Any]:
    return {k: v for k, v in error.formatted.items() if k != "extensions"}


def _errors(errors: Iterable[dict[str, Any]]) -> bytes:
    return orjson.dumps({"errors": list(errors)}, default=str)
