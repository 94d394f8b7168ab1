"""Parameters of definitions and the ends of periods."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any


def parameters(day: date, province: str) -> dict[str, str]:
    """What `{names}` in a definition stand for."""
    return {
        "date": day.isoformat(),
        "year": f"{day.year}",
        "month": f"{day:%Y-%m}",
        "year_start": f"{day.year}-01-01",
        "province": province,
    }


def filled(given: Any, values: dict[str, str]) -> Any:
    """A condition with its parameters filled in, at every depth."""
    if isinstance(given, str):
        for name, value in values.items():
            given = given.replace("{" + name + "}", value)
        return given
    if isinstance(given, dict):
        return {name: filled(value, values) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(value, values) for value in given]
    return given


def ends(day: date, over: str, last: int) -> list[date]:
    """The last days of the `last` years or months up to `day`, which ends the last one; oldest first."""
    found = [day]
    while len(found) < last:
        start = found[-1].replace(day=1) if over == "month" else found[-1].replace(month=1, day=1)
        found.append(start - timedelta(days=1))
    return found[::-1]


def month_end(text: str) -> date:
    """The last day of a month written YYYY-MM."""
    year, month = map(int, text.split("-"))
    return date(year, month, monthrange(year, month)[1])
