"""A data steward: what was wrong with a delivery, row by row, on the pages and on the command line."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lienthong.store import owner
from tests.conftest import Platform


def lienthong(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LIENTHONG_HOME": str(platform.home)}
    command = [sys.executable, "-m", "lienthong.app.cli", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def steward(platform: Platform) -> httpx.Client:
    known = platform.credentials["steward"]
    client = platform.client(follow_redirects=True)
    page = client.post("/sign-in", data={"username": known["username"], "password": known["password"], "next": ""})
    assert page.status_code == 200 and page.url.path == "/steward"
    return client


def test_a_stranger_does_not_see_the_stewards_pages(anonymous: httpx.Client) -> None:
    assert anonymous.get("/steward").status_code == 401
    assert anonymous.get("/steward/dossiers").status_code == 401


def test_a_wrong_password_is_refused(platform: Platform) -> None:
    with platform.client() as client:
        answer = client.post("/sign-in", data={"username": "steward", "password": "wrong"})
        assert answer.status_code == 401 and "lienthong_session" not in answer.cookies


def test_the_steward_sees_own_datasets_only(steward: httpx.Client) -> None:
    page = steward.get("/steward").text
    assert "/steward/dossiers" in page and "/steward/civil-servants" not in page
    assert steward.get("/steward/civil-servants").status_code == 403


def test_quarantined_rows_name_rule_value_file_and_line(steward: httpx.Client, platform: Platform) -> None:
    page = steward.get("/steward/procedures")
    assert page.status_code == 200
    with owner.connect(platform.settings) as connection:
        rows = connection.execute(
            "select rule, file, line, reason_vi, reason_en from platform.quarantine where dataset = 'dossiers' limit 50"
        ).fetchall()
    assert rows
    for rule, file, line, reason_vi, reason_en in rows:
        assert rule and file and line and reason_vi and reason_en


def test_injected_defects_that_must_be_quarantined_are(platform: Platform) -> None:
    """At least 95 % of the rows that the generator spoiled beyond use are found at their file and line."""
    truth = platform.home / "sources" / "_truth" / "defects.csv"
    with truth.open(encoding="utf-8") as file:
        spoiled = {
            (Path(r["file"]).name, int(r["line"])) for r in csv.DictReader(file) if r["expected"] == "quarantine"
        }
    with owner.connect(platform.settings) as connection:
        found = connection.execute("select distinct file, line from platform.quarantine").fetchall()
    caught = {(Path(file).name, line) for file, line in found}
    assert len(spoiled & caught) / len(spoiled) >= 0.95, sorted(spoiled - caught)[:20]


def test_check_runs_the_suite_on_what_is_there(platform: Platform) -> None:
    done = lienthong(platform, "check", "enterprises", "--json")
    (outcome,) = json.loads(done.stdout)
    assert outcome["dataset"] == "enterprises" and 0 < outcome["score"] <= 1
    assert done.returncode in {0, 7}


def test_the_same_delivery_twice_changes_nothing(platform: Platform) -> None:
    done = lienthong(platform, "ingest", "procedures", "--json")
    (report,) = json.loads(done.stdout)
    assert done.returncode == 0 and report["state"] == "unchanged"


def test_a_wrong_contract_names_file_line_and_fix(tmp_path: Path) -> None:
    source = Path("datasets/justice/legal_documents/contract.yaml").read_text("utf-8")
    folder = tmp_path / "justice" / "legal_documents"
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(source.replace("classification: public", "clasification: public", 1), "utf-8")
    command = [sys.executable, "-m", "lienthong.app.cli", "contract", "lint", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "contract.yaml:" in done.stdout + done.stderr and "classification" in done.stdout + done.stderr
