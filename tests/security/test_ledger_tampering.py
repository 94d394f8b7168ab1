"""Programme G03, G11: whoever owns the database and changes the ledger is found, and told where."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.governance.ledger.export import Entry, of_database, of_file, write
from lienthong.governance.ledger.merkle import Edge
from lienthong.governance.ledger.note import PUBLIC, Signer, VerifierKey, public_keys, signer
from lienthong.governance.ledger.seal import seal
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict
from lienthong.store import ledger
from tests.security.ledger_book import Book, book

ENTRIES, SEEDS = 600, 3
LINE = ledger.LINE
Tampering = Callable[[Book, int], None]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Six hundred entries of four writers, sealed in some twenty batches; nothing is wrong with them."""
    with book(tmp_path_factory.mktemp("book")) as found:
        writers = [found.write(1) for _ in range(4)]
        draw = random.Random(7)
        while sum(found.sequences.values()) < ENTRIES:
            for _ in range(3):
                found.write(draw.randint(5, 15), draw.choice(writers))
            found.seal()
        assert found.verify().ok
        yield found


def run(sealed: Book, query: str, *values: object) -> None:
    sealed.connection.execute(query.encode(), values or None)


def rehash(sealed: Book, first: int) -> None:
    """Make leaf hashes and tiles fit the entries again, as an attacker who knows the format would."""
    run(
        sealed,
        f"update platform.ledger_log e set leaf = sha256('\\x00'::bytea || convert_to({LINE}, 'UTF8')) where number >= {first}",
    )
    edge = Edge({}, 0)
    for (leaf,) in sealed.connection.execute("select leaf from platform.ledger_log order by number").fetchall():
        edge.append(bytes(leaf))
    run(sealed, "delete from platform.ledger_tile")
    ledger.put_tiles(sealed.connection, edge.changed)


def sign_again(sealed: Book, key: Signer, at_least: int = 0) -> None:
    """Sign what is there now, with this key, in place of every checkpoint from a size on."""
    sizes = [
        r[0] for r in sealed.connection.execute("select size from platform.ledger_checkpoint order by size").fetchall()
    ]
    leaves = [
        bytes(r[0])
        for r in sealed.connection.execute("select leaf from platform.ledger_log order by number").fetchall()
    ]
    sizes = sorted({min(size, len(leaves)) for size in sizes if size > at_least} | {len(leaves)})
    run(sealed, "delete from platform.ledger_checkpoint where size > %s", at_least)
    edge, previous = Edge({}, 0), at_least
    for leaf in leaves:
        edge.append(leaf)
        if edge.size in sizes:
            at = now()
            signed = key.sign(edge.size, edge.root(), at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
            new = ledger.StoredCheckpoint(edge.size, signed.root, at, signed.note)
            ledger.add_checkpoint(sealed.connection, new, previous)
            previous = edge.size


COLUMNS = {
    "subject": "'x'", "agency": "null", "dataset": "'firms'", "fields": "'{days}'", "keys": "'{3}'", "rows": "2",
    "purpose": "'inspection'", "agreement": "'A-2'", "at": "at + interval '1 microsecond'", "state": "'2026-01-01'",
    "condition": """'{"days": {"gte": 1.5}}'""", "context": "null", "surface": "'ckan'", "kind": "'stray'",
    "receipt": "gen_random_uuid()", "writer": "gen_random_uuid()", "sequence": "sequence + 1", "role": "'steward'",
}  # fmt: skip


def column(sealed: Book, n: int) -> None:
    name = sorted(COLUMNS)[n % len(COLUMNS)]
    run(sealed, f"update platform.ledger_log set {name} = {COLUMNS[name]} where number = {n}")


def column_and_leaf(sealed: Book, n: int) -> None:
    run(sealed, f"update platform.ledger_log set purpose = 'inspection' where number = {n}")
    run(
        sealed,
        f"update platform.ledger_log e set leaf = sha256('\\x00'::bytea || convert_to({LINE}, 'UTF8')) where number = {n}",
    )


def column_leaf_and_tiles(sealed: Book, n: int) -> None:
    run(sealed, f"update platform.ledger_log set purpose = 'inspection' where number = {n}")
    rehash(sealed, n)


def removed(sealed: Book, n: int) -> None:
    run(sealed, f"delete from platform.ledger_log where number = {n}")


def removed_and_closed_up(sealed: Book, n: int) -> None:
    removed(sealed, n)
    run(sealed, f"update platform.ledger_log set number = -number where number > {n}")
    run(sealed, "update platform.ledger_log set number = -number - 1 where number < 0")
    rehash(sealed, n)


def inserted(sealed: Book, n: int) -> None:
    run(sealed, f"update platform.ledger_log set number = -number where number >= {n} and number > 0")
    run(sealed, "update platform.ledger_log set number = -number + 1 where number < 0")
    copied = "kind, at, gen_random_uuid(), writer, sequence, subject, role, agency, dataset, fields, condition, keys, rows, purpose, agreement, surface, state, context, leaf"
    run(sealed, f"insert into platform.ledger_log select {n}, {copied} from platform.ledger_log where number = {n + 1}")
    rehash(sealed, n)


def added_at_the_end(sealed: Book, n: int) -> None:
    end = sealed.ask("select max(number) + 1 from platform.ledger_log")
    copied = "kind, at, gen_random_uuid(), writer, sequence, subject, role, agency, dataset, fields, condition, keys, rows, purpose, agreement, surface, state, context, leaf"
    run(sealed, f"insert into platform.ledger_log select {end}, {copied} from platform.ledger_log where number = {n}")


def swapped(sealed: Book, n: int) -> None:
    other = (n + 1) % ENTRIES
    run(
        sealed,
        f"update platform.ledger_log set number = case number when {n} then -1 else -2 end where number in ({n}, {other})",
    )
    run(
        sealed,
        f"update platform.ledger_log set number = case number when -1 then {other} else {n} end where number < 0",
    )
    rehash(sealed, min(n, other))


def truncated(sealed: Book, n: int) -> None:
    run(sealed, f"delete from platform.ledger_log where number >= {n}")
    rehash(sealed, n)


def old_backup(sealed: Book, n: int) -> None:
    """Log, tiles and checkpoints as they were some batches ago: consistent in itself."""
    size = sealed.ask("select max(size) from platform.ledger_checkpoint where size <= %s", max(n, 60))
    run(sealed, f"delete from platform.ledger_log where number >= {size}")
    run(sealed, f"delete from platform.ledger_checkpoint where size > {size}")
    rehash(sealed, size)


def rewritten_with_the_key(sealed: Book, n: int) -> None:
    column_leaf_and_tiles(sealed, n)
    sign_again(sealed, signer(sealed.settings))


def rewritten_with_another_key(sealed: Book, n: int) -> None:
    column_leaf_and_tiles(sealed, n)
    sign_again(sealed, Signer(Ed25519PrivateKey.generate(), signer(sealed.settings).key.name))


def forked_tail(sealed: Book, n: int) -> None:
    old_backup(sealed, n)
    sealed.connection.execute("set session_replication_role = origin")
    last = sealed.connection.execute(
        "select writer, max(sequence) from platform.ledger_log group by writer limit 1"
    ).fetchone()
    assert last
    for k in range(1, 60 + n):
        sealed.connection.execute(
            "insert into platform.ledger (receipt, writer, sequence, subject, dataset, fields, purpose, surface, state) "
            "values (gen_random_uuid(), %s, %s, 'forger', 'cases', '{}', '', 'rest', 'current')", (last[0], last[1] + k))  # fmt: skip
    aside = sealed.settings.model_copy(update={"home": sealed.settings.home / "fork"})
    (aside.home / "keys").mkdir(parents=True, exist_ok=True)
    for name in ("ledger.pem", PUBLIC):
        (aside.home / "keys" / name).write_bytes((sealed.settings.home / "keys" / name).read_bytes())
    for path in (aside.home / "anchors").glob("*.jsonl"):
        path.unlink()
    assert seal(aside, sealed.registry, sealed.connection)
    sealed.connection.execute("set session_replication_role = replica")


def from_the_inbox(sealed: Book, n: int) -> None:
    """An entry deleted before it was sealed; the grace time has passed."""
    writer = sealed.write(5)
    gone = n % 4 + 1
    run(sealed, "delete from platform.ledger where writer = %s and sequence = %s", writer, gone)
    run(sealed, "update platform.ledger set at = at - interval '1 minute'")
    sealed.connection.execute("set session_replication_role = origin")
    sealed.seal()
    sealed.connection.execute("set session_replication_role = replica")


def into_the_inbox(sealed: Book, n: int) -> None:
    """An entry that pretends to be one of a writer that has gone on since."""
    row = sealed.connection.execute(
        "select writer, sequence from platform.ledger_log where number = %s", (n,)
    ).fetchone()
    assert row
    sealed.sequences[row[0]] = row[1] - 1
    sealed.write(1, row[0])
    sealed.seal()


def checkpoint_changed(sealed: Book, n: int) -> None:
    size = sealed.ask("select min(size) from platform.ledger_checkpoint where size > %s", n)
    run(sealed, "update platform.ledger_checkpoint set note = replace(note, 'time 2', 'time 1') where size = %s", size)


def checkpoint_removed(sealed: Book, n: int) -> None:
    size = sealed.ask("select min(size) from platform.ledger_checkpoint where size > %s", n)
    run(sealed, "delete from platform.ledger_checkpoint where size = %s", size)


# Tampering -> (the kinds of findings of which one must be told, is it found without an anchor too).
KINDS: dict[Tampering, tuple[set[str], bool]] = {
    column: ({"altered"}, True),
    column_and_leaf: ({"altered"}, True),
    column_leaf_and_tiles: ({"rewritten"}, True),
    removed: ({"removed", "truncated"}, True),
    removed_and_closed_up: ({"rewritten"}, True),
    inserted: ({"rewritten"}, True),
    added_at_the_end: ({"unsigned", "altered"}, True),
    swapped: ({"rewritten"}, True),
    truncated: ({"truncated"}, True),
    old_backup: ({"truncated"}, False),
    rewritten_with_the_key: ({"forked"}, False),
    rewritten_with_another_key: ({"signature"}, True),
    forked_tail: ({"forked", "truncated"}, False),
    from_the_inbox: ({"missing"}, True),
    into_the_inbox: ({"stray"}, True),
    checkpoint_changed: ({"signature"}, True),
    checkpoint_removed: ({"checkpoint", "unsigned"}, False),
}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("tampering", KINDS, ids=lambda t: t.__name__)
def test_tampering_is_found(sealed: Book, tampering: Tampering, seed: int) -> None:
    number = random.Random(f"{tampering.__name__} {seed}").randrange(ENTRIES)
    expected, alone = KINDS[tampering]
    with sealed.attacked():
        tampering(sealed, number)
        report, blind = sealed.verify(), sealed.verify(anchored=False)
    found = {finding.kind for finding in report.findings}
    assert found & expected, report.findings
    if tampering not in (
        from_the_inbox,
        into_the_inbox,
        added_at_the_end,
        forked_tail,
        old_backup,
        checkpoint_changed,
        checkpoint_removed,
    ):
        first = min(f.number for f in report.findings if f.kind in expected and f.number is not None)
        assert first <= number, (number, report.findings)
    if tampering in (column, column_and_leaf, removed):
        assert number in {f.number for f in report.findings}
    assert not alone or not blind.ok
    assert sealed.verify().ok


def test_the_sealer_does_not_sign_over_an_old_backup(sealed: Book) -> None:
    """What was rolled back is not sealed on: entries wait, and in the end personal data is refused (G09)."""
    with sealed.attacked():
        old_backup(sealed, 300)
        sealed.connection.execute("set session_replication_role = origin")
        sealed.write(3)
        with pytest.raises(Conflict):
            sealed.seal()
        sealed.connection.execute("set session_replication_role = replica")


# --- an export, in the hands of somebody else ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(sealed: Book, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes], VerifierKey]:
    path = tmp_path_factory.mktemp("export") / "ledger.jsonl"
    key = signer(sealed.settings).key
    assert write(path, key, of_database(sealed.connection)) == sum(sealed.sequences.values())
    return path, path.read_bytes().splitlines(keepends=True), key


def test_an_export_verifies_without_a_database(sealed: Book, exported: tuple[Path, list[bytes], VerifierKey]) -> None:
    path, _, _ = exported
    keys, anchors = anchors_in(sealed.places)
    report, _ = verify(of_file(path), keys, anchors)
    assert report.ok and report.anchored == report.checkpoints > 10
    assert public_keys([sealed.places[0] / PUBLIC]) == keys


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_of_an_export_can_be_changed(
    sealed: Book, exported: tuple[Path, list[bytes], VerifierKey], data: st.DataObject
) -> None:
    path, lines, key = exported
    changed = list(lines)
    entries = [n for n, line in enumerate(lines) if line.startswith(b'{"agency"')]
    n = data.draw(st.sampled_from(entries))
    match data.draw(st.sampled_from(["byte", "drop", "twice", "swap", "cut"])):
        case "byte":
            at = data.draw(st.integers(0, len(lines[n]) - 2))
            other = data.draw(st.integers(0, 255).filter(lambda b: b not in (lines[n][at], 10, 13)))
            changed[n] = lines[n][:at] + bytes([other]) + lines[n][at + 1 :]
        case "drop":
            del changed[n]
        case "twice":
            changed.insert(data.draw(st.sampled_from(entries)), lines[n])
        case "swap":
            m = data.draw(st.sampled_from(entries).filter(lambda m: lines[m] != lines[n]))
            changed[n], changed[m] = lines[m], lines[n]
        case "cut":
            changed = changed[:n]
    copy = path.with_name("changed.jsonl")
    copy.write_bytes(b"".join(changed))
    assert not verify(of_file(copy), [key], [])[0].ok


def test_the_exported_lines_are_the_bytes_that_were_hashed(exported: tuple[Path, list[bytes], VerifierKey]) -> None:
    """RFC 8785 by an independent way: parsed and written anew by Python, members sorted, no blanks."""
    path, _, _ = exported
    lines = [part.line for part in of_file(path) if isinstance(part, Entry)]
    for line in lines[:50]:
        assert json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() == line
