"""What docs/feed.md shows is run as it stands."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lienthong.access.webhooks import Sealed, new_secret
from lienthong.feed.signing import signed
from tests.surface.site import served
from tests.surface.small import FIRMS, World

PAGE = (Path(__file__).parents[2] / "docs" / "feed.md").read_text("utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    with served(world) as url:
        yield url


def adapted(text: str, site: str) -> str:
    """The example's names as they are in the small world."""
    return text.replace("http://127.0.0.1:8000", site).replace("enterprises", "firms")


def test_the_command_works(site: str) -> None:
    (command,) = SHELL
    done = subprocess.run(
        ["bash", "-c", adapted(command, site).replace("curl ", "curl -sS --fail ")], capture_output=True, text=True,
        timeout=300, check=True,
    )  # fmt: skip
    assert done.stdout.count('"op" : "insert"') == 2


def test_the_table_is_rebuilt(site: str, tmp_path: Path) -> None:
    file = tmp_path / "follow.py"
    file.write_text(adapted(PYTHON[0], site), "utf-8")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.startswith(f"{FIRMS} rows, go on at ")


def test_the_signature_is_verified() -> None:
    found: dict[str, Any] = {}
    exec(PYTHON[1], found)  # the page's own program
    sealed, body = Sealed.new(), b'{"type":"changes"}'
    secret = sealed.secret
    headers = signed(sealed, "msg_1", int(time.time()), body)
    assert found["verify"](secret, headers, body)
    assert not found["verify"](secret, headers, body + b" ")
    assert not found["verify"](new_secret(), headers, body)
    assert not found["verify"](secret, signed(sealed, "msg_1", int(time.time()) - 900, body), body)
    assert len([line for line in PYTHON[1].splitlines() if line.strip()]) <= 8


def test_the_signature_is_verified_by_the_public_key() -> None:
    found: dict[str, Any] = {}
    exec(PYTHON[2], found)  # the page's own program
    sealed, body = Sealed.new(), b'{"type":"changes"}'
    headers = signed(sealed, "msg_1", int(time.time()), body)
    verify = found["verify_by_key"]
    assert verify(sealed.public, headers, body)
    assert not verify(sealed.public, headers, body + b" ")
    assert not verify(Sealed.new().public, headers, body)
    assert not verify(sealed.public, signed(sealed, "msg_1", int(time.time()) - 900, body), body)
    assert not verify(sealed.public, signed(Sealed(sealed.secret), "msg_1", int(time.time()), body), body), "HMAC alone"
