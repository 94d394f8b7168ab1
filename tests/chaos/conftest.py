"""The small world is the place of the longer tests too."""

from tests.surface.conftest import world

__all__ = ["world"]
