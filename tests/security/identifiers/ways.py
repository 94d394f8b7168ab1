# ruff: noqa: SIM905 (words are easier to read in one text)
"""Numbers of persons, made with valid structure, and the ways in which people write them down: nothing here is from a register."""

from __future__ import annotations

import random
from collections.abc import Callable

PROVINCES = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 044 045"
    " 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 092 093"
    " 094 095 096"
).split()
MOBILE = (
    "032 033 034 035 036 037 038 039 052 055 056 058 059 070 076 077 078 079 081 082 083 084 085 086 087 088 089 090 091 092"
    " 093 094 096 097 098 099"
).split()
AREAS = "0203 0204 0205 0208 0209 0220 0225 0229 0232 0234 0235 0236 024 0251 0254 0258 0270 0271 0272 0273 0276 028".split()
WORDS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def digits(chance: random.Random, length: int) -> str:
    """Random digits; the first is no zero when more than one is asked."""
    return str(chance.randint(1, 9)) + "".join(str(chance.randint(0, 9)) for _ in range(length - 1))


def citizen(chance: random.Random) -> str:
    """Twelve digits: province of birth, century and sex, year, six more (domain.md 2.2)."""
    year = chance.randint(1940, 2019)
    sex = chance.randint(0, 1) + (2 if year >= 2000 else 0)
    return f"{chance.choice(PROVINCES)}{sex}{year % 100:02d}{chance.randint(0, 999_999):06d}"


def old_card(chance: random.Random) -> str:
    """Nine digits of an identity card of before 2016."""
    return f"{chance.randint(1, 38):02d}{chance.randint(1_000_000, 9_999_999)}"


def tax(chance: random.Random, first: str) -> str:
    """Ten digits with the check digit of TT 105/2020, beginning as told."""
    while True:
        nine = first + "".join(str(chance.randint(0, 9)) for _ in range(9 - len(first)))
        rest = sum(int(n) * w for n, w in zip(nine, TAX_WEIGHTS, strict=True)) % 11
        if rest:
            return f"{nine}{10 - rest}" if rest <= 10 else nine


def card(chance: random.Random) -> str:
    """A bank card with Luhn's check digit."""
    body = chance.choice(("970436", "970418", "970415", "970422", "4221", "5129", "356418")) + digits(chance, 9)
    body = (body + digits(chance, 9))[:15]
    total = sum(sum(divmod(int(n) * 2, 10)) if at % 2 == 0 else int(n) for at, n in enumerate(body))
    return f"{body}{-total % 10}"


def mobile(chance: random.Random) -> str:
    return chance.choice(MOBILE) + f"{chance.randint(0, 9_999_999):07d}"


def landline(chance: random.Random) -> str:
    """Eleven digits: the area's code, then the number of a house."""
    area = chance.choice(AREAS)
    return area + chance.choice("3362") + "".join(str(chance.randint(0, 9)) for _ in range(10 - len(area)))


def account(chance: random.Random) -> str:
    """An account of a bank here: nine to fourteen digits as each bank writes them."""
    return chance.choice(
        (
            lambda: "0" + chance.choice(("011", "021", "071", "491", "381")) + digits(chance, 9),
            lambda: "10" + digits(chance, 10),
            lambda: "1903" + digits(chance, 10),
            lambda: digits(chance, 4) + "205" + digits(chance, 6),
            lambda: digits(chance, 9),
            lambda: "6" + digits(chance, 9) if chance.random() < 0.5 else "21510" + digits(chance, 9),
        )
    )()


def health(chance: random.Random) -> str:
    group = chance.choice("DN HC HX CH NN TK HS SV GD TE CN HN DT XK BT HT KC CK".split())
    return f"{group}{chance.randint(1, 5)}{chance.choice(PROVINCES)[1:]}{digits(chance, 10)}"


def social(chance: random.Random) -> str:
    return f"{chance.choice(PROVINCES)[1:]}{chance.randint(10_000_000, 99_999_999)}"


def passport(chance: random.Random) -> str:
    return chance.choice(("B", "C", "K", "N", "P")) + digits(chance, chance.choice((7, 7, 8)))


def licence(chance: random.Random) -> str:
    """Twelve digits: province, class of sex and century, year, serial."""
    return f"{chance.choice(PROVINCES)[1:]}{chance.randint(0, 1)}{chance.randint(95, 99) if chance.random() < 0.4 else chance.randint(10, 25):02d}{chance.randint(0, 9_999_999):07d}"


def plate(chance: random.Random) -> str:
    town = chance.choice(
        "11 12 14 15 17 20 21 29 30 34 36 37 38 43 47 50 51 59 60 61 62 63 64 65 66 68 70 72 79 84 86 92 99".split()
    )
    series = chance.choice("ABCDEFGHKLMNPSTUVXYZ")
    if chance.random() < 0.5:
        return f"{town}{series}-{chance.randint(100, 999)}.{chance.randint(10, 99)}"
    return f"{town}-{series}{chance.randint(1, 9)} {chance.randint(100, 999)}.{chance.randint(10, 99)}"


def groups(text: str, mark: str, sizes: tuple[int, ...]) -> str:
    """Digits in groups of the sizes told (the last is repeated)."""
    parts, at, step = [], 0, 0
    while at < len(text):
        size = sizes[min(step, len(sizes) - 1)]
        parts.append(text[at : at + size])
        at, step = at + size, step + 1
    return mark.join(parts)


Way = Callable[[str, random.Random], str]


def _wide(text: str, _: random.Random) -> str:
    return text.translate({ord("0") + n: 0xFF10 + n for n in range(10)})


def _letter_o(text: str, chance: random.Random) -> str:
    return text.replace("0", chance.choice("Oo"))


def _scan(text: str, chance: random.Random) -> str:
    """What a scanner of paper makes of some digits."""
    table = {"0": "O", "1": chance.choice("lI"), "5": "S", "8": "B"}
    picked = chance.sample(sorted(table), 2)
    out, left = [], 2
    for sign in text:
        take = sign in picked and left
        out.append(table[sign] if take else sign)
        left -= bool(take)
    return "".join(out)


def _broken(text: str, chance: random.Random) -> str:
    at = chance.randint(3, len(text) - 3)
    return text[:at] + chance.choice(("\n", "\r\n", "-\n", " \n ", "\n\t")) + text[at:]


def _spoken(text: str, chance: random.Random) -> str:
    return chance.choice((" ", "-", ", ")).join(WORDS[int(n)] if n.isdigit() else n for n in text)


def _half_spoken(text: str, _: random.Random) -> str:
    half = len(text) // 2
    return text[:half] + " " + " ".join(WORDS[int(n)] if n.isdigit() else n for n in text[half:])


def _talk(text: str, chance: random.Random) -> str:
    """Groups with words of a speaker between them."""
    mark = chance.choice((" rồi ", " tiếp ", " ... ", " xong ", " đuôi ", " , rồi tới "))
    return groups(text, mark, (4, 3))


def _boxes(text: str, chance: random.Random) -> str:
    mark = chance.choice(("|", " | ", "][", " _ "))
    return chance.choice(("", "|")) + mark.join(text)


def _bold(text: str, _: random.Random) -> str:
    return text.translate({ord("0") + n: 0x1D7CE + n for n in range(10)})


def _unseen(text: str, chance: random.Random) -> str:
    return chance.choice(("\u200b", "\u00ad", "\u2060")).join(groups(text, " ", (3,)).split(" "))


COMMON: tuple[tuple[int, Way], ...] = (
    (34, lambda text, _: text),
    (8, lambda text, chance: groups(text, " ", chance.choice(((3,), (4,), (4, 3), (2, 3))))),
    (7, lambda text, chance: groups(text, ".", chance.choice(((3,), (4, 3), (4,))))),
    (5, lambda text, chance: groups(text, "-", chance.choice(((3,), (4,), (4, 3))))),
    (3, lambda text, chance: groups(text, chance.choice(("\u00a0", "\u2009", "\u202f")), (3,))),
    (3, lambda text, chance: groups(text, chance.choice((" - ", " . ", "_", "/", "·", "–")), (4, 3))),
    (3, lambda text, _: " ".join(text)),
    (5, _wide),
    (5, _letter_o),
    (4, _scan),
    (5, _broken),
    (3, _spoken),
    (2, _half_spoken),
    (4, _talk),
    (3, _boxes),
    (1, _bold),
    (2, _unseen),
    (2, lambda text, _: f'="{text}"'),
    (2, lambda text, _: f"'{text}"),
)


def write(text: str, chance: random.Random, ways: tuple[tuple[int, Way], ...] = COMMON) -> str:
    """One number written in one of the ways."""
    way = chance.choices([way for _, way in ways], [share for share, _ in ways])[0]
    return way(text, chance)
