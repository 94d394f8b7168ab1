"""/oidc/*: to the OpenID Connect provider and back."""

import logging
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.access.services import Services
from lienthong.governance.identity.oidc import FLOW_SECONDS
from lienthong.governance.identity.signin import From
from lienthong.governance.session import cookie, cookie_name
from lienthong.kernel.problem import Problem
from lienthong.web.origin import address
from lienthong.web.way import inside

log = logging.getLogger("lienthong.identity")
LINK = "oidc.link"


def add(found: APIRouter, services: Services) -> None:
    """The addresses."""
    surface = Surface(services)
    found.add_route("/oidc/start", surface.start, methods=["GET"])
    found.add_route("/oidc/callback", surface.callback, methods=["GET"])


class Surface:
    """The endpoints. What goes wrong is told on the sign-in page."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def start(self, request: Request) -> Response:
        """GET /oidc/start?next=: off to the provider. `link`: a ticket of the account page, to link the account."""
        identity, next = self._services.directory.identity, inside(request.query_params.get("next", ""))
        link = None
        if ticket := request.query_params.get("link"):
            opened = identity.box.open(LINK, ticket)
            subject = await self._services.directory.subject_or_anonymous({}, request.cookies)
            if opened is None or subject.kind != "person" or opened["username"] != subject.id:
                return _back("/sign-in", "expired")
            link = subject.id
        try:
            leaving = await identity.oidc.leave(next, link)
        except Problem as problem:
            log.warning("identity provider: %s", problem.message("en"))
            return _back("/sign-in", "provider")
        answer = RedirectResponse(leaving.url, 303, headers={"Cache-Control": "no-store"})
        answer.set_cookie(**cookie(self._services.settings, leaving.cookie, FLOW_SECONDS, "flow"))
        return answer

    async def callback(self, request: Request) -> Response:
        """GET /oidc/callback: a session for who came back."""
        directory, settings = self._services.directory, self._services.settings
        name = cookie_name(settings, "flow")
        given = dict(request.query_params)
        try:
            found = await directory.identity.oidc.come_back(request.cookies.get(name), given)
        except Problem as problem:
            log.warning("identity provider: %s", problem.message("en"))
            kind = {404: "unknown", 409: "taken", 503: "provider"}.get(problem.status, "expired")
            answer = _back("/account" if problem.status == 409 else "/sign-in", kind)
        else:
            answer = RedirectResponse(found.next or "/account", 303, headers={"Cache-Control": "no-store"})
            if not found.linked:
                origin = From(address(request, settings), request.headers.get("user-agent", ""))
                old = directory.cookie(request.cookies)
                entered = await directory.identity.sign_in.open(found.username, "oidc", origin, old)
                if old:
                    directory.forget(old)
                answer.set_cookie(**cookie(settings, entered.cookie))
        answer.delete_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="lax")
        return answer


def _back(page: str, problem: str) -> RedirectResponse:
    query = urlencode({"problem": problem})
    return RedirectResponse(f"{page}?{query}", 303, headers={"Cache-Control": "no-store"})
