"""Which documents hold a word or a value: sets of documents as the bits of whole numbers."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import compress
from operator import or_

from lienthong.ckan.words import Text

# BM25 as Lucene has it, but that the length of a text says nothing: a longer title is no worse one.
K1 = 1.2
_FEW = 200
_TRUTH = bytes.maketrans(b"01", b"\0\1")


def documents(bits: int) -> list[int]:
    """The numbers in a set, from small to large."""
    found, low = [], 0
    if bits.bit_count() < min(_FEW, bits.bit_length() // 12):  # bit by bit
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return found
    return list(compress(range(bits.bit_length()), bin(bits)[:1:-1].encode().translate(_TRUTH)))


class ExactField:
    """Values that are compared as they are."""

    def __init__(self) -> None:
        self.bits: dict[str, int] = {}
        self._ranked: list[tuple[str, int, int]] | None = None

    def add(self, document: int, values: Iterable[str]) -> None:
        """A document has these values."""
        self._ranked = None
        bit = 1 << document
        for value in values:
            self.bits[value] = self.bits.get(value, 0) | bit

    def remove(self, document: int, values: Iterable[str]) -> None:
        """A document has these values no more."""
        self._ranked = None
        mask = ~(1 << document)
        for value in values:
            self.bits[value] = left = self.bits.get(value, 0) & mask
            if not left:
                del self.bits[value]

    def ranked(self) -> list[tuple[str, int, int]]:
        """(value, its documents, how many they are), the most frequent first."""
        if self._ranked is None:
            found = ((value, bits, bits.bit_count()) for value, bits in self.bits.items())
            self._ranked = sorted(found, key=lambda each: (-each[2], each[0]))
        return self._ranked

    def any(self) -> int:
        """The documents with a value at all."""
        return reduce(or_, self.bits.values(), 0)


class TextField:
    """Words of a text, how often they occur, and what that weighs."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._often: dict[str, dict[int, int]] = {}  # only counts above one
        self._size = 0
        self._weights: dict[str, Mapping[int, float]] = {}

    def add(self, document: int, text: Text) -> None:
        """A document has this text."""
        bit = 1 << document
        for word, count in text.counts().items():
            self._bits[word] = self._bits.get(word, 0) | bit
            if count > 1:
                self._often.setdefault(word, {})[document] = count
        self._size += 1
        self._weights.clear()

    def remove(self, document: int, text: Text) -> None:
        """A document has this text no more."""
        mask = ~(1 << document)
        for word, count in text.counts().items():
            self._bits[word] = left = self._bits.get(word, 0) & mask
            if not left:
                del self._bits[word]
            if count > 1 and word in self._often:
                self._often[word].pop(document, None)
        self._size -= 1
        self._weights.clear()

    def bits(self, word: str) -> int:
        """The documents with the word."""
        return self._bits.get(word, 0)

    def words(self) -> Iterator[str]:
        """Every word."""
        return iter(self._bits)

    def any(self) -> int:
        """The documents with a text at all."""
        return reduce(or_, self._bits.values(), 0)

    def weights(self, word: str) -> Mapping[int, float]:
        """What the word weighs in each document that has it."""
        found = self._weights.get(word)
        if found is None:
            held, often = documents(self.bits(word)), self._often.get(word, {})
            rare = rarity(self._size, len(held))
            once = rare / (1 + K1)
            found = dict.fromkeys(held, once)
            found |= {d: rare * n / (n + K1) for d, n in often.items() if d in found}
            self._weights[word] = found
        return found


def rarity(size: int, held: int) -> float:
    """What it says that a document has a word which `held` of `size` have."""
    return math.log(1 + (size - held + 0.5) / (held + 0.5))
