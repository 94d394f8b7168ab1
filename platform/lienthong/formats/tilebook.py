"""PMTiles 3: one file with all tiles of all zooms, gzipped, in the order of the Hilbert curve."""

import gzip
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from pmtiles import reader, writer
from pmtiles.tile import Compression, TileType, deserialize_directory, find_tile, zxy_to_tileid

from lienthong.formats.base import Document

_Reader: Any = reader.Reader  # the package tells no types
_Source: Any = reader.MmapSource
_Writer: Any = writer.Writer
_tile_id: Any = zxy_to_tileid
_directory: Any = deserialize_directory
_find: Any = find_tile
Tiles = Iterable[tuple[int, int, bytes]]
SINGLE_FROM = "lienthong_single_from"
_DEPTH = 4  # of directories, at most
_DIRECTORIES = 64  # that lie ready, of some thousand tiles each
_PLACES = 10_000_000  # a header counts degrees so


def write(
    path: Path, document: Document, zooms: Iterable[tuple[int, Tiles]], layer: dict[str, Any], single_from: int
) -> int:
    """Write the tiles of each zoom, lowest first; how many there were. `layer` is the one layer of the TileJSON.

    `single_from`: the first zoom at which each row stands for itself.
    """
    count = 0
    with path.open("wb") as file:
        book = _Writer(file)
        for zoom, tiles in zooms:
            count += _write_zoom(book, zoom, tiles)
        if count:
            book.finalize(_header(document), _metadata(document, layer, single_from))
    return count


def _write_zoom(book: Any, zoom: int, tiles: Tiles) -> int:
    """The tiles come as they come, and are written in their order: they wait in a file, not in memory."""
    found: list[tuple[int, int, int]] = []
    with tempfile.TemporaryFile() as waiting:
        for x, y, tile in tiles:
            packed = gzip.compress(tile, 6, mtime=0)
            found.append((_tile_id(zoom, x, y), waiting.tell(), len(packed)))
            waiting.write(packed)
        for id_, at, length in sorted(found):
            waiting.seek(at)
            book.write_tile(id_, waiting.read(length))
    return len(found)


def _header(document: Document) -> dict[str, Any]:
    west, south, east, north = (round(side * _PLACES) for side in document.extent or (-180, -85, 180, 85))
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 6,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _metadata(document: Document, layer: dict[str, Any], single_from: int) -> dict[str, Any]:
    facts = "; ".join(f"{label.vi}: {value}" for label, value in document.facts)
    return {
        "name": document.title.vi,
        "name_en": document.title.en,
        "description": facts,
        "type": "overlay",
        "vector_layers": [layer],
        SINGLE_FROM: single_from,
    }


class TileBook:
    """Reads single tiles of a PMTiles file; close it when done."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._bytes = _Source(self._file)
        self._reader = _Reader(self._bytes)
        self._header: dict[str, Any] = dict(self._reader.header())
        self._read = lru_cache(_DIRECTORIES)(self._read_directory)

    @property
    def header(self) -> dict[str, Any]:
        """The header: zooms, bounds in ten-millionths of a degree."""
        return self._header

    @property
    def metadata(self) -> dict[str, Any]:
        """Name, description, layers."""
        return dict(self._reader.metadata())

    @property
    def single_from(self) -> int:
        """The first zoom at which each row stands for itself; files of earlier releases end there."""
        return int(self.metadata.get(SINGLE_FROM, self._header["max_zoom"]))

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """A tile, gzipped; None when nothing lies there."""
        head, id_ = self._header, _tile_id(zoom, x, y)
        at, length = head["root_offset"], head["root_length"]
        for _ in range(_DEPTH):
            entry = _find(self._read(at, length), id_)
            if entry is None:
                return None
            if entry.run_length:
                return bytes(self._bytes(head["tile_data_offset"] + entry.offset, entry.length))
            at, length = head["leaf_directory_offset"] + entry.offset, entry.length
        return None

    def _read_directory(self, at: int, length: int) -> Any:
        return _directory(self._bytes(at, length))

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
