"""The small world is the place of the security tests too."""

from tests.security.sql_place import sql_sandbox, sql_world
from tests.surface.conftest import world

__all__ = ["sql_sandbox", "sql_world", "world"]
