"""What docs/rest.md says is done: every curl runs, and so does the program with the client made from the document."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from tests.conftest import Platform

PAGE = (Path(__file__).parents[2] / "docs/rest.md").read_text("utf-8")
TOOLS = str(Path(sys.executable).parent)


def blocks(language: str, section: str) -> list[str]:
    """The code of a section in the page."""
    part = PAGE.split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL)


def run(platform: Platform, folder: Path, *command: str) -> str:
    text = [part.replace("http://127.0.0.1:8000", platform.url) for part in command]
    env = os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    done = subprocess.run(text, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell(platform: Platform, folder: Path, section: str) -> str:
    (script,) = blocks("sh", section)
    return run(platform, folder, "bash", "-euo", "pipefail", "-c", script)


def test_asking(platform: Platform, tmp_path: Path) -> None:
    decoder, text = json.JSONDecoder(), shell(platform, tmp_path, "Hỏi")
    listed, end = decoder.raw_decode(text)
    grouped, _ = decoder.raw_decode(text[end:].lstrip())
    assert len(listed["data"]) == 5 and listed["page"]["estimated"] is True
    assert all(row["commune"]["province"]["name_vi"] for row in listed["data"] if row["commune"])
    assert {"status", "registered_on_year", "count", "sum_charter_capital"} == set(grouped["data"][0])
    assert grouped["data"][0]["count"] >= grouped["data"][-1]["count"]


def test_streams(platform: Platform, tmp_path: Path) -> None:
    last = json.loads(shell(platform, tmp_path, "Luồng"))
    with (tmp_path / "active.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with platform.client() as client:
        total = client.get("/api/v1/datasets/enterprises/rows?status=active&count=exact&limit=1").json()["page"][
            "total"
        ]
        whole = client.get("/api/v1/datasets/enterprises/rows?count=exact&limit=1").json()["page"]["total"]
    assert len(rows) == total > 0 and {row["status"] for row in rows} == {"active"}
    assert parquet.read_table(tmp_path / "all.parquet").num_rows == whole
    units = json.loads((tmp_path / "units.geojson").read_text("utf-8"))
    assert units["features"] and last["enterprise_code"]


def test_the_stream_of_everything_is_the_file_of_the_release(platform: Platform) -> None:
    with platform.client(follow_redirects=True) as client:
        for name in ("enterprises", "administrative-units"):
            file = client.get(f"/api/v1/datasets/{name}/download.csv").content
            assert client.get(f"/api/v1/datasets/{name}/rows.csv").content == file


def test_lookup(platform: Platform, tmp_path: Path) -> None:
    found = json.loads(shell(platform, tmp_path, "Tra theo khóa"))
    assert found["data"][0]["code"] == "05977" and found["data"][1] is None


@pytest.mark.skipif(not (Path(TOOLS) / "openapi-python-client").exists(), reason="no openapi-python-client")
def test_a_program_with_the_client(platform: Platform, tmp_path: Path) -> None:
    shell(platform, tmp_path, "Chương trình")
    (program,) = blocks("python", "Chương trình")
    count, rest = run(platform, tmp_path, sys.executable, "-c", program).split(" ", 1)
    assert int(count) >= 100 and len(rest.split("', '")) == 5
