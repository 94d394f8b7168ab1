"""Range requests (RFC 9110, 14.1.2): which bytes of a file are asked for."""

import re
from dataclasses import dataclass

MOST = 16  # parts; who asks for more gets the whole
_SPEC = re.compile(r"(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Span:
    """`length` bytes from `start`."""

    start: int
    length: int

    def told(self, size: int) -> str:
        """As Content-Range tells it."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


class Unsatisfiable(Exception):
    """No byte of the file is in any of the ranges."""


def spans(given: str, size: int) -> list[Span] | None:
    """The parts, in the order asked for; None when the header is to be ignored. Raises Unsatisfiable.

    Ignored: other units, malformed ranges, too many, and parts that overlap (asking for the same bytes again and again
    is an attack, RFC 9110, 17.15).
    """
    unit, _, listed = given.partition("=")
    parts = [part.strip() for part in listed.split(",")]
    found = [_SPEC.fullmatch(part) for part in parts]
    if unit.strip().lower() != "bytes" or len(parts) > MOST or not all(found):
        return None
    made = []
    for match in found:
        assert match is not None
        first, last = match.groups()
        if not first and not last or (first and last and int(first) > int(last)):
            return None
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last) + 1, size) if first and last else size
        if start < end:
            made.append(Span(start, end - start))
    if not made:
        raise Unsatisfiable
    ordered = sorted(made, key=lambda span: span.start)
    if any(a.start + a.length > b.start for a, b in zip(ordered, ordered[1:], strict=False)):
        return None
    return made
