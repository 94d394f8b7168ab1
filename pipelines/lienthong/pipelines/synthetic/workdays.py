"""The calendar of the agencies: working days with Tết, public holidays and swapped Saturdays, 2023 to 2026."""

import numpy as np
from numpy.typing import NDArray

from .draw import Days, Ints

_FIRST, _LAST = np.datetime64("2022-12-01"), np.datetime64("2027-12-31")
_HOLIDAYS = {  # first day off, last day off
    "2023-01-02": "2023-01-02", "2023-01-20": "2023-01-26", "2023-05-01": "2023-05-03", "2023-09-01": "2023-09-04",
    "2024-01-01": "2024-01-01", "2024-02-08": "2024-02-14", "2024-04-18": "2024-04-18", "2024-04-29": "2024-05-01",
    "2024-09-02": "2024-09-03", "2025-01-01": "2025-01-01", "2025-01-25": "2025-02-02", "2025-04-07": "2025-04-07",
    "2025-04-30": "2025-05-04", "2025-09-01": "2025-09-02", "2026-01-01": "2026-01-02", "2026-02-14": "2026-02-22",
    "2026-04-27": "2026-04-27", "2026-04-30": "2026-05-01", "2026-08-31": "2026-09-02",
}  # fmt: skip
_SWAPPED = ["2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"]


def _working_days() -> Days:
    days = np.arange(_FIRST, _LAST + 1)
    off = np.concatenate([np.arange(np.datetime64(a), np.datetime64(b) + 1) for a, b in _HOLIDAYS.items()])
    works = np.is_busday(days) & ~np.isin(days, off)
    return np.asarray(days[works | np.isin(days, np.array(_SWAPPED, "datetime64[D]"))])


WORKDAYS: Days = _working_days()


def position(days: NDArray[np.datetime64]) -> Ints:
    """Place of the first working day on or after each day."""
    return np.searchsorted(WORKDAYS, days.astype("datetime64[D]")).astype(np.int64)


def after(place: Ints, working_days: Ints) -> Days:
    """The working day so many working days after the place."""
    return np.asarray(WORKDAYS[np.minimum(place + working_days, len(WORKDAYS) - 1)])
