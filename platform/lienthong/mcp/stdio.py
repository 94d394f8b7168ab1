"""`lienthong mcp`: the protocol over standard input and output, for a program on this machine."""

from importlib.metadata import version

from mcp.server.stdio import stdio_server

from lienthong.access.services import Services
from lienthong.mcp.protocol import Protocol


async def serve(services: Services, token: str | None) -> None:
    """Answer until the input ends. `token` says who asks; without one only open data is read."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    server = Protocol(services, headers).server(version("lienthong"))
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
