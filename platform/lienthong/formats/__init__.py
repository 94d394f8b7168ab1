"""File formats: one streaming writer a file, one registry. Names and media types cost no import of their libraries."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lienthong.formats.base import Document, Format, Writer
from lienthong.kernel.text import both


def _csv(path: Path, document: Document) -> Writer:
    from lienthong.formats.delimited import CsvWriter

    return CsvWriter(path, document)


def _plain(path: Path, document: Document) -> Writer:
    from lienthong.formats.delimited import CsvWriter

    return CsvWriter(path, document, bom=False)


def _json(path: Path, document: Document) -> Writer:
    from lienthong.formats.jsonarray import JsonWriter

    return JsonWriter(path, document)


def _jsonl(path: Path, document: Document) -> Writer:
    from lienthong.formats.jsonlines import JsonlWriter

    return JsonlWriter(path, document)


def _parquet(path: Path, document: Document) -> Writer:
    from lienthong.formats.columnar import ParquetWriter

    return ParquetWriter(path, document, covering=True)


def _geojson(path: Path, document: Document) -> Writer:
    from lienthong.formats.geo import GeoJsonWriter

    return GeoJsonWriter(path, document)


def _gpkg(path: Path, document: Document) -> Writer:
    from lienthong.formats.geopackage import GeoPackageWriter

    return GeoPackageWriter(path, document)


def _xlsx(path: Path, document: Document) -> Writer:
    from lienthong.formats.workbook import XlsxWriter

    return XlsxWriter(path, document)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ALL = (
    Format(
        "csv", "csv", "text/csv", both("CSV (bảng tính)", "CSV (spreadsheets)"),
        both("Mở đúng tiếng Việt trong Excel (UTF-8 có BOM)", "Opens right in Excel (UTF-8 with a byte order mark)"),
        _csv, is_text=True,
    ),
    Format(
        "csv-plain", "plain.csv", "text/csv", both("CSV (chương trình)", "CSV (programs)"),
        both("Như CSV, không có BOM", "The same without a byte order mark"), _plain, is_text=True,
    ),
    Format(
        "json", "json", "application/json", both("JSON", "JSON"),
        both("Một mảng các dòng cùng lược đồ", "One array of rows, with their schema"), _json, is_text=True,
    ),
    Format(
        "jsonl", "jsonl", "application/jsonl", both("JSON từng dòng (NDJSON)", "JSON Lines (NDJSON)"),
        both("Mỗi dòng một bản ghi, để đọc dần", "A record a line, to be read as it comes"), _jsonl, is_text=True,
    ),
    Format(
        "parquet", "parquet", "application/vnd.apache.parquet", both("Parquet", "Parquet"),
        both("Có kiểu dữ liệu, cho DuckDB, pandas, R; GeoParquet khi có vị trí",
             "Typed, for DuckDB, pandas, R; GeoParquet where rows have a place"), _parquet,
    ),
    Format(
        "geojson", "geojson", "application/geo+json", both("GeoJSON (bản đồ)", "GeoJSON (maps)"),
        both("Bản đồ trên web (RFC 7946)", "Maps on the web (RFC 7946)"), _geojson, needs_geometry=True, is_text=True,
    ),
    Format(
        "gpkg", "gpkg", "application/geopackage+sqlite3", both("GeoPackage (GIS)", "GeoPackage (GIS)"),
        both("Cho QGIS, ArcGIS, GDAL", "For QGIS, ArcGIS, GDAL"), _gpkg, needs_geometry=True,
    ),
    Format(
        "pmtiles", "pmtiles", "application/vnd.pmtiles", both("PMTiles (ô bản đồ)", "PMTiles (map tiles)"),
        both("Ô vector dựng sẵn cho bản đồ web, không cần máy chủ ô", "Ready vector tiles: a web map without a server"),
        None, needs_geometry=True,
    ),
    Format(
        "xlsx", "xlsx", _XLSX, both("Excel", "Excel"),
        both("Trang dữ liệu và trang mô tả", "A sheet of rows and a sheet about them"), _xlsx,
    ),
    Format(
        "datapackage", "datapackage.json", "application/json", both("Gói Frictionless", "Frictionless Data Package"),
        both("Mô tả máy đọc được của các tệp và các trường", "What the files and fields are, for programs"), None,
        is_text=True,
    ),
    Format(
        "zip", "zip", "application/zip", both("Trọn gói ZIP", "Everything in one ZIP"),
        both("Mọi tệp, bản kê, giấy phép, sổ mã, hướng dẫn", "All files, manifest, licence, codebook, readme"), None,
    ),
)  # fmt: skip

FORMATS: Mapping[str, Format] = MappingProxyType({format_.name: format_ for format_ in _ALL})

__all__ = ["FORMATS", "Document", "Format", "Writer"]
