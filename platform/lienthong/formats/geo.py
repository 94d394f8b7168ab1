"""GeoJSON (RFC 7946): one feature collection, WGS 84, a feature a line. Rows without a place keep a null geometry."""

from pathlib import Path

import orjson
import pyarrow.compute as pc  # type: ignore[import-untyped]

from lienthong.formats.base import Document, Writer
from lienthong.formats.rows import Batch, as_bytes
from lienthong.store.export import FEATURE


class GeoJsonWriter(Writer):
    """Writes a FeatureCollection."""

    def __init__(self, path: Path, document: Document) -> None:
        self._file = path.open("wb")
        self._file.write(b'{"type":"FeatureCollection","name":' + orjson.dumps(document.name) + b',"features":[')
        self._begun = False

    def write(self, batch: Batch) -> None:
        made = as_bytes(pc.binary_join_element_wise(",\n", batch.text[FEATURE], ""))
        self._file.write(made if self._begun else made[1:])
        self._begun = self._begun or batch.text.num_rows > 0

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.close()
