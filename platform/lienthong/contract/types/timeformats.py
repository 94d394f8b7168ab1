"""How sources write dates and times, as one table that Python and DuckDB read alike.

A format is a strptime pattern of %Y %m %d %H %M %S and separators, or one of the words `iso` and `excel_serial`.
A directive that touches another must have all its digits; else leading zeros may lack. Years have four digits.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from lienthong.contract.types.base import literal
from lienthong.kernel.text import Bilingual, both

WORDS = ("iso", "excel_serial")
ISO_DATE = "%Y-%m-%d"
_DIGITS = {
    "Y": "[1-9][0-9]{3}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "M": "[0-9]{1,2}",
    "S": "[0-9]{1,2}",
}
_ORDER = "YmdHMS"
_SERIAL = r"[1-9][0-9]{0,6}(\.[0-9]{1,15})?"
_EXCEL_EPOCH = datetime(1899, 12, 30)
_EXCEL_LAST = 2958466  # 10000-01-01


def shape(pattern: str) -> str:
    """The regular expression of the texts that a strptime pattern reads, a group for each directive."""
    parts: list[str] = []
    tokens = re.findall(r"%.|[^%]", pattern)
    for at, token in enumerate(tokens):
        if not token.startswith("%"):
            parts.append(token if token.isalnum() or token in " ,:/" else f"[{token}]")
            continue
        neighbours = tokens[max(at - 1, 0) : at] + tokens[at + 1 : at + 2]
        digits = _DIGITS[token[1]]
        exact = any(n.startswith("%") for n in neighbours)
        parts.append(f"({digits.replace('{1,2}', '{2}') if exact else digits})")
    return "".join(parts)


def directives(pattern: str) -> str:
    """The letters of the directives, in their order."""
    return "".join(re.findall(r"%(.)", pattern))


def read(text: str, pattern: str) -> tuple[datetime, str] | None:
    """The local time that `text` means under one format, and the directives it carries; None when it does not fit."""
    if pattern == "excel_serial":
        return _read_serial(text)
    fit = re.fullmatch(shape(pattern), text)
    if not fit:
        return None
    found = dict(zip(directives(pattern), map(int, fit.groups()), strict=True))
    year, month, day, hour, minute, second = (found.get(d, 1 if d in "md" else 0) for d in _ORDER)
    try:
        return datetime(year, month, day, hour, minute, second), "".join(found)
    except ValueError:
        return None


def _read_serial(text: str) -> tuple[datetime, str] | None:
    if not re.fullmatch(_SERIAL, text) or float(text) >= _EXCEL_LAST:
        return None
    # Excel counts days from 1899-12-30 (its 29 February 1900 never was); whole seconds are all it means.
    return _EXCEL_EPOCH + timedelta(seconds=int(float(text) * 86400 + 0.5)), _ORDER


def duckdb_read(expr: str, pattern: str) -> str:
    """The DuckDB twin of `read`: a TIMESTAMP of local time, or NULL."""
    if pattern == "excel_serial":
        seconds = f"CAST(floor(try_cast({expr} AS DOUBLE) * 86400 + 0.5) AS BIGINT)"
        return (
            f"CASE WHEN regexp_full_match({expr}, {literal(_SERIAL)}) AND try_cast({expr} AS DOUBLE) < {_EXCEL_LAST}"
            f" THEN TIMESTAMP '1899-12-30' + to_seconds({seconds}) END"
        )
    return (
        f"CASE WHEN regexp_full_match({expr}, {literal(shape(pattern))})"
        f" THEN try_strptime({expr}, {literal(pattern)}) END"
    )


def wrong(patterns: Iterable[str], needed: str) -> list[Bilingual]:
    """What is wrong with formats that must carry the directives `needed`."""
    found = []
    for pattern in patterns:
        if pattern in WORDS:
            continue
        letters = directives(str(pattern))
        if not set(letters) <= set(_ORDER) or len(set(letters)) != len(letters) or not set(needed) <= set(letters):
            found.append(
                both(
                    f"dạng thời gian '{pattern}' không dùng được: cần %{' %'.join(needed)}, năm bốn chữ số",
                    f"time format '{pattern}' cannot be used: it needs %{' %'.join(needed)}, a year of four digits",
                )
            )
    return found
