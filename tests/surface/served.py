"""The small world behind the server that is used in production, on a port of this machine."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from lienthong.app.lane import Lane
from tests.conftest import free_port
from tests.surface.small import World


@contextmanager
def served(world: World) -> Iterator[int]:
    """The port that the world listens on."""
    with running(world, Lane(world.app)) as port:
        yield port


@contextmanager
def running(world: World, app: Any) -> Iterator[int]:
    """The port that the app listens on, in the event loop of the world."""
    port = free_port()
    server = Server(app, "127.0.0.1", port, interface=Interfaces.ASGINL, websockets=False, log_level=LogLevels.error)
    with world.portal.wrap_async_context_manager(_Running(server, port)):
        yield port


def listens(port: int) -> bool:
    """Is there somebody on the port?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Running:
    def __init__(self, server: Server, port: int) -> None:
        self._server, self._port = server, port

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._server.serve())
        while not listens(self._port):
            assert not self._task.done()
            await asyncio.sleep(0.05)

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        await asyncio.wait_for(self._task, 60)
