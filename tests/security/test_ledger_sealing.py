"""Sealing: each writer's order, gaps, one sealer at a time, keys and anchors on disk."""

import json
import stat
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.note import PRIVATE, PUBLIC, VerifierKey, read
from lienthong.governance.ledger.seal import arrange, seal
from lienthong.kernel.problem import Conflict, Invalid
from lienthong.store import ledger, owner
from lienthong.store.ledger import Gap, Waiting
from tests.security.ledger_book import Book, book

A, B = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    partner = tmp_path_factory.mktemp("partner") / "anchors"
    with book(tmp_path_factory.mktemp("book"), anchors=str(partner)) as found:
        yield found


def test_entries_are_numbered_on_from_the_log() -> None:
    waiting = [Waiting(10, A, 3, True), Waiting(11, B, 1, True), Waiting(12, A, 4, True)]
    plan, gaps = arrange(waiting, {A: 2, B: 0}, 100)
    assert plan == [(10, 100, "read"), (11, 101, "read"), (12, 102, "read")] and gaps == []


def test_a_fresh_hole_is_waited_for_by_its_writer_alone() -> None:
    waiting = [Waiting(10, A, 2, True), Waiting(11, B, 1, True), Waiting(12, A, 3, False)]
    plan, gaps = arrange(waiting, {A: 0, B: 0}, 0)
    assert plan == [(11, 0, "read")] and gaps == []


def test_an_old_hole_is_an_entry_of_its_own() -> None:
    plan, gaps = arrange([Waiting(10, A, 5, False), Waiting(11, A, 6, True)], {A: 1}, 7)
    assert gaps == [Gap(7, A, 4, 3)] and plan == [(10, 8, "read"), (11, 9, "read")]


def test_a_number_that_was_used_is_a_stray() -> None:
    plan, _ = arrange([Waiting(10, A, 2, True), Waiting(11, A, 6, True)], {A: 5}, 0)
    assert plan == [(10, 0, "stray"), (11, 1, "read")]


@settings(deadline=None)
@given(st.data())
def test_whatever_waits_every_number_is_used_once(data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 30)), unique=True, max_size=40))
    waiting = [Waiting(n, writer, sequence, data.draw(st.booleans())) for n, (writer, sequence) in enumerate(pairs)]
    sealed = {A: data.draw(st.integers(0, 9)), B: 0}
    plan, gaps = arrange(waiting, sealed, 50)
    numbers = sorted([number for _, number, _ in plan] + [gap.number for gap in gaps])
    assert numbers == list(range(50, 50 + len(numbers)))
    by_id = {entry.id: entry for entry in waiting}
    for writer in (A, B):
        steps = [
            (number, by_id[id].sequence, 1)
            for id, number, kind in plan
            if kind == "read" and by_id[id].writer == writer
        ]
        steps += [(gap.number, gap.last, gap.count) for gap in gaps if gap.writer == writer]
        last = sealed[writer]
        for _, sequence, count in sorted(steps):
            last += count
            assert sequence == last


def test_two_sealers_at_once_seal_each_entry_once(kept: Book) -> None:
    writers = [kept.write(700) for _ in range(4)]
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with owner.connect(kept.settings) as connection:
                for _ in range(30):
                    seal(kept.settings, kept.registry, connection)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert kept.ask("select count(*) from platform.ledger_log where writer = any(%s)", writers) == 2800
    assert (
        kept.ask("select count(distinct (writer, sequence)) from platform.ledger_log where writer = any(%s)", writers)
        == 2800
    )
    assert kept.verify().ok


def test_a_sealer_that_is_slow_to_anchor_is_not_overtaken(kept: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write(5)
    append, slow, go_on = anchor._append, threading.Event(), threading.Event()

    def waits(*of: Any) -> None:
        slow.set()
        assert go_on.wait(60)
        append(*of)

    def work() -> int:
        with owner.connect(kept.settings) as connection:
            return seal(kept.settings, kept.registry, connection)

    with monkeypatch.context() as patched, ThreadPoolExecutor(1) as pool:
        patched.setattr(anchor, "_append", waits)
        first = pool.submit(work)
        assert slow.wait(60)
        kept.write(3)
        assert kept.seal() == 0  # before, it put a newer checkpoint into the anchor, and the slow one behind it
        go_on.set()
        assert first.result(60) == 8
    for place in kept.places:
        sizes = [found.size for found in anchor.all_of(place) if found]
        assert sizes == sorted(set(sizes))
    assert kept.verify().ok


class Death(BaseException):
    """What nothing in the platform catches, as nothing catches the end of a process."""


def dies(*_: Any) -> None:
    raise Death


def test_a_sealer_that_dies_before_the_anchor_is_caught_up(kept: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write(5)
    with monkeypatch.context() as dying:
        dying.setattr(anchor, "_append", dies)
        with pytest.raises(Death):
            kept.seal()
    newest = ledger.checkpoint(kept.connection)
    assert newest and all((found := anchor.last_of(place)) is None or found.size < newest.size for place in kept.places)
    kept.seal()
    assert all((found := anchor.last_of(place)) and found.root == newest.root for place in kept.places)
    assert kept.verify().ok


def test_a_line_cut_by_a_power_failure_is_not_kept(kept: Book) -> None:
    kept.write(1)
    kept.seal()
    path = max(kept.places[0].glob("*.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"size": 99, "no')
    kept.write(1)
    kept.seal()
    lines = path.read_bytes().splitlines()
    assert len(lines) == len(whole.splitlines()) + 1 and all(json.loads(line)["note"] for line in lines)


def test_every_place_holds_the_key_and_the_same_roots(kept: Book) -> None:
    home, partner = kept.places
    assert (
        (home / PUBLIC).read_text()
        == (partner / PUBLIC).read_text()
        == (kept.settings.home / "keys" / PUBLIC).read_text()
    )
    kept.write(1)
    kept.seal()
    mine, theirs = ({c.size: c.root for c in anchor.all_of(place) if c} for place in (home, partner))
    # Of sealers that overtake each other a place may skip a root; none has another one, and all have the last.
    assert all(theirs[size] == mine[size] for size in mine.keys() & theirs.keys()) and max(mine) == max(theirs)
    assert stat.S_IMODE((kept.settings.home / "keys" / PRIVATE).stat().st_mode) == 0o600


def test_a_removed_row_stops_the_sealer(kept: Book) -> None:
    with kept.attacked():
        kept.connection.execute(
            "delete from platform.ledger_log where number = (select max(number) from platform.ledger_log)"
        )
        kept.connection.execute("set session_replication_role = origin")
        kept.write(1)
        with pytest.raises(Conflict):
            kept.seal()
        kept.connection.execute("set session_replication_role = replica")


def test_notes_and_keys_are_read_strictly(kept: Book) -> None:
    newest = ledger.checkpoint(kept.connection)
    assert newest
    note = newest.note
    for wrong in ("", "a\n1\nb\n", note.replace("\n\n", "\n"), note.replace("\n", "\n0", 1), note.partition("—")[0]):
        with pytest.raises(Invalid):
            read(wrong)
    key = (kept.settings.home / "keys" / PUBLIC).read_text().strip()
    assert VerifierKey.parse(key).verifies(read(note))
    for wrong in ("", "a+b", key.replace("+", "+0", 1), key[:-8]):
        with pytest.raises(Invalid):
            VerifierKey.parse(wrong)
