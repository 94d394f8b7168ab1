"""Landing objects: each content once, whole or not at all, never changed."""

import os
import stat
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from lienthong.kernel.problem import Conflict
from lienthong.store.landing import Landed, Landing

CONTENT = "Sở Nội vụ\n".encode() * 300_000


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def objects(landing: Landing) -> list[Path]:
    return sorted(p for p in landing.path("0" * 64).parents[1].rglob("*") if p.is_file())


def test_the_bytes_are_kept_under_their_hash_and_cannot_be_written(landing: Landing, tmp_path: Path) -> None:
    source = tmp_path / "danh sách.csv"
    source.write_bytes(CONTENT)
    landed = landing.keep(source)
    assert landed == Landed(sha256(CONTENT).hexdigest(), len(CONTENT), landing.path(landed.sha256))
    assert landed.path.read_bytes() == CONTENT
    assert objects(landing) == [landed.path]
    assert stat.S_IMODE(landed.path.stat().st_mode) == 0o400
    assert stat.S_IMODE(landed.path.parent.stat().st_mode) == 0o700
    source.write_bytes(b"other")
    assert landed.path.read_bytes() == CONTENT


def test_ten_at_once_make_one_object(landing: Landing, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(CONTENT)
    receipts: list[Landed] = []
    threads = [threading.Thread(target=lambda: receipts.append(landing.keep(source))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 10 and len(set(receipts)) == 1
    assert objects(landing) == [receipts[0].path]


def test_a_file_that_grows_while_it_is_read_is_refused(landing: Landing, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(CONTENT)
    os.utime(source, (0, 0))
    done = threading.Event()

    def write_on() -> None:
        while not done.is_set():
            with source.open("ab") as file:
                file.write(b"one more\n")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        with pytest.raises(Conflict, match="being written"):
            for _ in range(50):
                landing.keep(source)
    finally:
        done.set()
        writer.join()


def test_a_copy_that_breaks_leaves_nothing(landing: Landing) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        landing._keep(broken())
    assert objects(landing) == []


def test_what_dead_processes_left_is_swept(landing: Landing, tmp_path: Path) -> None:
    kept = landing.keep_bytes(b"kept")
    new = landing.path("0" * 64).parents[1] / "new"
    (new / "old").write_bytes(b"half")
    os.utime(new / "old", (time.time() - 7200, time.time() - 7200))
    (new / "young").write_bytes(b"being written by somebody else")
    landing.sweep()
    assert objects(landing) == sorted([kept.path, new / "young"])
