"""The Merkle tree of RFC 6962 / RFC 9162 section 2.1: roots, proofs that an entry is in, proofs that a tree only grew.

A tree is never held whole. `Tiles` gives the hash of any perfect subtree from rows of 256 hashes (the tiles of C2SP
tlog-tiles), `Edge` grows one at its right end.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
HEIGHT = 8
WIDTH = 1 << HEIGHT
SIZE = 32
Range = tuple[int, int]  # leaves first .. end - 1
Tile = tuple[int, int]  # level in steps of HEIGHT, position


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry's bytes."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def fold(perfect: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees that get smaller from left to right."""
    if not perfect:
        return EMPTY
    found = perfect[-1]
    for left in reversed(perfect[:-1]):
        found = node_hash(left, found)
    return found


class Frontier:
    """A tree that leaves are added to: only the perfect subtrees of its right edge are kept."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        merged, found, hashed = self.size, leaf, sha256
        while merged & 1:
            found = hashed(b"\1" + self._subtrees.pop() + found).digest()
            merged >>= 1
        self._subtrees.append(found)
        self.size += 1

    def root(self) -> bytes:
        """The root of what was added so far."""
        return fold(self._subtrees)


# --- proofs -------------------------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(index: int, size: int) -> list[Range]:
    """The subtrees whose hashes prove that leaf `index` is in the tree of `size`, in the order of the proof."""
    first, end, found = 0, size, list[Range]()
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The subtrees whose hashes prove that the tree of `new` leaves begins with the tree of `old` leaves."""
    if old in (0, new):
        return []
    first, end, found = 0, new, list[Range]()
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    if first:
        found.append((first, end))
    return found[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Does the proof lead from the leaf to the root? RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    near, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if near & 1 or near == last:
            found = node_hash(step, found)
            while not near & 1 and near:
                near, last = near >> 1, last >> 1
        else:
            found = node_hash(found, step)
        near, last = near >> 1, last >> 1
    return last == 0 and found == root


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Does the proof show that the old tree is the beginning of the new one? RFC 9162 section 2.1.4.2."""
    if old > new or old < 0:
        return False
    if old in (0, new):
        return not proof and (old_root == (new_root if old else EMPTY))
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    near, last = old - 1, new - 1
    while near & 1:
        near, last = near >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if near & 1 or near == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while not near & 1 and near:
                near, last = near >> 1, last >> 1
        else:
            now = node_hash(now, step)
        near, last = near >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


# --- tiles --------------------------------------------------------------------------------------------------------


def perfect(first: int, end: int) -> list[tuple[int, int]]:
    """The perfect subtrees (level, position) that cover the leaves of a subtree of a proof, from left to right."""
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return found


def tiles(ranges: Iterable[Range]) -> set[Tile]:
    """The tiles that the hashes of these subtrees are made of."""
    nodes = (node for first, end in ranges for node in perfect(first, end))
    return {(level // HEIGHT, position << level % HEIGHT >> HEIGHT) for level, position in nodes}


class Tiles:
    """Hashes of subtrees out of stored tiles. Raises KeyError for a tile that is not there."""

    def __init__(self, stored: Mapping[Tile, bytes]) -> None:
        self._stored = stored

    def subtree(self, first: int, end: int) -> bytes:
        """The hash over the leaves first .. end - 1."""
        return fold([self._node(level, position) for level, position in perfect(first, end)])

    def proof(self, ranges: Iterable[Range]) -> list[bytes]:
        """The hashes of a proof."""
        return [self.subtree(first, end) for first, end in ranges]

    def _node(self, level: int, position: int) -> bytes:
        tall = level % HEIGHT
        first = position << tall
        tile = self._stored[level // HEIGHT, first >> HEIGHT]
        start = first % WIDTH * SIZE
        hashes = tile[start : start + (SIZE << tall)]
        if len(hashes) != SIZE << tall:
            raise KeyError((level, position))
        return _top(hashes)


def _top(hashes: bytes) -> bytes:
    """The root over a power of two of hashes, one after the other."""
    level = [hashes[n : n + SIZE] for n in range(0, len(hashes), SIZE)]
    while len(level) > 1:
        level = [node_hash(level[n], level[n + 1]) for n in range(0, len(level), 2)]
    return level[0]


class Edge:
    """The growing end of a tree in tiles: the last tile of each level, and those that changed."""

    def __init__(self, last: Mapping[int, bytes], size: int) -> None:
        self.size = size
        self._last = {level: bytearray(found) for level, found in last.items()}
        self.changed: dict[Tile, bytearray] = {}

    @staticmethod
    def needed(size: int) -> list[Tile]:
        """The tiles that a tree of `size` leaves goes on from."""
        return [(level, size >> HEIGHT * (level + 1)) for level in range(8) if (size >> HEIGHT * level) % WIDTH]

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._put(0, self.size, leaf)
        self.size += 1

    def _put(self, level: int, position: int, found: bytes) -> None:
        tile = self._last.setdefault(level, bytearray())
        tile += found
        self.changed[level, position >> HEIGHT] = tile
        if len(tile) == WIDTH * SIZE:
            del self._last[level]
            self._put(level + 1, position >> HEIGHT, _top(bytes(tile)))

    def root(self) -> bytes:
        """The root of the whole tree. Raises KeyError when a tile of the edge is shorter than the size says."""
        subtrees = []
        for level in range(7, -1, -1):
            count = (self.size >> HEIGHT * level) % WIDTH
            tile = bytes(self._last.get(level, b""))
            if len(tile) != count * SIZE:
                raise KeyError((level, self.size))
            for tall, position in perfect(0, count):
                start = (position << tall) * SIZE
                subtrees.append(_top(tile[start : start + (SIZE << tall)]))
        return fold(subtrees)
