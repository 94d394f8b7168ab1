"""Actions about users: e-mails and hashes only for the users themselves and for sysadmins."""

import asyncio
import json
from typing import Any

from lienthong.catalog.hosted import activities, follows, groups, users
from lienthong.catalog.hosted.caller import ROLES
from lienthong.catalog.hosted.tables import ACTIVE, DELETED, HostedGroup, HostedUser
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import checks, form, people, pictures
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import denied, not_found
from lienthong.ckan.form import Form, told
from lienthong.ckan.parameters import Params, flag, natural, text
from lienthong.ckan.shown import datasets, quoted
from lienthong.ckan.tokens import make_token
from lienthong.governance.credentials import password_hash

_TAKEN = "The username is already associated with another account. Please use a different username."
_STATES = (ACTIVE, DELETED, "pending")
_OF_PLATFORM = "It is the account of a person or agency of the platform: it is changed there"
_ORDERS = ("id", "name", "fullname", "display_name", "created", "about", "sysadmin", "number_created_packages")


# --- reading ---------------------------------------------------------------------------------------------------------


@action
async def user_list(call: Call) -> Any:
    """List the users.

    :param q: only those whose name or full name holds a text; for sysadmins also their e-mail
    :param email: only the one with this e-mail (sysadmins)
    :param order_by: `display_name` (as it is without it), `name`, `fullname`, `created`, `about`, `sysadmin`, `id` or
        `number_created_packages`
    :param all_fields: whole users (true) or names
    :param include_site_user: also the user in whose name the site acts
    """
    params = call.params
    email, words = params.get("email"), checks.text(params.get("q") or "")
    if email:
        call.check("user_list_email")
    if params.get("order_by") == "edits":
        raise told("order_by=edits is no longer supported")
    async with reading(call.engine) as session:
        rows = await users.every(session, words, checks.text(email) if email else None, by_email=call.caller.sysadmin)
        if not flag(params, "include_site_user"):
            rows = [row for row in rows if row.name != users.SITE_USER]
        found = list(zip(rows, await people.listed(call, session, [(row, None) for row in rows]), strict=True))
    _order(found, checks.text(params.get("order_by") or "display_name"))
    if not flag(params, "all_fields", True):
        return [row.name for row, _ in found]
    return [shown | (people.private(row) if people.sees_private(call, row) else {}) for row, shown in found]


def _order(found: list[tuple[HostedUser, Document]], field: str) -> None:
    field = field if field in _ORDERS else "display_name"
    # What a user has not told comes last.
    told = [pair for pair in found if pair[1][field] is not None]
    found[:] = sorted(told, key=lambda pair: pair[1][field]) + [pair for pair in found if pair[1][field] is None]


@action
async def user_show(call: Call) -> Any:
    """Show a user: the one with the id, or the caller.

    :param id: the id or name
    :param include_datasets: also their datasets, fifty of them
    :param include_num_followers: also how many users follow them
    :param include_password_hash: also the hash of their password (sysadmins)
    :param include_plugin_extras: also what programs keep of them (sysadmins)
    """
    params = call.params
    name = checks.text(params["id"]) if params.get("id") else call.caller.id
    async with reading(call.engine) as session:
        row = await users.find(session, name)
        if row is None:
            raise not_found()
        own = people.sees_private(call, row)
        shown = (await people.listed(call, session, [(row, None)], all=own))[0] | (people.private(row) if own else {})
        if flag(params, "include_num_followers"):
            shown["num_followers"] = await follows.count(session, "user", row.id)
    if call.caller.sysadmin and flag(params, "include_password_hash"):
        shown["password_hash"] = row.password_hash
    if call.caller.sysadmin and flag(params, "include_plugin_extras"):
        shown["plugin_extras"] = row.body.get("plugin_extras")
    if flag(params, "include_datasets"):
        more = {"include_private": True, "include_drafts": True} if own else {}
        shown["datasets"] = (await datasets(call, f"+creator_user_id:{quoted(row.id)}", 50, **more))[1]
    return shown


@action
async def user_autocomplete(call: Call) -> Any:
    """Find users whose name or full name holds a text; for sysadmins also their e-mail.

    :param q: the text
    :param limit: at most so many (20)
    :param ignore_self: without the caller
    """
    words, limit = text(call.params, "q"), natural(call.params, "limit", 20)
    async with reading(call.engine) as session:
        rows = await users.every(session, words, by_email=call.caller.sysadmin)
    if flag(call.params, "ignore_self"):
        rows = [row for row in rows if row.id != call.caller.id]
    return [{"id": row.id, "name": row.name, "fullname": row.body.get("fullname")} for row in rows[:limit]]


@action
async def get_site_user(call: Call) -> Any:
    """Tell the user in whose name the site itself acts (sysadmins). Its key opens nothing.

    :param defer_commit: has no meaning here
    """
    call.check("get_site_user")
    async with writing(call.engine) as session:
        row = await users.site_user(session)
    return {"name": row.name, "id": row.id, "apikey": ""}


# --- making ----------------------------------------------------------------------------------------------------------


@action
async def user_create(call: Call) -> Any:
    """Make a user (sysadmins).

    :param name: 2 to 100 characters: lower case letters, digits, `-` and `_`
    :param email: the e-mail, which no other user has
    :param password: 8 characters or more
    :param id: a UUID of one's own
    :param fullname: the full name
    :param about: what they tell of themselves, without links
    :param image_url: the address of their picture; or `image_upload`: the picture
    :param plugin_extras: what programs keep of them: an object
    :param with_apitoken: also make a token; it is told once, in `token`
    """
    call.check("user_create")
    given = Form(await pictures.judged(call))
    given.need("name", "email", *(() if given.has("password_hash") else ("password",)))
    async with writing(call.engine) as session:
        row = HostedUser(name="")
        await _checked(call, session, given, row)
        if given.has("id"):
            wanted = given.text("id", form.uuid)
            if "id" not in given.errors and await users.find(session, wanted) is None:
                row.id = wanted
        given.done()
        await pictures.keep(call, session)
        await _assign(call, given, row)
        session.add(row)
        await session.flush()
        activities.record(session, row.id, row.id, "new user")
        shown = (await people.listed(call, session, [(row, None)]))[0] | people.private(row)
        if flag(call.params, "with_apitoken"):
            _, shown["token"] = make_token(session, row, "default")
    if "plugin_extras" in given.params:
        shown["plugin_extras"] = row.body.get("plugin_extras")
    return shown


async def _checked(call: Call, session: Session, given: Form, row: HostedUser) -> None:
    """What is wrong with the fields of a user; `row` is as it was."""
    is_new = not row.name
    if given.has("name") and (is_new or given.params["name"] != row.name):
        name = given.text("name", checks.name)
        if await users.find(session, name) is not None:
            given.fail("name", _TAKEN)
        elif not is_new and not call.caller.sysadmin and row.state != "pending":
            given.fail("name", "That login name can not be modified.")
    if given.has("email"):
        email = given.text("email", checks.email)
        owner = await users.with_email(session, email) if "email" not in given.errors else None
        same_name = owner is not None and owner.name == given.params.get("name")
        if owner is not None and owner.id != row.id and not same_name:
            given.fail("email", f"The email address '{email.lower()}' belongs to a registered user.")
    if given.has("password") and not isinstance(given.params["password"], str):
        given.fail("password", "Passwords must be strings")
    else:
        given.text("password", form.password)
    given.text("about", form.about)
    extras = given.params.get("plugin_extras")
    if extras not in (None, "") and not isinstance(extras, dict):
        given.fail("plugin_extras", "The value should be a valid JSON object")


async def _assign(call: Call, given: Form, row: HostedUser) -> None:
    """Put the fields that were sent into the row; nothing is wrong with them."""
    params, body = given.params, dict(row.body)
    row.name = given.text("name") if given.has("name") else row.name
    row.email = given.text("email").strip() if given.has("email") else row.email
    for field in ("fullname", "about", "image_url"):
        if field in params:
            body[field] = checks.text(params[field]) if params[field] is not None else None
    if "activity_streams_email_notifications" in params:
        body["activity_streams_email_notifications"] = given.flag("activity_streams_email_notifications")
    if given.has("password"):
        row.password_hash = await asyncio.to_thread(password_hash, given.text("password"))
    if call.caller.sysadmin:
        if given.has("password_hash"):
            row.password_hash = given.text("password_hash")
        if "plugin_extras" in params:
            body["plugin_extras"] = params["plugin_extras"]
        if params.get("state") in _STATES:
            row.state = params["state"]
        if given.has("sysadmin") and row.id != call.caller.id and row.person_id is None:
            row.sysadmin = given.flag("sysadmin")
    row.body = json.loads(json.dumps(body))


# --- changing --------------------------------------------------------------------------------------------------------


@action
async def user_update(call: Call) -> Any:
    """Change a user: oneself, or anybody (sysadmins). The e-mail must be sent.

    :param id: the id or name
    :param email: the e-mail
    :param name: the new name (sysadmins)
    :param password: the new password
    :param fullname: the full name
    :param about: what they tell of themselves, without links
    :param image_url: the address of their picture; or `image_upload`, or `clear_upload`
    :param plugin_extras: what programs keep of them (sysadmins)
    :param sysadmin: may they do everything? (other sysadmins)
    :param state: `active` or `deleted` (sysadmins)
    """
    return await _update(call, patch=False)


@action
async def user_patch(call: Call) -> Any:
    """Change some fields of a user: of oneself, or of anybody (sysadmins).

    :param id: the id or name
    """
    return await _update(call, patch=True)


async def _update(call: Call, *, patch: bool) -> Document:
    name = text(call.params, "id")
    params: Params = await pictures.judged(call)
    async with writing(call.engine) as session:
        row = await users.find(session, name)
        if row is None:
            raise not_found("" if patch else "User was not found.")
        call.check("user_update", row)
        given = Form(params)
        if not patch or "email" in params:
            given.need("email")
        await _checked(call, session, given, row)
        given.done()
        await pictures.keep(call, session)
        await _assign(call, given, row)
        activities.record(session, row.id, row.id, "changed user")
        await session.flush()
        shown = (await people.listed(call, session, [(row, None)], all=people.sees_private(call, row)))[0]
    call.callers.forget()
    shown |= people.private(row)
    if call.caller.sysadmin and "plugin_extras" in params:
        shown["plugin_extras"] = row.body.get("plugin_extras")
    return shown


@action
async def user_delete(call: Call) -> Any:
    """Delete a user (sysadmins). Their tokens stop to work and they leave every group; what they made stays.

    :param id: the id or name
    """
    call.check("user_delete")
    async with writing(call.engine) as session:
        name = text(call.params, "id")
        row = await users.find(session, name)
        if row is None:
            raise not_found(f'User "{name}" was not found.')
        if row.person_id is not None or row.name == users.SITE_USER:
            raise denied(_OF_PLATFORM)
        await users.delete_user(session, row)
    call.callers.forget()


@action
async def user_invite(call: Call) -> Any:
    """Invite somebody by e-mail into a group: this site sends no e-mail, so that nobody is invited.

    :param email: the address
    :param group_id: the id or name of the group
    :param role: `admin`, `editor` or `member`
    """
    given = Form(call.params)
    given.need("email", "group_id", "role")
    if given.has("role") and checks.text(call.params["role"]) not in ROLES:
        given.fail("role", "role does not exist.")
    async with reading(call.engine) as session:
        group = await groups.find(session, given.text("group_id")) if given.has("group_id") else None
        if group is not None or not call.caller.is_known:
            call.check("members", group or HostedGroup(name=""))
        if given.has("email"):
            email = given.text("email", checks.email)
            if "email" not in given.errors and await users.with_email(session, email):
                given.fail("email", f"The email address '{email.lower()}' belongs to a registered user.")
    given.done()
    if group is None:
        raise not_found()
    raise told("Error sending the invite email, the user was not created: this site sends no e-mail")
