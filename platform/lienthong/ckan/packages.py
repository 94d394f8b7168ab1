"""Actions that read datasets and their files from the index."""

from collections import Counter
from typing import Any

import orjson

from lienthong.catalog.hosted import packages, resources
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan.call import Call, Raw, action
from lienthong.ckan.documents import Document
from lienthong.ckan.entry import Entry
from lienthong.ckan.errors import Refusal, denied, invalid, missing, not_found
from lienthong.ckan.index import Index
from lienthong.ckan.parameters import Params, flag, natural, page, text
from lienthong.ckan.postings import documents
from lienthong.kernel.text import fold

# The columns of CKAN's resource: those that hold no text are compared as a whole.
_WHOLE = frozenset({"size"})
_PAGE, _MOST = 10, 1_000  # datasets of a list with their files


@action
async def package_list(call: Call) -> Any:
    """List the names of the published datasets.

    :param limit: at most so many (all)
    :param offset: how many to skip
    """
    return page([entry.name for entry in call.index.public], call.params)


@action
async def current_package_list_with_resources(call: Call) -> Any:
    """List the published datasets with their files, the last changed first.

    :param limit: at most so many
    :param offset: how many to skip
    :param page: which page of `limit` datasets, from 1
    """
    params = call.params
    every = call.caller.sysadmin
    newest = call.index.kept(("newest", every), lambda: _newest(call.index, private=every))
    limit, start = natural(params, "limit", _PAGE), natural(params, "offset", 0)
    number = natural(params, "page", 1)
    if not number:
        raise invalid("page", "Must be a positive integer")
    if params.get("offset") in (None, "") and params.get("limit") not in (None, ""):
        start = (number - 1) * limit
    entries = newest[start : start + min(limit, _MOST)]
    return Raw(b"[" + b",".join(entry.body for entry in entries) + b"]")


def _newest(index: Index, *, private: bool) -> list[Entry]:
    """What is active, the last changed first; with what is `private`, as a sysadmin sees it."""
    entries = [index[n] for n in documents(index.exact("state").bits.get("active", 0))] if private else index.public
    return sorted(entries, key=lambda entry: entry.modified, reverse=True)


@action
async def package_show(call: Call) -> Any:
    """Show a dataset and its files.

    :param id: its id or name
    :param include_plugin_data: also what plugins keep about it (administrators)
    """
    if not call.params.get("id") and not call.params.get("name_or_id"):
        raise missing("name_or_id")
    found = call.entry(_name(call.params, "id", "name_or_id"))
    if call.caller.sysadmin and not found.state and flag(call.params, "include_plugin_data"):
        async with reading(call.engine) as session:
            row = await packages.find(session, found.id)
        return found.package | ({"plugin_data": row.plugin_data} if row and row.plugin_data else {})
    return Raw(found.body)


@action
async def package_autocomplete(call: Call) -> Any:
    """Find datasets whose name or title holds a text; tone marks do not matter.

    :param q: the text
    :param limit: at most so many (10)
    """
    return autocompleted(call, text(call.params, "q"), natural(call.params, "limit", 10))


def autocompleted(call: Call, given: str, limit: int) -> list[Document]:
    """Datasets by name or title, those by name first."""
    wanted = fold(given)
    named, titled = [], []
    visible = call.visible(private=True)
    for number, name, title, folded in call.index.kept("autocomplete", lambda: _titles(call.index)):
        if wanted.replace(" ", "-") not in name and wanted not in folded or not visible >> number & 1:
            continue
        if wanted.replace(" ", "-") in name:
            named.append(_match(name, title, "name", name))
        else:
            titled.append(_match(name, title, "title", f"{title} ({name})"))
    return [*named, *titled][:limit]


def _titles(index: Index) -> list[tuple[int, str, str, str]]:
    """(number, name, title, folded title) of what is active, by name."""
    active = index.exact("state").bits.get("active", 0)
    names = [(n, index[n]) for n in index.ranks((("name", False),))[0] if active >> n & 1]
    return [(n, entry.name, entry.title, fold(entry.title)) for n, entry in names]


def _match(name: str, title: str, field: str, displayed: str) -> Document:
    return {"name": name, "title": title, "match_field": field, "match_displayed": displayed}


@action
async def resource_show(call: Call) -> Any:
    """Show a file.

    :param id: its id
    """
    id = text(call.params, "id")
    if call.index.holder(id) is None:
        async with reading(call.engine) as session:
            deleted = await resources.find(session, id)
        raise not_found("Resource was not found." if deleted else "")
    return held(call, id)[1]


def held(call: Call, id: str) -> tuple[Entry, Document]:
    """A resource that the caller may see, and its dataset. Raises Refusal."""
    entry = call.index.holder(id)
    if entry is None:
        raise not_found()
    if not call.sees(entry):
        raise denied(f"User {call.user} not authorized to read resource {id}")
    return entry, next(r for r in entry.package["resources"] if r["id"] == id)


@action
async def resource_search(call: Call) -> Any:
    """Find files.

    :param query: `field:text`, once or several times: the field holds the text, without regard to case
    :param order_by: a field to sort by
    :param limit: at most so many
    :param offset: how many to skip
    """
    given = call.params.get("query")
    if given is None:
        raise _unsearchable("Missing value")
    # One text for a field: of several the last one counts.
    tests = dict(_resource_test(part) for part in (given if isinstance(given, list) else [given]))
    resources = call.index.kept("resources", lambda: _resources(call.index))
    known = _columns()
    if unknown := next((field for field in tests if field not in known), None):
        raise _unsearchable(f'Field "{unknown}" not recognised in resource_search.')
    found = [r for r in resources if all(_fits(r.get(field), field, term) for field, term in tests.items())]
    if (order := call.params.get("order_by")) in known:
        found.sort(key=lambda resource: (resource.get(str(order)) is None, str(resource.get(str(order)))))
    shown = [] if str(call.params.get("limit")) == "0" else page(found, call.params)
    return {"count": len(found), "results": sorted(shown, key=lambda resource: int(resource["position"]))}


def _unsearchable(message: str) -> Refusal:
    return Refusal(409, {"query": message, "__type": "Validation Error"})


def _resources(index: Index) -> list[Document]:
    """The files of published datasets, the oldest first."""
    found = [r for entry in index.public for r in orjson.loads(entry.body)["resources"]]
    shown = [{key: value for key, value in r.items() if key != "datastore_active" or value} for r in found]
    return sorted(shown, key=lambda r: str(r.get("created") or ""))


def _columns() -> frozenset[str]:
    names = (
        "url format description hash name resource_type mimetype mimetype_inner size created "
        "last_modified metadata_modified cache_url cache_last_updated url_type state"
    )
    return frozenset(names.split())


def _fits(value: Any, field: str, term: str) -> bool:
    if field in _WHOLE:
        return str(value) == term
    if value is None:
        return False
    shown = str(value).lower()
    return shown.startswith(term) if field == "hash" else term in shown


def _resource_test(part: Any) -> tuple[str, str]:
    field, colon, term = str(part).partition(":")
    if not colon or not isinstance(part, str):
        raise _unsearchable("Must be <field>:<value> pair(s)")
    return field, term.lower()


@action
async def format_autocomplete(call: Call) -> Any:
    """Find the formats of files that hold a text, the most frequent first.

    :param q: the text
    :param limit: at most so many (5)
    """
    return formats(call.index, text(call.params, "q"))[: natural(call.params, "limit", 5)]


def formats(index: Index, given: str) -> list[str]:
    """The formats that hold a text."""
    counted = index.kept(
        "formats", lambda: Counter(f.lower() for e in index.public for f in e.exact["res_format"] if f)
    )
    return [name for name, _ in counted.most_common() if given.lower() in name]


def _name(params: Params, *names: str) -> str:
    given = next(params[name] for name in names if params.get(name))
    if not isinstance(given, str):
        raise invalid(names[0], "Must be a Unicode string value")
    return given
