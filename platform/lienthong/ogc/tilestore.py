"""Tiles that were made before: in the PMTiles file of a release, or in memory since somebody asked for them.

A release never changes, so neither does a tile of it. What a caller with an agreement sees is never kept.
"""

import gzip
import threading
import uuid
from collections import OrderedDict
from pathlib import Path

from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.formats.tilebook import TileBook

_BOOKS = 32
_SMALL = 1_000  # bytes that are not worth packing


class Kept:
    """A tile: as it is, or packed as files hold it; the other form is made for the first caller who wants it."""

    __slots__ = ("packed", "plain")

    def __init__(self, plain: bytes | None = None, packed: bytes | None = None) -> None:
        self.plain, self.packed = plain, packed

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self.plain or b"") + len(self.packed or b"") + 200

    def bytes(self, gzipped: bool) -> tuple[bytes, bool]:
        """The bytes for a caller, and whether they are packed."""
        if gzipped and self.packed is None and self.plain and len(self.plain) > _SMALL:
            self.packed, self.plain = gzip.compress(self.plain, 1, mtime=0), None
        if gzipped and self.packed is not None:
            return self.packed, True
        return self.plain if self.plain is not None else gzip.decompress(self.packed or b""), False


Key = tuple[uuid.UUID, str, int, int, int, bytes]
"""Release, collection, zoom, column, row, and what else was asked."""


class TileStore:
    """The tiles that one process keeps, newest last, and the files that it reads them from."""

    def __init__(self, releases: Path, memory: int) -> None:
        self._releases, self._memory = releases, memory
        self._tiles: OrderedDict[Key, Kept] = OrderedDict()
        self._held = 0
        self._books: OrderedDict[uuid.UUID, tuple[TileBook, int, int] | None] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Kept | None:
        """A tile that is in memory."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
        return found

    def put(self, key: Key, tile: Kept) -> None:
        """Keep a tile in memory; the oldest ones make room."""
        if key in self._tiles:
            self._held -= self._tiles.pop(key).size
        self._tiles[key] = tile
        self._held += tile.size
        while self._held > self._memory:
            _, oldest = self._tiles.popitem(last=False)
            self._held -= oldest.size

    def prepared(self, release: ReleaseInfo, z: int, x: int, y: int) -> Kept | None:
        """A tile of the release's own file; an empty one where nothing lies; None when the file does not tell."""
        book = self._book(release)
        if book is None or z > book[1]:
            return None
        with self._lock:
            packed = book[0].tile(z, x, y)
        return Kept(b"") if packed is None else Kept(packed=packed)

    def single_from(self, release: ReleaseInfo) -> int | None:
        """The first zoom at which each row of the release's own file stands for itself; None when there is no file."""
        book = self._book(release)
        return book[2] if book else None

    def _book(self, release: ReleaseInfo) -> tuple[TileBook, int, int] | None:
        if release.id in self._books:
            return self._books[release.id]
        found = None
        for file in release.files:
            path = self._releases / file.path
            if file.format == "pmtiles" and path.is_file():
                book = TileBook(path)
                found = book, int(book.header["max_zoom"]), book.single_from
        self._books[release.id] = found
        if len(self._books) > _BOOKS:
            _, oldest = self._books.popitem(last=False)
            if oldest:
                oldest[0].close()
        return found
