"""Datasets, files and agencies as CKAN's package, resource and organization (CKAN 2.12 package_show)."""

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from lienthong.catalog.snapshot import DatasetState, FileInfo
from lienthong.ckan import ids, licences
from lienthong.contract.model import Agency
from lienthong.contract.registry import Registry
from lienthong.formats import FORMATS
from lienthong.kernel.text import Language

Document = dict[str, Any]
_BETWEEN_TAGS, _NOT_IN_TAGS = re.compile(r"[,;/|]"), re.compile(r"[^\w .-]")
ORDER = ("csv", "xlsx", "json", "jsonl", "parquet", "geojson", "gpkg", "pmtiles")  # in which they are shown


def organization(agency: Agency, created: datetime | None, language: Language) -> Document:
    """An agency as it stands inside a package."""
    return {
        "id": ids.organization_id(agency.id),
        "name": agency.slug,
        "title": agency.name.in_language(language),
        "type": "organization",
        "description": agency.description.in_language(language) if agency.description else "",
        "image_url": "",
        "created": ids.stamp(created),
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }


def whole_organization(short: Document, packages: int) -> Document:
    """An agency as organization_list shows it with all fields."""
    return short | {
        "display_name": short["title"],
        "image_display_url": "",
        "num_followers": 0,
        "package_count": packages,
    }


def tag(name: str) -> Document:
    """A keyword."""
    return {"id": ids.tag_id(name), "name": name, "vocabulary_id": None, "display_name": name}


def tags_of(keyword: str) -> list[str]:
    """A keyword as tags that every CKAN takes: one that lists several ("a, b") is several; 2 to 100 letters each."""
    parts = (" ".join(_NOT_IN_TAGS.sub(" ", part).split())[:100].strip() for part in _BETWEEN_TAGS.split(keyword))
    return [part for part in parts if len(part) > 1]


def package(state: DatasetState, owner: Document, registry: Registry, language: Language, site: str) -> Document:
    """A dataset with its files; one that nobody published is private and has none."""
    contract, catalogue = state.contract, state.contract.catalogue
    tags = sorted({tag for word in catalogue.keywords for tag in tags_of(word.in_language(language))})
    resources = _resources(state, language, site)
    created, modified = _times(state)
    page = f"{site}{'/en' if language == 'en' else ''}/datasets/{contract.slug}"
    return {
        "author": state.agency.name.in_language(language),
        "author_email": state.agency.email,
        "creator_user_id": None,
        "id": ids.package_id(contract.id),
        **licences.members(registry, contract.licence, language),
        "maintainer": catalogue.contact.name.in_language(language),
        "maintainer_email": catalogue.contact.email,
        "metadata_created": ids.stamp(created),
        "metadata_modified": ids.stamp(modified),
        "name": contract.slug,
        "notes": _notes(state, language),
        "num_resources": len(resources),
        "num_tags": len(tags),
        "organization": owner,
        "owner_org": owner["id"],
        "private": not state.is_published,
        "state": "active",
        "title": contract.title.in_language(language),
        "type": "dataset",
        "url": page,
        "version": contract.version,
        "extras": _extras(state, language),
        "groups": [],
        "resources": resources,
        "tags": [tag(name) | {"state": "active"} for name in tags],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def _times(state: DatasetState) -> tuple[datetime | None, datetime | None]:
    """When it was first known, and when it last changed."""
    moments = [r.published_at for r in state.releases if r.number > 0]
    if not state.is_published or not moments or state.release is None:
        return state.loaded_at, state.loaded_at
    return min(moments), state.release.published_at


def _notes(state: DatasetState, language: Language) -> str:
    """The purpose in both languages, the reader's first."""
    purpose = state.contract.description.purpose
    first, second = (purpose.vi, purpose.en) if language == "vi" else (purpose.en, purpose.vi)
    return f"{first}\n\n{second}" if second and second != first else first


def _extras(state: DatasetState, language: Language) -> list[dict[str, str]]:
    """What CKAN has no member for; its values are texts."""
    contract, catalogue = state.contract, state.contract.catalogue
    release = state.release if state.is_published else None
    given = {
        "contract_version": contract.version,
        "data_class": catalogue.data_class,
        "language": "vi",
        "legal_basis": "; ".join(catalogue.legal_basis),
        "personal_data": str(contract.privacy.personal).lower(),
        "provenance": contract.source.system.in_language(language),
        "quality_score": f"{state.quality.score:.4f}" if state.quality else "",
        "release": str(release.number) if release else "",
        "rows": str(release.rows) if release else "",
        # Not `spatial`: under that key harvesters expect GeoJSON.
        "spatial_code": catalogue.spatial,
        "theme": catalogue.theme,
        "update_frequency": catalogue.update_frequency,
    }
    return [{"key": key, "value": value} for key, value in given.items() if value]


def _resources(state: DatasetState, language: Language, site: str) -> list[Document]:
    if state.release is None or not state.is_published:
        return []
    order = {name: n for n, name in enumerate(ORDER)}
    files = sorted(state.release.files, key=lambda f: (order.get(f.format.lower(), len(order)), f.format))
    return [_resource(state, file, n, language, site) for n, file in enumerate(files)]


def _resource(state: DatasetState, file: FileInfo, position: int, language: Language, site: str) -> Document:
    contract, (created, modified) = state.contract, _times(state)
    package, own = ids.package_id(contract.id), ids.resource_id(contract.id, file.format)
    name = PurePosixPath(file.path).name
    known = FORMATS.get(file.format)
    label = known.label if known else file.format.upper()
    title = f"{contract.title.in_language(language)} ({label})"
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": ids.stamp(created),
        "datastore_active": file.format.lower() == "csv",
        "description": f"{title}: {known.use.in_language(language)}" if known else title,
        "format": label,
        "hash": file.sha256,
        "hash_algorithm": "sha256",
        "id": own,
        "last_modified": ids.stamp(modified),
        "metadata_modified": ids.stamp(modified),
        "mimetype": file.media_type.partition(";")[0],
        "mimetype_inner": None,
        "name": name,
        "package_id": package,
        "position": position,
        "resource_type": None,
        "size": file.size,
        "state": "active",
        "url": f"{site}/dataset/{package}/resource/{own}/download/{name}",
        "url_type": "upload",
    }
