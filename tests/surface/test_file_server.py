"""Files through the server that is used in production: whole from memory and from the disk, flat, left in the middle."""

import asyncio
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lienthong.store.files import LocalFiles
from lienthong.web import files
from tests.conftest import free_port
from tests.surface.served import listens

SIZE = 96_000_001
MOST = 16.0  # MiB


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "rows.csv"
    block = os.urandom(1 << 20)
    with path.open("wb") as made:
        for number in range(SIZE // len(block) + 1):
            made.write(number.to_bytes(8, "big") + block[8:])
        made.truncate(SIZE)
        os.fsync(made.fileno())
    return path


@pytest.fixture(scope="module")
def port(file: Path) -> Iterator[int]:
    with file.open("rb") as told:
        digest = hashlib.file_digest(told, "sha256").hexdigest()
    copies = files.copies(file.name, SIZE, digest, [])
    served = files.Served(copies, "text/csv", file.name, file.name, datetime(2026, 1, 2, tzinfo=UTC))

    async def give(request: Request) -> Response:
        return await files.answer(request, LocalFiles(file.parent), served, files.FOREVER)

    with running(Starlette(routes=[Route("/rows.csv", give)])) as found:
        yield found


@contextmanager
def running(app: Any) -> Iterator[int]:
    port, loop = free_port(), asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = Server(app, "127.0.0.1", port, interface=Interfaces.ASGINL, websockets=False, log_level=LogLevels.error)
    thread = threading.Thread(target=loop.run_until_complete, args=[server.serve()])
    thread.start()
    while not listens(port):
        assert thread.is_alive()
        time.sleep(0.05)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(60)
        loop.close()


def digest_of(port: int, headers: dict[str, str] | None = None) -> str:
    digest = hashlib.sha256()
    with httpx.stream("GET", f"http://127.0.0.1:{port}/rows.csv", headers=headers) as answer:
        for piece in answer.iter_raw():
            digest.update(piece)
    return digest.hexdigest()


def opened(file: Path) -> int:
    """How often this process has the file open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += link.readlink() == file
        except OSError:
            continue
    return found


def resident() -> float:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.parametrize("cold", [False, True])
def test_it_comes_whole(port: int, file: Path, cold: bool) -> None:
    content = file.read_bytes()
    if cold:
        with file.open("rb") as told:
            os.posix_fadvise(told.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert digest_of(port) == hashlib.sha256(content).hexdigest()
    part = {"Range": f"bytes=1000-{SIZE - 1000}"}
    assert digest_of(port, part) == hashlib.sha256(content[1000 : SIZE - 999]).hexdigest()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the kernel does not tell what is open")
@pytest.mark.parametrize("part", ["", "Range: bytes=1000-\r\n"])
def test_who_reads_slowly_costs_no_memory_and_who_leaves_no_file(port: int, file: Path, part: str) -> None:
    digest_of(port)
    before = resident()
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(f"GET /rows.csv HTTP/1.1\r\nHost: here\r\n{part}\r\n".encode())
        assert caller.recv(65536).startswith((b"HTTP/1.1 200", b"HTTP/1.1 206"))
        for _ in range(10):
            time.sleep(0.1)
            assert opened(file) == 1 and resident() - before < MOST
    end = time.monotonic() + 60
    while opened(file):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    async def read() -> list[bytes]:
        return [piece async for piece in LocalFiles(tmp_path).read("empty", 0, 10)]

    assert asyncio.run(read()) == []
