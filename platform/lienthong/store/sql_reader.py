"""Reading SQL typed by people, in processes that may die of it: `store.sql_child` does the work."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Literal

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both

MOST = 10_000  # characters; PostgreSQL's parser dies of 120,000
PATIENCE = 15.0  # seconds: a process that starts, or reads, on a busy machine; how much it works is limited there
_WAITING = 50


class Rejected(Exception):
    """SQL that is not run: `kind` invalid or denied, and why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


@dataclass(frozen=True)
class Read:
    """SQL that may be run, as the tree's own text, the relations in it, and whether it has a LIMIT of its own."""

    sql: str
    relations: tuple[str, ...]
    limited: bool = False


class Reader:
    """So many processes at most, each made when it is needed and again when it died."""

    def __init__(self, size: int = 2) -> None:
        self._turns = asyncio.Semaphore(size)
        self._idle: list[asyncio.subprocess.Process] = []
        self._waiting = 0

    async def query(self, given: str) -> Read:
        """A query, read. Raises Rejected."""
        _plain(given)
        told = await self._ask("query", given)
        return Read(told["sql"], tuple(told["relations"]), told["limited"])

    async def function(self, body: str) -> None:
        """The body of a trigger function. Raises Rejected."""
        _plain(body)
        await self._ask("function", body)

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _ask(self, kind: Literal["query", "function"], text: str) -> dict[str, Any]:
        if self._waiting >= _WAITING:
            raise Unavailable(both("Máy chủ đang bận", "The server is busy"))
        self._waiting += 1
        try:
            async with self._turns:
                told = await self._told({"kind": kind, "text": text})
        finally:
            self._waiting -= 1
        if "refused" in told:
            raise Rejected(told["refused"], told["message"])
        return told

    async def _told(self, asked: dict[str, Any]) -> dict[str, Any]:
        process = self._idle.pop() if self._idle else await _begin()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            found = await _line(process)
        except (ValueError, ConnectionError) as error:
            await _end(process)
            raise Rejected("invalid", "Invalid SQL: the query is too complex") from error
        except BaseException:
            await _end(process)
            raise
        self._idle.append(process)
        return found


def _plain(given: str) -> None:
    """Nothing that the parser and the server could understand differently reaches the parser."""
    if len(given.encode("utf-8", "surrogatepass")) > MOST:
        raise Rejected("invalid", f"The query is longer than {MOST} bytes")
    for sign in given:
        code = ord(sign)
        if (code < 32 and sign not in "\t\n\r") or code == 127 or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            raise Rejected("invalid", f"Invalid SQL: the character U+{code:04X} is not allowed")


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """What the process tells next. Raises ValueError when it died, Unavailable when nothing comes."""
    assert process.stdout
    try:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
    except TimeoutError as error:
        raise Unavailable(both("Máy chủ đang bận", "The server is busy")) from error
    return found


async def _begin() -> asyncio.subprocess.Process:
    """A process that is ready to read. Raises Unavailable."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lienthong.store.sql_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 20,
        start_new_session=True,
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ},
    )
    try:
        await _line(process)
    except ValueError as error:
        await _end(process)
        raise Unavailable(both("Không đọc được SQL lúc này", "SQL cannot be read now")) from error
    except BaseException:
        await _end(process)
        raise
    return process


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
