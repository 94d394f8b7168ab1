"""Actions about following datasets, groups, organizations and users."""

from collections.abc import Awaitable, Callable
from typing import Any

from lienthong.catalog.hosted import follows, users
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import ids, people
from lienthong.ckan.call import Action, Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, missing
from lienthong.ckan.form import told
from lienthong.ckan.groups import GROUP, ORGANIZATION, dictized, one
from lienthong.ckan.shown import asked

KINDS = {"dataset": "Dataset", "group": "Group", "user": "User"}
"""What can be followed; an organization is followed as a group."""

_MISSING = {"dataset": "Missing id, can not get Package object", "group": "Missing id, can not get Group object"}


def register(name: str, doc: str, function: Action) -> None:
    """One of several actions of one shape."""

    async def made(call: Call) -> Any:
        return await function(call)

    made.__name__, made.__doc__ = name, doc
    action(made)


# --- what is meant ---------------------------------------------------------------------------------------------------


async def _readable(call: Call, kind: str, name: str) -> str:
    """The id of something that the caller may see. Raises Refusal: 403 or 404."""
    if kind == "dataset":
        return str((await asked(call, "package_show", id=name))["id"])
    async with reading(call.engine) as session:
        if kind == "group":
            found = await one(call, session, name)
            call.check("group_show", found)
            return found.id
        user = await users.find(session, name)
    if user is None:
        raise told("Error validating the schema of the user to follow.")
    return user.id


async def _named(call: Call, kind: str) -> str:
    """The id of what is asked about. Raises Refusal: 409 when there is no such thing; 403 when it is not for them."""
    given = call.params.get("id")
    if not given:
        raise missing("id")
    try:
        return await _readable(call, kind, plain(given))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        raise invalid("id", f"Not found: {KINDS[kind]}") from None


# --- following -------------------------------------------------------------------------------------------------------


def _follow(kind: str) -> Action:
    async def follow(call: Call) -> Any:
        call.check(f"follow_{kind}")
        given = call.params.get("id")
        if not given:
            raise told(_MISSING.get(kind, f"Error validating the schema of the {kind} to follow."))
        id = await _readable(call, kind, plain(given))
        if id == call.caller.id:
            raise told("You cannot follow yourself")
        async with writing(call.engine) as session:
            row = await follows.start(session, str(call.caller.id), kind, id)
        return {"follower_id": row.follower_id, "object_id": row.object_id, "datetime": ids.stamp(row.at)}

    return follow


def _unfollow(kind: str) -> Action:
    async def unfollow(call: Call) -> Any:
        call.check(f"unfollow_{kind}")
        try:
            id = await _named(call, kind)
        except Refusal as refusal:
            if refusal.status == 403:  # what one may not see any more is left all the same
                id = plain(call.params["id"])
            else:
                raise told("Error validating the schema of the object to unfollow.") from None
        async with writing(call.engine) as session:
            await follows.stop(session, str(call.caller.id), kind, id)

    return unfollow


def _am_following(kind: str) -> Action:
    async def am_following(call: Call) -> Any:
        id = await _named(call, kind)
        call.check("am_following")
        async with reading(call.engine) as session:
            return await follows.follows(session, str(call.caller.id), kind, id)

    return am_following


# --- followers -------------------------------------------------------------------------------------------------------


def _follower_count(kind: str) -> Action:
    async def count(call: Call) -> Any:
        id = await _named(call, kind)
        async with reading(call.engine) as session:
            return await follows.count(session, kind, id)

    return count


def _follower_list(kind: str) -> Action:
    async def followers(call: Call) -> Any:
        call.check("followers")
        id = await _named(call, kind)
        async with reading(call.engine) as session:
            rows = await users.by_ids(session, await follows.followers(session, kind, id))
            return await people.listed(call, session, [(row, None) for row in rows])

    return followers


# --- followed --------------------------------------------------------------------------------------------------------


async def _follower(call: Call, *, own: bool) -> str:
    """The id of the user whose follows are asked for; `own`: only they and sysadmins may ask. Raises Refusal."""
    given = call.params.get("id")
    if not given:
        raise missing("id")
    async with reading(call.engine) as session:
        user = await users.find(session, plain(given))
    if own:
        call.check("followees", user)
    if user is None:
        raise invalid("id", "Not found: User")
    return user.id


async def _users(call: Call, session: Session, followed: list[str]) -> list[Document]:
    return await people.listed(call, session, [(row, None) for row in await users.by_ids(session, followed)])


async def _datasets(call: Call, _: Session, followed: list[str]) -> list[Document]:
    """Only those that the caller may see now."""
    shown = []
    for id in followed:
        try:
            found = await asked(call, "package_show", id=id)
        except Refusal:
            continue
        resources = [{k: v for k, v in r.items() if k != "datastore_active"} for r in found["resources"]]
        shown.append(found | {"resources": resources})
    return shown


def _groups(kind: str) -> Callable[[Call, Session, list[str]], Awaitable[list[Document]]]:
    async def of_kind(call: Call, session: Session, followed: list[str]) -> list[Document]:
        shown = []
        for id in followed:
            try:
                found = await one(call, session, id, kind)
            except Refusal:
                continue
            if call.may("group_show", found):
                shown.append(await dictized(call, found))
        return shown

    return of_kind


FOLLOWED = {
    "user": ("user", _users),
    "dataset": ("dataset", _datasets),
    "group": ("group", _groups(GROUP)),
    "organization": ("group", _groups(ORGANIZATION)),
}
"""For each list: the kind of the follow, and how what is followed is shown."""


async def _followees(call: Call, follower: str, name: str) -> list[Document]:
    kind, shown = FOLLOWED[name]
    async with reading(call.engine) as session:
        return await shown(call, session, await follows.followees(session, follower, kind))


def _followee_list(name: str) -> Action:
    async def listed(call: Call) -> Any:
        return await _followees(call, await _follower(call, own=True), name)

    return listed


def _followee_count(*names: str) -> Action:
    async def counted(call: Call) -> Any:
        follower = await _follower(call, own=False)
        async with reading(call.engine) as session:
            found = 0
            for name in names:
                followed = await follows.followees(session, follower, FOLLOWED[name][0])
                if FOLLOWED[name][0] == "group":
                    followed = [id for id in followed if await _is(call, session, id, name)]
                found += len(followed)
        return found

    return counted


async def _is(call: Call, session: Session, id: str, kind: str) -> bool:
    try:
        await one(call, session, id, kind)
    except Refusal:
        return False
    return True


@action
async def followee_list(call: Call) -> Any:
    """List everything that a user follows (the user and sysadmins).

    :param id: the id or name of the user
    :param q: only what begins with this text
    """
    follower = await _follower(call, own=True)
    words = plain(call.params.get("q") or "").strip().lower()
    found = [
        {"type": name, "display_name": _title(document), "dict": document}
        for name in FOLLOWED
        for document in await _followees(call, follower, name)
    ]
    found = [f for f in found if str(f["display_name"]).strip().lower().startswith(words)]
    return sorted(found, key=lambda f: str(f["display_name"]))


def _title(document: Document) -> str:
    names = ("display_name", "fullname", "title", "name")
    return str(next((document[n] for n in names if document.get(n)), ""))


def _register_all() -> None:
    one_id = ":param id: the id or name of the {}\n    "
    for kind in KINDS:
        about = one_id.format(kind)
        register(f"follow_{kind}", f"Follow a {kind}.\n\n    {about}", _follow(kind))
        register(f"unfollow_{kind}", f"Follow a {kind} no more.\n\n    {about}", _unfollow(kind))
        register(
            f"am_following_{kind}", f"Tell whether the caller follows a {kind}.\n\n    {about}", _am_following(kind)
        )
    for name, (kind, _) in FOLLOWED.items():
        about, of_user = one_id.format(name), one_id.format("user")
        count, people_ = f"Count the followers of a {name}.", f"List the followers of a {name} (sysadmins)."
        register(f"{name}_follower_count", f"{count}\n\n    {about}", _follower_count(kind))
        register(f"{name}_follower_list", f"{people_}\n\n    {about}", _follower_list(kind))
        mine = f"List the {name}s that a user follows (the user and sysadmins)."
        register(f"{name}_followee_list", f"{mine}\n\n    {of_user}", _followee_list(name))
        register(
            f"{name}_followee_count", f"Count the {name}s that a user follows.\n\n    {of_user}", _followee_count(name)
        )
    register(
        "followee_count",
        f"Count everything that a user follows.\n\n    {one_id.format('user')}",
        _followee_count(*FOLLOWED),
    )


_register_all()
