"""Are requests answered in time? (NĐ 47/2020 Điều 35.3, NĐ 194/2025; indicator I22)"""

from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.governance.agreements.states import OPEN
from lienthong.governance.agreements.tables import Agreement
from lienthong.kernel.clock import VIETNAM, today


@dataclass(frozen=True)
class Timeliness:
    """How requests were answered: how many, in time, still waiting, waiting past their day."""

    answered: int
    in_time: int
    waiting: int
    overdue: int

    @property
    def share(self) -> float | None:
        """The share answered in time, 0 to 1; None when nothing was answered yet."""
        return self.in_time / self.answered if self.answered else None


def overdue(row: Agreement) -> bool:
    """Is it waiting for an answer although its day has passed?"""
    return row.state in OPEN and row.answer_due is not None and today() > row.answer_due


def in_time(row: Agreement) -> bool | None:
    """Was it answered in time? None when it was not answered, or had no day."""
    if row.answered_at is None or row.answer_due is None:
        return None
    return row.answered_at.astimezone(VIETNAM).date() <= row.answer_due


def timeliness(rows: Sequence[Agreement]) -> Timeliness:
    """The indicator of these agreements (CON-03)."""
    answers = [answer for row in rows if (answer := in_time(row)) is not None]
    waiting = [row for row in rows if row.state in OPEN]
    return Timeliness(len(answers), sum(answers), len(waiting), sum(map(overdue, waiting)))
