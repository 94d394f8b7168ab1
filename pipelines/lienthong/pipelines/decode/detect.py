"""Which encoding the lines of a byte stream are in: bytes, letter statistics and the grammar of the syllable.

Every word with a byte above 0x7F votes: under the right encoding nearly all words are Vietnamese syllables,
under a wrong one few are. The best sequence of encodings over the lines is found by dynamic programming
(Viterbi) in which a change of encoding costs as much evidence as some ten words, so a file of two halves
comes out as two segments with the exact line of the change, and single odd words change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import exp

from lienthong.kernel.text import nfc

from .codepages import LEGACY
from .mojibake import undo
from .syllables import is_abbreviation, is_vietnamese

MOJIBAKE = "utf-8-as-cp1252"
ENCODINGS = ("utf-8", MOJIBAKE, *LEGACY)
"""What is told apart here; UTF-16 is told by its bytes before (see `transcode`)."""

_SEPARATED = bytes(b if b >= 0x80 or chr(b).isalpha() else 0x20 for b in range(0x100))
_CHANGE = 15.0
_BLOCK = 256

# Evidence of one word, in nats against "no idea": log(p / 0.5) with p = 0.9 for a syllable, 0.1 for none.
_YES, _NO = 0.59, -1.61
_BROKEN = -6.0  # bytes that UTF-8 forbids
_Scores = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines from `line` (1-based) on, up to the next segment, are in `encoding`."""

    line: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Detection:
    """The segments of a stream, with a confidence between 0 and 1.

    The confidence is the share of words with marks that are Vietnamese in the chosen encoding, times the
    probability that the runner-up (or "none of them") is not the right one. ASCII only has confidence 1.
    """

    segments: tuple[Segment, ...]
    confidence: float
    words: int

    @property
    def encoding(self) -> str:
        """The name of the encoding; several joined by `+`."""
        return "+".join(dict.fromkeys(segment.encoding for segment in self.segments))


def detect(lines: Iterable[bytes]) -> Detection:
    """The encodings of a stream of lines (each with its line end, as a binary file gives them)."""
    path = _Path()
    number = 1
    source = iter(lines)
    while block := list(islice(source, _BLOCK)):
        path.block(number, block)
        number += len(block)
    return path.detection()


def _vote(text: str | None) -> float:
    if not text or "\ufffd" in text:
        return _NO
    if is_vietnamese(text):
        return _YES
    return 0.0 if is_abbreviation(text) else _NO


@lru_cache(maxsize=200_000)
def _scores(token: bytes) -> _Scores:
    """The evidence of one word for each of `ENCODINGS`."""
    try:
        text = nfc(token.decode("utf-8"))
    except UnicodeDecodeError:
        unicode, mojibake = _BROKEN, _BROKEN
    else:
        repaired = undo(text)
        unicode = _YES if is_vietnamese(text) else 0.2
        mojibake = _YES + 0.2 if repaired != text and is_vietnamese(repaired) else _NO
    return (unicode, mojibake, *(_vote(decoder(token)) for decoder in LEGACY.values()))


def _words(text: bytes) -> dict[bytes, int]:
    """The words with a byte above 0x7F, and how often each occurs."""
    return {word: n for word, n in Counter(text.translate(_SEPARATED).split()).items() if not word.isascii()}


def _sum(words: dict[bytes, int]) -> _Scores:
    totals = [0.0] * len(ENCODINGS)
    for token, times in words.items():
        for i, score in enumerate(_scores(token)):
            totals[i] += score * times
    return tuple(totals)


class _Path:
    """The best sequence of encodings so far, for each encoding that it may end in."""

    def __init__(self) -> None:
        self._value = [0.0] * len(ENCODINGS)
        self._trail: list[tuple[Segment, ...]] = [(Segment(1, name),) for name in ENCODINGS]
        self._valid = 0
        self._words = 0
        self._totals = [0.0] * len(ENCODINGS)

    def block(self, number: int, lines: list[bytes]) -> None:
        """Walk over `lines` from line `number` on: at once, or one by one where the encoding may change."""
        words = _words(b"".join(lines))
        if not words:
            return
        counted = _sum(words)
        possible = sum(max(_scores(token)) * times for token, times in words.items())
        if possible - max(counted) <= _CHANGE and max(counted) - self._gain(counted) <= _CHANGE:
            self._step(number, counted)
        else:
            for offset, line in enumerate(lines):
                if found := _words(line):
                    self._step(number + offset, _sum(found))
        self._words += sum(words.values())
        self._totals = [a + b for a, b in zip(self._totals, counted, strict=True)]

    def _gain(self, scores: _Scores) -> float:
        """What the block brings when the encoding that leads so far goes on."""
        return scores[max(range(len(ENCODINGS)), key=self._value.__getitem__)]

    def _step(self, number: int, scores: _Scores) -> None:
        best = max(range(len(ENCODINGS)), key=self._value.__getitem__)
        change = self._value[best] - _CHANGE
        trail = self._trail[best]
        for i, score in enumerate(scores):
            if change > self._value[i]:
                self._value[i] = change
                self._trail[i] = (*trail, Segment(number, ENCODINGS[i]))
            self._value[i] += score

    def detection(self) -> Detection:
        if not self._words:
            return Detection((Segment(1, "utf-8"),), 1.0, 0)
        order = sorted(range(len(ENCODINGS)), key=self._value.__getitem__, reverse=True)
        best, second = self._value[order[0]], max(self._value[order[1]], 0.0)
        share = (best / self._words - _NO) / (_YES - _NO)
        confidence = max(0.0, min(1.0, share)) / (1 + exp(min(50.0, second - best)))
        return Detection(_merged(self._trail[order[0]]), round(confidence, 4), self._words)


def _merged(trail: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The trail without changes that change nothing and without segments that hold no line."""
    return tuple(_distinct(segment for i, segment in enumerate(trail) if not _empty(trail, i)))


def _empty(trail: tuple[Segment, ...], i: int) -> bool:
    return i + 1 < len(trail) and trail[i + 1].line == trail[i].line


def _distinct(segments: Iterable[Segment]) -> Iterator[Segment]:
    previous = ""
    for segment in segments:
        if segment.encoding != previous:
            yield segment
        previous = segment.encoding
