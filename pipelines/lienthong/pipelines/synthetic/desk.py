"""Cases of the one-stop desk: who asked for what, where, when, and how it went (life cycle as in OpenCPS).

A case is late when its result came after the due time in force (the new one after a supplement or an extension),
early when
it came on an earlier day, on time otherwise; open cases are overdue or not yet due on `NOW`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .draw import Days, Ints, choose
from .places import Places, weights_of_old
from .procedure_base import COMMUNE, DISTRICT, PROVINCE, REFORM, ProcedureBase
from .settings import NOW
from .workdays import WORKDAYS, position

Times = NDArray[np.datetime64]
"""datetime64[s]; NaT means it has not happened."""

NEW, RECEIVING, WAITING, PROCESSING, INTEROPERATING, PAUSING, RELEASING = range(7)
POSTING, DONE, UNRESOLVED, DENIED, CANCELLING, CANCELLED, CORRECTING = range(7, 14)
STATUSES = [
    "new", "receiving", "waiting", "processing", "interoperating", "pausing", "releasing", "posting", "done",
    "unresolved", "denied",
    "cancelling", "cancelled", "correcting",
]  # fmt: skip
CLASSES = ["", "betimes", "ontime", "overtime", "undue", "overdue", "pausing"]
NO_CLASS, EARLY, ON_TIME, LATE, UNDUE, OVERDUE, PAUSED = range(7)
IN_PERSON, ONLINE, POSTAL = range(3)
NAT = np.datetime64("NaT", "s")
_FIRST, _LAST = np.datetime64("2023-01-03"), np.datetime64("2026-10-30")
_SEASON = np.array([0.8, 0.65, 1.05, 1.0, 1.0, 1.05, 1.1, 1.15, 1.05, 1.05, 1.05, 1.15])
_WEEK = np.array([1.25, 1.05, 1.0, 0.98, 0.9, 0.4, 0.3])


@dataclass(frozen=True, slots=True)
class Cases:
    """Columns of the cases of a lot, in order of receipt.

    `case` is a row of the procedures, `body` one of the agencies, `place` and `body_place` are rows of the old
    communes (where the applicant lives, where the desk is).
    """

    case: Ints
    day: Days
    body: Ints
    level: Ints
    place: Ints
    body_place: Ints
    channel: Ints
    submitted: Times
    received: Times
    due: Times
    extended: Times
    released: Times
    finished: Times
    cancelled: Times
    apology: Times
    status: Ints
    on_time: Ints
    supplements: Ints
    reschedules: Ints
    worked: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.case)


def days_of(rng: np.random.Generator, n: int) -> tuple[Days, Ints]:
    """The working days and how many of `n` cases come in on each: seasons, weekdays, growth."""
    days = WORKDAYS[(WORKDAYS >= _FIRST) & (WORKDAYS <= _LAST)]
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (days.astype(np.int64) + 3) % 7
    growth = 1 + 0.12 * (days - _FIRST).astype(np.int64) / 365
    weight = _SEASON[month] * _WEEK[weekday] * growth * rng.lognormal(0, 0.12, len(days))
    return days, rng.multinomial(n, weight / weight.sum()).astype(np.int64)


def lots(days: Days, counts: Ints, most: int) -> Iterator[tuple[int, int, slice]]:
    """Year, part of the year and range of days, so that a lot has about `most` cases and lies in one year."""
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    for year in np.unique(years):
        members = np.flatnonzero(years == year)
        part = np.cumsum(counts[members]) // most
        for number in np.unique(part):
            inside = members[part == number]
            if not counts[inside].sum():
                continue
            yield int(year), int(number), slice(int(inside[0]), int(inside[-1]) + 1)


@dataclass(frozen=True, slots=True)
class Desks:
    """Rows of the agencies behind each place: old commune, its district, new commune."""

    old_commune: Ints
    district: Ints
    new_commune: Ints


def cases(rng: np.random.Generator, home: Places, base: ProcedureBase, desks: Desks, days: Days, counts: Ints) -> Cases:
    """The cases that come in on the days."""
    n, day = int(counts.sum()), np.repeat(days, counts)
    case = np.concatenate([choose(rng, base.weight * base.in_force(d), c) for d, c in zip(days, counts, strict=True)])
    received = _received(rng, day)
    level = base.receiver(case, day)
    place = choose(rng, weights_of_old(home), n)
    body_place = np.where(rng.random(n) < 0.05, choose(rng, weights_of_old(home), n), place)
    local = np.where(day < REFORM, desks.old_commune[body_place], desks.new_commune[body_place])
    body = np.where(
        level == PROVINCE, base.owner(case, day), np.where(level == DISTRICT, desks.district[body_place], local)
    )
    channel = _channel(rng, base, case, day)
    supplements = np.where(rng.random(n) < 0.06, 1 + (rng.random(n) < 0.15), 0)
    reschedules = (rng.random(n) < 0.015).astype(np.int64)
    pause = np.where(supplements > 0, rng.integers(1, 8, n) * supplements, 0)
    grant = np.where(reschedules > 0, rng.integers(2, 8, n), 0)
    due, extended = _due(received, base.days[case], pause + grant)
    in_force = np.where(np.isnat(extended), due, extended)
    rushed = (level == COMMUNE) & (day >= REFORM) & (day < np.datetime64("2025-10-01"))
    speed = np.where(
        rng.random(n) < np.where(rushed, 0.075, 0.036), LATE, np.where(rng.random(n) < 0.64, EARLY, ON_TIME)
    )
    released = _released(rng, received, in_force, speed)
    outcome = _outcome(rng, n)
    finished = released + np.where(
        channel == ONLINE, rng.integers(5, 90, n) * 60, rng.integers(0, 6, n) * 86_400 + 1800
    )
    finished = np.where(outcome == DENIED, received + 900, finished)
    released = np.where(outcome == DENIED, finished, released)
    cancelled = np.where(outcome == CANCELLED, received + rng.integers(1, 5, n) * 86_400, NAT)
    released, finished = (np.where(outcome == CANCELLED, NAT, times) for times in (released, finished))
    status, on_time = _state(rng, outcome, channel, received, in_force, released, finished, cancelled, supplements)
    released, finished, cancelled = (np.where(times > NOW, NAT, times) for times in (released, finished, cancelled))
    sorry = ((on_time == LATE) | (on_time == OVERDUE)) & (rng.random(n) < 0.93)
    worked = position(released) - position(received) - pause
    part = (released - released.astype("datetime64[D]")).astype(np.int64) / 28_800
    worked_days = np.where(
        np.isnat(released), np.nan, np.maximum(np.round(worked + np.where(worked == 0, part % 0.9, 0), 1), 0.1)
    )
    submitted = received - np.where(channel == ONLINE, rng.integers(120, 50_000, n), rng.integers(60, 1800, n))
    return Cases(
        case, day, body, level, place, body_place, channel, submitted, received, due, extended, released, finished,
        cancelled,
        np.where(sorry, in_force - 43_200, NAT), status, on_time, supplements, reschedules, worked_days,
    )  # fmt: skip


def _received(rng: np.random.Generator, day: Days) -> Times:
    """Office hours: 7:30 to 11:30, 13:30 to 17:00, more in the morning; rising within the lot."""
    n = len(day)
    morning = rng.random(n) < 0.6
    second = np.where(morning, 27_000 + rng.random(n) * 14_400, 48_600 + rng.random(n) * 12_600).astype(np.int64)
    return np.sort(day.astype("datetime64[s]") + second)


def _channel(rng: np.random.Generator, base: ProcedureBase, case: Ints, day: Days) -> Ints:
    share = 0.30 + 0.52 * (day - _FIRST).astype(np.int64) / (_LAST - _FIRST).astype(np.int64)
    online = base.online[case] & (rng.random(len(case)) < share)
    postal = base.postal[case] & (rng.random(len(case)) < 0.03)
    return np.where(online, ONLINE, np.where(postal, POSTAL, IN_PERSON))


def _due(received: Times, promised: NDArray[np.float64], more: Ints) -> tuple[Times, Times]:
    """Due time: so many working days later at the same hour; promises of hours end with the day. And the new one."""
    day = received.astype("datetime64[D]")
    second = (received - day).astype(np.int64)
    place = position(day)
    hours = promised < 1
    ahead = np.where(hours, second > 46_800, np.ceil(promised)).astype(np.int64)
    at = np.where(hours, 61_200, second)
    due = WORKDAYS[place + ahead].astype("datetime64[s]") + at
    extended = WORKDAYS[np.minimum(place + ahead + more, len(WORKDAYS) - 1)].astype("datetime64[s]") + at
    return due, np.where(more > 0, extended, NAT)


def _released(rng: np.random.Generator, received: Times, due: Times, speed: Ints) -> Times:
    """When the result was there: on an earlier day, on the due day, or days after."""
    n = len(received)
    first, last = position(received), position(due)
    soon = first + np.floor((last - first) * rng.uniform(0.15, 0.98, n)).astype(np.int64)
    office = 28_800 + (rng.random(n) * 32_000).astype(np.int64)
    early = WORKDAYS[soon].astype("datetime64[s]") + office
    early = np.maximum(early, received + rng.integers(600, 5400, n))
    span = (due - np.maximum(due.astype("datetime64[D]").astype("datetime64[s]") + 27_000, received)).astype(np.int64)
    exact = due - np.floor(rng.random(n) * np.maximum(span, 1)).astype(np.int64)
    slow = WORKDAYS[np.minimum(last + rng.geometric(0.28, n), len(WORKDAYS) - 1)].astype("datetime64[s]") + office
    sameday = soon == last
    quick = np.where(sameday, np.minimum(early, exact), early)
    return np.where(speed == LATE, slow, np.where(speed == EARLY, quick, exact))


def _outcome(rng: np.random.Generator, n: int) -> Ints:
    return np.array([DONE, UNRESOLVED, DENIED, CANCELLED])[choose(rng, [0.965, 0.013, 0.012, 0.01], n)]


def _state(
    rng: np.random.Generator, outcome: Ints, channel: Ints, received: Times, due: Times, released: Times,
    finished: Times,
    cancelled: Times, supplements: Ints,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Status and on-time class as they are on `NOW`."""
    n = len(outcome)
    open_ = ((outcome != CANCELLED) & (released > NOW)) | (cancelled > NOW)
    waiting = ~open_ & (finished > NOW)
    working = np.array([PROCESSING, INTEROPERATING, PAUSING, CANCELLING])[choose(rng, [0.86, 0.09, 0.04, 0.01], n)]
    working = np.where((supplements > 0) & (rng.random(n) < 0.5), WAITING, working)
    working = np.where(received > NOW - 7200 - 86_400, RECEIVING, working)
    status = np.where(open_, working, np.where(waiting, np.where(channel == POSTAL, POSTING, RELEASING), outcome))
    status = np.where((status == DONE) & (rng.random(n) < 0.0006), CORRECTING, status)
    same_day = released.astype("datetime64[D]") < due.astype("datetime64[D]")
    settled = np.where(released > due, LATE, np.where(same_day, EARLY, ON_TIME))
    pending = np.where(np.isin(working, [PAUSING, WAITING]), PAUSED, np.where(due < NOW, OVERDUE, UNDUE))
    on_time = np.where(open_, pending, settled)
    return status, np.where(np.isin(status, [DENIED, CANCELLED]), NO_CLASS, on_time)


def desk_rows(home: Places, row_of: dict[str, int]) -> Desks:
    """Where the cases of each old commune are handed in."""
    top = home.agency_prefix
    districts = {code: 30 + place for place, code in enumerate(home.districts["code"])}
    seen: dict[str, int] = {}
    old, district = [], []
    for code in home.old["district"]:
        seen[code] = seen.get(code, 0) + 1
        old.append(row_of[f"{top}.{districts[code]}.{seen[code]:02d}"])
        district.append(row_of[f"{top}.{districts[code]}"])
    new = [row_of[f"{top}.{101 + to}"] for to in home.old["to"]]
    return Desks(*(np.array(rows, np.int64) for rows in (old, district, new)))
