"""Seeds out of the papers of wards and communes: notes of dossiers, complaints, minutes, lists, scans, letters in English.

Written by somebody who had read neither the scanner nor the other texts; measured before it was read.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator

from tests.security.identifiers.wards_words import ENGLISH, ENGLISH_FRAMES, FRAMES, LABELS, NAMES, OWN, PLACES, WORDS

Draw = random.Random
WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def _digits(draw: Draw, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def tax_code(draw: Draw, first: str) -> str:
    """Ten digits; the last is the check digit of the tax office."""
    while True:
        body = first + _digits(draw, 9 - len(first))
        check = 10 - sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11
        if check < 10:
            return f"{body}{check}"


def card(draw: Draw) -> str:
    """Sixteen digits by Luhn, of the home scheme or of two others."""
    body = draw.choice(["9704", "4", "51", "52", "55"])
    body += _digits(draw, 15 - len(body))
    total = 0
    for place, digit in enumerate(body):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{body}{-total % 10}"


def citizen(draw: Draw) -> str:
    province = draw.choice(
        [
            "001",
            "004",
            "010",
            "019",
            "022",
            "027",
            "031",
            "035",
            "038",
            "040",
            "046",
            "048",
            "052",
            "056",
            "066",
            "074",
            "075",
            "079",
            "082",
            "087",
            "092",
            "096",
        ]
    )
    century = draw.choice("01" if (year := draw.randrange(100)) > 26 else "23")
    return f"{province}{century}{year:02}{_digits(draw, 6)}"


def _health(draw: Draw) -> str:
    group = draw.choice(
        [
            "DN",
            "HX",
            "CH",
            "NN",
            "TK",
            "HC",
            "XK",
            "HT",
            "TB",
            "NO",
            "CT",
            "XB",
            "TN",
            "CS",
            "QN",
            "CA",
            "CY",
            "XN",
            "MS",
            "CC",
            "CK",
            "CB",
            "KC",
            "HD",
            "TE",
            "BT",
            "HN",
            "DT",
            "DK",
            "XD",
            "TS",
            "TC",
            "TQ",
            "TA",
            "TY",
            "HG",
            "LS",
            "PV",
            "HS",
            "SV",
            "GB",
            "GD",
        ]
    )
    return f"{group}{draw.choice('12345')}{draw.choice(['01', '24', '35', '48', '79', '92'])}{_digits(draw, 10)}"


def _plate(draw: Draw) -> str:
    place = draw.choice(
        [
            "11",
            "14",
            "15",
            "17",
            "18",
            "20",
            "29",
            "30",
            "34",
            "36",
            "37",
            "38",
            "43",
            "47",
            "49",
            "51",
            "59",
            "60",
            "61",
            "65",
            "66",
            "72",
            "75",
            "79",
            "81",
            "92",
            "98",
            "99",
        ]
    )
    letter = draw.choice("ABCDEFGHKLMNPSTUVXYZ")
    five = _digits(draw, 5)
    dotted = f"{five[:3]}.{five[3:]}"
    return draw.choice(
        [f"{place}{letter}-{dotted}", f"{place}{letter} {dotted}", f"{place}{letter}{five}", f"{place}{letter}-{five}",
         f"{place}-{letter}{draw.randrange(1, 10)} {dotted}", f"{place}{letter}{draw.randrange(1, 10)}-{five}",
         f"{place}-{letter}{draw.randrange(1, 10)}-{dotted}", f"{place}{letter}{draw.randrange(1, 10)} {five[:4]}",
         f"{place} {letter} {dotted}"]
    )  # fmt: skip


def _mail(draw: Draw) -> str:
    words = WORDS["given"].split()
    user = draw.choice([f"{draw.choice(words)}{draw.choice(words)}{_digits(draw, 2)}", f"{draw.choice(words)}.{draw.choice(words)}", f"{draw.choice(words)}_{_digits(draw, 4)}"])  # fmt: skip
    host = draw.choice(["gmail.com", "yahoo.com.vn", "hotmail.com", "outlook.com", "icloud.com", "fpt.vn", "vnn.vn"])
    at, dot = draw.choice([("@", ".")] * 6 + [("(at)", "."), (" [at] ", " [dot] "), (" @ ", "."), (" a còng ", " chấm "), ("(a)", "."), ("＠", "．")])  # fmt: skip
    return f"{user}{at}{host.replace('.', dot)}"


def _home(draw: Draw) -> str:
    area = draw.choice(
        [
            "024",
            "028",
            "0225",
            "0236",
            "0292",
            "0203",
            "0210",
            "0220",
            "0222",
            "0228",
            "0234",
            "0237",
            "0238",
            "0251",
            "0254",
            "0258",
            "0263",
            "0274",
            "0296",
        ]
    )
    rest = draw.choice("36") + _digits(draw, 10 - len(area))
    split = draw.choice([f"{rest[:4]} {rest[4:]}", rest, f"{rest[:4]}.{rest[4:]}", f"{rest[:-4]}-{rest[-4:]}"])
    return draw.choice([f"{area} {split}", f"({area}) {split}", f"{area}.{split}", f"{area}-{split}", f"{area}{rest}", f"+84 {area[1:]} {split}"])  # fmt: skip


RAW: dict[str, Callable[[Draw], str]] = {
    "citizen_id": citizen,
    "old_identity_card": lambda draw: draw.choice(["01", "02", "13", "16", "17", "20", "22", "24", "27", "33", "36"]) + _digits(draw, 7),
    "mobile_phone": lambda draw: draw.choice(["032", "035", "038", "039", "056", "058", "070", "077", "079", "081", "085", "086", "088", "090", "091", "093", "096", "097", "098", "099"]) + _digits(draw, 7),
    "home_phone": _home,
    "email": _mail,
    "personal_tax_code": lambda draw: tax_code(draw, "8"),
    "bank_account": lambda draw: draw.choice(["0011", "1500", "2601", "1903", "711A"[:3], "0451", "1017"]) + _digits(draw, draw.choice([8, 9, 9, 10])),
    "bank_card": card,
    "social_insurance": lambda draw: draw.choice(["01", "79", "48", "31", "74", "51"]) + _digits(draw, 8),
    "health_insurance": _health,
    "passport": lambda draw: draw.choice("BCNPEK") + draw.choice("0123456789") + _digits(draw, 6),
    "driving_licence": lambda draw: f"{draw.choice(['01', '79', '48', '31', '36', '38'])}{draw.choice('01')}{draw.choice('012')}{draw.randrange(10)}{_digits(draw, 7)}",
    "vehicle_plate": _plate,
}  # fmt: skip
ALREADY = {"home_phone", "email", "vehicle_plate"}  # written in their ways above
SIZES = {9: (3, 3, 3), 10: (4, 3, 3), 12: (3, 3, 3, 3), 13: (4, 3, 3, 3), 14: (4, 4, 4, 2), 16: (4, 4, 4, 4)}
MARKS = (" ", ".", "-", " - ", "\u00a0", "\n", " . ")
SCANNED = {"0": "O", "1": "l", "5": "S", "8": "B"}
SPOKEN = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


def _grouped(draw: Draw, raw: str) -> str:
    sizes = SIZES.get(len(raw), (3,) * (len(raw) // 3) + ((len(raw) % 3,) if len(raw) % 3 else ()))
    if len(raw) == 10 and draw.random() < 0.4:
        sizes = draw.choice([(3, 3, 4), (2, 2, 2, 2, 2), (4, 2, 2, 2)])
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    return draw.choice(MARKS).join(raw[at : at + size] for at, size in zip(starts, sizes, strict=True))


def _scanned(draw: Draw, raw: str) -> str:
    places = [n for n, char in enumerate(raw) if char in SCANNED]
    chosen = set(draw.sample(places, min(len(places), draw.choice([1, 2]))))
    return "".join(SCANNED[char] if n in chosen else char for n, char in enumerate(raw))


def _written(draw: Draw, kind: str, raw: str) -> str:
    """The number as a person or a machine writes it; half of them plainly."""
    if kind in ALREADY or draw.random() < 0.5:
        return raw
    if not raw.isdigit():  # passports, health cards
        return draw.choice([raw.lower(), f"{raw[:-7]} {raw[-7:]}", f"{raw[:-6]}{raw[-6:-3]} {raw[-3:]}", raw[:-7] + raw[-7:].translate(_WIDE)])  # fmt: skip
    ways = [lambda: _grouped(draw, raw)] * 5 + [lambda: raw.translate(_WIDE), lambda: _scanned(draw, raw)]
    if kind == "mobile_phone":
        ways += [lambda: f"+84{raw[1:]}", lambda: f"(+84) {raw[1:4]} {raw[4:7]} {raw[7:]}", lambda: f"84{raw[1:]}",
                 lambda: " ".join(SPOKEN[int(digit)] for digit in raw)]  # fmt: skip
    if kind == "citizen_id":
        ways += [lambda: " ".join(raw), lambda: ", ".join(SPOKEN[int(digit)] for digit in raw)]
    return draw.choice(ways)()


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def plain(text: str) -> str:
    """Without tone marks, as typed on an old telephone."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return bare.replace("đ", "d").replace("Đ", "D")


TREATED: tuple[Callable[[str], str], ...] = (
    str, str, str, plain, plain, str.upper, lambda text: plain(text).upper(), str.lower,
    lambda text: unicodedata.normalize("NFD", text), lambda text: text.replace(", ", ",").replace(": ", ":"),
    lambda text: text.replace(" ", "  "), lambda text: text.replace(": ", "\n"),
)  # fmt: skip


def _sentence(draw: Draw, kind: str) -> str:
    names = {"ten": draw.choice(NAMES), "noi": draw.choice(PLACES), "so": f"{draw.randrange(1, 300)}"}
    number = _written(draw, kind, RAW[kind](draw))
    turn = draw.random()
    if turn < 0.35:
        return draw.choice(OWN[kind]).format(n=number, **names)
    if turn < 0.5:
        return draw.choice(ENGLISH_FRAMES).format(x=f"{draw.choice(ENGLISH[kind])} {number}", **names)
    label = draw.choice(LABELS[kind]) + draw.choice([": ", ": ", " ", " số ", " - ", " là ", " = "])
    return draw.choice(FRAMES).format(x=label.replace("số số", "số") + number, **names)


def wards(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Pairs of a kind and a text that holds one; all kinds evenly.

    Args:
        count: how many pairs.
        seed: of the random draws.
    """
    draw = random.Random(seed)
    for number in range(count):
        kind = tuple(RAW)[number % len(RAW)]
        text = _sentence(draw, kind)
        yield kind, text if "＠" in text else draw.choice(TREATED)(text)
