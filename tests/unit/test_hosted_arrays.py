"""Records as arrays of PostgreSQL: what looks the same as in JSON, and nothing else."""

import pytest

from lienthong.store import hosted_arrays
from lienthong.store.hosted_types import HostedField

TEXT, WHOLE = HostedField("a", "text"), HostedField("a", "int4")


@pytest.mark.parametrize(
    "value", ["x", 'a"b', "a\\b", "a\\nb", "{}", "NULL", "null", "", " ", "Đỗ, 1", 1, 1.5, True, None]
)
def test_plain_values_are_the_text_of_an_array(value: object) -> None:
    assert hosted_arrays.of([{"a": value}, {}], [TEXT]) is not None


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x01", "a\\\n", [1], {"b": 1}, "\ud800"])
def test_others_stay_json(value: object) -> None:
    assert hosted_arrays.of([{"a": "x"}, {"a": value}], [TEXT]) is None


@pytest.mark.parametrize("kind", ["json", "_text", "bpchar", "interval"])
def test_types_that_are_read_otherwise_stay_json(kind: str) -> None:
    assert hosted_arrays.of([{"a": "x"}], [TEXT, HostedField("b", kind)]) is None


def test_an_empty_text_is_no_number() -> None:
    made = hosted_arrays.of([{"a": ""}, {"a": 2}], [WHOLE])
    assert made is not None and "{null,2}" in made.as_string(None)
    assert hosted_arrays.of([], []) is None
