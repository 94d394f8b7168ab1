"""CSV: RFC 4180, UTF-8 with a byte order mark, which spreadsheets need to read Vietnamese.

Text is always quoted, numbers, dates and truth values never. A text that a spreadsheet would take for a formula gets an
apostrophe before it (as does one that already has such an apostrophe, so that one can be taken off again).
"""

import re
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyarrow import csv

from lienthong.formats.base import Document, Writer
from lienthong.formats.rows import Batch, arrow_type

BOM = "\ufeff".encode()
# The signs that begin a formula, and their full-width forms.
FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
_OPTIONS = csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed")


class CsvWriter(Writer):
    """Writes CSV; `bom=False` for programs that do not know the byte order mark."""

    def __init__(self, path: Path, document: Document, *, bom: bool = True) -> None:
        self._names = [field.name for field in document.fields]
        kinds = {field.name: arrow_type(field) for field in document.fields}
        self._typed = {n for n, kind in kinds.items() if not _is_text(kind)}
        schema = pa.schema([(n, kinds[n] if n in self._typed else pa.string()) for n in self._names])
        self._file = path.open("wb")
        self._file.write((BOM if bom else b"") + ",".join(self._names).encode() + b"\r\n")
        self._writer = csv.CSVWriter(self._file, schema, write_options=_OPTIONS)

    def write(self, batch: Batch) -> None:
        columns = [batch.typed[n] if n in self._typed else harmless(batch.text[n]) for n in self._names]
        self._writer.write_table(pa.Table.from_arrays(columns, names=self._names))

    def close(self) -> None:
        self._writer.close()
        self._file.close()


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_timestamp(kind))


def harmless(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts, with an apostrophe before each that begins as a formula does."""
    found = pc.match_substring_regex(texts, FORMULA)
    if not pc.any(found).as_py():
        return texts
    return pc.if_else(found, pc.binary_join_element_wise("'", texts, ""), texts)


def harmless_cell(text: str) -> str:
    """One text, as `harmless` makes it: for a table that is not written by the column."""
    return "'" + text if re.match(FORMULA, text) else text
