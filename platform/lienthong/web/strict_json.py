"""JSON, read strictly (RFC 8259, I-JSON RFC 7493): what two readers could take for different values is refused."""

import json
from typing import Any, NoReturn

from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import Bilingual, both


def loads(raw: bytes | str, place: str) -> Any:
    """The value. Raises QueryInvalid on NaN, repeated names, lone surrogates, NUL, bytes that are not UTF-8."""
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        _check(found)
    except QueryInvalid as error:
        raise QueryInvalid(error.detail, place=place) from error
    except (ValueError, RecursionError) as error:
        raise QueryInvalid(both("Không phải JSON", "Not JSON"), place=place) from error
    return found


def repeats(raw: bytes | str) -> bool:
    """Does a name stand twice in an object of this JSON, which a reader that keeps the last one has taken?"""
    try:
        _ONCE.decode(raw.decode("utf-8") if isinstance(raw, bytes) else raw)
    except (QueryInvalid, ValueError, RecursionError):
        return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _refused(both("Một tên đứng hai lần trong một đối tượng", "A name stands twice in an object"))
    return found


def _no_number(name: str) -> NoReturn:
    raise _refused(both(f"{name} không phải là số", f"{name} is not a number"))


def _refused(detail: Bilingual) -> QueryInvalid:
    return QueryInvalid(detail)


def _check(value: Any) -> None:
    """Every text can be stored, every number is finite."""
    match value:
        case str():
            if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
                raise _refused(both("Có ký tự không hợp lệ", "It holds an invalid character"))
        case float() if value in (float("inf"), float("-inf")):
            raise _refused(both("Số quá lớn", "The number is too large"))
        case list():
            for part in value:
                _check(part)
        case dict():
            for name, part in value.items():
                _check(name)
                _check(part)


_ONCE = json.JSONDecoder(object_pairs_hook=_object)
