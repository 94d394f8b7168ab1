"""Working days and dated time limits. Both are data (datasets/_vocab), so that the law can change and the code stays.

A time limit begins on the day after (Bộ luật Dân sự 2015 Điều 147): a request of Monday that is answered within
two working days is answered by Wednesday.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from lienthong.contract.registry import Registry
from lienthong.contract.vocabulary import Vocabulary, read_vocabulary
from lienthong.kernel.content import content
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

CALENDAR, RULES, PROVISIONAL = "working_calendar", "sharing_rule", "provisional"
_DAY = timedelta(days=1)


def code_list(registry: Registry, name: str) -> Vocabulary:
    """The code list of this installation, or the one that is shipped."""
    return registry.vocabularies.get(name) or _shipped(name)


@cache
def _shipped(name: str) -> Vocabulary:
    found, _ = read_vocabulary(content("datasets") / "_vocab" / f"{name}.yaml")
    assert found, name
    return found


@dataclass(frozen=True)
class Calendar:
    """The days off besides Saturdays and Sundays, and the Saturdays that are worked."""

    off: frozenset[date]
    worked: frozenset[date]

    def works(self, day: date) -> bool:
        """Is `day` a working day?"""
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself does not count."""
        for _ in range(count):
            day += _DAY
            while not self.works(day):
                day += _DAY
        return day


def calendar(registry: Registry) -> Calendar:
    """The calendar in force. Years that it does not hold have Saturdays and Sundays off only."""
    codes = code_list(registry, CALENDAR).codes
    runs = {kind: frozenset(day for c in codes if c.parent == kind for day in _run(c.valid_from, c.valid_to))
            for kind in ("off", "work")}  # fmt: skip
    return Calendar(runs["off"], runs["work"])


def doubt(registry: Registry, day: date | None) -> Bilingual | None:
    """Why the last day of a time limit may still move: the days off of its year are provisional, or not known."""
    codes = code_list(registry, CALENDAR).codes
    if day is None:
        return None
    if found := next((c for c in codes if c.parent == PROVISIONAL and c.in_force(day)), None):
        return found.title
    if day.year in {c.valid_from.year for c in codes if c.valid_from}:
        return None
    return both(f"chưa có lịch nghỉ năm {day.year}", f"the days off of {day.year} are not known yet")


def _run(first: date | None, last: date | None) -> Iterator[date]:
    day = first
    while day and last and day <= last:
        yield day
        day += _DAY


def working_days(registry: Registry, rule: str, day: date) -> int:
    """How many working days the time limit `rule` gives on `day`. Raises Invalid when no rule was in force."""
    for code in code_list(registry, RULES).codes:
        if code.parent == rule and code.in_force(day) and code.value:
            return int(code.value)
    raise Invalid(
        both(f"Không có quy định '{rule}' vào ngày {day}", f"There is no rule '{rule}' on {day}"),
        place=f"_vocab/{RULES}.yaml",
    )


def due(registry: Registry, rule: str, day: date) -> date:
    """The last day of the time limit `rule` that begins with an event on `day`."""
    return calendar(registry).after(day, working_days(registry, rule, day))
