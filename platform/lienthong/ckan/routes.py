"""The addresses of CKAN: the Action API, downloads, dumps, and the pages that links lead to."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.access.callers import PREFIX, Callers
from lienthong.access.services import HOT, Services
from lienthong.catalog.hosted.caller import NOBODY, Caller
from lienthong.ckan import agencies, answers, datastore, packages, search, site
from lienthong.ckan.call import ACTIONS, Call
from lienthong.ckan.dump import dump
from lienthong.ckan.errors import CRASH, BadRequest, NoPage, Refusal, denied, from_problem
from lienthong.ckan.files import download
from lienthong.ckan.ids import organization_id
from lienthong.ckan.index import Index, Indexes
from lienthong.ckan.parameters import Params, parameters
from lienthong.ckan.writing import REFUSAL, WRITES
from lienthong.governance.directory import token_of
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import Language

log = logging.getLogger("lienthong.ckan")
READ = ["GET", "HEAD"]
ACTING = (datastore, agencies, packages, search, site)  # importing them registers their actions
EVERY = [*READ, "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Who = tuple[Subject, Caller]
Endpoint = Callable[[Request], Awaitable[Response]]


def router(services: Services) -> APIRouter:
    """The routes of this surface, with and without a language before them."""
    surface = Surface(services)
    made = APIRouter()
    for prefix in ("", "/vi", "/en"):
        for version in ("/3", ""):
            made.add_route(f"{prefix}/api{version}/action/{{action:path}}", surface.action, methods=EVERY, name=HOT)
        for path, number in {"": 1, "/1": 1, "/2": 2, "/3": 3}.items():
            for slash in ("", "/"):
                made.add_route(f"{prefix}/api{path}{slash}", _version(number), methods=READ)
        made.add_route(f"{prefix}/datastore/dump/{{name}}", _paged(surface.dump), methods=READ)
        whole = f"{prefix}/dataset/{{name}}/resource/{{resource}}"
        made.add_route(whole + "/download", _paged(surface.download), methods=READ)
        made.add_route(whole + "/download/{file:path}", _paged(surface.download), methods=READ)
        for path in ("/dataset", "/organization"):
            made.add_route(prefix + path, _paged(surface.listing), methods=READ)
        for path in ("/dataset/{name}", "/dataset/{name}/resource/{resource}"):
            made.add_route(prefix + path, _paged(surface.dataset), methods=READ)
        made.add_route(prefix + "/organization/{name}", _paged(surface.organization), methods=READ)
    return made


class Surface:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._indexes = Indexes(services.registry, services.settings.public_url)
        self._callers = Callers(services.catalog.engine, organization_id)
        self._help = services.settings.public_url + "/api/3/action/help_show?name="

    async def action(self, request: Request) -> Response:
        """`/api/3/action/<name>`: any action."""
        name = request.path_params["action"]
        if request.method == "OPTIONS":
            return Response(headers=answers.OPTIONS, media_type="text/html")
        if not name or "/" in name:
            return answers.page(404)
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.page(405)
        try:
            return await self._answer(request, name)
        except Refusal as refusal:
            return answers.refused(self._help + name, refusal, told(request))
        except BadRequest as error:
            return answers.bad(error)
        except NoPage as error:
            return answers.page(error.status)
        except Problem as problem:
            return answers.refused(self._help + name, from_problem(problem, told(request)), told(request))
        except Exception:
            log.exception("action %s", name)
            return answers.refused(self._help + name, CRASH, told(request))

    async def _answer(self, request: Request, name: str) -> Response:
        function, writes = ACTIONS.get(name), name in WRITES
        if function is None and not writes:
            raise BadRequest(f"Action name not known: {name}")
        if writes and request.method != "POST":
            raise BadRequest("JSON Error: Invalid request. Please use POST method for your request")
        if function is None:
            raise denied(REFUSAL)
        params = await parameters(request)
        # Another site's script must not read with the caller's credentials: a callback makes the caller nobody.
        callback = params.pop("callback", None)
        who = (ANONYMOUS, NOBODY) if callback is not None else await self._who(request, cookies=not writes)
        call = await self._call(request, who, params)
        result = await function(call)
        shown = str(callback) if callback is not None and request.method == "GET" else None
        return answers.success(self._help + name, result, shown, own=writes or call.caller.is_known)

    async def dump(self, request: Request) -> Response:
        """`/datastore/dump/<id>`"""
        call = await self._call(request, await self._who(request), await parameters(request))
        return await dump(call, request, request.path_params["name"])

    async def download(self, request: Request) -> Response:
        """`/dataset/<id>/resource/<id>/download`"""
        return download(request, await self._index(request), self._services.settings)

    async def listing(self, request: Request) -> Response:
        """`/dataset`, `/organization`: the portal's list."""
        return _to(request, "/datasets")

    async def dataset(self, request: Request) -> Response:
        """`/dataset/<id or name>`: the portal's page."""
        entry = (await self._index(request)).find(request.path_params["name"])
        if entry is None:
            raise NoPage(404)
        return _to(request, f"/datasets/{entry.package['name']}")

    async def organization(self, request: Request) -> Response:
        """`/organization/<id or name>`: the portal's list of its datasets."""
        found = (await self._index(request)).organization(request.path_params["name"])
        if found is None:
            raise NoPage(404)
        return _to(request, f"/datasets?agency={quote(found['name'])}")

    async def _who(self, request: Request, *, cookies: bool = True) -> Who:
        """Who asks, twice: as the door sees them, and as a user of the hosted catalogue.

        A cookie never lets anybody write: a browser sends it along with what another site has made up.
        """
        token = token_of(request.headers)
        if token is not None and token.startswith(PREFIX):
            return ANONYMOUS, await self._callers.by_token(token)
        cookie = request.cookies if cookies else None
        subject = await self._services.directory.subject_or_anonymous(request.headers, cookie)
        return subject, await self._callers.of(subject)

    async def _index(self, request: Request) -> Index:
        return self._indexes.of(await self._services.catalog.current(), language(request))

    async def _call(self, request: Request, who: Who, params: Params) -> Call:
        index = await self._index(request)
        return Call(self._services, index, who[0], params, language(request), told(request), who[1], self._callers)


def language(request: Request) -> Language:
    """The language of titles: English under /en."""
    return "en" if request.url.path.startswith("/en/") else "vi"


def told(request: Request) -> Language:
    """The language of messages: Vietnamese under /vi, else CKAN's own English."""
    return "vi" if request.url.path.startswith("/vi/") else "en"


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(("/en" if language(request) == "en" else "") + path, 302)


def _version(number: int) -> Endpoint:
    async def version(_: Request) -> Response:
        return answers.json({"version": number})

    return version


def _paged(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with refusals as small pages."""

    async def paged(request: Request) -> Response:
        try:
            return await endpoint(request)
        except NoPage as error:
            return answers.page(error.status)
        except Refusal as refusal:
            return answers.page(refusal.status)
        except Problem as problem:
            return answers.page(_page_status(problem))

    return paged


def _page_status(problem: Problem) -> int:
    status: Any = from_problem(problem, "en").status
    return int(status)
