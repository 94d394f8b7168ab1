"""Actions that make, change and delete resources of hosted datasets (CKAN 2.12, logic/action)."""

from datetime import UTC
from typing import Any

from lienthong.catalog.hosted.tables import DELETED, HostedPackage
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, missing, not_found
from lienthong.ckan.package_writing import change
from lienthong.ckan.parameters import Params
from lienthong.ckan.saving import Saving, judged_one, noted, package_of, resource_of, saving
from lienthong.ckan.views import default_views
from lienthong.kernel.clock import now


@action
async def resource_create(call: Call) -> Any:
    """Add a file or a link to a dataset.

    :param package_id: the id or name of the dataset
    :param url: where it is; or upload: the file, in a multipart form
    :param name: its name
    :param format: its format
    :param description: what it holds
    :param hash: of its content
    :param mimetype: its media type
    :param size: in bytes
    :param last_modified: when it was last changed
    :param resource_type: what kind of thing it is
    """
    if "package_id" not in call.params:
        raise missing("package_id")
    name = call.params["package_id"]
    if not name:
        raise missing("name_or_id")
    await judged_one(call.params)
    async with saving(call) as s:
        package = await package_of(s, name)
        call.check("package_show", package)
        call.check("resource_create", (package, name))
        original = await s.original(package)
        given = {"url": "", **{key: value for key, value in call.params.items() if value is not None}}
        found = await _put(s, package, original, [*original["resources"], given], len(original["resources"]))
        await default_views(s, [found])
        return found


async def _put(
    s: Saving, package: HostedPackage, original: Document, resources: list[Document], position: int
) -> Document:
    """Change the resources of a package; the one at the position. What is wrong with that one is told alone."""
    try:
        await change(s, package, original | {"resources": resources}, original)
    except Refusal as refusal:
        faults = refusal.error.get("resources")
        if refusal.status == 409 and isinstance(faults, list) and len(faults) > position and faults[position]:
            inner = faults[position]
            if isinstance(inner, dict):
                raise Refusal(409, {**inner, "__type": "Validation Error"}) from refusal
        raise
    document = await s.document(package)
    found: Document = document["resources"][position]
    return found


@action
async def resource_update(call: Call) -> Any:
    """Replace a resource: custom members that are not given go, its name, format and size stay.

    :param id: its id; the other parameters are those of resource_create
    """
    return await _update(call, call.params, patch=False)


@action
async def resource_patch(call: Call) -> Any:
    """Change some members of a resource.

    :param id: its id; the other parameters are those of resource_create
    """
    return await _update(call, call.params, patch=True)


async def _update(call: Call, params: Params, *, patch: bool) -> Document:
    if not params.get("id"):
        raise missing("id")
    await judged_one(params)
    detail = "" if patch else "Resource was not found."
    async with saving(call) as s:
        package, row = await resource_of(s, params["id"], detail)
        if row.state == DELETED:
            raise not_found("Resource was not found.")
        call.check("resource_update", (package, row.id))
        original = await s.original(package)
        resources = list(original["resources"])
        position = next(n for n, r in enumerate(resources) if r["id"] == row.id)
        before = resources[position]
        kept = {key: value for key, value in before.items() if key not in ("mimetype", "url") or "upload" not in params}
        given = kept | params if patch else {**params, "url": params.get("url") or ""}
        resources[position] = given
        found = await _put(s, package, original, resources, position)
        if found["format"] != before["format"]:
            await default_views(s, [found])
        return found


@action
async def resource_delete(call: Call) -> Any:
    """Delete a resource.

    :param id: its id
    """
    if not call.params.get("id"):
        raise missing("id")
    async with saving(call) as s:
        package, row = await resource_of(s, call.params["id"])
        call.check("resource_delete", (package, row.id))
        if row.state != DELETED:
            original = await s.original(package)
            rest = [r for r in original["resources"] if r["id"] != row.id]
            await change(s, package, original | {"resources": rest}, original)


async def rows_came_or_went(call: Call, resource_id: str, *, made_for_them: bool = False) -> None:
    """The resource has rows now, or none any more: it and its dataset have changed, and an activity tells it.

    CKAN patches `datastore_active`. `made_for_them`: the resource was made a moment ago, to hold the rows.
    """
    async with saving(call) as s:
        package, row = await resource_of(s, resource_id)
        package.modified = now()
        moment = package.modified.astimezone(UTC).replace(tzinfo=None).isoformat()
        row.body = row.body | {"metadata_modified": moment}
        if row.body.get("url_type") == "datastore" and not made_for_them:
            row.body = row.body | {"last_modified": moment}
        s.session.add_all([package, row])
        await noted(s, package, "changed")
