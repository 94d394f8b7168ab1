"""Addresses of OGC API - Features under `/ogc`."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access import Answer, Subject
from lienthong.access.services import Services
from lienthong.catalog.snapshot import DatasetState
from lienthong.kernel.problem import NotFound, Problem
from lienthong.kernel.text import Language, both
from lienthong.ogc import documents, items
from lienthong.store.keys import parse_key
from lienthong.store.query import Query
from lienthong.store.scope import Scope

Endpoint = Callable[[Request], Awaitable[Response]]


def router(services: Services) -> APIRouter:
    """The routes of this surface."""
    surface = Surface(services)
    made = APIRouter()
    for path, endpoint in {
        "/ogc": surface.landing,
        "/ogc/": surface.landing,
        "/ogc/api": surface.api,
        "/ogc/conformance": surface.conformance,
        "/ogc/collections": surface.collections,
        "/ogc/collections/{name}": surface.collection,
        "/ogc/collections/{name}/items": surface.items,
        "/ogc/collections/{name}/items/{key:path}": surface.item,
    }.items():
        made.add_route(path, _told(endpoint), methods=["GET"])
    return made


class Surface:
    """The endpoints; everything is open data, so the caller does not matter."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._base = services.settings.public_url + "/ogc"

    async def landing(self, request: Request) -> Response:
        """GET /ogc"""
        return _json(documents.landing(self._base, language(request)))

    async def conformance(self, _: Request) -> Response:
        """GET /ogc/conformance"""
        return _json(documents.conformance())

    async def api(self, _: Request) -> Response:
        """GET /ogc/api"""
        return _json(
            documents.api(await self._services.catalog.current(), self._base),
            "application/vnd.oai.openapi+json;version=3.0",
        )

    async def collections(self, request: Request) -> Response:
        """GET /ogc/collections"""
        snapshot = await self._services.catalog.current()
        return _json(documents.collections(snapshot, self._base, language(request)))

    async def collection(self, request: Request) -> Response:
        """GET /ogc/collections/{name}"""
        state, _ = await self._state(request)
        return _json(documents.collection(state, self._base, language(request)))

    async def items(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/items"""
        state, geometry = await self._state(request)
        subject, scope = await self._caller(request, state)
        query = items.query(scope, geometry, request.query_params.multi_items())
        answer = await self._services.door.features(subject, query, geometry, surface="ogc")
        return _features(_collection(answer, self._links(request, state, answer)), answer)

    async def item(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/items/{key}"""
        state, geometry = await self._state(request)
        subject, _ = await self._caller(request, state)
        query = Query(state.contract.id, key=parse_key(state.contract, request.path_params["key"]))
        answer = await self._services.door.features(subject, query, geometry, surface="ogc")
        if not answer.count:
            raise NotFound(both("Không có đối tượng này", "There is no such feature"), place=request.path_params["key"])
        return _features(answer.body[1:-1], answer)

    async def _caller(self, request: Request, state: DatasetState) -> tuple[Subject, Scope]:
        """Who asks, and what of the collection may be seen: an agency sees what its agreement gives, as elsewhere."""
        subject = await self._services.directory.subject(request.headers, request.cookies)
        return subject, self._services.door.scope(subject, state.contract.id)

    async def _state(self, request: Request) -> tuple[DatasetState, str]:
        state = (await self._services.catalog.current()).get(request.path_params["name"])
        geometry = documents.geometry_of(state)
        if geometry is None or not state.is_published:
            detail = both("Không có bộ sưu tập không gian này", "There is no such spatial collection")
            raise NotFound(detail, place=request.path_params["name"])
        return state, geometry.name

    def _links(self, request: Request, state: DatasetState, answer: Answer) -> list[dict[str, str]]:
        here = f"{self._base}/collections/{state.contract.slug}"
        links = [
            documents.link(_with(here + "/items", request), "self", documents.GEOJSON),
            documents.link(here, "collection"),
        ]
        if answer.next:
            following = _with(here + "/items", request, cursor=answer.next, offset=None)
            links.append(documents.link(following, "next", documents.GEOJSON))
        return links


def _features(body: bytes, answer: Answer) -> Response:
    """GeoJSON; what stands in the ledger is for this caller alone."""
    headers = {"Vary": "Authorization, Cookie, X-CKAN-API-Key, Lienthong-Purpose, Lienthong-Twin"}
    if answer.receipt:
        headers |= {"Lienthong-Receipt": answer.receipt, "Cache-Control": "no-store"}
    return Response(body, headers=headers, media_type=documents.GEOJSON)


def _collection(answer: Answer, links: list[dict[str, str]]) -> bytes:
    """The feature collection around the features, whose bytes pass through as PostgreSQL made them."""
    head = {"numberReturned": answer.count, "numberMatched": answer.total, "links": links}
    return b'{"type":"FeatureCollection","features":' + answer.body + b"," + orjson.dumps(head)[1:]


def _with(address: str, request: Request, **changes: str | None) -> str:
    given: dict[str, str | None] = {**request.query_params, **changes}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"{address}?{query}" if query else address


def language(request: Request) -> Language:
    """The language that the caller reads; Vietnamese unless English is asked for."""
    return "en" if request.headers.get("accept-language", "vi").lower().startswith("en") else "vi"


def _json(document: Any, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(document), media_type=media_type)


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with problems as RFC 9457."""

    @functools.wraps(endpoint)
    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            body = orjson.dumps(problem.as_json(language(request)))
            return Response(body, problem.status, media_type="application/problem+json")

    return told
