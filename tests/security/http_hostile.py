"""Raw HTTP over a socket, as no client library would send it."""

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """The first answer on a connection: None where the server closed it without one. `answers`: how many came."""

    status: int | None
    head: bytes
    body: bytes
    answers: int


def exchange(port: int, raw: bytes, seconds: float = 3.0) -> Reply:
    """Send the bytes, read until the server is done or silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            line.sendall(raw)
        received, until = b"", time.monotonic() + seconds
        line.settimeout(0.4)
        while time.monotonic() < until:
            try:
                piece = line.recv(65_536)
            except TimeoutError:
                if _is_whole(received):
                    break
                continue
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
            if len(received) > 4 << 20:
                break
    return _parsed(received)


def _is_whole(received: bytes) -> bool:
    """Is there an answer with all of its body, as far as its head tells?"""
    head, end, body = received.partition(b"\r\n\r\n")
    if found := re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE):
        return len(body) >= int(found[1])
    return bool(end) and (b"chunked" not in head.lower() or received.endswith(b"0\r\n\r\n"))


def _parsed(received: bytes) -> Reply:
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        return Reply(None, b"", received, 0)
    return Reply(int(head.split(b" ", 2)[1]), head, body, received.count(b"HTTP/1.1 "))
