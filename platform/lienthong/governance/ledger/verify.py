"""Verification: every entry against its leaf, the leaves against the signed roots, the roots against the anchors.

Needs the stream of the ledger, the public key and, to find an old copy or a fork, an anchor. No database of ours.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import Entry, Header, Leaves, Note, Part, Unreadable
from lienthong.governance.ledger.finding import Finding, Report
from lienthong.governance.ledger.merkle import SIZE, WIDTH, Frontier, leaf_hash
from lienthong.governance.ledger.note import PUBLIC, Checkpoint, VerifierKey, public_keys, read
from lienthong.kernel.problem import Invalid

Json = dict[str, Any]
MOST = 1000


class Roots:
    """Signed roots of one origin (the checkpoints, or the anchors), held against the tree while it grows."""

    def __init__(self, kind: str, signed: Iterable[Checkpoint]) -> None:
        self._kind = kind
        self._due = sorted(signed, key=lambda c: c.size)
        self._next = 0
        self._fitted = 0
        self._wrong: list[Checkpoint] = []
        self.last = self._due[-1].size if self._due else 0

    def grown(self, tree: Frontier) -> list[Finding]:
        """Compare what is due at this size. A root that fits clears the entries before it."""
        found = list[Finding]()
        while self._next < len(self._due) and self._due[self._next].size <= tree.size:
            checkpoint = self._due[self._next]
            self._next += 1
            if checkpoint.size == tree.size and checkpoint.root == tree.root():
                found += [Finding("checkpoint", w.size, detail=f"size {w.size}") for w in self._wrong]
                self._fitted, self._wrong = checkpoint.size, []
            else:
                self._wrong.append(checkpoint)
        return found

    @property
    def due(self) -> int:
        """The size at which the next root is to be compared, or -1."""
        return self._due[self._next].size if self._next < len(self._due) else -1

    def ended(self, size: int, broken: int | None) -> list[Finding]:
        """What is left: entries that do not lead to the signed root, and roots over entries that are not there."""
        found = list[Finding]()
        if self._wrong and (broken is None or broken >= self._wrong[0].size):
            detail = f"{len(self._wrong)} root(s) differ, the first at size {self._wrong[0].size}"
            found.append(Finding(self._kind, self._fitted, self._wrong[0].size - 1, detail=detail))
        if self.last > size:
            found.append(Finding("truncated", size, self.last - 1, detail=f"by {self._kind_of_root}"))
        return found

    @property
    def _kind_of_root(self) -> str:
        return "an anchor" if self._kind == "forked" else "a checkpoint"


class Verifier:
    """Takes the parts of a ledger in order."""

    def __init__(self, keys: Sequence[VerifierKey], anchors: Sequence[Checkpoint | None]) -> None:
        self.report = Report()
        self._keys = list(keys)
        self._pinned = bool(keys)
        self._anchors = [a for a in anchors if a is not None]
        self._notes: list[Checkpoint] = []
        self._tree = Frontier()
        self._tracks: tuple[Roots, ...] = ()
        self._due = -1
        self._leaves: dict[int, bytes] = {}
        self._writers: dict[str, int] = {}
        self._broken: int | None = None
        self._unkept = -1
        self._torn = False  # entries are known to be wrong: a hole in a writer's numbers says nothing more
        self.altered: dict[int, bytes] = {}
        for damaged in range(len(anchors) - len(self._anchors)):
            self._found("anchor", detail=f"line {damaged + 1}")

    def take(self, part: Part) -> None:
        """The next part."""
        match part:
            case Entry(line, leaf):
                self._entry(line, leaf)
            case Leaves(position, hashes):
                here = self._tree.size // WIDTH
                self._leaves = {p: h for p, h in self._leaves.items() if p >= here} | {position: hashes}
            case Note(text, size, root):
                self._note(text, size, root)
            case Header(key):
                if not self._pinned:
                    self._keys.append(key)
            case Unreadable(number):
                self._found("unreadable", detail=f"line {number}")

    def end(self) -> Report:
        """What was found."""
        if not self._tracks:
            self._begin()
        size, report = self._tree.size, self.report
        for track in self._tracks:
            report.findings += track.ended(size, self._broken)
        if size > self._tracks[0].last:
            self._found("unsigned", self._tracks[0].last, size - 1)
        sizes = {c.size for c in self._notes}
        for lost in sorted({a.size for a in self._anchors} - sizes):
            self._found("checkpoint", lost, detail=f"size {lost} is anchored and not in the ledger")
        if not self._keys:
            self._found("empty")
        report.size, report.root = size, self._tree.root().hex()
        report.keys = tuple(key.text for key in self._keys)
        return report

    # --- parts ------------------------------------------------------------------------------------------------

    def _note(self, text: str, size: int | None, root: bytes | None) -> None:
        self.report.checkpoints += 1
        try:
            checkpoint = read(text)
        except Invalid:
            return self._found("signature", detail="not a checkpoint")
        self._notes.append(checkpoint)
        if size not in (None, checkpoint.size) or root not in (None, checkpoint.root):
            self._found("checkpoint", size, detail="the row says something else than the note that was signed")
        return None

    def _begin(self) -> None:
        """All signed roots are known now: compare anchors with checkpoints, check signatures."""
        for checkpoint in [*self._notes, *self._anchors]:
            if self._keys and not any(key.verifies(checkpoint) for key in self._keys):
                self._found("signature", checkpoint.size, detail=f"size {checkpoint.size}")
        self.report.anchored = len(self._anchors)
        self._tracks = (Roots("rewritten", self._notes), Roots("forked", self._anchors))
        self._compare()

    def _compare(self) -> None:
        for track in self._tracks:
            self.report.findings += track.grown(self._tree)
        self._due = min((track.due for track in self._tracks if track.due >= 0), default=-1)

    def _entry(self, line: bytes, leaf: bytes | None) -> None:
        if not self._tracks:
            self._begin()
        self.report.entries += 1
        try:
            entry: Json = orjson.loads(line)
            number = int(entry["number"])
        except (ValueError, KeyError, TypeError):
            return self._found("altered", self._tree.size, detail="not an entry")
        if number < self._tree.size:
            return self._found("inserted", number, receipt=entry.get("receipt"))
        if number > self._tree.size:
            self._gone(number)
        hashed, sealed = leaf_hash(line), self._sealed(number)
        if sealed is None:
            sealed = leaf or hashed
            if self._unkept != number // WIDTH:
                self._unkept = number // WIDTH
                self._found("leaves", self._unkept * WIDTH, self._unkept * WIDTH + WIDTH - 1)
        if hashed != sealed or (leaf is not None and leaf != sealed):
            self._found("altered", number, receipt=entry.get("receipt"))
            self._torn = True
            if len(self.altered) < MOST:
                self.altered[number] = line
        self._grow(sealed)
        self._in_order(number, entry)
        return None

    def _gone(self, number: int) -> None:
        """Numbers before `number` are not there; where their hashes are, the tree goes on."""
        first = self._tree.size
        self._found("removed", first, number - 1)
        self._torn = True
        while self._tree.size < number and self._broken is None:
            sealed = self._sealed(self._tree.size)
            if sealed is None:
                self._broken = self._tree.size
            else:
                self._grow(sealed)
        if self._broken is not None:  # roots cannot be compared any more; numbers still can
            for _ in range(number - self._tree.size):
                self._tree.append(bytes(SIZE))

    def _sealed(self, number: int) -> bytes | None:
        """The leaf hash of an entry as it is kept beside the entries."""
        hashes = self._leaves.get(number // WIDTH)
        if hashes is None:
            return None
        found = hashes[number % WIDTH * SIZE :][:SIZE]
        return found if len(found) == SIZE else None

    def _grow(self, leaf: bytes) -> None:
        self._tree.append(leaf)
        if self._tree.size == self._due:
            self._compare()

    def _in_order(self, number: int, entry: Json) -> None:
        """Each writer numbers its entries from 1 without a gap."""
        writer, sequence, kind = str(entry.get("writer")), int(entry.get("sequence") or 0), entry.get("kind")
        last = self._writers.get(writer, 0)
        receipt = entry.get("receipt")
        if kind == "gap":
            count = int(entry.get("rows") or 0)
            self._found("missing", number, receipt=receipt, detail=f"{count} of writer {writer} up to {sequence}")
            last += count
        elif kind == "read":
            last += 1
        else:
            self._found("stray", number, receipt=receipt, detail=f"writer {writer}: {sequence} after {last}")
            last = sequence
        if sequence != last and not self._torn:
            self._found("sequence", number, receipt=receipt, detail=f"writer {writer}: {sequence}, not {last}")
        self._writers[writer] = max(sequence, self._writers.get(writer, 0))

    def _found(self, kind: str, number: int | None = None, last: int | None = None, **more: Any) -> None:
        if len(self.report.findings) < MOST:
            self.report.findings.append(Finding(kind, number, last, **more))
        else:
            self.report.more += 1


def verify(
    parts: Iterable[Part], keys: Sequence[VerifierKey], anchors: Sequence[Checkpoint | None]
) -> tuple[Report, dict[int, bytes]]:
    """Verify a ledger; the report, and the entries that were altered (number -> bytes as they are now).

    Without `keys`, the key that an export names is used: then only anchors tell a forger's key.
    """
    begun = time.perf_counter()
    verifier = Verifier(keys, anchors)
    for part in parts:
        verifier.take(part)
    report = verifier.end()
    report.seconds = round(time.perf_counter() - begun, 3)
    return report, verifier.altered


def compared(report: Report, altered: Mapping[int, bytes], earlier: Iterable[Part]) -> None:
    """Name the columns that were altered, by an earlier export in which the entries still were as sealed."""
    columns: dict[int, tuple[str, ...]] = {}
    for part in earlier:
        if not isinstance(part, Entry):
            continue
        try:
            before: Json = orjson.loads(part.line)
            now: Json = orjson.loads(altered[before["number"]])
        except (ValueError, KeyError, TypeError):
            continue
        columns[before["number"]] = tuple(sorted(name for name in before if before[name] != now.get(name)))
    report.findings = [
        replace(f, columns=columns.get(f.number or 0, ())) if f.kind == "altered" else f for f in report.findings
    ]


def anchors_in(places: Iterable[Path]) -> tuple[list[VerifierKey], list[Checkpoint | None]]:
    """The keys and the checkpoints in anchors. Read them before the ledger: it may grow meanwhile."""
    folders = list(places)
    return public_keys(f / PUBLIC for f in folders), [c for f in folders for c in anchor.all_of(f)]
