"""What a request asks: operations out of a JSON body or out of an address. Read before anything is run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from lienthong.contract.finding import nearest
from lienthong.gql.limits import MAX_BYTES
from lienthong.kernel.problem import Invalid, TooCostly
from lienthong.kernel.text import both
from lienthong.web import strict_json

PARAMETERS = ("documentId", "variables", "operationName", "extensions")
MEMBERS = ("query", *PARAMETERS)
MAX_LEVELS = 64  # levels of variables
_SHA256 = re.compile(r"[0-9a-f]{64}")


class NoRequest(Invalid):
    """Not a GraphQL request at all."""

    status = 400


class TooLarge(NoRequest):
    """A body above the limit."""

    slug, status, code = TooCostly.slug, 413, TooCostly.code


class WrongType(NoRequest):
    """A body that is not JSON by its own word."""

    status = 415


@dataclass(frozen=True)
class Asked:
    """One operation: its text, or the name of a text that is known (`document`, or the `sha256` of the text)."""

    query: str | None
    variables: Mapping[str, Any]
    operation: str | None = None
    document: str | None = None
    sha256: str | None = None


async def body(request: Request) -> bytes:
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


def posted(raw: bytes, most: int) -> tuple[list[Asked], bool]:
    """The operations of a body, and whether they came as a batch of at most `most`. Raises NoRequest."""
    given = _json(raw, both("Thân không phải JSON hợp lệ", "The body is not valid JSON"))
    if not isinstance(given, list):
        return [_asked(given)], False
    if not 1 <= len(given) <= most:
        raise NoRequest(
            both(f"Một lần từ 1 đến {most} phép toán", f"A batch has 1 to {most} operations"),
            fix=both("Chia thành nhiều yêu cầu", "Send several requests"),
            limit=most,
        )
    return [_asked(each) for each in given], True


def addressed(request: Request) -> Asked | None:
    """The known operation that an address names; None when it names none. Raises NoRequest."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=20)
    names = [name for name, _ in given]
    if not {"documentId", "extensions"} & set(names):
        return None
    for name in names:
        if name not in PARAMETERS:
            detail = both(f"Không có tham số “{name}”", f"Unknown parameter “{name}”")
            raise NoRequest(detail, place=name, fix=nearest(name, PARAMETERS))
        if names.count(name) > 1:
            raise NoRequest(both(f"Tham số {name} lặp lại", f"The parameter {name} stands twice"), place=name)
    found: dict[str, Any] = dict(given)
    for name in ("variables", "extensions"):
        if found.get(name):
            found[name] = _json(found[name], both(f"{name} không phải JSON", f"{name} is not JSON"))
    return _asked(found)


def _json(raw: bytes | str, wrong: Any) -> Any:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NoRequest(wrong) from error
    if strict_json.repeats(raw):
        raise NoRequest(both("Một tên đứng hai lần trong một đối tượng", "A name stands twice in an object"))
    return found


def _asked(given: Any) -> Asked:
    if not isinstance(given, dict):
        raise NoRequest(both("Thân phải là một đối tượng", "The body must be an object"))
    for name in given:
        if name not in MEMBERS:
            detail = both(f"Không có thành phần “{name}”", f"Unknown member “{name}”")
            raise NoRequest(detail, place=name, fix=nearest(name, MEMBERS))
    variables = given.get("variables")
    if not isinstance(variables, dict | None):
        raise NoRequest(both("variables phải là một đối tượng", "variables must be an object"), place="variables")
    if _deeper(variables, MAX_LEVELS):
        detail = both(f"variables lồng quá {MAX_LEVELS} tầng", f"variables are nested more than {MAX_LEVELS} deep")
        raise NoRequest(detail, place="variables", limit=MAX_LEVELS)
    asked = Asked(
        _text(given, "query"),
        variables or {},
        _text(given, "operationName") or None,
        _text(given, "documentId") or None,
        _persisted(given.get("extensions") or {}),
    )
    if asked.query is None and asked.document is None and asked.sha256 is None:
        raise NoRequest(both("Thiếu query", "query is missing"), place="query")
    return asked


def _deeper(value: Any, most: int) -> bool:
    """Is the JSON value nested more than `most` deep? Without recursion: that is what a deep one is sent to exhaust."""
    level = [value] if _holds(value) else []
    for _ in range(most):
        level = [v for each in level for v in (each.values() if isinstance(each, dict) else each) if _holds(v)]
        if not level:
            return False
    return True


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if not isinstance(value, str | None):
        raise NoRequest(both(f"{name} phải là văn bản", f"{name} must be a text"), place=name)
    return value


def _persisted(extensions: Any) -> str | None:
    """The hash in `extensions.persistedQuery`, as Apollo's automatic persisted queries write it."""
    given = extensions.get("persistedQuery") if isinstance(extensions, dict) else extensions
    if given is None:
        return None
    found = given.get("sha256Hash") if isinstance(given, dict) else None
    if not isinstance(found, str) or not _SHA256.fullmatch(found) or given.get("version") != 1:
        detail = both("persistedQuery cần version 1 và sha256Hash", "persistedQuery takes version 1 and sha256Hash")
        raise NoRequest(detail, place="extensions.persistedQuery")
    return found
