"""Actions that list groups and organizations: all, those that fit a text, those of a user."""

from collections.abc import Callable
from typing import Any

import orjson

from lienthong.catalog.hosted import groups, users
from lienthong.catalog.hosted.caller import permits
from lienthong.catalog.hosted.tables import ACTIVE
from lienthong.catalog.hosted.writing import Session, reading
from lienthong.ckan import people
from lienthong.ckan.call import Call, Raw, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import not_found
from lienthong.ckan.form import told
from lienthong.ckan.groups import GROUP, ORGANIZATION, Found, active, agencies
from lienthong.ckan.parameters import flag, listed, natural, page, text
from lienthong.ckan.shown import counts
from lienthong.kernel.text import fold

MAX_NAMES = 1_000
MAX_WHOLE = 25
_BESIDE = ("users", "groups", "followers")
SORTS = ("name", "title", "package_count", "packages")


# --- lists -----------------------------------------------------------------------------------------------------------


@action
async def organization_list(call: Call) -> Any:
    """List the organizations: agencies with published datasets, and those that people have made.

    :param all_fields: whole organizations, at most 25 a page, instead of names
    :param sort: `name`, `title` or `package_count`, `asc` or `desc`
    :param organizations: only these names
    :param q: only those whose name, title or description holds a text
    :param type: only those of a type
    :param limit: at most so many
    :param offset: how many to skip
    :param include_dataset_count: with all_fields, how many datasets each has (true)
    :param include_extras: with all_fields, their extra fields
    :param include_users: with all_fields, their users
    :param include_groups: with all_fields, the organizations above
    :param include_followers: with all_fields, how many users follow each
    """
    return await _list(call, ORGANIZATION)


@action
async def group_list(call: Call) -> Any:
    """List the groups.

    :param all_fields: whole groups, at most 25 a page, instead of names
    :param sort: `name`, `title` or `package_count`, `asc` or `desc`
    :param groups: only these names
    :param q: only those whose name, title or description holds a text
    :param type: only those of a type
    :param limit: at most so many
    :param offset: how many to skip
    :param include_dataset_count: with all_fields, how many datasets each has (true)
    :param include_extras: with all_fields, their extra fields
    :param include_users: with all_fields, their users
    :param include_groups: with all_fields, the groups above
    :param include_followers: with all_fields, how many users follow each
    """
    return await _list(call, GROUP)


async def _list(call: Call, kind: str) -> Any:
    """The answer to anybody is kept until something changes: members and followers alone are not among that."""
    if call.caller.is_known or any(flag(call.params, f"include_{name}") for name in _BESIDE):
        return await _listed(call, kind)
    key = (kind, orjson.dumps(call.params, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS))
    index = call.index
    body, version = index.answer(key), index.version
    if body is None:
        body = orjson.dumps(await _listed(call, kind))
        if index.version == version:
            index.keep_answer(key, body)
    return Raw(body)


async def _listed(call: Call, kind: str) -> Any:
    params, whole = call.params, flag(call.params, "all_fields")
    field, descending = _sort(str(params.get("sort") or params.get("order_by") or "title asc"))
    async with reading(call.engine) as session:
        found = list(await active(call, session, kind))
        sizes: dict[str, int] = {}
        if whole or field == "package_count" or kind == ORGANIZATION:
            sizes = await _sizes(call, kind)
        if kind == ORGANIZATION:
            found += [agency for agency in agencies(call) if sizes.get(agency.id)]
        found = _sorted(_wanted(found, params, kind), field, descending, sizes)
        if str(params.get("limit")) == "0":
            return []
        if not whole:
            return page([f.document["name"] for f in found], params, MAX_NAMES, MAX_NAMES)
        shown = page(found, params, MAX_WHOLE, MAX_WHOLE)
        return await _whole(call, session, shown, sizes)


async def _sizes(call: Call, kind: str) -> dict[str, int]:
    """How many datasets each has that the caller may see: by id of organizations, by name of groups."""
    field = "owner_org" if kind == ORGANIZATION else "groups"
    return (await counts(call, field, private=call.caller.is_known)).get(field, {})


def _size(found: Found, sizes: dict[str, int]) -> int:
    return sizes.get(found.id if found.kind == ORGANIZATION else str(found.document["name"]), 0)


def _wanted(found: list[Found], params: dict[str, Any], kind: str) -> list[Found]:
    only, words = listed(params.get(kind + "s")), fold(str(params.get("q") or "").strip())
    wanted = str(params.get("type") or kind)
    return [
        f
        for f in found
        if (not only or f.document["name"] in only)
        and f.document["type"] == wanted
        and (not words or any(words in fold(f.document[k] or "") for k in ("name", "title", "description")))
    ]


def _sort(given: str) -> tuple[str, bool]:
    first, *further = given.split(",")
    field, *ways = first.split() or [""]
    if field not in SORTS:
        raise told(f"Cannot sort by field `{field}`")
    field = "package_count" if field == "packages" else field
    way = ways[0].lower() if ways else ("desc" if field == "package_count" else "asc")
    if way not in ("asc", "desc"):
        raise told(f"Invalid sort direction `{way}`")
    if further:
        raise told("Too many sort criteria provided only 1 allowed")
    return field, way == "desc"


def _sorted(found: list[Found], field: str, descending: bool, sizes: dict[str, int]) -> list[Found]:
    if field == "package_count":  # CKAN leaves out those that have none
        found = [f for f in found if _size(f, sizes)]
        return sorted(found, key=lambda f: _size(f, sizes), reverse=descending)
    key: Callable[[Found], str] = lambda f: f.words if field == "title" else str(f.document[field])  # noqa: E731
    return sorted(found, key=key, reverse=descending)


async def _whole(call: Call, session: Session, found: list[Found], sizes: dict[str, int]) -> list[Document]:
    """Whole documents of many, without one query for each."""
    params, all_ids = call.params, [f.id for f in found]
    members = await _users(call, session, all_ids) if flag(params, "include_users") else None
    above = await groups.parents_of(session, all_ids) if flag(params, "include_groups") else None
    followed = await groups.followers(session, all_ids) if flag(params, "include_followers") else {}
    shown: list[Document] = []
    for f in found:
        document = people.named(f.document, call.services.settings.public_url)
        document["num_followers"] = followed.get(f.id, 0)
        if flag(params, "include_dataset_count", True):
            document["package_count"] = _size(f, sizes)
        if flag(params, "include_extras"):
            document["extras"] = f.extras
        if above is not None:
            document["groups"] = [{"capacity": c, "name": g.name} for g, c in above.get(f.id, ()) if g.state == ACTIVE]
        if members is not None:
            document["users"] = members[f.id]
        shown.append(document)
    return shown


async def _users(call: Call, session: Session, all_ids: list[str]) -> dict[str, list[Document]]:
    """The users of each group, counted at once."""
    found = await groups.users_of(session, all_ids)
    flat = [(user, role) for id in all_ids for user, role in found.get(id, [])]
    shown = iter(await people.listed(call, session, flat))
    return {id: [next(shown) for _ in found.get(id, [])] for id in all_ids}


# --- finding ---------------------------------------------------------------------------------------------------------


@action
async def organization_autocomplete(call: Call) -> Any:
    """Find organizations whose name or title holds a text; tone marks do not matter.

    :param q: the text
    :param limit: at most so many (20)
    """
    return await _autocomplete(call, ORGANIZATION)


@action
async def group_autocomplete(call: Call) -> Any:
    """Find groups whose name or title holds a text; tone marks do not matter.

    :param q: the text
    :param limit: at most so many (20)
    """
    return await _autocomplete(call, GROUP)


async def _autocomplete(call: Call, kind: str) -> list[Document]:
    wanted, limit = fold(text(call.params, "q").strip()), natural(call.params, "limit", 20)
    async with reading(call.engine) as session:
        found = list(await active(call, session, kind))
    if kind == ORGANIZATION:
        sizes = await _sizes(call, kind)
        found += [agency for agency in agencies(call) if sizes.get(agency.id)]
    hits = [f for f in found if wanted in f.document["name"] or wanted in f.words]
    hits.sort(key=lambda f: f.words)
    return [{key: f.document[key] for key in ("id", "name", "title")} for f in hits[:limit]]


# --- of a user -------------------------------------------------------------------------------------------------------


@action
async def organization_list_for_user(call: Call) -> Any:
    """List the organizations in which a user has a permission.

    :param id: the user (the caller)
    :param permission: what they may do there, as `read` or `create_dataset` (manage_group)
    :param include_dataset_count: also how many datasets each has
    :param include_member_count: also how many users each has
    """
    caller = call.caller
    async with reading(call.engine) as session:
        if call.params.get("id"):
            user = await users.find(session, text(call.params, "id"))
            if user is None:
                raise not_found()
            caller = await call.callers.as_user(session, user)
        if not caller.is_known:
            return []
        permission = str(call.params.get("permission") or "manage_group")
        everything = [*await active(call, session, ORGANIZATION), *agencies(call)]
        if caller.sysadmin:
            roles = {f.id: "admin" for f in everything}
        else:
            roles = {id: caller.capacities[id] for id in caller.orgs}
        found = [f for f in everything if permits(roles.get(f.id), permission)]
        shown = await _brief(call, session, found)
    return [document | {"capacity": roles[document["id"]]} for document in shown]


@action
async def group_list_authz(call: Call) -> Any:
    """List the groups that the caller may put datasets into.

    :param am_member: only groups that the caller is a member of, also for a sysadmin
    :param available_only: has no meaning over the API
    :param include_dataset_count: also how many datasets each has
    :param include_member_count: also how many users each has
    """
    if not call.caller.is_known:
        return []
    everybody = call.caller.sysadmin and not flag(call.params, "am_member")
    async with reading(call.engine) as session:
        found = await active(call, session, GROUP)
        mine = [f for f in found if everybody or permits(call.caller.capacities.get(f.id), "manage_group")]
        return await _brief(call, session, mine)


async def _brief(call: Call, session: Session, found: list[Found]) -> list[Document]:
    """Short documents by title, with counts where they are asked for."""
    sizes: dict[str, int] = {}
    if found and flag(call.params, "include_dataset_count"):
        field = "owner_org" if found[0].kind == ORGANIZATION else "groups"
        sizes = (await counts(call, field, fq="dataset_type:dataset")).get(field, {})
    members = (
        await groups.users_of(session, [f.id for f in found]) if flag(call.params, "include_member_count") else None
    )
    shown = []
    for f in sorted(found, key=lambda f: f.words):
        document = people.named(f.document, call.services.settings.public_url)
        if flag(call.params, "include_dataset_count"):
            document["package_count"] = _size(f, sizes)
        if members is not None:
            document["member_count"] = len(members.get(f.id, []))
        shown.append(document)
    return shown
