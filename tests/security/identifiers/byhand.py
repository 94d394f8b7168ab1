"""Lines written by hand, each with what it holds, or `-` for nobody's; as they stand, without marks, in capitals, in NFD.

Kept apart from the texts by which the scanner is made better: its floor says what is found in lines of other hands.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from tests.security.identifiers.wards import plain

WAYS: tuple[Callable[[str], str], ...] = (str, plain, str.upper, lambda text: unicodedata.normalize("NFD", text))


def byhand() -> list[tuple[str, str]]:
    """Pairs of a kind (`-`: nothing personal) and a text."""
    lines = Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
    split = (line.split("\t", 1) for line in lines)
    return [(kind, way(text.replace("\\n", "\n"))) for kind, text in split for way in WAYS]
