"""Proofs: for those who hold a receipt that it is in the ledger, for everybody that the ledger only grows."""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.governance.ledger import merkle
from lienthong.governance.ledger.note import Checkpoint, read
from lienthong.kernel.problem import NotFound, Unavailable
from lienthong.kernel.text import both
from lienthong.store.ledger import LINE

_NEWEST = text("select note from platform.ledger_checkpoint order by size desc limit 1")
_NOTES = text("select note from platform.ledger_checkpoint where size > :after order by size limit :limit")
_OF_SIZE = text("select note from platform.ledger_checkpoint where size = :size")
_LINES = text(f"select {LINE} from platform.ledger_log e where e.receipt = :receipt order by e.number")
_WAITING = text("select count(*) from platform.ledger where receipt = :receipt")
_TILES = text(
    "select level, position, hashes from platform.ledger_tile "
    "join unnest(cast(:levels as int[]), cast(:positions as bigint[])) w(level, position) using (level, position)"
)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an entry is leaf `number` of the tree of a checkpoint. `line` are its canonical bytes."""

    number: int
    line: str
    entry: dict[str, Any]
    leaf: bytes
    path: Sequence[bytes]


async def newest(connection: AsyncConnection) -> Checkpoint:
    """The newest checkpoint. Raises NotFound before the first entry is sealed."""
    found = (await connection.execute(_NEWEST)).scalar_one_or_none()
    if found is None:
        raise NotFound(both("Sổ truy cập chưa có gì", "Nothing is sealed in the ledger yet"), place="ledger")
    return read(found)


async def after(connection: AsyncConnection, size: int, limit: int) -> list[Checkpoint]:
    """Checkpoints over more than `size` entries, the oldest first."""
    rows = (await connection.execute(_NOTES, {"after": size, "limit": limit})).scalars()
    return [read(note) for note in rows]


async def lines(connection: AsyncConnection, receipt: uuid.UUID) -> list[str]:
    """The entries of a receipt in their canonical bytes. Raises Unavailable when they wait for their seal."""
    found = list((await connection.execute(_LINES, {"receipt": receipt})).scalars())
    if not found and (await connection.execute(_WAITING, {"receipt": receipt})).scalar_one():
        raise Unavailable(
            both("Lần đọc này chưa được niêm phong", "This access is not sealed yet"),
            fix=both("Thử lại sau vài giây", "Try again in a few seconds"),
        )
    return found


async def prove(connection: AsyncConnection, found: Sequence[str], checkpoint: Checkpoint) -> list[Inclusion]:
    """Inclusion proofs for sealed entries, in the tree of `checkpoint`."""
    entries = [orjson.loads(line) for line in found]
    paths = [merkle.inclusion(entry["number"], checkpoint.size) for entry in entries]
    tiles = await _tiles(connection, [step for path in paths for step in path])
    return [
        Inclusion(entry["number"], line, entry, merkle.leaf_hash(line.encode()), tiles.proof(path))
        for line, entry, path in zip(found, entries, paths, strict=True)
    ]


async def grown(connection: AsyncConnection, old: int, new: int) -> tuple[Checkpoint, Checkpoint, list[bytes]]:
    """Two checkpoints and the proof that the second goes on from the first. Raises NotFound."""
    notes = []
    for size in (old, new):
        note = (await connection.execute(_OF_SIZE, {"size": size})).scalar_one_or_none()
        if note is None:
            raise NotFound(both(f"Không có điểm niêm phong {size}", f"There is no checkpoint {size}"), place=str(size))
        notes.append(read(note))
    ranges = merkle.consistency(old, new)
    return notes[0], notes[1], (await _tiles(connection, ranges)).proof(ranges)


async def _tiles(connection: AsyncConnection, ranges: Sequence[merkle.Range]) -> merkle.Tiles:
    wanted = sorted(merkle.tiles(ranges))
    given = {"levels": [level for level, _ in wanted], "positions": [position for _, position in wanted]}
    rows = await connection.execute(_TILES, given)
    return merkle.Tiles({(level, position): bytes(hashes) for level, position, hashes in rows})


def b64(hashed: bytes) -> str:
    """A hash as the notes write it."""
    return base64.b64encode(hashed).decode()
