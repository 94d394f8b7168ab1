"""JSON Lines: one row a line, the very JSON that the API answers with."""

from pathlib import Path

import pyarrow.compute as pc  # type: ignore[import-untyped]

from lienthong.formats.base import Document, Writer
from lienthong.formats.rows import Batch, as_bytes
from lienthong.store.export import JSON


class JsonlWriter(Writer):
    """Writes JSON Lines."""

    def __init__(self, path: Path, document: Document) -> None:
        self._file = path.open("wb")

    def write(self, batch: Batch) -> None:
        self._file.write(as_bytes(pc.binary_join_element_wise(batch.text[JSON], "\n", "")))

    def close(self) -> None:
        self._file.close()
