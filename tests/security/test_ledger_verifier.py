"""Programme G03, the verifier by itself: every hash fits and every root is signed, and still something is wrong."""

import json
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lienthong.governance.ledger.export import Entry, Leaves, Note, Part
from lienthong.governance.ledger.merkle import Frontier, leaf_hash
from lienthong.governance.ledger.note import Checkpoint, Signer
from lienthong.governance.ledger.verify import verify

KEY = Signer(Ed25519PrivateKey.generate(), "so-truy-cap.example")
Numbered = tuple[str, int, str, int]
"""The writer of an entry, its number with the writer, its kind, how many rows it tells of."""


def sealed(entries: Sequence[Numbered]) -> tuple[Checkpoint, list[Part]]:
    """Entries with their leaves, and the signed root over all of them."""
    names = ("writer", "sequence", "kind", "rows")
    documents = [{"number": n, "receipt": f"r{n}"} | dict(zip(names, e, strict=True)) for n, e in enumerate(entries)]
    lines = [json.dumps(document).encode() for document in documents]
    tree, leaves = Frontier(), [leaf_hash(line) for line in lines]
    for leaf in leaves:
        tree.append(leaf)
    signed = KEY.sign(tree.size, tree.root(), "2026-01-02T03:04:05Z")
    return signed, [Leaves(0, b"".join(leaves)), *(Entry(*pair) for pair in zip(lines, leaves, strict=True))]


def found(notes: Sequence[Note], parts: Sequence[Part]) -> list[tuple[str, int | None]]:
    report, _ = verify([*notes, *parts], [KEY.key], [])
    return [(finding.kind, finding.number) for finding in report.findings]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([("a", 1, "read", 3), ("b", 1, "read", 3), ("a", 2, "read", 3), ("b", 2, "read", 3)], []),
        ([("a", 1, "read", 3), ("b", 1, "read", 3), ("a", 3, "read", 3)], [("sequence", 2)]),
        ([("a", 2, "read", 3), ("b", 1, "read", 3)], [("sequence", 0)]),
        ([("a", 1, "read", 3), ("a", 2, "read", 3), ("a", 2, "read", 3)], [("sequence", 2)]),
        ([("a", 1, "read", 3), ("a", 3, "gap", 2), ("a", 4, "read", 3)], [("missing", 1)]),
        ([("a", 1, "read", 3), ("a", 4, "gap", 2)], [("missing", 1), ("sequence", 1)]),
    ],
    ids=["in order", "a hole", "a late beginning", "a number twice", "a hole that is told", "a larger hole than told"],
)
def test_each_writer_numbers_its_entries_without_a_hole(
    entries: Sequence[Numbered], told: list[tuple[str, int | None]]
) -> None:
    signed, parts = sealed(entries)
    assert found([Note(signed.note)], parts) == told


def test_the_row_beside_a_note_says_what_was_signed() -> None:
    signed, parts = sealed([("a", n, "read", 1) for n in range(1, 6)])
    assert found([Note(signed.note, signed.size, signed.root)], parts) == []
    for size, root in ((signed.size - 1, signed.root), (signed.size, bytes(32)), (signed.size + 1, None)):
        assert [kind for kind, _ in found([Note(signed.note, size, root)], parts)] == ["checkpoint"]
