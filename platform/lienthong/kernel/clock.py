"""Time, in one place: what is recorded is UTC, what people see is the time of Việt Nam (+07:00)."""

from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "+07")


def now() -> datetime:
    """This moment, with its zone."""
    return datetime.now(UTC)


def today() -> date:
    """Today in Việt Nam."""
    return now().astimezone(VIETNAM).date()
