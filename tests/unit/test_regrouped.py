"""Labels of time that lie within wider ones, and what a release of the ones tells of the others."""

import pytest

from lienthong.privacy.regrouped import grain, small_remainders, span, wider_labels


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("2026-03", "2026-Q1"),
        ("2026-12", "2026"),
        ("2026-Q4", "2026"),
        ("1984", "1980-1984"),
        ("2026-02-28", "2026-02"),
    ],
)
def test_a_label_lies_within_a_wider_one(inner: str, outer: str) -> None:
    (first, last), (from_, to) = span(inner) or (0, 0), span(outer) or (0, 0)
    assert 0 < from_ <= first <= last <= to
    assert grain(inner) != grain(outer)


@pytest.mark.parametrize("label", ["planned", "H37", "2026-13", "20260101", "", "12", "2026-Q5"])
def test_other_labels_mean_no_time(label: str) -> None:
    assert span(label) is None
    assert grain(label) is None


def test_what_is_left_of_a_wider_cell() -> None:
    months = {("2026-01", "a"): 10, ("2026-02", "a"): 9, ("2026-01", "b"): 8}
    quarters = {("2026-Q1", "a"): 22, ("2026-Q1", "b"): 40, ("2026-Q2", "a"): 3}
    assert small_remainders(quarters, [months], 5) == {("2026-Q1", "a")}
    assert small_remainders(quarters, [quarters], 5) == set()
    assert small_remainders(months, [quarters], 5) == set()


def test_totals_that_were_told_over_wider_labels() -> None:
    months = {("2026-01", "a"): 10, ("2026-02", "a"): 9, ("2026-03", "a"): 3}
    assert wider_labels(months, [{("2026-Q1", "a"): 22}]) == {
        (0, (("2026-01", "2026-Q1"), ("2026-02", "2026-Q1"), ("2026-03", "2026-Q1")))
    }
    assert wider_labels(months, [{("2026-Q1", "a"): 99}]) == set()
