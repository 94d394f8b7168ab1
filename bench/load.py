"""Load: wrk when it is there, else a small client of our own (which costs more CPU than wrk and says so)."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.request import Request as Call
from urllib.request import urlopen

CONNECTIONS = 16
_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('JSON{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"errors":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Request:
    """One HTTP request; with a body it is a POST of JSON."""

    path: str
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Window:
    """What a client saw in one window; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def tool() -> str:
    """What makes the load."""
    return "wrk" if shutil.which("wrk") else "asyncio client (wrk is not installed: apt-get install wrk)"


def load(port: int, requests: Sequence[Request], seconds: float) -> Window:
    """Send the requests in turn over 16 connections for so long."""
    if shutil.which("wrk"):
        return _wrk(port, requests, seconds)
    return asyncio.run(_client(port, [_raw(r, port) for r in requests], seconds))


def _wrk(port: int, requests: Sequence[Request], seconds: float) -> Window:
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(_script(requests))
        script.flush()
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", script.name]
        command = ["wrk", *options, f"http://127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Window(**json.loads(done.stdout.partition("JSON")[2]))


def _script(requests: Sequence[Request]) -> str:
    """A wrk script that walks through the requests; they are formatted once."""
    lines = ["local all, n = {}, 0", "init = function()"]
    for r in requests:
        typed = (("Content-Type", "application/json"),) if r.body is not None else ()
        headers = "{" + ", ".join(f"['{name}'] = '{value}'" for name, value in (*typed, *r.headers)) + "}"
        if r.body is None:
            lines.append(f"  all[#all + 1] = wrk.format('GET', [==[{r.path}]==], {headers})")
        else:
            lines.append(f"  all[#all + 1] = wrk.format('POST', [==[{r.path}]==], {headers}, [==[{r.body}]==])")
    lines += ["end", "request = function() n = n % #all + 1; return all[n] end", _DONE]
    return "\n".join(lines)


def _raw(request: Request, port: int) -> bytes:
    head = f"{'GET' if request.body is None else 'POST'} {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    if request.body is None:
        return (head + "\r\n").encode()
    body = request.body.encode()
    return (head + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


async def _client(port: int, raw: Sequence[bytes], seconds: float) -> Window:
    took: list[float] = []
    errors = 0
    start = time.monotonic()

    async def one(number: int) -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() - start < seconds:
            begun = time.monotonic()
            writer.write(raw[number % len(raw)])
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(size)
            errors += not head.startswith(b"http/1.1 2")
            took.append(time.monotonic() - begun)
            number += CONNECTIONS
        writer.close()

    await asyncio.gather(*(one(n) for n in range(CONNECTIONS)))
    spent = time.monotonic() - start
    ordered = sorted(took)
    p50, p99 = (1000 * ordered[int(len(ordered) * q)] for q in (0.5, 0.99))
    return Window(len(took), spent, p50, p99, errors)


def answer(port: int, request: Request) -> bytes:
    """One answer's body. Raises RuntimeError when the status is not 200."""
    data = request.body.encode() if request.body is not None else None
    call = Call(f"http://127.0.0.1:{port}{request.path}", data, dict(request.headers))
    if data is not None:
        call.add_header("Content-Type", "application/json")
    with urlopen(call, timeout=30) as response:
        if response.status != 200:
            raise RuntimeError(f"{request.path}: {response.status}")
        return bytes(response.read())
