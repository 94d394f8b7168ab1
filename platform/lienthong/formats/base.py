"""What a file format is, and what its writer is given. Nothing here imports a library of files."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong.contract.model import FieldContract
from lienthong.kernel.text import Bilingual
from lienthong.store.export import is_geometry

if TYPE_CHECKING:
    from lienthong.formats.rows import Batch


Target = Path | RawIOBase
"""Where a writer writes: a path, or an open file, which need not be seekable."""


@dataclass(frozen=True)
class Document:
    """What all files of one release tell: the fields of their rows, and facts (label, value) about the whole.

    `extent` is the box around all places: west, south, east, north in degrees; None when no row has a place.
    """

    name: str
    title: Bilingual
    fields: tuple[FieldContract, ...]
    facts: tuple[tuple[Bilingual, str], ...]
    made_at: datetime
    extent: tuple[float, float, float, float] | None = None

    @property
    def geometry(self) -> FieldContract | None:
        """The field that places a row on the map, the first one."""
        return next((field for field in self.fields if is_geometry(field)), None)


class Writer(ABC):
    """Writes one file, batch by batch, in bounded memory. `notes` tells what a reader of the file should know."""

    notes: tuple[Bilingual, ...] = ()

    @abstractmethod
    def write(self, batch: "Batch") -> None:
        """Append rows."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


@dataclass(frozen=True)
class Format:
    """A file format. `writer` opens a file for writing; it imports what it needs when it is called.

    A format without a writer is made of the whole release, not of its rows one after another. Of a text, compressed
    variants are kept too.
    """

    name: str
    extension: str
    media_type: str
    title: Bilingual
    use: Bilingual
    writer: Callable[[Path, Document], Writer] | None
    needs_geometry: bool = False
    is_text: bool = False

    @property
    def label(self) -> str:
        """The kind of file in short, as catalogues name it: the CSV for programs is a CSV too."""
        return self.extension.rpartition(".")[2].upper()

    def refusal(self, document: Document) -> Bilingual | None:
        """Why there is no file of this format for the document, or None when there is one."""
        if self.needs_geometry and document.geometry is None:
            return Bilingual(vi="bộ dữ liệu không có hình học", en="the dataset has no geometry")
        return None
