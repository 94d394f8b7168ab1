"""Two installations that speak to each other, and a site of anybody's whose answers a test decides."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.ext.asyncio import AsyncEngine

from lienthong.app import federating
from lienthong.app.install import migrate
from lienthong.kernel.settings import Settings
from lienthong.pipelines.federation.harvest import Kind, Order, harvest
from lienthong.pipelines.federation.records import Report
from lienthong.pipelines.federation.web import Limits
from tests.surface.small import ADMIN, World, serving

Answer = tuple[int, dict[str, str], bytes]
HERE = "127.0.0.1"


@contextmanager
def other(world: World) -> Iterator[World]:
    """A second installation with the same contracts and no data: another database of the same server."""
    assert world.settings.database_url
    url = world.settings.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier("other")))
    home = world.settings.home
    settings = Settings(home=home, admin_token=ADMIN, database_url=make_conninfo(url, dbname="other"))  # type: ignore[arg-type]
    migrate(settings, world.registry)
    with serving(settings, world.registry) as found:
        yield found


def with_engine(world: World, act: Callable[[AsyncEngine], Coroutine[Any, Any, Any]]) -> Any:
    """Something done in the world's database as its owner."""

    async def run() -> Any:
        async with federating.database(world.settings) as engine:
            return await act(engine)

    return asyncio.run(run())


def harvested(
    world: World, kind: Kind, source: str, limits: Limits | None = None, allowed: str = HERE, **options: Any
) -> Report:
    """Harvest a source into the world."""
    house = federating.house(world.registry)
    order = Order(kind, source, **options)
    found: Report = with_engine(world, lambda e: harvest(e, house, order, allowed, silent, limits))
    if not found.dry_run:
        time.sleep(1.05)  # readers look for changes once a second
    return found


def silent(*_: object) -> None:
    """Hears progress and tells nobody."""


class Site:
    """A site on this machine: what `answers` says for a path and its parameters; `asked` keeps what was asked."""

    def __init__(self, port: int, answers: Callable[[str, dict[str, str]], Answer]) -> None:
        self.url, self.answers = f"http://{HERE}:{port}", answers
        self.asked: list[str] = []


@contextmanager
def site(answers: Callable[[str, dict[str, str]], Answer]) -> Iterator[Site]:
    """A site while a test runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found.asked.append(self.path)
            given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            status, headers, body = found.answers(parts.path, given)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HERE, 0), Handler)
    found = Site(server.server_port, answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
