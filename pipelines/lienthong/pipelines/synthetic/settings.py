"""What is asked of the generator and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

TODAY = date(2026, 10, 31)
"""The day all sources are delivered. Fixed: the same order gives the same bytes on every day."""

LAST_DAY = np.datetime64(TODAY, "D")
NOW = np.datetime64("2026-10-31T17:00:00")
REFORM = np.datetime64("2025-07-01")
"""First day of the two-level local government (72/2025/QH15)."""

Progress = Callable[[str, int, int], None]
"""Called with the source system, rows written and rows expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """An order for one province.

    `province` is the code of today (two digits), `scale` multiplies every size (1 = a province the size of
    Lạng Sơn), `cases` is the number of one-stop cases (None: 100,000 x scale), `defects` multiplies the rates
    of defects (0 = clean files), `only` names the source systems to write (none: all; the one-stop desk needs the
    businesses that apply, and brings their register along).
    """

    out: Path
    province: str = "20"
    scale: float = 1.0
    seed: int = 20261031
    cases: int | None = None
    defects: float = 1.0
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise Invalid(both(f"phải lớn hơn 0: {self.scale}", f"must be greater than 0: {self.scale}"), place="scale")
        if self.cases is not None and self.cases < 0:
            raise Invalid(both(f"không được âm: {self.cases}", f"cannot be negative: {self.cases}"), place="cases")

    def size(self, at_scale_one: int) -> int:
        """A size at this scale, at least 1."""
        return max(1, round(at_scale_one * self.scale))

    @property
    def case_count(self) -> int:
        """How many one-stop cases to make."""
        return self.size(100_000) if self.cases is None else self.cases


@dataclass(slots=True)
class Summary:
    """What was written: rows per file (relative path), defects per kind, seconds per source system."""

    province: str
    files: dict[str, int] = field(default_factory=dict)
    defects: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows written, defects and repeats included."""
        return sum(self.files.values())
