"""F03, F05: no suppressed cell can be computed from what is published and the known totals. The judge is an attacker of
its own: one linear programme a cell and a side, on the table as the public sees it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lienthong.contract.opened import Protection
from lienthong.kernel.text import both
from lienthong.privacy.protecting import is_dominated
from lienthong.privacy.safe_cells import make_safe
from lienthong.store.disclosure_cells import Cell

K = 5
Table = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def cells_of(table: Table) -> list[Cell]:
    return [
        Cell(str(at), tuple(f"{c:02}" for c in place), int(table[tuple(place)]), (), ())
        for at, place in enumerate(np.argwhere(table > 0))
    ]


def intervals(table: Table, out: Table, totals: list[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[float, float]]:
    """What an attacker computes who sees the published cells, knows the empty ones, and every total of K rows or more."""
    hidden = [tuple(map(int, p)) for p in np.argwhere(out > 0)]
    rows, right = [], []
    for kept in totals:
        others = tuple(d for d in range(table.ndim) if d not in kept)
        summed = table.sum(axis=others)
        for place in product(*(range(table.shape[d]) for d in kept)):
            total = float(summed[place]) if place else float(table.sum())
            inside = [float(all(h[d] == c for d, c in zip(kept, place, strict=True))) for h in hidden]
            if total >= K and any(inside):
                shown = sum(
                    table[p] for p in np.ndindex(table.shape)
                    if not out[p] and all(p[d] == c for d, c in zip(kept, place, strict=True))
                )  # fmt: skip
                rows.append(inside)
                right.append(total - shown)
    found = {}
    for at, place in enumerate(hidden):
        ends = []
        for sign in (1, -1):
            aim = [0.0] * len(hidden)
            aim[at] = sign
            solved = linprog(aim, A_eq=rows or None, b_eq=right or None, bounds=(0, None))
            ends.append(sign * solved.fun if solved.status == 0 else sign * float("inf") * -1)
        found[place] = (ends[0], ends[1])
    return found


def published(table: Table, protection: Protection) -> Table:
    """1 where a cell is left out."""
    cells = cells_of(table)
    made = make_safe(
        cells, [c.rows < K for c in cells], [False] * len(cells), [f"d{d}" for d in range(table.ndim)], protection, K
    )
    out = np.zeros(table.shape)
    for cell, left in zip(cells, made.out, strict=True):
        out[tuple(int(c) for c in cell.place)] = left
    return out


tables = st.tuples(st.integers(3, 9), st.integers(3, 7), st.integers(0, 10_000), st.sampled_from([8, 20, 60]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables)
def test_no_cell_of_a_random_table_can_be_computed(made: tuple[int, int, int, int]) -> None:
    height, width, seed, mean = made
    draw = np.random.default_rng(seed)
    table = 1.0 + draw.poisson(mean * np.exp(draw.normal(0, 1, (height, width)))).astype(float)
    out = published(table, Protection())
    assert (out[table < K] == 1).all()
    for place, (low, high) in intervals(table, out, [(0,), (1,), ()]).items():
        assert low - 1e-6 <= table[place] <= high + 1e-6
        assert high - low >= max(5, 0.3 * table[place]) - 1e-4, (place, low, high, table.tolist(), out.tolist())


def test_a_table_of_three_dimensions_against_all_its_totals() -> None:
    draw = np.random.default_rng(4)
    table = 1.0 + draw.poisson(40 * np.exp(draw.normal(0, 1, (5, 4, 3)))).astype(float)
    table[0, 0, 0], table[2, 1, 1] = 2, 4
    out = published(table, Protection(margins="all"))
    totals = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    found = intervals(table, out, totals)
    assert found[(0, 0, 0)][1] - found[(0, 0, 0)][0] >= 5
    assert all(high - low >= max(5, 0.3 * table[p]) - 1e-4 for p, (low, high) in found.items())


def test_primary_suppression_alone_would_give_cells_away() -> None:
    """The control: the same attacker finds the cells of a naive table, exactly."""
    draw = np.random.default_rng(1)
    table = 1.0 + draw.poisson(20 * np.exp(draw.normal(0, 1, (34, 12)))).astype(float)
    naive = (table < K).astype(float)
    exact = [p for p, (low, high) in intervals(table, naive, [(0,), (1,), ()]).items() if high - low < 1e-6]
    assert len(exact) >= 5
    safe = intervals(table, published(table, Protection()), [(0,), (1,), ()])
    assert min(high - low for low, high in safe.values()) >= 5


def test_what_an_earlier_release_tells_hides_nothing() -> None:
    """F04: cells that were published with the same number cannot protect; others are taken."""
    table = np.full((4, 4), 50.0)
    table[0, 0] = 3
    cells = cells_of(table)
    told = [c.place in {("00", "01"), ("00", "02")} for c in cells]
    made = make_safe(cells, [c.rows < K for c in cells], told, ["a", "b"], Protection(), K)
    out = {c.place for c, left in zip(cells, made.out, strict=True) if left}
    assert ("00", "03") in out and not out & {("00", "01"), ("00", "02")}
    assert (made.solvable, made.newly_solvable) == (0, 0)
    everything = [c.rows >= K for c in cells]
    assert make_safe(cells, [c.rows < K for c in cells], everything, ["a", "b"], Protection(), K).solvable == 1


def test_what_totals_of_an_earlier_release_tell_is_protected_against() -> None:
    """F04: a release by place alone tells its totals; a contract that holds no total to be known is protected all the same."""
    table = np.full((4, 4), 50.0)
    table[0, 0] = 3
    cells = cells_of(table)
    small = [c.rows < K for c in cells]
    alone = make_safe(cells, small, [False] * 16, ["a", "b"], Protection(margins="none"), K)
    told = make_safe(cells, small, [False] * 16, ["a", "b"], Protection(margins="none"), K, [(0,)])
    assert (sum(alone.out), sum(told.out)) == (1, 2)
    assert not told.broken


def test_cells_that_only_the_totals_give_away_need_a_reason_in_the_contract() -> None:
    """Two persons in a row, known by its neighbours' totals: nothing that is left out could hide them."""
    table = np.array([[1.0, 1.0, 0.0], [40.0, 30.0, 20.0], [30.0, 20.0, 40.0]])
    cells = cells_of(table)
    asked = [c.rows < K for c in cells], [False] * len(cells), ["a", "b"]
    made = make_safe(cells, *asked, Protection(), K)
    assert len(made.broken) == made.narrow >= 1
    stated = Protection(told_by_totals=both("Có trong báo cáo khác", "It is in other reports"))
    assert make_safe(cells, *asked, stated, K).broken == ()


def test_a_sparse_table_against_all_its_totals_is_refused() -> None:
    """What suppression cannot hide is told, cell by cell, for the refusal."""
    draw = np.random.default_rng(2)
    table = draw.poisson(2.0, (6, 5, 4, 2)).astype(float)
    cells = cells_of(table)
    made = make_safe(
        cells, [c.rows < K for c in cells], [False] * len(cells), list("abcd"), Protection(margins="all"), K
    )
    assert made.solvable >= 1 and len(made.broken) == made.narrow


def test_cells_that_the_release_gives_away_are_told() -> None:
    """All that could hide the small cell was published before: it can be computed, and the release is to blame."""
    table = np.full((4, 4), 50.0)
    table[0, 0] = 3
    cells = cells_of(table)
    before = [c.rows >= K for c in cells]
    made = make_safe(cells, [c.rows < K for c in cells], before, ["a", "b"], Protection(), K)
    assert [cells[at].place for at in made.broken] == [("00", "00")]


@pytest.mark.parametrize(
    ("parts", "dominated"),
    [
        ((100.0, 1.0, 1.0, 1.0, 1.0), True),  # the second largest knows the largest
        ((100.0, 60.0, 5.0, 4.0, 3.0), True),  # 12 left, less than 15 % of 100; two make up 93 %
        ((50.0, 40.0, 10.0, 9.0, 9.0), False),
        ((20.0, 20.0, 20.0, 20.0, 20.0), False),
        ((0.0, 0.0, 0.0, 0.0, 0.0), False),
        ((80.0, 10.0, 6.0, 4.0, 1.0), True),  # two make up 89 %
    ],
)
def test_dominated_sums(parts: tuple[float, ...], dominated: bool) -> None:
    cell = Cell("", ("x",), len(parts), (sum(parts),), (parts[:3],))
    assert is_dominated(cell, Protection()) is dominated
