"""Parquet, typed by logical type; geometry as WKB with the metadata of GeoParquet 1.1."""

import json
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import parquet

from lienthong.formats.base import Document, Target, Writer
from lienthong.formats.rows import Batch, schema_of
from lienthong.store.export import is_geometry

GROUP = 100_000  # rows of a row group
_SHAPES = {"point": ["Point"], "multipolygon": ["MultiPolygon"]}
_BOX = pa.struct([(side, pa.float64()) for side in ("xmin", "ymin", "xmax", "ymax")])


class ParquetWriter(Writer):
    """Writes Parquet with zstd, in row groups of about `GROUP` rows.

    With `covering`, a column `<geometry>_bbox` holds the box around each place, so that readers skip row groups.
    """

    def __init__(self, path: Target, document: Document, group: int = GROUP, *, covering: bool = False) -> None:
        shape = document.geometry if covering else None
        self._box = f"{shape.name}_bbox" if shape else None
        self._schema = _schema(document, self._box)
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._group = group
        self._held: list[Any] = []
        self._rows = 0

    def write(self, batch: Batch) -> None:
        table = batch.typed
        if self._box:
            sides = [side.combine_chunks() for side in batch.boxes]
            box = pa.StructArray.from_arrays(sides, fields=list(_BOX), mask=pc.is_null(sides[0]))
            table = table.append_column(self._schema.field(self._box), box)
        self._held.append(table)
        self._rows += table.num_rows
        if self._rows >= self._group:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            table = pa.concat_tables(self._held).replace_schema_metadata(self._schema.metadata)
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


def _schema(document: Document, box: str | None = None) -> pa.Schema:
    facts = {label.en: value for label, value in document.facts}
    metadata = {"title": document.title.vi, "title_en": document.title.en, "facts": json.dumps(facts)}
    if document.geometry is not None:
        metadata["geo"] = json.dumps(_geo(document, box))
    schema = schema_of(document)
    return (schema.append(pa.field(box, _BOX)) if box else schema).with_metadata(metadata)


def _geo(document: Document, box: str | None) -> dict[str, Any]:
    """GeoParquet's `geo`: no `crs` means longitude and latitude of WGS 84 (OGC:CRS84)."""
    assert document.geometry is not None
    columns: dict[str, dict[str, Any]] = {
        field.name: {"encoding": "WKB", "geometry_types": _SHAPES.get(field.logical_type, [])}
        for field in document.fields
        if is_geometry(field)
    }
    primary = columns[document.geometry.name]
    if document.extent:
        primary["bbox"] = list(document.extent)
    if box:
        primary["covering"] = {"bbox": {side.name: [box, side.name] for side in _BOX}}
    return {"version": "1.1.0", "primary_column": document.geometry.name, "columns": columns}
