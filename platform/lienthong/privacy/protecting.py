"""The cells of an aggregate made safe before they are published: small, dominated, and those that protect them."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.opened import Protection
from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both
from lienthong.store import disclosure_cells as store
from lienthong.store.disclosure_cells import Cell


@dataclass(frozen=True)
class Protected:
    """What was done to the cells, in figures; `narrowest`: the narrowest interval of a suppressed count."""

    cells: int
    small: int
    dominated: int
    complementary: int
    suppressed_rows_share: float
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
        held, withheld, before = self._against(connection, contract, base, previous)
        cells = store.read(connection, key, len(store.sums_of(base)))
        small = [c.rows < k for c in cells]
        dominated = [not s and is_dominated(c, protection) for c, s in zip(cells, small, strict=True)]
        fixed = [before.get(c.place) == c.rows for c in cells]
        sensitive = [a or b for a, b in zip(small, dominated, strict=True)]
        # Scientific Python belongs to the worker: the API process imports this package, and not those.
        from lienthong.privacy.safe_cells import make_safe

        made = make_safe(cells, sensitive, fixed, key, protection, k)
        if made.newly_solvable:
            raise Conflict(
                both(
                    f"{made.newly_solvable} ô nhỏ tính được khi so với bản công bố trước",
                    f"{made.newly_solvable} small cells could be computed from this release and the one before",
                ),
                place=contract.slug,
                fix=both(
                    "Gộp nhóm trong groupBy, hoặc bớt margins", "Group more coarsely in groupBy, or list fewer margins"
                ),
            )
        store.mark(connection, (c.at for c, out in zip(cells, made.out, strict=True) if out))
        rows, lost = sum(c.rows for c in cells), sum(c.rows for c, o in zip(cells, made.out, strict=True) if o)
        self.told = Protected(
            cells=len(cells),
            small=sum(small),
            dominated=sum(dominated),
            complementary=sum(made.out) - sum(sensitive),
            suppressed_rows_share=round(lost / rows, 4) if rows else 0,
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
    ) -> tuple[int, int, dict[tuple[str, ...], int]]:
        """What the release before changes: cells held, sums withheld, and what it tells."""
        assert base.open_view
        count, key, k = store.counted(base), contract.primary_key, contract.privacy.k
        if previous is None or count is None:
            return 0, 0, {}
        held = withheld = 0
        if base.open_view.protection.changes == "hold":
            measures = [m.name for m in base.open_view.measures]
            held = store.hold_small_changes(connection, key, count, measures, previous, k)
        else:
            numbers = [m.name for m in store.sums_of(base)]
            withheld = store.withhold_changed_sums(connection, key, count, numbers, previous, k)
        return held, withheld, dict(store.told_before(connection, key, count, previous))


def is_dominated(cell: Cell, protection: Protection) -> bool:
    """Could the largest part of a sum be estimated too closely (p % rule), or do few make up most of it (n, k)?"""
    for total, parts in zip(cell.sums, cell.tops, strict=True):
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
