"""Names of formats as CKAN writes them, and media types guessed from a name."""

import mimetypes
import re
import unicodedata

# Names as they are written; what else means the same, media types too.
_NAMES: dict[str, str] = {
    "ArcGIS Map Preview": "", "ArcGIS Map Service": "", "ArcGIS Online Map": "web map application",
    "Atom Feed": "application/atom+xml", "BIN": "application/octet-stream", "BMP": "image/x-ms-bmp|image/bmp",
    "CSV": "text/csv|text/comma-separated-values|comma separated values file", "DCR": "application/x-director",
    "DOC": "application/msword|word document", "E00": "application/x-e00", "EXE": "application/x-msdownload",
    "DOCX": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "Esri REST": "arcgis_rest", "GIF": "image/gif", "GZ": "application/gzip|application/x-gzip",
    "GeoJSON": "application/geo+json", "HTML": "text/html|htm|web page|http://purl.org/net/mediatypes/text/html",
    "JPEG": "image/jpeg|jpg", "JS": "application/x-javascript|text/javascript",
    "JSON": "application/json|javascript object notation", "KML": "application/vnd.google-earth.kml+xml|kml file",
    "KMZ": "application/vnd.google-earth.kmz+xml|application/vnd.google-earth.kmz|kmz file",
    "MDB": "application/x-msaccess|access database", "MXD": "application/x-mxd", "MrSID": "image/x-mrsid",
    "N3": "application/x-n3", "NetCDF": "application/netcdf|netcdf file",
    "ODP": "application/vnd.oasis.opendocument.presentation", "ODT": "application/vnd.oasis.opendocument.text",
    "ODS": "application/vnd.oasis.opendocument.spreadsheet|opendocument spreadsheet", "OWL": "application/owl+xml",
    "PDF": "application/pdf|pdf file", "PNG": "image/png", "PPT": "application/vnd.ms-powerpoint",
    "PPTX": "application/vnd.openxmlformats-officedocument.presentationml.presentation", "Perl": "text/x-perl",
    "QGIS": "application/x-qgis", "RAR": "application/rar", "RDF": "application/rdf+xml|rdf/xml",
    "RSS": "application/rss+xml", "SHP": "esri shapefile|shapefile", "SPARQL": "application/sparql-results+xml",
    "SVG": "image/svg+xml", "TAR": "application/x-tar", "TIFF": "image/tiff",
    "TSV": "text/tab-separated-values|text/tsv", "TXT": "text/plain|text file", "WCS": "web coverage service",
    "WFS": "web feature service", "WMS": "web mapping service",
    "XLS": "application/vnd.ms-excel|excel|excel document|application/msexcel|application/x-msexcel|application/xls"
    "|application/x-ms-excel|application/x-excel|application/x-dos_ms_excel|application/x-xls",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XML": "application/xml|text/xml",
    "XSLT": "application/xslt+xml", "XYZ": "chemical/x-xyz", "ZIP": "application/zip|zip file", "dBase": "dbf",
}  # fmt: skip
_KNOWN = {word: name for name, words in _NAMES.items() for word in (name.lower(), *filter(None, words.split("|")))}
# Python's own table and the endings of open data that Debian's adds to it: the same answer on every machine.
_TYPES = mimetypes.MimeTypes()
_OFFICE = "application/vnd.openxmlformats-officedocument."
_MORE = f"""
7z application/x-7z-compressed\tatom application/atom+xml\tdbf application/vnd.dbf\tdcr application/x-director
docx {_OFFICE}wordprocessingml.document\tdwg image/vnd.dwg\tdxf image/vnd.dxf\tepub application/epub+zip
geojson application/geo+json\tgml application/gml+xml\tgpkg application/geopackage+sqlite3\tgz application/gzip
jsonld application/ld+json\tkml application/vnd.google-earth.kml+xml\tkmz application/vnd.google-earth.kmz
md text/markdown\todp application/vnd.oasis.opendocument.presentation\todt application/vnd.oasis.opendocument.text
ods application/vnd.oasis.opendocument.spreadsheet\tpptx {_OFFICE}presentationml.presentation
qgs application/x-qgis\trar application/vnd.rar\trdf application/rdf+xml\trss application/x-rss+xml
rtf application/rtf\tshp application/x-qgis\tshx application/x-qgis\tsql application/sql\tttl text/turtle
xlsx {_OFFICE}spreadsheetml.sheet\txml application/xml\txsl application/xslt+xml\txslt application/xslt+xml
"""
for _ending, _type in (line.split(" ") for line in _MORE.strip().replace("\n", "\t").split("\t")):
    _TYPES.add_type(_type, f".{_ending}")


def clean(format: str) -> str:
    """The format as CKAN writes it; one that is not known stays as it is."""
    return _KNOWN.get(format.lower(), format)


def media_type(name: str) -> str | None:
    """The media type that the end of a name or address tells."""
    try:
        return _TYPES.guess_type(name)[0]
    except ValueError:  # an address that is none
        return None


def guessed(url: str) -> str:
    """The format that the end of an address tells; none is empty."""
    found = media_type(url)
    return clean(found) if found else ""


def munged(name: str) -> str:
    """A file name that is safe in an address and on a disk: no folders, ASCII, 3 to 100 characters."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip().lower()
    stem, dot, ending = name.rpartition(".")
    stem, ending = _ascii(stem if dot else ending), _ascii(ending if dot else "")
    ending = ending[:20]
    whole = f"{stem[: 99 - len(ending)]}.{ending}" if ending else stem[:100]
    return whole if len(whole) >= 3 else whole + "_" * (3 - len(whole))


def _ascii(text: str) -> str:
    """ASCII alone. CKAN knows the letters of western Europe without their marks and drops all others: so do we."""
    text = "".join(unicodedata.normalize("NFD", c)[0] if "À" <= c <= "ÿ" else c for c in text)
    text = re.sub(r"[^a-zA-Z0-9. _-]", "", text).replace(" ", "-")
    return re.sub(r"-+", "-", text).strip(".")
