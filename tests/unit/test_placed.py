"""Points in strips: a box finds what comparing every point with it finds."""

import random
from collections.abc import Sequence
from math import nextafter

import pytest

from lienthong.access import placed
from lienthong.access.placed import Points


def in_strips(points: Sequence[tuple[int, float, float]], size: int) -> Points:
    """The points as PostgreSQL hands them over."""
    south_first = sorted(points, key=lambda p: p[2])
    strips = [sorted(south_first[n : n + size], key=lambda p: p[1]) for n in range(0, len(points), size)]
    flat = [point for strip in strips for point in strip]
    return Points([n for n, *_ in flat], [x for _, x, _ in flat], [y for *_, y in flat], size)


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 700])
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_box_holds_what_lies_in_it(count: int, size: int) -> None:
    chance = random.Random(count * size)
    # Few different places: many points share an edge with a box.
    points = [(n, chance.randrange(20) / 4, chance.randrange(20) / 4) for n in range(1, count + 1)]
    held = in_strips(points, size)
    assert len(held) == count
    for _ in range(200):
        west, east = sorted((chance.randrange(-4, 24) / 4, chance.randrange(-4, 24) / 4))
        south, north = sorted((chance.randrange(-4, 24) / 4, chance.randrange(-4, 24) / 4))
        wanted = [n for n, x, y in points if west <= x <= east and south <= y <= north]
        assert held.within((west, south, east, north)) == wanted


def test_an_edge_is_exact() -> None:
    held = in_strips([(1, 106.1, 21.3)], 64)
    assert held.within((106.1, 21.3, 106.1, 21.3)) == [1]
    assert held.within((nextafter(106.1, 200), 21.3, 107, 22)) == []
    assert held.within((106, 21, 107, nextafter(21.3, 0))) == []


def test_a_box_with_many_points_is_left_to_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed, "MANY", 10)
    held = in_strips([(n, n / 100, n / 100) for n in range(1, 101)], 8)
    assert held.within((0, 0, 1, 1)) is None
    assert held.within((0, 0, 0.05, 0.05)) == [1, 2, 3, 4, 5]
