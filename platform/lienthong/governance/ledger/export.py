"""The whole ledger as a stream: out of the database, into a file of JSON lines, and out of it again.

In the file the first line names the format, the origin and the key; then come the notes of all checkpoints; then the
entries, a line each, in exactly the bytes that were hashed; before every 256 entries a line with their leaf hashes.
"""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import psycopg

from lienthong.governance.ledger.merkle import WIDTH
from lienthong.governance.ledger.note import VerifierKey
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store import ledger

FORMAT = "lienthong-ledger/1"
STRETCH = 1 << 16  # entries that are read at a time
_ENTRY = b'{"agency":'


class Header(NamedTuple):
    """Whose ledger it is, and the key that it names (to be trusted only when it is known from elsewhere)."""

    key: VerifierKey


class Note(NamedTuple):
    """A signed checkpoint, and what the database says of it beside the note."""

    text: str
    size: int | None = None
    root: bytes | None = None


class Leaves(NamedTuple):
    """The leaf hashes of the entries 256 * position and on, as they are kept beside the entries."""

    position: int
    hashes: bytes


class Entry(NamedTuple):
    """An entry in its canonical bytes. `leaf` is the hash that is stored with it, where one is."""

    line: bytes
    leaf: bytes | None


class Unreadable(NamedTuple):
    """A line of the file that is nothing of these."""

    line_number: int


Part = Header | Note | Leaves | Entry | Unreadable


def of_database(connection: psycopg.Connection) -> Iterator[Part]:
    """The ledger as it stands in one moment; what is sealed meanwhile is not in it."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield from (Note(*checkpoint) for checkpoint in ledger.checkpoints(connection))
        for first in range(0, ledger.log_ends(connection), STRETCH):
            leaves = iter(ledger.leaf_tiles(connection, first // WIDTH, (first + STRETCH) // WIDTH))
            following = next(leaves, None)
            for number, line, leaf in ledger.entries(connection, first, first + STRETCH):
                while following and following[0] * WIDTH <= number:
                    yield Leaves(*following)
                    following = next(leaves, None)
                yield Entry(line, leaf)


def write(path: Path, key: VerifierKey, parts: Iterable[Part]) -> int:
    """Write a file, packed when its name ends in .gz; how many entries."""
    count = 0
    with _open(path, "wb") as file:
        file.write(_line(header={"format": FORMAT, "origin": key.name, "key": key.text}))
        for part in parts:
            match part:
                case Entry(line):
                    file.write(line + b"\n")
                    count += 1
                case Note(text):
                    file.write(_line(checkpoint=text))
                case Leaves(position, hashes):
                    file.write(_line(leaves={"position": position, "hashes": base64.b64encode(hashes).decode()}))
    return count


def of_file(path: Path) -> Iterator[Part]:
    """What a file holds. Raises NotFound."""
    try:
        with _open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                yield Entry(line.rstrip(b"\r\n"), None) if line.startswith(_ENTRY) else _other(line, number)
    except FileNotFoundError as error:
        raise NotFound(both("Không có tệp", "There is no such file"), place=str(path)) from error


def _other(line: bytes, number: int) -> Part:
    try:
        match json.loads(line):
            case {"header": {"format": str(), "key": str(key)}}:
                return Header(VerifierKey.parse(key))
            case {"checkpoint": str(text)}:
                return Note(text)
            case {"leaves": {"position": int(position), "hashes": str(hashes)}}:
                return Leaves(position, base64.b64decode(hashes, validate=True))
    except ValueError:
        pass
    return Unreadable(number)


def _line(**members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _open(path: Path, mode: str) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode))
