"""Features: pages of them, one of them, all of them as a stream. PostgreSQL's bytes pass through untouched."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lienthong.access import Answer, Subject
from lienthong.access.door import Lines
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.ogc import caching, items, pages
from lienthong.ogc.asking import GEOJSON, Asking, Place, form
from lienthong.ogc.documents import link
from lienthong.store.keys import parse_key
from lienthong.store.query import Query
from lienthong.store.spatial import CRS84
from lienthong.web.language import language
from lienthong.web.parameters import only, parameters


class Features:
    """The endpoints over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._door = asking.services.door

    async def many(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/items"""
        subject = await self._asking.subject(request)
        place = await self._asking.place(subject, request.path_params["name"])
        given = parameters(request)
        wanted = form(request, given, "geojson", "json", "html")
        asked = items.asked(place, given)
        headers = caching.of(request, place, wanted) | {"Content-Crs": f"<{asked.crs.uri}>"}
        if caching.matches(request, headers.get("ETag")):
            return caching.unchanged(headers)
        if asked.streamed:
            return await self._streamed(subject, place, asked, headers)
        answer = await self._door.features(subject, asked.query, place.geometry.name, surface="ogc", crs=asked.crs)
        if answer.receipt:
            headers["Lienthong-Receipt"] = answer.receipt
        links = linked(self._asking.base, place, request.scope["query_string"], answer, wanted == "html")
        body = collected(answer, links, matched(place, asked, answer))
        if wanted == "html":
            return pages.features(place, orjson.loads(body), links, language(request), headers)
        return Response(body, headers=headers, media_type=GEOJSON)

    async def one(self, request: Request) -> Response:
        """GET /ogc/collections/{name}/items/{key}"""
        subject = await self._asking.subject(request)
        place = await self._asking.place(subject, request.path_params["name"])
        given = parameters(request)
        wanted = form(request, given, "geojson", "json", "html")
        only(given, ("crs", "properties"))
        contract, crs = place.scope.contract, items.system(given, "crs")
        headers = caching.of(request, place, wanted) | {"Content-Crs": f"<{crs.uri}>"}
        if caching.matches(request, headers.get("ETag")):
            return caching.unchanged(headers)
        chosen = items.shown(place.scope, given.get("properties"), place.geometry.name)
        query = Query(contract.id, items=chosen, key=parse_key(contract, request.path_params["key"]))
        answer = await self._door.features(subject, query, place.geometry.name, surface="ogc", crs=crs)
        if not answer.count:
            raise NotFound(both("Không có đối tượng này", "There is no such feature"), place=request.path_params["key"])
        if answer.receipt:
            headers["Lienthong-Receipt"] = answer.receipt
        here = f"{self._asking.base}/collections/{place.id}"
        itself = f"{here}/items/{quote(request.path_params['key'])}"
        links = [
            link(itself, "self", GEOJSON),
            link(itself + "?f=html", "alternate", "text/html"),
            link(here, "collection"),
        ]
        body = answer.body[1:-2] + b',"links":' + orjson.dumps(links) + b"}"
        if wanted == "html":
            return pages.feature(place, orjson.loads(body), links, language(request), headers)
        return Response(body, headers=headers, media_type=GEOJSON)

    async def _streamed(self, subject: Subject, place: Place, asked: items.Asked, headers: dict[str, str]) -> Response:
        """Everything that fits, in one answer and flat memory; without further pages, and never counted."""
        if asked.crs != CRS84 or asked.query.page.offset or asked.query.total or not place.first:
            detail = both(
                f"Từ limit {items.MAX_LIMIT + 1} trở lên chỉ dùng CRS84, không offset, không count",
                f"A limit beyond {items.MAX_LIMIT} goes with CRS84, without offset and count",
            )
            raise QueryInvalid(detail, place="limit", fix=str(items.MAX_LIMIT))
        lines = await self._door.lines(subject, asked.query, "feature", surface="ogc")
        if lines.receipt:
            headers["Lienthong-Receipt"] = lines.receipt
        pieces = _pieces(lines)
        first = await anext(pieces)  # with it the statement has shown that it works
        return StreamingResponse(_after(first, pieces), headers=headers, media_type=GEOJSON)


def linked(base: str, place: Place, query: bytes, answer: Answer, page: bool = False) -> list[dict[str, str]]:
    """The links of a page of features; `page`: it is shown as one."""
    here = f"{base}/collections/{quote(place.id, safe=':')}"
    way = here + "/items"
    links = [
        link(items.address(way, query, f=None), "alternate" if page else "self", GEOJSON),
        link(items.address(way, query, f="html"), "self" if page else "alternate", "text/html"),
        link(here, "collection"),
    ]
    if answer.next:
        following = items.address(way, query, f="html" if page else None, offset=None, cursor=answer.next)
        links.append(link(following, "next", "text/html" if page else GEOJSON))
    return links


def matched(place: Place, asked: items.Asked, answer: Answer) -> int | None:
    """How many features there are, when that is known without counting, or was asked for."""
    if answer.total is not None:
        return answer.total
    page = asked.query.page
    if asked.bare and place.release is not None and answer.release == place.release.number:
        return place.release.rows
    first = page.after is None and page.offset == 0
    return answer.count if first and answer.next is None else None


def collected(answer: Answer, links: list[dict[str, str]], total: int | None) -> bytes:
    """The feature collection around the features."""
    head: dict[str, object] = {"numberReturned": answer.count or 0}
    if total is not None:
        head["numberMatched"] = total
    rest = orjson.dumps(head | {"links": links})[1:]
    return b'{"type":"FeatureCollection","features":' + answer.body + b"," + rest


async def _pieces(lines: Lines) -> AsyncGenerator[bytes, None]:
    async with aclosing(lines.blocks) as blocks:
        head = b'{"type":"FeatureCollection","features":[\n'
        async for block in blocks:
            if block:
                yield head + b",\n".join(block)
                head = b",\n"
        yield (head if head[:1] == b"{" else b"") + b"\n]}\n"


async def _after(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
