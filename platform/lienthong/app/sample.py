"""What the source systems of a province would deliver, generated."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lienthong.app.output import Progressed


def write_sample(
    out: Path, province: str, scale: float, cases: int | None, seed: int | None, progress: Progressed
) -> dict[str, Any]:
    """Generate into `out`; the summary: files, rows, seconds, defects. Raises Invalid for an impossible order."""
    from lienthong.pipelines.synthetic import Settings, generate

    order = Settings(out, province=province, scale=scale, cases=cases)
    if seed is not None:
        order = replace(order, seed=seed)
    return asdict(generate(order, progress=lambda source, rows, total: progress(source, rows, total, "")))
