"""Numbers in a text: groups of digits, and what stands between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RUN = re.compile(r"\d(?:[ \t.,\-_/*'~:;()\[\]+|\\]{0,3}\d)*")
_GROUP = re.compile(r"\d+")
_PLAIN = re.compile(r"(?: ?[.\-_*~'] ?| {1,3}|\) ?[.\-]? ?|[|\\]|\.\.|--|\]\[?|\) ?\(| ?\()")
_LISTING = {",", ", ", ";", "; ", ":", ": "}
_DATE = re.compile(
    r"(?<![\d.\-/])(?:[0-3]?\d([/.\-])[01]?\d\1(?:19|20)\d\d|(?:19|20)\d\d([/.\-])[01]?\d\2[0-3]?\d)(?![.\-/]?\d)"
    r"|(?<![\d:])[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?![\d:])"
    r"|(?<![\d.\-/])(?<!\d )(?:19|20)\d\d ?- ?(?:19|20)\d\d(?! ?[.\-/]?\d)"
)
_COUNT = re.compile(r"(?<=\d{2}) (?=\d{1,2} (?:thang|ngay|nam|tuan|lan|quy|gio|phut|trieu|month|day|year)s?(?![a-z]))")
_MONEY_SHAPE = re.compile(r"[1-9]\d{0,2}(?:([., ])\d{3})(?:\1\d{3})+")
# How people write ten, eleven and twelve digits in groups.
_USUAL = {
    (4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 2, 2, 2), (2, 2, 2, 2, 2), (4, 6), (5, 5), (3, 7), (2, 4, 4), (4, 4, 2),
    (4, 4, 3), (5, 3, 3), (3, 4, 4), (5, 6), (4, 7), (3, 3, 3, 3), (4, 4, 4), (3, 3, 6), (6, 6), (3, 9), (3, 1, 2, 6),
    (3, 3, 3), (2, 3, 2, 3), (3, 2, 2, 3), (4, 2, 4), (4, 4, 4, 4), (3, 2, 2, 5), (2, 4, 2, 2), (4, 3, 2, 1),
}  # fmt: skip
_PLAIN_SHAPES = {(4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 6), (3, 3, 3, 3), (4, 4, 4)}  # whatever stands between
_SLASHED = {*_PLAIN_SHAPES, (3, 1, 2, 6), (3, 3, 6), (3, 3, 3)}
LONGEST = 20


@dataclass(frozen=True)
class Number:
    """Neighbouring groups of digits, taken as one number."""

    digits: str
    start: int
    end: int
    shape: tuple[int, ...]
    gaps: tuple[str, ...]
    whole: bool  # all the groups that stand together
    apart: bool  # what stands beside it separates otherwise than what stands within

    @property
    def single(self) -> bool:
        """One group."""
        return len(self.shape) == 1

    @property
    def complete(self) -> bool:
        """Does it neither cut a longer number nor tie two together, as far as its signs tell?"""
        return self.single or self.whole or self.apart and len({gap.strip("()") for gap in self.gaps} - {""}) <= 1

    @property
    def natural(self) -> bool:
        """Is it written as one writes one number, so that no word beside is needed to see it?"""
        if self.single:
            return True
        plain = all(_PLAIN.fullmatch(gap) for gap in self.gaps)
        if self.whole and plain:
            blanks = not "".join(self.gaps).strip()
            return not blanks or len(self.shape) == 2 or self.shape in _USUAL or _is_even(self.shape) or self.cut
        if self.whole:
            shapes = _SLASHED if "/" in self.gaps else _PLAIN_SHAPES
            return self.shape in shapes and len(set(self.gaps)) == 1
        return plain and self.apart and (self.shape in _USUAL or self.cut) and len(set(self.gaps)) == 1

    @property
    def cut(self) -> bool:
        """Is it one number in pieces: as long as each other but the first and the last, one sign between them?"""
        first, inner, last = self.shape[0], self.shape[1:-1], self.shape[-1]
        return (
            len({*inner}) == 1
            and (min(first, inner[0]) >= 2 or {*self.shape} == {1})
            and last <= inner[0]
            and len({gap.strip("() ") or " " for gap in self.gaps[-len(inner) :]}) == 1
        )

    @property
    def even_gaps(self) -> bool:
        """Up to four groups of two digits or more with the same sign between them, or one number in pieces?"""
        same = len(set(self.gaps)) == 1 and bool(_PLAIN.fullmatch(self.gaps[0]))
        return same and len(self.shape) <= 4 and min(self.shape) >= 2 or self.cut and not _LISTING & {*self.gaps}

    @property
    def ends_like_an_amount(self) -> bool:
        """Groups of three at its end, as in an amount, whatever stands before (month 4: 5,489,000)?"""
        if self.gaps[-1:] in ((": ",), (":",)):
            return True
        turn = next((n for n, gap in enumerate(self.gaps) if gap == self.gaps[-1]), 0)
        return (
            not self.single
            and self.gaps[-1] in (".", ",", " ")
            and set(self.gaps[turn:]) == {self.gaps[-1]}
            and set(self.shape[turn + 1 :]) == {3}
            and self.shape[turn] <= 3
            and self.digits[sum(self.shape[:turn])] != "0"
        )

    def is_amount_like(self, text: str) -> bool:
        """Groups of three as in an amount (12.345.678)?"""
        return bool(_MONEY_SHAPE.fullmatch(text[self.start : self.end])) and text[self.start - 1 : self.start] != "+"


def without_dates(text: str) -> str:
    """`text` with dates, times and spans of years blotted out; as long as `text`."""
    return _DATE.sub(lambda found: "\x00" * len(found[0]), text)


def without_counts(text: str, folded: str) -> str:
    """`text` with the blank before a count of time or money blotted out: 345 678 2 months."""
    if not _COUNT.search(folded):
        return text
    return "".join("\x00" if n in {m.start() for m in _COUNT.finditer(folded)} else c for n, c in enumerate(text))


def runs(text: str) -> Iterator[list[Number]]:
    """For each run of groups, the numbers that could be read in it, longest first."""
    for run in _RUN.finditer(text):
        if sum(c.isdigit() for c in run[0]) >= 6:
            yield sorted(_numbers(text, run), key=lambda n: -len(n.digits))


def _numbers(text: str, run: re.Match[str]) -> Iterator[Number]:
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, run.start(), run.end())]
    gaps = [text[a[1] : b[0]] for a, b in zip(groups, groups[1:], strict=False)]
    for first in range(len(groups)):
        total = 0
        for last in range(first, len(groups)):
            total += groups[last][1] - groups[last][0]
            if total > LONGEST:
                break
            if total >= 6:
                inner = gaps[first:last]
                outer = [gaps[first - 1]] if first else []
                outer += gaps[last : last + 1]
                yield Number(
                    "".join(text[a:b] for a, b in groups[first : last + 1]),
                    groups[first][0],
                    groups[last][1],
                    tuple(b - a for a, b in groups[first : last + 1]),
                    tuple(inner),
                    whole=not outer,
                    apart=all(gap not in inner and not _is_cut(gap, inner) for gap in outer),
                )


def _is_cut(outer: str, inner: list[str]) -> bool:
    """21.0542334 106.9553266: what stands between two points is no number, though a blank is in it."""
    return outer in (".", ",") and any(" " in gap for gap in inner)


def _is_even(shape: tuple[int, ...]) -> bool:
    """Groups that grow or shrink: 5, 1, 4 are a code, its level and its parent."""
    return list(shape) in (sorted(shape), sorted(shape, reverse=True))
