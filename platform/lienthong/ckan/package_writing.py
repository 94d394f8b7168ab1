"""Actions that make, change and delete hosted datasets (CKAN 2.12, logic/action)."""

import copy
import json
from typing import Any

from lienthong.catalog.hosted import packages, relations, resources
from lienthong.catalog.hosted.tables import DELETED, HostedPackage
from lienthong.ckan import revise
from lienthong.ckan.call import Call, Told, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.parameters import Params
from lienthong.ckan.saving import (
    Saving,
    judged,
    noted,
    organization_of,
    package_of,
    refuse_governed,
    save,
    saving,
)
from lienthong.ckan.views import default_views


def refused(field: str, message: str) -> Refusal:
    """A parameter that does not pass, told as a text and not as a list."""
    return Refusal(409, {field: message, "__type": "Validation Error"})


@action
async def package_create(call: Call) -> Any:
    """Publish a dataset.

    :param name: its name in addresses: 2 to 100 characters a-z, 0-9, - and _
    :param owner_org: the id or name of its organization
    :param title: its title
    :param private: seen only by its organization
    :param notes: what it is; Markdown
    :param author: who made it
    :param author_email: their e-mail address
    :param maintainer: who looks after it
    :param maintainer_email: their e-mail address
    :param license_id: its licence, one of license_list
    :param url: its page elsewhere
    :param version: its version
    :param tags: list of objects with `name` (and `vocabulary_id`); or tag_string: names with commas
    :param extras: list of objects with `key` and `value`
    :param groups: list of objects with `id` or `name`
    :param resources: list of its files and links
    :param type: its type
    :param state: active or draft (administrators)
    :param id: a UUID (administrators)
    """
    await judged(call.params)
    async with saving(call) as s:
        owner = call.params.get("owner_org")
        call.check("package_create", await organization_of(s, owner) or owner)
        package = await save(s, {"type": "dataset", **_given(call.params)}, None)
        return await _answer(s, package)


def _given(params: Params) -> Document:
    """The parameters, without a type that is none."""
    return {key: value for key, value in params.items() if key != "type" or value}


async def _answer(s: Saving, package: HostedPackage, *, fresh: bool = True) -> Document:
    """The package as the caller gets it; pictures among its new resources get a view."""
    document = await s.document(package)
    if fresh:
        await default_views(s, document["resources"])
    return document


async def change(s: Saving, package: HostedPackage, given: Document, original: Document | None) -> bool:
    """Change a package to what is given, unless that is what it was; was it changed?"""
    if original is not None:
        if given == original:
            return False
        if given.get("metadata_modified") == original["metadata_modified"]:
            given = {key: value for key, value in given.items() if key != "metadata_modified"}
    try:
        await save(s, given | {"id": package.id}, package, whole=original is None)
    except Refusal as refusal:
        raise refusal if original is None else _without_last(refusal, given, original) from refusal
    return True


def _without_last(refusal: Refusal, given: Document, original: Document) -> Refusal:
    """The refusal as CKAN tells it: nothing of the resources at the end that stay as they are."""
    faults = refusal.error.get("resources")
    if not isinstance(faults, list) or len(faults) != len(given["resources"]):
        return refusal
    while faults and not faults[-1] and given["resources"][len(faults) - 1] in original["resources"]:
        faults = faults[:-1]
    return Refusal(refusal.status, refusal.error | {"resources": faults})


@action
async def package_update(call: Call) -> Any:
    """Replace a dataset: what is not given goes, but its resources, groups and organization stay.

    :param id: its id or name; the other parameters are those of package_create
    """
    await judged(call.params)
    name = call.params.get("id") or call.params.get("name")
    if name is None:
        raise refused("id", "Missing value")
    async with saving(call) as s:
        package = await package_of(s, name, "Package was not found.")
        call.check("package_update", package)
        await change(s, package, call.params, None)
        return Told(await _answer(s, package), {"changed_entities": {"packages": [package.id]}})


@action
async def package_patch(call: Call) -> Any:
    """Change some members of a dataset; lists are replaced as a whole.

    :param id: its id or name; the other parameters are those of package_create
    """
    if not call.params.get("id"):
        raise refused("message", "Missing id, can not get Package object")
    await judged(call.params)
    async with saving(call) as s:
        package = await package_of(s, call.params["id"])
        call.check("package_update", package)
        original = await s.original(package)
        changed = await change(s, package, original | call.params | {"id": package.id}, original)
        return await _answer(s, package, fresh=changed)


@action
async def package_revise(call: Call) -> Any:
    """Change parts of a dataset if it is what you think it is.

    :param match: object that the dataset must agree with; id or name is needed; or match__<key>
    :param filter: patterns of what is taken away: -notes, or +title,-*
    :param update: object that is put into it; or update__<key>, update__resources__extend
    :param include: patterns of what is told of the result
    """
    given = _flattened(call.params)
    async with saving(call) as s:
        name = _matched_name(given)
        package = await package_of(s, name)
        call.check("package_show", package)
        original = await s.original(package)
        _must_match(original, given, call.params)
        revised = _revised(original, given)
        if revised["id"] != package.id:
            package = await package_of(s, revised["id"])
        call.check("package_update", package)
        await judged(revised)
        changed = await change(s, package, revised, original)
        found = {"package": await _answer(s, package, fresh=changed)}
    if "include" in call.params:
        revise.thin_out(found, given["include"])
    return found


def _flattened(params: Params) -> Document:
    """match, update and filter, with the flattened keys of each."""
    found: Document = {"match": _object(params, "match"), "update": _object(params, "update")}
    found |= {key: revise.patterns(_listed(params, key)) for key in ("filter", "include")}
    for kind in ("match__", "update__"):
        found[kind] = {key.removeprefix(kind): _parsed(v) for key, v in params.items() if key.startswith(kind)}
    return found


def _object(params: Params, key: str) -> Document:
    value = _parsed(params.get(key))
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise invalid(key, "Must be a dict")
    return value


def _listed(params: Params, key: str) -> Any:
    """Patterns: a list of texts, its JSON, or a text with commas."""
    value = _parsed(params.get(key))
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise invalid(key, "Not a list")
    for part in value:
        if not isinstance(part, str):
            raise invalid(key, f"Not a string: {part}")
    return value


def _parsed(value: Any) -> Any:
    """A form sends objects and lists as their JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _matched_name(given: Document) -> Any:
    flat, match = given["match__"], given["match"]
    name = flat.get("id") or match.get("id") or flat.get("name") or match.get("name")
    if name is None:
        raise refused("match__id", "Missing value")
    return name


def _must_match(original: Document, given: Document, sent: Params) -> None:
    unmatched = revise.differing(original, given["match"])
    for key, value in sorted(given["match__"].items()):
        try:
            current, place = revise.resolved(original, key)
        except revise.Unmatched as error:
            raise Refusal(400, {"__type": "Integrity Error", "message": str(error), "data": dict(sent)}) from error
        unmatched += revise.differing(current, value, place)
    if unmatched:
        raise invalid("match", *(revise.told(place) for place in unmatched))


def _revised(original: Document, given: Document) -> Document:
    """The dataset as it is wanted. Raises Refusal naming the key that does not fit."""
    revised = copy.deepcopy(original)
    if given["filter"]:
        revise.thin_out(revised, given["filter"])
        revised["id"] = original["id"]
    try:
        revise.merge(revised, given["update"])
    except revise.Unmatched as error:
        raise invalid("update", str(error)) from error
    # What is added to a list comes first, so that a file can be put into it in the same call.
    for key, value in sorted(given["update__"].items(), key=lambda pair: (not pair[0].endswith("extend"), pair[0])):
        try:
            revise.merge_at(revised, key, value)
        except revise.Unmatched as error:
            raise invalid(key, str(error)) from error
    return revised


@action
async def package_delete(call: Call) -> Any:
    """Delete a dataset; an administrator can bring it back.

    :param id: its id or name
    """
    if "id" not in call.params:
        raise missing("id")
    async with saving(call) as s:
        package = await package_of(s, call.params["id"])
        call.check("package_update", package)
        if package.state != DELETED:
            await _delete(s, package)


async def _delete(s: Saving, package: HostedPackage) -> None:
    package.state = DELETED
    s.session.add(package)
    await noted(s, package, "deleted")
    await relations.leave(s.session, package.id)


@action
async def dataset_purge(call: Call) -> Any:
    """Remove a dataset for good, with everything that was kept about it (administrators).

    :param id: its id or name
    """
    if "id" not in call.params:
        raise missing("id")
    async with saving(call) as s:
        package = await package_of(s, call.params["id"], "Dataset was not found")
        call.check("dataset_purge", package)
        own = [row.id for row in await resources.of_package(s.session, package.id)]
        s.rowless += await resources.tabled(s.session, own)
    async with saving(call) as s:
        package = await package_of(s, package.id, "Dataset was not found")
        s.let_go += await packages.purge(s.session, package)


@action
async def package_owner_org_update(call: Call) -> Any:
    """Give a dataset to another organization (administrators).

    :param id: its id or name
    :param organization_id: the id or name of the organization
    """
    call.check("package_owner_org_update")
    async with saving(call) as s:
        package = await package_of(s, call.params.get("id", ""), "Package was not found.")
        name = call.params.get("organization_id")
        owner = await organization_of(s, name) if name else None
        if name and owner is None:
            raise not_found("Organization was not found.")
        package.owner_org = owner
        s.session.add(package)


@action
async def package_resource_reorder(call: Call) -> Any:
    """Put the resources of a dataset into another order.

    :param id: its id or name
    :param order: ids of resources; those that are not named follow in their order
    """
    for name in ("id", "order"):
        if name not in call.params:
            raise missing(name)
    order = call.params["order"]
    if not isinstance(order, list):
        raise refused("order", "Must be a list of resource")
    if len(set(map(str, order))) != len(order):
        raise refused("order", "Must supply unique resource_ids")
    async with saving(call) as s:
        package = await package_of(s, call.params["id"])
        call.check("package_show", package)
        original = await s.original(package)
        rest = {resource["id"]: resource for resource in original["resources"]}
        for id in order:
            if not isinstance(id, str) or id not in rest:
                raise refused("order", f"resource_id {id} can not be found")
        call.check("package_update", package)
        wanted = [rest.pop(id) for id in order] + list(rest.values())
        await change(s, package, original | {"resources": wanted}, original)
    return {"id": call.params["id"], "order": [resource["id"] for resource in wanted]}


@action
async def bulk_update_private(call: Call) -> Any:
    """Hide datasets of an organization from the public.

    :param datasets: their ids
    :param org_id: the id or name of the organization
    """
    await _bulk(call, {"private": True})


@action
async def bulk_update_public(call: Call) -> Any:
    """Show datasets of an organization to the public.

    :param datasets: their ids
    :param org_id: the id or name of the organization
    """
    await _bulk(call, {"private": False})


@action
async def bulk_update_delete(call: Call) -> Any:
    """Delete datasets of an organization.

    :param datasets: their ids
    :param org_id: the id or name of the organization
    """
    await _bulk(call, {"state": DELETED})


async def _bulk(call: Call, values: Document) -> None:
    async with saving(call) as s:
        owner = await organization_of(s, call.params.get("org_id"))
        call.check("bulk_update", owner)
        names = call.params.get("datasets") or []
        wanted = [name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)]
        for name in wanted:
            refuse_governed(call, name)
            if await packages.find(s.session, name) is None:
                raise not_found("package")
        for package in await packages.owned(s.session, owner, wanted):
            if values.get("state") == DELETED:
                await _delete(s, package)
                continue
            package.private = values["private"]
            s.session.add(package)
            await noted(s, package, "changed")
