"""The calls that the README shows are run as they stand, against a running platform."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Platform

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [
    block
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    if "127.0.0.1:8000" in block and "make" not in block
]


def test_the_readme_shows_one_call_of_each_kind() -> None:
    text = "\n".join(BLOCKS)
    assert all(word in text for word in ("/api/v1/datasets/", "/graphql", "ckanapi", "download.csv", "Authorization"))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_call_works(platform: Platform, block: str, tmp_path: Path) -> None:
    command = block.replace("http://127.0.0.1:8000", platform.url).replace(".venv/bin/", f"{ROOT}/.venv/bin/")
    env = {**os.environ, "LIENTHONG_HOME": str(platform.home)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("curl ", "curl -sS --fail ")],
        env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = list(tmp_path.iterdir())
    assert done.stdout.strip() or files and files[0].stat().st_size > 1000
    assert '"errors"' not in done.stdout and "problem" not in done.stdout[:40]
