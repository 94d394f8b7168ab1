"""Ingest of a whole delivery against `psql \\copy` of the same files into an untyped table without an index."""

import resource
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.place import ROOT, Place, told
from bench.processes import Watch, cpu_ms
from bench.register import delivery, files

Say = Callable[[str], None]
TABLE = sql.Identifier("public", "bench_raw")


@dataclass(frozen=True)
class Load:
    """One load: seconds and CPU seconds (of the loading process and of PostgreSQL), peak memory in MiB."""

    seconds: float
    process_cpu: float
    postgres_cpu: float
    process_mib: float
    postgres_mib: float


class Steps:
    """Looks four times a second in which step the run is, which names a step as it begins; `seconds` of each."""

    def __init__(self, url: str) -> None:
        self.seconds: dict[str, float] = {}
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Steps":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.seconds = {name: round(seconds, 1) for name, seconds in self.seconds.items()}

    def _look(self) -> None:
        statement = "select step from platform.run where dataset = 'enterprises' and state = 'running'"
        last = time.monotonic()
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.wait(0.25):
                row, now = connection.execute(statement).fetchone(), time.monotonic()
                name = row[0] if row else "start and end"
                self.seconds[name] = self.seconds.get(name, 0) + now - last
                last = now


def run(place: Place, rows: int, rounds: int, say: Say) -> dict[str, Any]:
    """Load `rows` businesses in `rounds` fresh homes, a plain copy before each; the best of both."""
    last = [0]

    def progress(source: str, done: int, total: int) -> None:
        if done - last[0] >= total / 10 or done == total:
            last[0] = done
            say(f"{source}: {done:,}/{total:,}")

    folder = delivery(place.home.parent / "deliveries", rows, progress)
    copies, ingests, reports = [], [], []
    for number in range(rounds):
        place.clear()
        place.start()
        place.run("ingest", "administrative_units", "--from", folder)
        copies.append(_copy(place, folder))
        say(f"round {number + 1}: copy {copies[-1].seconds:.1f} s")
        load, report = _ingest(place, folder)
        ingests.append(load)
        reports.append(report)
        say(f"round {number + 1}: ingest {load.seconds:.1f} s, {report['counts']}")
    copy, best = min(copies, key=lambda c: c.seconds), min(ingests, key=lambda i: i.seconds)
    read = reports[0]["counts"]["read"]
    return {
        "rows": read,
        "bytes": sum(path.stat().st_size for path in files(folder)),
        "rounds": rounds,
        "copy": asdict(copy) | {"rate": round(read / copy.seconds)},
        "ingest": asdict(best) | {"rate": round(read / best.seconds)},
        "ratio": {
            "rate": round(copy.seconds / best.seconds, 3),
            "cpu": round((best.process_cpu + best.postgres_cpu) / (copy.process_cpu + copy.postgres_cpu), 1),
        },
        "counts": reports[ingests.index(best)]["counts"],
        "steps": reports[ingests.index(best)]["steps"],
    }


def _copy(place: Place, folder: Path) -> Load:
    """psql reads every file into one table of texts. The file in TCVN3 is taken as Latin-1: only bytes count here."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        header = files(folder)[0].read_text("utf-8-sig").split("\n", 1)[0].rstrip("\r").split(";")
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(f"c{n}")) for n in range(len(header)))
        connection.execute(sql.SQL("drop table if exists {}").format(TABLE))
        connection.execute(sql.SQL("create table {} ({})").format(TABLE, columns))
        options = "with (format csv, header, delimiter ';', encoding '{}')"
        command = ["psql", place.url, "-qX", "-v", "ON_ERROR_STOP=1"]
        for path in files(folder):
            encoding = "LATIN1" if path.stem.endswith("hop_tac_xa") else "UTF8"
            command += ["-c", f"\\copy public.bench_raw from '{path.absolute()}' {options.format(encoding)}"]
        pipe = subprocess.PIPE
        load = _timed(place, subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True))
        connection.execute(sql.SQL("drop table {}").format(TABLE))
    return load[0]


def _ingest(place: Place, folder: Path) -> tuple[Load, dict[str, Any]]:
    with Steps(place.url) as steps:
        load, out = _timed(place, place.begin("ingest", "enterprises", "--from", folder))
    report: dict[str, Any] = told(out, 0, "")[0]
    return load, report | {"steps": steps.seconds}


def _timed(place: Place, process: subprocess.Popen[str]) -> tuple[Load, str]:
    """Wait for a process and measure it. Raises RuntimeError when it fails."""
    before, server = _children(), cpu_ms(place.postmaster)
    start = time.monotonic()
    with Watch({"process": process.pid, "postgres": place.postmaster}) as watch:
        out, error = process.communicate()
    seconds = time.monotonic() - start
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {(out + error)[-2000:]}")
    time.sleep(1)  # the server's own processes end
    spent = (cpu_ms(place.postmaster) - server) / 1000
    peaks = watch.peaks
    return Load(round(seconds, 2), round(_children() - before, 2), round(spent, 2), round(peaks["process"]),
                round(peaks["postgres"])), out  # fmt: skip


def _children() -> float:
    """CPU seconds of the processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
