"""A download of everything, however long, costs the server no more memory than a page of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import free_port
from tests.surface.crowd import crowd
from tests.surface.site import environment
from tests.surface.small import World

ROWS = 110_000
MOST = 20.0  # MiB that the server may grow
WARM = 12_000  # features of the download before: libraries are loaded, buffers are there
PATHS = (
    "/ogc/collections/firms/items?limit={}",
    "/api/v1/datasets/firms/rows.geojson?limit={}",
)


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """This file changes it: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def many(world: World) -> Iterator[None]:
    """Many firms more are served, until the end of these tests."""
    with crowd(world, ROWS):
        yield


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[tuple[str, int]]:
    """`lienthong serve`: its address and its process."""
    url = f"http://localhost:{(port := free_port())}"
    env = environment(world) | {"LIENTHONG_PORT": str(port), "LIENTHONG_SITE_URL": url}
    process = subprocess.Popen([sys.executable, "-m", "lienthong.app.cli", "serve"], env=env)
    try:
        end = time.monotonic() + 240
        while not alive(url):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.2)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(120)


def alive(url: str) -> bool:
    try:
        return httpx.get(url + "/healthz", timeout=20).status_code == 200
    except httpx.HTTPError:
        return False


def tree(pid: int) -> list[int]:
    """A process and those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in tree(int(child)))]


def forget_peak(pid: int) -> None:
    for one in tree(pid):
        Path(f"/proc/{one}/clear_refs").write_text("5")


def resident(pid: int, which: str) -> float:
    """MiB of the process that holds most: now (VmRSS) or at most since its peak was forgotten (VmHWM)."""
    texts = (Path(f"/proc/{one}/status").read_text() for one in tree(pid))
    return max(int(text.partition(which + ":")[2].split()[0]) / 1024 for text in texts)


def features(url: str) -> tuple[int, int, bytes]:
    """How many features come, in how many bytes; the end of the answer."""
    count, size, tail = 0, 0, b""
    with httpx.stream("GET", url, timeout=300) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            text = tail[-20:] + piece
            count += text.count(b'"Feature"') - tail[-20:].count(b'"Feature"')
            size, tail = size + len(piece), text
    return count, size, tail[-20:]


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the kernel does not tell peaks")
@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("path", PATHS)
def test_a_full_geojson_download_is_flat(server: tuple[str, int], path: str) -> None:
    url, pid = server
    assert features(url + path.format(WARM))[0] == WARM
    forget_peak(pid)
    before = resident(pid, "VmRSS")
    count, size, tail = features(url + path.format(10_000_000))
    grown = resident(pid, "VmHWM") - before
    print(json.dumps({"features": count, "MB": round(size / 1e6, 1), "grown MiB": round(grown, 1)}))
    assert count > 100_000 and size > 30e6 and tail.rstrip().endswith(b"]}")
    assert grown < MOST
