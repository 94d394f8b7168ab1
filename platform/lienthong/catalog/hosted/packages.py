"""Hosted datasets: found by id or name, with everything that is shown in them, and what changed since a moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, delete, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedActivity,
    HostedFollow,
    HostedGone,
    HostedGroup,
    HostedMember,
    HostedPackage,
    HostedRelationship,
    HostedResource,
    HostedTable,
    HostedTag,
)

T = TypeVar("T")
_LAST = text(
    "select greatest((select max(change) from platform.hosted_package), (select max(change) from platform.hosted_gone),"
    " (select max(change) from platform.hosted_group), 0)"
)


@dataclass(frozen=True)
class Relation:
    """A relationship of a package, with the names of both."""

    row: HostedRelationship
    subject: str
    object: str


@dataclass(frozen=True)
class Whole:
    """A package with everything that is shown in it.

    `resources`: the active ones in their order. `organization`: the hosted one that owns it, if it is active; None for
    an organization that is an agency of contracts. `groups`: active ones. `tabled`: ids of resources with rows.
    """

    package: HostedPackage
    resources: tuple[HostedResource, ...]
    organization: HostedGroup | None
    groups: tuple[HostedGroup, ...]
    tabled: frozenset[str]
    as_subject: tuple[Relation, ...]
    as_object: tuple[Relation, ...]


@dataclass(frozen=True)
class Changes:
    """What changed after a number: `packages` as they are now, ids of those that are `gone`, and the last number."""

    upto: int
    packages: Sequence[Whole]
    gone: Sequence[str]


async def find(session: AsyncSession, name: str) -> HostedPackage | None:
    """The package with the id or the name, also a deleted one."""
    found = await session.get(HostedPackage, name)
    if found is not None:
        return found
    query = select(HostedPackage).where(HostedPackage.name == name).order_by(col(HostedPackage.state) == DELETED)
    first: HostedPackage | None = (await session.execute(query.limit(1))).scalar_one_or_none()
    return first


async def last_change(session: AsyncSession) -> int:
    """The number of the last change of what is shown of packages and groups."""
    return int((await session.execute(_LAST)).scalar_one())


async def pending(session: AsyncSession, after: int, most: int) -> int:
    """How many packages changed after the number; counted no further than `most`."""
    changed = select(HostedPackage.id).where(HostedPackage.change > after).limit(most)
    return int((await session.execute(select(func.count()).select_from(changed.subquery()))).scalar_one())


async def changes(session: AsyncSession, after: int, most: int = 5_000) -> Changes:
    """Packages that changed after the number, the oldest change first, at most so many: ask again until `upto` stays.

    0 gives all of them.
    """
    upto = await last_change(session)
    query = select(HostedPackage).where(HostedPackage.change > after, HostedPackage.change <= upto)
    rows = list((await session.execute(query.order_by(col(HostedPackage.change)).limit(most))).scalars())
    if len(rows) == most:
        upto = rows[-1].change
    gone = select(HostedGone.object_id).where(
        HostedGone.object_type == "package", HostedGone.change > after, HostedGone.change <= upto
    )
    return Changes(upto, await wholes(session, rows), list((await session.execute(gone)).scalars()))


async def whole(session: AsyncSession, package: HostedPackage) -> Whole:
    """One package with everything that is shown in it."""
    return (await wholes(session, [package]))[0]


async def wholes(session: AsyncSession, packages: Sequence[HostedPackage]) -> list[Whole]:
    """Packages with everything that is shown in them, in the order given."""
    ids = [p.id for p in packages]
    if not ids:
        return []
    resources = await _resources(session, ids)
    owners = {p.owner_org for p in packages if p.owner_org}
    found = await _all(session, select(HostedGroup).where(_among(HostedGroup.id, owners), HostedGroup.state == ACTIVE))
    owning = {o.id: o for o in found}
    groups, tabled = await _groups(session, ids), await _tabled(session, ids)
    as_subject, as_object = await _relations(session, ids)
    return [
        Whole(
            p,
            tuple(resources.get(p.id, ())),
            owning.get(p.owner_org or ""),
            tuple(groups.get(p.id, ())),
            tabled,
            tuple(as_subject.get(p.id, ())),
            tuple(as_object.get(p.id, ())),
        )
        for p in packages
    ]


async def _all(session: AsyncSession, query: Select[Any]) -> list[Any]:
    return list((await session.execute(query)).scalars())


def _among(column: Any, values: Iterable[str]) -> Any:
    """One parameter, however many values: the text of the statement stays the same."""
    return column == func.any(list(values))


def _by(rows: Iterable[T], key: str) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


async def _resources(session: AsyncSession, ids: list[str]) -> dict[str, list[HostedResource]]:
    query = select(HostedResource).where(_among(HostedResource.package_id, ids), HostedResource.state == ACTIVE)
    order = col(HostedResource.position), col(HostedResource.change)
    return _by(await _all(session, query.order_by(*order)), "package_id")


async def _groups(session: AsyncSession, ids: list[str]) -> dict[str, list[HostedGroup]]:
    query = (
        select(HostedMember.table_id, HostedGroup)
        .join(HostedGroup, col(HostedGroup.id) == HostedMember.group_id)
        .where(
            HostedMember.table_name == "package",
            _among(HostedMember.table_id, ids),
            HostedMember.state == ACTIVE,
            HostedGroup.state == ACTIVE,
            HostedGroup.kind == "group",
        )
    )
    found: dict[str, list[HostedGroup]] = {}
    for package, group in (await session.execute(query)).all():
        found.setdefault(package, []).append(group)
    return {id: sorted(own, key=lambda g: (str(g.body.get("title") or g.name), g.name)) for id, own in found.items()}


async def _tabled(session: AsyncSession, ids: list[str]) -> frozenset[str]:
    query = (
        select(HostedTable.resource_id)
        .join(HostedResource, col(HostedResource.id) == HostedTable.resource_id)
        .where(_among(HostedResource.package_id, ids))
    )
    return frozenset(await _all(session, query))


async def _relations(
    session: AsyncSession, ids: list[str]
) -> tuple[dict[str, list[Relation]], dict[str, list[Relation]]]:
    here = or_(_among(HostedRelationship.subject_id, ids), _among(HostedRelationship.object_id, ids))
    rows: list[HostedRelationship] = await _all(
        session, select(HostedRelationship).where(here).order_by(col(HostedRelationship.number))
    )
    ends = {id for row in rows for id in (row.subject_id, row.object_id)}
    query = select(HostedPackage.id, HostedPackage.name).where(_among(HostedPackage.id, ends))
    names: dict[str, str] = {row[0]: row[1] for row in await session.execute(query)} if rows else {}
    as_subject: dict[str, list[Relation]] = {}
    as_object: dict[str, list[Relation]] = {}
    for row in rows:
        relation = Relation(row, names[row.subject_id], names[row.object_id])
        as_subject.setdefault(row.subject_id, []).append(relation)
        as_object.setdefault(row.object_id, []).append(relation)
    return as_subject, as_object


async def free_name(session: AsyncSession, package: HostedPackage) -> None:
    """Let a package have its name: deleted ones that bore it bear their id."""
    others = col(HostedPackage.name) == package.name, col(HostedPackage.id) != package.id
    await session.execute(
        update(HostedPackage)
        .where(*others, col(HostedPackage.state) == DELETED)
        .values(name=HostedPackage.id)
        .execution_options(synchronize_session=False)
    )


async def holder(session: AsyncSession, name: str) -> str | None:
    """The id of the package that has the name; deleted ones have none."""
    query = select(HostedPackage.id).where(HostedPackage.name == name, HostedPackage.state != DELETED)
    found: str | None = (await session.execute(query)).scalar_one_or_none()
    return found


async def owned(session: AsyncSession, owner: str | None, names: Iterable[str]) -> list[HostedPackage]:
    """Those of an organization's packages that are named by id or name, in that order, without deleted ones."""
    wanted = list(names)
    fits = or_(_among(HostedPackage.id, wanted), _among(HostedPackage.name, wanted))
    query = select(HostedPackage).where(fits, HostedPackage.owner_org == owner, HostedPackage.state != DELETED)
    found: list[HostedPackage] = await _all(session, query)
    return sorted(found, key=lambda p: min(wanted.index(key) for key in (p.id, p.name) if key in wanted))


async def with_ids(session: AsyncSession, tags: Sequence[dict[str, Any]], new: Sequence[str]) -> list[dict[str, Any]]:
    """Tags (`name`, `vocabulary_id`) with their ids; one that is not there yet gets its id of `new`."""
    if not tags:
        return []
    rows = [{**tag, "id": id} for tag, id in zip(tags, new, strict=True)]
    await session.execute(insert(HostedTag).values(rows).on_conflict_do_nothing())
    query = select(HostedTag.id, HostedTag.name, HostedTag.vocabulary_id)
    named = query.where(_among(HostedTag.name, [tag["name"] for tag in tags]))
    known = {(row[1], row[2]): row[0] for row in (await session.execute(named)).all()}
    return [{**tag, "id": known[tag["name"], tag["vocabulary_id"]]} for tag in tags]


async def purge(session: AsyncSession, package: HostedPackage) -> list[str]:
    """Remove a package with everything that is kept about it; the contents that its resources had."""
    query = select(HostedResource.upload_sha256).where(HostedResource.package_id == package.id)
    contents = [sha256 for sha256 in (await session.execute(query)).scalars() if sha256]
    theirs = col(HostedMember.table_name) == "package", col(HostedMember.table_id) == package.id
    await session.execute(delete(HostedMember).where(*theirs))
    await session.execute(delete(HostedFollow).where(col(HostedFollow.object_id) == package.id))
    await session.execute(delete(HostedActivity).where(col(HostedActivity.object_id) == package.id))
    await session.delete(package)
    return contents
