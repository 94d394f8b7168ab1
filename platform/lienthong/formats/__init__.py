"""File formats: one streaming writer a file, one registry. Names and media types cost no import of their libraries."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lienthong.formats.base import Document, Format, Writer
from lienthong.kernel.text import both


def _csv(path: Path, document: Document) -> Writer:
    from lienthong.formats.delimited import CsvWriter

    return CsvWriter(path, document)


def _jsonl(path: Path, document: Document) -> Writer:
    from lienthong.formats.jsonlines import JsonlWriter

    return JsonlWriter(path, document)


def _parquet(path: Path, document: Document) -> Writer:
    from lienthong.formats.columnar import ParquetWriter

    return ParquetWriter(path, document)


def _geojson(path: Path, document: Document) -> Writer:
    from lienthong.formats.geo import GeoJsonWriter

    return GeoJsonWriter(path, document)


def _xlsx(path: Path, document: Document) -> Writer:
    from lienthong.formats.workbook import XlsxWriter

    return XlsxWriter(path, document)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ALL = (
    Format("csv", "csv", "text/csv", both("CSV (bảng tính)", "CSV (spreadsheets)"), _csv),
    Format("jsonl", "jsonl", "application/jsonl", both("JSON từng dòng", "JSON Lines"), _jsonl),
    Format("parquet", "parquet", "application/vnd.apache.parquet", both("Parquet", "Parquet"), _parquet),
    Format(
        "geojson", "geojson", "application/geo+json", both("GeoJSON (bản đồ)", "GeoJSON (maps)"), _geojson,
        needs_geometry=True,
    ),
    Format("xlsx", "xlsx", _XLSX, both("Excel", "Excel"), _xlsx, max_rows=1_048_575),
)  # fmt: skip

FORMATS: Mapping[str, Format] = MappingProxyType({format_.name: format_ for format_ in _ALL})

__all__ = ["FORMATS", "Document", "Format", "Writer"]
