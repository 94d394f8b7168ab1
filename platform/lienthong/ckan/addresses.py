"""CKAN's addresses beside the Action API: what its forms ask while somebody types, feeds, addresses that it has not."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lienthong.ckan import answers, feeds
from lienthong.ckan.errors import NoPage
from lienthong.ckan.shown import quoted

Ask = Callable[..., Awaitable[Any]]
Paged = Callable[[Callable[[Request], Awaitable[Response]]], Callable[[Request], Awaitable[Response]]]
READ = ["GET", "HEAD"]
# What CKAN speaks.
_LANGUAGES = (
    "am ar bg bs ca cs_CZ da_DK de el en_AU en_GB es es_AR eu fa_IR fi fr gl gl_ES he hr hu id is it ja "
    "km ko_KR lt lv mk mn_MN my_MM nb_NO ne ne_NP nl no pl pt_BR pt_PT ro ru sk sl sq sr sr_Latn sv th tl "
    "tr uk uk_UA vi zh_Hans_CN zh_Hant_TW "
)
# address -> (action, its parameter for the text, how an answer is shown)
_TYPED: Mapping[str, tuple[str, str, Callable[[Any], Any]]] = {
    "dataset/autocomplete": ("package_autocomplete", "incomplete", lambda found: _result_set(found)),
    "tag/autocomplete": ("tag_autocomplete", "incomplete", lambda found: _result_set([{"Name": f} for f in found])),
    "resource/format_autocomplete": (
        "format_autocomplete", "incomplete", lambda found: _result_set([{"Format": f} for f in found])),
    "user/autocomplete": ("user_autocomplete", "q", lambda found: found),
    "group/autocomplete": ("group_autocomplete", "q", lambda found: found),
    "organization/autocomplete": ("organization_autocomplete", "q", lambda found: found),
}  # fmt: skip


class Addresses:
    """The endpoints. `ask(request, action, **parameters)` is the answer of an action to whoever asks."""

    def __init__(self, ask: Ask, site: str) -> None:
        self._ask = ask
        self._site = site

    def add(self, router: APIRouter, prefix: str, paged: Paged) -> None:
        """Put the addresses behind a prefix into a router."""
        for version in ("", "/1", "/2"):
            for path in _TYPED:
                router.add_route(f"{prefix}/api{version}/util/{path}", paged(self._typed(path)), methods=READ)
        for path, endpoint in {
            "/api/i18n/{language}": _texts,
            "/feeds/dataset.atom": self._feed,
            "/feeds/custom.atom": self._feed,
            "/feeds/{kind}/{name}.atom": self._feed,
            # CKAN has none of these; they are told so by a page, as it does.
            "/api/{version:int}": _nothing,
            "/api/{version:int}/{rest:path}": _nothing,
            "/api/action": _nothing,
            "/api/rest/{rest:path}": _nothing,
            "/api/util/{rest:path}": _nothing,
        }.items():
            router.add_route(prefix + path, paged(endpoint), methods=READ)
        if prefix == "/vi":  # pages in Vietnamese need no prefix
            for path in ("/dataset", "/organization", "/group"):
                router.add_route(prefix + path, _unprefixed, methods=READ)
                router.add_route(prefix + path + "/{rest:path}", _unprefixed, methods=READ)

    def _typed(self, path: str) -> Callable[[Request], Awaitable[Response]]:
        name, parameter, shown = _TYPED[path]

        async def typed(request: Request) -> Response:
            """What begins with, or holds, the text so far."""
            given = request.query_params.get(parameter, "").strip()
            usual = "5" if name == "format_autocomplete" else "10" if parameter == "incomplete" else "20"
            limit = request.query_params.get("limit", usual)
            found = await self._ask(request, name, q=given, limit=limit) if given else []
            return answers.json(shown(found))

        return typed

    async def _feed(self, request: Request) -> Response:
        """A feed of the datasets last changed."""
        path, query = request.url.path, dict(request.query_params)
        page = feeds.number_of(query)
        query.pop("page", None)
        title, params = await self._subject(request, query)
        asked = {"rows": feeds.PER_PAGE, "start": (page - 1) * feeds.PER_PAGE, "sort": "metadata_modified desc"}
        found = await self._ask(request, "package_search", **asked, **params)
        body = feeds.feed(self._site, path, title, found, page, query)
        return Response(body, headers=answers.OPEN, media_type=feeds.MEDIA_TYPE)

    async def _subject(self, request: Request, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The title of a feed, and which datasets are in it. Raises NoPage, Refusal."""
        kind, name = request.path_params.get("kind"), request.path_params.get("name", "")
        if kind is None:
            given = {key: query[key] for key in ("q", "fq") if query.get(key)}
            return ("Liên Thông" if not given else f"Liên Thông – {' '.join(given.values())}"), given
        if kind not in ("organization", "group", "tag"):
            raise NoPage(404)
        label = feeds.KINDS[kind].in_language("en" if path_is_english(request) else "vi")
        if kind == "tag":
            return f"Liên Thông – {label}: {name}", {"fq": f"tags:{quoted(name)}"}
        found = await self._ask(request, f"{kind}_show", id=name)
        field = "organization" if kind == "organization" else "groups"
        return f"Liên Thông – {label}: {found['display_name']}", {"fq": f"{field}:{quoted(found['name'])}"}


def path_is_english(request: Request) -> bool:
    """Is the page asked for in English?"""
    return request.url.path.startswith("/en/")


def _result_set(found: list[Any]) -> dict[str, Any]:
    return {"ResultSet": {"Result": found}}


async def _texts(request: Request) -> Response:
    """The texts of CKAN's own scripts in a language: there are no such scripts here."""
    language = request.path_params["language"]
    if language == "en":
        return HTMLResponse("{}")
    if language not in _LANGUAGES.split():
        return answers.json(f"Bad request: Unknown locale: {language}", 400)
    return answers.json({})


async def _unprefixed(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(quote(request.url.path.removeprefix("/vi")) + query, 302)


async def _nothing(_: Request) -> Response:
    raise NoPage(404)
