"""CPU and memory of process trees, from /proc."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """`root` and all its descendants that live now."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children[int(stat[1])].append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children[pid]
    return found


def cpu_ms(root: int) -> float:
    """CPU time of the tree so far in milliseconds, children that have ended and were waited for included."""
    stats = [stat for pid in tree(root) if (stat := _stat(pid))]
    return sum(sum(map(int, stat[11:15])) for stat in stats) * _TICK_MS


def machine_ms() -> float:
    """CPU time that the whole machine has spent so far, in milliseconds; idle and waiting left out."""
    user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(rest)) * _TICK_MS


def pss_mib(root: int) -> float:
    """Memory of the tree in MiB; a page that several processes share is counted once between them."""
    total = 0
    for pid in tree(root):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue  # it has ended since
    return total / 1024


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from `state` on (so ppid is 1, utime 11); None when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


class Watch:
    """Samples the memory of process trees while it is entered; `peaks` holds the largest sums in MiB."""

    def __init__(self, roots: Mapping[str, int], every: float = 0.25) -> None:
        self.peaks = dict.fromkeys(roots, 0.0)
        self._roots, self._every = roots, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.is_set():
            for name, root in self._roots.items():
                self.peaks[name] = max(self.peaks[name], pss_mib(root))
            self._over.wait(self._every)


def settle(root: int, quiet_ms: float = 30, longest: float = 30) -> None:
    """Wait until the tree uses less CPU than that in half a second: PostgreSQL goes on after a client has left."""
    deadline = time.monotonic() + longest
    before = cpu_ms(root)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = cpu_ms(root)
        if now - before < quiet_ms:
            return
        before = now
