"""Programme G07: proofs for every tree of 1 to 2,000 entries, against the definition written down naively."""

import hashlib
import random
from functools import cache

import pytest

from lienthong.governance.ledger import merkle
from lienthong.governance.ledger.merkle import Edge, Frontier, Tiles

MOST = 2000
LEAVES = [merkle.leaf_hash(b"entry %d" % n) for n in range(MOST)]


@cache
def naive(first: int, end: int) -> bytes:
    """RFC 9162 section 2.1.1, MTH(D[first:end]), word for word."""
    if end == first:
        return hashlib.sha256().digest()
    if end - first == 1:
        return hashlib.sha256(b"\x00" + b"entry %d" % first).digest()
    k = 1
    while 2 * k < end - first:
        k *= 2
    return hashlib.sha256(b"\x01" + naive(first, first + k) + naive(first + k, end)).digest()


def path(m: int, first: int, end: int) -> list[bytes]:
    """RFC 9162 section 2.1.3.1, PATH(m, D[first:end])."""
    if end - first == 1:
        return []
    k = 1
    while 2 * k < end - first:
        k *= 2
    if m < k:
        return [*path(m, first, first + k), naive(first + k, end)]
    return [*path(m - k, first + k, end), naive(first, first + k)]


def subproof(m: int, first: int, end: int, whole: bool) -> list[bytes]:
    """RFC 9162 section 2.1.4.1, SUBPROOF(m, D[first:end], b)."""
    if m == end - first:
        return [] if whole else [naive(first, end)]
    k = 1
    while 2 * k < end - first:
        k *= 2
    if m <= k:
        return [*subproof(m, first, first + k, whole), naive(first + k, end)]
    return [*subproof(m - k, first + k, end, False), naive(first, first + k)]


@pytest.fixture(scope="module")
def stored() -> dict[tuple[int, int], bytes]:
    """The tiles of the whole tree."""
    edge = Edge({}, 0)
    for leaf in LEAVES:
        edge.append(leaf)
    return {tile: bytes(hashes) for tile, hashes in edge.changed.items()}


def mutants(proof: list[bytes], draw: random.Random) -> list[list[bytes]]:
    """The same proof with a bit changed, a step lost, a step more, two steps swapped."""
    if not proof:
        return [[bytes(32)]]
    n = draw.randrange(len(proof))
    bit = bytearray(proof[n])
    bit[draw.randrange(32)] ^= 1 << draw.randrange(8)
    made = [[*proof[:n], bytes(bit), *proof[n + 1 :]], [*proof[:n], *proof[n + 1 :]], [*proof, proof[n]]]
    if len(proof) > 1:
        made.append([*proof[1:], proof[0]])
    return made


@pytest.mark.parametrize("start", range(1, MOST + 1, 500))
def test_inclusion_for_every_size(stored: dict[tuple[int, int], bytes], start: int) -> None:
    tiles, draw = Tiles(stored), random.Random(start)
    for size in range(start, start + 500):
        root = naive(0, size)
        for index in {0, size - 1, draw.randrange(size)}:
            ranges = merkle.inclusion(index, size)
            assert merkle.tiles(ranges) <= stored.keys()
            proof = tiles.proof(ranges)
            assert proof == path(index, 0, size)
            assert merkle.included(LEAVES[index], index, size, proof, root)
            assert not any(merkle.included(LEAVES[index], index, size, m, root) for m in mutants(proof, draw))
            assert not merkle.included(LEAVES[(index + 1) % MOST], index, size, proof, root)
            assert not merkle.included(LEAVES[index], index, size, proof, LEAVES[0] if size > 1 else LEAVES[1])
            if size > 1:
                assert not merkle.included(LEAVES[index], (index + 1) % size, size, proof, root)


@pytest.mark.parametrize("start", range(1, MOST + 1, 500))
def test_consistency_for_every_size(stored: dict[tuple[int, int], bytes], start: int) -> None:
    tiles, draw = Tiles(stored), random.Random(start)
    for new in range(start, start + 500):
        for old in {1, new, new - 1, draw.randint(1, new)} - {0}:
            proof = tiles.proof(merkle.consistency(old, new))
            assert proof == subproof(old, 0, new, True)
            before, after = naive(0, old), naive(0, new)
            assert merkle.consistent(old, new, before, after, proof)
            assert not any(merkle.consistent(old, new, before, after, m) for m in mutants(proof, draw))
            assert not merkle.consistent(old, new, LEAVES[-1], after, proof)
            assert not merkle.consistent(old, new, before, LEAVES[-1], proof)


def test_all_ways_to_grow_agree() -> None:
    frontier, edge, kept = Frontier(), Edge({}, 0), dict[tuple[int, int], bytes]()
    assert frontier.root() == edge.root() == naive(0, 0)
    for size, leaf in enumerate(LEAVES, 1):
        frontier.append(leaf)
        edge.append(leaf)
        if size % 7 == 0 or size % 256 < 2:
            kept |= {tile: bytes(hashes) for tile, hashes in edge.changed.items()}
            assert frontier.root() == edge.root() == naive(0, size)
            edge = Edge({level: kept[level, position] for level, position in Edge.needed(size)}, size)
            assert edge.root() == naive(0, size)


def test_known_roots_of_certificate_transparency() -> None:
    """The reference vectors of RFC 6962 implementations: eight leaves, given in hexadecimal."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = Frontier()
    for text in inputs:
        tree.append(merkle.leaf_hash(bytes.fromhex(text)))
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_tile_that_is_too_short_is_no_proof() -> None:
    with pytest.raises(KeyError):
        Tiles({(0, 0): bytes(32 * 3)}).subtree(0, 4)
    with pytest.raises(KeyError):
        Tiles({}).subtree(0, 1)
