"""Records of a delimited text, forgiving: a malformed record costs one line, never the rest.

A record ends at a line feed outside quotes. When a quote is never closed, or the record does not have the right
number of cells, its first line is rejected and reading goes on with the next line.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .raw import Reject

_MOST_LINES = 200  # of one record
MOST_BYTES = 1 << 22  # of one record
csv.field_size_limit(MOST_BYTES)


class Record(NamedTuple):
    """The text of one record without its line end; `line` is where it starts, 1-based."""

    line: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a record is cut into cells: `delimiter`, `quote` (empty: none) and the `width` (0: any) in cells."""

    delimiter: str
    quote: str
    width: int = 0

    def cells(self, record: bytes) -> list[str]:
        """The cells of one well-formed record."""
        text = record.decode("utf-8", "replace")
        if not self.quote:
            return text.split(self.delimiter)
        return next(csv.reader([text], delimiter=self.delimiter, quotechar=self.quote), [""])

    def records(self, lines: Iterable[bytes], first: int) -> Iterator[Record | Reject]:
        """Records and rejects of `lines`, the first of which has the number `first`; blank records are skipped."""
        scan = _Scan(self, lines, first)
        while (taken := scan.take()) is not None:
            if taken[1].strip(scan.blank):
                yield scan.record(*taken)


class _Scan:
    """One pass over numbered lines, some of which may be given back."""

    def __init__(self, grammar: Grammar, lines: Iterable[bytes], first: int) -> None:
        self._grammar = grammar
        self._quote = grammar.quote.encode()
        self._delimiter = grammar.delimiter.encode()
        d, q = re.escape(self._delimiter), re.escape(self._quote or b'"')
        quoted = b"%b(?:[^%b]++|%b%b)*+" % (q, q, q, q)
        cell = b"(?:%b%b|(?!%b)[^%b\r\n]*+)" % (quoted, q, q, d)
        self._complete = re.compile(b"(?>%b%b)*+%b" % (cell, d, cell))
        self._exact = re.compile(b"(?>%b%b){%d}%b" % (cell, d, max(0, grammar.width - 1), cell))
        self._unclosed = re.compile(b"(?>%b%b)*+%b" % (cell, d, quoted))
        self.blank = b" \t\r\n" + self._delimiter
        self._lines = iter(lines)
        self._returned: deque[bytes] = deque()
        self._next = first

    def take(self) -> tuple[int, bytes] | None:
        """The number and the text of the next line; None at the end."""
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        if line is None:
            return None
        self._next += 1
        return self._next - 1, line

    def record(self, line: int, text: bytes) -> Record | Reject:
        """The record that starts with the line `text`, or its first line and what is wrong."""
        width = self._grammar.width
        if not self._quote or self._quote not in text:
            bare = text.rstrip(b"\r\n")
            if width and bare.count(self._delimiter) != width - 1:
                return self._fitted(line, bare)
            return (
                self._reject(line, bare, "ký tự CR trong ô / carriage return in a cell")
                if b"\r" in bare
                else Record(line, bare)
            )
        bare = text.rstrip(b"\r\n")
        if width and self._exact.fullmatch(bare):
            return Record(line, bare)
        return self._long(line, text)

    def _long(self, line: int, text: bytes) -> Record | Reject:
        """A record with quotes that is more or less than the line `text`."""
        for _ in range(_MOST_LINES):
            bare = text.rstrip(b"\r\n")
            if self._complete.fullmatch(bare):
                return self._fitted(line, bare)
            if not self._unclosed.fullmatch(text):
                return self._reject(line, text, "chữ sau dấu nháy đóng / text after a closing quote")
            more = self.take() if len(text) < MOST_BYTES else None
            if more is None:
                break
            text += more[1]
        return self._reject(line, text, "dấu nháy không đóng / quote never closed")

    def _fitted(self, line: int, text: bytes) -> Record | Reject:
        """A well-formed record if it has the right number of cells; empty cells too many are cut off."""
        width, found = self._grammar.width, self._grammar.cells(text)
        if not width or len(found) == width:
            return Record(line, text)
        if len(found) < width or any(cell.strip() for cell in found[width:]):
            return self._reject(line, text, f"{len(found)} ô, cần {width} / {len(found)} cells, expected {width}")
        for _ in range(len(found) - width):
            text = text[: text.rindex(self._delimiter)]
        return Record(line, text)

    def _reject(self, line: int, text: bytes, reason: str) -> Reject:
        """Reject the first line of `text`, which was taken last; the other lines are read again."""
        first, *rest = re.findall(rb"[^\n]*\n|[^\n]+", text)
        self._returned.extendleft(reversed(rest))
        self._next -= len(rest)
        return Reject(line, first.rstrip(b"\r\n").decode("utf-8", "replace"), reason)
