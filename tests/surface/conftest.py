"""The small world, once for a test process."""

from collections.abc import Iterator

import pytest

from tests.surface.small import World, running


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Four datasets with every kind of value, in a real cluster, behind the real surfaces."""
    with running(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same, for the tests of one file that change it."""
    with running(tmp_path_factory.mktemp("own")) as found:
        yield found
