"""Complementary suppression: which cells besides the sensitive ones are left out, so that no total gives one away.

First by cubes (R. D. Repsilber's hypercubes, by arithmetic alone), then, where none fits, by a linear programme (Kelly,
Golden and Assad). Every exchange found is a table that the public cannot tell from the true one: the values that a cell
has in them bound its interval from within. Run by a worker only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, vstack

from lienthong.privacy.audit import audit
from lienthong.privacy.cells import Cells, Flags, Numbers, corners

_SMALL = 1e-6
_ROUNDS = 8
_PROGRAMMES = 60  # at most; what is not protected then is told in the report


@dataclass
class Suppression:
    """The cells that are left out; those that could not be protected are still there, as numbers, in `open_`."""

    out: Flags
    open_: list[int]


@dataclass
class _Search:
    """The state of one search: for one measure, the cells out so far and how far each is known to move."""

    cells: Cells
    measure: int
    out: Flags
    low: Numbers
    high: Numbers
    programmes: int = 0

    @property
    def values(self) -> Numbers:
        return self.cells.values[:, self.measure]

    def is_wide(self, cell: int) -> bool:
        """Is the interval of the cell wide enough, by the tables found so far?"""
        return bool(self.high[cell] - self.low[cell] >= self.cells.needed(self.measure)[cell] - _SMALL)

    def moved(self, change: Numbers) -> None:
        """A table was found that differs from the true one by `change`."""
        self.low = np.minimum(self.low, self.values + change)
        self.high = np.maximum(self.high, self.values + change)


def suppress(cells: Cells, sensitive: Flags) -> Suppression:
    """The sensitive cells and those that protect them, for every measure."""
    out, left = sensitive.copy(), set()
    for measure in range(cells.values.shape[1]):
        if (cells.values[:, measure] < 0).any():
            continue
        start = cells.values[:, measure].copy()
        search = _Search(cells, measure, out, start.copy(), start.copy())
        left |= _protect(search)
        out = search.out
    return Suppression(out, sorted(left))


def _protect(search: _Search) -> set[int]:
    """Ask the attacker which cells are too narrow, protect those, and ask again. Returns those that could not be."""
    left: set[int] = set()
    values = search.values
    for _ in range(_ROUNDS):
        asked = audit(search.cells, search.out, search.measure)
        search.low, search.high = asked.low.copy(), asked.high.copy()
        narrow = sorted(set(asked.narrow) - left, key=lambda c: values[c])
        if not narrow:
            break
        for cell in narrow:
            if not search.is_wide(cell) and not (_by_cube(search, cell) or _by_programme(search, cell)):
                left.add(cell)
    return left


def _by_cube(search: _Search, cell: int) -> bool:
    """Take the cheapest cube that gives the cell a wide enough interval."""
    cells, grid = search.cells, search.cells.grid
    if grid is None:
        return False
    best: tuple[float, list[int], list[int], float, float] | None = None
    blocked = np.append(_blocked(cells), True)
    values, cost = np.append(search.values, 0.0), np.append(_cost(search), 0.0)
    wanted = np.append(cells.needed(search.measure), 0.0)
    for dims in cells.turning:
        found, parity = corners(grid, tuple(int(c) for c in cells.places[cell]), dims)
        shape = np.broadcast_shapes(*(f.shape for f in found))
        corner = np.stack([np.broadcast_to(f, shape) for f in found]).reshape(len(found), -1)
        odd = np.array(parity, bool)
        up, down = values[corner[odd]].min(axis=0), values[corner[~odd]].min(axis=0)
        width = up + down
        fits = ~blocked[corner].any(axis=0) & (width >= wanted[cell] - _SMALL)
        if not fits.any():
            continue
        lacking = np.maximum(wanted[corner].max(axis=0) - width, 0)  # what the other corners would still need
        price = np.where(fits, cost[corner].sum(axis=0) + 100 * lacking, np.inf)
        at = int(price.argmin())
        if best is None or price[at] < best[0]:
            members = [int(c) for c in corner[:, at]]
            best = (float(price[at]), members, parity, float(up[at]), float(down[at]))
    if best is None:
        return False
    _, members, parity, up_, down_ = best
    sign = np.zeros(cells.count)
    sign[members] = [1 - 2 * p for p in parity]
    search.out[members] = True
    search.moved(sign * up_)
    search.moved(-sign * down_)
    return True


def _blocked(cells: Cells) -> Flags:
    return cells.fixed if len(cells.fixed) else np.zeros(cells.count, dtype=bool)


def _cost(search: _Search) -> Numbers:
    """What leaving a cell out costs: nothing when it is out, else its rows, and one for the cell itself."""
    return np.where(search.out, 0.0, search.cells.values[:, 0] + 1)


def _by_programme(search: _Search, cell: int) -> bool:
    """Two tables at least `needed` apart in the cell, that change as few other cells as can be."""
    cells, values = search.cells, search.values
    used = np.flatnonzero(~_blocked(cells) & ((values > 0) | search.out))
    at = int(np.searchsorted(used, cell))
    if at >= len(used) or used[at] != cell or search.programmes >= _PROGRAMMES:
        return False
    search.programmes += 1
    totals, n = cells.margins[:, used], len(used)
    totals = totals[np.diff(totals.indptr) > 0]
    none = csr_matrix(totals.shape)
    # Four parts: what the upper table adds and takes, what the lower one adds and takes.
    equal = vstack([hstack([totals, -totals, none, none]), hstack([none, none, totals, -totals])])
    apart = np.zeros(4 * n)
    apart[[at, 3 * n + at]], apart[[n + at, 2 * n + at]] = -1, 1
    cost = np.tile(_cost(search)[used] + 1e-3, 4)
    upper = np.concatenate([np.full(n, np.inf), values[used]] * 2)
    needed = cells.needed(search.measure)[cell]
    solved = linprog(
        cost, A_ub=csr_matrix(apart), b_ub=[-needed], A_eq=equal, b_eq=np.zeros(equal.shape[0]),
        bounds=np.column_stack([np.zeros(4 * n), upper]), method="highs",
    )  # fmt: skip
    if solved.status != 0:
        return False
    for part in (solved.x[:n] - solved.x[n : 2 * n], solved.x[2 * n : 3 * n] - solved.x[3 * n :]):
        change = np.zeros(cells.count)
        change[used] = np.where(np.abs(part) > _SMALL, part, 0)
        search.out |= change != 0
        search.moved(change)
    return True
