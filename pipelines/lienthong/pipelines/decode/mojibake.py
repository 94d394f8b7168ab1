"""Undoing UTF-8 that was read as Windows-1252 and written again ("Ná»™i" for "Nội").

Windows-1252 has no character for five bytes; writers put U+FFFD there, so a letter is lost. The lost byte is
found again when exactly one reading, or one likeliest by the place names, makes a Vietnamese word; else
U+FFFD stays.
"""

import re
from itertools import product

from lienthong.kernel.text import nfc

from .syllables import is_syllable, place_syllables

_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"
_LOST = "\ufffd"
_UNLIKELY = re.compile("[\ufffd\u2001\u200d\u200f\u2010]")  # the neighbours of ” among what a lost byte can be
_BYTES = {bytes([b]).decode("cp1252", "ignore"): bytes([b]) for b in range(0x80, 0x100)}
_BYTES |= {chr(b): bytes([b]) for b in range(0x80, 0x100) if chr(b) not in _BYTES}
_BYTES.pop("", None)
_RUN = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[A-Za-z]*[^\x00-\x7f][A-Za-z\u0080-\U0010ffff]*")
_LETTERS = re.compile(r"[^\W\d_]+")


def undo(text: str) -> str:
    """`text` with every damaged word restored; what is not damaged stays as it is."""
    return nfc(_WORD.sub(_word, text))


def _word(match: re.Match[str]) -> str:
    word = match.group()
    if _LOST not in word:
        return _RUN.sub(lambda run: _reread(run.group()) or run.group(), word)
    reread = _RUN.sub(lambda run: _reread(run.group(), lost=True) or run.group(), word)
    return _recover(word) or re.sub(_LOST + "+", _LOST, reread)


def _reread(run: str, lost: bool = False) -> str | None:
    """The UTF-8 text behind the Windows-1252 characters of `run`; None when there is none."""
    try:
        data = b"".join(_BYTES[char] if char != _LOST else b"\xff" for char in run)
        return data.decode("utf-8", "replace" if lost else "strict")
    except (KeyError, UnicodeDecodeError):
        return None


def _recover(word: str) -> str | None:
    """The likeliest Vietnamese reading of a word with lost bytes; None when two are as likely or none is."""
    holes = word.count(_LOST)
    if holes > 3:
        return None
    readings: set[str] = set()
    for filling in product(_UNDEFINED, repeat=holes):
        parts = iter(filling)
        filled = "".join(chr(next(parts)) if char == _LOST else char for char in word)
        reading = _RUN.sub(lambda run: _reread(run.group()) or _LOST, filled)
        words = _LETTERS.findall(nfc(reading))
        if words and not _UNLIKELY.search(reading) and all(map(is_syllable, words)):
            readings.add(reading)
    ranked = sorted(readings, key=_likelihood, reverse=True)
    if not ranked or (len(ranked) > 1 and _likelihood(ranked[0]) == _likelihood(ranked[1])):
        return None
    return ranked[0]


def _likelihood(reading: str) -> int:
    return sum(place_syllables()[word] for word in _LETTERS.findall(nfc(reading).lower()))
