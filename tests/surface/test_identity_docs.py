"""What docs/identity.md shows is run as it stands."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surface.people import seed
from tests.surface.site import environment, served
from tests.surface.small import ADMIN, World, running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "identity.md").read_text("utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: what is done here to its people would be in the way of others."""
    with running(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    """The server, with people."""
    seed(world)
    with served(world) as url:
        yield url


def adapted(text: str, site: str) -> str:
    """The example's names as they are in the small world."""
    text = (
        text.replace("http://127.0.0.1:8000", site)
        .replace("tax_department", "office")
        .replace("read:enterprises", "read:firms")
    )
    return text.replace("lienthong ", f"{sys.executable} -m lienthong.app.cli ").replace(
        "curl ", "curl -sS --fail-with-body "
    )


def test_there_is_something_to_run() -> None:
    text = "\n".join(SHELL)
    assert all(
        word in text
        for word in ("people add", "token create", "token revoke", "/oauth/token", "/oauth/introspect", "/oauth/revoke")
    )
    assert len(PYTHON) == 1 and "private_key_jwt" in PAGE


@pytest.mark.parametrize("block", SHELL, ids=range(len(SHELL)))
def test_the_commands_work(world: World, site: str, block: str, tmp_path: Path) -> None:
    env = environment(world) | {"ADMIN_TOKEN": ADMIN}
    command = ["bash", "-euo", "pipefail", "-c", adapted(block, site)]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() and '"active":false' not in done.stdout


@pytest.mark.parametrize("program", PYTHON, ids=range(len(PYTHON)))
def test_the_program_works(world: World, site: str, program: str, tmp_path: Path) -> None:
    file = tmp_path / "client.py"
    file.write_text(adapted(program, site), "utf-8")
    env = environment(world) | {"ADMIN_TOKEN": ADMIN}
    done = subprocess.run(
        [sys.executable, str(file)], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Bearer 3600"
