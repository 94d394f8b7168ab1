"""Actions about relationships between hosted datasets (CKAN 2.12, model/package_relationship.py)."""

from typing import Any

from lienthong.catalog.hosted import packages, relations
from lienthong.catalog.hosted.tables import HostedPackage, HostedRelationship
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan import checks
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import invalid, missing, not_found
from lienthong.ckan.hosted import RELATIONSHIPS
from lienthong.ckan.saving import Saving, package_of, saving

FORWARD = {backward: forward for forward, backward in RELATIONSHIPS}
BACKWARD = dict(RELATIONSHIPS)
ALL = [name for pair in RELATIONSHIPS for name in pair]


async def _ends(s: Saving) -> tuple[HostedPackage, HostedPackage, str]:
    """The two datasets in the direction that is kept, and the type. Raises Refusal."""
    params, found = s.call.params, []
    if absent := [name for name in ("subject", "object", "type") if checks.is_missing(params.get(name))]:
        raise missing(absent[0])
    for name in ("subject", "object"):
        found.append(await package_of(s, params[name], f"{name.title()} package {params[name]!r} was not found."))
    kind, wrong = checks.passed(params["type"], checks.one_of(ALL))
    if wrong:
        raise invalid("type", *wrong)
    s.call.check("package_relationship_create", found)
    subject, object_ = found
    return (object_, subject, FORWARD[kind]) if kind in FORWARD else (subject, object_, kind)


def _told(row: HostedRelationship, subject: str, object_: str) -> Document:
    return {"subject": subject, "type": row.type, "object": object_, "comment": row.comment or ""}


@action
async def package_relationship_create(call: Call) -> Any:
    """Relate two datasets.

    :param subject: the id or name of the one
    :param object: the id or name of the other
    :param type: depends_on, dependency_of, derives_from, has_derivation, links_to, linked_from, child_of, parent_of
    :param comment: about the relationship
    """
    return await _put(call, make=True)


@action
async def package_relationship_update(call: Call) -> Any:
    """Change the comment of a relationship; its parameters are those of package_relationship_create.

    :param subject: the id or name of the one
    :param object: the id or name of the other
    :param type: its type
    :param comment: about the relationship
    """
    return await _put(call, make=False)


async def _put(call: Call, *, make: bool) -> Document:
    async with saving(call) as s:
        subject, object_, kind = await _ends(s)
        row = await relations.relationship(s.session, subject.id, object_.id, kind)
        if row is None and not make:
            raise not_found("This relationship between the packages was not found.")
        row = row or HostedRelationship(subject_id=subject.id, object_id=object_.id, type=kind)
        row.comment = checks.text(call.params.get("comment") or "")
        s.session.add(row)
        return _told(row, subject.name, object_.name)


@action
async def package_relationship_delete(call: Call) -> Any:
    """Take a relationship away.

    :param subject: the id or name of the one
    :param object: the id or name of the other
    :param type: its type
    """
    async with saving(call) as s:
        subject, object_, kind = await _ends(s)
        row = await relations.relationship(s.session, subject.id, object_.id, kind)
        if row is None:
            raise not_found()
        await s.session.delete(row)


@action
async def package_relationships_list(call: Call) -> Any:
    """List the relationships of a dataset, each seen from it.

    :param id: its id or name
    :param id2: only those with this dataset
    :param rel: only those of this type
    """
    if checks.is_missing(call.params.get("id")):
        raise missing("id")
    kind = call.params.get("rel")
    if kind is not None and kind not in ALL:
        raise invalid("rel", f"Value must be one of {ALL}")
    async with reading(call.engine) as session:
        found: list[HostedPackage | None] = []
        for name in (call.params["id"], call.params.get("id2")):
            package = await packages.find(session, name) if isinstance(name, str) and name else None
            if name and package is None:
                if call.index.find(str(name)) is None:
                    place = "Second package named in address" if found else "First package named in request"
                    raise not_found(f"{place} was not found.")
                return []  # a dataset of a contract has none
            found.append(package)
        own, other = found
        assert own is not None
        call.check("package_relationships_list", [p for p in found if p])
        told = [(_seen_from(row, own, far), far) for row, far in await relations.relationships(session, own.id)]
    shown = [
        document
        for document, far in told
        if (kind is None or document["type"] == kind) and (other is None or far.id == other.id) and _seen(call, far)
    ]
    if kind and not shown:
        raise not_found(f'Relationship "{call.params["id"]} {kind} {call.params.get("id2")}" not found.')
    return shown


def _seen(call: Call, package: HostedPackage) -> bool:
    return call.may("package_show", package)


def _seen_from(row: HostedRelationship, own: HostedPackage, far: HostedPackage) -> Document:
    """A relationship as the dataset sees it."""
    told = _told(row, own.name, far.name)
    return told if row.subject_id == own.id else told | {"type": BACKWARD[row.type]}
