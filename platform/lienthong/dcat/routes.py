"""The addresses of the catalogue for machines."""

from collections.abc import Awaitable, Callable, Sequence

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.access.services import Services
from lienthong.catalog.listing import Listing
from lienthong.catalog.profiles import cpsv, data_json, schema_org, skos
from lienthong.catalog.profiles.dcat import Describer
from lienthong.catalog.profiles.described import Entry, Publisher
from lienthong.catalog.profiles.schema_org import Rows
from lienthong.dcat import known, sitemap
from lienthong.dcat.answers import FORMS, Shelf, answer, liked, written
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import NotFound, Problem, QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.query import Page, Query, fields
from lienthong.web.parameters import only, parameters
from lienthong.web.problems import respond

Endpoint = Callable[[Request], Awaitable[Response]]
READ = ["GET", "HEAD"]
PAGE = 100
JSON, XML, ATOM = "application/json", "application/xml", "application/atom+xml; charset=utf-8"
TITLE = both("Danh mục dữ liệu mở Liên Thông", "Liên Thông catalogue of open data")
PURPOSE = both(
    "Mọi bộ dữ liệu được công bố trên nền tảng, kèm tệp, phiên bản và chất lượng",
    "Every dataset that the platform publishes, with files, versions and quality",
)
US = Publisher("lienthong", both("Nền tảng dữ liệu Liên Thông", "Liên Thông data platform"))


def router(services: Services) -> APIRouter:
    """The routes of this surface."""
    surface, made = Surface(services), APIRouter()
    for path, endpoint in {
        "/catalog": surface.catalogue,
        "/catalog.atom": surface.changed,
        "/catalog.{form}": surface.catalogue,
        "/data.json": surface.data_json,
        "/dataset/{name}/croissant.json": surface.croissant,
        "/datasets/{name}/croissant.json": surface.croissant,
        "/datasets/{name}/schema.jsonld": surface.schema_org,
        "/datasets/{name}/releases.atom": surface.releases_of,
        "/datasets/{name}/cpsv.{form}": surface.public_services,
        "/dataset/{name}.{form}": surface.dataset,
        "/datasets/{name}.{form}": surface.dataset,
        "/vocab/{name}.{form}": surface.vocabulary,
        "/vocab/{name}": surface.vocabulary,
        "/sitemap.xml": surface.sitemap,
        "/sitemap-{number:int}.xml": surface.sitemap,
        "/releases.atom": surface.releases,
        "/robots.txt": surface.robots,
        "/.well-known/security.txt": surface.security,
        "/.well-known/api-catalog": surface.interfaces,
        "/.well-known/dcat": surface.to_catalogue,
        "/.well-known/void": surface.to_catalogue,
    }.items():
        made.add_route(path, _told(endpoint), methods=READ)
    return made


class Surface:
    """The endpoints over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._shelf = Shelf()
        self._site = services.settings.public_url
        known_themes = services.registry.vocabularies.get("theme")
        self._themes = {c.code: c.title for c in known_themes.codes} if known_themes else {}

    async def catalogue(self, request: Request) -> Response:
        """`/catalog`, `/catalog.ttl|jsonld|rdf|xml|nt`: one page of the catalogue in DCAT."""
        given = parameters(request)
        only(given, ("page",))
        form = _form(request) or liked(request)
        if form is None:
            if "text/html" in request.headers.get("accept", ""):
                return RedirectResponse("/datasets", 303)
            form = "ttl"
        return await self._page(request, form)

    async def _page(self, request: Request, form: str) -> Response:
        number = _number(parameters(request).get("page", "1"))
        listed = (await self._listing()).entries
        entries, total = listed[(number - 1) * PAGE : number * PAGE], len(listed)
        last = max(1, -(-total // PAGE))
        if number > last:
            raise NotFound(both(f"Chỉ có {last} trang", f"There are {last} pages"), place="page")
        key = ("catalogue", form, number, total, _mark(entries))
        made = self._shelf.get(key)
        if made is None:
            told = Describer(self._site, self._themes)
            told.catalogue(TITLE, PURPOSE, US, entries)
            told.page(number, last, total, PAGE)
            made = self._shelf.put(key, written(told.graph, form), FORMS[form][1])
        at = f"{self._site}/catalog.{form}?page="
        links = {name: at + str(n) for name, n in {"next": number + 1, "prev": number - 1}.items() if 1 <= n <= last}
        return answer(request, made, links)

    async def _listing(self) -> Listing:
        return await self._services.listed["ckan"].public()

    async def dataset(self, request: Request) -> Response:
        """`/dataset/<name>.ttl|jsonld|rdf|xml|nt`: one dataset in DCAT."""
        form, entry = _form(request) or "ttl", (await self._listing()).get(request.path_params["name"])
        key = ("dataset", form, _mark([entry]))
        made = self._shelf.get(key)
        if made is None:
            told = Describer(self._site, self._themes)
            told.dataset(entry)
            made = self._shelf.put(key, written(told.graph, form), FORMS[form][1])
        return answer(request, made, {"canonical": entry.url, "collection": f"{self._site}/catalog"})

    async def schema_org(self, request: Request) -> Response:
        """`/datasets/<name>/schema.jsonld`: schema.org, as it stands in the page too."""
        entry = (await self._listing()).get(request.path_params["name"])
        body = orjson.dumps(schema_org.dataset(entry))
        return answer(request, self._shelf.put(("schema", _mark([entry])), body, "application/ld+json"))

    async def croissant(self, request: Request) -> Response:
        """`/dataset/<name>/croissant.json`: files and columns for programs that learn from them."""
        entry = (await self._listing()).get(request.path_params["name"])
        tables = () if entry.contract else await self._tables(entry)
        body = orjson.dumps(schema_org.croissant(entry, tables), option=orjson.OPT_INDENT_2)
        return answer(request, self._shelf.put(("croissant", _mark([entry])), body, "application/ld+json"))

    async def _tables(self, entry: Entry) -> list[Rows]:
        """The rows of a dataset without a contract, as everybody can read them."""
        act, found = self._services.acts["ckan"], list[Rows]()
        package = await act(ANONYMOUS, "en", "package_show", {"id": entry.identifier})
        for held in package["resources"]:
            if held["datastore_active"]:
                asked = {"resource_id": held["id"], "limit": 0, "include_total": False}
                told = await act(ANONYMOUS, "en", "datastore_search", asked)
                columns = tuple(
                    (f["id"], f["type"], str((f.get("info") or {}).get("label") or f["id"]))
                    for f in told["fields"] if f["id"] != "_id"
                )  # fmt: skip
                url = f"{self._site}/datastore/dump/{held['id']}"
                found.append(Rows(held["id"], held["name"] or held["id"], url, columns))
        return found

    async def public_services(self, request: Request) -> Response:
        """`/datasets/<name>/cpsv.ttl?after=<cursor>`: rows that describe public services, in CPSV-AP."""
        given, form = parameters(request), _form(request) or "ttl"
        only(given, ("after",))
        state = (await self._services.catalog.current()).get(request.path_params["name"])
        contract = state.contract
        told = contract.catalogue.public_service
        if told is None or not state.is_published:
            text = both(f"{contract.slug} không mô tả dịch vụ công", f"{contract.slug} describes no public services")
            raise NotFound(text, place=contract.slug)
        names = list(dict.fromkeys([*contract.primary_key, *told.named.values()]))
        query = Query(contract.id, fields(names), page=Page(limit=PAGE, after=given.get("after")))
        found = await self._services.door.rows(ANONYMOUS, query, surface="dcat")
        graph = cpsv.services(contract, told, orjson.loads(found.body), self._site)
        key = ("cpsv", form, contract.id, given.get("after"), state.release and state.release.number)
        made = self._shelf.get(key) or self._shelf.put(key, written(graph, form), FORMS[form][1])
        links = {"next": f"{self._site}{request.url.path}?after={found.next}"} if found.next else None
        return answer(request, made, links)

    async def data_json(self, request: Request) -> Response:
        """`/data.json`: the whole catalogue in DCAT-US."""
        listing = await self._listing()
        made = self._shelf.latest(
            "data", listing.version, lambda: orjson.dumps(data_json.document(listing.entries, self._site)), JSON
        )
        return answer(request, made)

    async def vocabulary(self, request: Request) -> Response:
        """`/vocab/<list>`: a code list in SKOS."""
        name = request.path_params["name"]
        found = self._services.registry.vocabularies.get(name)
        if found is None:
            raise NotFound(both(f"Không có danh mục {name}", f"There is no code list {name}"), place=name)
        form = _form(request) or liked(request, "ttl") or "ttl"
        key = ("vocabulary", form, name)
        made = self._shelf.get(key)
        if made is None:
            made = self._shelf.put(key, written(skos.scheme(found, self._site), form), FORMS[form][1])
        return answer(request, made)

    async def sitemap(self, request: Request) -> Response:
        """`/sitemap.xml`: pages of all datasets; an index of several lists when they are many."""
        listing, number = await self._listing(), request.path_params.get("number")
        if number is not None and not 1 <= number <= sitemap.lists(listing.entries):
            raise NotFound(both("Không có danh sách này", "There is no such list"), place=str(number))
        made = self._shelf.latest(
            ("sitemap", number), listing.version, lambda: sitemap.document(listing.entries, self._site, number), XML
        )
        return answer(request, made)

    async def releases(self, request: Request) -> Response:
        """`/releases.atom`: the latest releases."""
        listing = await self._listing()
        made = self._shelf.latest("releases", listing.version, lambda: sitemap.feed(listing.entries, self._site), ATOM)
        return answer(request, made)

    async def releases_of(self, request: Request) -> Response:
        """`/datasets/<name>/releases.atom`: the latest releases of one dataset."""
        entry = (await self._listing()).get(request.path_params["name"])
        return answer(request, self._shelf.put(("releases", _mark([entry])), sitemap.feed_of(entry), ATOM))

    async def changed(self, request: Request) -> Response:
        """`/catalog.atom`: the datasets that changed last, whoever published them."""
        listing = await self._listing()
        made = self._shelf.latest(
            "changed", listing.version, lambda: sitemap.changed(listing.entries, self._site), ATOM
        )
        return answer(request, made)

    async def robots(self, request: Request) -> Response:
        """`/robots.txt`"""
        return answer(request, self._shelf.put("robots", known.robots(self._site), "text/plain; charset=utf-8"))

    async def security(self, request: Request) -> Response:
        """`/.well-known/security.txt` (RFC 9116)."""
        contacts = [agency.email for agency in self._services.registry.agencies.values() if agency.email]
        body = known.security(self._site, contacts)
        return answer(request, self._shelf.put("security", body, "text/plain; charset=utf-8"))

    async def interfaces(self, request: Request) -> Response:
        """`/.well-known/api-catalog` (RFC 9727)."""
        return answer(request, self._shelf.put("interfaces", known.interfaces(self._site), known.LINKSET))

    async def to_catalogue(self, _: Request) -> Response:
        """`/.well-known/dcat`, `/.well-known/void`: the catalogue."""
        return RedirectResponse("/catalog.ttl", 303)


def _mark(entries: Sequence[Entry]) -> int:
    """Changes when anything in these entries does."""
    return hash(tuple((e.name, e.modified, e.version, e.score, e.title.vi, len(e.files)) for e in entries))


def _form(request: Request) -> str | None:
    """The ending of the address. Raises NotFound when we have no such form."""
    form = request.path_params.get("form")
    if form is not None and form not in FORMS:
        ours = ", ".join(FORMS)
        raise NotFound(both(f"Không có dạng .{form}: {ours}", f"There is no form .{form}: {ours}"), place=form)
    return form


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise QueryInvalid(both("page là số từ 1", "page is a number from 1"), place="page")
    return int(text)


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with problems in their own form."""

    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return respond(request, problem)

    return told
