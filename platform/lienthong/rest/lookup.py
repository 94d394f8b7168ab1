"""Many rows by their keys in one request: answered in the order asked, null where there is none."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Problem, QueryInvalid
from lienthong.kernel.text import both
from lienthong.rest import grammar
from lienthong.rest.asking import Asking
from lienthong.rest.fallback import NotAllowed
from lienthong.store.condition import value_of
from lienthong.store.lookup import Key
from lienthong.store.query import Query
from lienthong.web import strict_json
from lienthong.web.body import whole
from lienthong.web.moments import as_of
from lienthong.web.parameters import only, parameters, unknown
from lienthong.web.problems import Endpoint, guarded, harmless

MOST_KEYS = 1_000
MOST_BYTES = 262_144
MEMBERS = ("keys", "fields", "include", "as_of")
JSON = "application/json; charset=utf-8"


class UnsupportedMedia(Problem):
    """The body is of a kind that is not read here."""

    slug, status, code, exit_code = "unsupported-media", 415, "UNSUPPORTED_MEDIA_TYPE", 2
    title = both("Kiểu nội dung không được nhận", "Unsupported media type")


class Lookups:
    """The endpoint over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._door = asking.services.door

    @property
    def many(self) -> Endpoint:
        """`POST /datasets/{name}/lookup`"""
        return guarded(self._many)

    async def _many(self, request: Request) -> Response:
        if request.method != "POST":
            raise NotAllowed(both("Chỉ nhận POST", "Only POST"), place=request.method, allow="POST")
        only(parameters(request), ())
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia(both("Cần JSON", "JSON is needed"), place="Content-Type", fix="application/json")
        subject, scope = await self._asking.caller(request)
        given = strict_json.loads(await whole(request, MOST_BYTES), "body")
        if not isinstance(given, Mapping):
            raise QueryInvalid(both("Cần một đối tượng JSON", "A JSON object is needed"), place="body")
        for name in given:
            if name not in MEMBERS:
                raise unknown(name, MEMBERS)
        raw = _list(given.get("keys"), "keys")
        keys = [_key(scope.contract, key, f"keys[{n}]") for n, key in enumerate(raw)]
        plain = {name: ",".join(_names(given[name], name)) for name in ("fields", "include") if name in given}
        moment = as_of(_text(given["as_of"], "as_of")) if "as_of" in given else None
        items = grammar.items(self._asking.reach(subject), scope, plain, {}, moment)
        asked = Query(scope.contract.id, items, as_of=moment)
        headers, release = await self._asking.head(request, scope)
        headers.pop("ETag", None)
        answer = await self._door.lookup(subject, asked, keys, surface="rest")
        if answer.receipt:
            headers["Lienthong-Receipt"] = answer.receipt
        missing = [raw[n] for n in orjson.loads(answer.next or "[]")]
        rest: dict[str, Any] = {"missing": missing, "dataset": scope.contract.slug, "release": release}
        if scope.schema == "twin":
            rest["synthetic"] = True
        body = b'{"data":' + answer.body + b"," + harmless(orjson.dumps(rest)[1:])
        return Response(body, headers=headers, media_type=JSON)


def _list(given: Any, place: str) -> list[Any]:
    if isinstance(given, list) and 1 <= len(given) <= MOST_KEYS:
        return given
    detail = both(f"Cần danh sách 1 đến {MOST_KEYS} mục", f"A list of 1 to {MOST_KEYS} is needed")
    raise QueryInvalid(detail, place=place)


def _names(given: Any, place: str) -> list[str]:
    names = [_text(name, place) for name in _list(given, place)]
    if any("," in name for name in names):
        raise QueryInvalid(both("Mỗi tên một mục", "One name an entry"), place=place)
    return names


def _text(given: Any, place: str) -> str:
    if not isinstance(given, str):
        raise QueryInvalid(both("Cần một chuỗi", "A text is needed"), place=place)
    return given


def _key(contract: Contract, given: Any, place: str) -> Key:
    """A key: a value, or a list of the values of its parts."""
    names = contract.primary_key
    parts = given if isinstance(given, list) else [given]
    if len(parts) != len(names) or any(isinstance(part, list | dict | None.__class__ | bool | float) for part in parts):
        form = "[" + ", ".join(names) + "]" if len(names) > 1 else names[0]
        raise QueryInvalid(both(f"Khóa là {form}", f"A key is {form}"), place=place)
    try:
        return tuple(value_of(contract.by_name[name], "eq", part) for name, part in zip(names, parts, strict=True))
    except QueryInvalid as error:
        raise QueryInvalid(error.detail, place=place) from error
