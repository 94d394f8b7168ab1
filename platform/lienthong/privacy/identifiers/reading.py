"""A text as a scanner reads it: one form for every way of writing a digit, a dash, a letter with marks."""

import html
import re
import unicodedata
from functools import lru_cache

_ZERO_WIDTH = (0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF, 0x20E3, 0xFE0E, 0xFE0F)
_GONE = dict.fromkeys(
    [*_ZERO_WIDTH, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0x1D173, 0x1D17B)]
)
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2043, 0x2212, 0x2E3A, 0x2E3B, 0x30FC, 0x2500], "-")
_DOTS = dict.fromkeys([0xB7, 0x2022, 0x2027, 0x2219, 0x22C5, 0x30FB, 0x25CF], ".")
# Letters of other scripts that look like O, and signs that NFKC leaves alone.
_LIKE = dict.fromkeys([0x41E, 0x43E, 0x39F, 0x3BF, 0x555, 0x585], "O") | {0x2044: "/", 0x24FF: "0"}
_QUOTES = dict.fromkeys([0xAB, 0xBB, *range(0x2018, 0x2020), 0x2039, 0x203A], '"')
_TABLE: dict[int, str | None] = {**_GONE, **_DASHES, **_DOTS, **_LIKE, **_QUOTES}


_KEY = re.compile(r"(?<=[a-z])(?=[A-Z][A-Za-z]*[\"'>]?\s*[:=>])")  # soBHXH":  <SoCMND>
# The words of a key in one case: sohochieu":  <SOTAIKHOAN>
_PARTS = (
    r"so|ma|the|bien|ho|chieu|tai|khoan|dien|thoai|di|dong|nha|rieng|ban|co|dinh|danh|can|cuoc|cong|dan|chung|minh|nhan|"
    r"bao|hiem|xa|hoi|y|te|giay|phep|bang|lai|xe|thue|ca|cccd|cmnd|cmt|bhxh|bhyt|gplx|mst|stk|sdt|dt|tk|ngan|hang|nguoi|"
    r"nop|khai|chu|to|kiem|soat|cu|moi|phu|huynh|lien|he|giam|ho|vo|chong|con|atm|passport|phone|no|number|bank|account|"
    r"card|id|tax|code"
)
_STUCK = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,30}+(?=[\"'>]?\s?[:=>])")
_PARTED = re.compile(rf"(?:{_PARTS}){{2,7}}", re.IGNORECASE)
_PART = re.compile(rf"({_PARTS})(?=(?:{_PARTS})*\Z)", re.IGNORECASE)
_WIDE_BLANKS = re.compile(r"(?<![\d ]) {2,}(?! )|(?<! ) {2,}(?![\d ])")  # not between groups of digits
_WIDE_SIGNS = re.compile(r"(?<=\d) {2,}([.\-]) {2,}(?=\d)")  # 012  -  345


def clean(text: str) -> str:
    """`text` in NFKC, without signs of no width, every digit 0-9, every dash '-', every blank ' '."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _one_form(text)
    if ":" in text or "=" in text or ">" in text:
        text = _STUCK.sub(_parted, _KEY.sub(" ", text))
    return _WIDE_BLANKS.sub(" ", _WIDE_SIGNS.sub(r" \1 ", text)) if "  " in text else text


def _parted(found: re.Match[str]) -> str:
    return " ".join(_PART.findall(found[0])) if _PARTED.fullmatch(found[0]) else found[0]


def _one_form(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_TABLE)).translate(_TABLE)
    if any(ord(c) > 127 and c.isdigit() for c in text):
        text = "".join(str(unicodedata.digit(c, c)) if ord(c) > 127 and c.isdigit() else c for c in text)
    return text


def _base(code: int) -> str:
    letter = unicodedata.normalize("NFD", chr(code))[0]
    return "d" if letter in "đĐðÐ" else letter.lower()


_FOLD = {code: _base(code) for code in (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00))}


@lru_cache(maxsize=8)  # each step of one reading asks for it
def fold(text: str) -> str:
    """Lower case without tone marks, sign by sign: as long as `text`."""
    return text.translate(_FOLD)


# A line's end between digits. No time before it; no year, number of a list (`2. `), code (`000.81`) or amount (`1,250`)
# after it, unless the number is written with points before it, too.
_BROKEN = re.compile(
    r"(?<=\d)(?<![:/]\d\d) *-? *\r?\n[ \t]*(?=-?\d)(?![\d \-]*[.,/]\d|\d{1,2}[.)] |(?:19|20)\d\d(?!\d))"
    r"|(?:(?<=\d\.\d|\.\d\d)|(?<=\.\d{3})) *\r?\n *(?=\.\d{3}(?!\d)|\d{1,3}\.\d{2,3}(?![\d.,/]|\d))"
)
_BROKEN_MAIL = re.compile(r"(?<=[^\s]@)\s*\n\s*(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])\s*\n\s*(?=@[A-Za-z])")
_LINES_OF_DIGITS = re.compile(r"(?m)^[\d .\-]+$(?:\r?\n[\d .\-]+$){2}")


# A number in pieces, one a line, after words: all as long as the first, but the last.
_PIECES = re.compile(r"(?<=[A-Za-z:,.(\- ])(\d{4,9})((?: *\r?\n *\d+)+)(?![\d/])")


def _pressed(found: re.Match[str]) -> str:
    *middle, last = found[2].split()
    size = len(found[1])
    short = len(last) < size and all(len(piece) == size for piece in middle)
    return (
        found[1] + "".join([*middle, last]) if short and 8 <= size * (len(middle) + 1) + len(last) <= 20 else found[0]
    )


def unbroken(text: str) -> str:
    """`text` with numbers that a line's end cuts put together; lists of numbers, one a line, stay as they are."""
    if "\n" not in text:
        return text
    text = _PIECES.sub(_pressed, _BROKEN_MAIL.sub("", text))
    return text if _LINES_OF_DIGITS.search(text) else _BROKEN.sub("", text)


# Letters that are put for digits, between digits; the fifth of such a number that may be letters at most.
_DISGUISED = re.compile(r"(?<![^\W\d_])(?:[0-9OoQDIlSBZ|](?:[ .\-_()]{0,3}(?=[0-9OoQDIlSBZ|]))?){8,}(?![^\W\d_])")
# Small letters, and L, are read so only in a number that has eight digits at least.
_BLURRED = re.compile(r"(?<![^\W_])(?=(?:[A-Za-z]*\d){8})\d+(?:[Lsbzio]{1,2}\d+){1,2}(?![^\W_])")
_FENCE = re.compile(r"(?<=\d{4})\|(?=\d{3})|\|\Z|\A\|")  # what separates two numbers is no 1
_CODED = re.compile(r"[QDBSZ]\d{7,8}")  # the number of a thing, or a passport: no nought misread at its head
_PIECE = re.compile(r"[A-Za-z|]*\d[A-Za-z|\d]*|(?<![^\W_])[OoIl](?![^\W_])")
_LETTERS = str.maketrans("OoQDIl|SBZLisbz", "000011158211582")


def digits(text: str) -> str:
    """`text` with digits in place of the letters that stand for them (O9l2…): as long as `text`."""
    text = _DISGUISED.sub(_undisguise, text)
    return _BLURRED.sub(lambda found: found[0].translate(_LETTERS), text)


def _undisguise(found: re.Match[str]) -> str:
    real, letters = len(re.findall(r"\d", found[0])), len(re.findall(r"[A-Za-z|]", found[0]))
    if not 0 < letters <= real:
        return found[0]
    if _CODED.fullmatch(found[0].rstrip(" .-_()")):
        return found[0]
    fenced = _FENCE.sub("\x00", found[0])
    return _PIECE.sub(lambda piece: piece[0].translate(_LETTERS), fenced).replace("\x00", "|")
