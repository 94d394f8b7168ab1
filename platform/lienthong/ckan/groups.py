"""Actions that read groups and organizations: agencies of contracts, and those that people have made."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from lienthong.catalog.hosted import groups
from lienthong.catalog.hosted.tables import ACTIVE, HostedGroup
from lienthong.catalog.hosted.writing import Engine, Session, reading
from lienthong.ckan import people
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import not_found
from lienthong.ckan.form import told
from lienthong.ckan.parameters import flag, text
from lienthong.ckan.shown import datasets, quoted
from lienthong.kernel.text import fold

ORGANIZATION, GROUP = "organization", "group"
_DEPTH = 10


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

    @cached_property
    def words(self) -> str:
        """Its title without tone marks, by which it is sorted."""
        return fold(str(self.document["title"]))

    @property
    def filter(self) -> str:
        """The search filter of its datasets."""
        name = str(self.document["name"])
        return f"owner_org:{quoted(self.id)}" if self.kind == ORGANIZATION else f"groups:{quoted(name)}"


def hosted(row: HostedGroup) -> Found:
    """One that people have made."""
    return Found(people.short(row), people.extras(row.body.get("extras", [])), row)


_Kept = tuple[tuple[int, int], dict[str, list[Found]]]
_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()


async def active(call: Call, session: Session, kind: str) -> list[Found]:
    """Those that people have made and nobody has deleted, by title; read again only when one has changed."""
    now = await groups.version(session)
    known = _kept.get(call.engine)
    if known is None or known[0] != now:
        known = _kept[call.engine] = now, {}
    if kind not in known[1]:
        found = [hosted(row) for row in await groups.active(session, kind)]
        known[1][kind] = sorted(found, key=lambda f: f.words)
    return known[1][kind]


def agencies(call: Call) -> list[Found]:
    """The agencies of contracts, as organizations."""
    return [Found(document) for document in call.index.agencies.values()]


async def one(call: Call, session: Session, name: str, kind: str | None = None, missing: str = "") -> Found:
    """The group or organization with the id or name. Raises Refusal (404; `missing`: its words)."""
    row = await groups.find(session, name, kind)
    if row is not None:
        return hosted(row)
    if kind != GROUP:
        for agency in agencies(call):
            if name in (agency.document["id"], agency.document["name"]):
                return agency
    raise not_found(missing)


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
            document["users"] = await users_of(call, session, found.id)
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
        document["users"] = await users_of(call, session, found.id)
    return document | await with_datasets(call, found, whole=True)


async def _above(call: Call, session: Session, id: str, depth: int) -> list[Document]:
    shown = []
    for parent, capacity in (await groups.parents_of(session, [id])).get(id, []) if depth else ():
        document = people.named(people.short(parent), call.services.settings.public_url)
        members = (await groups.users_of(session, [parent.id])).get(parent.id, [])
        document |= {"capacity": capacity, "member_count": len(members)}
        document["groups"] = await _above(call, session, parent.id, depth - 1)
        shown.append(document | await with_datasets(call, hosted(parent), whole=False))
    return shown


async def users_of(call: Call, session: Session, id: str) -> list[Document]:
    """Its users with their capacities."""
    return await people.listed(call, session, (await groups.users_of(session, [id])).get(id, []))


@action
async def group_package_show(call: Call) -> Any:
    """List the datasets of a group; an organization has none here, as in CKAN: `package_search?fq=organization:` has.

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
    return (await datasets(call, found.filter, min(limit, 1_000)))[1] if found.kind == GROUP else []
