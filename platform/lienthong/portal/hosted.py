"""Pages of datasets that were published through the Action API, of their files, and of organizations and groups."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from markdown_it import MarkdownIt
from starlette.responses import RedirectResponse, Response

from lienthong.catalog.snapshot import DatasetState
from lienthong.kernel.problem import NotFound, NotPermitted, Problem
from lienthong.kernel.text import both
from lienthong.portal.page import Page

PER_PAGE = 20
PREVIEW_ROWS = 20
MOST_FIELDS = 40
GOVERNED = "governed"  # a dataset with a contract has a page of its own kind
_RENDER = MarkdownIt("commonmark", {"html": False})
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
# What a page filters by: its parameter and the field of the search.
FILTERS = {"organization": "organization", "group": "groups", "tag": "tags", "res_format": "res_format"}


async def act(page: Page, action: str, **params: Any) -> Any:
    """The answer of an action to whoever looks at the page; what may not be seen is not there."""
    try:
        return await page.services.acts["ckan"](page.subject, page.language, action, params)
    except NotPermitted as problem:
        text = both("Không có, hoặc bạn không được xem", "It is not there, or not for you to see")
        raise NotFound(text) from problem


async def found(page: Page, fq: str = "") -> dict[str, Any]:
    """One page of the hosted datasets that fit what is asked for, with counts to filter by."""
    words = page.given("q").replace(":", " ").replace('"', " ").strip()
    filters = [f"{field}:{quoted(page.given(name))}" for name, field in FILTERS.items() if page.given(name)]
    number = _page(page)
    asked = {"q": words, "fq_list": [f"{GOVERNED}:false", *filters, *([fq] if fq else [])]}
    result: dict[str, Any] = await act(
        page, "package_search", rows=PER_PAGE, start=(number - 1) * PER_PAGE, **asked,
        **{"facet.field": list(FILTERS.values()), "facet.limit": 12},
    )  # fmt: skip
    last = max(1, -(-result["count"] // PER_PAGE))
    near = sorted({1, number - 1, number, number + 1, last} & set(range(1, last + 1)))
    return {
        "count": result["count"],
        "datasets": [_card(dataset) for dataset in result["results"]],
        "facets": [(name, _choices(page, name, result["search_facets"][field])) for name, field in FILTERS.items()],
        "pages": [(n, _with(page, page=str(n))) for n in near],
        "page": number,
    }


def first_page(page: Page) -> bool:
    """Is it the first page of a list?"""
    return _page(page) == 1


def fits(page: Page, state: DatasetState) -> bool:
    """Does a dataset with a contract fit what the list is filtered by?"""
    files = state.release.files if state.release and state.is_published else ()
    held: dict[str, set[str]] = {
        "organization": {state.agency.slug},
        "group": set(),
        "tag": {text for word in state.contract.catalogue.keywords for text in (word.vi, word.en)},
        "res_format": {file.format.upper() for file in files},
    }
    return all(page.given(name) in held[name] for name in FILTERS if page.given(name))


def _choices(page: Page, name: str, facet: dict[str, Any]) -> list[dict[str, Any]]:
    """The values to filter by, the most frequent first; the chosen one leads back."""
    chosen = page.given(name)
    items = sorted(facet["items"], key=lambda i: (-i["count"], i["display_name"]))
    return [
        {
            "title": item["display_name"],
            "count": item["count"],
            "chosen": item["name"] == chosen,
            "href": _with(page, **{name: "" if item["name"] == chosen else item["name"]}),
        }
        for item in items
        if item["name"]
    ]


def _with(page: Page, /, **changed: str) -> str:
    """The address of this page with other parameters."""
    given = {**page.request.query_params, **({} if "page" in changed else {"page": ""}), **changed}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{page.path}?{query}" if query else page.path


def _page(page: Page) -> int:
    given = page.given("page", "1")
    return max(1, int(given)) if given.isdecimal() and len(given) < 6 else 1


def _card(dataset: dict[str, Any]) -> dict[str, Any]:
    formats = sorted({r["format"].upper() for r in dataset["resources"] if r["format"]})
    return dataset | {"formats": formats[:8], "text": plain(dataset["notes"])}


def plain(notes: str | None) -> str:
    """The first words of a description, without its marks."""
    texts = [token.content for token in _RENDER.parse(untagged(notes)) if token.type == "inline"]
    return " ".join(texts)[:280]


def untagged(text: str | None) -> str:
    """A text by others without HTML: catalogues that were taken over from elsewhere are full of it."""
    return _TAG.sub("", _BREAK.sub("\n\n", text or ""))


# --- one dataset --------------------------------------------------------------------------------------------------


async def dataset(page: Page) -> Response:
    """`/dataset/{name}`: what it is, its files, the first rows, extras."""
    package = await _package(page)
    if away := _elsewhere(page, package, f"/dataset/{package['name']}"):
        return away
    tabled = next((r for r in package["resources"] if r["datastore_active"]), None)
    return page.render(
        "hosted_dataset.html",
        package=package,
        notes=_RENDER.render(untagged(package["notes"])),
        preview=await _preview(page, tabled["id"]) if tabled else None,
        tabled=tabled,
        api=f"{page.services.settings.public_url}/api/3/action/package_show?id={package['name']}",
        **_helpers(page),
    )


async def resource(page: Page) -> Response:
    """`/dataset/{name}/resource/{id}`: a file: what is known of it, its first rows."""
    package, id = await _package(page), page.request.path_params["resource"]
    held = next((r for r in package["resources"] if r["id"] == id), None)
    if held is None:
        raise NotFound(both("Không có tệp này", "There is no such file"), place=id)
    if away := _elsewhere(page, package, f"/dataset/{package['name']}/resource/{id}"):
        return away
    return page.render(
        "hosted_resource.html",
        package=package,
        held=held,
        description=_RENDER.render(untagged(held["description"])),
        preview=await _preview(page, id) if held["datastore_active"] else None,
        site=page.services.settings.public_url,
        **_helpers(page),
    )


async def activity(page: Page) -> Response:
    """`/dataset/activity/{name}`: who changed what."""
    package = await _package(page)
    events = await act(page, "package_activity_list", id=package["id"], limit=50)
    return page.render("hosted_activity.html", package=package, events=events, **_helpers(page))


async def _package(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await act(page, "package_show", id=page.request.path_params["name"])
    return found


def _elsewhere(page: Page, package: dict[str, Any], own: str) -> Response | None:
    """A dataset with a contract has its page elsewhere; an id leads to the name."""
    if any(package["name"] == contract.slug for contract in page.services.registry.contracts.values()):
        return RedirectResponse(page.t.href(f"/datasets/{package['name']}"), 302)
    return None if page.bare == own else RedirectResponse(page.t.href(quote(own)), 302)


async def _preview(page: Page, id: str) -> dict[str, Any] | None:
    """The first rows of a file in the DataStore; none when they cannot be read."""
    try:
        answer = await act(page, "datastore_search", resource_id=id, limit=PREVIEW_ROWS, include_total=True)
    except Problem:
        return None
    fields = [f for f in answer["fields"] if f["id"] != "_id"][:MOST_FIELDS]
    columns = [{"key": f["id"], "title": (f.get("info") or {}).get("label") or f["id"]} for f in fields]
    rows = [{c["key"]: _shown(page, row.get(c["key"])) for c in columns} for row in answer["records"]]
    numeric = {f["id"] for f in fields if f["type"] in ("int4", "int8", "numeric", "float8")}
    return {"columns": columns, "rows": rows, "numeric": numeric, "total": answer.get("total")}


def _shown(page: Page, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return page.t("value.yes" if value else "value.no")
    return str(value)[:300]


# --- organizations and groups ---------------------------------------------------------------------------------------


async def organization_list(page: Page) -> Response:
    """`/organization`: those with datasets."""
    return await _groups(page, "organization")


async def groups(page: Page) -> Response:
    """`/group`: by subject."""
    return await _groups(page, "group")


async def _groups(page: Page, kind: str) -> Response:
    number, size = _page(page), 25
    listed = await act(page, f"{kind}_list", all_fields=True, limit=size, offset=(number - 1) * size)
    more = _with(page, page=str(number + 1)) if len(listed) == size else ""
    before = _with(page, page=str(number - 1)) if number > 1 else ""
    shown = [item | {"text": plain(item["description"])} for item in listed]
    return page.render("hosted_groups.html", kind=kind, listed=shown, more=more, before=before)


async def organization(page: Page) -> Response:
    """`/organization/{name}`: what it is, its datasets."""
    return await _group(page, "organization")


async def group(page: Page) -> Response:
    """`/group/{name}`: what it is, its datasets."""
    return await _group(page, "group")


async def _group(page: Page, kind: str) -> Response:
    given = await act(page, f"{kind}_show", id=page.request.path_params["name"], include_users=False)
    own = f"/{kind}/{given['name']}"
    if page.bare != own:
        return RedirectResponse(page.t.href(own), 302)
    snapshot = await page.services.catalog.current()
    governed = [s for s in snapshot.all() if kind == "organization" and s.agency.slug == given["name"]]
    field = "organization" if kind == "organization" else "groups"
    hosted = await found(page, f"{field}:{quoted(given['name'])}")
    text = _RENDER.render(untagged(given["description"]))
    return page.render("hosted_group.html", kind=kind, group=given, text=text, governed=governed, hosted=hosted)


# --- what templates need ----------------------------------------------------------------------------------------------


def _helpers(page: Page) -> dict[str, Any]:
    return {"link": link, "day": lambda text: page.t.moment(moment(text)), "size": page.t.size}


def link(url: str | None) -> str:
    """An address that a page may link to: of the web, nothing that a browser would run."""
    given = (url or "").strip()
    try:
        return given if urlsplit(given).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def moment(text: str | None) -> datetime | None:
    """A moment as CKAN writes it: without a zone, in UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def quoted(value: str) -> str:
    """A value inside a filter."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


PAGES = {
    "/dataset/activity/{name}": activity,
    "/dataset/{name}": dataset,
    "/dataset/{name}/resource/{resource}": resource,
    "/organization": organization_list,
    "/organization/{name}": organization,
    "/group": groups,
    "/group/{name}": group,
}
