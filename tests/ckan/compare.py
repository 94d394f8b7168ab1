"""A recorded answer and ours, side by side: what is the same once ids, moments, tokens and addresses have no value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["status", "type", "shape", "value", "order"]
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+|<jwt>|<secret>|\(secret\)")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{42,60}")
_SITE = re.compile(r"https?://(?:127\.0\.0\.1|localhost)(?::\d+)?")
# Sizes of tables and the like: of the machine, not of the interface.
MEASURED = frozenset({"size", "db_size", "idx_size", "oid", "ms"})
OWN = frozenset({"text/html", "application/json", "application/atom+xml"})
MEASURED_IN = frozenset({"meta", "records"})


@dataclass(frozen=True)
class Difference:
    """One place in an answer where ours is another one."""

    kind: Kind
    place: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.kind:6} {self.place}: {_short(self.recorded)} became {_short(self.ours)}"


@dataclass(frozen=True)
class Answer:
    """An answer as it is compared. `json` is None when the body is text."""

    status: int
    media_type: str
    json: Any
    text: str


class Normal:
    """Takes away what no two runs have in common."""

    def __init__(self, days: set[str], secrets: dict[str, str]) -> None:
        self._days = days
        self._secrets = secrets

    def text(self, given: str) -> str:
        """A text without ids, moments of this run, tokens and the site's address."""
        for secret in self._secrets.values():
            given = given.replace(secret, "<token>")
        if given.startswith("{{token."):
            return "<token>"
        given = _ID.sub("<id>", _TOKEN.sub("<token>", _SITE.sub("<site>", given)))
        given = _DAY.sub(lambda m: "<moment>" if m[1] in self._days else m[0], given)
        return "<token>" if _OPAQUE.fullmatch(given) else given

    def value(self, given: Any, within: str = "") -> Any:
        """A JSON value likewise."""
        if isinstance(given, str):
            return self.text(given)
        if isinstance(given, list):
            return [self.value(part, within) for part in given]
        if isinstance(given, dict):
            return {self.text(key): self._member(key, part, within) for key, part in given.items()}
        return given

    def _member(self, key: str, part: Any, within: str) -> Any:
        measured = key in MEASURED and within in MEASURED_IN and isinstance(part, int)
        return "<measured>" if measured else self.value(part, key)


def compare(recorded: Answer, ours: Answer) -> list[Difference]:
    """Every place where they differ; both are normal already."""
    found: list[Difference] = []
    if recorded.status != ours.status:
        found.append(Difference("status", "$status", recorded.status, ours.status))
    if recorded.json is None or ours.json is None:
        return found + list(_texts(recorded, ours))
    return found + list(_values(recorded.json, ours.json, "$"))


def _texts(recorded: Answer, ours: Answer) -> Iterator[Difference]:
    """Pages and feeds are our own: only what they are is compared; files are compared as texts."""
    if recorded.status != 200:
        return
    if recorded.media_type in OWN:
        if recorded.media_type != ours.media_type:
            yield Difference("type", "$type", recorded.media_type, ours.media_type)
    elif recorded.text != ours.text[: len(recorded.text)]:
        yield Difference("value", "$text", recorded.text, ours.text)


def _values(recorded: Any, ours: Any, place: str) -> Iterator[Difference]:
    if _type(recorded) != _type(ours):
        yield Difference("shape", place, recorded, ours)
    elif isinstance(recorded, dict):
        for name in sorted(recorded.keys() - ours.keys()):
            yield Difference("shape", f"{place}.{name}", recorded[name], "(missing)")
        for name in sorted(ours.keys() - recorded.keys()):
            yield Difference("shape", f"{place}.{name}", "(missing)", ours[name])
        for name in sorted(recorded.keys() & ours.keys()):
            yield from _values(recorded[name], ours[name], f"{place}.{name}")
    elif isinstance(recorded, list):
        yield from _lists(recorded, ours, place)
    elif recorded != ours:
        yield Difference("value", place, recorded, ours)


def _lists(recorded: list[Any], ours: list[Any], place: str) -> Iterator[Difference]:
    if recorded == ours:
        return
    if sorted(map(repr, map(_sorted, recorded))) == sorted(map(repr, map(_sorted, ours))):
        yield Difference("order", place, [_name(v) for v in recorded], [_name(v) for v in ours])
        return
    if len(recorded) != len(ours):
        yield Difference("value", f"{place}.length", [_name(v) for v in recorded], [_name(v) for v in ours])
        return
    for n, (was, now) in enumerate(zip(recorded, ours, strict=True)):
        yield from _values(was, now, f"{place}[{n}]")


def _sorted(value: Any) -> Any:
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _name(value: Any) -> Any:
    """What tells a member of a list best."""
    if isinstance(value, dict):
        return next((value[key] for key in ("name", "id", "key", "activity_type") if key in value), value)
    return value


def _type(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 220 else text[:217] + "..."
