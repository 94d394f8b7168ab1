"""The small world of the surface tests, for attacks on it."""

from tests.surface.conftest import world as world
