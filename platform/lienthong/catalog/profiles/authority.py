"""Our codes in the words of the EU Publications Office, IANA and SPDX."""

from urllib.parse import quote

EU = "http://publications.europa.eu/resource/authority/"
FREQUENCIES = {
    "PT1H": "HOURLY", "P1D": "DAILY", "P1W": "WEEKLY", "P1M": "MONTHLY", "P3M": "QUARTERLY", "P6M": "ANNUAL_2",
    "P1Y": "ANNUAL",
}  # fmt: skip
FILE_TYPES = {
    "CSV": "CSV", "JSON": "JSON", "JSONL": "JSON", "GEOJSON": "GEOJSON", "XLSX": "XLSX",
    "XLS": "XLS", "PARQUET": "PARQUET",
    "GPKG": "GPKG", "ZIP": "ZIP", "XML": "XML", "PDF": "PDF", "HTML": "HTML", "KML": "KML", "SHP": "SHP", "TXT": "TXT",
    "DOCX": "DOCX", "DOC": "DOC", "ODS": "ODS", "RDF": "RDF", "TTL": "RDF_TURTLE", "PNG": "PNG", "JPEG": "JPEG",
}  # fmt: skip
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "MIT": "https://opensource.org/license/mit",
}


def theme(code: str) -> str:
    """A theme of the EU's list."""
    return f"{EU}data-theme/{quote(code)}"


def frequency(code: str) -> str:
    """How often, from ISO 8601."""
    return f"{EU}frequency/{FREQUENCIES.get(code, 'UNKNOWN')}"


def file_type(format: str) -> str | None:
    """A format of files, where the list has it."""
    found = FILE_TYPES.get(format.upper())
    return f"{EU}file-type/{found}" if found else None


def media_type(name: str) -> str | None:
    """A media type of IANA's register."""
    kind, slash, rest = name.partition("/")
    if not slash or not rest or not (kind + rest).replace("-", "").replace("+", "").replace(".", "").isalnum():
        return None
    return f"https://www.iana.org/assignments/media-types/{kind}/{rest}"


def licence(identifier: str) -> str:
    """Where a licence stands, by its SPDX identifier."""
    return LICENCES.get(identifier, f"https://spdx.org/licenses/{quote(identifier)}")
