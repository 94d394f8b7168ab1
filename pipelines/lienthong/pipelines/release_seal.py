"""A finished file: its size and digests, and compressed variants of a text, made in one reading."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa  # type: ignore[import-untyped]
import zstandard
from zlib_ng import zlib_ng

Coding = Literal["gzip", "zstd", "br"]
SUFFIXES: dict[Coding, str] = {"gzip": ".gz", "zstd": ".zst", "br": ".br"}
_BLOCK = 1 << 20
_LEAST = 1024  # bytes: below, an answer is one packet anyway
_MOST_BROTLI = 8 << 20  # bytes: above, zstd is as small at a fifth of the time
_GZIP = {"level": 4, "wbits": 31}


@dataclass(frozen=True)
class Variant:
    """A file under a content coding (RFC 9110, 8.4.1): size in bytes and SHA-256 (hex) of what is sent."""

    coding: Coding
    size: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return asdict(self)


@dataclass(frozen=True)
class Sealed:
    """A file as it is for good."""

    size: int
    sha256: str
    variants: tuple[Variant, ...]


def seal(path: Path, is_text: bool) -> Sealed:
    """Read a file once; beside a text appear `.gz`, `.zst` and, when it is small, `.br`."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    packers: list[_Packer] = []
    with ExitStack() as stack, path.open("rb") as file:
        if is_text and size >= _LEAST:
            packers = [_Packer("gzip", path, _gzip()), _Packer("zstd", path, _zstd(size))]
            if size <= _MOST_BROTLI:
                packers.append(_Packer("br", path, (lambda block: b"", lambda: _brotli(path))))
        for packer in packers:
            stack.callback(packer.file.close)
        while block := file.read(_BLOCK):
            digest.update(block)
            for packer in packers:
                packer.take(block)
        return Sealed(size, digest.hexdigest(), tuple(packer.done() for packer in packers))


class _Packer:
    """One compressed variant while it is written."""

    def __init__(self, coding: Coding, path: Path, codec: tuple[Callable[[bytes], bytes], Callable[[], bytes]]) -> None:
        self._coding = coding
        self._compress, self._flush = codec
        self._digest = hashlib.sha256()
        self.file = path.with_name(path.name + SUFFIXES[coding]).open("wb")

    def take(self, block: bytes) -> None:
        self._put(self._compress(block))

    def _put(self, made: bytes) -> None:
        self._digest.update(made)
        self.file.write(made)

    def done(self) -> Variant:
        self._put(self._flush())
        return Variant(self._coding, self.file.tell(), self._digest.hexdigest())


def _gzip() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    made = zlib_ng.compressobj(**_GZIP)  # the header bears no name and no time: the same bytes each time
    return made.compress, made.flush


def _zstd(size: int) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    made = zstandard.ZstdCompressor(level=3).compressobj(size=size)
    return made.compress, made.flush


def _brotli(path: Path) -> bytes:
    return bytes(pa.Codec("brotli", compression_level=5).compress(path.read_bytes(), asbytes=True))
