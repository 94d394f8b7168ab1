"""From cells to the cells that stay out, and what the attacker then knows of them. Imports SciPy: for workers only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lienthong.contract.opened import Protection
from lienthong.privacy.audit import Audit, audit
from lienthong.privacy.cells import LEAST_WIDTH, Cells, all_margins, below
from lienthong.privacy.suppression import suppress
from lienthong.store.disclosure_cells import Cell


@dataclass(frozen=True)
class Safe:
    """Which cells stay out, the narrowest interval of them, how many are too narrow, and how many can be computed.

    `broken`: the narrow ones, by number; without those that the known totals tell by themselves where the contract
    says why these may stay.
    """

    out: list[bool]
    narrowest: float | None = None
    least_width: float = LEAST_WIDTH
    narrow: int = 0
    solvable: int = 0
    newly_solvable: int = 0
    programmes: int = 0
    broken: tuple[int, ...] = ()


def make_safe(
    cells: Sequence[Cell],
    sensitive: Sequence[bool],
    fixed: Sequence[bool],
    key: Sequence[str],
    protection: Protection,
    k: int,
    told: Sequence[tuple[int, ...]] = (),
) -> Safe:
    """Suppress what protects the sensitive cells, then ask the attacker. `told`: totals that earlier releases tell."""
    known = tuple(sorted({*known_margins(key, protection), *told}))
    if not known or not any(sensitive):
        return Safe(list(sensitive))
    table = Cells(_places(cells), _values(cells), known, k, protection.p, np.array(fixed, dtype=bool))
    out = suppress(table, np.array(sensitive, dtype=bool)).out
    # Parts of a sum that may be negative are bounded by nothing: no programme tells of them.
    measures = [m for m in range(table.values.shape[1]) if not (table.values[:, m] < 0).any()]
    asked = [audit(table, out, measure) for measure in measures]
    return Safe(
        out=[bool(o) for o in out],
        narrowest=_finite(asked[0].narrowest),
        narrow=len(set().union(*(a.narrow for a in asked))),
        solvable=len(set().union(*(a.exact for a in asked))),
        newly_solvable=_newly(table, out, asked[0]),
        programmes=sum(a.programmes for a in asked),
        broken=_broken(table, protection, key, measures, asked),
    )


def _broken(
    table: Cells, protection: Protection, key: Sequence[str], measures: Sequence[int], asked: Sequence[Audit]
) -> tuple[int, ...]:
    """The narrow cells; where the contract tolerates it, only those that would be wider if nothing were published."""
    if protection.told_by_totals is None:
        return tuple(sorted(set[int]().union(*(a.narrow for a in asked))))
    nothing = replace(table, known=known_margins(key, protection), fixed=np.zeros(table.count, dtype=bool))
    everything, found = np.ones(table.count, dtype=bool), set[int]()
    for measure, told in zip(measures, asked, strict=True):
        if told.narrow:
            of = np.isin(np.arange(table.count), told.narrow)
            found |= set(told.narrow) - set(audit(nothing, everything, measure, of=of).narrow)
    return tuple(sorted(found))


def known_margins(key: Sequence[str], protection: Protection) -> tuple[tuple[int, ...], ...]:
    """The sets of dimensions whose totals the public may know, by position; nothing is known when there are none."""
    match protection.margins:
        case "none":
            return ()
        case "all":
            return all_margins(len(key))
        case "single":
            return below([[at] for at in range(len(key))]) if len(key) > 1 else ((),)
        case given:
            return below([[key.index(name) for name in margin] for margin in given])


def _places(cells: Sequence[Cell]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    columns = zip(*(cell.place for cell in cells), strict=True)
    return np.column_stack([np.unique(np.array(column), return_inverse=True)[1] for column in columns])


def _values(cells: Sequence[Cell]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[float(cell.rows), *cell.sums] for cell in cells])


def _finite(width: float | None) -> float | None:
    """JSON knows no infinity: an interval without end is told as none."""
    return None if width is None or width > 1e17 else round(width, 3)


def _newly(table: Cells, out: np.ndarray[tuple[int], np.dtype[np.bool_]], told: Audit) -> int:
    """Suppressed cells that can be computed with what the release before tells, and could not without."""
    if not table.fixed.any() or not told.exact:
        return 0
    alone = audit(replace(table, fixed=np.zeros(table.count, dtype=bool)), out)
    small = set(np.flatnonzero(table.values[:, 0] < table.k).tolist())
    return len((set(told.exact) - set(alone.exact)) & small)
