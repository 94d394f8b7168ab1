"""Ingests in child processes that die: reads lines `{"dataset", "point"}` or `{"dataset", "after": seconds}`.

Run as a program with settings as arguments: home, database URL, definitions, sources. The libraries are imported once
and each ingest runs in a fork, so that a death costs little. Prints the exit status of each child.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import great_expectations  # noqa: F401  # before the forks: its import takes seconds
from pydantic import SecretStr

from lienthong.contract.loader import load_all
from lienthong.kernel.settings import Settings
from lienthong.pipelines.ingest import ingest


def die(_: object = None) -> None:
    """End as a power cut would: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def child(settings: Settings, sources: Path, dataset: str, point: str | None, after: float | None) -> None:
    """One ingest that dies at a point, or after some time."""
    if after is not None:
        threading.Timer(after, die).start()
    assert settings.datasets
    registry = load_all(settings.datasets)
    ingest(settings, registry, registry.get(dataset), sources, checkpoint=lambda p: die() if p == point else None)


def main() -> None:
    home, url, definitions, sources = sys.argv[1:]
    settings = Settings(home=Path(home), database_url=SecretStr(url), datasets=Path(definitions))
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(settings, Path(sources), order["dataset"], order.get("point"), order.get("after"))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
