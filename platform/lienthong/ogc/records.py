"""OGC API - Records: the catalogue as a collection of records. What is said of data is open to everybody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from lienthong.catalog.profiles.described import Entry
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import Language, both, fold
from lienthong.ogc import caching, items, pages
from lienthong.ogc.asking import GEOJSON, Asking, form
from lienthong.ogc.documents import VIETNAM_EXTENT, link
from lienthong.ogc.record import CORE, NAME, record
from lienthong.ogc.records_filter import Record, Test, compiled
from lienthong.store.condition import unknown
from lienthong.store.cql2_shapes import numbers
from lienthong.store.cql2_text import parse
from lienthong.web.language import language
from lienthong.web.parameters import only, parameters

_OWN = ("q", "bbox", "datetime", "type", "ids", "externalIds", "filter", "filter-lang", "sortby", "limit", "offset")
SORTABLE = ("title", "type", "created", "updated", "publisher", "license")
QUERYABLE = {
    "id": "string", "type": "string", "title": "string", "description": "string", "created": "date", "updated": "date",
    "language": "string", "license": "string", "publisher": "string", "theme": "string", "keywords": "array",
    "geometry": "geometry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """A dataset, its record, and what a search looks in."""

    entry: Entry
    record: Record
    text: str


class Records:
    """The endpoints over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: dict[Language, tuple[int, dict[str, _Found]]] = {}

    async def collection(self, request: Request) -> Response:
        """GET /ogc/collections/catalogue"""
        wanted = form(request, given := parameters(request), "json", "html")
        only(given, ())
        return self._document(request, about(self._asking.base, language(request)), wanted)

    async def queryables(self, request: Request) -> Response:
        """GET /ogc/collections/catalogue/queryables, /sortables"""
        wanted = form(request, given := parameters(request), "json", "html")
        only(given, ())
        names = SORTABLE if request.url.path.endswith("/sortables") else QUERYABLE
        properties = {name: _kind(QUERYABLE[name]) for name in names}
        body = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": self._asking.base + request.url.path.removeprefix("/ogc"),
            "type": "object",
            "title": NAME,
            "properties": properties,
            "additionalProperties": False,
        }
        return self._document(request, body, wanted, "application/schema+json")

    async def many(self, request: Request) -> Response:
        """GET /ogc/collections/catalogue/items"""
        spoken, given = language(request), parameters(request)
        wanted = form(request, given, "geojson", "json", "html")
        only(given, _OWN)
        limit, offset = items.number(given, "limit", 10), items.number(given, "offset", 0)
        if not limit >= 1:
            raise QueryInvalid(both("limit từ 1", "limit is at least 1"), place="limit")
        tests = list(_tests(given))
        found = [f for f in await self._all(spoken) if all(test(f) for test in tests)]
        for name, descending in reversed(_order(given.get("sortby"))):
            found.sort(key=lambda f: fold(str(f.record["properties"].get(name) or "")), reverse=descending)
        page = found[offset : offset + min(limit, items.MAX_LIMIT)]
        links = self._links(request, len(found), offset, len(page))
        body = {
            "type": "FeatureCollection",
            "features": [f.record for f in page],
            "numberReturned": len(page),
            "numberMatched": len(found),
            "links": links,
        }
        headers = caching.OPEN | {"Content-Language": spoken}
        if wanted == "html":
            return pages.listed(about("", spoken)["title"], body, links, spoken, headers)
        return Response(orjson.dumps(body), headers=headers, media_type=GEOJSON)

    async def one(self, request: Request) -> Response:
        """GET /ogc/collections/catalogue/items/{key}"""
        spoken, key = language(request), request.path_params["key"]
        wanted = form(request, given := parameters(request), "geojson", "json", "html")
        only(given, ())
        await self._all(spoken)
        held = self._known[spoken][1].get(str(key))
        found = held.record if held else None
        if found is None:
            raise NotFound(both("Không có bản ghi này", "There is no such record"), place=key)
        headers = caching.OPEN | {"Content-Language": spoken}
        if wanted == "html":
            return pages.document(str(key), found["properties"] | {"links": found["links"]}, spoken, headers)
        return Response(orjson.dumps(found), headers=headers, media_type=GEOJSON)

    async def _all(self, spoken: Language) -> tuple[_Found, ...]:
        """Every record; one whose dataset has not changed is not made again."""
        services = self._asking.services
        listing = await services.listed["ckan"].public()
        version, found = self._known.get(spoken, (-1, {}))
        if version != listing.version:
            texts = (await services.catalog.current()).texts
            before = found
            found = {
                entry.name: known
                if (known := before.get(entry.name)) and known.entry is entry
                else _Found(entry, record(entry, self._asking.base, spoken), _text(entry, texts))
                for entry in listing.entries
            }
            self._known[spoken] = (listing.version, found)
        return tuple(found.values())

    def _links(self, request: Request, total: int, offset: int, shown: int) -> list[dict[str, str]]:
        here = f"{self._asking.base}/collections/{NAME}"
        way, query = here + "/items", request.scope["query_string"]
        links = [
            link(items.address(way, query), "self", GEOJSON),
            link(items.address(way, query, f="html"), "alternate", "text/html"),
            link(here, "collection"),
        ]
        if offset + shown < total:
            links.append(link(items.address(way, query, offset=str(offset + shown)), "next", GEOJSON))
        return links

    def _document(
        self, request: Request, body: Mapping[str, Any], wanted: str, kind: str = "application/json"
    ) -> Response:
        if wanted == "html":
            return pages.document(NAME, body, language(request), caching.OPEN)
        return Response(orjson.dumps(body), headers=caching.OPEN, media_type=kind)


def about(base: str, spoken: Language) -> dict[str, Any]:
    """The collection of records."""
    here = f"{base}/collections/{NAME}"
    relation = "http://www.opengis.net/def/rel/ogc/1.0/"
    return {
        "id": NAME,
        "title": both("Danh mục dữ liệu", "Catalogue of data").in_language(spoken),
        "description": both(
            "Một bản ghi cho mỗi bộ dữ liệu đã công bố", "One record for each published dataset"
        ).in_language(spoken),
        "itemType": "record",
        "conformsTo": [CORE],
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "extent": {"spatial": {"bbox": [list(VIETNAM_EXTENT)], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
        "links": [
            link(here, "self"),
            link(here + "?f=html", "alternate", "text/html"),
            link(here + "/items", "items", GEOJSON),
            link(here + "/queryables", relation + "queryables", "application/schema+json"),
            link(here + "/sortables", relation + "sortables", "application/schema+json"),
        ],
    }


def _text(entry: Entry, texts: Mapping[str, str]) -> str:
    """Everything of a dataset that a search looks in, without tone marks."""
    if entry.contract:
        return texts[entry.contract.id]
    named = [entry.publisher.name] if entry.publisher else []
    told = [entry.title, entry.description, *named, *entry.keywords]
    return fold(" ".join([entry.name, *(text.vi for text in told)]))


# --- what is asked ------------------------------------------------------------------------------------------------


def _tests(given: Mapping[str, str]) -> Sequence[Callable[[_Found], bool]]:
    tests: list[Callable[[_Found], bool]] = []
    if "q" in given:
        terms = [fold(term).split() for term in given["q"].split(",") if term.strip()]
        tests.append(lambda f: not terms or any(all(word in f.text for word in words) for words in terms))
    for name, read in (("type", _type), ("ids", _id), ("externalIds", _external)):
        if name in given:
            wanted = {part.strip() for part in given[name].split(",")}
            tests.append(lambda f, read=read, wanted=wanted: bool(read(f.record) & wanted))  # type: ignore[misc]
    if "bbox" in given:
        box = numbers(given["bbox"].split(","), "bbox")
        test = compiled({"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": box}]}, QUERYABLE)
        tests.append(lambda f: test(f.record) is True)
    if "datetime" in given:
        tests.append(_during(given["datetime"]))
    if "filter" in given:
        tests.append(_filtered(given))
    return tests


def _type(record: Record) -> set[str]:
    return {record["properties"]["type"]}


def _id(record: Record) -> set[str]:
    return {record["id"]}


def _external(record: Record) -> set[str]:
    known = record["properties"]["externalIds"]
    return {e["value"] for e in known} | {f"{e['scheme']}:{e['value']}" for e in known}


def _during(text: str) -> Callable[[_Found], bool]:
    ends = [end and date.fromisoformat(str(end)[:10]) for end in items.ends(text)]
    start, until = ends[0], ends[-1]

    def test(found: _Found) -> bool:
        span = found.record["time"]
        return span is None or until is None or date.fromisoformat(span["interval"][0]) <= until

    return test if start is None or until is None or start <= until else lambda _: False


def _filtered(given: Mapping[str, str]) -> Callable[[_Found], bool]:
    text = given["filter"]
    kind = given.get("filter-lang", "cql2-json" if text.lstrip().startswith("{") else "cql2-text")
    if kind not in items.LANGUAGES:
        raise unknown("ngôn ngữ lọc", "filter language", kind, items.LANGUAGES, "filter-lang")
    test: Test = compiled(parse(text) if kind == "cql2-text" else items.json_of(text), QUERYABLE)
    return lambda f: test(f.record) is True


def _order(text: str | None) -> list[tuple[str, bool]]:
    found = []
    for part in text.split(",") if text else ():
        name = part.strip().lstrip("+-")
        if name not in SORTABLE:
            raise unknown("trường sắp xếp", "field to sort by", name, SORTABLE, "sortby")
        found.append((name, part.strip().startswith("-")))
    return found


def _kind(name: str) -> dict[str, Any]:
    if name == "date":
        return {"type": "string", "format": "date"}
    if name == "geometry":
        return {"format": "geometry-polygon"}
    return {"type": "array", "items": {"type": "string"}} if name == "array" else {"type": name}
