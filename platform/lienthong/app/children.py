"""The processes beside the server: started with it, started again when they die, stopped with it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

log = logging.getLogger("lienthong.children")
PARENT = "LIENTHONG_PARENT"
"""Names the process that a child follows: it ends when that one does, however it does."""
LOOK_SECONDS, STOP_SECONDS, LONGEST_PAUSE = 0.5, 10, 60.0


class Children:
    """Commands of `lienthong`, each in a process of its own."""

    def __init__(self, commands: Sequence[str]) -> None:
        self._commands = tuple(commands)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ending = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="children", daemon=True)

    def start(self) -> None:
        """Start them all, and look after them until `stop`."""
        for command in self._commands:
            self._running[command] = _begin(command)
        self._watch.start()

    def stop(self) -> None:
        """End them politely, within some seconds."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join(LOOK_SECONDS * 4)
        for child in self._running.values():
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _look_after(self) -> None:
        pauses, again = dict.fromkeys(self._commands, 1.0), dict.fromkeys(self._commands, 0.0)
        while not self._ending.wait(LOOK_SECONDS):
            for command, child in self._running.items():
                if child.poll() is None:
                    continue
                if not again[command]:
                    log.warning("%s ended with %s; it is started again", command, child.returncode)
                    again[command] = time.monotonic() + pauses[command]
                    pauses[command] = min(2 * pauses[command], LONGEST_PAUSE)
                elif time.monotonic() >= again[command]:
                    self._running[command], again[command] = _begin(command), 0.0


def _begin(command: str) -> "subprocess.Popen[bytes]":
    # In a session of its own: Ctrl-C in a terminal is ours to pass on.
    return subprocess.Popen(
        [sys.executable, "-m", "lienthong.app.cli", command],
        env=os.environ | {PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def follow_parent() -> None:
    """In a child: end when the process that started it is gone."""
    if given := os.environ.get(PARENT):
        threading.Thread(target=_follow, args=(int(given),), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
