"""Blocks of lines -> bytes of a form. Text is put together as it comes; typed columns are made by the file writers."""

import asyncio
import io
from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from lienthong.formats.base import Document
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Bilingual
from lienthong.store.lines import cell_names

if TYPE_CHECKING:
    from lienthong.formats.base import Writer

BOM = "\ufeff".encode()
GROUP = 20_000  # rows of a row group of Parquet: what is held in memory


class Encoder(ABC):
    """Makes the bytes of one stream."""

    @abstractmethod
    async def block(self, lines: list[bytes]) -> bytes:
        """The bytes of some rows, with the head before the first ones."""

    @abstractmethod
    async def end(self) -> bytes:
        """The bytes after the last row, with the head when there were no rows."""


class Text(Encoder):
    """Lines with something before, between, after them."""

    def __init__(self, head: bytes = b"", separator: bytes = b"\n", tail: bytes = b"", last: bool = True) -> None:
        self._before, self._separator, self._tail = head, separator, tail
        self._last = separator if last else b""  # what stands after the last line of a block

    async def block(self, lines: list[bytes]) -> bytes:
        before, self._before = self._before, b"" if self._last else self._separator
        return before + self._separator.join(lines) + self._last

    async def end(self) -> bytes:
        return (self._before if self._before != self._separator else b"") + self._tail


class Table(Encoder):
    """A file of typed columns, written in a thread while the next rows come."""

    def __init__(self, suffix: str, document: Document) -> None:
        self._document = document
        self._names = cell_names(document.fields)
        self._sink = Sink()
        self._suffix = suffix
        self._writer: Writer | None = None

    async def block(self, lines: list[bytes]) -> bytes:
        return await asyncio.to_thread(self._write, b"\n".join([*lines, b""]))

    async def end(self) -> bytes:
        return await asyncio.to_thread(self._close)

    def _write(self, block: bytes) -> bytes:
        from lienthong.formats.rows import batches

        for batch in batches((block,), self._document, self._names):
            self._opened().write(batch)
        return self._sink.take()

    def _close(self) -> bytes:
        self._opened().close()
        return self._sink.take()

    def _opened(self) -> "Writer":
        if self._writer is None:
            self._writer = _writer(self._suffix, self._sink, self._document)
        return self._writer


def _writer(suffix: str, sink: "Sink", document: Document) -> "Writer":
    """The writer of a form; its library is imported only now."""
    if suffix == "xlsx":
        from lienthong.formats.workbook import XlsxWriter

        return XlsxWriter(sink, document)
    from lienthong.formats.columnar import ArrowWriter, ParquetWriter

    return ArrowWriter(sink, document) if suffix == "arrow" else ParquetWriter(sink, document, GROUP)


class Sink(io.RawIOBase):
    """A file that is read while it is written, and never looked back into."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        held = bytes(data)
        self._held.append(held)
        return len(held)

    def take(self) -> bytes:
        """What has been written since the last time."""
        found, self._held = b"".join(self._held), []
        return found


def encoder(suffix: str, document: Document) -> Encoder:
    """The encoder of a form."""
    match suffix:
        case "csv":
            names = ",".join(field.name for field in document.fields)
            return Text(BOM + names.encode() + b"\r\n", b"\r\n")
        case "ndjson":
            return Text()
        case "geojson":
            head = b'{"type":"FeatureCollection","name":' + orjson.dumps(document.name) + b',"features":[\n'
            return Text(head, b",\n", b"\n]}\n", last=False)
        case _:
            return Table(suffix, document)


def document(name: str, title: Bilingual, fields: Any, facts: Any) -> Document:
    """What a file of rows that are read now tells of itself."""
    return Document(name, title, tuple(fields), tuple(facts), datetime.now(VIETNAM))
