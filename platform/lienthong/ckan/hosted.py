"""Hosted datasets as CKAN shows them (CKAN 2.12, package_show)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from lienthong.catalog.hosted.packages import Relation, Whole
from lienthong.catalog.hosted.tables import HostedGroup, HostedPackage, HostedResource, HostedView
from lienthong.ckan import licences
from lienthong.ckan.documents import Document
from lienthong.ckan.formats import munged
from lienthong.ckan.ids import stamp
from lienthong.contract.registry import Registry
from lienthong.kernel.text import Language

# Texts of a package that nobody must give; without one they are null.
TEXTS = ("author", "author_email", "maintainer", "maintainer_email", "license_id", "notes", "url", "version")
RELATIONSHIPS = (
    ("depends_on", "dependency_of"), ("derives_from", "has_derivation"), ("links_to", "linked_from"),
    ("child_of", "parent_of"),
)  # fmt: skip
"""Types of relationships, each with what it is seen from the other side."""
RESOURCE_TEXTS = ("cache_url", "description", "mimetype", "mimetype_inner", "name", "resource_type", "url_type")
RESOURCE_TIMES = ("cache_last_updated", "created", "last_modified")
RESOURCE_OWN = frozenset(
    {*RESOURCE_TEXTS, *RESOURCE_TIMES, "format", "hash", "id", "metadata_modified", "package_id", "position", "size"}
    | {"datastore_active", "state", "url"}
)
"""Every key of a resource that is not a custom one."""


@dataclass(frozen=True)
class Shown:
    """What the documents need besides the rows: licences, the language of titles, the site's address.

    `agencies`: the organizations of contracts, by their id.
    """

    registry: Registry
    language: Language
    site: str
    agencies: Mapping[str, Document]


def package(whole: Whole, shown: Shown) -> Document:
    """A package as package_show gives it."""
    row, body = whole.package, whole.package.body
    tags = sorted(body.get("tags", ()), key=lambda tag: str(tag["name"]))
    return {
        **{name: body.get(name) for name in TEXTS},
        **licences.members(shown.registry, body.get("license_id"), shown.language),
        "creator_user_id": row.creator,
        "id": row.id,
        "metadata_created": stamp(row.created),
        "metadata_modified": moment(row),
        "name": row.name,
        "num_resources": len(whole.resources),
        "num_tags": len(tags),
        "organization": owner(whole, shown),
        "owner_org": row.owner_org,
        "private": row.private,
        "state": row.state,
        "title": (body.get("title") or row.name).strip(),
        "type": row.type,
        "extras": body.get("extras", []),
        "groups": [group(g, shown) for g in whole.groups],
        "resources": [resource(r, r.id in whole.tabled, shown, n) for n, r in enumerate(whole.resources)],
        "tags": [tag | {"display_name": tag["name"], "state": "active"} for tag in tags],
        "relationships_as_subject": [_relation(r) for r in whole.as_subject],
        "relationships_as_object": [_relation(r) for r in whole.as_object],
    }


def moment(row: HostedPackage) -> str:
    """When the package was changed; what an administrator gave as a whole second stays one."""
    return row.modified.astimezone(UTC).replace(tzinfo=None).isoformat()


def owner(whole: Whole, shown: Shown) -> Document | None:
    """The organization inside a package: a hosted one, or an agency of contracts."""
    found = whole.organization
    if found is None:
        return shown.agencies.get(whole.package.owner_org or "")
    body = found.body
    return {
        "id": found.id,
        "name": found.name,
        "title": body.get("title") or "",
        "type": body.get("type") or found.kind,
        "description": body.get("description") or "",
        "image_url": body.get("image_url") or "",
        "created": stamp(found.created),
        "is_organization": True,
        "approval_status": body.get("approval_status") or "approved",
        "state": found.state,
    }


def group(row: HostedGroup, shown: Shown) -> Document:
    """A group inside a package."""
    body = row.body
    return {
        "description": body.get("description") or "",
        "display_name": body.get("title") or row.name,
        "id": row.id,
        "image_display_url": image(body.get("image_url") or "", shown),
        "name": row.name,
        "title": body.get("title") or "",
    }


def image(url: str, shown: Shown) -> str:
    """The address of a group's picture: elsewhere, or one of our own by its name."""
    return url if not url or url.startswith(("http", "/")) else f"{shown.site}/uploads/group/{url}"


def resource(row: HostedResource, has_rows: bool, shown: Shown, position: int | None = None) -> Document:
    """A resource as resource_show gives it; custom keys stand beside the others."""
    body = row.body
    return {
        **{key: value for key, value in body.items() if key not in RESOURCE_OWN},
        **{name: body.get(name) for name in (*RESOURCE_TEXTS, *RESOURCE_TIMES)},
        "datastore_active": has_rows,
        "format": body.get("format") or "",
        "hash": body.get("hash") or "",
        "id": row.id,
        "metadata_modified": body.get("metadata_modified"),
        "package_id": row.package_id,
        "position": row.position if position is None else position,
        "size": body.get("size"),
        "state": row.state,
        "url": address(row, shown.site),
    }


def address(row: HostedResource, site: str) -> str:
    """Where the content is: at our own address for uploads and rows, else where the publisher says."""
    kind = row.body.get("url_type")
    if kind == "upload" and row.upload_sha256:
        return f"{site}/dataset/{row.package_id}/resource/{row.id}/download/{munged(row.upload_name or 'file')}"
    if kind == "datastore":
        return f"{site}/datastore/dump/{row.id}"
    return _whole(row.body.get("url") or "")


def _whole(url: str) -> str:
    """A link as CKAN shows it: one without a scheme is one of the web."""
    try:
        return url if not url or urlsplit(url).scheme else f"http://{url.lstrip('/')}"
    except ValueError:  # no address at all
        return url


def view(row: HostedView, package_id: str) -> Document:
    """A view of a resource."""
    return {"description": None, **row.body, "id": row.id, "resource_id": row.resource_id, "package_id": package_id}


def _relation(relation: Relation) -> Document:
    row = relation.row
    inner: dict[str, Any] = {
        "class_type": "PackageRelationship",
        "object_package_id": row.object_id,
        "subject_package_id": row.subject_id,
    }
    return {"__extras": inner, "comment": row.comment or "", "id": row.id, "type": row.type}
