"""The attacker: how closely the suppressed cells can be computed from what is published and the known totals.

Linear programming (HiGHS), independent of how the cells were chosen. Few programmes tell of many cells: each solution
is a table that fits everything published, so the values in it bound the interval of every cell from within; only cells
that remain narrow are asked for one by one. Run by a worker only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from lienthong.privacy.cells import Cells, Flags, Numbers

_ROUNDS = 8
_NEAR = 1e-6


@dataclass(frozen=True)
class Audit:
    """The intervals of the suppressed cells, the narrowest width against what is needed, and the cells too narrow."""

    low: Numbers
    high: Numbers
    narrowest: float | None
    narrow: tuple[int, ...]
    exact: tuple[int, ...]
    programmes: int


def audit(cells: Cells, out: Flags, measure: int = 0, seed: int = 1, of: Flags | None = None) -> Audit:
    """How wide the interval of every suppressed cell is, in one measure; of those in `of` only, where it is given."""
    unknown = np.flatnonzero(out & ~cells.fixed) if len(cells.fixed) else np.flatnonzero(out)
    values, needed = cells.values[:, measure], cells.needed(measure)
    needed = needed if of is None else np.where(of, needed, 0.0)
    low, high = values.copy(), values.copy()
    if not len(unknown):
        leaked = tuple(int(c) for c in np.flatnonzero(out))
        return Audit(low, high, 0.0 if leaked else None, leaked, leaked, 0)
    totals = cells.margins[:, unknown]
    totals = totals[np.diff(totals.indptr) > 0]
    rest, draw, asked = totals @ values[unknown], np.random.default_rng(seed), 0

    def widen(objective: Numbers) -> None:
        nonlocal asked
        asked += 1
        solved = linprog(-objective, A_eq=totals, b_eq=rest, bounds=(0, None), method="highs")
        if solved.status == 3:  # nothing holds it: no total over these cells is known
            free = unknown[objective > 0]
            high[free] = np.inf
        elif solved.status == 0:
            np.minimum.at(low, unknown, solved.x)
            np.maximum.at(high, unknown, solved.x)

    if not totals.shape[0]:
        high[unknown] = np.inf
    for _ in range(_ROUNDS if totals.shape[0] else 0):
        narrow = (high - low)[unknown] < needed[unknown]
        if not narrow.any():
            break
        widen(np.where(narrow, draw.choice([-1.0, 1.0], len(unknown)), 0.0))
    for at in np.flatnonzero((high - low)[unknown] < needed[unknown] - _NEAR) if totals.shape[0] else ():
        for sign in (1.0, -1.0):
            if (high - low)[unknown[at]] < needed[unknown[at]] - _NEAR:
                widen(np.where(np.arange(len(unknown)) == at, sign, 0.0))
    return _told(out, low, high, needed, asked)


def _told(out: Flags, low: Numbers, high: Numbers, needed: Numbers, asked: int) -> Audit:
    at = np.flatnonzero(out & (needed > 0))
    width = (high - low)[at]
    narrow = at[width < needed[at] - _NEAR]
    exact = at[width <= _NEAR]
    narrowest = float(np.min(np.where(np.isinf(width), 1e18, width))) if len(at) else None
    return Audit(low, high, narrowest, tuple(map(int, narrow)), tuple(map(int, exact)), asked)
