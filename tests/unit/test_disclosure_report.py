"""The disclosure report in words: a person reads what was left out and why, in either language."""

from typing import Any

import pytest

from lienthong.privacy.report import explained

PROTECTED: dict[str, Any] = {
    "n": 2, "p": 15, "held": 3, "cells": 150, "share": 85, "small": 92, "narrow": 2, "margins": "single",
    "rounding": None, "solvable": 0, "dominated": 1, "narrowest": 2.0, "programmes": 23, "least_width": 5,
    "told_before": 0, "complementary": 4, "sums_withheld": 1, "suppressed_rows_share": 0.163,
}  # fmt: skip
TOLD: dict[str, Any] = {
    "columns": ["name_vi", "sex"],
    "withheld": [],
    "detectors": ["citizen_id", "mobile_phone"],
    "findings": [{"rows": 1, "place": "name_vi", "detector": "citizen_id"}],
    "suppressed_rows": 1,
    "suppressed_versions": 0,
    "k": 5,
    "protection": PROTECTED,
}


def test_each_rule_is_a_line_in_two_languages() -> None:
    lines = {line.rule: line for line in explained(TOLD)}
    assert list(lines) == ["columns", "identifiers", "detectors", "cells", "audit", "differencing"]
    assert lines["columns"].text.en == "Published: name_vi, sex. Withheld: none."
    assert lines["identifiers"].attention
    assert lines["identifiers"].text.en.startswith("1 row and 0 past versions left out. name_vi: personal ident")
    assert "số điện thoại di động" in lines["detectors"].text.vi
    assert "92 ô dưới 5" in lines["cells"].text.vi and "16,3 % số dòng" in lines["cells"].text.vi
    assert "1 cells without sums" in lines["differencing"].text.en


def test_what_the_totals_tell_is_said_to_be_so() -> None:
    audit = {line.rule: line for line in explained(TOLD)}["audit"]
    assert audit.attention and "Narrowest interval: 2;" in audit.text.en
    assert "of each dimension alone" in audit.text.en and "the contract says why" in audit.text.en
    quiet = {line.rule: line for line in explained(TOLD | {"protection": PROTECTED | {"narrow": 0}})}["audit"]
    assert not quiet.attention and "contract" not in quiet.text.en


@pytest.mark.parametrize("told", [{}, {"columns": ["a"]}, {"k": 5, "protection": {"cells": 3, "small": 1}}])
def test_a_report_of_an_earlier_version_is_read_as_well(told: dict[str, Any]) -> None:
    assert all(line.text.vi and line.text.en for line in explained(told))
