"""Small checks of values, each with CKAN's words (CKAN 2.12, logic/validators.py).

A check takes a value and gives it back as it is kept, or raises Wrong. A field runs through several: they go on after
one that finds fault, so that everything is told at once, unless it says that nothing more can be told.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

Check = Callable[[Any], Any]
Errors = dict[str, Any]
MOST = 100
MISSING = "Missing value"
_NAME = re.compile(r"[a-z0-9_\-]*")
_TAG = re.compile(r"[\w \-.]*")
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*",
    re.IGNORECASE,
)
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{3}|\d{6}))?)?Z?)?", re.ASCII
)
_TRUE = frozenset({"true", "yes", "t", "y", "1"})


class Wrong(Exception):
    """A value that does not pass; `last`: the checks after this one say nothing."""

    def __init__(self, *messages: str, last: bool = False) -> None:
        super().__init__(*messages)
        self.messages = list(messages)
        self.last = last


def passed(value: Any, *checks: Check) -> tuple[Any, list[str]]:
    """The value after all checks, and what they found."""
    messages: list[str] = []
    for check in checks:
        try:
            value = check(value)
        except Wrong as wrong:
            messages += wrong.messages
            if wrong.last:
                break
    return value, messages


def is_missing(value: Any) -> bool:
    """Is there nothing to check?"""
    return value is None or value == ""


def given(value: Any) -> Any:
    """It must be there."""
    if is_missing(value):
        raise Wrong(MISSING, last=True)
    return value


def text(value: Any) -> str:
    """As a text; what is none becomes its JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def name(value: str) -> str:
    """A name for addresses."""
    if value in ("new", "edit", "search"):
        raise Wrong("That name cannot be used")
    if len(value) < 2:
        raise Wrong("Must be at least 2 characters long")
    if len(value) > MOST:
        raise Wrong(f"Name must be a maximum of {MOST} characters long")
    if not _NAME.fullmatch(value):
        raise Wrong("Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_")
    return value


def length(value: str) -> str:
    """The length of a dataset's name, told once more."""
    if len(value) < 2:
        raise Wrong(f'Name "{value}" length is less than minimum 2')
    if len(value) > MOST:
        raise Wrong(f'Name "{value}" length is more than maximum {MOST}')
    return value


def tag_length(value: str) -> str:
    """The length of a tag."""
    if len(value) < 2:
        raise Wrong(f'Tag "{value}" length is less than minimum 2')
    if len(value) > MOST:
        raise Wrong(f'Tag "{value}" length is more than maximum {MOST}')
    return value


def tag_letters(value: str) -> str:
    """Letters and digits of any script, spaces, hyphens, underscores and dots."""
    if not _TAG.fullmatch(value):
        allowed = 'alphanumeric characters, spaces (" "), hyphens ("-"), underscores ("_") or dots (".")'
        raise Wrong(f'Tag "{value}" can only contain {allowed}')
    return value


def email(value: str) -> str:
    """An e-mail address, or nothing."""
    value = value.strip()
    if value and not _EMAIL.fullmatch(value):
        raise Wrong(f"Email {value} is not a valid format")
    return value


def version(value: str) -> str:
    """A version is short."""
    if len(value) > MOST:
        raise Wrong(f"Version must be a maximum of {MOST} characters long")
    return value


def truth(value: Any) -> bool:
    """A truth, as text or JSON; what is none is false."""
    return value if isinstance(value, bool) else str(value).lower() in _TRUE


def integer(value: Any) -> int | None:
    """A whole number, also as text; an empty text is none."""
    if value is None or isinstance(value, str) and not value.strip():
        return None
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        raise Wrong("Invalid integer") from None
    if isinstance(value, float) and found != value or abs(found) >= 2**63:
        raise Wrong("Invalid integer")
    return found


def moment(value: Any) -> str | None:
    """A day or a moment without a zone, as CKAN writes it; an empty text is none."""
    if value is None or value == "":
        return None
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Wrong("Date format incorrect")
    *parts, fraction = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        return datetime(year, month, day, hour, minute, second, int((fraction or "").ljust(6, "0"))).isoformat()
    except ValueError:
        raise Wrong("Date format incorrect") from None


def uuid(value: str) -> str:
    """An id that a publisher chose."""
    try:
        if str(UUID(value)) != value.lower():
            raise ValueError
    except ValueError:
        raise Wrong("Invalid id provided") from None
    return value


def json_object(value: Any) -> Any:
    """An object, or nothing."""
    if not is_missing(value) and not isinstance(value, dict):
        raise Wrong("The value should be a valid JSON object")
    return value


def one_of(values: Iterable[str]) -> Check:
    """One of some texts."""
    known = list(values)

    def check(value: Any) -> Any:
        if value not in known:
            raise Wrong(f"Value must be one of {known}")
        return value

    return check


def unexpected(field: Any) -> str:
    """What is told of a field that must not be given."""
    return f"The input field {field} was not expected."
