"""Spreadsheet cells in the fonts of before Unicode: the font of a cell tells its encoding.

A spreadsheet keeps such letters as the Windows characters with the same byte. The TCVN3 fonts (.VnTime) have no
capitals with tones; their capital twin (.VnTimeH) draws small letters as capitals. A cell that reads better as it
is stays as it is: Unicode is often pasted into a cell of an old font, and old text into a cell of a new one.
"""

import re
from functools import lru_cache

from lienthong.kernel.text import nfc

from .codepages import LEGACY, windows_bytes
from .syllables import is_abbreviation, is_vietnamese

_TOKEN = re.compile(r"[^\x00-\x40\x5b-\x60\x7b-\x7f\u00a0\u2010-\u2026]+")  # letters and what is not ASCII
_TONED_CAPITAL = re.compile("[ẰẲẴẮẦẨẪẤỀỂỄẾỒỔỖỐ]")  # in TCVN 5712, but in no .Vn font


def encoding_of(font: str | None) -> str | None:
    """The encoding that a font stands for; None for a Unicode font."""
    folded = (font or "").strip().casefold()
    if folded.startswith(".vn"):
        return "tcvn3"
    return "vni" if folded.startswith("vni-") else None


def is_capital(font: str | None) -> bool:
    """Whether a font draws small letters as capitals (.VnTimeH)."""
    folded = (font or "").strip().casefold()
    return folded.startswith(".vn") and folded.endswith("h")


@lru_cache(maxsize=65536)
def decode_cell(text: str, font: str | None = None) -> tuple[str, str | None]:
    """The text of a cell in Unicode NFC, and the legacy encoding that it was in (None: none)."""
    raw = None if text.isascii() else windows_bytes(text)
    plain = nfc(text)
    encoding = None
    if raw is not None:
        told = encoding_of(font)
        candidates = (told,) if told else ("tcvn3", "vni")
        decoded, encoding = max(((LEGACY[name](raw), name) for name in candidates), key=lambda d: _share(d[0]))
        impossible = told == "tcvn3" and _TONED_CAPITAL.search(decoded)
        better = (0 if impossible else _share(decoded)) - _share(plain)
        if better >= (0 if told else 0.4):
            plain = decoded
        else:
            encoding = None
    return (plain.upper() if is_capital(font) else plain), encoding


def _share(text: str) -> float:
    """The share of the words with marks that are Vietnamese; 0.5 when there is nothing to tell by."""
    votes = [
        is_vietnamese(token) if token.isalpha() else False
        for token in _TOKEN.findall(text)
        if not token.isascii() and not is_abbreviation(token)
    ]
    return sum(votes) / len(votes) if votes else 0.5
