"""The whole server, a process of its own, over the small world."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.conftest import free_port
from tests.surface.small import ADMIN, DATASETS, World


def environment(world: World) -> dict[str, str]:
    """What `lienthong` is told so that it works on the small world."""
    database = world.settings.database_url
    assert database
    return {
        **os.environ,
        "LIENTHONG_HOME": str(world.settings.home),
        "LIENTHONG_DATABASE_URL": database.get_secret_value(),
        "LIENTHONG_DATASETS": str(DATASETS),
        "LIENTHONG_ADMIN_TOKEN": ADMIN,
    }


@contextmanager
def served(world: World, workers: int = 1) -> Iterator[str]:
    """`lienthong serve`, at a name; its address."""
    port = free_port()
    url = f"http://localhost:{port}"
    env = environment(world) | {
        "LIENTHONG_PORT": str(port),
        "LIENTHONG_SITE_URL": url,
        "LIENTHONG_WORKERS": str(workers),
    }
    command = [sys.executable, "-m", "lienthong.app.cli", "serve"]
    log = (world.settings.home / f"serve-{port}.log").open("wb")
    process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 240
        while not _alive(url):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(120)
        log.close()


def _alive(url: str) -> bool:
    try:
        return httpx.get(url + "/healthz", timeout=20).status_code == 200
    except httpx.HTTPError:
        return False
