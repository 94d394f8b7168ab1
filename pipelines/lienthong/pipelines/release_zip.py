"""Everything of a release in one ZIP (APPNOTE 6.3). What is compressed already is not compressed again."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from lienthong.kernel.clock import VIETNAM

_HEAD, _TAIL = 10, 8  # bytes of a gzip member around its deflate stream (RFC 1952), as `release_seal` writes it
_UTF8 = 0x800
_BLOCK = 1 << 20


class Zip:
    """Writes a ZIP whose members lie in one folder and carry one time."""

    def __init__(self, path: Path, folder: str, at: datetime) -> None:
        self._zip = zipfile.ZipFile(path, "w")
        self._folder = folder
        moment = at.astimezone(VIETNAM)
        self._at = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)

    def text(self, name: str, content: bytes) -> None:
        """A small text."""
        self._zip.writestr(self._info(name, zipfile.ZIP_DEFLATED), content)

    def file(self, path: Path) -> None:
        """A file: the deflate stream of its `.gz` when there is one, else as it is."""
        packed = path.with_name(path.name + ".gz")
        if packed.is_file():
            info = self._info(path.name, zipfile.ZIP_DEFLATED)
            info.CRC = _crc_of(packed)
            info.file_size, info.compress_size = path.stat().st_size, packed.stat().st_size - _HEAD - _TAIL
            self._append(info, packed, _HEAD)
        else:
            info = self._info(path.name, zipfile.ZIP_STORED)
            for block in _blocks(path, 0, path.stat().st_size):
                info.CRC = zlib.crc32(block, info.CRC)
            info.file_size = info.compress_size = path.stat().st_size
            self._append(info, path, 0)

    def _append(self, info: zipfile.ZipInfo, source: Path, start: int) -> None:
        """A member of which everything is known before."""
        file = self._zip.fp
        assert file is not None
        file.seek(self._zip.start_dir)
        info.header_offset = file.tell()
        file.write(info.FileHeader(zip64=info.file_size >= zipfile.ZIP64_LIMIT))
        for block in _blocks(source, start, info.compress_size):
            file.write(block)
        self._zip.filelist.append(info)
        self._zip.NameToInfo[info.filename] = info
        self._zip.start_dir = file.tell()

    def _info(self, name: str, method: int) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(f"{self._folder}/{name}", self._at)
        info.compress_type, info.flag_bits, info.external_attr = method, _UTF8, 0o644 << 16
        info.CRC = 0
        return info

    def close(self) -> None:
        """Write the directory."""
        self._zip.close()


def _crc_of(packed: Path) -> int:
    """The CRC-32 that stands at the end of a gzip member."""
    with packed.open("rb") as file:
        file.seek(-_TAIL, 2)
        found: int = struct.unpack("<I", file.read(4))[0]
        return found


def _blocks(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length and (block := file.read(min(length, _BLOCK))):
            yield block
            length -= len(block)
