"""Notes of clerks in provinces, districts and communes, and as many lines about nobody; numbers cut by slashes, tabs, quotes.

The file beside this one is as that of `everyday`. The first part of its forms was written before its writer had read the
scanner, the second and third (other labels, frames and ways of writing) after the mending for those before.
"""

from __future__ import annotations

import random

from tests.security.identifiers.everyday import everyday
from tests.security.identifiers.genres import MAKERS

GROUPS: dict[str, tuple[tuple[int, ...], ...]] = {
    "citizen_id": ((3, 3, 3, 3), (4, 4, 4), (3, 1, 2, 6), (6, 6), (3, 3, 6)),
    "old_identity_card": ((3, 3, 3), (3, 6)),
    "mobile_phone": ((4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 2, 2, 2), (5, 5)),
    "personal_tax_code": ((3, 3, 4), (4, 3, 3), (2, 4, 4)),
    "bank_card": ((4, 4, 4, 4),),
    "social_insurance": ((2, 4, 4), (4, 3, 3), (2, 2, 6), (3, 3, 4)),
    "driving_licence": ((2, 10), (3, 3, 3, 3), (4, 4, 4)),
}
_GAPS = (" ", " ", ".", "-", "/", "\u2009", "  ", "–", " . ", " - ")
_QUOTES = ("«{}»", "“{}”", "„{}”", "‹{}›", "`{}`", "[{}]", "({})", "*{}*")


def clerks(rounds: int, seed: int) -> tuple[list[tuple[set[str], str]], list[str]]:
    """Texts with the kinds they hold, and texts about nobody; each form so many times."""
    return everyday(rounds, seed, "clerks", _written)


def _written(chance: random.Random, kind: str) -> str:
    """A number of this kind: plain, in groups, in quotes; an address with its sign in words."""
    plain, way = MAKERS[kind](chance), chance.random()
    if kind == "email":
        return (
            plain if way < 0.7 else plain.replace("@", chance.choice((" (a móc) ", " a còng ", "[at]", "＠", " (at) ")))
        )
    if way < 0.25 and kind in GROUPS and plain.isdigit():
        return cut(plain, chance.choice(GROUPS[kind]), chance.choice(_GAPS))
    return chance.choice(_QUOTES).format(plain) if way > 0.85 else plain


def cut(plain: str, sizes: tuple[int, ...], gap: str) -> str:
    """`plain` in groups of these sizes, where it is as long as they are together."""
    ends = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    return gap.join(plain[a:b] for a, b in zip(ends, ends[1:], strict=False)) if ends[-1] == len(plain) else plain
