"""The protocol server of `lienthong mcp`: the services in this process, nothing listens."""

from lienthong.app.asgi import services
from lienthong.kernel.settings import Settings


async def speak(settings: Settings, token: str | None) -> None:
    """Answer over standard input and output until the input ends."""
    from lienthong.mcp.stdio import serve

    given, database = services(settings)
    await database.open()
    try:
        await serve(given, token)
    finally:
        await database.close()
