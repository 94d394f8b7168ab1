"""What is typed at counters and by telephone: by officials, citizens, accountants, nurses, teachers, police, land offices.

The file beside this one is as that of `everyday`. Its forms were written before their writer had read the scanner.
"""

from __future__ import annotations

import random

from tests.security.identifiers.clerks import GROUPS, cut
from tests.security.identifiers.everyday import everyday
from tests.security.identifiers.genres import MAKERS

_GAPS = (" ", " ", " ", ".", ".", "-", "\u00a0", "  ", " - ", ". ", "–")


def counters(rounds: int, seed: int) -> tuple[list[tuple[set[str], str]], list[str]]:
    """Texts with the kinds they hold, and texts about nobody; each form so many times."""
    return everyday(rounds, seed, "counters", _written)


def _written(chance: random.Random, kind: str) -> str:
    """A number of this kind, plain or in groups."""
    plain = MAKERS[kind](chance)
    if chance.random() < 0.35 and kind in GROUPS and plain.isdigit():
        return cut(plain, chance.choice(GROUPS[kind]), chance.choice(_GAPS))
    return plain
