"""The rows of an open release that fulfil a condition: by their numbers alone, or by the bits kept with the release.

Only for what nobody in particular may see: all rows of the release. A condition that neither tells of is None here,
and PostgreSQL finds its rows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Protocol

from lienthong.store.bits import WORDS, Mark, has_values
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either, Text, walk
from lienthong.store.scope import Scope
from lienthong.store.words import terms

_WORD = re.compile(r"[a-z0-9]{1,255}")  # PostgreSQL's parser takes it for one word, too
_BLOCKS = range(
    11, 18
)  # rows whose hits are looked at together: 2 to the power of this, the more the fewer hits there are
_HITS = 100  # in such a block, or more
_FIRST = 1 << 17  # rows of which a first page is mostly made
_FIRST_BITS = (1 << _FIRST) - 1
_FLAGS = bytes([0]) + bytes([1]) * 255
_PLACES = tuple(tuple(n for n in range(8) if byte >> n & 1) for byte in range(256))
_FEW = 1_000  # values of a condition
Bits = int | None


class Hits(Protocol):
    """The numbers of rows, ascending."""

    total: int

    def page(self, start: int, count: int) -> Sequence[int]:
        """So many of them from place `start` on."""


class Span:
    """Rows whose numbers stand one after the other."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers
        self.total = len(numbers)

    def page(self, start: int, count: int) -> Sequence[int]:
        """So many of them from place `start` on."""
        return self.numbers[start : start + count]


class Scattered:
    """Rows anywhere: the lowest bit is row 1. What comes late in a number becomes bytes when a page lies there."""

    def __init__(self, bits: int | bytes, rows: int, total: int) -> None:
        self.total = total
        self.size = rows // 8 + 1
        self._late = None if isinstance(bits, bytes) else bits
        self._bytes = bits if isinstance(bits, bytes) else (bits & _FIRST_BITS).to_bytes(_FIRST // 8, "little")
        power = (rows * _HITS // max(1, total)).bit_length()
        self._block = 1 << min(max(power, _BLOCKS[0]), _BLOCKS[-1])
        self._counts: list[int] = []

    def page(self, start: int, count: int) -> Sequence[int]:
        """So many of them from place `start` on."""
        found: list[int] = []
        count = min(count, self.total - start)
        for n in range(-(-self.size * 8 // self._block)):
            if len(found) >= count:
                break
            if start and (there := self._count(n)) <= start:
                start -= there
                continue
            most = start + count - len(found)
            found += _numbers(self._bits(n), n * self._block + 1, most)[start:most]
            start = 0
        return found

    def _count(self, n: int) -> int:
        """The hits of a block; those of the blocks before it are known."""
        if n == len(self._counts):
            self._counts.append(int.from_bytes(self._bits(n), "little").bit_count())
        return self._counts[n]

    def _bits(self, n: int) -> bytes:
        """The bits of a block."""
        if self._late is not None and n * self._block >= _FIRST:
            self._bytes, self._late = self._late.to_bytes(self.size, "little"), None
        size = self._block // 8
        return self._bytes[n * size : (n + 1) * size]


def _numbers(block: bytes, first: int, most: int) -> list[int]:
    """The numbers of the bits that are set; of so many at least, if there are."""
    found: list[int] = []
    flags = block.translate(_FLAGS)
    place = flags.find(1)
    while place >= 0 and len(found) < most:
        before = first + 8 * place
        for n in _PLACES[block[place]]:
            found.append(before + n)
        place = flags.find(1, place + 1)
    return found


def span(where: Condition | None, rows: int) -> range | None:
    """The rows, when the condition names nothing but one stretch of row numbers."""
    match where:
        case None:
            return range(1, rows + 1)
        case Compare(field=field, op=op, value=int() as value) if field == ROW_NUMBER and op in _STRETCHES:
            first, last = _STRETCHES[op]
            low = max(1, value + first) if first is not None else 1
            return range(low, max(low, min(rows, value + last if last is not None else rows) + 1))
        case Both(parts) if parts:
            found = [span(part, rows) for part in parts]
            known = [part for part in found if part is not None]
            if len(known) < len(found):
                return None
            low = max(part.start for part in known)
            return range(low, max(low, min(part.stop for part in known)))
    return None


_STRETCHES: dict[str, tuple[int | None, int | None]] = {
    "eq": (0, 0),
    "gt": (1, None),
    "gte": (0, None),
    "lt": (None, -1),
    "lte": (None, 0),
}
"""The first and the last row of a comparison, from its value on; None: the end of the release."""


def marks(scope: Scope, where: Condition) -> tuple[Mark, ...] | None:
    """The marks whose bits tell which rows fulfil `where`; None when no bits do."""
    found: dict[Mark, None] = {}
    for leaf in walk(where):
        match leaf:
            case Text(words) if (named := _words(words)) is not None:
                found.update(dict.fromkeys(named))
            case Compare(field=field, op=op) if field == ROW_NUMBER and (op in _STRETCHES or op == "in"):
                continue
            case Compare(field=field, op="eq" | "in") if field in scope.fields and _is_plain(scope, leaf):
                found.update(dict.fromkeys(_values(leaf)))
            case _:
                return None
    return tuple(found) if len(found) <= _FEW else None


def is_mark(where: Condition) -> bool:
    """Do the rows of the one mark that `marks` has found for it fulfil the condition, and no others?"""
    return isinstance(where, Text) or (isinstance(where, Compare) and where.field != ROW_NUMBER)


def _words(given: str) -> list[Mark] | None:
    """The words that all must be there; None for phrases, beginnings of words, and words that may be more than one."""
    found = terms(given)
    if not found or any(t.prefix or len(t.words) > 1 or not _WORD.fullmatch(t.words[0]) for t in found):
        return None
    return [(WORDS, term.words[0]) for term in found]


def _is_plain(scope: Scope, leaf: Compare) -> bool:
    """Has the field bits for its values, and is what it is compared with the text of one?"""
    given = leaf.value if leaf.op == "in" else (leaf.value,)
    return has_values(scope.contract.by_name[leaf.field]) and all(isinstance(value, str | int) for value in given)


def _values(leaf: Compare) -> list[Mark]:
    return [(leaf.field, _text(value)) for value in (leaf.value if leaf.op == "in" else (leaf.value,))]


def _text(value: object) -> str:
    """A value as PostgreSQL writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluated(where: Condition, bits: Mapping[Mark, Bits], rows: int) -> Bits:
    """The bits of the rows that fulfil a condition which has `marks`; None when those of one are not known."""
    match where:
        case Both(parts):
            return _joined([evaluated(part, bits, rows) for part in parts], and_, rows)
        case Either(parts):
            return _joined([evaluated(part, bits, rows) for part in parts], or_, 0)
        case Text(words):
            return _joined([bits.get(mark) for mark in _words(words) or ()], and_, rows)
        case Compare(field=field, op=op) if field == ROW_NUMBER:
            each = [Compare(field, "eq", value) for value in where.value] if op == "in" else [where]
            return _joined([_stretch(span(one, rows) or range(0)) for one in each], or_, 0)
        case Compare():
            return _joined([bits.get(mark) for mark in _values(where)], or_, 0)
    return None


def _stretch(numbers: range) -> int:
    return ((1 << len(numbers)) - 1) << max(0, numbers.start - 1)


def _joined(parts: Sequence[Bits], how: Callable[[int, int], int], every: int) -> Bits:
    """The parts as one; of no parts so many rows, from the first one on."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return reduce(how, known) if known else (1 << every) - 1
