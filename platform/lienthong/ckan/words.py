"""Words as a search compares them: without case and tone marks, English endings cut."""

import re

from lienthong.kernel.text import fold

Padded = str
_WORD = re.compile(r"[^\W_]+")
# No Vietnamese syllable without its marks ends like this and is that long.
_ENDING = re.compile(r"(?<=.{3})(?:ings?|ed|es|e|s)$")


def words(text: str) -> list[str]:
    """The words of a text, folded and stemmed."""
    return [_stem(word) for word in _WORD.findall(fold(text))]


def _stem(word: str) -> str:
    if len(word) < 5 or not word.isascii():
        return word
    stem = _ENDING.sub("", word)
    return stem[:-1] + "i" if stem.endswith("y") else stem


def padded(*texts: str) -> Padded:
    """Texts as words with a blank around each, so that a phrase is found as a part; it never spans two texts."""
    return " | ".join(["", *(" ".join(words(text)) for text in texts), ""])


def occurs(phrase: list[str], text: Padded) -> bool:
    """Do the words stand in `text` one after the other?"""
    return f" {' '.join(phrase)} " in text
