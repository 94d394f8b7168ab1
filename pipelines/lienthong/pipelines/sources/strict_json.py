"""JSON as RFC 8259 means it: NaN, Infinity, numbers beyond a double, repeated keys and lone surrogates are refused.

A file is a document, an array of documents, or JSON Lines. In JSON Lines a bad line costs that line; a bad document
costs the file, because nothing after the fault can be trusted.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import isinf
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both, nfc

from .raw import Reject

_BLANK = " \t\r\n"


class Refused(ValueError):
    """A value that JSON allows nowhere; the message is bilingual ("vi / en")."""


class Number(float):
    """A number that remembers how it was written."""

    __slots__ = ("text",)
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value; `line` is its line in JSON Lines, its index (from 1) in an array, 0 when it is the only one."""

    line: int
    value: Any


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Refused(f"khóa lặp lại / repeated key '{twice}'")
    return found


def _float(text: str) -> Number:
    number = Number(text)
    if isinf(number):
        raise Refused(f"số quá lớn / number too large: {text}")
    number.text = text
    return number


def _constant(text: str) -> None:
    raise Refused(f"không phải JSON / not JSON: {text}")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_constant=_constant)


def decode(text: str, start: int = 0) -> tuple[Any, int]:
    """The value that begins at `start` and where it ends. Raises ValueError (JSONDecodeError or Refused)."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise Refused("lồng quá sâu / nested too deeply") from error
    if "\\u" in text:
        part = text[start:end].lower()
        if "\\u0000" in part:
            raise Refused("ký tự NUL / NUL character")
        if "\\ud" in part and not _encodable(value):
            raise Refused("nửa ký tự thay thế / lone surrogate")
    return value, end


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def documents(place: str, path: Path) -> Iterator[Document | Reject]:
    """The documents of a UTF-8 file. Raises Invalid with line and column when a whole document is no JSON."""
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        first, *second = list(islice((line for line in file if line.strip()), 2)) or [""]
        if not first:
            raise Invalid(both("Tệp không có JSON.", "The file has no JSON."), place=place)
        file.seek(0)
        if second and first.lstrip()[0] != "[" and _stands_alone(first.strip()):
            yield from _lines(file)
        else:
            yield from _document(place, file.read().removeprefix("\ufeff"))


def _stands_alone(line: str) -> bool:
    """Whether a line is a value of its own, good or bad, rather than the beginning of one."""
    try:
        decode(line)
    except json.JSONDecodeError as error:
        return error.pos < len(line)
    except Refused:
        return True
    return True


def _lines(file: Iterable[str]) -> Iterator[Document | Reject]:
    for number, line in enumerate(file, 1):
        text = line.strip().removeprefix("\ufeff")
        if not text:
            continue
        try:
            value, end = decode(text)
            if text[end:].strip():
                raise Refused("thừa sau giá trị / text after the value")
            yield Document(number, value)
        except ValueError as error:
            yield Reject(number, text, str(error))


def _document(place: str, text: str) -> Iterator[Document]:
    """The elements of an array, or the one document, of a text."""
    start = _skip(text, 0)
    if text[start] != "[":
        value, end = _decode_at(place, text, start)
        yield Document(0, value)
    else:
        end, index = _skip(text, start + 1), 0
        closed = text[end : end + 1] == "]"
        while not closed:
            index += 1
            value, end = _decode_at(place, text, end)
            yield Document(index, value)
            end = _skip(text, end)
            closed = text[end : end + 1] == "]"
            if not closed and text[end : end + 1] != ",":
                raise _broken(place, text, end, "thiếu dấu phẩy hoặc ] / comma or ] expected")
            end = end if closed else _skip(text, end + 1)
        end += 1
    if text[_skip(text, end) :]:
        raise _broken(place, text, _skip(text, end), "thừa sau giá trị / text after the value")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position


def _decode_at(place: str, text: str, start: int) -> tuple[Any, int]:
    try:
        return decode(text, start)
    except json.JSONDecodeError as error:
        raise _broken(place, text, error.pos, error.msg) from error
    except ValueError as error:
        raise _broken(place, text, start, str(error)) from error


def _broken(place: str, text: str, position: int, reason: str) -> Invalid:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return Invalid(
        both(f"JSON sai: {reason}.", f"Bad JSON: {reason}."),
        place=f"{place}:{line}:{column}",
        fix=both("Yêu cầu hệ thống nguồn xuất đúng chuẩn JSON (RFC 8259).",
                 "Ask the source system for JSON as RFC 8259 has it."),
    )  # fmt: skip


def text_of(value: Any) -> str | None:
    """A JSON value as the text of a cell: numbers as written, lists and objects as compact JSON, "" as null."""
    if value is None or isinstance(value, str):
        return nfc(value) if value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return format(Decimal(value.text), "f")
    if isinstance(value, int):
        return str(value)
    return nfc(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def flat(record: Mapping[str, Any], deep: bool = True, prefix: str = "") -> dict[str, str | int | None]:
    """The fields of an object as cells; with `deep`, objects inside become dotted columns ("a.b")."""
    cells: dict[str, str | int | None] = {}
    for key, value in record.items():
        column = prefix + " ".join(nfc(key).split())
        inside = flat(value, True, f"{column}.") if deep and isinstance(value, dict) else {column: text_of(value)}
        if twice := cells.keys() & inside.keys():
            raise Refused(f"cột lặp lại / repeated column '{min(twice)}'")
        cells.update(inside)
    return cells


def at(value: Any, path: str) -> Any:
    """The part of a document at a dotted path; None where there is none."""
    for key in path.split(".") if path else ():
        value = value.get(key) if isinstance(value, dict) else None
    return value
