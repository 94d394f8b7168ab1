"""The addresses of CKAN: the Action API, downloads, dumps, and the pages that links lead to."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.callers import PREFIX, Callers
from lienthong.access.services import HOT, Services
from lienthong.catalog.hosted.caller import NOBODY, Caller
from lienthong.catalog.hosted.uploads import uploads
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan import answers, pictures, uploaded
from lienthong.ckan.actions import ACTIONS
from lienthong.ckan.addresses import Addresses
from lienthong.ckan.call import Call, Raw
from lienthong.ckan.dump import dump
from lienthong.ckan.errors import CRASH, BadRequest, NoPage, Refusal, denied, from_problem, to_problem
from lienthong.ckan.files import download
from lienthong.ckan.ids import organization_id
from lienthong.ckan.indexes import Indexes
from lienthong.ckan.kept import ADDRESSES, Short, keep
from lienthong.ckan.listing import IndexListings
from lienthong.ckan.multipart import Receiver
from lienthong.ckan.parameters import MAX_BODY, MAX_WRITE, Params, parameters
from lienthong.ckan.shown import asked
from lienthong.ckan.writing import REFUSAL, ROWS, WRITES
from lienthong.governance.directory import token_of
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import Language

log = logging.getLogger("lienthong.ckan")
READ = ["GET", "HEAD"]
EVERY = [*READ, "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Who = tuple[Subject, Caller]
Endpoint = Callable[[Request], Awaitable[Response]]


def router(services: Services) -> APIRouter:
    """The routes of this surface, with and without a language before them."""
    surface = Surface(services)
    addresses = Addresses(surface.ask, services.settings.public_url)
    services.acts["ckan"] = surface.act
    services.listed["ckan"] = surface.listings
    services.watched.append(surface.indexes)
    services.short.update(dict.fromkeys(ADDRESSES, Short(services, surface.indexes)))
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
        made.add_route(f"{prefix}/uploads/{{kind}}/{{name}}", _paged(surface.picture), methods=READ)
        addresses.add(made, prefix, _paged)
    return made


class Surface:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.indexes = Indexes(services.catalog, services.registry, services.settings.public_url)
        self.listings = IndexListings(self.indexes, services.settings.public_url)
        self._callers = Callers(services.catalog.engine, organization_id, bool(services.settings.admin_token))
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
        who = await self._who(request, cookies=not writes)
        if writes and who[1].reads_only:
            raise denied("The token leaves out writing")
        receiver = self._receiver(who[1]) if writes and who[1].is_known else None
        try:
            params = await parameters(request, writes, receiver, MAX_WRITE if receiver else MAX_BODY)
            # Another site's script must not read with the caller's credentials: a callback makes the caller nobody.
            callback = params.pop("callback", None)
            who = who if callback is None else (ANONYMOUS, NOBODY)
            call = await self._call(request, who, params, now=who[1].is_known and name not in ROWS)
            result = await function(call)
        finally:
            if writes and name not in ROWS:
                self.indexes.forget()
            if receiver:
                receiver.discard()
        shown = str(callback) if callback is not None and request.method == "GET" else None
        response = answers.success(self._help + name, result, shown, own=writes or call.caller.is_known)
        if isinstance(result, Raw) and result.release is not None and not call.caller.is_known:
            keep(self._services, request.scope, result.release, response)
        return response

    def _receiver(self, caller: Caller) -> Receiver:
        """Takes in the files of a caller, as many bytes as their organizations have left."""
        kept = uploads(self._services.settings)

        async def room() -> int:
            owners = [id for id in caller.orgs if caller.has("create_dataset", id)]
            async with reading(self._services.catalog.engine) as session:
                return kept.limit if caller.sysadmin else await kept.room(session, owners or [caller.id or ""])

        return Receiver(kept, room)

    async def dump(self, request: Request) -> Response:
        """`/datastore/dump/<id>`"""
        call = await self._call(request, await self._who(request), await parameters(request))
        return await dump(call, request, request.path_params["name"])

    async def picture(self, request: Request) -> Response:
        """`/uploads/group/<name>`, `/uploads/user/<name>`: a picture."""
        return await pictures.serve(self._services, request.path_params["name"])

    async def download(self, request: Request) -> Response:
        """`/dataset/<id>/resource/<id>/download`"""
        call = await self._call(request, await self._who(request), {})
        found = await uploaded.download(call, request)
        return found or await download(request, call.index, self._services)

    async def ask(self, request: Request, name: str, **params: Any) -> Any:
        """The answer of an action to whoever asks. Raises Refusal, Problem."""
        return await asked(await self._call(request, await self._who(request), params), name, **params)

    async def act(self, subject: Subject, chosen: Language, name: str, params: Params) -> Any:
        """The answer of an action for another surface. Raises Problem."""
        caller = await self._callers.of(subject)
        index = await self.indexes.of(chosen)
        again = partial(self._look_again, chosen)
        call = Call(self._services, index, subject, params, chosen, chosen, caller, self._callers, again)
        try:
            return await asked(call, name, **params)
        except Refusal as refusal:
            raise to_problem(refusal) from refusal

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

    async def _call(self, request: Request, who: Who, params: Params, *, now: bool | None = None) -> Call:
        """`now`: with what another process has just written (if not said: for whoever may have written it)."""
        services, (subject, caller) = self._services, who
        index = await self.indexes.of(language(request), now=caller.is_known if now is None else now)
        again = partial(self._look_again, language(request))
        return Call(services, index, subject, params, language(request), told(request), caller, self._callers, again)

    async def _look_again(self, chosen: Language) -> None:
        """Take in what this process has just written."""
        self.indexes.forget()
        await self.indexes.of(chosen)


def language(request: Request) -> Language:
    """The language of titles: English under /en."""
    return "en" if request.url.path.startswith("/en/") else "vi"


def told(request: Request) -> Language:
    """The language of messages: Vietnamese under /vi, else CKAN's own English."""
    return "vi" if request.url.path.startswith("/vi/") else "en"


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
