"""The cells of a table and the totals that the public may know: what the suppression of cells is computed on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST_WIDTH = 5.0  # of the interval in which a suppressed count may lie
_DENSE = 4_000_000  # cells of a full grid that are held in memory


@dataclass(frozen=True)
class Cells:
    """Cells that are not empty: their place (one code a dimension), and their additive numbers, counts first.

    `known`: the sets of dimensions (their positions) whose totals the public may know. Totals of fewer than `k` rows
    are not held to be known. `fixed`: cells that an earlier release tells, which therefore hide nothing.
    """

    places: NDArray[np.int64]
    values: Numbers  # cells x measures
    known: tuple[tuple[int, ...], ...]
    k: int
    p: float
    fixed: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def count(self) -> int:
        """How many cells."""
        return len(self.places)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Categories of each dimension."""
        return tuple(int(n) + 1 for n in self.places.max(axis=0)) if self.count else ()

    @cached_property
    def dims(self) -> tuple[int, ...]:
        """The dimensions that tell cells apart."""
        return tuple(d for d, size in enumerate(self.sizes) if size > 1)

    @cached_property
    def margins(self) -> csr_matrix:
        """One row a total that is known, one column a cell."""
        rows, columns, at = [], [], 0
        for kept in {tuple(d for d in kept if d in self.dims) for kept in self.known}:
            if len(kept) == len(self.dims):
                continue
            _, total = np.unique(self.places[:, list(kept)], axis=0, return_inverse=True)
            total = total.reshape(-1)
            told = np.bincount(total, weights=self.values[:, 0]) >= self.k
            number = np.cumsum(told) - 1
            cells = np.flatnonzero(told[total])
            rows.append(number[total[cells]] + at)
            columns.append(cells)
            at += int(told.sum())
        row, column = (np.concatenate(part) if part else np.zeros(0, int) for part in (rows, columns))
        return csr_matrix((np.ones(len(row)), (row, column)), shape=(at, self.count))

    def needed(self, measure: int) -> Numbers:
        """How wide the interval of each cell has to be: `2p` percent of its value, and five at least for a count."""
        wide = np.abs(self.values[:, measure]) * 2 * self.p / 100
        wide = np.maximum(wide, LEAST_WIDTH) if measure == 0 else wide
        return np.where(self.values[:, 0] > 0, wide, 0.0)

    @cached_property
    def turning(self) -> tuple[tuple[int, ...], ...]:
        """The smallest sets of dimensions along which cells can be exchanged and every known total stay as it is."""
        sets: list[tuple[int, ...]] = []
        known = [set(kept) for kept in self.known]
        for size in range(1, len(self.dims) + 1):
            for chosen in combinations(self.dims, size):
                if any(set(found) <= set(chosen) for found in sets):
                    continue
                if all(not set(chosen) <= kept for kept in known):
                    sets.append(chosen)
        return tuple(sets)

    @cached_property
    def grid(self) -> NDArray[np.int64] | None:
        """The number of the cell at each place, -1 where none is; None when the grid would be too large."""
        if not self.count or np.prod(self.sizes, dtype=float) > _DENSE:
            return None
        grid = np.full(self.sizes, -1, dtype=np.int64)
        grid[tuple(self.places.T)] = np.arange(self.count)
        return grid


def all_margins(dimensions: int) -> tuple[tuple[int, ...], ...]:
    """Every set of dimensions but the full one."""
    return tuple(kept for size in range(dimensions) for kept in combinations(range(dimensions), size))


def below(margins: Iterable[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The sets given and all that are part of one: a total of totals is known too."""
    sets = {kept for given in margins for size in range(len(given) + 1) for kept in combinations(sorted(given), size)}
    return tuple(sorted(sets))


def corners(grid: NDArray[np.int64], place: Sequence[int], dims: Sequence[int]) -> tuple[list[Any], list[int]]:
    """The cells at the corners of each cube that has a corner at `place` and turns along `dims`, with their parity."""
    found, parities = [], []
    for mask in product((0, 1), repeat=len(dims)):
        index: list[Any] = list(place)
        for at, (dim, away) in enumerate(zip(dims, mask, strict=True)):
            others = np.delete(np.arange(grid.shape[dim]), place[dim])
            shape = [1] * len(dims)
            shape[at] = -1
            index[dim] = others.reshape(shape) if away else np.full([1] * len(dims), place[dim])
        found.append(grid[tuple(index)])
        parities.append(sum(mask) % 2)
    return found, parities
