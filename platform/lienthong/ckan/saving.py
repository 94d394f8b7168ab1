"""One transaction that makes or changes a hosted package: facts, checks, rows, files, and what was done."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from anyio import CancelScope, to_thread

from lienthong.access.hosted import HostedRows, NoTable
from lienthong.catalog.hosted import activities, contents, kinds, packages, relations, resources, tags
from lienthong.catalog.hosted.tables import (
    ACTIVE,
    DELETED,
    HostedMember,
    HostedPackage,
    HostedResource,
    new_id,
)
from lienthong.catalog.hosted.uploads import Received, TooLarge, uploads
from lienthong.catalog.hosted.writing import Session, writing
from lienthong.ckan import authz, checks, formats, hosted, ids, validators
from lienthong.ckan.call import Call
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, not_found
from lienthong.ckan.multipart import too_large
from lienthong.kernel.clock import now

IN_BODY = (*hosted.TEXTS, "title", "extras", "tags")


@dataclass
class Saving:
    """One transaction of writes, of one call.

    `let_go`: contents that a resource does not have any more; `rowless`: resources whose rows go with them.
    """

    call: Call
    session: Session
    let_go: list[str] = field(default_factory=list)
    rowless: list[str] = field(default_factory=list)

    @property
    def shown(self) -> hosted.Shown:
        """What the documents need."""
        call = self.call
        agencies = {o["id"]: o for o in call.index.agencies.values()}
        return hosted.Shown(call.services.registry, call.language, call.services.settings.public_url, agencies)

    async def document(self, package: HostedPackage) -> Document:
        """The package as package_show gives it."""
        return hosted.package(await packages.whole(self.session, package), self.shown)

    async def original(self, package: HostedPackage) -> Document:
        """The package as CKAN takes it up to change a part of it: its extras by their keys."""
        document = await self.document(package)
        return document | {"extras": sorted(document["extras"], key=lambda extra: str(extra["key"]))}


@asynccontextmanager
async def saving(call: Call) -> AsyncIterator[Saving]:
    """A transaction of writes; contents that nobody has any more go after it, also when it fails; rows when it did not.

    Nothing that it waits for may wait for it: rows are written, and dropped, in transactions of their own.
    """
    found: Saving | None = None
    try:
        async with writing(call.engine) as session:
            found = Saving(call, session)
            yield found
        with CancelScope(shield=True):  # a caller who hangs up now leaves nothing half done
            await drop_rows(call, found.rowless)
    finally:
        if found and found.let_go:
            with CancelScope(shield=True):
                await uploads(call.services.settings).drop_unused(call.engine, found.let_go)


async def drop_rows(call: Call, resource_ids: Iterable[str]) -> None:
    """The DataStore's rows of resources go; those that have none are passed over."""
    for id in resource_ids:
        with suppress(NoTable):
            await HostedRows(call.services.door, call.subject).drop(id)


# --- finding -----------------------------------------------------------------------------------------------------


async def package_of(s: Saving, name: Any, detail: str = "") -> HostedPackage:
    """The hosted package with the id or name. Raises Refusal: 404, or 403 for what a contract governs."""
    found = await packages.find(s.session, name) if isinstance(name, str) else None
    if found is not None:
        return found
    refuse_governed(s.call, name)
    raise not_found(detail)


def refuse_governed(call: Call, name: Any) -> None:
    """Raises Refusal (403) when a contract governs the dataset with the id or name."""
    for contract in call.services.registry.contracts.values():
        if name in (contract.slug, contract.id, ids.package_id(contract.id)):
            raise authz.governed()


async def resource_of(s: Saving, id: Any, detail: str = "") -> tuple[HostedPackage, HostedResource]:
    """The hosted resource with the id, and its package. Raises Refusal."""
    found = await resources.find(s.session, id) if isinstance(id, str) else None
    if found is None:
        if isinstance(id, str) and id in s.call.index.resources:
            raise authz.governed()
        raise not_found(detail)
    return found


async def organization_of(s: Saving, name: Any) -> str | None:
    """The id of the organization with the id or name: an agency of contracts, or a hosted one."""
    if not isinstance(name, str):
        return None
    agency = s.call.index.organization(name)
    if agency is not None:
        return str(agency["id"])
    return await relations.organization(s.session, name)


async def groups_of(s: Saving, named: list[tuple[Any, Any]]) -> list[str]:
    """The ids of groups by (id, name); a name under `id` is none. Unknown ones are left out for administrators.

    Raises Refusal.
    """
    wanted = [(id, id or name) for id, name in named if isinstance(id or name, str)]
    found = await relations.groups(s.session, [key for _, key in wanted])
    if not s.call.caller.sysadmin and any(key not in found for _, key in wanted):
        raise not_found("Group was not found.")
    return list(dict.fromkeys(found[key] for id, key in wanted if key in found and id in (None, "", found[key])))


async def facts(s: Saving, given: Document, package: HostedPackage | None) -> validators.Facts:
    """What the checks must know."""
    session, call = s.session, s.call
    name, id = given.get("name"), given.get("id")
    name = None if name is None else checks.text(name)  # as it will be kept
    organization = await organization_of(s, given.get("owner_org"))
    own = [] if package is None else await resources.of_package(session, package.id)
    wanted = [r["id"] for r in given.get("resources", ()) if isinstance(r.get("id"), str)]
    held = await resources.existing(session, wanted) | (set(wanted) & call.index.resources.keys())
    owner = given.get("owner_org")
    is_group = organization is None and isinstance(owner, str) and bool(await relations.groups(session, [owner]))
    return validators.Facts(
        caller=call.caller,
        package=package,
        resources={row.id: row for row in own},
        name_taken=await _name_taken(s, name, package),
        id_taken=package is None and isinstance(id, str) and await session.get(HostedPackage, id) is not None,
        organization=organization,
        may_own=call.caller.has("create_dataset", organization),
        owner_is_group=is_group,
        taken=frozenset(held - {row.id for row in own}),
        vocabularies=frozenset(v.id for v in await tags.vocabularies(session)),
    )


async def _name_taken(s: Saving, name: Any, package: HostedPackage | None) -> bool:
    if not isinstance(name, str):
        return False
    if any(contract.slug == name for contract in s.call.services.registry.contracts.values()):
        return True
    holder = await packages.holder(s.session, name)
    return holder is not None and (package is None or holder != package.id)


# --- files -------------------------------------------------------------------------------------------------------


async def judged(given: Document) -> None:
    """Look into the files that came with a package's resources; before the transaction, since it takes a while."""
    files = given.get("resources")
    for resource in files if isinstance(files, list) else ():
        if isinstance(resource, dict):
            await judged_one(resource)


async def judged_one(resource: Document) -> None:
    """Look into the file that came with a resource; what is wrong with it is told when the resource is checked."""
    file = resource.get("upload")
    if isinstance(file, Received):
        format = resource.get("format")
        name = file.name.replace("\\", "/").rsplit("/", 1)[-1]
        file.fault = await to_thread.run_sync(
            contents.fault, file.path, name, format if isinstance(format, str) else ""
        )
        file.media_type = kinds.media_type(name)


def _uploaded(resource: Document) -> Document:
    """A resource as its file makes it: CKAN's lib/uploader.py."""
    file = resource.get("upload")
    if not isinstance(file, Received):
        cleared = {"url_type": ""} if checks.truth(resource.get("clear_upload")) else {}
        return {key: value for key, value in resource.items() if key != "upload"} | cleared
    moment = now().astimezone(UTC).replace(tzinfo=None).isoformat()
    told = {"url": formats.munged(file.name), "url_type": "upload", "last_modified": moment, "size": file.size}
    url = resource.get("url")
    found = formats.media_type(url) if isinstance(url, str) and url else None  # what is given beside the file counts
    return {**({"mimetype": found} if found else {}), **resource, **told}


# --- saving ------------------------------------------------------------------------------------------------------


async def save(s: Saving, given: Document, package: HostedPackage | None, *, whole: bool = True) -> HostedPackage:
    """Make a package, or change one to what is given. Raises Refusal with everything that is wrong.

    `whole`: the caller sent all that is given, and not only a part of the package.
    """
    given = validators.shaped(given, {**s.call.params, **_identity(given, package)} if whole else s.call.params)
    if "resources" in given:
        given = given | {"resources": [_uploaded(resource) for resource in given["resources"]]}
    known = await facts(s, given, package)
    kept, errors = validators.package(given, known)
    _files(given, errors)
    if errors:
        raise Refusal(409, {**errors, "__type": "Validation Error"})
    if known.owner_is_group:
        raise not_found("Organization was not found.")
    groups = None if "groups" not in kept else await groups_of(s, kept["groups"])
    is_new = package is None
    package = _row(s, package, kept)
    await packages.free_name(s.session, package)
    s.session.add(package)
    await s.session.flush()
    await _tags(s, package)
    if "resources" in kept:
        files = [r.get("upload") for r in given["resources"]]
        await _save_resources(s, package, kept["resources"], files)
    if groups is not None:
        await _save_groups(s, package, groups)
    await s.session.flush()
    await noted(s, package, "new" if is_new else "changed")
    return package


def _identity(given: Document, package: HostedPackage | None) -> Document:
    """What CKAN itself adds to what was sent."""
    return {"type": given.get("type")} if package is None else {"id": package.id, "type": package.type}


def _files(given: Document, errors: Document) -> None:
    """What is wrong with the files that came, and files under names that mean nothing."""
    sent = given.get("resources", ())
    faults: list[Document] = list(errors.get("resources") or [{} for _ in sent])
    for n, resource in enumerate(sent):
        for key, value in resource.items():
            if isinstance(value, Received):
                fault = value.fault if key == "upload" else "Files of a resource are sent in the field upload"
                faults[n] = faults[n] | ({key: [fault]} if fault else {})
    if any(faults):
        errors["resources"] = faults
    for key, value in given.items():
        if isinstance(value, Received):
            errors[key] = ["A dataset has no file of its own: its resources have"]


def _row(s: Saving, package: HostedPackage | None, kept: Document) -> HostedPackage:
    """The row of the package with what is kept."""
    moment = now()
    if package is None:
        creator = s.call.caller.id
        package = HostedPackage(id=kept.get("id") or new_id(), name=kept["name"], creator=creator, created=moment)
    package.name, package.owner_org = kept["name"], kept.get("owner_org")
    for column in ("private", "state", "type", "plugin_data"):
        if column in kept:
            setattr(package, column, kept[column])
    given = kept.get("metadata_modified")
    package.modified = datetime.fromisoformat(given).replace(tzinfo=UTC) if given else moment
    package.body = {key: kept[key] for key in IN_BODY}
    return package


async def _tags(s: Saving, package: HostedPackage) -> None:
    """Every tag of the package has an id; the id of a free one is made from its name."""
    given = package.body["tags"]
    new = [new_id() if tag["vocabulary_id"] else ids.tag_id(tag["name"]) for tag in given]
    package.body = package.body | {"tags": await packages.with_ids(s.session, given, new)}


async def _save_resources(s: Saving, package: HostedPackage, bodies: list[Document], files: list[Any]) -> None:
    """The resources of the package in their order; those that are not among them are deleted."""
    rows = {row.id: row for row in await resources.of_package(s.session, package.id)}
    moment = now().astimezone(UTC).replace(tzinfo=None).isoformat()
    seen = set()
    for position, (body, file) in enumerate(zip(bodies, files, strict=True)):
        id = body.pop("id", None) or new_id()
        if id in seen:
            raise Refusal(409, {"resources": ["Resource id already exists."], "__type": "Validation Error"})
        seen.add(id)
        row = rows.get(id)
        if row is None:
            row = HostedResource(id=id, package_id=package.id)
            body.setdefault("created", moment)
        same = row.state == ACTIVE and body == {k: v for k, v in row.body.items() if k != "metadata_modified"}
        if not same or isinstance(file, Received):
            row.body = body | {"metadata_modified": moment}
        row.position, row.state = position, ACTIVE
        await _content(s, package, row, file)
        s.session.add(row)
    for id in rows.keys() - seen:
        await delete_resource(s, rows[id])


async def _content(s: Saving, package: HostedPackage, row: HostedResource, file: Any) -> None:
    """The upload of a resource: a new one, the one it had, or none any more."""
    if not isinstance(file, Received):
        if row.body.get("url_type") != "upload" and row.upload_sha256:
            s.let_go.append(row.upload_sha256)
            row.upload_sha256 = row.upload_name = None
        return
    s.let_go += [file.sha256] + ([row.upload_sha256] if row.upload_sha256 else [])
    owner = package.owner_org or package.creator or ""
    try:
        await uploads(s.call.services.settings).keep(s.session, file, owner)
    except TooLarge as error:
        raise too_large(error.limit) from error
    row.upload_sha256, row.upload_name = file.sha256, formats.munged(file.name)


async def delete_resource(s: Saving, row: HostedResource) -> None:
    """Take a resource out of sight; its content and its rows go."""
    if row.state == DELETED:
        return
    s.rowless += await resources.tabled(s.session, [row.id])
    row.state = DELETED
    if row.upload_sha256:
        s.let_go.append(row.upload_sha256)
        row.upload_sha256 = row.upload_name = None
    s.session.add(row)


async def _save_groups(s: Saving, package: HostedPackage, wanted: list[str]) -> None:
    """The groups that the package belongs to; a caller changes only those that they may manage."""
    rows = await relations.memberships(s.session, package.id)
    now_in = {id for id, row in rows.items() if row.state == ACTIVE}
    new = [id for id in wanted if id not in now_in]
    s.call.check("package_groups", new)
    for id in new:
        row = rows.get(id) or HostedMember(group_id=id, table_name="package", table_id=package.id)
        row.state, row.capacity = ACTIVE, "public"
        s.session.add(row)
    for id in now_in - set(wanted):
        if s.call.caller.has("manage_group", id) or s.call.caller.sysadmin:
            rows[id].state = DELETED
            s.session.add(rows[id])


async def noted(s: Saving, package: HostedPackage, what: str) -> None:
    """Put down what was done: new, changed or deleted."""
    await s.session.flush()
    caller = s.call.caller
    kind = "deleted" if package.state == DELETED else what
    data = {"package": await s.document(package), "actor": caller.name}
    labels = activities.labels_of(package)
    activities.record(s.session, caller.id, package.id, f"{kind} package", data, labels)
