"""The stream of `lienthong.store.export` as Arrow tables: the text of each field, and the same as typed values."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import csv

from lienthong.contract.model import FieldContract
from lienthong.formats.base import Document
from lienthong.store.export import BOX, DELIMITER, QUOTE, WKB, is_geometry, stream_columns

# A line without a sign is a row of one column that has no value.
_PARSE = csv.ParseOptions(delimiter=DELIMITER, quote_char=QUOTE, newlines_in_values=True, ignore_empty_lines=False)
_PLAIN = {
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="+07:00"),
}


def arrow_type(field: FieldContract) -> pa.DataType:
    """The Arrow type of a field's values; lists and records are JSON text."""
    sql_type = field.columns[0].sql_type
    if is_geometry(field):
        return pa.binary()
    if sql_type.startswith("numeric("):
        precision, _, scale = sql_type[8:-1].partition(",")
        return pa.decimal128(int(precision), int(scale or 0))
    return _PLAIN.get(sql_type, pa.string())


def schema_of(document: Document) -> pa.Schema:
    """The Arrow schema of the typed values; titles stand in the metadata of the fields."""
    return pa.schema(
        [
            pa.field(f.name, arrow_type(f), metadata={"title_vi": f.title.vi, "title_en": f.title.en})
            for f in document.fields
        ]
    )


class Batch:
    """Some whole rows: `text` holds every column of the stream as text."""

    def __init__(self, text: pa.Table, document: Document) -> None:
        self.text = text
        self._document = document

    @cached_property
    def typed(self) -> pa.Table:
        """The fields as typed values, geometry as WKB."""
        columns = [self._typed(field) for field in self._document.fields]
        return pa.Table.from_arrays(columns, schema=schema_of(self._document))

    @cached_property
    def boxes(self) -> list[pa.ChunkedArray]:
        """West, south, east, north of each row's place, in degrees."""
        return [self.text[side].cast(pa.float64()) for side in BOX]

    def wkb(self, name: str) -> list[bytes | None]:
        """A geometry of each row as WKB."""
        return [None if v is None else bytes.fromhex(v) for v in self.text[WKB + name].to_pylist()]

    def _typed(self, field: FieldContract) -> pa.ChunkedArray:
        if not is_geometry(field):
            return self.text[field.name].cast(arrow_type(field))
        return pa.chunked_array([pa.array(self.wkb(field.name), pa.binary())])


def batches(blocks: Iterable[bytes], document: Document, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """Each block of the stream as a batch; `columns` names those of the stream when they are not all."""
    names = list(columns) if columns else stream_columns(document.fields)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    for block in blocks:
        # A block is whole rows, read as one: a row of any length fits.
        read = csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False)
        yield Batch(csv.read_csv(pa.BufferReader(block), read, _PARSE, convert).combine_chunks(), document)


def as_bytes(texts: pa.ChunkedArray) -> memoryview:
    """The texts one after another; not copied when they are one chunk. None of them may be missing."""
    array = texts.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array
    length = pc.sum(pc.binary_length(array)).as_py() or 0
    if not length:
        return memoryview(b"")
    _, places, texts = array.buffers()
    start = memoryview(places).cast("i")[array.offset]  # of a part of an array, not its first byte
    return memoryview(texts)[start : start + length]
