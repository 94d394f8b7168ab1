"""Reads through our server against the same statements through the bare driver, in alternating windows."""

import json
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.cases import Case, cases
from bench.load import Window, answer, load, tool
from bench.place import CLI, Place, free_port, serving
from bench.processes import cpu_ms, machine_ms, settle
from lienthong.store import owner

Say = Callable[[str], None]
ROUNDS = 2


@dataclass(frozen=True)
class System:
    """A server under load."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True)
class Measured:
    """One window with its CPU: milliseconds a request of the server and of PostgreSQL, and other people's cores."""

    window: Window
    server_ms: float
    postgres_ms: float
    others: float


def run(place: Place, seconds: float, say: Say, only: str = "") -> dict[str, Any]:
    """Measure every case whose name holds `only`. The enterprises of `place` must be released."""
    found = [case for case in cases(place.url) if only in case.slug]
    statements = place.home / "statements.pickle"
    kept = {case.slug: [(s.sql.encode(), s.params) for s in case.statements] for case in found}
    statements.write_bytes(pickle.dumps(kept))
    bare_port, our_port = free_port(), free_port()
    bare = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(bare_port), "--no-ws"]
    extra = {"BENCH_STATEMENTS": str(statements), "BENCH_URL": owner.app_url(place.settings)}
    ours = place.environment | {
        "LIENTHONG_PORT": str(our_port),
        "LIENTHONG_WORKERS": "1",
        "LIENTHONG_KEPT_MEGABYTES": "0",
    }
    with (
        serving([*bare, "bench.bare:app"], place.environment | extra, bare_port, "/ready/0") as low,
        serving([*CLI, "serve"], ours, our_port, "/healthz") as high,
    ):
        systems = (System("bare", bare_port, low), System("lienthong", our_port, high))
        results = [_case(case, systems, place.postmaster, seconds, say) for case in found]
    return {"tool": tool(), "rounds": ROUNDS, "seconds": seconds, "cases": results}


def _case(case: Case, systems: Sequence[System], postmaster: int, seconds: float, say: Say) -> dict[str, Any]:
    same(case, systems)
    windows: dict[str, list[Measured]] = {system.name: [] for system in systems}
    for number in range(ROUNDS + 1):  # the first one warms up
        for system in systems:
            settle(postmaster)
            measured = _window(case, system, postmaster, seconds if number else 1)
            if number:
                windows[system.name].append(measured)
    told = {name: summary(found) for name, found in windows.items()}
    bare, ours = told["bare"], told["lienthong"]
    ratio = {
        "rate": round(ours["rate"] / bare["rate"], 3),
        "cpu": round((ours["server_ms"] + ours["postgres_ms"]) / (bare["server_ms"] + bare["postgres_ms"]), 2),
    }
    say(f"{case.name} ({case.surface}): {ours['rate']:.0f}/s, bare {bare['rate']:.0f}/s, ratio {ratio['rate']}")
    return {"case": case.name, "surface": case.surface, "ratio": ratio, **told}


def _window(case: Case, system: System, postmaster: int, seconds: float) -> Measured:
    requests = case.requests
    if system.name == "bare":
        requests = tuple(type(r)(f"/{case.slug}/{n}") for n, r in enumerate(requests))
    before = cpu_ms(system.pid), cpu_ms(postmaster), machine_ms()
    window = load(system.port, requests, seconds)
    after = cpu_ms(system.pid), cpu_ms(postmaster), machine_ms()
    server, postgres, machine = (b - a for a, b in zip(before, after, strict=True))
    others = (machine - server - postgres) / 1000 / window.seconds
    return Measured(window, server / window.requests, postgres / window.requests, others)


def summary(found: Sequence[Measured]) -> dict[str, Any]:
    """The best window; CPU over all windows. `others`: cores used by the load generator and by others."""
    best = max(found, key=lambda m: m.window.rate)
    total = sum(m.window.requests for m in found)
    return {
        "rate": round(best.window.rate, 1),
        "p50": round(best.window.p50, 2),
        "p99": round(best.window.p99, 2),
        "server_ms": round(sum(m.server_ms * m.window.requests for m in found) / total, 3),
        "postgres_ms": round(sum(m.postgres_ms * m.window.requests for m in found) / total, 3),
        "errors": sum(m.window.errors for m in found),
        "others": round(sum(m.others for m in found) / len(found), 2),
        "windows": [asdict(m.window) for m in found],
    }


def same(case: Case, systems: Sequence[System]) -> None:
    """Both servers answer with the same rows, and with some. Raises RuntimeError."""
    bare, ours = systems
    rows = 0
    for number in range(0, len(case.requests), max(1, len(case.requests) // 10)):
        limit = json.loads(answer(bare.port, type(case.requests[0])(f"/{case.slug}/{number}")))
        given = json.loads(answer(ours.port, case.requests[number]))
        if given.get("data") != limit:
            raise RuntimeError(f"{case.slug}/{number}: the answers differ: {str(given)[:500]} and {str(limit)[:500]}")
        rows += len(str(limit)) > 100
    if not rows:
        raise RuntimeError(f"{case.slug}: the answers are empty")


def rows_released(place: Place) -> int:
    """How many enterprises are released in `place`; 0 when it has none."""
    if not Path(place.home, "pg", "data").exists():
        return 0
    with owner.connect(place.settings) as connection:
        exists = connection.execute("select to_regclass('open.enterprises') is not null").fetchone()
        if not exists or not exists[0]:
            return 0
        row = connection.execute("select count(*) from open.enterprises").fetchone()
        return int(row[0]) if row else 0
