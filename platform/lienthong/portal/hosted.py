"""Pages of datasets that were published through the Action API, of their files, of organizations, groups and users."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from starlette.responses import RedirectResponse, Response

from lienthong.catalog.profiles import schema_org
from lienthong.kernel.problem import NotFound, NotPermitted, Problem
from lienthong.kernel.text import both
from lienthong.portal import citing, texts
from lienthong.portal.listing import address, listed, number_of
from lienthong.portal.page import Page

PREVIEW_ROWS = 20
MOST_FIELDS = 40
PER_PAGE = 25
# What a harvest keeps for itself to know a dataset again.
_PLUMBING = frozenset({"harvest_id", "harvest_fingerprint", "harvest_modified"})


async def act(page: Page, action: str, **params: Any) -> Any:
    """The answer of an action to whoever looks at the page; what may not be seen is not there."""
    try:
        return await page.services.acts["ckan"](page.subject, page.language, action, params)
    except NotPermitted as problem:
        text = both("Không có, hoặc bạn không được xem", "It is not there, or not for you to see")
        raise NotFound(text) from problem


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
        notes=texts.html(package["notes"]),
        preview=await _preview(page, tabled["id"]) if tabled else None,
        tabled=tabled,
        json_ld=await _json_ld(page, package),
        extras=[extra for extra in package["extras"] if extra["key"] not in _PLUMBING],
        citation=_citation(page, package),
        site=page.services.settings.public_url,
        api=f"{page.services.settings.public_url}/api/3/action/package_show?id={package['name']}",
        **_helpers(page),
    )


def _citation(page: Page, package: dict[str, Any]) -> tuple[str, str]:
    """The line and the BibTeX entry to cite it."""
    owner, name = package["organization"], str(package["name"])
    by = (owner["title"] or owner["name"]) if owner else package["author"] or ""
    url = f"{page.services.settings.public_url}/dataset/{quote(name)}"
    changed, version = moment(package["metadata_modified"]), package["version"] or ""
    work = citing.Work(name, package["title"] or name, by, changed, version, url)
    return citing.line(work, page.language), citing.bibtex(work)


async def _json_ld(page: Page, package: dict[str, Any]) -> str:
    """schema.org/Dataset, for search engines; of what everybody can see."""
    entry = (await page.services.listed["ckan"].public()).known.get(package["id"])
    return orjson.dumps(schema_org.dataset(entry, page.language)).decode().replace("<", "\\u003c") if entry else ""


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
        description=texts.html(held["description"]),
        preview=await _preview(page, id) if held["datastore_active"] else None,
        site=page.services.settings.public_url,
        **_helpers(page),
    )


async def activity(page: Page) -> Response:
    """`/dataset/activity/{name}`: who changed what."""
    package = await _package(page)
    events = await act(page, "package_activity_list", id=package["id"], limit=50)
    people = {e["user_id"]: await _named(page, e["user_id"]) for e in events}
    return page.render("hosted_activity.html", package=package, events=events, people=people, **_helpers(page))


async def _named(page: Page, id: str) -> dict[str, Any] | None:
    """A user, for whoever may see them."""
    try:
        found: dict[str, Any] = await act(page, "user_show", id=id)
    except Problem:
        return None
    return found


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
    number = number_of(page)
    words = page.given("q")[:200]
    part = {"limit": PER_PAGE, "offset": (number - 1) * PER_PAGE, "q": words}
    found = await act(page, f"{kind}_list", all_fields=True, **part)
    more = address(page, page=str(number + 1)) if len(found) == PER_PAGE else ""
    before = address(page, page=str(number - 1)) if number > 1 else ""
    shown = [item | {"text": texts.plain(item["description"])} for item in found]
    return page.render("hosted_groups.html", kind=kind, listed=shown, more=more, before=before, words=words)


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
    datasets = await listed(page, **{"organization" if kind == "organization" else "groups": given["name"]})
    text = texts.html(given["description"])
    return page.render("hosted_group.html", kind=kind, group=given, text=text, listed=datasets)


async def user(page: Page) -> Response:
    """`/user/{name}`: who publishes through the Action API: what they say of themselves, their datasets."""
    given = await act(page, "user_show", id=page.request.path_params["name"])
    if page.bare != (own := f"/user/{given['name']}"):
        return RedirectResponse(page.t.href(quote(own)), 302)
    datasets = await listed(page, creator_user_id=given["id"])
    since, text = page.t.day(moment(given["created"])), texts.html(given["about"])
    return page.render("hosted_user.html", user=given, text=text, listed=datasets, since=since)


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


PAGES = {
    "/dataset/activity/{name}": activity,
    "/dataset/{name}": dataset,
    "/dataset/{name}/resource/{resource}": resource,
    "/organization": organization_list,
    "/organization/{name}": organization,
    "/group": groups,
    "/group/{name}": group,
    "/user/{name}": user,
}
