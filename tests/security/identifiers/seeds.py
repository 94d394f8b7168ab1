"""Cells that hold an identifier of a person. `TUNING` was looked at while the scanner was made; `HELD_OUT` was not:
its sentences, its ways of writing and its disguises are others."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Writer = Callable[[random.Random], str]
PROVINCES = re.findall(
    r"\d+",
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 044 "
    "045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 "
    "092 093 094 095 096",
)
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def _digits(draw: random.Random, count: int) -> str:
    return "".join(str(draw.randrange(10)) for _ in range(count))


def citizen(draw: random.Random) -> str:
    year = draw.randrange(1935, 2026)
    sign = 2 * (year >= 2000) + draw.randrange(2)
    return f"{draw.choice(PROVINCES)}{sign}{year % 100:02}{_digits(draw, 6)}"


def old_card(draw: random.Random) -> str:
    return f"{draw.choice(['01', '02', '08', '09', '12', '16', '23', '27', '30', '36'])}{_digits(draw, 6)}{draw.randrange(1, 10)}"


def mobile(draw: random.Random) -> str:
    heads = re.findall(
        r"\d+",
        "032 033 036 038 039 052 056 058 059 070 076 077 078 079 081 083 085 088 089 090 091 093 094 096 097 098",
    )
    return draw.choice(heads) + _digits(draw, 6) + str(draw.randrange(1, 10))


def old_mobile(draw: random.Random) -> str:
    return draw.choice(re.findall(r"\d+", "0120 0122 0126 0128 0162 0165 0168 0169 0186 0188 0199")) + _digits(draw, 7)


def personal_tax(draw: random.Random) -> str:
    while True:
        nine = "8" + _digits(draw, 8)
        rest = sum(w * int(d) for w, d in zip(_WEIGHTS, nine, strict=True)) % 11
        if rest and (10 - rest):
            return nine + str(10 - rest)


def card(draw: random.Random) -> str:
    body = draw.choice(["4", "5264", "9704", "3565", "6222"])
    body += _digits(draw, 15 - len(body))
    total = sum(int(c) if at % 2 else sum(divmod(2 * int(c), 10)) for at, c in enumerate(body))
    return body + str(-total % 10)


def account(draw: random.Random) -> str:
    return str(draw.randrange(1, 10)) + _digits(draw, draw.choice([8, 9, 11, 12, 13]))


def social(draw: random.Random) -> str:
    return draw.choice(["79", "01", "20", "31", "48"]) + _digits(draw, 8)


def health(draw: random.Random) -> str:
    return draw.choice(["DN", "GD", "TE", "HC", "HT", "BT", "SV", "CN"]) + str(draw.randrange(1, 5)) + _digits(draw, 12)


def passport(draw: random.Random) -> str:
    return draw.choice("BCNPK") + _digits(draw, 7)


def plate(draw: random.Random) -> str:
    return f"{draw.choice([12, 29, 30, 51, 98])}{draw.choice('ABCFH')}-{_digits(draw, 3)}.{_digits(draw, 2)}"


def email(draw: random.Random) -> str:
    name = draw.choice(["nguyenvanhung", "tran.thi.lan", "le_minh86", "hoang-nam", "pvduc1990", "linh.nt"])
    return f"{name}{draw.randrange(99)}@{draw.choice(['gmail.com', 'yahoo.com.vn', 'outlook.com', 'vnn.vn', 'congtyabc.vn'])}"


NAMES = (
    "Nguyễn Văn Hùng",
    "Trần Thị Lan",
    "Nông Văn Sơn",
    "Hoàng Thị Mai",
    "Vi Văn Thắng",
    "Lê Minh Đức",
    "Phạm Thu Hà",
)


@dataclass(frozen=True)
class Kind:
    """A kind of identifier: how it is made, the sentences it stands in (`{}`), the ways it is written."""

    name: str
    make: Writer
    tuning: tuple[str, ...]
    held_out: tuple[str, ...]
    written: tuple[str, ...] = ("plain",)
    written_held_out: tuple[str, ...] = ("plain",)


_GROUPS = {
    "plain": (), "3-3-4": (3, 3, 4), "4-3-3": (4, 3, 3), "3-3-3-3": (3, 3, 3, 3), "4-4-4": (4, 4, 4), "3-3-3": (3, 3, 3),
    "2-2-2-2-2": (2, 2, 2, 2, 2), "4-2-2-2": (4, 2, 2, 2), "3-9": (3, 9), "6-6": (6, 6), "4-4-4-4": (4, 4, 4, 4),
    "1": (1,) * 16, "3-4-4": (3, 4, 4), "4-6": (4, 6), "5-5": (5, 5), "3-1-2-6": (3, 1, 2, 6),
}  # fmt: skip


def grouped(text: str, shape: str, gap: str) -> str:
    """Digits in groups; what is left over belongs to the last."""
    parts, rest = [], text
    for size in _GROUPS[shape]:
        if rest:
            parts.append(rest[:size])
            rest = rest[size:]
    return gap.join([*parts, rest] if rest else parts)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)


def _words(text: str) -> str:
    return " ".join(
        ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")[int(c)] for c in text if c.isdigit()
    )


DISGUISES: dict[str, Callable[[str], str]] = {
    "O": lambda t: t.replace("0", "O"),
    "wide": _wide,
    "zero-width": lambda t: "\u200b".join(t),
    "o-l": lambda t: t.replace("0", "o").replace("1", "l"),
    "nbsp": lambda t: t.replace(" ", "\u00a0"),
    "dash": lambda t: t.replace("-", "–").replace(" ", "–"),
    "words": _words,
    "bold": lambda t: "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in t),
    "joiner": lambda t: "\u2060".join(t),
    "soft": lambda t: "\u00ad".join(t),
    "cyrillic": lambda t: t.replace("0", "О"),
    "arabic": lambda t: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in t),
}
