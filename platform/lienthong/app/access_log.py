"""The access log: a JSON line for each request, without addresses of callers, keys of rows, or values of queries.

A request is told by the beginning of its address; the receipt leads to the ledger. Lines are written together, later.
"""

import asyncio
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.kernel.logs import line

LATER = 0.5  # seconds that a line may wait
_METHOD = re.compile(r"[A-Z]{3,10}")


_STEP = re.compile(r"[a-z][a-z0-9._@-]{0,60}")
MOST_STEPS = 5  # of an address: behind them stand keys


def place(path: str) -> str:
    """The steps of an address up to the first that may be somebody's value."""
    found: list[str] = []
    for step in path.strip("/").split("/"):
        if len(found) == MOST_STEPS or not _STEP.fullmatch(step):
            return "/" + "/".join([*found, "..."])
        found.append(step)
    return "/" + "/".join(found)


class AccessLog:
    """Appends to one file, which may be moved away at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[str] = []

    def note(self, scope: Scope, started: Message | None, size: int, seconds: float) -> None:
        """A request has been answered, or (nothing started) was left by its caller."""
        headers = dict(started.get("headers", ())) if started else {}
        receipt = headers.get(b"lienthong-receipt")
        method = scope["method"] if _METHOD.fullmatch(scope["method"]) else "?"
        self._held.append(
            line(
                {
                    "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "method": method,
                    "place": place(scope["path"]),
                    "status": started["status"] if started else 499,
                    "ms": round(seconds * 1000, 1),
                    "bytes": size,
                    **({"receipt": receipt.decode("ascii", "replace")} if receipt else {}),
                }
            )
        )
        if len(self._held) == 1:
            asyncio.get_running_loop().call_later(LATER, self.write)

    def write(self) -> None:
        """Write what is held, whole lines at once."""
        held, self._held = self._held, []
        if held:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(file, ("\n".join(held) + "\n").encode("ascii"))
            finally:
                os.close(file)


class Logged:
    """The app with its access log."""

    def __init__(self, app: ASGIApp, path: Path) -> None:
        self._app, self._log = app, AccessLog(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, and its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, started, size = time.perf_counter(), None, 0

        async def counted(message: Message) -> None:
            nonlocal started, size
            if message["type"] == "http.response.start":
                started = message
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._log.note(scope, started, size, time.perf_counter() - begun)
