"""The ASGI app: services made once, every surface mounted, one lifespan."""

import asyncio
import gc
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from lienthong import ckan, dcat, feed, gql, identity, mcp, ogc, portal, rest, sharing
from lienthong.access.budget import Budget
from lienthong.access.door import Door
from lienthong.access.kept import Front, Kept
from lienthong.access.services import Services
from lienthong.access.turns import Turns
from lienthong.app import shortcut
from lienthong.app.access_log import Logged
from lienthong.app.definitions import has_demo, is_loaded, registry
from lienthong.app.lane import Lane, hot
from lienthong.catalog import ahead
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.agreements.quota import Quotas
from lienthong.governance.directory import Directory
from lienthong.governance.ledger.seal import SealWatch
from lienthong.governance.session import Sessions
from lienthong.kernel import logs
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import Settings, settings
from lienthong.kernel.text import Language
from lienthong.store import owner
from lienthong.store.database import Database

log = logging.getLogger("lienthong")
SURFACES = (
    identity,
    feed,
    sharing,
    rest,
    gql,
    dcat,
    ckan,
    ogc,
    mcp,
    portal,
)  # the portal's catch-all addresses come last
Call = Callable[[Request], Awaitable[Response]]


def services(given: Settings) -> tuple[Services, Database]:
    """Everything that surfaces need, not connected yet."""
    url = owner.app_url(given)
    contracts = registry(given)
    database = Database(url, given.pool_size)
    engine = create_async_engine(owner.sqlalchemy_url(url), pool_size=3, max_overflow=0, pool_pre_ping=True)
    secret = owner.app_password(given).encode()
    directory = Directory(engine, given, Sessions(secret))
    watch = SealWatch(engine, given.seal_limit_seconds)
    budget, turns = Budget(given.budget_anonymous, given.budget_known), Turns(2 * given.pool_size)
    salt = hashlib.sha256(b"ledger" + secret).digest()
    door = Door(contracts, database, salt, watch, Quotas(engine), budget, turns)
    kept = Kept(given.kept_megabytes << 20, usage=door.usage)
    return Services(contracts, door, Catalog(contracts, engine), directory, given, kept=kept), database


class Application(FastAPI):
    """The app behind its lane, which stands before everything that the framework puts around a request."""

    lane: Callable[[ASGIApp], ASGIApp]
    front: Front | None  # what stands before everything else, when nobody notes each request

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """One connection. Requests go to the lane at once: nothing is told to anybody about them on the way."""
        if scope["type"] != "http":
            return super().__call__(scope, receive, send)
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        return self.middleware_stack(scope, receive, send)  # type: ignore[return-value]

    def build_middleware_stack(self) -> ASGIApp:
        """The way in."""
        return self.lane(super().build_middleware_stack())


def serving() -> FastAPI:
    """The app of one server process, whose kept answers the server itself gives out."""
    app = create()
    if app.front is not None:
        shortcut.install(app.front)
    return app


def create() -> Application:
    """The app of one process."""
    logs.begin()
    given, database = services(settings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        _settle()
        beside = [
            asyncio.create_task(given.door.usage.keep_writing(given.catalog.engine)),
            asyncio.create_task(given.listed["ckan"].warm()),
            asyncio.create_task(ahead.keep([given.catalog, *given.watched])),
        ]
        yield
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await database.close()

    # Telemetry, which nobody has set up, would be looked for in the environment with each request.
    app = Application(
        title="Liên Thông",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    routers = [surface.router(given) for surface in SURFACES]
    for router in routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=portal.STATIC), name="static")
    app.add_route("/healthz", _alive)
    app.add_route("/readyz", _ready(given))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(404, portal.lost(given))
    front = Front(given.kept, given.catalog)
    app.lane = partial(_lane, given, hot(routers), front)
    app.front = None if given.settings.access_log else front
    return app


def _settle() -> None:
    """Everything that is there at the start stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _lane(given: Services, routes: list[Route], front: Front, app: ASGIApp) -> ASGIApp:
    lane = Lane(app, routes, given.short, given.settings.proxies, front)
    return Logged(lane, given.settings.access_log) if given.settings.access_log else lane


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _ready(given: Services) -> Call:
    async def ready(_: Request) -> Response:
        """200 when the database answers and the example, where there is one, is loaded."""
        snapshot = await given.catalog.current()
        loaded = not has_demo(given.settings) or is_loaded(given.settings, given.registry)
        return JSONResponse({"ready": loaded, "published": len(snapshot.published())}, 200 if loaded else 503)

    return ready


async def _problem(request: Request, error: Exception) -> Response:
    """The last resort: a problem that no surface has put in its own form."""
    assert isinstance(error, Problem)
    language: Language = "en" if request.headers.get("accept-language", "vi").lower().startswith("en") else "vi"
    return JSONResponse(error.as_json(language), error.status, media_type="application/problem+json")
