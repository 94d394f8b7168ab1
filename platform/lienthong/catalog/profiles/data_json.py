"""DCAT-US 1.1: the catalogue as one `data.json` (Project Open Data)."""

from collections.abc import Iterable
from typing import Any

from lienthong.catalog.profiles.described import Described, Entry

_SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"


def document(entries: Iterable[Entry], site: str) -> dict[str, Any]:
    """The whole catalogue."""
    return {
        "@context": f"{_SCHEMA}/catalog.jsonld",
        "@id": f"{site}/data.json",
        "@type": "dcat:Catalog",
        "conformsTo": _SCHEMA,
        "describedBy": f"{_SCHEMA}/catalog.json",
        "dataset": [_dataset(entry) for entry in entries],
    }


def _dataset(entry: Entry) -> dict[str, Any]:
    publisher = entry.publisher.name.vi if entry.publisher else "Liên Thông"
    changed = entry.modified or entry.issued
    name, email = (entry.contact[0].vi, entry.contact[1]) if entry.contact else (publisher, "")
    told = {
        "@type": "dcat:Dataset",
        "identifier": entry.url,
        "title": entry.title.vi,
        "description": entry.description.vi,
        "keyword": [word.vi for word in entry.keywords] or [entry.name],
        "modified": changed.isoformat() if changed else None,
        "issued": entry.issued.isoformat() if entry.issued else None,
        "publisher": {
            "@type": "org:Organization",
            "name": publisher,
        },
        "contactPoint": {"@type": "vcard:Contact", "fn": name, "hasEmail": f"mailto:{email}" if email else None},
        "accessLevel": "public",
        "license": entry.licence_iri,
        "accrualPeriodicity": f"R/{entry.frequency}" if entry.frequency else None,
        "landingPage": entry.url,
        "spatial": entry.spatial,
        "language": ["vi"],
        "distribution": [_distribution(file) for file in entry.files],
    }
    return {key: value for key, value in told.items() if value not in (None, [])}


def _distribution(file: Described) -> dict[str, Any]:
    told = {
        "@type": "dcat:Distribution",
        "title": file.title.vi,
        "format": file.format or None,
        "mediaType": file.media_type if file.download else None,
        "downloadURL" if file.download and file.media_type else "accessURL": file.url,
    }
    return {key: value for key, value in told.items() if value}
