"""Actions about who and what belongs to groups and organizations."""

from typing import Any

from lienthong.catalog.hosted import groups, users
from lienthong.catalog.hosted.caller import ROLES
from lienthong.catalog.hosted.tables import HostedGroup, HostedMember
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import authz
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, denied, not_found
from lienthong.ckan.form import Form, told
from lienthong.ckan.groups import GROUP, ORGANIZATION, Found, one
from lienthong.ckan.parameters import text
from lienthong.ckan.shown import every_id

KINDS = ("user", "package", "group")


@action
async def member_list(call: Call) -> Any:
    """List what belongs to a group: triples of id, kind and capacity. Datasets only as far as the caller may see them.

    :param id: the id or name of the group or organization
    :param object_type: only `user`, `package` or `group`
    :param capacity: only this capacity
    """
    kind, capacity = call.params.get("object_type"), call.params.get("capacity")
    async with reading(call.engine) as session:
        found = await one(call, session, text(call.params, "id"))
        call.check("group_show", found)
        listed = await groups.members(
            session, found.id, plain(kind) if kind else None, plain(capacity) if capacity else None
        )
        ids = [member.table_id for member in listed if member.table_name == "package"]
        seen = {p.id for p in await groups.packages(session, ids) if authz.reads(call.caller, p)}
    shown = [
        [member.table_id, member.table_name, _told(member.capacity)]
        for member in listed
        if member.table_name != "package" or member.table_id in seen
    ]
    if found.kind == ORGANIZATION and kind in (None, "", "package") and capacity in (None, "", ORGANIZATION):
        shown += [[id, "package", ORGANIZATION] for id in await every_id(call, found.filter)]
    return shown


def _told(capacity: str) -> str:
    return capacity.title() if capacity in ROLES else capacity


@action
async def member_roles_list(call: Call) -> Any:
    """List the roles that users can have.

    :param group_type: `organization` (as it is without it) or `group`
    """
    roles = [role for role in ROLES if role != "editor" or call.params.get("group_type") != GROUP]
    return [{"text": role.title(), "value": role} for role in roles]


# --- any kind of member ----------------------------------------------------------------------------------------------


@action
async def member_create(call: Call) -> Any:
    """Make a user, a dataset or a group a member of a group, or give it another capacity.

    :param id: the id or name of the group
    :param object: the id or name of the member
    :param object_type: `user`, `package` or `group`
    :param capacity: for users `admin`, `editor` or `member`; else `public`
    """
    _sent(call, "id", "object", "object_type", "capacity")
    return await _put(call, plain(call.params["id"]), plain(call.params["capacity"]))


def _sent(call: Call, *names: str) -> None:
    """Were these sent, with or without a value? Raises Refusal."""
    if absent := [name for name in names if name not in call.params]:
        raise Refusal(409, {name: ["Missing value"] for name in absent} | {"__type": "Validation Error"})


async def _put(call: Call, group: str, capacity: str) -> Document:
    kind = plain(call.params["object_type"])
    async with writing(call.engine) as session:
        found = await one(call, session, group, None, "Group was not found.")
        member = await _member(session, kind, plain(call.params["object"]))
        call.check("member", (found, kind))
        if found.row is None and kind != "user":
            raise authz.governed()
        await _sound(call, session, found, kind, member, capacity)
        row = await groups.put(session, found.id, kind, member, capacity)
        await _touch(session, found.row)
    call.callers.forget()
    return _document(row)


async def _sound(call: Call, session: Session, group: Found, kind: str, member: str, capacity: str) -> None:
    """Nobody takes their own administration away, no group stands above itself."""
    if kind == "user" and member == call.caller.id and capacity != "admin":
        mine = (await groups.users_of(session, [group.id])).get(group.id, [])
        if any(user.id == member and role == "admin" for user, role in mine):
            raise denied("Administrators cannot revoke their own admin status")
    if kind == "group" and (member == group.id or group.id in await groups.ancestors(session, member)):
        raise told("This parent would create a loop in the hierarchy")


async def _member(session: Session, kind: str, name: str) -> str:
    """The id of what is to be a member. Raises Refusal."""
    if kind not in KINDS:
        raise told(f"{kind.title()} isn't a valid model")
    found: Any = None
    if kind == "user":
        found = await users.find(session, name)
    elif kind == "package":
        found = await groups.package(session, name)
    else:
        found = await groups.find(session, name)
    if found is None:
        raise not_found(f"{kind.title()} was not found.")
    return str(found.id)


@action
async def member_delete(call: Call) -> Any:
    """Take a user, a dataset or a group out of a group; nothing happens when it is not in it.

    :param id: the id or name of the group
    :param object: the id or name of the member
    :param object_type: `user`, `package` or `group`
    """
    _sent(call, "id", "object", "object_type")
    await _remove(call, plain(call.params["id"]), plain(call.params["object_type"]), plain(call.params["object"]))


async def _remove(call: Call, group: str, kind: str, name: str) -> None:
    async with writing(call.engine) as session:
        found = await one(call, session, group, None, "Group was not found.")
        member = await _member(session, kind, name)
        call.check("member", (found, kind))
        await groups.remove(session, found.id, kind, member)
        await _touch(session, found.row)
    call.callers.forget()


async def _touch(session: Session, row: HostedGroup | None) -> None:
    """Who keeps a copy of the group looks again."""
    if row is not None:
        row.change = 0
        await session.flush()


def _document(row: HostedMember) -> Document:
    return {
        "id": row.id,
        "table_name": row.table_name,
        "table_id": row.table_id,
        "capacity": row.capacity,
        "group_id": row.group_id,
        "state": row.state,
    }


# --- users with a role -----------------------------------------------------------------------------------------------


@action
async def organization_member_create(call: Call) -> Any:
    """Give a user a role in an organization.

    :param id: the id or name of the organization
    :param username: the user
    :param role: `admin`, `editor` or `member`
    """
    return await _enrol(call, ORGANIZATION)


@action
async def group_member_create(call: Call) -> Any:
    """Give a user a role in a group.

    :param id: the id or name of the group
    :param username: the user
    :param role: `admin`, `editor` or `member`
    """
    return await _enrol(call, GROUP)


async def _enrol(call: Call, kind: str) -> Document:
    given = Form(call.params)
    given.need("id", "username", *(() if "role" in call.params else ("role",)))
    async with reading(call.engine) as session:
        if given.has("id"):
            try:
                call.check("members", await one(call, session, plain(call.params["id"]), kind))
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
                given.fail("id", "That group name or ID does not exist.")
        if given.has("username") and await users.find(session, plain(call.params["username"])) is None:
            given.fail("username", "User not found")
    if "role" in call.params and plain(call.params["role"]) not in ROLES:
        given.fail("role", "role does not exist.")
    given.done()
    params = {"object": call.params["username"], "object_type": "user"}
    return await _put(call.asking(params), plain(call.params["id"]), plain(call.params["role"]))


@action
async def organization_member_delete(call: Call) -> Any:
    """Take a user out of an organization.

    :param id: the id or name of the organization
    :param username: the user
    """
    await _dismiss(call)


@action
async def group_member_delete(call: Call) -> Any:
    """Take a user out of a group.

    :param id: the id or name of the group
    :param username: the user
    """
    await _dismiss(call)


async def _dismiss(call: Call) -> None:
    given = Form(call.params)
    user = "username" if given.has("username") or not given.has("user_id") else "user_id"
    given.need("id", *(() if given.has("id") else (user,)))
    given.done()
    await _remove(call, plain(call.params["id"]), "user", plain(call.params.get(user) or ""))
