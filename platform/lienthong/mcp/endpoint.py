"""`/mcp`: streamable HTTP without sessions. The protocol's package is loaded by the first call, in a thread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lienthong.access.services import Services
from lienthong.kernel.settings import Settings
from lienthong.web.problems import guarded

PATH = "/mcp"
MAX_BODY = 65_536
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


def router(services: Services) -> APIRouter:
    """The address of this surface."""
    lazy = Lazy(services)

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        yield
        await lazy.close()

    found = APIRouter(lifespan=lifespan)

    async def mcp(request: Request) -> Response:
        """One message of the protocol. A wrong token is refused before the message is read."""
        await services.directory.subject(request.headers)
        return Handed(await lazy.manager())

    found.add_route(PATH, guarded(mcp), methods=["POST"])
    return found


class Handed(Response):
    """An answer that the protocol's package writes itself."""

    def __init__(self, manager: Any) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the package answer."""
        await self._manager.handle_request(scope, receive, send)


class Lazy:
    """The protocol's session manager, made by the first call and living in a task of its own until the end."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._task: asyncio.Task[None] | None = None
        self._made: asyncio.Future[Any] | None = None

    async def manager(self) -> Any:
        """The manager, running."""
        if self._made is None:
            self._made = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._live(self._made))
        return await asyncio.shield(self._made)

    async def close(self) -> None:
        """End the manager."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _live(self, made: asyncio.Future[Any]) -> None:
        try:
            manager = await asyncio.to_thread(_manager, self._services)
            async with manager.run():
                made.set_result(manager)
                await asyncio.Event().wait()
        except Exception as error:
            if made.done():
                raise
            self._made = None
            made.set_exception(error)


def _manager(services: Services) -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    from lienthong.mcp.protocol import Protocol

    hosts, origins = allowed(services.settings)
    return StreamableHTTPSessionManager(
        Protocol(services).server(version("lienthong")),
        stateless=True,
        json_response=True,
        security_settings=TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins),
        max_request_body_size=MAX_BODY,
    )


def allowed(settings: Settings) -> tuple[list[str], list[str]]:
    """The hosts and origins of the platform itself; any other is an attack by a page of another site."""
    own = urlsplit(settings.public_url)
    hosts = [own.netloc, *_LOCAL, *(f"{name}:*" for name in _LOCAL)]
    origins = [settings.public_url, *(f"http://{name}:*" for name in _LOCAL)]
    return hosts, origins
