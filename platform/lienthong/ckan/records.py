"""Rows in other shapes than JSON objects: lists, CSV, TSV, XML. Numbers keep the digits that PostgreSQL wrote."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

FORMATS = ("objects", "lists", "csv", "tsv")
_DIGITS = 16  # a point and what a float always holds
_SEPARATORS = {"csv": ",", "tsv": "\t"}


def rows(body: bytes, names: Sequence[str], number: Callable[[str], Any] | None = None) -> list[list[Any]]:
    """The values of each row in the order of `names`; numbers stay as they are written unless `number` reads them."""
    found = json.loads(body, parse_float=number or _number, parse_int=_whole)
    return [[row[name] for name in names] for row in found]


def lists(body: bytes) -> list[list[Any]]:
    """Rows that are arrays already, numbers as CKAN writes them."""
    found: list[list[Any]] = json.loads(body, parse_float=short, parse_int=_whole)
    return found


def short(text: str) -> float | orjson.Fragment:
    """A number without the zeros at its end, as CKAN writes it; as it is written where a float cannot hold it."""
    return float(text) if len(text) <= _DIGITS else orjson.Fragment(text)


def _number(text: str) -> orjson.Fragment:
    return orjson.Fragment(text)


def _whole(text: str) -> int | orjson.Fragment:
    return int(text) if len(text) < 19 else orjson.Fragment(text)


def as_lists(body: bytes, names: Sequence[str]) -> bytes:
    """A JSON array of arrays."""
    return orjson.dumps(rows(body, names))


def as_text(body: bytes, names: Sequence[str], kind: str) -> str:
    """CSV or TSV without a header, quoted as PostgreSQL's COPY does: null is nothing, an empty text is `""`."""
    separator = _SEPARATORS[kind]
    special = re.compile(f'["\r\n{separator}]')

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "t" if value else "f"
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        return '"' + text.replace('"', '""') + '"' if text in ("", "\\.") or special.search(text) else text

    return "".join(separator.join(map(cell, row)) + "\n" for row in rows(body, names))


def header(names: Sequence[str], kind: str) -> str:
    """The first line of a file."""
    return _SEPARATORS[kind].join(names) + "\r\n"


def as_xml(body: bytes, names: Sequence[str], number: Callable[[str], Any] | None = None) -> str:
    """`<row _id="1">` elements, one a line; null is `xsi:nil`."""
    return "".join(_xml_row(dict(zip(names, row, strict=True))) for row in rows(body, names, number))


def _xml_row(row: dict[str, Any]) -> str:
    number = row.pop("_id", None)
    attribute = f' _id="{number}"' if number is not None else ""
    return f"<row{attribute}>{''.join(_element(name, value) for name, value in row.items())}</row>\n"


def _element(name: str, value: Any, attribute: str = "") -> str:
    if value is None:
        return f'<{name}{attribute} xsi:nil="true" />'
    content = _content(value)
    return f"<{name}{attribute}>{content}</{name}>" if content else f"<{name}{attribute} />"


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element("value", part, f" key={quoteattr(str(key))}") for key, part in value.items())
    if isinstance(value, list):
        return "".join(_element("value", part, f' key="{n}"') for n, part in enumerate(value))
    if isinstance(value, bool):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text))
