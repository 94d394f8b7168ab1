"""Actions about datasets and their files."""

from typing import Any

from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.parameters import Params, natural, page, text
from lienthong.kernel.text import fold


@action
async def package_list(call: Call) -> Any:
    """List the names of the published datasets.

    :param limit: at most so many (all)
    :param offset: how many to skip
    """
    return page([entry.package["name"] for entry in call.index.public], call.params)


@action
async def current_package_list_with_resources(call: Call) -> Any:
    """List the published datasets with their files, the last changed first.

    :param limit: at most so many
    :param offset: how many to skip
    :param page: which page of `limit` datasets, from 1
    """
    params = call.params
    entries = sorted(call.index.public, key=lambda e: e.package["metadata_modified"], reverse=True)
    limit, number = natural(params, "limit", 0), natural(params, "page", 0)
    if number and limit:
        return [entry.package for entry in entries[(number - 1) * limit : number * limit]]
    return [entry.package for entry in page(entries, params)]


@action
async def package_show(call: Call) -> Any:
    """Show a dataset and its files.

    :param id: its id or name
    """
    if not call.params.get("id") and not call.params.get("name_or_id"):
        raise missing("name_or_id")
    return call.entry(_name(call.params, "id", "name_or_id")).package


@action
async def package_autocomplete(call: Call) -> Any:
    """Find datasets whose name or title holds a text; tone marks do not matter.

    :param q: the text
    :param limit: at most so many (10)
    """
    wanted = fold(text(call.params, "q"))
    found = []
    for entry in call.index.public:
        name, title = entry.package["name"], entry.package["title"]
        if wanted.replace(" ", "-") in name:
            found.append(_match(name, title, "name", name))
        elif wanted in fold(title):
            found.append(_match(name, title, "title", f"{title} ({name})"))
    found.sort(key=lambda match: match["match_field"])
    return found[: natural(call.params, "limit", 10)]


def _match(name: str, title: str, field: str, displayed: str) -> Document:
    return {"name": name, "title": title, "match_field": field, "match_displayed": displayed}


@action
async def resource_show(call: Call) -> Any:
    """Show a file.

    :param id: its id
    """
    found = call.index.resources.get(text(call.params, "id"))
    if found is None:
        raise not_found()
    return found[1]


@action
async def resource_view_list(call: Call) -> Any:
    """List the views of a file: there are none.

    :param id: the id of the file
    """
    if text(call.params, "id") not in call.index.resources:
        raise not_found()
    return []


@action
async def resource_search(call: Call) -> Any:
    """Find files.

    :param query: `field:text`, once or several times: the field holds the text, without regard to case
    :param order_by: a field to sort by
    :param limit: at most so many
    :param offset: how many to skip
    """
    given = call.params.get("query")
    if not given:
        raise missing("query")
    tests = [_resource_test(part) for part in (given if isinstance(given, list) else [given])]
    resources = [resource for _, resource, _ in call.index.resources.values()]
    names = set(resources[0]) if resources else set()
    if resources and (unknown := next((field for field, _ in tests if field not in names), None)):
        told = f'Field "{unknown}" not recognised in resource_search.'
        raise Refusal(409, {"query": told, "__type": "Validation Error"})
    found = [r for r in resources if all(term in str(r[field] or "").lower() for field, term in tests)]
    if order := call.params.get("order_by"):
        found.sort(key=lambda resource: str(resource.get(order) or ""))
    return {"count": len(found), "results": page(found, call.params)}


def _resource_test(part: Any) -> tuple[str, str]:
    field, colon, term = str(part).partition(":")
    if not colon:
        raise Refusal(409, {"query": "Must be <field>:<value> pair(s)", "__type": "Validation Error"})
    return field, term.lower()


def _name(params: Params, *names: str) -> str:
    given = next(params[name] for name in names if params.get(name))
    if not isinstance(given, str):
        raise invalid(names[0], "Must be a Unicode string value")
    return given
