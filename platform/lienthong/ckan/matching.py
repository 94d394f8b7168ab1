"""How an entry fits one part of a search text. A `Match` gives its score, 0 when it does not fit."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher

from lienthong.ckan.errors import Refusal, search_error
from lienthong.ckan.index import Entry
from lienthong.ckan.words import occurs, words
from lienthong.kernel.clock import now
from lienthong.kernel.text import fold

Match = Callable[[Entry], float]
WEIGHTS = {"title": 4.0, "text": 1.0}  # CKAN: qf = name^4 title^4 tags^2 groups^2 text
DATES = frozenset({"metadata_created", "metadata_modified"})
_SUFFIX = re.compile(r"(?<!\\)(~[\d.]*)?(\^[\d.]+)?$")
_MOMENT = re.compile(r"(NOW|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z?)?)((?:[+-]\d{1,6}[A-Z]+|/[A-Z]+)*)$")
_UNITS = {"YEAR": 365 * 86400, "MONTH": 30 * 86400, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def everything(_: Entry) -> float:
    """`*:*`"""
    return 1.0


def nothing(_: Entry) -> float:
    """What no entry fits."""
    return 0.0


def both(parts: list[Match]) -> Match:
    """All parts; the scores are added."""
    if len(parts) == 1:
        return parts[0]

    def match(entry: Entry) -> float:
        scores = [part(entry) for part in parts]
        return sum(scores, 0.0) if all(scores) else 0.0

    return match


def either(parts: list[Match]) -> Match:
    """At least one part."""
    return parts[0] if len(parts) == 1 else lambda entry: sum((part(entry) for part in parts), 0.0)


def negated(part: Match) -> Match:
    """Not the part."""
    return lambda entry: 0.0 if part(entry) else 1.0


def unescaped(text: str) -> str:
    """The text without Lucene's backslashes."""
    return re.sub(r"\\(.)", r"\1", text)


def term(field: str, raw: str) -> Match:
    suffix = _SUFFIX.search(raw)
    body = raw[: suffix.start()] or raw if suffix else raw
    if field == "*":
        return everything if body == "*" else nothing
    if body == "*":
        return lambda entry: 1.0 if entry.exact.get(field) or entry.text.get(field) else 0.0
    if suffix and suffix[1] is not None:
        return _alike(field, unescaped(body))
    if re.search(r"(?<!\\)[*?]", body):
        return _pattern(field, body)
    return phrase(field, unescaped(body))


def phrase(field: str, given: str) -> Match:
    """Word by word in a text field, as it stands in any other."""
    wanted = words(given)

    def match(entry: Entry) -> float:
        text = entry.text.get(field)
        if text is not None:
            return WEIGHTS.get(field, 1.0) if wanted and occurs(wanted, text) else 0.0
        return 1.0 if given in entry.exact.get(field, ()) else 0.0

    return match


def _pattern(field: str, raw: str) -> Match:
    """`*` and `?`. A text field is compared without tone marks."""
    parts = re.split(r"((?<!\\)[*?])", raw)

    def compiled(made_plain: Callable[[str], str]) -> re.Pattern[str]:
        # A run of stars is one star: patterns are people's texts and must not take long.
        wild = {"*": ".*", "?": "."}
        made = "".join(wild.get(part, re.escape(made_plain(unescaped(part)))) for part in parts)
        return re.compile(re.sub(r"(?:\.\*)+", ".*", made))

    if raw.count("*") > 5:
        raise search_error(f"Too many wildcards: {raw}")
    exact, folded = compiled(str), compiled(fold)

    def match(entry: Entry) -> float:
        text = entry.text.get(field)
        if text is not None:
            return float(any(folded.fullmatch(word) for word in set(text.split())))
        return float(any(exact.fullmatch(value) for value in entry.exact.get(field, ())))

    return match


def _alike(field: str, given: str) -> Match:
    """`word~`: nearly the same."""
    wanted = "".join(words(given))

    def near(word: str) -> bool:
        return abs(len(word) - len(wanted)) <= 2 and SequenceMatcher(None, word, wanted).ratio() >= 0.75

    def match(entry: Entry) -> float:
        text = entry.text.get(field) or " ".join(entry.exact.get(field, ()))
        return float(any(near(word) for word in set(text.split())))

    return match


def between(field: str, raw: str, unreadable: Refusal) -> Match:
    """`[a TO b]`, `{a TO b}`; dates as moments, the rest as texts."""
    low, to, high = raw[1:-1].strip().partition(" TO ")
    if not to:
        raise unreadable
    read: Callable[[str], str] = _moment if field in DATES else lambda text: text.strip('"')
    first, last = (None if end.strip() == "*" else read(end.strip()) for end in (low, high))
    with_first, with_last = raw[0] == "[", raw[-1] == "]"

    def within(value: str) -> bool:
        above = first is None or value > first or (with_first and value == first)
        below = last is None or value < last or (with_last and value == last)
        return above and below

    return lambda entry: float(any(within(value) for value in entry.exact.get(field, ())))


def _moment(text: str) -> str:
    """A moment of Solr (`NOW-1DAY/DAY`, ISO 8601) as CKAN writes moments, so that texts compare."""
    found = _MOMENT.match(unescaped(text))
    if not found:
        raise search_error(f"Invalid Date String: '{text}'")
    try:
        moment = now() if found[1] == "NOW" else datetime.fromisoformat(found[1].replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        for step in re.findall(r"[+-]\d+[A-Z]+|/[A-Z]+", found[2]):
            moment = _moved(moment, step)
    except (ValueError, OverflowError, KeyError) as error:
        raise search_error(f"Invalid Date String: '{text}'") from error
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _moved(moment: datetime, step: str) -> datetime:
    if step[0] == "/":
        kept = list(_UNITS).index(step[1:].removesuffix("S")) + 1
        year, month, day, hour, minute, second = [*moment.timetuple()[:kept], *(1, 1, 1, 0, 0, 0)[kept:]]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    amount, unit = re.fullmatch(r"([+-]\d+)([A-Z]+)", step).groups()  # type: ignore[union-attr]  # the caller split it so
    return moment + timedelta(seconds=int(amount) * _UNITS[unit.removesuffix("S")])
