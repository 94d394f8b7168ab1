"""Dimensions of time or years that earlier releases grouped otherwise: months before, quarters now, or the other way.

Who has both subtracts: a quarter less its two months that were told is the third, which was left out. A label tells by
itself of what time it is (`2026-03`, `2026-Q1`, `2026`, `1980-1984`), so that nothing else needs to be remembered.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

Place = tuple[str, ...]
Told = Mapping[Place, int]  # the cells of one earlier release, in the order of the dimensions of today
_YEAR, _MONTH = 10_000, 100
_LABEL = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>\d\d))?|-Q(?P<quarter>[1-4])|-(?P<last>\d{4}))?"
)


def span(label: str) -> tuple[int, int] | None:
    """The first and the last day (yyyymmdd) that a label means, at most; nothing of a label that means no time."""
    found = _LABEL.fullmatch(label)
    if not found:
        return None
    start, end = int(found["year"]) * _YEAR, int(found["last"] or found["year"]) * _YEAR + _YEAR - 1
    if quarter := found["quarter"]:
        return start + (3 * int(quarter) - 2) * _MONTH, start + 3 * int(quarter) * _MONTH + _MONTH - 1
    if month := found["month"]:
        start += int(month) * _MONTH
        end = start + _MONTH - 1
    return (start + int(found["day"]),) * 2 if found["day"] else (start, end)


def grain(label: str) -> str | None:
    """How a label cuts time, the same for all labels of one grouping; nothing of a label that means no time."""
    return re.sub(r"\d", "0", label) if span(label) else None


def small_remainders(cells: Mapping[Place, int], told: Sequence[Told], k: int) -> set[Place]:
    """The places whose number tells, by the parts of it that one earlier release told, of fewer than `k` more."""
    found = set[Place]()
    for release in told:
        for parts in _sums(release, cells):
            found |= {place for place, rows in parts.items() if place in cells and 0 < cells[place] - rows < k}
    return found


def wider_labels(cells: Mapping[Place, int], told: Sequence[Told]) -> set[tuple[int, tuple[tuple[str, str], ...]]]:
    """The dimensions (positions) of which an earlier release tells totals over wider labels, and label -> wider label.

    Told counts as known where one number is the sum of today, so that who has it can subtract.
    """
    found = set()
    for release in told:
        for at, wider in _nested(cells, release):
            sums = _added(cells, at, wider)
            if any(release.get(place) == rows for place, rows in sums.items()):
                found.add((at, tuple(sorted(wider.items()))))
    return found


def _sums(release: Told, cells: Mapping[Place, int]) -> Iterator[Counter[Place]]:
    """What a release of narrower labels tells of the places of today."""
    for at, wider in _nested(release, cells):
        yield _added(release, at, wider)


def _added(narrow: Mapping[Place, int], at: int, wider: Mapping[str, str]) -> Counter[Place]:
    sums = Counter[Place]()
    for place, rows in narrow.items():
        if place[at] in wider:
            sums[(*place[:at], wider[place[at]], *place[at + 1 :])] += rows
    return sums


def _nested(narrow: Mapping[Place, int], wide: Mapping[Place, int]) -> Iterator[tuple[int, dict[str, str]]]:
    """The dimensions whose labels lie within wider ones: label -> wider label."""
    for at in range(len(next(iter(wide), ()))):
        spans = {label: s for label in {place[at] for place in wide} if (s := span(label))}
        inside = {}
        for label in {place[at] for place in narrow}:
            if own := span(label):
                around = (w for w, (a, b) in spans.items() if a <= own[0] and own[1] <= b and (a, b) != own)
                if (outer := next(around, None)) is not None:
                    inside[label] = outer
        if inside:
            yield at, inside
