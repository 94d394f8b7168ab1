"""Sealing: entries go from the inbox to the log in batches, each closed by a signed root that is anchored outside.

Reads never wait for it (adr/0007-sealed-in-batches.md). One sealer works at a time; where it stops, the next goes on.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from lienthong.contract.registry import Registry
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.merkle import EMPTY, Edge
from lienthong.governance.ledger.note import Checkpoint, Signer, read, signer
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import ledger

BATCH = 1000
BATCHES = 20
GRACE_SECONDS = 5.0
LOOK_MILLISECONDS = 3000


def seal(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Seal what waits; the number of entries, 0 while another seals. A duty of the keeper.

    `connection`: autocommit, as the owner.

    Raises Conflict when log, checkpoints and anchors do not fit together (then nothing is signed any more),
    Unavailable when an anchor cannot be written: what waits goes on waiting.
    """
    key, places, done = signer(settings), anchor.places(settings), 0
    with ledger.sealing(connection) as alone:
        if not alone:
            return 0
        _anchor(connection, places, key)
        for _ in range(BATCHES):
            count = _batch(connection, key)
            if not count:
                break
            done += count
            _anchor(connection, places, key)
    return done


def _anchor(connection: psycopg.Connection, places: Sequence[Path], key: Signer) -> None:
    def stored(size: int | None = None) -> Checkpoint | None:
        found = ledger.checkpoint(connection, size)
        return read(found.note) if found else None

    newest = stored()
    for place in places:
        anchor.keep(place, newest, stored, key.key)


def _batch(connection: psycopg.Connection, key: Signer) -> int:
    """One batch, in one transaction; how many entries."""
    with connection.transaction():
        waiting = ledger.waiting(connection, GRACE_SECONDS, BATCH)
        if not waiting:
            return 0
        newest = ledger.checkpoint(connection)
        size = newest.size if newest else 0
        known = ledger.sealed_up_to(connection, list({entry.writer for entry in waiting}))
        plan, gaps = arrange(waiting, known, size)
        if not plan:
            return 0
        edge = _edge(connection, newest, key)
        for leaf in ledger.move(connection, plan, gaps):
            edge.append(leaf)
        assert edge.size == size + len(plan) + len(gaps)
        ledger.put_tiles(connection, edge.changed)
        at = now()
        signed = key.sign(edge.size, edge.root(), at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        ledger.add_checkpoint(connection, ledger.StoredCheckpoint(edge.size, signed.root, at, signed.note), size)
        return len(plan)


def arrange(
    waiting: Sequence[ledger.Waiting], sealed: Mapping[uuid.UUID, int], first: int
) -> tuple[list[tuple[int, int, str]], list[ledger.Gap]]:
    """What to move: (id, number, kind), and the gaps found. `first` is the next number of the log.

    Each writer's entries are sealed in its own order. After a gap they wait until they are no longer fresh.
    """
    last, held = dict(sealed), set[uuid.UUID]()
    plan, gaps = list[tuple[int, int, str]](), list[ledger.Gap]()
    for entry in waiting:
        due = last[entry.writer] + 1
        if entry.writer in held or (entry.sequence > due and entry.fresh):
            held.add(entry.writer)
            continue
        if entry.sequence > due:
            count = min(entry.sequence - due, 2**31 - 1)
            gaps.append(ledger.Gap(first + len(plan) + len(gaps), entry.writer, entry.sequence - 1, count))
        plan.append((entry.id, first + len(plan) + len(gaps), "stray" if entry.sequence < due else "read"))
        last[entry.writer] = max(last[entry.writer], entry.sequence)
    return plan, gaps


def _edge(connection: psycopg.Connection, newest: ledger.StoredCheckpoint | None, key: Signer) -> Edge:
    """The right end of the tree, which must be the one that was signed last. Raises Conflict."""
    size = newest.size if newest else 0
    tiles = ledger.tiles(connection, Edge.needed(size))
    edge = Edge({level: hashes for (level, _), hashes in tiles.items()}, size)
    try:
        root = edge.root()
    except (KeyError, IndexError):
        root = b""
    signed = newest is None or key.key.verifies(read(newest.note))
    if not signed or ledger.log_size(connection) != size or root != (newest.root if newest else EMPTY):
        raise Conflict(
            both("Sổ truy cập không khớp điểm niêm phong cuối", "The ledger does not fit its last checkpoint"),
            place=str(size),
            fix=both("Chạy: lienthong ledger verify", "Run: lienthong ledger verify"),
        )
    return edge


class SealWatch:
    """Tells whether sealing is so late that personal data must not be read any more (X-Road's four hours).

    Looks at most every few seconds: a check is free in between.
    """

    _OLDEST = text("select extract(epoch from clock_timestamp() - at) from platform.ledger order by id limit 1")

    def __init__(self, engine: AsyncEngine, limit_seconds: int) -> None:
        self._engine = engine
        self._limit = limit_seconds
        self._look_again = 0.0
        self._late = False

    async def check(self) -> None:
        """Raises Unavailable when the oldest entry has waited longer than the limit."""
        if time.monotonic() >= self._look_again:
            waited = await self._waited()
            self._late = waited is not None and waited > self._limit
            self._look_again = time.monotonic() + min(5.0, self._limit / 10)
        if self._late:
            raise Unavailable(
                both("Sổ truy cập chưa được niêm phong quá lâu", "The ledger has not been sealed for too long"),
                fix=both(
                    "Dữ liệu cá nhân tạm ngừng phục vụ; báo quản trị",
                    "Personal data is not served until it is; tell the administrator",
                ),
            )

    async def _waited(self) -> float | None:
        """Seconds that the oldest entry has waited. Raises Unavailable when the ledger does not answer soon."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(text(f"set local statement_timeout = {LOOK_MILLISECONDS}"))
                found = (await connection.execute(self._OLDEST)).scalar_one_or_none()
        except SQLAlchemyError as error:
            raise Unavailable(both("Sổ truy cập không trả lời", "The ledger does not answer")) from error
        return None if found is None else float(found)
