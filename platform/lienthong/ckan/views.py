"""Actions about views: how a resource is shown (CKAN 2.12 with its image, text and table views)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lienthong.catalog.hosted import resources as rows_of
from lienthong.catalog.hosted.tables import DELETED, HostedPackage, HostedResource, HostedView
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan import checks, hosted
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import Check, Errors, passed
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.packages import held
from lienthong.ckan.parameters import Params, flag, text
from lienthong.ckan.saving import Saving, package_of, resource_of, saving


def _fields(value: Any) -> Any:
    """Names of columns: one, or a list."""
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True)
class ViewType:
    """A kind of view: its settings with their values when none is given, and the title of one that makes itself.

    `formats`: of resources that get such a view by themselves; `of_rows`: those with rows in the DataStore do.
    """

    title: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    optional: dict[str, Check] = field(default_factory=dict)
    formats: frozenset[str] = frozenset()
    of_rows: bool = False


_IMAGES = frozenset({"png", "jpeg", "jpg", "gif", "webp"})
_TABLE = {"responsive": False, "ellipsis_length": 100, "date_format": "llll", "filterable": True}
TYPES = {
    "image_view": ViewType("Image", optional={"image_url": checks.text}, formats=_IMAGES),
    "text_view": ViewType("Text"),
    "datatables_view": ViewType("Table", _TABLE, {"show_fields": _fields}, of_rows=True),
}
_CHECKS: dict[str, Check] = {
    "responsive": checks.truth,
    "filterable": checks.truth,
    "ellipsis_length": checks.integer,
    "date_format": checks.text,
}
_COMMON = frozenset({"id", "resource_id", "title", "description", "view_type"})
_FILTERS = ("filter_fields", "filter_values")  # of what shows rows


def _checked(params: Params, kind: ViewType, before: Document) -> tuple[Document, Errors]:
    """The body of a view and what is wrong with it; `before`: what it was, empty for a new one."""
    errors: Errors = {}
    body: Document = {"title": None, "description": None}
    for name in ("title", "description"):
        value = params.get(name)
        body[name] = before.get(name) if value is None else checks.text(value)
    if checks.is_missing(body["title"]) and not before:
        errors["title"] = [checks.MISSING]
    for name, default in kind.settings.items():
        body[name], wrong = (default, []) if params.get(name) is None else passed(params[name], _CHECKS[name])
        errors |= {name: wrong} if wrong else {}
    for name, check in kind.optional.items():
        if params.get(name) is not None:
            body[name] = check(params[name])
    for name in _FILTERS if kind.of_rows else ():
        if params.get(name) is not None:
            body[name] = _fields(params[name])
    if len(body.get("filter_fields", ())) != len(body.get("filter_values", ())):
        errors["filter_fields"] = ["'filter_fields' and 'filter_values' should have the same length"]
    known = _COMMON | kind.settings.keys() | kind.optional.keys() | ({"package_id"} if before else set())
    known |= set(_FILTERS) if kind.of_rows else set()
    if params.keys() - known:
        errors["__extras"] = [checks.unexpected("__extras")]
    return body, errors


@action
async def resource_view_create(call: Call) -> Any:
    """Make a view of a resource.

    :param resource_id: the id of the resource
    :param title: its title
    :param view_type: image_view, text_view or datatables_view
    :param description: what it shows
    """
    for name in ("resource_id", "view_type"):
        if checks.is_missing(call.params.get(name)):
            raise missing(name)
    kind = TYPES.get(str(call.params["view_type"]))
    if kind is None:
        told = f"No plugin found for view_type {call.params['view_type']}"
        raise Refusal(409, {"view_type": told, "__type": "Validation Error"})
    body, errors = _checked(call.params, kind, {})
    own = call.params.get("id") or None
    if own is not None:
        own, wrong = checks.passed(own, checks.text, checks.uuid)
        wrong = wrong if call.caller.sysadmin else [checks.unexpected("id")]
        errors |= {"id": wrong} if wrong else {}
    async with saving(call) as s:
        id = call.params["resource_id"]
        there = await rows_of.find(s.session, id) if isinstance(id, str) else None
        if there is None and not (isinstance(id, str) and id in call.index.resources):
            errors["resource_id"] = [f"Resource not found: {id}"]
        if errors:
            raise Refusal(409, {**errors, "__type": "Validation Error"})
        package, row = await resource_of(s, id)
        call.check("resource_create", (package, package.id))
        if own is not None and await rows_of.view(s.session, own) is not None:
            raise invalid("id", "ResourceView id already exists")
        found = await _made(s, row, body | {"view_type": call.params["view_type"]}, own)
        return hosted.view(found, package.id)


async def _made(s: Saving, row: HostedResource, body: Document, id: str | None = None) -> HostedView:
    """A new view after those that are there, with an id of its own or with one that was chosen."""
    views = await rows_of.views(s.session, row.id)
    chosen = {"id": id} if id else {}
    found = HostedView(resource_id=row.id, position=views[-1].position + 1 if views else 0, body=body, **chosen)
    s.session.add(found)
    await s.session.flush()
    return found


@action
async def resource_view_update(call: Call) -> Any:
    """Change a view.

    :param id: its id
    :param title: its title
    :param description: what it shows
    """
    async with saving(call) as s:
        found, package, row = await _view_of(s, call.params)
        body, errors = _checked(call.params, TYPES[found.body["view_type"]], found.body)
        if errors:
            raise Refusal(409, {**errors, "__type": "Validation Error"})
        call.check("resource_update", (package, row.id))
        found.body = body | {"view_type": found.body["view_type"]}
        s.session.add(found)
        return hosted.view(found, package.id)


async def _view_of(s: Saving, params: Params, detail: str = "") -> tuple[HostedView, HostedPackage, HostedResource]:
    """The view that `id` names, with its package and resource. Raises Refusal."""
    found = await rows_of.view(s.session, text(params, "id"))
    if found is None:
        raise not_found(detail)
    package, row = await resource_of(s, found.resource_id)
    return found, package, row


@action
async def resource_view_delete(call: Call) -> Any:
    """Delete a view.

    :param id: its id
    """
    async with saving(call) as s:
        found, package, row = await _view_of(s, call.params)
        call.check("resource_update", (package, row.id))
        await s.session.delete(found)
        return {"resource_id": row.id}


@action
async def resource_view_reorder(call: Call) -> Any:
    """Put the views of a resource into another order.

    :param id: the id of the resource
    :param order: ids of views; those that are not named follow
    """
    order = call.params.get("order")
    if order is None:
        raise missing("order")
    if not isinstance(order, list):
        raise Refusal(409, {"order": "Must supply order as a list", "__type": "Validation Error"})
    if len(set(map(str, order))) != len(order):
        raise Refusal(409, {"order": "No duplicates allowed in order", "__type": "Validation Error"})
    async with saving(call) as s:
        package, row = await resource_of(s, text(call.params, "id"), "Resource was not found.")
        call.check("resource_update", (package, row.id))
        rest = {view.id: view for view in await rows_of.views(s.session, row.id)}
        for id in order:
            if not isinstance(id, str) or id not in rest:
                raise Refusal(409, {"order": f"View {id} does not exist", "__type": "Validation Error"})
        wanted = [rest.pop(id) for id in order] + list(rest.values())
        for n, view in enumerate(wanted):
            view.position = n + 1
            s.session.add(view)
        return {"id": row.id, "order": [view.id for view in wanted]}


@action
async def resource_view_show(call: Call) -> Any:
    """Show a view.

    :param id: its id
    """
    async with reading(call.engine) as session:
        found = await rows_of.view(session, text(call.params, "id"))
    if found is None:
        raise not_found("Resource view not found, cannot check auth.")
    entry, _ = held(call, found.resource_id)
    return hosted.view(found, entry.id)


@action
async def resource_view_list(call: Call) -> Any:
    """List the views of a resource.

    :param id: the id of the resource
    """
    entry, resource = held(call, text(call.params, "id"))
    async with reading(call.engine) as session:
        return [hosted.view(view, entry.id) for view in await rows_of.views(session, resource["id"])]


@action
async def resource_view_clear(call: Call) -> Any:
    """Delete all views, or those of some types (administrators).

    :param view_types: the types
    """
    call.check("resource_view_clear")
    kinds = call.params.get("view_types")
    wanted = [str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])] if kinds else None
    async with saving(call) as s:
        await rows_of.clear_views(s.session, wanted)


@action
async def resource_create_default_resource_views(call: Call) -> Any:
    """Make the views that a resource of its format gets.

    :param resource: object with its `id` (and the rest of it)
    :param create_datastore_views: also those that need rows in the DataStore
    """
    given = call.params.get("resource")
    if not isinstance(given, dict):
        raise missing("resource")
    async with saving(call) as s:
        package, row = await resource_of(s, given.get("id"), "Resource was not found.")
        call.check("resource_create", (package, package.id))
        document = next((r for r in (await s.document(package))["resources"] if r["id"] == row.id), None)
        return await default_views(s, [document] if document else [], rows=flag(call.params, "create_datastore_views"))


@action
async def package_create_default_resource_views(call: Call) -> Any:
    """Make the views that the resources of a dataset get by their formats.

    :param package: object with its `id` or `name` (and the rest of it)
    :param create_datastore_views: also those that need rows in the DataStore
    """
    given = call.params.get("package")
    if not isinstance(given, dict):
        raise missing("package")
    async with saving(call) as s:
        package = await package_of(s, given.get("id") or given.get("name"), "Package was not found.")
        call.check("package_update", package)
        resources = (await s.document(package))["resources"]
        return await default_views(s, resources, rows=flag(call.params, "create_datastore_views"))


async def default_views(s: Saving, resources: Sequence[Document], *, rows: bool = False) -> list[Document]:
    """Views that resources get by themselves, of types that they have none of; `rows`: those of the DataStore."""
    made = []
    for resource in resources:
        fits = [
            (name, kind)
            for name, kind in TYPES.items()
            if (rows and kind.of_rows and resource["datastore_active"])
            or (not rows and resource["format"].lower() in kind.formats)
        ]
        if not fits:
            continue
        found = await rows_of.find(s.session, resource["id"])
        if found is None or found[1].state == DELETED:
            continue
        row = found[1]
        there = {view.body["view_type"] for view in await rows_of.views(s.session, row.id)}
        for name, kind in fits:
            if name not in there:
                body = {"title": kind.title, "description": "", "view_type": name} | kind.settings
                made.append(hosted.view(await _made(s, row, body), row.package_id))
    return made
