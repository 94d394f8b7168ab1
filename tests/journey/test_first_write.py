"""What docs/first-write.md shows is run as it stands, against the example province."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import Platform

PAGE = (Path(__file__).parents[2] / "docs" / "first-write.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
ROW = "/api/v1/datasets/plan-targets/rows/LA2"


def test_a_newcomer_writes_a_row(platform: Platform, tmp_path: Path) -> None:
    script = SCRIPT.replace("http://127.0.0.1:8000", platform.url).replace("curl ", "curl -sS --fail-with-body ")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LIENTHONG_HOME": str(platform.home),
        "LIENTHONG_PORT": platform.url.rpartition(":")[2],
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=os.environ | environment, cwd=tmp_path, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"state":"done"' in done.stdout, done.stdout
    assert '"dataset":"plan-targets"' in done.stdout, "named as addresses name it"
    token = re.search(r'"token": *"([^"]+)"', (tmp_path / "writer.json").read_text("utf-8"))
    assert token
    with platform.client(token[1]) as client:
        deadline = time.monotonic() + 300
        while client.get(ROW).json()["data"]["text_en"] != "Written as one of many":
            assert time.monotonic() < deadline, done.stdout
            time.sleep(0.5)
