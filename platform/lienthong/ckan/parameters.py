"""Parameters as CKAN reads them: form, else query string, else JSON body; numbers and truths from text."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from lienthong.ckan import multipart
from lienthong.ckan.errors import BadRequest, NoPage, invalid
from lienthong.ckan.multipart import Receiver

Params = dict[str, Any]
T = TypeVar("T")
MAX_BODY = 1_000_000
MAX_WRITE = 64_000_000  # rows of a DataStore come in a body, too
MAX_PARAMETERS = 1_000
MOST_DEEP = 100
_TRUE = frozenset({"true", "yes", "t", "y", "1", "on"})


async def parameters(
    request: Request, writes: bool = False, receiver: Receiver | None = None, most: int = MAX_BODY
) -> Params:
    """The parameters of an action. Raises BadRequest, NoPage, Refusal.

    A form beats the query string, and the query string beats a JSON body (CKAN 2.12, views/api.py); of an action that
    `writes` only the body counts. `receiver`: for the files of a form; `most`: bytes of a body without files.
    """
    found = await _parameters(request, b"" if writes else request.scope["query_string"], receiver, most)
    for name, value in found.items():
        if isinstance(value, str) and "\0" in value:  # PostgreSQL keeps no such text
            raise invalid(name, "Null characters are not allowed")
        if _is_deep(value):  # no answer could hold it, nor any that tells of it
            raise invalid(name, f"Nested more than {MOST_DEEP} times")
    return found


def _is_deep(value: Any) -> bool:
    """Is it nested too often, as it is or as the JSON that a form sent? Looked at level by level."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except RecursionError:
            return True
        except ValueError:
            return False
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEEP):
        if not level:
            return False
        each = (part.values() if isinstance(part, dict) else part for part in level)
        level = [inner for inners in each for inner in inners if isinstance(inner, dict | list)]
    return bool(level)


async def _parameters(request: Request, query: bytes, receiver: Receiver | None, most: int) -> Params:
    if request.method == "GET" and query:
        return _mixed(_pairs(query))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        longest = None if receiver else most
        pairs = await multipart.read(request.headers["content-type"], _pieces(request, longest), receiver)
        return _mixed(pairs)
    body = b"".join([piece async for piece in _pieces(request, most)])
    if body and kind == "application/x-www-form-urlencoded":
        return _form(_pairs(body))
    if query:
        return _mixed(_pairs(query))
    return _json(body, kind) if body else {}


async def _pieces(request: Request, most: int | None) -> AsyncIterator[bytes]:
    """The body in pieces, when it is not too long. Raises NoPage."""
    length = 0
    async for piece in request.stream():
        length += len(piece)
        if most is not None and length > most:
            raise NoPage(413)
        yield piece


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise NoPage(413) from error


def _mixed(pairs: Iterable[tuple[str, Any]]) -> Params:
    """One value as text or file, several of one name as a list."""
    found: Params = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _form(pairs: list[tuple[str, str]]) -> Params:
    """A form; one whose only value is empty or 1 is JSON that a tool sent as a form (`curl -d '{...}'`)."""
    if len(pairs) != 1 or pairs[0][1] not in ("", "1"):
        return _mixed(pairs)
    try:
        found = json.loads(pairs[0][0])
    except (ValueError, RecursionError) as error:
        raise _unreadable(repr(error)) from error
    return _mapping(found)


def _json(body: bytes, kind: str) -> Params:
    if kind != "application/json" and not kind.endswith("+json"):
        raise NoPage(415)
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable("<BadRequest '400: Bad Request'>") from error
    return _mapping(found)


def _mapping(found: Any) -> Params:
    if not isinstance(found, dict):
        shown = "[...]" if _is_deep(found) else repr(found)
        raise BadRequest(f"JSON Error: Request data JSON decoded to {shown} but it needs to be a dictionary.")
    return found


def _unreadable(reason: str) -> BadRequest:
    told = f"Error decoding JSON data. Error: {reason} JSON data extracted from the request: {{}}"
    return BadRequest(f"JSON Error: {told}")


def natural(params: Params, name: str, default: int, *also: str, most: int = 2**31 - 1) -> int:
    """A whole number from 0 to `most`, to which more is lowered; absent, null or empty gives `default`.

    Raises Refusal (`also`: further messages).
    """
    given = params.get(name)
    if given is None or given == "":
        return default
    try:
        whole = isinstance(given, str) and len(given) < 20 or isinstance(given, int | float) and not given % 1
        number = int(given) if whole else None
    except (ValueError, OverflowError):
        number = None
    if number is None:
        raise invalid(name, "Invalid integer", *also)
    if number < 0:
        raise invalid(name, "Must be a natural number")
    return min(number, most)


def flag(params: Params, name: str, default: bool = False) -> bool:
    """A truth, as text or JSON."""
    given = params.get(name)
    if given is None or given == "":
        return default
    return given if isinstance(given, bool) else str(given).strip().lower() in _TRUE


def text(params: Params, name: str) -> str:
    """A text that must be sent; null and the empty text name nothing (CKAN asks only for the key). Raises Refusal."""
    if name not in params:
        raise invalid(name, "Missing value")
    given = params[name]
    if given is None:
        return ""
    if not isinstance(given, str):
        raise invalid(name, "Must be a Unicode string value")
    return given


def listed(given: Any) -> list[str]:
    """A list, or a text with commas; nothing is the empty list."""
    if given is None or given == "":
        return []
    parts = given if isinstance(given, list) else str(given).split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def page(items: Sequence[T], params: Params, default: int = 0, most: int | None = None) -> list[T]:
    """One page by `limit` and `offset`; no limit means `default`, and 0 means all, up to `most`."""
    limit, start = natural(params, "limit", default), natural(params, "offset", 0)
    if most is not None:
        limit = min(limit or most, most)
    return list(items[start : start + limit] if limit else items[start:])
