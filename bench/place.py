"""Where a benchmark works: a home of its own, its private cluster, and the command line run in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bench.processes import tree
from lienthong.kernel.settings import Settings
from lienthong.store.cluster import Cluster

ROOT = Path(__file__).parents[1]
CLI = [sys.executable, "-m", "lienthong.app.cli"]


@dataclass(frozen=True)
class Place:
    """A home folder."""

    home: Path

    @property
    def settings(self) -> Settings:
        """The settings of a process that works here."""
        return Settings(home=self.home)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works here; nothing of the caller's platform leaks in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
        unsealed = {"LIENTHONG_SEAL_LIMIT_SECONDS": str(10**9)}  # no keeper runs here
        return kept | {"LIENTHONG_HOME": str(self.home)} | unsealed

    @property
    def postmaster(self) -> int:
        """The process number of the cluster's first process."""
        return int((self.home / "pg" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])

    @property
    def url(self) -> str:
        """The owner's address."""
        return Cluster(self.home).url()

    def clear(self) -> None:
        """Stop the cluster and forget everything."""
        if self.home.exists():
            Cluster(self.home).stop()
            shutil.rmtree(self.home)

    def start(self) -> None:
        """Start the cluster and migrate."""
        Cluster(self.home).start()
        self.run("migrate")

    def stop(self) -> None:
        """Stop the cluster; the data stay."""
        Cluster(self.home).stop()

    def run(self, *words: str | Path) -> Any:
        """Run a command with `--json`; what it prints. Raises RuntimeError with its last words when it fails."""
        process = self.begin(*words)
        out, error = process.communicate()
        return told(out, process.returncode, error)

    def begin(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start a command with `--json`."""
        command = [*CLI, *map(str, words), "--json"]
        return subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def told(out: str, code: int, error: str) -> Any:
    """The JSON that a command printed. Raises RuntimeError when it failed."""
    if code:
        raise RuntimeError(f"exit code {code}: {(out + error)[-2000:]}")
    return json.loads(out)


@contextmanager
def serving(command: list[str], environment: dict[str, str], port: int, path: str) -> Iterator[int]:
    """A server while the context lasts; gives its process number once `path` answers."""
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=sys.stderr, stderr=sys.stderr)
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in tree(process.pid):
                os.kill(pid, 9)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except HTTPError:
            return  # it answers, though not to this
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
