"""Actions that put down and delete activities by hand (sysadmins)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from lienthong.catalog.hosted import activities, groups, users
from lienthong.catalog.hosted.activities import Condition
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import checks
from lienthong.ckan.activities import document, texts
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import invalid, not_found
from lienthong.ckan.form import Form, told
from lienthong.ckan.groups import GROUP, ORGANIZATION
from lienthong.ckan.parameters import natural, text
from lienthong.kernel.clock import now

VERBS = ("new", "changed", "deleted")
TYPES = {
    **{f"{verb} package": "package" for verb in VERBS},
    **{f"{verb} resource view": "package" for verb in VERBS},
    **{f"{verb} {kind}": "group" for verb in VERBS for kind in (GROUP, ORGANIZATION)},
    "new user": "user",
    "changed user": "user",
    "follow dataset": "package",
    "follow user": "user",
    "follow group": "group",
    "follow organization": "group",
}
"""From a type of activity to what it is about."""

_NOTHING = "No activities found matching the specified criteria."


@action
async def activity_create(call: Call) -> Any:
    """Put down that a user did something (sysadmins).

    :param user_id: the id or name of the user
    :param object_id: the id of what it was done to
    :param activity_type: as `new package`, `changed user`, `deleted group`
    :param data: anything more, an object
    """
    call.check("activity")
    given = Form(call.params)
    given.need("user_id", "object_id", "activity_type")
    kind = TYPES.get(given.text("activity_type"))
    if kind is None and given.has("activity_type"):
        given.fail("activity_type", "Not found: Activity type")
    async with writing(call.engine) as session:
        user = await users.find(session, given.text("user_id"))
        if user is None and given.has("user_id"):
            given.fail("user_id", "Not found: User")
        if kind and given.has("object_id") and await _EXISTS[kind](session, given.text("object_id")) is None:
            given.fail("object_id", f"Not found: {'Dataset' if kind == 'package' else kind.title()}")
        given.done()
        data = call.params.get("data")
        kept = data if isinstance(data, dict) else {}
        labels = texts(call, "permission_labels")
        row = activities.record(
            session, user.id if user else None, given.text("object_id"), given.text("activity_type"), kept, labels
        )
        await session.flush()
    return document(row)


_EXISTS: dict[str, Callable[[Session, str], Awaitable[Any]]] = {
    "package": groups.package,
    "group": groups.find,
    "user": users.find,
}


@action
async def activity_delete(call: Call) -> Any:
    """Delete activities: one, or those of a time (sysadmins).

    :param id: the id of one
    :param start_date: the first day or moment
    :param end_date: the last day or moment
    :param offset_days: or everything that is older than so many days
    :param keep: keep so many of each thing, the newest
    :param batch_size: has no meaning here
    """
    call.check("activity")
    if call.params.get("id"):
        async with writing(call.engine) as session:
            if await activities.find(session, text(call.params, "id")) is None:
                raise not_found("Activity not found")
            await activities.drop(session, activities.itself(text(call.params, "id")))
        return {"message": "Activity purged"}
    return await _deleted(call, _time(call), natural(call.params, "keep", 0))


def _time(call: Call) -> Condition:
    """The activities of the time that is given. Raises Refusal."""
    given = Form(call.params)
    if given.has("offset_days"):
        return activities.older_than(now() - timedelta(days=min(natural(call.params, "offset_days", 0), 100_000)))
    if not (given.has("start_date") and given.has("end_date")):
        raise told("Either both start_date and end_date or offset_days must be specified.")
    ends = []
    for name in ("start_date", "end_date"):
        value, wrong = checks.passed(call.params[name], checks.moment)
        if wrong:
            raise invalid(name, *wrong)
        ends.append(datetime.fromisoformat(value).replace(tzinfo=UTC))
    if ends[0] > ends[1]:
        raise told("start_date cannot be greater than end_date.")
    return activities.between(ends[0], ends[1])


@action
async def activity_delete_all(call: Call) -> Any:
    """Delete every activity (sysadmins).

    :param batch_size: has no meaning here
    """
    call.check("activity")
    return await _deleted(call, activities.every(), 0)


async def _deleted(call: Call, which: Condition, keep: int) -> Document:
    async with writing(call.engine) as session:
        gone = await activities.drop(session, which, keep)
    return {"message": f"Deleted {gone} rows from the activity table." if gone else _NOTHING}


@action
async def activity_delete_counts(call: Call) -> Any:
    """Count the activities that are older than a day, a month and a year (sysadmins)."""
    call.check("activity")
    async with reading(call.engine) as session:
        return await activities.ages(session)
