"""Parquet, typed by logical type; geometry as WKB with the metadata of GeoParquet 1.1."""

import json
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from lienthong.formats.base import Document, Target, Writer
from lienthong.formats.rows import Batch, schema_of
from lienthong.store.export import is_geometry

GROUP = 100_000  # rows of a row group
_SHAPES = {"point": ["Point"], "multipolygon": ["MultiPolygon"]}


class ParquetWriter(Writer):
    """Writes Parquet with zstd, in row groups of about `GROUP` rows."""

    def __init__(self, path: Target, document: Document, group: int = GROUP) -> None:
        self._writer = parquet.ParquetWriter(path, _schema(document), compression="zstd")
        self._group = group
        self._held: list[Any] = []
        self._rows = 0

    def write(self, batch: Batch) -> None:
        self._held.append(batch.typed)
        self._rows += batch.typed.num_rows
        if self._rows >= self._group:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            table = pa.concat_tables(self._held).replace_schema_metadata(self._writer.schema.metadata)
            self._writer.write_table(table, row_group_size=self._group)
        self._held, self._rows = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


class ArrowWriter(Writer):
    """Writes an Arrow IPC stream (application/vnd.apache.arrow.stream), a record batch a time."""

    def __init__(self, path: Target, document: Document) -> None:
        self._schema = _schema(document)
        self._writer = pa.ipc.new_stream(path, self._schema)

    def write(self, batch: Batch) -> None:
        self._writer.write_table(batch.typed.replace_schema_metadata(self._schema.metadata))

    def close(self) -> None:
        self._writer.close()


def _schema(document: Document) -> pa.Schema:
    facts = {label.en: value for label, value in document.facts}
    metadata = {"title": document.title.vi, "title_en": document.title.en, "facts": json.dumps(facts)}
    if document.geometry is not None:
        metadata["geo"] = json.dumps(_geo(document))
    return schema_of(document).with_metadata(metadata)


def _geo(document: Document) -> dict[str, Any]:
    """GeoParquet's `geo`: no `crs` means longitude and latitude of WGS 84 (OGC:CRS84)."""
    assert document.geometry is not None
    columns = {
        field.name: {"encoding": "WKB", "geometry_types": _SHAPES.get(field.logical_type, [])}
        for field in document.fields
        if is_geometry(field)
    }
    return {"version": "1.1.0", "primary_column": document.geometry.name, "columns": columns}
