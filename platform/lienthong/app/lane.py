"""The way into the app, plain ASGI: headers that every answer carries, and a short way to the addresses asked most."""

from collections.abc import Awaitable, Iterable, Mapping
from functools import partial

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.access import budget, synthetic
from lienthong.access.kept import ALWAYS, Front, sent
from lienthong.access.services import HOT, ShortWay
from lienthong.app.hangup import watched
from lienthong.web.origin import address_of

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
        front: Front | None = None,
    ) -> None:
        self._front = front
        self._app = app
        self._routes = tuple(routes)
        self._proxies = proxies
        self._short = tuple((short or {}).items())

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection. What was answered before is sent before anything else is made for the request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if self._front is not None and (found := self._front.asked(scope)) is not None:
            return sent(found, send)
        return self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that something has to be done for."""
        if self._front is not None and (found := await self._front.looked(scope)) is not None:
            await sent(found, send)
            return
        synthetic.begin()
        spending = budget.begin(partial(address_of, scope, self._proxies))

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", ()))
                names = {name.lower() for name, _ in own}
                further = (*ALWAYS, _TWIN) if synthetic.noted() else ALWAYS
                if spending.account is not None:
                    further = (*further, *spending.headers(message["status"]))
                if message["status"] == 307:
                    own = [(name, _relative(value) if name == b"location" else value) for name, value in own]
                # A new message: that of a kept answer goes out many times.
                message = {**message, "headers": own + [pair for pair in further if pair[0] not in names]}
            await send(message)

        await watched(partial(self._go, scope), receive, headed)

    async def _go(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By the shortest way. A method that a hot route does not take is the app's to refuse."""
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
