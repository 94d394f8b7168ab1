"""The server with governed reads that nobody records: the difference is what the ledger costs. For bench alone."""

from collections.abc import Sequence

from fastapi import FastAPI

from lienthong.app import asgi
from lienthong.store.compile import Statement
from lienthong.store.database import Database, Row
from lienthong.store.record import LedgerEntry


async def _unrecorded(self: Database, statement: Statement, role: str, entries: Sequence[LedgerEntry]) -> Row:
    return (await self.read_as(statement, role))[: len(statement.columns)]


def create() -> FastAPI:
    """The app, its database reading without entries."""
    Database.read_governed = _unrecorded  # type: ignore[method-assign]
    return asgi.create()
