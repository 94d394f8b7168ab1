"""The limit for what lies ready: an ASGI app that answers every request with two bytes."""

from typing import Any

HEADERS = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"2")]
HEAD = {"type": "http.response.start", "status": 200, "headers": HEADERS}
BODY = {"type": "http.response.body", "body": b"ok"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send(HEAD)
    await send(BODY)
