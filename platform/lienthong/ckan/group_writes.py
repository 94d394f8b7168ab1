"""Actions that make, change and delete groups and organizations (CKAN 2.12, logic/action)."""

from collections.abc import Callable
from typing import Any

from lienthong.catalog.hosted import activities, groups, users
from lienthong.catalog.hosted.tables import ACTIVE, DELETED, HostedGroup
from lienthong.catalog.hosted.writing import Session, writing
from lienthong.ckan import authz, checks, form, people, pictures
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import invalid
from lienthong.ckan.form import Form, told
from lienthong.ckan.groups import GROUP, ORGANIZATION, agencies, dictized, hosted, one, show
from lienthong.ckan.parameters import text

TEXTS = ("title", "description", "image_url", "approval_status")
_LOOP = "This parent would create a loop in the hierarchy"
_WITH = "Organization cannot be {} while it still has datasets"


# --- making ----------------------------------------------------------------------------------------------------------


@action
async def organization_create(call: Call) -> Any:
    """Make an organization; its maker becomes its administrator.

    :param name: 2 to 100 characters: lower case letters, digits, `-` and `_`
    :param title: what it is called
    :param description: what it is; Markdown
    :param image_url: the address of its picture; or `image_upload`: the picture
    :param extras: further fields: a list of {key, value}
    :param users: its users: a list of {name, capacity}
    :param id: a UUID of one's own (sysadmins)
    :param state: `active` or `deleted` (sysadmins)
    :param approval_status: kept as it is given
    """
    return await _create(call, ORGANIZATION)


@action
async def group_create(call: Call) -> Any:
    """Make a group; its maker becomes its administrator.

    :param name: 2 to 100 characters: lower case letters, digits, `-` and `_`
    :param title: what it is called
    :param description: what it is; Markdown
    :param image_url: the address of its picture; or `image_upload`: the picture
    :param type: the type of the group (`group`)
    :param extras: further fields: a list of {key, value}
    :param packages: its datasets: a list of {id}, each an id or a name
    :param groups: the groups above it: a list of {name}
    :param users: its users: a list of {name, capacity}
    :param id: a UUID of one's own (sysadmins)
    :param state: `active` or `deleted` (sysadmins)
    :param approval_status: kept as it is given
    """
    if call.params.get("type") == ORGANIZATION:
        raise invalid("type", "Trying to create an organization as a group")
    return await _create(call, GROUP)


async def _create(call: Call, kind: str) -> Document:
    call.check(f"{kind}_create")
    given = Form(await pictures.judged(call))
    given.need("name")
    given.text("name", checks.name)
    if call.caller.sysadmin:
        given.text("id", form.uuid)
    elif given.has("id"):
        given.fail("id", "The input field id was not expected.")
    values = _values(given, kind)
    async with writing(call.engine) as session:
        await _free(call, session, given, None)
        await _members(call, session, given, None)
        given.done()
        await pictures.keep(call, session)
        row = HostedGroup(name=checks.text(given.params["name"]), kind=kind, body={"type": kind, "title": ""} | values)
        if given.has("id"):
            row.id = checks.text(given.params["id"]).lower()
        if call.caller.sysadmin and given.params.get("state") in (ACTIVE, DELETED):
            row.state = given.params["state"]
        session.add(row)
        await session.flush()
        await _memberships(call, session, row, given, packages=kind == GROUP)
        await groups.put(session, row.id, "user", str(call.caller.id), "admin")
        record(call, session, row, "new")
    call.callers.forget()
    await call.look_again()
    return await show(call.asking({}), row.id, kind)


def _values(given: Form, kind: str) -> dict[str, Any]:
    """The fields of the body that were sent."""
    found: dict[str, Any] = {name: given.text(name) for name in TEXTS if name in given.params}
    if given.has("type"):
        found["type"] = given.text("type", checks.name)
    extras = given.dicts("extras")
    if extras is not None:
        kept = [extra for extra in extras if not extra.get("deleted")]
        _each(given, "extras", kept, lambda extra: {} if extra.get("key") else {"key": [checks.MISSING]})
        # Of two with one key the last one counts.
        values = {checks.text(e.get("key")): checks.text(e.get("value", "")) for e in kept}
        found["extras"] = [{"key": key, "value": value} for key, value in values.items()]
    return found


def _each(given: Form, name: str, parts: list[Document], fault: Callable[[Document], Document]) -> None:
    """What is wrong with the members of a list, each at its place."""
    faults = [fault(part) for part in parts]
    if any(faults):
        given.errors[name] = faults


async def _members(call: Call, session: Session, given: Form, row: HostedGroup | None) -> None:
    """Are the users, groups above and datasets that were sent named, and there? Raises Refusal for what is no list.

    A group that is there already has no group above it that is below it, or of another type.
    """
    _each(given, "users", given.dicts("users") or [], lambda part: _fault(part, "name", set(), ""))
    above = given.dicts("groups") or []
    names = {checks.text(part["name"]) for part in above if part.get("name")}
    loops = set() if row is None else {name for name in names if not await _may_be_above(session, name, row)}
    _each(given, "groups", above, lambda part: _fault(part, "name", loops, _LOOP))
    sent = given.dicts("packages") or []
    names = {checks.text(part["id"]) for part in sent if part.get("id")}
    unknown = {name for name in names if not (call.index.find(name) or await groups.package(session, name))}
    _each(given, "packages", sent, lambda part: _fault(part, "id", unknown, "Dataset not found"))


def _fault(part: Document, key: str, wrong: set[str], message: str) -> Document:
    if not part.get(key):
        return {key: [checks.MISSING]}
    return {key: [message]} if checks.text(part[key]) in wrong else {}


async def _may_be_above(session: Session, name: str, row: HostedGroup) -> bool:
    found = await groups.find(session, name, row.kind)
    if found is None or found.id == row.id or row.id in await groups.ancestors(session, found.id):
        return False
    return bool(found.body.get("type", found.kind) == row.body.get("type", row.kind))


async def _free(call: Call, session: Session, given: Form, row: HostedGroup | None) -> None:
    """Is the name, and the id of a new one, free?"""
    if not given.has("name"):
        return
    wanted = checks.text(given.params["name"])
    same = await groups.find(session, wanted)
    taken = same is not None and same.name == wanted and (row is None or same.id != row.id)
    if taken or any(wanted == agency.document["name"] for agency in agencies(call)):
        given.fail("name", "Group name already exists in database")
    if row is None and given.has("id") and await groups.find(session, checks.text(given.params["id"]).lower()):
        given.fail("id", "Group id already exists")


async def _memberships(call: Call, session: Session, row: HostedGroup, given: Form, *, packages: bool) -> None:
    """Users, groups above and datasets that were sent replace those there are."""
    sent = given.dicts("users")
    if sent is not None:
        found = {u.id: part for part in sent if (u := await users.find(session, _named(part)))}
        await groups.replace(session, row.id, "user", {id: _capacity(part) for id, part in found.items()})
    sent = given.dicts("groups")
    if sent is not None:
        above = {g.id: part for part in sent if (g := await groups.find(session, _named(part), row.kind))}
        await groups.replace(session, row.id, "group", {id: _capacity(part) for id, part in above.items()})
    sent = given.dicts("packages") if packages else None
    if sent is not None:
        wanted = {p.id: "public" for part in sent if (p := await groups.package(session, _named(part)))}
        await groups.replace(session, row.id, "package", wanted)


def _named(part: dict[str, Any]) -> str:
    return checks.text(part.get("id") or part.get("name") or "")


def _capacity(part: dict[str, Any]) -> str:
    return checks.text(part.get("capacity") or "public")


# --- changing --------------------------------------------------------------------------------------------------------


@action
async def organization_update(call: Call) -> Any:
    """Change an organization. Extra fields that are not sent are lost; its other fields and its users stay.

    :param id: its id or name
    :param name: its new name
    :param title: what it is called
    :param description: what it is
    :param image_url: the address of its picture; or `image_upload`, or `clear_upload`
    :param extras: its extra fields, all of them
    :param users: its users, all of them
    :param state: `active` or `deleted`
    """
    return await _update(call, ORGANIZATION)


@action
async def group_update(call: Call) -> Any:
    """Change a group. Extra fields that are not sent are lost; its other fields and members stay.

    :param id: its id or name
    :param name: its new name
    :param title: what it is called
    :param description: what it is
    :param image_url: the address of its picture; or `image_upload`, or `clear_upload`
    :param extras: its extra fields, all of them
    :param users: its users, all of them
    :param groups: the groups above it, all of them
    :param packages: its datasets, all of them
    :param state: `active` or `deleted`
    """
    return await _update(call, GROUP)


@action
async def organization_patch(call: Call) -> Any:
    """Change some fields of an organization; what is not sent stays as it is.

    :param id: its id or name
    """
    return await _update(call, ORGANIZATION, patch=True)


@action
async def group_patch(call: Call) -> Any:
    """Change some fields of a group; what is not sent stays as it is.

    :param id: its id or name
    """
    return await _update(call, GROUP, patch=True)


async def _update(call: Call, kind: str, *, patch: bool = False) -> Document:
    name = text(call.params, "id")
    params = await pictures.judged(call)
    async with writing(call.engine) as session:
        row = await _own(call, session, name, kind, "" if patch else "Group was not found.")
        call.check(f"{kind}_update", row)
        if params.get("type") not in (None, "", row.body.get("type", kind)):
            raise invalid("type", "Type cannot be updated")
        given = Form(params)
        if "name" in params:
            given.need("name")
            given.text("name", checks.name)
        values = _values(given, kind)
        await _free(call, session, given, row)
        await _members(call, session, given, row)
        given.done()
        await pictures.keep(call, session)
        kept: Document = {"extras": []} if "extras" not in params and not patch else {}
        row.body = row.body | kept | values
        row.name = checks.text(params["name"]) if given.has("name") else row.name
        if params.get("state") in (ACTIVE, DELETED):
            row.state = params["state"]
        await _memberships(call, session, row, given, packages=kind == GROUP)
        record(call, session, row, "deleted" if row.state == DELETED else "changed")
        await session.flush()
    call.callers.forget()
    await call.look_again()
    return await dictized(call, hosted(row))


# --- deleting --------------------------------------------------------------------------------------------------------


@action
async def organization_delete(call: Call) -> Any:
    """Delete an organization that has no datasets. It stays in the database, out of sight.

    :param id: its id or name
    """
    await _delete(call, ORGANIZATION)


@action
async def group_delete(call: Call) -> Any:
    """Delete a group. It stays in the database, out of sight.

    :param id: its id or name
    """
    await _delete(call, GROUP)


async def _delete(call: Call, kind: str) -> None:
    async with writing(call.engine) as session:
        row = await _own(call, session, text(call.params, "id"), kind, "Group was not found.")
        call.check(f"{kind}_delete", row)
        if kind == ORGANIZATION and await groups.datasets_of(session, row.id):
            raise told(_WITH.format("deleted"))
        await groups.delete_group(session, row)
        record(call, session, row, "deleted")
    call.callers.forget()


@action
async def organization_purge(call: Call) -> Any:
    """Take an organization that has no datasets out of the database for good (sysadmins).

    :param id: its id or name
    """
    await _purge(call, ORGANIZATION)


@action
async def group_purge(call: Call) -> Any:
    """Take a group out of the database for good (sysadmins).

    :param id: its id or name
    """
    await _purge(call, GROUP)


async def _purge(call: Call, kind: str) -> None:
    async with writing(call.engine) as session:
        row = await _own(call, session, text(call.params, "id"), kind, f"{kind.title()} was not found")
        call.check("group_purge", row)
        if kind == ORGANIZATION and await groups.datasets_of(session, row.id):
            raise told(_WITH.format("purged"))
        await groups.purge(session, row)
    call.callers.forget()


async def _own(call: Call, session: Session, name: str, kind: str, missing: str) -> HostedGroup:
    """One that people have made. Raises Refusal: 404, or 403 for the agency of contracts."""
    found = await one(call, session, name, kind, missing)
    if found.row is None:
        raise authz.governed()
    return found.row


def record(call: Call, session: Session, row: HostedGroup, verb: str) -> None:
    """Put down that the caller has done something to a group."""
    extras = {extra["key"]: extra["value"] for extra in row.body.get("extras", [])}
    data = {"group": people.short(row) | {"extras": extras}}
    activities.record(session, call.caller.id, row.id, f"{verb} {row.kind}", data)
