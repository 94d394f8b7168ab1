"""JSON: one document with the facts, the schema (Frictionless Table Schema) and the rows, one row a line."""

from pathlib import Path

import orjson
import pyarrow.compute as pc  # type: ignore[import-untyped]

from lienthong.formats.base import Document, Writer
from lienthong.formats.rows import Batch, as_bytes
from lienthong.formats.tableschema import table_schema
from lienthong.store.export import JSON


class JsonWriter(Writer):
    """Writes `{"name", "title", "facts", "schema", "data": [...]}`."""

    def __init__(self, path: Path, document: Document) -> None:
        self._file = path.open("wb")
        head = {
            "name": document.name,
            "title": {"vi": document.title.vi, "en": document.title.en},
            "facts": {label.en: value for label, value in document.facts},
            "schema": table_schema(document.fields),
        }
        self._file.write(orjson.dumps(head)[:-1] + b',"data":[')
        self._begun = False

    def write(self, batch: Batch) -> None:
        made = as_bytes(pc.binary_join_element_wise(",\n", batch.text[JSON], ""))
        self._file.write(made if self._begun else made[1:])
        self._begun = self._begun or batch.text.num_rows > 0

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.close()
