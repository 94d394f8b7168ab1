"""The cells of an aggregate made safe before they are published: small, dominated, and those that protect them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.opened import Protection
from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both
from lienthong.privacy.regrouped import grain, small_remainders, wider_labels
from lienthong.store import disclosure_cells as store
from lienthong.store import disclosure_told as told
from lienthong.store.disclosure_cells import Cell

_LISTED = 5  # cells that a refusal names
_CLOSE = 5  # rows: the width that the interval of a suppressed count must have at least


@dataclass(frozen=True)
class Protected:
    """What was done to the cells, in figures; `narrowest`: the narrowest interval of a suppressed count."""

    cells: int
    small: int
    dominated: int
    complementary: int
    suppressed_rows_share: float | None  # not told where it would tell a total that is not held to be known
    margins: str
    narrowest: float | None
    least_width: float
    narrow: int
    solvable: int
    programmes: int
    told_before: int
    held: int
    sums_withheld: int
    p: float
    n: int
    share: float
    rounding: int | None

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)


class Protector:
    """Marks the cells that must not be published, and remembers why. Given to `fill_groups`; one for each release."""

    def __init__(self) -> None:
        self.told: Protected | None = None

    def __call__(self, connection: Connection, contract: Contract, base: Contract, previous: str | None) -> None:
        """Mark the cells of `pg_temp.cells`. Raises Conflict when an earlier release and this one tell a small cell."""
        assert base.open_view
        protection, key, k = base.open_view.protection, contract.primary_key, contract.privacy.k
        held, withheld = self._against(connection, contract, base, previous)
        cells = store.read(connection, key, len(store.sums_of(base)))
        before, totals = _told(connection, contract, base, previous, cells)
        last = told.told_last(connection, contract.id, base.id, key) if store.counted(base) else {}
        otherwise = _told_otherwise(connection, contract, base, cells)
        numbers = {cell.place: cell.rows for cell in cells}
        remainders = small_remainders(numbers, otherwise, k) - {*last}
        small = [c.rows < k or c.place in remainders for c in cells]
        dominated = [not s and is_dominated(c, protection, k) for c, s in zip(cells, small, strict=True)]
        fixed = [_is_told(c, before, last) for c in cells]
        sensitive = [a or b for a, b in zip(small, dominated, strict=True)]
        # Scientific Python belongs to the worker: the API process imports this package, and not those.
        from lienthong.privacy.safe_cells import make_safe

        wider = sorted(wider_labels(numbers, otherwise))
        made = make_safe(_with_labels(cells, wider), sensitive, fixed, key, protection, k,
                         [*totals, *_wider_totals(len(key), wider)])  # fmt: skip
        if made.newly_solvable or made.broken:
            raise _refused(contract, key, [cells[at] for at in made.broken], made.newly_solvable)
        store.mark(connection, (c.at for c, out in zip(cells, made.out, strict=True) if out))
        rows, lost = sum(c.rows for c in cells), sum(c.rows for c, o in zip(cells, made.out, strict=True) if o)
        self.told = Protected(
            cells=len(cells),
            small=sum(small),
            dominated=sum(dominated),
            complementary=sum(made.out) - sum(sensitive),
            suppressed_rows_share=None if protection.margins == "none" else round(lost / rows, 4) if rows else 0,
            margins=_margins(protection),
            narrowest=made.narrowest,
            least_width=made.least_width,
            narrow=made.narrow,
            solvable=made.solvable,
            programmes=made.programmes,
            told_before=sum(fixed),
            held=held,
            sums_withheld=withheld,
            p=protection.p,
            n=protection.n,
            share=protection.share,
            rounding=protection.rounding,
        )  # fmt: skip

    def _against(
        self, connection: Connection, contract: Contract, base: Contract, previous: str | None
    ) -> tuple[int, int]:
        """What the release before changes: cells held, sums withheld."""
        assert base.open_view
        count, key, k = store.counted(base), contract.primary_key, contract.privacy.k
        if previous is None or count is None:
            return 0, 0
        if base.open_view.protection.changes == "hold":
            measures = [m.name for m in base.open_view.measures]
            return store.hold_small_changes(connection, key, count, measures, previous, k), 0
        numbers = [m.name for m in store.sums_of(base)]
        return 0, store.withhold_changed_sums(connection, key, count, numbers, previous, k)


def _told(
    connection: Connection, contract: Contract, base: Contract, previous: str | None, cells: Sequence[Cell]
) -> tuple[dict[tuple[str, ...], set[int]], list[tuple[int, ...]]]:
    """What all earlier releases tell: the numbers of each cell, and the dimensions of which they tell totals."""
    count, key = store.counted(base), contract.primary_key
    if count is None:
        return {}, []
    numbers = {place: set(rows) for place, rows in told.told_ever(connection, contract.id, base.id, key).items()}
    for place, rows in (store.told_before(connection, key, count, previous) if previous else {}).items():
        numbers.setdefault(place, set()).add(rows)
    totals = []
    for kept, seen in told.totals_told(connection, contract.id, base.id, key):
        now = Counter[tuple[str, ...]]()
        for cell in cells:
            now[tuple(cell.place[at] for at in kept)] += cell.rows
        if any(now.get(place) in rows for place, rows in seen.items()):
            totals.append(kept)
    return numbers, totals


def _told_otherwise(
    connection: Connection, contract: Contract, base: Contract, cells: Sequence[Cell]
) -> list[dict[tuple[str, ...], int]]:
    """The earlier releases that cut time otherwise."""
    if store.counted(base) is None or not cells:
        return []
    return told.told_otherwise(connection, contract.id, base.id, contract.primary_key, cells[0].place, grain)


def _with_labels(cells: Sequence[Cell], wider: Sequence[tuple[int, tuple[tuple[str, str], ...]]]) -> list[Cell]:
    """The cells with a dimension more for each wider grouping that was told."""
    named = [(at, dict(labels)) for at, labels in wider]
    return [
        replace(cell, place=(*cell.place, *(labels.get(cell.place[at], cell.place[at]) for at, labels in named)))
        for cell in cells
    ]


def _wider_totals(dimensions: int, wider: Sequence[tuple[int, tuple[tuple[str, str], ...]]]) -> list[tuple[int, ...]]:
    """The wider dimension in place of its narrower one, with all the others."""
    return [(*(d for d in range(dimensions) if d != at), dimensions + number) for number, (at, _) in enumerate(wider)]


def _is_told(cell: Cell, before: told.Told, last: told.Told) -> bool:
    """Did a release tell this number once, or the last one a number so near that who knows it knows the cell?"""
    near = any(abs(cell.rows - number) < _CLOSE for number in last.get(cell.place, ()))
    return near or cell.rows in before.get(cell.place, ())


def _refused(contract: Contract, key: Sequence[str], broken: Sequence[Cell], newly: int) -> Conflict:
    """The table, the cells (their places, never their numbers), and what to do."""
    listed = "; ".join(", ".join(f"{k}={v}" for k, v in zip(key, c.place, strict=True)) for c in broken[:_LISTED])
    more = f" (+{len(broken) - _LISTED})" if len(broken) > _LISTED else ""
    count, listed = max(len(broken), newly), f": {listed}{more}" if listed else ""
    vi = f"{count} ô đã che vẫn tính được hoặc ước lượng được quá sát{listed}"
    en = f"{count} suppressed cells can still be computed, or estimated too closely{listed}"
    if newly:
        vi, en = f"{vi} (so với các bản công bố trước)", f"{en} (with the releases before)"
    return Conflict(
        both(vi, en),
        place=contract.slug,
        fix=both(
            "Gộp nhóm thô hơn trong openView.groupBy (địa bàn, khoảng rộng hơn), hoặc bớt protection.margins",
            "Group more coarsely in openView.groupBy (a wider area, a wider band), or list fewer protection.margins",
        ),
    )


def is_dominated(cell: Cell, protection: Protection, k: int = 0) -> bool:
    """Could the largest part of a sum be estimated too closely (p % rule), do few make up most of it (n, k), or is it a
    sum or mean of fewer than k, although the cell has more rows? Losses count as gains of the same size."""
    if any(0 < few < k for few in cell.parts):
        return True
    for total, parts in zip(cell.sizes or cell.sums, cell.tops, strict=True):
        if total <= 0 or not parts or parts[0] <= 0:
            continue
        if total - sum(parts[:2]) < protection.p / 100 * parts[0]:
            return True
        if sum(parts[: protection.n]) > protection.share / 100 * total:
            return True
    return False


def _margins(protection: Protection) -> str:
    if isinstance(protection.margins, str):
        return protection.margins
    return "; ".join(" × ".join(margin) or "-" for margin in protection.margins)
