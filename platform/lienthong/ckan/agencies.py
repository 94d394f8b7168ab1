"""Actions about agencies, and the keywords of datasets."""

from typing import Any

from lienthong.ckan import documents, ids
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, not_found
from lienthong.ckan.index import Entry
from lienthong.ckan.parameters import Params, flag, natural, page, text
from lienthong.kernel.text import fold

KIND = "organization"  # CKAN's parameter for some of them is its plural
MAX_NAMES = 1_000
MAX_WHOLE = 25
DATASETS_OF_ONE = 10


@action
async def organization_list(call: Call) -> Any:
    """List the agencies that have published datasets.

    :param all_fields: whole organizations, at most 25 a page, instead of names
    :param sort: `name`, `title` or `package_count`, `asc` or `desc`
    :param organizations: only these names
    :param limit: at most so many
    :param offset: how many to skip
    """
    params, found = call.params, call.index.counted(call.index.public)
    if (only := params.get(KIND + "s")) is not None:
        found = [o for o in found if isinstance(only, list) and o["name"] in only]
    found = _sorted(found, str(params.get("sort") or params.get("order_by") or "title asc"))
    if flag(params, "all_fields"):
        shown = [_with_asked(o, params) for o in found]
        return page(shown, params, MAX_WHOLE, MAX_WHOLE)
    return page([o["name"] for o in found], params, MAX_NAMES, MAX_NAMES)


def _with_asked(organization: Document, params: Params) -> Document:
    added = [name for name in ("extras", "groups", "users") if flag(params, f"include_{name}")]
    return organization | {name: [] for name in added}


def _sorted(found: list[Document], sort: str) -> list[Document]:
    field, _, way = sort.strip().partition(" ")
    if field not in ("name", "title", "package_count", "packages"):
        raise Refusal(409, {"message": f"Cannot sort by field {field}", "__type": "Validation Error"})
    field = "package_count" if field == "packages" else field
    descending = (way.strip() or ("desc" if field == "package_count" else "asc")).lower() == "desc"
    return sorted(found, key=lambda o: fold(o[field]) if isinstance(o[field], str) else o[field], reverse=descending)


@action
async def organization_show(call: Call) -> Any:
    """Show an agency.

    :param id: its id or name
    :param include_datasets: also its datasets, ten of them
    :param include_dataset_count: also how many it has (true)
    """
    found = call.index.organization(text(call.params, "id"))
    if found is None:
        raise not_found()
    mine = [e for e in call.index.visible(call.may_read) if e.package["owner_org"] == found["id"]]
    shown = documents.whole_organization(found, len(mine))
    if not flag(call.params, "include_dataset_count", True):
        del shown["package_count"]
    if flag(call.params, "include_datasets"):
        shown["packages"] = [entry.package for entry in mine[:DATASETS_OF_ONE]]
    for name in ("users", "extras", "groups"):
        if flag(call.params, f"include_{name}", True):
            shown[name] = []
    return shown


@action
async def organization_autocomplete(call: Call) -> Any:
    """Find agencies whose name or title holds a text; tone marks do not matter.

    :param q: the text
    :param limit: at most so many (20)
    """
    wanted = fold(text(call.params, "q"))
    found = [o for o in call.index.counted(call.index.public) if wanted in fold(f"{o['name']} {o['title']}")]
    short = [{"id": o["id"], "name": o["name"], "title": o["title"]} for o in found]
    return short[: natural(call.params, "limit", 20)]


@action
async def organization_list_for_user(call: Call) -> Any:
    """List the agency that the caller belongs to."""
    mine = [o for name, o in call.index.agencies.items() if name == call.subject.agency]
    return [o | {"display_name": o["title"], "image_display_url": "", "capacity": "member"} for o in mine]


@action
async def group_package_show(call: Call) -> Any:
    """List the datasets of an agency.

    :param id: its id or name
    :param limit: at most so many
    """
    found = call.index.organization(text(call.params, "id"))
    if found is None:
        raise not_found()
    mine = [e.package for e in call.index.visible(call.may_read) if e.package["owner_org"] == found["id"]]
    return page(mine, call.params)


@action
async def tag_list(call: Call) -> Any:
    """List the keywords of published datasets.

    :param query: only those that hold this text
    :param all_fields: whole tags instead of names
    """
    _no_vocabulary(call.params)
    wanted = fold(str(call.params.get("query") or ""))
    found = [name for name in call.index.tags if wanted in fold(name)]
    return [documents.tag(name) for name in found] if flag(call.params, "all_fields") else found


@action
async def tag_show(call: Call) -> Any:
    """Show a keyword.

    :param id: its id or name
    :param include_datasets: also the datasets that bear it
    """
    _no_vocabulary(call.params)
    wanted = text(call.params, "id")
    name = next((n for n in call.index.tags if wanted in (n, ids.tag_id(n))), None)
    if name is None:
        raise not_found()
    shown = documents.tag(name)
    if flag(call.params, "include_datasets"):
        shown["packages"] = [entry.package for entry in call.index.public if _bears(entry, name)]
    return shown


def _bears(entry: Entry, name: str) -> bool:
    return name in entry.exact["tags"]


@action
async def tag_search(call: Call) -> Any:
    """Find keywords that hold a text.

    :param query: the text
    :param limit: at most so many
    :param offset: how many to skip
    """
    found = _tags_with(call)
    shown = [{"id": ids.tag_id(name), "name": name, "vocabulary_id": None} for name in found]
    return {"count": len(found), "results": page(shown, call.params)}


@action
async def tag_autocomplete(call: Call) -> Any:
    """Find the names of keywords that hold a text.

    :param q: the text
    :param limit: at most so many
    """
    return page(_tags_with(call), call.params)


def _tags_with(call: Call) -> list[str]:
    _no_vocabulary(call.params)
    wanted = fold(str(call.params.get("query") or call.params.get("q") or ""))
    return [name for name in call.index.tags if wanted in fold(name)] if wanted else []


@action
async def format_autocomplete(call: Call) -> Any:
    """Find the formats of files that hold a text.

    :param q: the text
    :param limit: at most so many (5)
    """
    wanted = text(call.params, "q").lower()
    found = sorted({r["format"].lower() for _, r, _ in call.index.resources.values()})
    return [name for name in found if wanted in name][: natural(call.params, "limit", 5)]


def _no_vocabulary(params: Params) -> None:
    if name := params.get("vocabulary_id"):
        raise not_found(f"could not find vocabulary '{name}'")
