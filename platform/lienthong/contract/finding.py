"""What is found in a definition: a place, what is wrong, what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both


@dataclass(frozen=True)
class Finding:
    """One error or warning at `place` (file:line)."""

    severity: Literal["error", "warning"]
    place: str
    detail: Bilingual
    fix: Bilingual

    def as_json(self) -> dict[str, Any]:
        """For machines, and for `Invalid.extra`."""
        return {
            "level": self.severity,
            "place": self.place,
            "detail": self.detail.model_dump(),
            "fix": self.fix.model_dump(),
        }

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.detail.en} → {self.fix.en}"


def nearest(name: str, names: Iterable[str]) -> Bilingual:
    """A hint: the nearest right name, or all of them when none is near."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return both(f"có phải '{close[0]}'?", f"did you mean '{close[0]}'?")
    listed = ", ".join(known[:40]) or "-"
    return both(f"một trong: {listed}", f"one of: {listed}")


def refuse_errors(findings: Iterable[Finding]) -> None:
    """Raise one Invalid that tells all errors of `findings`; warnings pass."""
    errors = [f for f in findings if f.severity == "error"]
    if not errors:
        return
    first = errors[0]
    more_vi = f" (và {len(errors) - 1} lỗi khác)" if len(errors) > 1 else ""
    more_en = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise Invalid(
        both(first.detail.vi + more_vi, first.detail.en + more_en),
        place=first.place,
        fix=first.fix,
        errors=[e.as_json() for e in errors],
    )
