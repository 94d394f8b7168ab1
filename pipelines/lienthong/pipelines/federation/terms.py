"""Words of other catalogues in ours: licences, formats, days."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from lienthong.pipelines.federation.records import House

# Patterns in addresses and names of licences, the first that fits; folded to small letters, digits and single spaces.
_LICENCES: tuple[tuple[str, str], ...] = (
    (r"not specified|no licen[cs]e|unknown|^none$|\[\]$|notspecified", "notspecified"),
    (r"not open|closed|all rights reserved|nkc 1 0|copyright$", "other-closed"),
    (r"noc nc|non ?commercial|by nc|cc nc", "other-nc"),
    (r"publicdomain mark|public domain mark", "other-pd"),
    (r"cc ?0|cc zero|publicdomain zero|creative commons zero", "cc-zero"),
    (r"by sa|share ?alike", "cc-by-sa"),
    (r"by nd|no ?derivatives", "other-closed"),
    (r"licenses by |cc by|creative commons attribution|creative commons 4 0|^cc ?by", "cc-by"),
    (r"odbl|open database", "odc-odbl"),
    (r"pddl|public domain dedication", "odc-pddl"),
    (r"odc by|opendatacommons org licenses by", "odc-by"),
    (r"open government licen[cs]e|ogl", "uk-ogl"),
    (r"other open|licence ouverte|open licence|etalab|lov2|fr lo", "other-open"),
    (r"public domain", "other-pd"),
    (r"gfdl|gnu free documentation", "gfdl"),
)
_FORMATS = {
    "MS EXCEL": "XLSX", "XSLX": "XLSX", "EXCEL": "XLSX", "MS WORD": "DOCX", "GEOJSON": "GeoJSON", "SHAPEFILE": "SHP",
    "QGIS SHAPEFILE": "SHP", "ARCGIS GEOSERVICE": "Esri REST", "GEOSERVICE": "Esri REST", "REST": "Esri REST",
    "ARCGIS REST API": "Esri REST", "ARCGIS HUB DATASET": "HTML", "OGC WMS": "WMS", "OGC WFS": "WFS",
    "WEB FEATURE SERVICE (WFS)": "WFS", "PAGE WEB": "HTML", "WWW": "HTML", "URL": "HTML", "7-ZIP COMPRESSED FILE": "7Z",
    "TIF": "TIFF", "GEOPARQUET": "GeoParquet", "PARQUET": "Parquet", "PNG 24": "PNG", "NO FILE TYPE": "", "OTHER": "",
    "APPLICATION": "", "APP": "", "APPLICATION/X-MSDOS-PROGRAM": "", "CSV, JSON": "CSV", "GEOPACKAGE": "GPKG",
    "NEWLINE DELIMITED JSON": "JSONL", "JSONL": "JSONL", "JPG": "JPEG", "TXT": "TXT", "NDJSON": "JSONL",
}  # fmt: skip
_MEDIA = "/media-types/"
_MOST_FORMAT = 24


class Terms:
    """The words of one installation."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._licences: dict[str, str] = {}
        for known in house.licences:
            for word in (known["id"], known["title"], known["url"]):
                self._licences.setdefault(_plain(str(word or "")), str(known["id"]))
        self._ids = frozenset(str(known["id"]) for known in house.licences)
        self._licences.pop("", None)

    def licence(self, *told: object) -> tuple[str | None, bool]:
        """The id in our register of what a source says (ids, addresses, names), and whether it is one we know."""
        texts = [str(text).strip() for text in told if str(text or "").strip()]
        for text in texts:
            found = text if text in self._ids else self._licences.get(_plain(text))
            if found:
                return found, True
        for text in texts:
            plain = _plain(text)
            for pattern, id in _LICENCES:
                if re.search(pattern, plain) and id in self._ids:
                    return id, True
        return (texts[0][:200], False) if texts else (None, True)

    def format(self, told: object, url: str = "") -> str:
        """The format as CKAN writes it: of a word, a media type, an address of one; else of the end of the address."""
        text = str(told or "").strip().removeprefix(".")
        if _MEDIA in text:
            text = text.partition(_MEDIA)[2]
        elif "/file-type/" in text:
            text = text.rpartition("/")[2].replace("_", " ")
        known = _FORMATS.get(text.upper())
        if known is None:
            known = self._house.format(text.partition(";")[0].strip())
            known = known.upper() if known == text.lower() and "/" not in known and len(known) <= 8 else known
        return self._of_address(url) if not known or len(known) > _MOST_FORMAT or known.isdigit() else known

    def _of_address(self, url: str) -> str:
        try:
            name = urlsplit(url).path.rpartition("/")[2]
        except ValueError:
            return ""
        ending = name.rpartition(".")[2] if "." in name else ""
        found = _FORMATS.get(ending.upper()) or self._house.format(ending)
        return found if found and found != ending else ""


def day(text: object) -> str | None:
    """A day or moment as ISO 8601, in UTC where a zone was given; None: it is none."""
    given = str(text or "").strip()
    try:
        found = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return None
    if not 1000 <= found.year <= 9998:
        return None
    if "T" not in given and " " not in given:
        return found.date().isoformat()
    return (found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found).isoformat()


def size(value: Any) -> int | None:
    """A number of bytes; None: it is none."""
    try:
        found = int(str(value))
    except ValueError:
        return None
    return found if 0 <= found < 2**63 else None


def _plain(text: str) -> str:
    """Small letters and digits, single spaces; an address without its scheme and ending."""
    lower = re.sub(r"^https?://(www\.)?", "", text.strip().lower())
    return " ".join(re.sub(r"[^a-z0-9\[\]]+", " ", lower).split())
