"""Texts of every kind of office work, and as many about nobody: forms, chats, keys of JSON and XML, rows of tables, English.

Each line of the file beside this one is a kind (`+`: several, `-`: nobody's) and a form; numbers and names are drawn.
The first half was written before its writer had read the scanner, the second half (other sentences) after that.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from tests.security.identifiers.genres import BARE, MAKERS, NAMES
from tests.security.identifiers.ways import tax

_MARK = re.compile(r"\{([A-Za-z_]+\d*)\}")
_BANKS = [
    "Vietcombank",
    "BIDV",
    "Agribank",
    "VietinBank",
    "Techcombank",
    "MB Bank",
    "ACB",
    "Sacombank",
    "TPBank",
    "VPBank",
    "SHB",
    "VIB",
]
_AREAS = ["236", "292", "254", "251", "274", "258", "232", "203", "211", "222", "208"]
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_TEXTS: tuple[Callable[[str], str], ...] = (str, str, str, lambda text: text.translate(BARE), str.upper)


def everyday(
    rounds: int, seed: int, name: str = "everyday", written: Callable[[random.Random, str], str] | None = None
) -> tuple[list[tuple[set[str], str]], list[str]]:
    """Texts with the kinds they hold, and texts about nobody; each form of the file so many times."""
    chance = random.Random(seed)
    held: list[tuple[set[str], str]] = []
    nobodys: list[str] = []
    for line in Path(__file__).with_name(f"{name}.txt").read_text("utf-8").splitlines() * rounds:
        kind, form = line.replace("\\n", "\n").replace("\\t", "\t").split("\t", 1)
        text, kinds = _filled(chance, form, written or _written)
        if kind == "-":
            nobodys.append(text)
        else:
            held.append((kinds, text))
    return held, nobodys


def _filled(chance: random.Random, form: str, written: Callable[[random.Random, str], str]) -> tuple[str, set[str]]:
    """The form with its marks replaced, written in one of the ways of writing, and the kinds of its numbers."""
    kinds: list[str] = []

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name in MAKERS:
            kinds.append(name)
            return chr(0xE000 + len(kinds) - 1)
        return _word(chance, name)

    text = chance.choice(_TEXTS)(_MARK.sub(word, form))
    if chance.random() < 0.1:
        text = unicodedata.normalize("NFD", text)
    for at, kind in enumerate(kinds):
        text = text.replace(chr(0xE000 + at), written(chance, kind))
    return text, set(kinds)


def _written(chance: random.Random, kind: str) -> str:
    """A number of this kind: plain, in groups, with a sign of no width, in wide digits, or marked."""
    plain, way = MAKERS[kind](chance), chance.random()
    if way < 0.6 or kind in ("email", "vehicle_plate"):
        return plain
    if way < 0.75 and plain.isdigit():
        size, gap = chance.choice((3, 4)), chance.choice((" ", "\u00a0", "\u2009", "-"))
        return gap.join(plain[at : at + size] for at in range(0, len(plain), size))
    if way < 0.85:
        return plain[:4] + chance.choice("\u200b\u200d\u2060") + plain[4:]
    return plain.translate(_WIDE) if way < 0.95 else f"«{plain}»"


def _word(chance: random.Random, name: str) -> str:
    """What a mark stands for that is no number of a person."""
    if re.fullmatch(r"d\d+", name):
        return str(chance.randrange(10 ** (int(name[1:]) - 1), 10 ** int(name[1:])))
    point = f"{chance.randrange(1000)},{chance.randrange(100):02d}"
    day = (chance.randint(1, 28), chance.randint(1, 12), chance.randint(1990, 2026))
    at = f"{chance.randrange(24):02d}:{chance.randrange(60):02d}"
    made = {
        "name": chance.choice(NAMES),
        "first": chance.choice(NAMES).split()[-1],
        "bank": chance.choice(_BANKS),
        "date": "{:02d}/{:02d}/{}".format(*day),
        "iso": "{2}-{1:02d}-{0:02d}".format(*day),
        "yymmdd": f"{day[2] % 100:02d}{day[1]:02d}{day[0]:02d}",
        "stamp": f"{day[2]}{day[1]:02d}{day[0]:02d}{at.replace(':', '')}00",
        "year": str(day[2]),
        "time": at,
        "money": f"{chance.randrange(10**5, 10**11):,}".replace(",", "."),
        "money0": str(chance.randint(1, 900) * 1000),
        "bigint": str(chance.randint(1, 9999) * 10 ** chance.randint(3, 6)),
        "popn": f"{chance.randrange(10**3, 10**7):,}".replace(",", chance.choice((".", "", " "))),
        "popn2": f"{chance.randrange(10**2, 10**6):,}".replace(",", "."),
        "dec": point,
        "area": f"{chance.randrange(20, 9999)},{chance.randrange(10)}",
        "orgtax": tax(chance, chance.choice(("0101", "0301", "1800", "0400", "3600", "2600", "0107", "5900"))),
        "p": chance.choice(_AREAS),
        "lat": f"{chance.randint(8, 23)}°{chance.randint(10, 59)}'{chance.randint(10, 59)}\"",
        "lon": f"{chance.randint(102, 109)}°{chance.randint(10, 59)}'{chance.randint(10, 59)}\"",
        "vx": f"{chance.randrange(900_000, 2_500_000)}.{chance.randint(10, 999)}",
        "vy": f"{chance.randrange(300_000, 700_000)}.{chance.randint(10, 999)}",
        "office": chance.choice(("ubnd", "vanthu", "sonoivu", "tthcc", "bbt")),
        "prov": chance.choice(("angiang", "hanoi", "laocai", "camau", "hue")),
        "A": chance.choice("ABCDEFGH"),
        "AA": chance.choice("ABCD") + chance.choice("EGHKLMNPQRS"),
        "epoch": str(chance.randrange(1_500_000_000, 1_790_000_000)),
        "hash": f"{chance.getrandbits(256):064x}",
    }
    made |= {
        "hash7": made["hash"][:7],
        "uuid": re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12}).*", r"\1-\2-\3-\4-\5", made["hash"]),
    }
    return made["p"] if name == "p3" else made["prov"][:2].upper() if name == "prov2" else made.get(name, name)
