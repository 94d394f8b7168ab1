"""Parts of a search: which datasets of an index fit one, and what that weighs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from lienthong.ckan.errors import Refusal, search_error
from lienthong.ckan.index import Index, is_worded
from lienthong.ckan.postings import documents
from lienthong.ckan.words import occurs, words
from lienthong.kernel.clock import now
from lienthong.kernel.text import fold

Weigh = Callable[[int], float]
DATES = frozenset({"metadata_created", "metadata_modified"})
SHORT = 5  # of so few letters only one may be another
_SUFFIX = re.compile(r"(?<!\\)(~[\d.]*)?(\^[\d.]+)?$")
_MOMENT = re.compile(r"(NOW|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z?)?)((?:[+-]\d{1,6}[A-Z]+|/[A-Z]+)*)$")
_STEP = re.compile(r"[+-]\d+[A-Z]+|/[A-Z]+")
_UNITS = {"YEAR": 365 * 86400, "MONTH": 30 * 86400, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


@dataclass(frozen=True, slots=True)
class Hits:
    """A set of datasets, and what makes up their weight: parts, each for some of them."""

    bits: int
    weights: tuple[tuple[int, Weigh], ...] = ()

    def weigh(self, number: int) -> float:
        """The weight of one of them."""
        return sum((weigh(number) for bits, weigh in self.weights if bits >> number & 1), 0.0)


Match = Callable[[Index], Hits]
Part = tuple[Match, bool]  # whether it must not fit


def everything(index: Index) -> Hits:
    """`*:*`"""
    return Hits(index.every)


def nothing(_: Index) -> Hits:
    """What no dataset fits."""
    return Hits(0)


def all_of(parts: list[Part]) -> Match:
    """Every part; the weights are added."""
    if len(parts) == 1 and not parts[0][1]:
        return parts[0][0]

    def match(index: Index) -> Hits:
        found = [(part(index), negative) for part, negative in parts]
        bits = reduce(lambda a, b: a & b, (hits.bits for hits, negative in found if not negative), index.every)
        return _without(bits, found)

    return match


def any_of(parts: list[Part]) -> Match:
    """At least one part, and none of those that must not fit; the weights are added."""

    def match(index: Index) -> Hits:
        found = [(part(index), negative) for part, negative in parts]
        some = [hits.bits for hits, negative in found if not negative]
        return _without(reduce(or_, some) if some else index.every, found)

    return match


def _without(bits: int, found: list[tuple[Hits, bool]]) -> Hits:
    for hits, negative in found:
        if negative:
            bits &= ~hits.bits
    # A part of a part weighs only where that part fits.
    weights = ((own & hits.bits, weigh) for hits, negative in found if not negative for own, weigh in hits.weights)
    return Hits(bits, tuple(weights))


def boosted(part: Match, factor: float) -> Match:
    """The part, weighing more."""

    def match(index: Index) -> Hits:
        found = part(index)
        return Hits(found.bits, tuple((bits, _times(weigh, factor)) for bits, weigh in found.weights))

    return match


def _times(weigh: Weigh, factor: float) -> Weigh:
    return lambda number: factor * weigh(number)


def one(_: int) -> float:
    """The weight of what fits or does not."""
    return 1.0


def _whole(bits: int) -> Hits:
    return Hits(bits, ((bits, one),))


def unescaped(text: str) -> str:
    """The text without Lucene's backslashes."""
    return re.sub(r"\\(.)", r"\1", text)


def term(field: str, raw: str) -> Match:
    """A word or value, with `*` and `?`, `~` and `^`."""
    suffix = _SUFFIX.search(raw)
    body = raw[: suffix.start()] or raw if suffix else raw
    boost = _factor(suffix[2]) if suffix and suffix[2] else 1.0
    distance = _distance(suffix[1]) if suffix and suffix[1] is not None else 0
    found = _plain_term(field, body, distance)
    return boosted(found, boost) if boost != 1.0 else found


def _factor(suffix: str) -> float:
    try:
        return float(suffix[1:])
    except ValueError as error:
        raise search_error(f"Invalid boost: {suffix}") from error


def _distance(suffix: str) -> int:
    """Of `~`, `~1` or Lucene's old `~0.7`."""
    return 1 if suffix == "~1" else 2


def _plain_term(field: str, body: str, distance: int) -> Match:
    if field == "*":
        return everything if body == "*" else nothing
    if body == "*":
        return lambda index: _whole(index.text(field).any() if is_worded(field) else index.exact(field).any())
    if distance:
        return _alike(field, unescaped(body), distance)
    if re.search(r"(?<!\\)[*?]", body):
        return _pattern(field, body)
    return phrase(field, unescaped(body))


def phrase(field: str, given: str) -> Match:
    """Word by word in a text field, as it stands in any other."""
    if is_worded(field):
        return worded(field, words(given))
    value = _moment(given) if is_date(field) else given
    return lambda index: _whole(index.exact(field).bits.get(value, 0))


def near_phrase(field: str, given: str) -> Match:
    """`"two words"~3`: all of them, wherever they stand."""
    return all_of([(phrase(field, word), False) for word in given.split() or [given]])


def worded(field: str, wanted: list[str]) -> Match:
    """The words in a row in a text field."""

    def match(index: Index) -> Hits:
        texts = index.text(field)
        if not wanted:
            return Hits(0)
        bits = reduce(lambda a, b: a & b, (texts.bits(word) for word in wanted))
        if len(wanted) > 1:
            bits = sum(1 << n for n in documents(bits) if occurs(wanted, index.held(n, field)))
        tables = [texts.weights(word) for word in wanted]

        def weigh(number: int) -> float:
            return sum(table[number] for table in tables)

        return Hits(bits, ((bits, tables[0].__getitem__ if len(tables) == 1 else weigh),)) if bits else Hits(0)

    return match


def _pattern(field: str, raw: str) -> Match:
    """`*` and `?`. A text field is compared without tone marks."""
    plain = fold if is_worded(field) else str
    parts = [_part(part, plain) for part in re.split(r"(?<!\\)\*", raw)]
    return lambda index: _whole(_any_of(index, field, lambda word: _fits(word, parts)))


def _part(raw: str, plain: Callable[[str], str]) -> re.Pattern[str]:
    letters = re.split(r"((?<!\\)\?)", raw)
    return re.compile("".join("." if x == "?" else re.escape(plain(unescaped(x))) for x in letters), re.DOTALL)


def _fits(word: str, parts: list[re.Pattern[str]]) -> bool:
    """Do the parts stand in the word, the first at its beginning, the last at its end? In time of its length."""
    first, *rest = parts
    found = first.match(word)
    if found is None or not rest:
        return found is not None and found.end() == len(word)
    for part in rest[:-1]:
        found = part.search(word, found.end())
        if found is None:
            return False
    # Every part is of a known length, so the last one either ends the word or does not.
    return any(rest[-1].fullmatch(word, at) for at in _ends(rest[-1], word, found.end()))


def _ends(part: re.Pattern[str], word: str, least: int) -> range:
    size = len(re.sub(r"\\(.)", r"\1", part.pattern, flags=re.DOTALL))
    return range(max(least, len(word) - size), len(word) - size + 1)


def _alike(field: str, given: str, distance: int) -> Match:
    """`word~`: a few letters are others, more or less."""
    wanted = "".join(words(given)) if is_worded(field) else given
    distance = min(distance, 1 if len(wanted) <= SHORT else 2)
    return lambda index: _whole(_any_of(index, field, lambda word: _near(word, wanted, distance)))


def _near(word: str, wanted: str, distance: int) -> bool:
    """Is the edit distance at most so much?"""
    if abs(len(word) - len(wanted)) > distance or len(set(word) ^ set(wanted)) > 2 * distance:
        return False
    row = list(range(len(wanted) + 1))
    for n, letter in enumerate(word, 1):
        above, row[0] = row[0], n
        for k, other in enumerate(wanted, 1):
            above, row[k] = row[k], min(row[k] + 1, row[k - 1] + 1, above + (letter != other))
    return row[-1] <= distance


def _any_of(index: Index, field: str, fits: Callable[[str], bool]) -> int:
    """The datasets with a word or value that fits."""
    found = 0
    if is_worded(field):
        texts = index.text(field)
        for word in filter(fits, texts.words()):
            found |= texts.bits(word)
        return found
    for value, bits in index.exact(field).bits.items():
        if fits(value):
            found |= bits
    return found


def between(field: str, raw: str, unreadable: Refusal) -> Match:
    """`[a TO b]`, `{a TO b}`; dates as moments, the rest as texts."""
    low, to, high = raw[1:-1].strip().partition(" TO ")
    if not to:
        raise unreadable
    read: Callable[[str], str] = _moment if is_date(field) else lambda text: text.strip('"')
    first, last = (None if end.strip() == "*" else read(end.strip()) for end in (low, high))
    with_first, with_last = raw[0] == "[", raw[-1] == "]"

    def within(value: str) -> bool:
        above = first is None or value > first or (with_first and value == first)
        below = last is None or value < last or (with_last and value == last)
        return above and below

    return lambda index: _whole(_any_of(index, field, within))


def is_date(field: str) -> bool:
    """Does the field hold moments? CKAN's schema has `*_date` for extras."""
    return field in DATES or field.endswith("_date")


def _moment(text: str) -> str:
    """A moment of Solr (`NOW-1DAY/DAY`, ISO 8601) as CKAN writes moments, so that texts compare."""
    found = _MOMENT.match(unescaped(text).strip('"'))
    if not found:
        raise search_error(f"Invalid Date String: '{text}'")
    try:
        moment = now() if found[1] == "NOW" else datetime.fromisoformat(found[1].replace("Z", "+00:00"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        for step in _STEP.findall(found[2]):
            moment = _moved(moment, step)
    except (ValueError, OverflowError, KeyError) as error:
        raise search_error(f"Invalid Date String: '{text}'") from error
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _moved(moment: datetime, step: str) -> datetime:
    if step[0] == "/":
        kept = list(_UNITS).index(step[1:].removesuffix("S")) + 1
        year, month, day, hour, minute, second = [*moment.timetuple()[:kept], *(1, 1, 1, 0, 0, 0)[kept:]]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    amount, unit = int(step.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), step.lstrip("+-0123456789").removesuffix("S")
    return moment + timedelta(seconds=amount * _UNITS[unit])
