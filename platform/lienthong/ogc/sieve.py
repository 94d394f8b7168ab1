"""A filtered tile out of the release's own: the features that a filter leaves, as they are written there (MVT 2.1).

Writing a feature costs ten times as much as finding that it fits. Names and values of the layer stay as they are, so
this is for filters that leave much; what is left by others is written anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

ENOUGH = 0.4
"""The share of a tile's features that must be left."""
_TILES = 1_000
_LAYER, _NAME, _FEATURE, _NUMBER = 0x1A, 0x0A, 0x12, 0x08  # keys of fields: 3, 1 and 2 of bytes, 1 of a number


class Sieve:
    """A tile of one layer, taken apart."""

    __slots__ = ("_begin", "_features", "_rest", "size")

    def __init__(self, begin: bytes, features: dict[int, bytes], rest: bytes) -> None:
        self._begin, self._features, self._rest = begin, features, rest
        self.size = len(begin) + len(rest) + sum(len(feature) + 150 for feature in features.values())

    def left(self, numbers: Sequence[int]) -> bytes | None:
        """The tile with the features of these numbers; None when they are too few for it."""
        found = [feature for feature in map(self._features.get, numbers) if feature is not None]
        if not numbers or len(found) < len(self._features) * ENOUGH:
            return None
        layer = b"".join((self._begin, *found, self._rest))
        return bytes((_LAYER,)) + _varint(len(layer)) + layer


def taken_apart(tile: bytes) -> Sieve | None:
    """The tile as PostGIS writes it: one layer, its name, its features, the rest; None when it is another."""
    if not tile or tile[0] != _LAYER:
        return None
    length, at = _read(tile, 1)
    if at + length != len(tile) or tile[at] != _NAME:
        return None
    length, start = _read(tile, at + 1)
    begin, at = tile[at : start + length], start + length
    features: dict[int, bytes] = {}
    while tile[at] == _FEATURE:
        length, start = _read(tile, at + 1)
        if tile[start] != _NUMBER:  # of an earlier release, which numbers none
            return None
        features[_read(tile, start + 1)[0]] = tile[at : start + length]
        at = start + length
    return Sieve(begin, features, tile[at:])


def _read(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while (byte := data[at]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | byte << shift, at + 1


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*made, value))


class Sieves:
    """The tiles that lie open, newest last."""

    def __init__(self, most: int) -> None:
        self._most = most  # bytes
        self._open: OrderedDict[Hashable, Sieve | None] = OrderedDict()
        self._held = 0

    def of(self, key: Hashable, tile: Callable[[], bytes]) -> Sieve | None:
        """The tile of this key, taken apart; None when it cannot be."""
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        found = self._open[key] = taken_apart(tile())
        self._held += found.size if found else 0
        while self._held > self._most or len(self._open) > _TILES:
            _, oldest = self._open.popitem(last=False)
            self._held -= oldest.size if oldest else 0
        return found
