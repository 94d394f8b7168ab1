"""Programme G04, G05, G06: the ledger under kill -9, under load, and with a million entries. `make chaos`."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from lienthong.governance.ledger.export import of_database, of_file, write
from lienthong.governance.ledger.note import signer
from lienthong.governance.ledger.seal import seal
from lienthong.governance.ledger.verify import anchors_in, verify
from tests.chaos.ledger_rig import Rig, rig

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[2]
WRITERS, KILLS, ROUND_SECONDS = 32, 6, 4.0
MILLION = 1_000_000
T = TypeVar("T")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "home") as found:
        yield found


def test_nothing_acknowledged_is_lost_when_everything_is_killed(made: Rig, tmp_path: Path) -> None:
    """G04: readers go on while the sealer and PostgreSQL are killed six times each."""
    out = tmp_path / "receipts"
    made.keep()
    program = [sys.executable, "-m", "tests.chaos.ledger_readers", str(WRITERS), str(out)]
    log = (tmp_path / "readers.log").open("wb")
    readers = subprocess.Popen(program, cwd=ROOT, env=made.environment, stdout=log, stderr=log)
    recoveries = []
    try:
        for _ in range(KILLS):
            time.sleep(ROUND_SECONDS)
            made.kill_keeper()
            time.sleep(ROUND_SECONDS / 2)
            recoveries.append(made.kill_postgresql())
        time.sleep(ROUND_SECONDS)
        assert readers.poll() is None, (tmp_path / "readers.log").read_text()[-3000:]
    finally:
        readers.kill()
        readers.wait()
    made.seal_all()
    acknowledged = out.read_text().split("\n")[:-1]
    with made.connect() as connection:
        rows = connection.execute("select replace(receipt::text, '-', '') from platform.ledger_log").fetchall()
    stored = [row[0] for row in rows]
    report = made.verify()
    print(
        f"G04: {len(acknowledged)} acknowledged, {len(stored)} in the log, recoveries {[round(r, 1) for r in recoveries]} s"
    )
    assert len(set(acknowledged)) == len(acknowledged) > 500
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)
    assert len(stored) - len(acknowledged) <= WRITERS * (KILLS + 1)
    assert report.ok, report.findings


def test_nothing_is_told_of_entries_that_were_never_written(made: Rig, tmp_path: Path) -> None:
    """G04: while the ledger cannot be written no answer leaves; then the server is killed, and PostgreSQL with it."""
    out = tmp_path / "receipts"
    program = [sys.executable, "-m", "tests.chaos.ledger_readers", str(WRITERS), str(out)]
    readers = subprocess.Popen(program, cwd=ROOT, env=made.environment)
    try:
        until = time.monotonic() + 60
        while not out.exists() or out.stat().st_size < 5_000:
            assert time.monotonic() < until and readers.poll() is None
            time.sleep(0.1)
        with made.connect() as connection, connection.transaction(force_rollback=True):
            connection.execute("lock table platform.ledger in share mode")
            time.sleep(0.5)  # what was committed before goes out
            before = out.read_text()
            time.sleep(1.5)
            assert out.read_text() == before
            readers.kill()
            readers.wait()
            assert out.read_text() == before
    finally:
        readers.kill()
        readers.wait()
    made.kill_postgresql()
    with made.connect() as connection:
        rows = connection.execute("select replace(receipt::text, '-', '') from platform.ledger").fetchall()
        assert set(before.split()) <= {row[0] for row in rows}
        assert len(rows) - len(before.split()) <= 2 * WRITERS
        while seal(made.settings, made.registry, connection):
            pass
        assert connection.execute("select count(*) from platform.ledger_log where kind <> 'read'").fetchone() == (0,)
    assert made.verify().ok


PLAIN = """
insert into plain (receipt, writer, sequence, subject, agency, dataset, fields, condition, keys, rows, purpose, agreement, surface, state)
values (gen_random_uuid(), md5('w' || :client_id)::uuid, 1, 'tax', 'tax', 'cases', '{case_code,days}', '{"days": {"gte": 5}}', '{1,2,3}', 3,
  'statistics', 'A-1', 'rest', 'current');
"""
LEDGER = "\\set s :s + 1\n" + PLAIN.replace("insert into plain", "insert into platform.ledger").replace(
    ":client_id)::uuid, 1,", ":client_id || ':run')::uuid, :s,"
)
LAG = """
select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from c.at - e.at))
from platform.ledger_log e cross join lateral
  (select at from platform.ledger_checkpoint where size > e.number order by size limit 1) c where e.subject <> 'first'
"""


def bench(made: Rig, script: str, folder: Path, clients: int, seconds: int) -> float:
    """Transactions a second by pgbench."""
    path = folder / "script.sql"
    path.write_text(script)
    command = [
        made.cluster.binary("pgbench"),
        "-n",
        "-c",
        str(clients),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-D",
        "s=0",
        "-f",
        path,
        made.cluster.url(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(next(line for line in done.stdout.splitlines() if "tps = " in line).split("tps = ")[1].split()[0])


def test_recording_keeps_most_of_the_rate_of_a_plain_insert(made: Rig, tmp_path: Path) -> None:
    """G05: 32 clients insert, with the sealer at work on the same cores; how old entries are when they are sealed."""
    with made.connect() as connection:
        connection.execute(
            "create table plain (like platform.ledger including defaults including identity, primary key (id))"
        )
    plain, kept = [], []
    for run in range(5):
        plain.append(bench(made, PLAIN, tmp_path, 32, 4))
        made.keep_working()
        kept.append(bench(made, LEDGER.replace(":run", str(run)), tmp_path, 32, 4))
        made.seal_all(120)
        assert made.keeper
        made.keeper.terminate()
        made.keeper.wait()
    with made.connect() as connection:
        row = connection.execute(LAG).fetchone()
    assert row
    middle, late = row[0]
    ratio = statistics.median(a / b for a, b in zip(kept, plain, strict=True))  # pairs: the machine drifts
    print(f"G05: plain {plain}, ledger {kept} tps, ratio {ratio:.2f}; seal lag p50 {middle:.2f} s, p99 {late:.2f} s")
    assert ratio >= 0.7
    assert made.verify().ok


def test_seal_lag_under_a_steady_load(made: Rig, tmp_path: Path) -> None:
    """G05: a thousand governed reads a second for ten seconds."""
    made.keep_working()
    path = tmp_path / "script.sql"
    path.write_text(LEDGER.replace(":run", "x"))
    command = [
        made.cluster.binary("pgbench"),
        "-n",
        "-c",
        "32",
        "-j",
        "2",
        "-R",
        "1000",
        "-T",
        "10",
        "-D",
        "s=0",
        "-f",
        path,
        made.cluster.url(),
    ]
    subprocess.run(command, capture_output=True, text=True, check=True)
    made.seal_all()
    with made.connect() as connection:
        row = connection.execute(LAG).fetchone()
    assert row
    middle, late = row[0]
    print(f"G05: seal lag at 1,000/s: p50 {middle:.2f} s, p99 {late:.2f} s")
    assert late <= 2.0
    assert made.verify().ok


FILL = """
insert into platform.ledger (receipt, writer, sequence, subject, agency, dataset, fields, condition, keys, rows, purpose, agreement, surface, state)
select gen_random_uuid(), md5('w' || n %% 16)::uuid, n / 16 + 1, 'tax', 'tax', 'cases', '{case_code,days,channel}',
  '{"days": {"gte": 5}}', array[n, n + 1, n + 2], 3, 'statistics', 'A-1', 'rest', 'current' from generate_series(0, %s - 1) n
"""


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What comes of it, the seconds of CPU that this process spent, and those of the clock."""
    cpu, clock = time.process_time(), time.monotonic()
    return work(), time.process_time() - cpu, time.monotonic() - clock


def test_a_million_entries_are_verified_within_a_minute(made: Rig, tmp_path: Path) -> None:
    """G06: in the verifier's own time, whatever the machine does besides; the clock is told too."""
    with made.connect() as connection:
        connection.execute(FILL, (MILLION,))
        begun = time.monotonic()
        while seal(made.settings, made.registry, connection):
            pass
        sealing = MILLION / (time.monotonic() - begun)
        report, live, waited = timed(made.verify)
        file = tmp_path / "ledger.jsonl"
        assert write(file, signer(made.settings).key, of_database(connection)) == MILLION
    keys, anchors = anchors_in([made.settings.home / "anchors"])
    (offline, _), seconds, lasted = timed(lambda: verify(of_file(file), keys, anchors))
    print(
        f"G06: sealing {sealing:,.0f}/s; live {live:.1f} s (clock {waited:.1f}); offline {seconds:.1f} s (clock {lasted:.1f}) = "
        f"{MILLION / seconds:,.0f}/s; {file.stat().st_size / MILLION:.0f} bytes an entry"
    )
    assert report.ok and offline.ok and report.entries == offline.entries == MILLION
    assert live < 60 and seconds < 60
