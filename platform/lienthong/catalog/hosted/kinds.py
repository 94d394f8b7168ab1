"""Kinds of files that are published: what a file with an ending must begin with, and its media type."""

from collections.abc import Mapping
from dataclasses import dataclass

OTHER = "application/octet-stream"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
# ending, what its content is found to be (one of), family of formats, media type.
_TABLE = f"""
csv      text,json,script  table     text/csv
tsv      text,json,script  table     text/tab-separated-values
txt      text,json,script  text      text/plain
md       text,xml,script   text      text/markdown
yaml     text,json,script  text      text/yaml
yml      text,json,script  text      text/yaml
sql      text              text      text/plain
ttl      text,script       text      text/turtle
json     json              json      application/json
geojson  json              json      application/geo+json
jsonld   json              json      application/ld+json
ndjson   json,text         json      application/x-ndjson
jsonl    json,text         json      application/x-ndjson
xml      xml,svg,html      xml       application/xml
kml      xml               xml       application/vnd.google-earth.kml+xml
gml      xml               xml       application/gml+xml
rdf      xml               xml       application/rdf+xml
svg      svg               svg       image/svg+xml
html     html,xml          html      text/html
htm      html,xml          html      text/html
pdf      pdf               pdf       application/pdf
png      png               image     image/png
jpg      jpeg              image     image/jpeg
jpeg     jpeg              image     image/jpeg
gif      gif               image     image/gif
bmp      bmp               image     image/bmp
tif      tiff              image     image/tiff
tiff     tiff              image     image/tiff
zip      zip               archive   application/zip
kmz      zip               archive   application/vnd.google-earth.kmz
gz       gzip              archive   application/gzip
7z       7z                archive   application/x-7z-compressed
rar      rar               archive   application/vnd.rar
xz       xz                archive   application/x-xz
xlsx     zip               sheet     {_OPEN_XML}spreadsheetml.sheet
xlsm     zip               sheet     application/vnd.ms-excel.sheet.macroEnabled.12
docx     zip               document  {_OPEN_XML}wordprocessingml.document
pptx     zip               slides    {_OPEN_XML}presentationml.presentation
ods      zip               sheet     {_OPEN_DOCUMENT}spreadsheet
odt      zip               document  {_OPEN_DOCUMENT}text
odp      zip               slides    {_OPEN_DOCUMENT}presentation
xls      ole               sheet     application/vnd.ms-excel
doc      ole,rtf           document  application/msword
ppt      ole               slides    application/vnd.ms-powerpoint
rtf      rtf               document  application/rtf
parquet  parquet           columns   application/vnd.apache.parquet
arrow    arrow             columns   application/vnd.apache.arrow.file
gpkg     sqlite            database  application/geopackage+sqlite3
sqlite   sqlite            database  application/vnd.sqlite3
pmtiles  pmtiles           tiles     application/vnd.pmtiles
nc       netcdf,hdf5       grid      application/netcdf
shp      shp               shape     application/vnd.shp
"""
# A part that an office file must have.
PARTS = {
    "xlsx": "xl/workbook.xml", "xlsm": "xl/workbook.xml", "docx": "word/document.xml", "pptx": "ppt/presentation.xml",
    "ods": "content.xml", "odt": "content.xml", "odp": "content.xml",
}  # fmt: skip
# Formats as publishers write them, where that is no ending.
_CALLED = {"excel": "xlsx", "word": "docx", "geopackage": "gpkg", "netcdf": "nc", "turtle": "ttl", "text": "txt",
           "geoparquet": "parquet", "jsonlines": "jsonl", "shapefile": "zip"}  # fmt: skip
# Beginnings of files that no other kind of file has.
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"BM", "bmp"),
    (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"), (b"II+\x00", "tiff"), (b"MM\x00+", "tiff"), (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gzip"), (b"7z\xbc\xaf'\x1c", "7z"), (b"Rar!\x1a\x07", "rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"), (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"PMTiles", "pmtiles"),
    (b"SQLite format 3\x00", "sqlite"), (b"\x00\x00\x27\x0a", "shp"), (b"CDF\x01", "netcdf"), (b"CDF\x02", "netcdf"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"{\\rtf", "rtf"), (b"MZ", "program"), (b"\x7fELF", "program"),
    (b"\xca\xfe\xba\xbe", "program"), (b"#!", "script"), (b"\xfd7zXZ\x00", "xz"), (b"BZh", "bzip2"),
)  # fmt: skip
SHORT = frozenset({"bmp", "program", "bzip2"})
"""Kinds whose beginning a text may have, too."""

INLINE = frozenset({"text/csv", "text/plain", "text/tab-separated-values", "application/json", "application/geo+json",
                    "application/pdf", "image/png", "image/jpeg", "image/gif"})  # fmt: skip
"""Media types that a browser shows without running anything; all others are only saved."""


@dataclass(frozen=True)
class Kind:
    """What a file with an ending must be: found to be one of `contents`; of a `family` of formats."""

    ending: str
    contents: frozenset[str]
    family: str
    media_type: str


def _kinds() -> dict[str, Kind]:
    rows = [line.split() for line in _TABLE.strip().splitlines()]
    return {ending: Kind(ending, frozenset(found.split(",")), family, kind) for ending, found, family, kind in rows}


KINDS: Mapping[str, Kind] = _kinds()


def by_name(name: str) -> Kind | None:
    """The kind that the ending of a name tells."""
    return KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None


def by_format(format: str) -> Kind | None:
    """The kind that a format tells, as publishers write it."""
    word = format.strip().lower()
    return KINDS.get(_CALLED.get(word, word))


def media_type(name: str) -> str:
    """The media type of a file that was found to be what its name says."""
    known = by_name(name)
    return known.media_type if known else OTHER
