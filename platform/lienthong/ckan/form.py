"""The parameters of a writing action about people, checked one by one; every error is told at once, in CKAN's words."""

import json
from typing import Any
from uuid import UUID

from lienthong.ckan import checks
from lienthong.ckan.checks import Check, Wrong, is_missing, passed
from lienthong.ckan.errors import Refusal, invalid
from lienthong.ckan.parameters import Params, flag

_LONGEST = 100_000


class Form:
    """Collects what is wrong; `done` raises it all."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.errors: dict[str, Any] = {}

    def has(self, name: str) -> bool:
        """Was it sent with a value?"""
        return not is_missing(self.params.get(name))

    def fail(self, name: str, *messages: str) -> None:
        """Something is wrong with a parameter."""
        self.errors.setdefault(name, []).extend(messages)

    def need(self, *names: str) -> None:
        """These must be there."""
        for name in names:
            if not self.has(name):
                self.fail(name, checks.MISSING)

    def text(self, name: str, *further: Check) -> str:
        """A text after its checks; absent is empty."""
        if not self.has(name):
            return ""
        value, wrong = passed(self.params[name], checks.text, _sound, *further)
        self.fail(name, *wrong) if wrong else None
        return str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth."""
        return flag(self.params, name, default)

    def dicts(self, name: str) -> list[dict[str, Any]] | None:
        """A list of objects, None when it was not sent. Raises Refusal (400) for anything else."""
        value = self.params.get(name)
        if is_missing(value):
            return None
        parts: list[Any] = value if isinstance(value, list) else [value]
        wrong = [part for part in parts if not isinstance(part, dict)]
        if wrong or parts is not value:
            kind = type((wrong or parts)[0])
            message = f"Only lists of dicts can be placed against subschema ('{name}',), not {kind}"
            raise Refusal(400, {"__type": "Integrity Error", "message": message, "data": self.params})
        if "\\u0000" in json.dumps(value):
            raise invalid(name, "Null characters are not allowed")
        return list(parts)

    def done(self) -> None:
        """Raises Refusal (409) when something is wrong."""
        if self.errors:
            raise Refusal(409, {**self.errors, "__type": "Validation Error"})


def told(message: str) -> Refusal:
    """A refusal (409) of the whole request."""
    return Refusal(409, {"message": message, "__type": "Validation Error"})


# --- checks ----------------------------------------------------------------------------------------------------------


def _sound(value: str) -> str:
    if "\0" in value:
        raise Wrong("Null characters are not allowed", last=True)
    if len(value) > _LONGEST:
        raise Wrong(f"Must be a maximum of {_LONGEST} characters long", last=True)
    return value


def uuid(value: str) -> str:
    """An id that a client has made."""
    try:
        return str(UUID(value))
    except ValueError:
        raise Wrong("Invalid id provided") from None


def password(value: str) -> str:
    """A password that is long enough."""
    if len(value) < 8:
        raise Wrong("Your password must be 8 characters or longer")
    return value


def about(value: str) -> str:
    """What users tell of themselves, without links."""
    if "http://" in value or "https://" in value:
        raise Wrong("Edit not allowed as it looks like spam. Please avoid links in your description.")
    return value
