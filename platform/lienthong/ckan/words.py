"""Words as a search compares them: without case and tone marks, English endings cut, compounds taken apart."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import Stemmer  # type: ignore[import-not-found]

from lienthong.kernel.text import fold, nfc

_PART = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STEMMER = Stemmer.Stemmer("english", 0)  # what it finds is kept below, with the word folded
GAP = "|"  # stands between two texts, so that no phrase spans them
_CACHED = 200_000


@dataclass(frozen=True, slots=True)
class Text:
    """Texts as their words, a blank around each; `joined`: compounds as one word (`wi-fi` is `wifi`, too)."""

    padded: str
    joined: tuple[str, ...]

    def counts(self) -> Counter[str]:
        """How often each word stands in it."""
        found = Counter(self.padded.split())
        found.pop(GAP, None)
        found.update(self.joined)
        return found


def words(text: str) -> list[str]:
    """The words of a text, folded and stemmed."""
    return [word for token in nfc(text).split() for word in _token(token)[0]]


def analysed(*texts: str) -> Text:
    """Texts as the index keeps them."""
    padded: list[str] = [""]
    joined: list[str] = []
    for text in texts:
        for token in nfc(text).split():
            parts, compounds = _token(token)
            padded += parts
            joined += compounds
        padded.append(GAP)
    return Text(" ".join([*padded, ""]), tuple(joined))


def occurs(phrase: list[str], text: Text) -> bool:
    """Do the words stand in `text` one after the other?"""
    return f" {' '.join(phrase)} " in text.padded


@lru_cache(maxsize=_CACHED)
def _token(token: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of what stands between two blanks, and its words in a row as one."""
    if token.isascii():  # addresses above all: nothing to fold but capitals
        plain = [piece.lower() for piece in _pieces(token)]
    else:
        plain = [folded for piece in _pieces(token) if (folded := fold(piece))]
    if len(plain) == 1:
        return (_stem(plain[0]),), ()
    runs = [list(run) for is_number, run in groupby(plain, str.isdecimal) if not is_number]
    return tuple(map(_stem, plain)), tuple(_stem("".join(run)) for run in runs if len(run) > 1)


def _pieces(token: str) -> list[str]:
    parts = _PART.findall(token)
    if token.islower() or token.isupper():  # no hump in it
        return parts
    return [piece for part in parts for piece in _HUMP.split(part)]


@lru_cache(maxsize=_CACHED)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))
