"""The page of figures: tables stand between their marks, and nothing else of it is touched."""

from datetime import date
from typing import Any

import pytest

from bench import report

PAGE = "before\n<!-- bench:reads -->\nold\n<!-- /bench:reads -->\nafter\n"
MACHINE = {"processor": "P", "cores": 2, "memory_gib": 4.0, "system": "S", "load": 0.5, "versions": {"python": "3.11"}}


def side(rate: float) -> dict[str, Any]:
    return {"rate": rate, "p99": 12.0, "server_ms": 0.5, "postgres_ms": 0.1, "others": 0.4}


def test_a_table_replaces_the_one_between_its_marks() -> None:
    assert report.between(PAGE, "reads", "new") == PAGE.replace("old", "new")
    assert report.between(report.between(PAGE, "reads", r"\1"), "reads", "old") == PAGE


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="bench:ingest"):
        report.between(PAGE, "ingest", "new")


def test_the_projects_page_has_both_marks() -> None:
    page = report.PAGE.read_text("utf-8")
    for part in ("ingest", "reads"):
        assert report.between(page, part, "x") != page


def test_a_case_is_shown_with_its_ratio_to_the_limit() -> None:
    case = {
        "case": "get",
        "surface": "rest",
        "ratio": {"rate": 0.5, "cpu": 2.0},
        "bare": side(1000),
        "lienthong": side(500),
    }
    found = {"reads": {"machine": MACHINE, "rows": 7, "tool": "wrk", "rounds": 2, "seconds": 5.0, "cases": [case]}}
    table = report.tables(found, date(2026, 1, 2))["reads"]
    assert "| get | REST | 1,000, 12 | 0.50 + 0.10 | 500, 12 | 0.50 + 0.10 | **0.50** | 2.00 | 0.4 |" in table
    assert "2026-01-02" in table and "2 cores" in table
