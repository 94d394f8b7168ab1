"""A dataset of the catalogue as a record (OGC 20-004r1, record-core)."""

from typing import Any

from lienthong.catalog.profiles.described import Entry, day
from lienthong.kernel.text import Language
from lienthong.ogc.asking import GEOJSON, is_geometry
from lienthong.ogc.documents import LICENCES, VIETNAM_EXTENT, link
from lienthong.ogc.records_filter import Record

NAME = "catalogue"
CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"


def record(entry: Entry, base: str, spoken: Language) -> Record:
    """The record in a language. `base`: the address of this surface."""
    first, last = day(entry.issued), day(entry.modified)
    placed = any(is_geometry(field) for field in entry.contract.open_fields) if entry.contract else False
    return {
        "id": entry.name,
        "type": "Feature",
        "conformsTo": [CORE],
        "time": {"interval": [first, ".."], "resolution": "P1D"} if first else None,
        "geometry": _extent() if placed else None,
        "properties": _properties(entry, spoken) | {"created": first, "updated": last},
        "links": _links(entry, base, placed=placed),
    }


def _extent() -> dict[str, Any]:
    west, south, east, north = VIETNAM_EXTENT
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _properties(entry: Entry, spoken: Language) -> dict[str, Any]:
    publisher = entry.publisher.name.in_language(spoken) if entry.publisher else None
    told = {
        "type": "dataset",
        "title": entry.title.in_language(spoken),
        "description": entry.description.in_language(spoken),
        "keywords": [word.in_language(spoken) for word in entry.keywords],
        "theme": entry.theme,
        "publisher": publisher,
        "license": entry.licence,
        "contacts": _contacts(entry, publisher, spoken),
        "formats": [{"name": file.format, "mediaType": file.media_type} for file in entry.files if file.format],
        "externalIds": _ids(entry),
    }
    spoken_in = {"language": {"code": spoken}, "languages": [{"code": "vi"}, {"code": "en"}]} if entry.contract else {}
    return {name: value for name, value in told.items() if value is not None} | spoken_in


def _contacts(entry: Entry, publisher: str | None, spoken: Language) -> list[dict[str, Any]]:
    if entry.contact is None:
        return [{"organization": publisher, "roles": ["publisher"]}] if publisher else []
    name, email = entry.contact
    told = {"organization": publisher, "name": name.in_language(spoken), "emails": [{"value": email}],
            "roles": ["pointOfContact", "publisher"]}  # fmt: skip
    return [{key: value for key, value in told.items() if value}]


def _ids(entry: Entry) -> list[dict[str, str]]:
    """Its id here, and at the catalogue from which it was harvested."""
    found = [{"scheme": "urn:lienthong" if entry.contract else "urn:uuid", "value": entry.identifier}]
    extras = entry.extras or {}
    if extras.get("harvest_id"):
        found.append({"scheme": extras.get("harvest_source", "urn:harvest"), "value": extras["harvest_id"]})
    return found


def _links(entry: Entry, base: str, *, placed: bool) -> list[dict[str, str]]:
    links = [
        link(f"{base}/collections/{NAME}/items/{entry.name}", "self", GEOJSON),
        link(f"{base}/collections/{NAME}", "collection"),
        link(entry.url, "describedby", "text/html"),
        link(f"{entry.url}.ttl", "describedby", "text/turtle"),
    ]
    if placed:
        links.append(link(f"{base}/collections/{entry.name}", "items"))
    for file in entry.files:
        kind = file.media_type or "text/html"
        name = file.url.rpartition("/")[2] if entry.contract else file.title.vi
        links.append(link(file.url, "enclosure" if file.download or file.media_type else "item", kind, name))
    address = LICENCES.get(entry.licence or "") or entry.licence_url
    return [*links, link(address, "license", "text/html")] if address else links
