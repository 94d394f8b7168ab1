"""What a checkpoint found, and the scores made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lienthong.kernel.clock import now
from lienthong.kernel.text import Bilingual

# An error breaks the use of the data, a warning lessens it.
WEIGHTS: Mapping[str, int] = {"error": 3, "warning": 1}


@dataclass(frozen=True)
class RuleResult:
    """One rule: did it hold, and which rows did not?

    `share` is the part of the judged rows that pass, 0 to 1. `query` is the SQL that finds the failing rows with their
    `_row`; None when nothing failed or the rule judges the whole. `error`: the rule itself could not be run.
    """

    id: str
    success: bool
    severity: str
    dimension: str
    title: Bilingual
    expectation: str
    fields: tuple[str, ...]
    on_failure: str
    playbook: str | None
    share: float
    observed: Any = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    samples: tuple[dict[str, Any], ...] = ()
    query: str | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For `platform.validation_result` and for people's programs."""
        return asdict(self) | {"title": self.title.model_dump()}


@dataclass(frozen=True)
class ValidationOutcome:
    """The result of a suite on a relation. `success`: no rule of severity error fails. Scores are 0 to 1."""

    dataset: str
    relation: str
    rows: int
    success: bool
    score: float
    dimensions: Mapping[str, float]
    results: tuple[RuleResult, ...]
    engine: str
    suite_hash: str
    seconds: float
    run_id: UUID | None = None
    at: datetime = field(default_factory=now)

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        """The rules that do not hold, errors first."""
        found = [result for result in self.results if not result.success]
        return tuple(sorted(found, key=lambda r: -WEIGHTS[r.severity]))

    @property
    def blocking(self) -> tuple[RuleResult, ...]:
        """The failed errors whose rows do not go to quarantine: no further run will pass without better data."""
        return tuple(r for r in self.failed if r.severity == "error" and r.on_failure != "quarantine")

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "dataset": self.dataset,
            "relation": self.relation,
            "rows": self.rows,
            "success": self.success,
            "score": self.score,
            "dimensions": dict(self.dimensions),
            "engine": self.engine,
            "suite_hash": self.suite_hash,
            "seconds": self.seconds,
            "run_id": str(self.run_id) if self.run_id else None,
            "at": self.at.isoformat(),
            "results": [result.as_json() for result in self.results],
        }


def dimension_scores(results: Iterable[Mapping[str, Any] | RuleResult]) -> dict[str, float]:
    """Dimension -> weighted share of passing rows, of results or of their stored JSON."""
    sums: dict[str, list[float]] = {}
    for result in results:
        given = result.as_json() if isinstance(result, RuleResult) else result
        weight = WEIGHTS[given["severity"]]
        total = sums.setdefault(given["dimension"], [0.0, 0.0])
        total[0] += weight * given["share"]
        total[1] += weight
    return {name: round(passed / weights, 4) for name, (passed, weights) in sorted(sums.items())}


def total_score(dimensions: Mapping[str, float]) -> float:
    """The mean of the dimensions that are judged at all; 1 when none is."""
    return round(sum(dimensions.values()) / len(dimensions), 4) if dimensions else 1.0
