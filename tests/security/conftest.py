"""The place where SQL typed by people runs, once for all the tests that attack it."""

from tests.security.sql_place import sql_sandbox, sql_world

__all__ = ["sql_sandbox", "sql_world"]
