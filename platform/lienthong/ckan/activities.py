"""Actions about what people did: streams of datasets, groups, users, of the dashboard; one activity and its changes."""

import difflib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lienthong.catalog.hosted import activities, groups, settings, users
from lienthong.catalog.hosted.activities import Condition, Page
from lienthong.catalog.hosted.tables import HostedActivity, HostedUser
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import ids
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import denied, invalid, not_found
from lienthong.ckan.form import told
from lienthong.ckan.groups import GROUP, ORGANIZATION, one
from lienthong.ckan.parameters import flag, natural, text
from lienthong.ckan.shown import asked
from lienthong.kernel.clock import now

LIMIT, MOST = 31, 100


def document(row: HostedActivity) -> Document:
    """An activity."""
    return {
        "id": row.id,
        "timestamp": ids.stamp(row.timestamp),
        "user_id": row.user_id,
        "object_id": row.object_id,
        "activity_type": row.activity_type,
        "data": row.data,
        "permission_labels": row.permission_labels,
    }


# --- streams ---------------------------------------------------------------------------------------------------------


async def _listed(call: Call, about: Condition, *, hides: bool = True) -> list[HostedActivity]:
    """A page of activities; what the site's own user did is hidden unless a sysadmin asks for it."""
    hidden = hides and not (call.caller.sysadmin and flag(call.params, "include_hidden_activity"))
    types, without = texts(call, "activity_types"), texts(call, "exclude_activity_types")
    if types is not None and without is not None:
        raise invalid("activity_types", "Cannot be used together with `exclude_activity_types")
    limit = min(natural(call.params, "limit", LIMIT, "Please enter an integer value"), MOST)
    offset = natural(call.params, "offset", 0)
    before, after = _moment(call, "before"), _moment(call, "after")
    async with reading(call.engine) as session:
        site = await users.find(session, users.SITE_USER) if hidden else None
        page = Page(limit or None, offset, before, after, types, without, (site.id,) if site else ())
        return await activities.listed(session, call.caller, about, page)


def texts(call: Call, name: str) -> list[str] | None:
    """Several texts. Raises Refusal for anything else."""
    given = call.params.get(name)
    if given is None:
        return None
    if not isinstance(given, list):
        raise invalid(name, "Not a list")
    return [plain(part) for part in given]


def _moment(call: Call, name: str) -> datetime | None:
    given = call.params.get(name)
    if given in (None, ""):
        return None
    try:
        return datetime.fromtimestamp(float(given), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise invalid(name, "Must be a float timestamp") from None


async def _stream(call: Call, kind: str) -> list[Document]:
    """The stream of a group or organization."""
    async with reading(call.engine) as session:
        found = await one(call, session, text(call.params, "id"), kind)
    call.check("group_show", found)
    about = activities.about_organization(found.id) if kind == ORGANIZATION else activities.about_group(found.id)
    return [document(row) for row in await _listed(call, about)]


@action
async def package_activity_list(call: Call) -> Any:
    """List what was done to a dataset, the newest first.

    :param id: its id or name
    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    :param after: only later than this moment, in seconds since 1970
    :param before: only earlier than this moment, in seconds since 1970
    :param include_hidden_activity: also what the site itself did (sysadmins)
    :param activity_types: only these types
    :param exclude_activity_types: without these types
    """
    found = await asked(call, "package_show", id=text(call.params, "id"))
    return [document(row) for row in await _listed(call, activities.about_object(str(found["id"])))]


@action
async def group_activity_list(call: Call) -> Any:
    """List what was done to a group and its datasets, the newest first.

    :param id: its id or name
    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    :param include_hidden_activity: also what the site itself did (sysadmins)
    """
    return await _stream(call, GROUP)


@action
async def organization_activity_list(call: Call) -> Any:
    """List what was done to an organization and its datasets, the newest first.

    :param id: its id or name
    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    :param include_hidden_activity: also what the site itself did (sysadmins)
    """
    return await _stream(call, ORGANIZATION)


@action
async def user_activity_list(call: Call) -> Any:
    """List what a user did, the newest first.

    :param id: the id or name
    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    :param after: only later than this moment, in seconds since 1970
    :param before: only earlier than this moment, in seconds since 1970
    """
    async with reading(call.engine) as session:
        user = await users.find(session, text(call.params, "id"))
    if user is None:
        raise not_found()
    return [document(row) for row in await _listed(call, activities.by_user(user.id), hides=False)]


@action
async def recently_changed_packages_activity_list(call: Call) -> Any:
    """List what was done to datasets, the newest first.

    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    """
    return [document(row) for row in await _listed(call, activities.about_packages())]


# --- the caller's own ------------------------------------------------------------------------------------------------


@action
async def dashboard_activity_list(call: Call) -> Any:
    """List what the caller did, and what was done to and by whatever they follow, the newest first.

    :param offset: how many to skip
    :param limit: at most so many (31, at most 100)
    """
    call.check("dashboard")
    async with reading(call.engine) as session:
        about = await activities.followed_by(session, str(call.caller.id))
        viewed = await _viewed(session, str(call.caller.id))
    rows = await _listed(call, about)
    return [
        document(row) | {"is_new": row.user_id != call.caller.id and (viewed is None or row.timestamp > viewed)}
        for row in rows
    ]


async def _viewed(session: Session, user: str) -> datetime | None:
    """When the user last looked; before that, when the user was made."""
    kept = await settings.get(session, "dashboard", user)
    if kept is not None:
        return datetime.fromisoformat(kept["viewed"])
    row = await session.get(HostedUser, user)
    return row.created if row else None


@action
async def dashboard_new_activities_count(call: Call) -> Any:
    """Count what is new in the caller's dashboard."""
    call.check("dashboard")
    return sum(row["is_new"] for row in await dashboard_activity_list(call))


@action
async def dashboard_mark_activities_old(call: Call) -> Any:
    """Say that the caller has seen everything in their dashboard."""
    call.check("dashboard")
    async with writing(call.engine) as session:
        await settings.put(session, "dashboard", str(call.caller.id), {"viewed": now().isoformat()})


@action
async def send_email_notifications(call: Call) -> Any:
    """Send e-mails about what is new (sysadmins): this site sends none."""
    call.check("send_email_notifications")
    raise told("ckan.activity_streams_email_notifications is not enabled in config")


# --- one -------------------------------------------------------------------------------------------------------------


async def _one(call: Call, *, whole: bool) -> HostedActivity:
    """An activity that the caller may see; `whole`: with what the dataset was, which is for its editors."""
    async with reading(call.engine) as session:
        row = await activities.find(session, text(call.params, "id"))
        if row is None:
            raise not_found()
        if call.caller.sysadmin:
            return row
        if "package" not in row.activity_type:
            raise denied("object_type not recognized")
        if row.permission_labels is not None and not set(row.permission_labels) & set(activities.held_by(call.caller)):
            raise denied("Unauthorized to view activity data")
        dataset = await groups.package(session, row.object_id)
    if dataset is None:
        raise not_found()
    call.check("package_update" if whole else "package_show", dataset)
    return row


@action
async def activity_show(call: Call) -> Any:
    """Show an activity.

    :param id: its id
    """
    return document(await _one(call, whole=False))


@action
async def activity_data_show(call: Call) -> Any:
    """Show what an activity is about as it was then (for its editors).

    :param id: the id of the activity
    :param object_type: only this part: `package` or `group`
    """
    row, kind = await _one(call, whole=True), call.params.get("object_type")
    if not kind:
        return row.data
    if kind not in row.data:
        raise not_found("Could not find that object_type in the activity")
    return row.data[kind]


@action
async def activity_diff(call: Call) -> Any:
    """Show what an activity changed, line by line (for its editors).

    :param id: the id of the activity
    :param object_type: `package` or `group`
    :param diff_type: `unified` (as it is without it), `context` or `html`
    """
    kind, form = text(call.params, "object_type"), plain(call.params.get("diff_type") or "unified")
    row = await _one(call, whole=True)
    async with reading(call.engine) as session:
        older = await activities.before(session, row)
    if older is None:
        raise not_found("Previous activity for this object not found")
    if kind not in older.data or kind not in row.data:
        raise not_found("Could not find object in the activity data")
    texts = [json.dumps(given.data[kind], indent=2, sort_keys=True).split("\n") for given in (older, row)]
    if form not in _DIFFS:
        raise told("diff_type not recognized")
    return {"diff": _DIFFS[form](*texts), "activities": [document(older), document(row)]}


def _html(old: list[str], new: list[str]) -> str:
    return difflib.HtmlDiff().make_table(_wrapped(old), _wrapped(new))


def _wrapped(lines: list[str]) -> list[str]:
    return [part for line in lines for part in re.findall(r".{1,70}(?:\s+|$)", line)]


_DIFFS: dict[str, Callable[[list[str], list[str]], str]] = {
    "unified": lambda old, new: "\n".join(difflib.unified_diff(old, new)),
    "context": lambda old, new: "\n".join(difflib.context_diff(old, new)),
    "html": _html,
}
