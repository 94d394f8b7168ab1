"""Sets of documents as whole numbers: whatever their size, the same numbers come out."""

from random import Random

import pytest

from lienthong.ckan.postings import documents


@pytest.mark.parametrize("size", [1, 7, 63, 64, 2_631, 40_000])
def test_the_numbers_of_a_set(size: int) -> None:
    chance = Random(size)
    for many in {0, 1, size // 100, size // 13, size // 12, size // 11, 199, 200, 201, size // 2, size}:
        held = sorted(chance.sample(range(size), min(many, size)))
        assert documents(sum(1 << number for number in held)) == held
