"""GeoPackage 1.3 (OGC 12-128r18): one feature table, WGS 84, with a spatial index and the titles of its columns."""

import sqlite3
import struct
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from lienthong.contract.model import FieldContract
from lienthong.formats import geopackage_index as index
from lienthong.formats import geopackage_tables as tables
from lienthong.formats.base import Document, Writer
from lienthong.formats.rows import Batch, arrow_type

_SRS = 4326
_POINT = b"GP\x00\x01" + struct.pack("<i", _SRS)  # version 0; little-endian, no envelope
_BOXED = b"GP\x00\x03" + struct.pack("<i", _SRS)  # an envelope of x and y before the geometry
_DIGITS_64 = 18  # that any 64-bit integer has room for


class GeoPackageWriter(Writer):
    """Writes a GeoPackage through SQLite. Further geometries of a row stand as text (WKT)."""

    def __init__(self, path: Path, document: Document) -> None:
        assert document.geometry is not None
        self._document, self._shape = document, document.geometry
        self._fields = [f for f in document.fields if f is not self._shape]
        self._table = document.name.replace("-", "_")
        self._is_point = self._shape.logical_type == "point"
        self._count = 0
        self._index: list[index.Cells] = []
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.executescript(tables.BEGINNING)
        self._base.execute("begin")
        self._describe()
        marks = ", ".join("?" * (len(self._fields) + 2))
        self._insert = f"insert into {tables.name(self._table)} values ({marks})"

    def _describe(self) -> None:
        columns = [(f.name, sqlite_type(f)) for f in self._fields]
        kind = "POINT" if self._is_point else "MULTIPOLYGON"
        about, document = self._base.execute, self._document
        about(tables.feature_table(self._table, self._shape.name, kind, columns))
        changed = document.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        told = "; ".join(f"{label.vi}: {value}" for label, value in document.facts)
        extent = document.extent or (None,) * 4
        about(tables.CONTENTS, (self._table, document.title.vi, told, changed, *extent, _SRS))
        about(tables.GEOMETRY, (self._table, self._shape.name, kind, _SRS))
        titles = [(self._table, f.name, f.name, f.title.vi, f.title.en) for f in document.fields]
        self._base.executemany(tables.COLUMN, titles)
        self._base.executemany(tables.EXTENSION, tables.extensions(self._table, self._shape.name))
        about(tables.index_table(self._table, self._shape.name))

    def write(self, batch: Batch) -> None:
        columns = [_values(batch, field) for field in self._fields]
        boxes = list(zip(*(side.to_pylist() for side in batch.boxes), strict=True))
        shapes = [self._blob(wkb, box) for wkb, box in zip(batch.wkb(self._shape.name), boxes, strict=True)]
        ids = range(self._count + 1, self._count + 1 + len(shapes))
        self._base.executemany(self._insert, zip(ids, shapes, *columns, strict=True))
        placed = [(id_, *box) for id_, box in zip(ids, boxes, strict=True) if box[0] is not None]
        if placed:
            numbers, *sides = zip(*placed, strict=True)
            self._index.append(index.cells(list(numbers), [list(side) for side in sides]))
        self._count += len(shapes)

    def _blob(self, wkb: bytes | None, box: tuple[float, float, float, float]) -> bytes | None:
        """The geometry in GeoPackage's binary form (2.1.3)."""
        if wkb is None:
            return None
        west, south, east, north = box
        return _POINT + wkb if self._is_point else _BOXED + struct.pack("<4d", west, east, south, north) + wkb

    def close(self) -> None:
        index.fill(self._base, f"rtree_{self._table}_{self._shape.name}", self._index)
        for trigger in tables.triggers(self._table, self._shape.name):
            self._base.execute(trigger)
        self._base.execute(tables.COUNT, (self._table, self._count))
        self._base.execute("commit")
        self._base.close()


def sqlite_type(field: FieldContract) -> str:
    """The column's type. Numbers with a fraction are doubles, which keep 15 digits: maps are drawn by them."""
    kind = arrow_type(field)
    if pa.types.is_decimal(kind):
        return "INTEGER" if kind.scale == 0 else "DOUBLE"
    if pa.types.is_int32(kind):
        return "MEDIUMINT"
    if pa.types.is_integer(kind):
        return "INTEGER"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_date(kind):
        return "DATE"
    return "DATETIME" if pa.types.is_timestamp(kind) else "TEXT"


def _values(batch: Batch, field: FieldContract) -> list[Any]:
    kind, text = arrow_type(field), batch.text[field.name]
    match sqlite_type(field):
        case "INTEGER" | "MEDIUMINT":
            # SQLite keeps what is no 64-bit integer as text, whatever the column is declared as.
            return [int(v) if v is not None and len(v) <= _DIGITS_64 else v for v in text.to_pylist()]
        case "DOUBLE":
            return list(text.cast(pa.float64()).to_pylist())
        case "BOOLEAN":
            return list(pc.equal(text, "true").cast(pa.int8()).to_pylist())
        case "DATETIME":
            moments = text.cast(kind).cast(pa.timestamp("ms", tz="UTC"))
            return list(pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ").to_pylist())
        case _:
            return list(text.to_pylist())
