"""Granian serves the ASGI app; Ctrl-C ends it cleanly."""

import socket

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop. Raises Unavailable when the port is taken."""
    check_port(settings)
    Server(
        "lienthong.app.asgi:serving",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        log_level=LogLevels.warning,
        log_access=False,
        websockets=False,
        backpressure=256,
    ).serve()


def check_port(settings: Settings) -> None:
    """Raises Unavailable when somebody else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Unavailable(
                both(f"Cổng {settings.port} đang bận", f"Port {settings.port} is taken"),
                place=f"{settings.host}:{settings.port}",
                fix=both("Đặt LIENTHONG_PORT sang cổng khác", "Set LIENTHONG_PORT to another port"),
            ) from error
