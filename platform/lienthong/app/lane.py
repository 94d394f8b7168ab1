"""The way into the app, plain ASGI: headers that every answer carries, and a short way to the addresses asked most."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.access import budget, synthetic
from lienthong.access.kept import KeptAnswer, sent
from lienthong.access.services import HOT, ShortWay
from lienthong.app.hangup import watched
from lienthong.web.origin import address_of

HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
_TWIN = (synthetic.HEADER.lower().encode(), synthetic.VALUE.encode())


def _relative(location: bytes) -> bytes:
    """The way to another address of ours without the host, which the caller named and could be anybody's."""
    rest = location.partition(b"://")[2]
    return b"/" + rest.partition(b"/")[2].lstrip(b"/") if rest else location


def hot(routers: Iterable[APIRouter]) -> list[Route]:
    """The plain routes that surfaces have named hot."""
    return [route for router in routers for route in router.routes if isinstance(route, Route) and route.name == HOT]


class Lane:
    """Goes to a hot route at once, since FastAPI's own routing costs more than a query; to the app with all else."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Iterable[Route] = (),
        short: Mapping[str, ShortWay] | None = None,
        proxies: int = 0,
        kept: Callable[[Scope], KeptAnswer | None] = lambda _: None,
    ) -> None:
        self._kept = kept
        self._app = app
        self._routes = tuple(routes)
        self._proxies = proxies
        self._short = tuple((short or {}).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection. A method that a hot route does not take is the app's to refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (kept := self._kept(scope)) is not None:
            await sent(kept, scope, send)
            return

        synthetic.begin()
        spending = budget.begin(partial(address_of, scope, self._proxies))

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name.lower() for name, _ in own}
                further = (*HEADERS, _TWIN) if synthetic.noted() else HEADERS
                if spending.account is not None:
                    further = (*further, *spending.headers(message["status"]))
                if message["status"] == 307:
                    own = [(name, _relative(value) if name == b"location" else value) for name, value in own]
                message["headers"] = own + [pair for pair in further if pair[0] not in names]
            await send(message)

        await watched(partial(self._go, scope), receive, headed)

    async def _go(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        for beginning, way in self._short:
            if path.startswith(beginning):
                done, receive = await way(scope, receive, send)
                if done:
                    return
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                await route.handle(scope, receive, send)
                return
        await self._app(scope, receive, send)
