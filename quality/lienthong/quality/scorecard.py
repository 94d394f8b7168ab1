"""The quality of a dataset at a glance: the last score by dimension, and how it came there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from lienthong.quality.outcome import dimension_scores

_LAST = (
    "select at, success, score, results from platform.validation_result where dataset = %s order by at desc limit %s"
)


@dataclass(frozen=True)
class Point:
    """One validation: when, whether the gate was open, and the scores (0 to 1)."""

    at: datetime
    success: bool
    score: float
    dimensions: dict[str, float]


@dataclass(frozen=True)
class Scorecard:
    """The last validation, those before it (oldest first), and the rules that fail now, worst first."""

    dataset: str
    trend: tuple[Point, ...]
    failing: tuple[dict[str, Any], ...]

    @property
    def latest(self) -> Point:
        """The last validation."""
        return self.trend[-1]

    @property
    def change(self) -> float:
        """How much the score rose since the validation before; 0 for the first one."""
        return round(self.latest.score - self.trend[-2].score, 4) if len(self.trend) > 1 else 0.0


def scorecard(connection: Connection, dataset: str, limit: int = 30) -> Scorecard | None:
    """The scorecard of a dataset from its last `limit` validations; None when there is none."""
    rows = connection.execute(_LAST, (dataset, limit)).fetchall()
    if not rows:
        return None
    trend = tuple(Point(at, success, score, dimension_scores(results)) for at, success, score, results in rows[::-1])
    failing = sorted((r for r in rows[0][3] if not r["success"]), key=lambda r: (r["severity"], r["share"]))
    return Scorecard(dataset, trend, tuple(failing))
