"""What every test can ask for: a real cluster, a real example province, a real server, real services."""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from lienthong.kernel.settings import Settings
from tests.order import pytest_collection_modifyitems, pytest_configure  # noqa: F401  (hooks)
from tests.worlds import _left_as_found, _no_folder_left, own_world, world  # noqa: F401  (fixtures)

ADMIN_TOKEN = "test-administrator-token-0123456789"
DEMO_SCALE = "0.05"
START_SECONDS = 600
PORTS = 20_000  # and up to the ones that Linux gives out
# Five seconds are the default, which is little where others work on the same machine; what every client here was given.
for _part in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _part, 120.0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real input; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("LIENTHONG_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no real input at {folder} (set LIENTHONG_SHARED)")
    return folder


def free_port() -> int:
    """A port that nobody listens on, and that neither another test process nor the system gives out till it is used."""
    first = PORTS + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 6 * 2_000
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", secrets.randbelow(2_000) + first))
            return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Platform:
    """A running platform: its address, its home, its credentials."""

    url: str
    home: Path
    credentials: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """Settings that reach the same cluster and files."""
        return Settings(home=self.home, port=int(self.url.rpartition(":")[2]))

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """A client of somebody: of nobody, or of the owner of `token`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=300, **options)


def start(home: Path, *words: str, **environment: str) -> tuple[subprocess.Popen[bytes], Platform]:
    """Start `lienthong up` in `home` and wait until it is ready."""
    port = free_port()
    env = {**os.environ, "LIENTHONG_HOME": str(home), "LIENTHONG_PORT": str(port), "LIENTHONG_ADMIN_TOKEN": ADMIN_TOKEN}
    home.mkdir(parents=True, exist_ok=True)
    log = home / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "lienthong.app.cli", "up", *words], env=env | environment, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while not _ready(url):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process)
            raise RuntimeError(f"lienthong up did not get ready:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.3)
    return process, Platform(url, home, json.loads((home / "credentials.json").read_text()))


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stop as Ctrl-C does; the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _ready(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _count(root: Path) -> int:
    """How many test processes use the platform still? Who counts down writes the file anew."""
    with _locked(root / "platform.lock"):
        return int((root / "platform.users").read_text())


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Platform]:
    """The example province, small, loaded through the whole pipeline and served; shared by all test processes.

    `LIENTHONG_TEST_PLATFORM=<url> <home>` takes one that runs already, for a quick look while working.
    """
    if given := os.environ.get("LIENTHONG_TEST_PLATFORM"):
        url, home = given.split()
        yield Platform(url, Path(home), json.loads((Path(home) / "credentials.json").read_text()))
        return
    base = tmp_path_factory.getbasetemp()
    root = base if worker_id == "master" else base.parent
    users, state, folder = root / "platform.users", root / "platform.json", root / "platform"
    process = None
    with _locked(root / "platform.lock"):
        if not state.exists():
            process, made = start(folder, LIENTHONG_DEMO_SCALE=DEMO_SCALE)
            state.write_text(made.url)
        users.write_text(str(int(users.read_text() or 0) + 1 if users.exists() else 1))
    yield Platform(state.read_text(), folder, json.loads((folder / "credentials.json").read_text()))
    with _locked(root / "platform.lock"):
        users.write_text(str(int(users.read_text()) - 1))
    if process:
        while _count(root) > 0:
            time.sleep(0.2)
        stop(process)


@pytest.fixture
def anonymous(platform: Platform) -> Iterator[httpx.Client]:
    """A caller whom nobody knows."""
    with platform.client() as client:
        yield client


@pytest.fixture
def agency(platform: Platform) -> Iterator[httpx.Client]:
    """The consumer agency of the example, with its agreements."""
    with platform.client(platform.credentials["agency"]["token"]) as client:
        yield client


@pytest.fixture
def administrator(platform: Platform) -> Iterator[httpx.Client]:
    """The administrator."""
    with platform.client(ADMIN_TOKEN) as client:
        yield client


@pytest_asyncio.fixture
async def services(platform: Platform) -> AsyncIterator[Any]:
    """The platform's services in this process, for what no surface shows."""
    from lienthong.app.asgi import services as make

    made, database = make(platform.settings)
    await database.open()
    yield made
    await database.close()
