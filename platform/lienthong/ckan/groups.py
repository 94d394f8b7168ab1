"""Actions that read groups and organizations: agencies of contracts, and those that people have made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lienthong.catalog.hosted import groups, users
from lienthong.catalog.hosted.caller import permits
from lienthong.catalog.hosted.tables import ACTIVE, HostedGroup
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan import people
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import not_found
from lienthong.ckan.form import told
from lienthong.ckan.parameters import flag, listed, natural, page, text
from lienthong.ckan.shown import counts, datasets, quoted
from lienthong.kernel.text import fold

ORGANIZATION, GROUP = "organization", "group"
MAX_NAMES = 1_000
MAX_WHOLE = 25
_DEPTH = 10
SORTS = ("name", "title", "package_count", "packages")


@dataclass(frozen=True)
class Found:
    """A group: its short document and its extra fields. `row` is None for the agency of contracts."""

    document: Document
    extras: list[dict[str, Any]] = field(default_factory=list)
    row: HostedGroup | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.document["id"])

    @property
    def kind(self) -> str:
        """A group or an organization."""
        return ORGANIZATION if self.document["is_organization"] else GROUP

    @property
    def state(self) -> str:
        """Active or deleted."""
        return str(self.document["state"])

    @property
    def filter(self) -> str:
        """The search filter of its datasets."""
        name = str(self.document["name"])
        return f"owner_org:{quoted(self.id)}" if self.kind == ORGANIZATION else f"groups:{quoted(name)}"


def hosted(row: HostedGroup) -> Found:
    """One that people have made."""
    return Found(people.short(row), people.extras(row.body.get("extras", [])), row)


def agencies(call: Call) -> list[Found]:
    """The agencies of contracts, as organizations."""
    return [Found(document) for document in call.index.agencies.values()]


async def one(call: Call, session: AsyncSession, name: str, kind: str | None = None, missing: str = "") -> Found:
    """The group or organization with the id or name. Raises Refusal (404; `missing`: its words)."""
    row = await groups.find(session, name, kind)
    if row is not None:
        return hosted(row)
    if kind != GROUP:
        for agency in agencies(call):
            if name in (agency.document["id"], agency.document["name"]):
                return agency
    raise not_found(missing)


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
    params, whole = call.params, flag(call.params, "all_fields")
    field, descending = _sort(str(params.get("sort") or params.get("order_by") or "title asc"))
    async with reading(call.engine) as session:
        found = [hosted(row) for row in await groups.active(session, kind)]
        sizes: dict[str, int] = {}
        if whole or field == "package_count" or kind == ORGANIZATION:
            sizes = await _sizes(call, kind)
        if kind == ORGANIZATION:
            found += [agency for agency in agencies(call) if sizes.get(agency.id)]
        found = _sorted(_wanted(found, params, kind), field, descending, sizes)
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
    key: Callable[[Found], str] = lambda f: fold(str(f.document[field]))  # noqa: E731
    return sorted(found, key=key, reverse=descending)


async def _whole(call: Call, session: AsyncSession, found: list[Found], sizes: dict[str, int]) -> list[Document]:
    """Whole documents of many, without one query for each."""
    params, all_ids = call.params, [f.id for f in found]
    members = await groups.users_of(session, all_ids) if flag(params, "include_users") else None
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
            document["users"] = await people.listed(session, members.get(f.id, []))
        shown.append(document)
    return shown


# --- one -------------------------------------------------------------------------------------------------------------


@action
async def organization_show(call: Call) -> Any:
    """Show an organization.

    :param id: its id or name
    :param include_datasets: also its datasets, the first ten
    :param include_dataset_count: also how many it has (true)
    :param include_extras: its extra fields (true)
    :param include_users: its users (true)
    :param include_groups: the organizations above (true)
    :param include_followers: how many users follow it (true)
    """
    return await show(call, text(call.params, "id"), ORGANIZATION)


@action
async def group_show(call: Call) -> Any:
    """Show a group.

    :param id: its id or name
    :param include_datasets: also its datasets, the first ten
    :param include_dataset_count: also how many it has (true)
    :param include_extras: its extra fields (true)
    :param include_users: its users (true)
    :param include_groups: the groups above (true)
    :param include_followers: how many users follow it (true)
    """
    return await show(call, text(call.params, "id"), GROUP)


async def show(call: Call, name: str, kind: str) -> Document:
    """A whole group as `*_show` answers. Raises Refusal."""
    params = call.params
    async with reading(call.engine) as session:
        found = await one(call, session, name, kind)
        call.check("group_show", found)
        document = people.named(found.document, call.services.settings.public_url)
        followers = await groups.followers(session, [found.id]) if flag(params, "include_followers", True) else {}
        document["num_followers"] = followers.get(found.id, 0)
        if flag(params, "include_extras", True):
            document["extras"] = found.extras
        if flag(params, "include_groups", True):
            above = (await groups.parents_of(session, [found.id])).get(found.id, [])
            document["groups"] = [{"capacity": c, "name": g.name} for g, c in above if g.state == ACTIVE]
        if flag(params, "include_users", True):
            document["users"] = await users_of(session, found.id)
        if flag(params, "include_member_count"):
            document["member_count"] = len((await groups.users_of(session, [found.id])).get(found.id, []))
    document |= await with_datasets(call, found, whole=flag(params, "include_datasets"))
    if not flag(params, "include_dataset_count", True) and "packages" not in document:
        del document["package_count"]
    return document


async def with_datasets(call: Call, found: Found, *, whole: bool) -> Document:
    """How many datasets it has that the caller may see; `whole`: and the first ten of them."""
    member = found.kind == ORGANIZATION and call.caller.has("read", found.id)
    count, first = await datasets(
        call, found.filter, 10 if whole else 0, **({"include_private": True} if member else {})
    )
    return {"package_count": count} | ({"packages": first} if whole else {})


async def dictized(call: Call, found: Found) -> Document:
    """A whole group with ten datasets, its users, and whole groups above it, as updates answer."""
    async with reading(call.engine) as session:
        document = people.named(found.document, call.services.settings.public_url) | {"extras": found.extras}
        document["groups"] = await _above(call, session, found.id, _DEPTH)
        document["users"] = await users_of(session, found.id)
    return document | await with_datasets(call, found, whole=True)


async def _above(call: Call, session: AsyncSession, id: str, depth: int) -> list[Document]:
    shown = []
    for parent, capacity in (await groups.parents_of(session, [id])).get(id, []) if depth else ():
        document = people.named(people.short(parent), call.services.settings.public_url)
        members = (await groups.users_of(session, [parent.id])).get(parent.id, [])
        document |= {"capacity": capacity, "member_count": len(members)}
        document["groups"] = await _above(call, session, parent.id, depth - 1)
        shown.append(document | await with_datasets(call, hosted(parent), whole=False))
    return shown


async def users_of(session: AsyncSession, id: str) -> list[Document]:
    """Its users with their capacities."""
    return await people.listed(session, (await groups.users_of(session, [id])).get(id, []))


@action
async def group_package_show(call: Call) -> Any:
    """List the datasets of a group or an organization.

    :param id: its id or name
    :param limit: at most so many
    """
    name, given = text(call.params, "id"), call.params.get("limit")
    try:
        limit = 10 if given in (None, "") else int(str(given))
    except ValueError:
        limit = -1
    if limit < 0:
        raise told("Limit must be a positive integer")
    async with reading(call.engine) as session:
        found = await one(call, session, name)
    call.check("group_show", found)
    return (await datasets(call, found.filter, min(limit, 1_000)))[1]


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
        found = [hosted(row) for row in await groups.active(session, kind)]
    if kind == ORGANIZATION:
        sizes = await _sizes(call, kind)
        found += [agency for agency in agencies(call) if sizes.get(agency.id)]
    hits = [f.document for f in found if wanted in fold(f"{f.document['name']} {f.document['title']}")]
    hits.sort(key=lambda d: fold(str(d["title"])))
    return [{key: d[key] for key in ("id", "name", "title")} for d in hits[:limit]]


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
        everything = [*(hosted(row) for row in await groups.active(session, ORGANIZATION)), *agencies(call)]
        if caller.sysadmin:
            roles = {f.id: "admin" for f in everything}
        else:
            roles = {id: caller.capacities[id] for id in caller.organizations}
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
        found = [hosted(row) for row in await groups.active(session, GROUP)]
        mine = [f for f in found if everybody or permits(call.caller.capacities.get(f.id), "manage_group")]
        return await _brief(call, session, mine)


async def _brief(call: Call, session: AsyncSession, found: list[Found]) -> list[Document]:
    """Short documents by title, with counts where they are asked for."""
    sizes: dict[str, int] = {}
    if found and flag(call.params, "include_dataset_count"):
        field = "owner_org" if found[0].kind == ORGANIZATION else "groups"
        sizes = (await counts(call, field, fq="dataset_type:dataset")).get(field, {})
    members = (
        await groups.users_of(session, [f.id for f in found]) if flag(call.params, "include_member_count") else None
    )
    shown = []
    for f in sorted(found, key=lambda f: fold(str(f.document["title"]))):
        document = people.named(f.document, call.services.settings.public_url)
        if flag(call.params, "include_dataset_count"):
            document["package_count"] = _size(f, sizes)
        if members is not None:
            document["member_count"] = len(members.get(f.id, []))
        shown.append(document)
    return shown
