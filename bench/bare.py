"""The limit for reads: the same statements, the bare driver, a raw ASGI app. `/<case>/<number>` runs one statement."""

import asyncio
import os
import pickle
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor

SIZE = 8  # as many connections as the server under test has by default
STATEMENTS: dict[str, list[tuple[bytes, tuple[Any, ...]]]] = {}
IDLE: asyncio.LifoQueue[AsyncConnection] = asyncio.LifoQueue()
HEADERS = [(b"content-type", b"application/json; charset=utf-8")]
HEAD = {"type": "http.response.start", "status": 200, "headers": HEADERS}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the first value of the statement's row, as the driver gives it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    _, case, number = scope["path"].split("/")
    body: bytes = b"ok"
    if case != "ready":
        sql, params = STATEMENTS[case][int(number)]
        connection = await IDLE.get()
        try:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(sql, params, prepare=True)
            result = cursor.pgresult
            assert result is not None
            body = result.get_value(0, 0) or b""
        finally:
            IDLE.put_nowait(connection)
    await send(HEAD)
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    STATEMENTS.update(pickle.loads(Path(os.environ["BENCH_STATEMENTS"]).read_bytes()))
    for _ in range(SIZE):
        connection = await AsyncConnection.connect(os.environ["BENCH_URL"], autocommit=True)
        await connection.execute("set default_transaction_read_only = on")
        await connection.execute("set role lienthong_public")
        IDLE.put_nowait(connection)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    while not IDLE.empty():
        await IDLE.get_nowait().close()
    await send({"type": "lifespan.shutdown.complete"})
