"""/passkeys/*: the ceremonies, asked by one small script of the portal's pages."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lienthong.access.services import Services
from lienthong.governance.identity.passkeys import CEREMONY_SECONDS, Ceremony
from lienthong.governance.identity.signin import From
from lienthong.governance.session import cookie, cookie_name
from lienthong.identity.models import Given, Line
from lienthong.kernel.problem import NotPermitted, Problem, Unauthenticated
from lienthong.kernel.text import both
from lienthong.web import body
from lienthong.web.origin import address, same_origin
from lienthong.web.problems import guarded


class Answered(Given):
    """What the authenticator answered."""

    credential: dict[str, Any]


class Registered(Answered):
    """The same, with the name that its owner gives it."""

    name: Line = Field(max_length=60)


def add(found: APIRouter, services: Services) -> None:
    """The addresses."""
    surface = Surface(services)
    for path, endpoint in {
        "/passkeys/registration/options": surface.registration_options,
        "/passkeys/registration": surface.registration,
        "/passkeys/authentication/options": surface.authentication_options,
        "/passkeys/authentication": surface.authentication,
    }.items():
        found.add_route(path, guarded(endpoint), methods=["POST"])


class Surface:
    """The endpoints. Only pages of this site may ask; what belongs to a session carries its form token."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def registration_options(self, request: Request) -> Response:
        """POST /passkeys/registration/options"""
        username, session = await self._owner(request)
        return self._asked(await self._passkeys.registration(username, session))

    async def registration(self, request: Request) -> Response:
        """POST /passkeys/registration"""
        username, session = await self._owner(request)
        given = await body.read(request, Registered)
        await self._passkeys.register(username, session, self._flow(request), given.credential, given.name)
        return self._done({"registered": True})

    async def authentication_options(self, request: Request) -> Response:
        """POST /passkeys/authentication/options"""
        same_origin(request, self._services.settings)
        return self._asked(await self._passkeys.authentication(await self._waiting(request)))

    async def authentication(self, request: Request) -> Response:
        """POST /passkeys/authentication: a session."""
        same_origin(request, self._services.settings)
        given = await body.read(request, Answered)
        waiting, directory = await self._waiting(request), self._services.directory
        username = await self._passkeys.authenticate(self._flow(request), given.credential, waiting)
        origin = From(address(request, self._services.settings), request.headers.get("user-agent", ""))
        method = "password+passkey" if waiting else "passkey"
        old = directory.cookie(request.cookies)
        entered = await directory.identity.sign_in.open(username, method, origin, old)
        if old:
            directory.forget(old)
        answer = self._done({"username": username})
        answer.set_cookie(**cookie(self._services.settings, entered.cookie))
        return answer

    @property
    def _passkeys(self) -> Any:
        return self._services.directory.identity.passkeys

    async def _owner(self, request: Request) -> tuple[str, str]:
        """Who is signed in, and in which session. Raises Unauthenticated, NotPermitted."""
        same_origin(request, self._services.settings)
        directory = self._services.directory
        mine = directory.cookie(request.cookies)
        subject = await directory.subject({}, request.cookies)
        if subject.kind != "person" or mine is None:
            raise Unauthenticated(both("Cần đăng nhập", "Sign in first"), place="/sign-in")
        if not directory.sessions.fits(mine, request.headers.get("x-csrf-token")):
            raise NotPermitted(both("Trang không còn hiệu lực, hãy tải lại", "The page is out of date, reload it"))
        await directory.identity.sign_in.fresh(mine)
        return subject.id, directory.sessions.id(mine)

    async def _waiting(self, request: Request) -> str | None:
        """Whose second factor is awaited, if anybody's."""
        try:
            mine = self._services.directory.cookie(request.cookies)
            return str(await self._services.directory.identity.sign_in.waiting(mine))
        except Problem:
            return None

    def _flow(self, request: Request) -> str | None:
        return request.cookies.get(cookie_name(self._services.settings, "flow"))

    def _asked(self, ceremony: Ceremony) -> Response:
        answer = self._done(ceremony.options)
        answer.set_cookie(**cookie(self._services.settings, ceremony.cookie, CEREMONY_SECONDS, "flow"))
        return answer

    def _done(self, content: dict[str, Any]) -> JSONResponse:
        return JSONResponse(content, headers={"Cache-Control": "no-store"})
