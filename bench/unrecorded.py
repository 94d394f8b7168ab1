"""The server with governed reads that nobody records: the difference is what the ledger costs. For bench alone."""

from fastapi import FastAPI

from lienthong.app import asgi
from lienthong.store.database import Row, Withheld


async def _unrecorded(self: Withheld) -> Row:
    return self._row[: len(self._statement.columns)]


def create() -> FastAPI:
    """The app, its rows given without entries."""
    Withheld.row = _unrecorded  # type: ignore[method-assign]
    return asgi.create()
