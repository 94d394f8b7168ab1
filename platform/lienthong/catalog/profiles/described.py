"""What a catalogue tells of a dataset, whoever published it: the common ground of all profiles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from lienthong.catalog.profiles import authority
from lienthong.catalog.snapshot import DatasetState, ReleaseInfo
from lienthong.contract.model import Contract
from lienthong.formats import FORMATS
from lienthong.kernel.text import Bilingual, both

_SHA256 = re.compile("[0-9a-f]{64}")
_FORBIDDEN = frozenset('<>"{}|\\^`')


@dataclass(frozen=True)
class Described:
    """One file or address of a dataset. `checksum`: SHA-256 in hexadecimal."""

    id: str
    title: Bilingual
    url: str
    download: bool
    format: str
    media_type: str | None = None
    size: int | None = None
    checksum: str | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class Publisher:
    """Who publishes."""

    id: str
    name: Bilingual
    email: str | None = None
    homepage: str | None = None


@dataclass(frozen=True)
class Version:
    """One release: its number, address, day; the one before it is the one with the next lower number."""

    number: int
    url: str
    issued: datetime
    current: bool


@dataclass(frozen=True)
class Entry:
    """A dataset as every profile tells it. `name` is its name in addresses; `url` its page."""

    name: str
    url: str
    identifier: str
    title: Bilingual
    description: Bilingual
    publisher: Publisher | None
    keywords: tuple[Bilingual, ...] = ()
    theme: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    frequency: str | None = None
    spatial: str | None = None
    contact: tuple[Bilingual, str] | None = None
    issued: datetime | None = None
    modified: datetime | None = None
    version: str | None = None
    versions: tuple[Version, ...] = ()
    files: tuple[Described, ...] = ()
    legal: tuple[str, ...] = ()
    provenance: Bilingual | None = None
    quality: Sequence[Mapping[str, Any]] = ()
    score: float | None = None
    contract: Contract | None = None
    extras: Mapping[str, str] | None = None

    @property
    def licence_iri(self) -> str | None:
        """Where the licence stands."""
        named = authority.licence(self.licence) if self.licence and self.contract else None
        return self.licence_url or named


def iri(text: object) -> str | None:
    """`text` as an address that may stand in a graph: http, https or mailto, nothing in it that breaks out. Or None."""
    given = str(text or "").strip()
    if not given or len(given) > 2000 or any(c in _FORBIDDEN or c <= " " for c in given):
        given = quote(given, safe="%/:=&?~#+!$,;'@()*[]") if 0 < len(given) <= 2000 else ""
    try:
        parts = urlsplit(given)
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and parts.netloc or parts.scheme == "mailto" and parts.path
    return given if good and not set(given) & _FORBIDDEN else None


def governed(state: DatasetState, site: str) -> Entry:
    """A dataset with a contract, that is published."""
    contract, catalogue, release = state.contract, state.contract.catalogue, state.release
    page = f"{site}/datasets/{contract.slug}"
    versions = tuple(_version(page, r, r is release) for r in state.releases if r.state in ("published", "superseded"))
    moments = [r.published_at for r in state.releases if r.number > 0 and r.state in ("published", "superseded")]
    return Entry(
        name=contract.slug,
        url=page,
        identifier=contract.id,
        title=contract.title,
        description=contract.description.purpose,
        publisher=Publisher(state.agency.slug, state.agency.name, state.agency.email, state.agency.website),
        keywords=catalogue.keywords,
        theme=catalogue.theme,
        licence=catalogue.licence if contract.is_open else None,
        frequency=catalogue.update_frequency,
        spatial=catalogue.spatial,
        contact=(catalogue.contact.name, catalogue.contact.email),
        issued=min(moments, default=None),
        modified=release.published_at if release else None,
        version=str(release.number) if release else None,
        versions=versions,
        files=tuple(_files(contract, release, page)) if release else (),
        legal=catalogue.legal_basis,
        provenance=contract.source.system,
        quality=state.quality.results if state.quality else (),
        score=state.quality.score if state.quality else None,
        contract=contract,
    )


def _version(page: str, release: ReleaseInfo, current: bool) -> Version:
    return Version(release.number, f"{page}/releases/{release.number}", release.published_at, current)


def _files(contract: Contract, release: ReleaseInfo, page: str) -> list[Described]:
    found = []
    for file in sorted(release.files, key=lambda f: f.path):
        name, known = PurePosixPath(file.path).name, FORMATS.get(file.format)
        kind = known.label if known else file.format.upper()
        found.append(
            Described(
                id=f"{page}#{file.format}",
                title=both(f"{contract.title.vi} ({kind})", f"{contract.title.en} ({kind})"),
                url=f"{page}/releases/{release.number}/{quote(name)}",
                download=True,
                format=kind,
                media_type=file.media_type.partition(";")[0],
                size=file.size,
                checksum=file.sha256,
                modified=release.published_at,
            )
        )
    return found


def hosted(package: Mapping[str, Any], site: str) -> Entry:
    """A dataset that people published through the Action API, from what `package_show` tells of it."""
    name, extras = str(package["name"]), {e["key"]: str(e["value"]) for e in package.get("extras") or ()}
    page, owner = f"{site}/dataset/{quote(name)}", package.get("organization")
    email = str(package.get("maintainer_email") or package.get("author_email") or "")
    person = str(package.get("maintainer") or package.get("author") or "")
    return Entry(
        name=name,
        url=page,
        identifier=str(package["id"]),
        title=_same(package.get("title") or name),
        description=_same(package.get("notes") or package.get("title") or name),
        publisher=Publisher(str(owner["name"]), _same(owner.get("title") or owner["name"])) if owner else None,
        keywords=tuple(_same(tag["display_name"]) for tag in package.get("tags") or ()),
        licence=package.get("license_title") or package.get("license_id"),
        licence_url=iri(package.get("license_url")),
        contact=(_same(person or email), email) if "@" in email else None,
        issued=_moment(package.get("metadata_created")),
        modified=_moment(package.get("metadata_modified")),
        version=str(package["version"]) if package.get("version") else None,
        files=tuple(f for r in package.get("resources") or () if (f := _resource(r, page))),
        extras=extras,
    )


def _resource(resource: Mapping[str, Any], page: str) -> Described | None:
    url, size = iri(resource.get("url")), resource.get("size")
    if url is None:
        return None
    return Described(
        id=f"{page}/resource/{quote(str(resource['id']))}",
        title=_same(resource.get("name") or resource.get("format") or page.rpartition("/")[2]),
        url=url,
        download=resource.get("url_type") == "upload",
        format=str(resource.get("format") or ""),
        media_type=str(resource["mimetype"]) if resource.get("mimetype") else None,
        size=size if isinstance(size, int) and size >= 0 else None,
        checksum=checksum if _SHA256.fullmatch(checksum := str(resource.get("hash") or "").lower()) else None,
        modified=_moment(resource.get("last_modified")),
    )


def _same(text: object) -> Bilingual:
    """A text whose language nobody told."""
    return both(str(text), str(text))


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(moment: datetime | date | None) -> str | None:
    """The day of a moment, as ISO 8601 writes it."""
    return moment.isoformat()[:10] if moment else None
