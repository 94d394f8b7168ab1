"""Writes in child processes that die: reads lines `{"run", "point"}` and prints the exit status of each child.

Run as a program with settings as arguments: home, database URL, definitions. The libraries are imported once, each
write runs in a fork, and the program itself never uses what does not live through one.
"""

import json
import os
import signal
import sys
import uuid
from pathlib import Path

import great_expectations  # noqa: F401  # before the forks: its import takes seconds
from pydantic import SecretStr

from lienthong.contract.loader import load_all
from lienthong.kernel.settings import Settings
from lienthong.pipelines.writes import write


def die() -> None:
    """End as a power cut would: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def child(settings: Settings, run: uuid.UUID, point: str | None) -> None:
    """One write, which dies at a point if one is given."""
    assert settings.datasets
    write(settings, load_all(settings.datasets), run, lambda p: die() if p == point else None)


def main() -> None:
    home, url, definitions = sys.argv[1:]
    settings = Settings(home=Path(home), database_url=SecretStr(url), datasets=Path(definitions))
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(settings, uuid.UUID(order["run"]), order["point"])
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
