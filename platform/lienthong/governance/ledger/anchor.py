"""Anchors: every checkpoint is also kept outside the database, so that an old copy of it cannot pass for the ledger.

An anchor is a folder: a file a day, a line of JSON a checkpoint, only ever appended to, and the public key.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from lienthong.governance.ledger.note import PUBLIC, Checkpoint, VerifierKey, read
from lienthong.kernel.problem import Conflict, Invalid, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

_TAIL = 8192


def places(settings: Settings) -> list[Path]:
    """The anchor of the home folder, and the further ones that are set. A checkpoint must reach all of them."""
    return [settings.home / "anchors", *(Path(part) for part in settings.anchors.split(":") if part)]


def keep(place: Path, newest: Checkpoint | None, stored: Callable[[int], Checkpoint | None], key: VerifierKey) -> bool:
    """Put the newest checkpoint of the database down in `place`; was it new there?

    Raises Conflict when the anchor knows another ledger (an old backup, a fork), Unavailable when it cannot be written.
    """
    try:
        last = last_of(place)
        if last is not None:
            known = stored(last.size) if newest and last.size <= newest.size else None
            if known is None or known.root != last.root:
                raise Conflict(
                    both("Sổ khác với mốc neo: dữ liệu cũ hoặc bị sửa", "The ledger is not the one that was anchored"),
                    place=f"{place}: {last.size}",
                    fix=both("Chạy: lienthong ledger verify", "Run: lienthong ledger verify"),
                )
        if newest is None or (last is not None and last.size == newest.size):
            return False
        _append(place, newest, key)
        return True
    except OSError as error:
        detail = both("Không ghi được mốc neo của sổ truy cập", "The ledger's anchor cannot be written")
        raise Unavailable(detail, place=str(place)) from error


def last_of(place: Path) -> Checkpoint | None:
    """The newest checkpoint in an anchor, or None when it holds none. Raises OSError, Invalid."""
    for path in sorted(place.glob("*.jsonl"), reverse=True):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            whole = file.read().rpartition(b"\n")[0]
        if whole:
            return _parse(whole.rpartition(b"\n")[2])
    return None


def all_of(place: Path) -> Iterator[Checkpoint | None]:
    """Every checkpoint in an anchor, the oldest first; None for a line that is none."""
    for path in sorted(place.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                yield _parse(line)
            except Invalid:
                yield None


def _parse(line: bytes) -> Checkpoint:
    try:
        return read(str(json.loads(line)["note"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(both("Mốc neo hỏng", "The anchor is damaged"), place="anchor") from error


def _append(place: Path, checkpoint: Checkpoint, key: VerifierKey) -> None:
    """One more line, on disk when this returns. What a power cut left half written is cut off first."""
    place.mkdir(parents=True, exist_ok=True)
    if not (place / PUBLIC).exists():
        (place / PUBLIC).write_text(key.text + "\n")
    path = place / f"{checkpoint.at[:10]}.jsonl"
    new = not path.exists()
    line = json.dumps({"size": checkpoint.size, "note": checkpoint.note}, ensure_ascii=False).encode() + b"\n"
    with path.open("ab") as file:
        if file.tell():
            _whole_lines(path)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if new:
        folder = os.open(place, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _whole_lines(path: Path) -> None:
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL))
        tail = file.read()
        if not tail.endswith(b"\n"):
            file.truncate(end - len(tail) + tail.rfind(b"\n") + 1)
