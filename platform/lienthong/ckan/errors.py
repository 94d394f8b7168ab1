"""Refusals in CKAN's words: the error of the envelope and its HTTP status (CKAN 2.12, logic/__init__.py)."""

from typing import Any

from lienthong.kernel import problem
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import Language, both

_TRANSLATED = {
    "Not found": "Không tìm thấy",
    "Access denied": "Truy cập bị từ chối",
    "Missing value": "Thiếu giá trị",
    "Invalid integer": "Số nguyên không hợp lệ",
    "Must be a natural number": "Phải là số tự nhiên",
    "Please enter an integer value": "Hãy nhập một số nguyên",
}


class Refusal(Exception):
    """An action that is not answered: `status` of HTTP and the `error` member of the envelope."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error


class BadRequest(Exception):
    """A request that is no action at all: 400 and its message as a JSON string."""


class NoPage(Exception):
    """A request that gets a page and no JSON: `status` of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def invalid(field: str, *messages: Any) -> Refusal:
    """A parameter that does not pass: 409."""
    return Refusal(409, {field: list(messages), "__type": "Validation Error"})


def invalid_query(reason: str) -> Refusal:
    """A query that the DataStore cannot run: 409; the reason stands where clients look for PostgreSQL's own words."""
    info = {"statement": [], "params": [], "orig": [reason]}
    return Refusal(409, {"query": ["Invalid query"], "info": info, "__type": "Validation Error"})


def missing(field: str) -> Refusal:
    """A parameter that must be given: 409."""
    return invalid(field, "Missing value")


def not_found(detail: str = "") -> Refusal:
    """What is asked for is not there: 404."""
    return Refusal(404, _told("Not Found Error", "Not found", detail))


def denied(detail: str = "") -> Refusal:
    """The caller may not: 403, also when nobody is signed in."""
    return Refusal(403, _told("Authorization Error", "Access denied", detail))


def search_query(detail: str) -> Refusal:
    """A search with wrong parameters: 400."""
    return Refusal(400, {"__type": "Search Query Error", "message": f"Search Query is invalid: {detail}"})


def search_error(detail: str) -> Refusal:
    """A search text that cannot be read: 409."""
    return Refusal(409, {"__type": "Search Error", "message": f"Search error: {detail!r}"})


def _told(kind: str, message: str, detail: str) -> dict[str, Any]:
    return {"__type": kind, "message": f"{message}: {detail}" if detail else message}


def from_problem(given: Problem, language: Language) -> Refusal:
    """A problem of the house in CKAN's words."""
    text = given.message(language)
    match given:
        case problem.NotFound():
            return not_found(text)
        case problem.Gone():
            return Refusal(410, _told("Not Found Error", "Gone", text))
        case problem.Unauthenticated() | problem.NotPermitted():
            return denied(text)
        case problem.Invalid() | problem.QueryInvalid() | problem.Conflict() | problem.GateClosed():
            return invalid_query(text)
        case problem.TooCostly():
            return Refusal(429, _told("Budget Exceeded Error", "Too costly", text))
        case problem.Unavailable():
            return Refusal(503, _told("Service Unavailable Error", "Unavailable", text))
        case _:
            return CRASH


CRASH = Refusal(500, {"__type": "Internal Server Error", "message": "Internal Server Error"})


def to_problem(refusal: Refusal) -> Problem:
    """A refusal as other surfaces tell it."""
    kinds = {403: problem.NotPermitted, 404: problem.NotFound}
    told = refusal.error.get("message") or next((v for k, v in refusal.error.items() if k != "__type"), "")
    text = str(told[0] if isinstance(told, list) and told else told)
    return kinds.get(refusal.status, problem.QueryInvalid)(both(str(translated(text)), text))


def translated(error: Any) -> Any:
    """The error with CKAN's fixed messages in Vietnamese, for addresses that begin with /vi."""
    if isinstance(error, dict):
        return {key: value if key == "__type" else translated(value) for key, value in error.items()}
    if isinstance(error, list):
        return [translated(part) for part in error]
    if isinstance(error, str):
        head, colon, rest = error.partition(": ")
        return _TRANSLATED.get(head, head) + colon + rest
    return error
