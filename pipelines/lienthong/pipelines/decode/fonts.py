"""Spreadsheet cells in the fonts of before Unicode: the font of a cell tells its encoding.

A spreadsheet keeps such letters as the Windows characters with the same byte. The TCVN3 fonts (.VnTime) have no
capitals with tones; their capital twin (.VnTimeH) draws small letters as capitals. A cell that reads better as it
is stays as it is: Unicode is often pasted into a cell of an old font.

Where fonts are unknown or new, a whole sheet is judged at once (`encoding_of_sheet`): a sheet of old letters is
decoded, a single old word in a sheet of Unicode is left for the quality rules, because nothing tells it for sure.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from lienthong.kernel.text import nfc

from .codepages import LEGACY, windows_bytes
from .syllables import is_abbreviation, is_vietnamese

_TOKEN = re.compile(r"[^\x00-\x40\x5b-\x60\x7b-\x7f\u00a0\u2010-\u2026]+")  # letters and what is not ASCII
_TONED_CAPITAL = re.compile("[ẰẲẴẮẦẨẪẤỀỂỄẾỒỔỖỐ]")  # in TCVN 5712, but in no .Vn font
_UNICODE = re.compile("[\u0100-\u024f\u0300-\u036f\u1e00-\u1eff]")  # letters that no Western code page has


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


def decode_cell(text: str, font: str | None) -> tuple[str, str | None]:
    """The text of a cell in Unicode NFC, and the legacy encoding that it was in (None: none)."""
    plain, used = decode_text(text, encoding_of(font))
    return (plain.upper() if is_capital(font) else plain), used


@lru_cache(maxsize=65536)
def decode_text(text: str, encoding: str | None) -> tuple[str, str | None]:
    """`text` decoded from what is said to be its encoding, unless it reads better as it is."""
    plain = nfc(text)
    raw = windows_bytes(text) if encoding and not text.isascii() else None
    if raw is None or encoding is None or (_UNICODE.search(text) and _share(plain) >= 0.5):
        return plain, None
    decoded = LEGACY[encoding](raw)
    impossible = encoding == "tcvn3" and _TONED_CAPITAL.search(decoded)
    if (0 if impossible else _share(decoded)) < _share(plain):
        return plain, None
    return decoded, encoding


def encoding_of_sheet(texts: Iterable[str]) -> str | None:
    """The encoding of cells whose fonts tell nothing: old when more cells are sure to be old than hold Unicode."""
    votes: Counter[str] = Counter()
    for text in texts:
        if text.isascii():
            continue
        if _UNICODE.search(text):
            votes["unicode"] += 1
        elif (raw := windows_bytes(text)) is not None and _share(nfc(text)) < 0.5:
            votes.update(name for name in ("tcvn3", "vni") if _share(LEGACY[name](raw)) > 0.6)
    best = votes.most_common(1)
    return best[0][0] if best and best[0][0] != "unicode" else None


def _share(text: str) -> float:
    """The share of the words with marks that are Vietnamese; 0.5 when there is nothing to tell by."""
    votes = [
        token.isalpha() and is_vietnamese(token)
        for token in _TOKEN.findall(text)
        if not token.isascii() and not is_abbreviation(token)
    ]
    return sum(votes) / len(votes) if votes else 0.5
