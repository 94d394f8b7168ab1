"""An analyst: indicators equal what anybody computes from the open data; a question lives in its address."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

INDICATORS = ("I01", "I02", "I07", "I09", "I14", "I15", "I25")
DAY = "2026-10-31"


def rows(client: httpx.Client, name: str, **params: str) -> list[dict[str, object]]:
    """All rows of a dataset, page by page."""
    found: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        given = {**params, "limit": "5000"} | ({"cursor": cursor} if cursor else {})
        answer = client.get(f"/api/v1/datasets/{name}/rows", params=given).json()
        found += answer["data"]
        cursor = answer["page"]["next"]
    return found


@pytest.mark.parametrize("language", ["", "/en"])
def test_the_board_shows_every_indicator(anonymous: httpx.Client, language: str) -> None:
    page = anonymous.get(f"{language}/reports", params={"province": "20", "date": DAY})
    assert page.status_code == 200
    for name in INDICATORS:
        assert f"/reports/{name}?" in page.text


@pytest.mark.parametrize("name", INDICATORS)
def test_an_indicator_has_formula_table_and_files(anonymous: httpx.Client, name: str) -> None:
    params = {"province": "20", "date": DAY}
    page = anonymous.get(f"/reports/{name}", params=params)
    assert page.status_code == 200 and "Công thức" in page.text
    table = anonymous.get(f"/reports/{name}.json", params=params).json()
    file = anonymous.get(f"/reports/{name}.csv", params=params)
    assert file.content.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))) == len(table) > 0


def test_on_time_share_equals_the_open_statistics(anonymous: httpx.Client) -> None:
    statistics = rows(anonymous, "dossier-statistics", month__gte="2026-01", month__lte="2026-10")
    released = sum(int(r["released"] or 0) for r in statistics)  # type: ignore[call-overload]
    within = sum(int(r["within_deadline"] or 0) for r in statistics)  # type: ignore[call-overload]
    page = anonymous.get("/en/reports/I09", params={"province": "20", "date": DAY}).text
    assert f"{within / released * 100:.1f} %" in page


def test_numbers_of_units_follow_the_day(anonymous: httpx.Client) -> None:
    before = anonymous.get("/en/reports/I25", params={"province": "20", "date": "2025-06-30"}).text
    after = anonymous.get("/en/reports/I25", params={"province": "20", "date": "2025-07-01"}).text
    assert before != after and "65" in after


@pytest.mark.parametrize("query", ["date=2026-13-01", "province=2x", "dato=2026-01-01"])
def test_a_wrong_parameter_is_refused(anonymous: httpx.Client, query: str) -> None:
    assert anonymous.get(f"/reports?{query}").status_code == 400


def test_a_question_lives_in_its_address(anonymous: httpx.Client) -> None:
    address = "/ask?dataset=enterprises&group=status&measure=count&chart=bar"
    assert anonymous.get(address).status_code == 200
    groups = anonymous.get(address + "&format=json").json()
    everything = rows(anonymous, "enterprises", fields="enterprise_code,status")
    counted: dict[object, int] = {}
    for row in everything:
        counted[row["status"]] = counted.get(row["status"], 0) + 1
    assert {g["status"]: g["count"] for g in groups} == counted


def test_a_question_about_closed_data_is_refused(anonymous: httpx.Client) -> None:
    assert anonymous.get("/ask?dataset=civil-servants&group=sex&measure=count").status_code == 401


def test_the_notebook_of_the_page_runs_as_it_stands(anonymous: httpx.Client) -> None:
    text = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text("utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    code = code.replace("http://127.0.0.1:8000", str(anonymous.base_url).rstrip("/"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "active" in done.stdout, done.stderr
