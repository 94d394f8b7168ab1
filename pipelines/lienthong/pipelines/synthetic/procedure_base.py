"""The province's administrative procedures and their versions.

A new version is announced when the department in charge is merged (2025-03-01) and when the district level ends
(2025-07-01). Codes are `d.9ddddd`, a range the national database does not use.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .agencies import Agencies
from .draw import NEVER, Days, Ints, Mask, choose, days_between, stream
from .facts import facts
from .places import Places
from .settings import LAST_DAY, Settings

MERGER, REFORM = np.datetime64("2025-03-01"), np.datetime64("2025-07-01")
PROVINCE, DISTRICT, COMMUNE = 0, 1, 2
_LEVELS = {"tinh": PROVINCE, "huyen": DISTRICT, "xa": COMMUNE}
_ACTS = [
    "{}", "Gia hạn đối với {}", "Điều chỉnh, bổ sung {}", "Cấp lại kết quả giải quyết {}",
    "Chấm dứt, thu hồi đối với {}",
    "Đính chính thông tin {}", "Chuyển giao hồ sơ {}", "Xác nhận nội dung {}",
]  # fmt: skip
_ACT_SHARE = np.array([0.6, 0.08, 0.12, 0.08, 0.04, 0.03, 0.02, 0.03])
_DAYS = {PROVINCE: [3, 5, 7, 10, 15, 20, 30], DISTRICT: [3, 5, 7, 10, 15, 20, 30], COMMUNE: [0.5, 1, 2, 3, 5, 7, 10]}
_DAY_SHARE = {PROVINCE: [3, 5, 5, 5, 6, 3, 2], DISTRICT: [4, 5, 5, 5, 4, 2, 1], COMMUNE: [8, 4, 4, 4, 3, 1, 1]}
MOST = 2160
_VERSION = {
    "row": pl.Int64, "version": pl.Int64, "from": pl.Date, "to": pl.Date, "department": pl.Int64, "level": pl.Int64,
    "last": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProcedureBase:
    """One row per code. `department` and `heir` are rows of the agencies (before and since the merger), `level` who
    receives to 2025-06-30,
    `new_level` since; `days` promised working days (half a day: hours); `first` and `last` day in
    force. `versions`: row, version, from, to, department, level, decision, decided, last (bool)."""

    code: pl.Series
    name: pl.Series
    field: Ints
    level: Ints
    new_level: Ints
    department: Ints
    heir: Ints
    weight: NDArray[np.float64]
    days: NDArray[np.float64]
    reduced: NDArray[np.float64]
    fee: Ints
    online: Mask
    postal: Mask
    first: Days
    last: Days
    versions: pl.DataFrame

    def __len__(self) -> int:
        return len(self.code)

    def owner(self, row: Ints, day: Days) -> Ints:
        """Department in charge on the day (row of the agencies)."""
        return np.where(day < MERGER, self.department[row], self.heir[row])

    def receiver(self, row: Ints, day: Days) -> Ints:
        """Level that receives on the day: PROVINCE, DISTRICT, COMMUNE."""
        return np.where(day < REFORM, self.level[row], self.new_level[row])

    def in_force(self, day: np.datetime64) -> Mask:
        """Which codes are in force on the day?"""
        return np.asarray((self.first <= day) & (np.isnat(self.last) | (day <= self.last)))


def procedure_base(settings: Settings, home: Places, bodies: Agencies) -> ProcedureBase:
    """The procedures of the province."""
    rng = stream(settings.seed, "procedures base")
    names, field, act = _names(min(MOST, settings.size(1800)))
    n = len(names)
    fields = facts("procedure_fields")
    level = np.array([_LEVELS[text] for text in fields["levels"]], dtype=np.int64)[field]
    new_level = np.where(level == DISTRICT, np.where(rng.random(n) < 0.7, COMMUNE, PROVINCE), level)
    department, heir = _departments(home, bodies, fields, field)
    weight = fields["weight"].cast(pl.Float64).to_numpy()[field] * _ACT_SHARE[act] * rng.lognormal(0, 0.6, n)
    days = np.zeros(n)
    for kind in _LEVELS.values():
        members = np.flatnonzero(level == kind)
        days[members] = np.array(_DAYS[kind])[choose(rng, _DAY_SHARE[kind], len(members))]
    reduced = np.where((rng.random(n) < 0.45) & (days > 2), np.ceil(days * rng.uniform(0.5, 0.9, n)), days)
    fee = np.where(rng.random(n) < 0.45, rng.choice([8, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500], n) * 1000, 0)
    online = rng.random(n) < np.where(weight > np.quantile(weight, 0.7), 0.92, 0.6)
    first = _announced(rng, department)
    last = np.where(rng.random(n) < 0.06, days_between(rng, "2019-01-01", LAST_DAY, n), NEVER)
    last = np.where(last > first + 400, last, NEVER)
    versions = _versions(rng, department, heir, level, new_level, first, last)
    codes = pl.Series("", [f"{1 + i % 3}.9{i:05d}" for i in range(n)])
    return ProcedureBase(
        codes, pl.Series("", names), field, level, new_level, department, heir, weight, days, reduced, fee, online,
        rng.random(n) < 0.8, first, last, versions,
    )  # fmt: skip


def _names(n: int) -> tuple[list[str], Ints, Ints]:
    """Names, field and act of `n` procedures: the main acts of all fields come before the rarer ones."""
    things = [(p, thing) for p, cell in enumerate(facts("procedure_fields")["objects"]) for thing in cell.split("|")]
    if n < len(things):  # a few from all fields
        things = [things[place * len(things) // n] for place in range(n)]
    wanted = [(act, place, thing) for act in range(len(_ACTS)) for place, thing in things][:n]
    texts = [_ACTS[act].format(thing) for act, _, thing in wanted]
    names = [f"Thủ tục {text[0].lower()}{text[1:]}" for text in texts]
    return names, np.array([p for _, p, _ in wanted], np.int64), np.array([a for a, _, _ in wanted], np.int64)


def _departments(home: Places, bodies: Agencies, fields: pl.DataFrame, field: Ints) -> tuple[Ints, Ints]:
    row_of = bodies.row_of()
    own = np.array([row_of[f"{home.agency_prefix}.{number}"] for number in fields["department"]], np.int64)[field]
    heirs = np.array([row_of.get(heir, row) for row, heir in enumerate(bodies.frame["successors"])], np.int64)
    merged = bodies.ended[own] == MERGER - 1
    return own, np.where(merged, heirs[own], own)


def _announced(rng: np.random.Generator, department: Ints) -> Days:
    """First day in force: one of some twenty days on which the department announced its procedures."""
    dates = {int(row): np.sort(days_between(rng, "2009-08-01", "2025-01-31", 20)) for row in np.unique(department)}
    early = np.minimum((rng.random(len(department)) ** 2.2 * 20).astype(np.int64), 19)
    return np.array([dates[int(row)][place] for row, place in zip(department, early, strict=True)], "datetime64[D]")


def _versions(
    rng: np.random.Generator, department: Ints, heir: Ints, level: Ints, new_level: Ints, first: Days, last: Days
) -> pl.DataFrame:
    """Cut each life at the merger (when the department changes) and at the reform (when the district ends)."""
    rows = []
    for row in range(len(first)):
        cuts = [MERGER] * bool(department[row] != heir[row]) + [REFORM] * bool(level[row] == DISTRICT)
        end = last[row]
        starts = [first[row], *(cut for cut in cuts if first[row] < cut and not cut > end)]
        for place, start in enumerate(starts):
            final = place == len(starts) - 1
            rows.append((
                row, place + 1, start.item(), (end if final else starts[place + 1] - 1).item(),
                int(heir[row] if start >= MERGER else department[row]),
                int(new_level[row] if start >= REFORM else level[row]), final,
            ))  # fmt: skip
    frame = pl.DataFrame(rows, schema=_VERSION, orient="row")
    decisions = frame.select("department", "from").unique().sort("from", "department").with_row_index("number")
    spread = pl.Series("ahead", rng.integers(3, 20, decisions.height))
    decisions = decisions.with_columns(
        decided=pl.col("from") - pl.duration(days=pl.lit(spread)),
        decision=pl.format("{}/QĐ-UBND", 2302 + pl.col("number") * 3),
    )
    return frame.join(decisions.drop("number"), on=["department", "from"], how="left", maintain_order="left")
