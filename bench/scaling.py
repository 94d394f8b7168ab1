"""One server process and two: on the whole machine, and with the same slice of a core for each.

On few cores PostgreSQL and the load generator need what the second process would. A control group (cgroup v1) that
holds each process to a slice of a core takes them out of the question: what two do is then theirs alone.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.load import Request, load
from bench.place import CLI, Place, free_port, serving
from bench.processes import cpu_ms, machine_ms, settle, tree

GROUPS = Path("/sys/fs/cgroup/cpu")
SLICE = 0.3  # of a core
PERIOD_US = 20_000
ROUNDS = 3
_READY_S = 120  # what a process does after its start (indexes of the catalogue) must not be measured


def workers(place: Place, requests: Sequence[Request], seconds: float) -> dict[str, Any]:
    """The rates of one process and of two. `slice` is None where no control group can be made."""
    plain = {str(number): _rate(place, number, requests, seconds)["rate"] for number in (1, 2)}
    told: dict[str, Any] = {"rates": plain, "times": round(plain["2"] / plain["1"], 2), "slice": None}
    if _may_slice():
        sliced = {str(number): _rate(place, number, requests, seconds, SLICE) for number in (1, 2)}
        times = round(sliced["2"]["rate"] / sliced["1"]["rate"], 2)
        told["slice"] = {"share": SLICE, "times": times, **sliced}
    return told


def _rate(
    place: Place, number: int, requests: Sequence[Request], seconds: float, share: float | None = None
) -> dict[str, float]:
    """The best of some windows with so many processes: requests a second, the servers' cores, the machine's."""
    port = free_port()
    environment = place.environment | {
        "LIENTHONG_PORT": str(port),
        "LIENTHONG_WORKERS": str(number),
        "LIENTHONG_BUDGET_ANONYMOUS": "0",
        "LIENTHONG_KEPT_MEGABYTES": "0",
    }
    with serving([*CLI, "serve"], environment, port, "/healthz") as pid, ExitStack() as stack:
        load(port, requests, 1)
        settle(pid, longest=_READY_S)
        for worker in _workers(pid, number) if share else ():
            stack.enter_context(_sliced(worker, share or 1))
        found = [_window(place, pid, port, requests, seconds) for _ in range(ROUNDS + 1)]
    return max(found[1:], key=lambda window: window["rate"])


def _window(place: Place, pid: int, port: int, requests: Sequence[Request], seconds: float) -> dict[str, float]:
    settle(place.postmaster)
    before = cpu_ms(pid), machine_ms()
    found = load(port, requests, seconds)
    server, machine = (b - a for a, b in zip(before, (cpu_ms(pid), machine_ms()), strict=True))
    cores = (round(part / 1000 / found.seconds, 2) for part in (server, machine))
    return {"rate": found.rate, **dict(zip(("server_cores", "machine_cores"), cores, strict=True))}


def _workers(pid: int, number: int) -> list[int]:
    """The processes that answer: the children of the one that watches them. Raises RuntimeError."""
    found = tree(pid)[1:]
    if len(found) != number:
        raise RuntimeError(f"{len(found)} server processes instead of {number}")
    return found


def _may_slice() -> bool:
    """Can control groups be made here?"""
    if not (GROUPS / "cpu.cfs_quota_us").exists():
        return False
    try:
        with _group("lienthong-bench-try", 1):
            return True
    except OSError as error:
        sys.stderr.write(f"no control group: {error}\n")
        return False


@contextmanager
def _sliced(pid: int, share: float) -> Iterator[None]:
    """While the context lasts, the process gets no more than this share of a core."""
    with _group(f"lienthong-bench-{pid}", share) as group:
        (group / "cgroup.procs").write_text(str(pid))
        try:
            yield
        finally:
            (GROUPS / "cgroup.procs").write_text(str(pid))


@contextmanager
def _group(name: str, share: float) -> Iterator[Path]:
    group = GROUPS / name
    group.mkdir(exist_ok=True)
    try:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(round(PERIOD_US * share)))
        yield group
    finally:
        _gone(group)


def _gone(group: Path) -> None:
    """Remove the group; a process may still be on its way out. Raises OSError."""
    for _ in range(20):
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
    group.rmdir()
