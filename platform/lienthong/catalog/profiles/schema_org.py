"""schema.org/Dataset (as Google Dataset Search reads it) and Croissant 1.0 (MLCommons)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from lienthong.catalog.profiles.described import Described, Entry
from lienthong.contract.model import FieldContract

_TYPES = {
    "integer": "sc:Integer", "decimal": "sc:Float", "money": "sc:Integer", "boolean": "sc:Boolean", "date": "sc:Date",
    "datetime": "sc:DateTime", "url": "sc:URL",
}  # fmt: skip
_STORED = {
    "int2": "sc:Integer", "int4": "sc:Integer", "int8": "sc:Integer", "int": "sc:Integer", "numeric": "sc:Float",
    "float4": "sc:Float", "float8": "sc:Float", "bool": "sc:Boolean", "date": "sc:Date", "timestamp": "sc:DateTime",
    "timestamptz": "sc:DateTime",
}  # fmt: skip
_UNNAMED = re.compile(r"[^\w.()-]+")
_CONTEXT = {
    "@language": "vi", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/", "extract": "cr:extract",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "field": "cr:field", "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty", "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5",
    "parentField": "cr:parentField", "path": "cr:path", "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
    "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip


def dataset(entry: Entry, language: str = "vi") -> dict[str, Any]:
    """The dataset as schema.org tells it, for the page of it in that language."""
    told = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": entry.url,
        "url": entry.url,
        "identifier": entry.identifier,
        "name": _said(entry.title, language),
        "description": _said(entry.description, language)[:5000],
        "keywords": [_said(word, language) for word in entry.keywords],
        "license": entry.licence_iri,
        "datePublished": entry.issued.isoformat() if entry.issued else None,
        "dateModified": entry.modified.isoformat() if entry.modified else None,
        "version": entry.version,
        "isAccessibleForFree": entry.contract is None or entry.contract.is_open,
        "inLanguage": "vi",
        "creator": _publisher(entry, language),
        "publisher": _publisher(entry, language),
        "spatialCoverage": entry.spatial,
        "variableMeasured": [
            {"@type": "PropertyValue", "name": f.name, "description": _said(f.title, language)} for f in _fields(entry)
        ],
        "distribution": [_download(file, language) for file in entry.files],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": "Liên Thông",
            "url": _site(entry),
        },
    }
    return {name: value for name, value in told.items() if value not in (None, [], "")}


@dataclass(frozen=True)
class Rows:
    """Rows that a resource without a contract holds now: their address as CSV, and (column, SQL type, title)."""

    resource: str
    title: str
    url: str
    columns: tuple[tuple[str, str, str], ...]


def croissant(entry: Entry, tables: Sequence[Rows] = ()) -> dict[str, Any]:
    """The dataset as Croissant 1.0: its files, the columns of its CSV, or those of rows that are kept here."""
    csv = next((f for f in entry.files if f.format == "CSV"), None)
    told = dataset(entry) | {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": f"{entry.title.vi}, {entry.url}",
        "distribution": [_object(file, _named(entry, file)) for file in entry.files],
    }
    if csv is not None and _fields(entry):
        told["recordSet"] = [
            {
                "@type": "cr:RecordSet",
                "@id": "rows",
                "name": "rows",
                "description": entry.title.vi,
                "field": [_field(field, _named(entry, csv)) for field in _fields(entry)],
            }
        ]
    if tables:
        told["isLiveDataset"] = True  # rows change in place, so no digest can be told
        dumps = {rows.url for rows in tables}
        others = [file for file in told["distribution"] if file["contentUrl"] not in dumps]
        told["distribution"] = [*others, *map(_dumped, tables)]
        told["recordSet"] = [*told.get("recordSet", ()), *map(_records, tables)]
    return {name: value for name, value in told.items() if name not in ("variableMeasured", "includedInDataCatalog")}


def _dumped(rows: Rows) -> dict[str, Any]:
    name = f"{rows.resource}.csv"
    return {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": rows.url, "encodingFormat": "text/csv"}


def _records(rows: Rows) -> dict[str, Any]:
    source = {"@id": f"{rows.resource}.csv"}
    told = [
        {
            "@type": "cr:Field",
            "@id": f"{rows.resource}/{name}",
            "name": name,
            "description": title,
            "dataType": _STORED.get(kind, "sc:Text"),
            "source": {"fileObject": source, "extract": {"column": name}},
        }
        for name, kind, title in rows.columns
    ]
    return {
        "@type": "cr:RecordSet", "@id": rows.resource, "name": rows.resource, "description": rows.title, "field": told
    }  # fmt: skip


def _fields(entry: Entry) -> tuple[FieldContract, ...]:
    return entry.contract.open_fields if entry.contract else ()


def _said(text: Any, language: str) -> str:
    return str(text.en if language == "en" else text.vi)


def _site(entry: Entry) -> str:
    return entry.url.removesuffix(f"/{quote(entry.name)}").rpartition("/")[0]


def _publisher(entry: Entry, language: str) -> dict[str, Any] | None:
    if entry.publisher is None:
        return None
    return {"@type": "GovernmentOrganization", "name": _said(entry.publisher.name, language)}


def _download(file: Described, language: str) -> dict[str, Any]:
    told = {
        "@type": "DataDownload",
        "name": _said(file.title, language),
        "encodingFormat": file.media_type or file.format,
        "contentUrl": file.url,
        "contentSize": f"{file.size} B" if file.size is not None else None,
        "sha256": file.checksum,
    }
    return {name: value for name, value in told.items() if value}


def _named(entry: Entry, file: Described) -> str:
    """The name of a file, as no other file of the dataset has it."""
    name = _UNNAMED.sub("-", unquote(file.url).rpartition("/")[2]).strip("-") or "file"
    same = [one.id for one in entry.files if one.url.rpartition("/")[2] == file.url.rpartition("/")[2]]
    place = same.index(file.id)
    return f"{place + 1}-{name}" if place else name


def _object(file: Described, name: str) -> dict[str, Any]:
    told = {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": file.url,
        "encodingFormat": file.media_type or "application/octet-stream",
        "contentSize": f"{file.size} B" if file.size is not None else None,
        "sha256": file.checksum,
    }
    return {key: value for key, value in told.items() if value}


def _field(field: FieldContract, file: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"rows/{field.name}",
        "name": field.name,
        "description": field.title.vi,
        "dataType": _TYPES.get(field.logical_type, "sc:Text"),
        "source": {"fileObject": {"@id": file}, "extract": {"column": field.name}},
    }
