"""The date that a query asks about, as people write it."""

from datetime import date, datetime

from lienthong.contract.types import TYPES, ParseError
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both


def as_of(given: str | None) -> date | datetime | None:
    """A day, or a moment with its zone. Raises QueryInvalid."""
    if given is None:
        return None
    try:
        found: date | datetime = TYPES["date" if len(given) <= 10 else "datetime"].parse(given, {})
    except ParseError as error:
        raise QueryInvalid(error.reason, place="as_of") from error
    if not 1900 <= found.year <= 2999:
        raise QueryInvalid(both("Năm phải từ 1900 đến 2999", "The year must be 1900 to 2999"), place="as_of")
    return found
