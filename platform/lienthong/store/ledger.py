"""The ledger's statements: from the inbox to the sealed log, and the exact bytes of an entry.

The canonical bytes of an entry are one line of JSON as RFC 8785 (JCS) writes it: members by name, no blanks, UTF-8.
PostgreSQL writes it for the sealer and for the verifier. `condition` and `context` stand in it as texts, so that no
number in them can be written in two ways.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from lienthong.contract.model import Contract
from lienthong.store.predicate import ident

COLUMNS = (
    "agency",
    "agreement",
    "at",
    "condition",
    "context",
    "dataset",
    "fields",
    "keys",
    "kind",
    "number",
    "purpose",
    "receipt",
    "role",
    "rows",
    "sequence",
    "state",
    "subject",
    "surface",
    "writer",
)
"""The members of an entry, in the order of its canonical bytes."""
_WRITTEN = {
    "at": """to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at""",
    "condition": "e.condition::text as condition",
    "context": "e.context::text as context",
}
_MEMBERS = ", ".join(_WRITTEN.get(name, f"e.{name}") for name in COLUMNS)
LINE = f"(select row_to_json(line)::text from (select {_MEMBERS}) line)"
"""The canonical text of the entry `e`, a row with `COLUMNS`."""
_KEPT = tuple(name for name in COLUMNS if name not in ("number", "kind"))
_NAMES = ", ".join(_KEPT)
_OF_A_GAP = {
    **dict.fromkeys(("writer", "sequence", "rows"), ""),
    **dict.fromkeys(("dataset", "purpose", "state", "subject"), "'' as "),
    "at": "clock_timestamp() as ",
    "fields": "'{}' as ",
    "receipt": "gen_random_uuid() as ",
    "surface": "'ledger' as ",
}
_GAP = ", ".join(_OF_A_GAP.get(name, "null as ") + name for name in _KEPT)
_LOCK = "select pg_try_advisory_lock(hashtext('lienthong.seal'))"
_UNLOCK = "select pg_advisory_unlock(hashtext('lienthong.seal'))"
_MOVE = f"""
with plan as (select * from unnest(%(ids)s::bigint[], %(numbers)s::bigint[], %(kinds)s::text[]) p(id, number, kind)),
taken as (delete from platform.ledger e using plan p where e.id = p.id returning p.number, p.kind, e.*),
gaps as (select * from unnest(%(gap_numbers)s::bigint[], %(writers)s::uuid[], %(lasts)s::bigint[], %(counts)s::int[])
  g(number, writer, sequence, rows)),
entries as (
  select number, kind, {_NAMES} from taken union all select number, 'gap', {_GAP} from gaps),
sealed as (insert into platform.ledger_log (number, kind, {_NAMES}, leaf)
  select number, kind, {_NAMES}, sha256('\\x00'::bytea || convert_to({LINE}, 'UTF8')) from entries e
  returning number, leaf)
select leaf from sealed order by number
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry in the inbox. `fresh`: so young that an entry before it may still come."""

    id: int
    writer: uuid.UUID
    sequence: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """`count` entries of a writer, up to `last`, that were not there when they should have been sealed."""

    number: int
    writer: uuid.UUID
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of platform.ledger_checkpoint."""

    size: int
    root: bytes
    at: datetime
    note: str


@contextmanager
def sealing(connection: Connection) -> Iterator[bool]:
    """Is this the only sealer? It stays so to the end, anchors included, or until its connection ends."""
    found = connection.execute(_LOCK).fetchone()
    alone = bool(found and found[0])
    try:
        yield alone
    finally:
        if alone and not connection.closed:
            connection.execute(_UNLOCK)


def waiting(connection: Connection, grace_seconds: float, limit: int) -> list[Waiting]:
    """The oldest entries of the inbox."""
    query = (
        "select id, writer, sequence, at > clock_timestamp() - make_interval(secs => %s) and at <= clock_timestamp() "
        "as fresh from platform.ledger order by id limit %s"
    )
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(query, (grace_seconds, limit)).fetchall()


def sealed_up_to(connection: Connection, writers: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The last sequence of each writer that is sealed; 0 for a writer that is new."""
    newest = "(select max(sequence) from platform.ledger_log where writer = w)"
    query = f"select w, coalesce({newest}, 0) from unnest(%s::uuid[]) w"
    return dict(connection.execute(query.encode(), (list(writers),)).fetchall())


def move(connection: Connection, plan: Sequence[tuple[int, int, str]], gaps: Sequence[Gap]) -> list[bytes]:
    """Move entries (id, number, kind) from the inbox to the log, and record gaps; the leaf hashes by number."""
    ids, numbers, kinds = zip(*plan, strict=True) if plan else ((), (), ())
    values = {
        "ids": list(ids),
        "numbers": list(numbers),
        "kinds": list(kinds),
        "gap_numbers": [gap.number for gap in gaps],
        "writers": [gap.writer for gap in gaps],
        "lasts": [gap.last for gap in gaps],
        "counts": [gap.count for gap in gaps],
    }
    connection.execute("set local lienthong.sealing = 'on'")
    return [bytes(row[0]) for row in connection.execute(_MOVE, values).fetchall()]


def log_size(connection: Connection) -> int:
    """The number after the last sealed entry."""
    found = connection.execute("select coalesce(max(number) + 1, 0) from platform.ledger_log").fetchone()
    return int(found[0]) if found else 0


def checkpoint(connection: Connection, size: int | None = None) -> StoredCheckpoint | None:
    """The newest checkpoint, or the one over `size` entries."""
    query = "select size, root, at, note from platform.ledger_checkpoint "
    query += "order by size desc limit 1" if size is None else "where size = %s"
    with connection.cursor(row_factory=class_row(StoredCheckpoint)) as cursor:
        return cursor.execute(query.encode(), () if size is None else (size,)).fetchone()


def add_checkpoint(connection: Connection, new: StoredCheckpoint, previous: int) -> None:
    """Put a checkpoint down."""
    connection.execute(
        "insert into platform.ledger_checkpoint (size, root, at, previous, note) values (%s, %s, %s, %s, %s)",
        (new.size, new.root, new.at, previous, new.note),
    )


def tiles(connection: Connection, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Stored tiles by (level, position)."""
    query = (
        "select level, position, hashes from platform.ledger_tile "
        "join unnest(%s::int[], %s::bigint[]) w(level, position) using (level, position)"
    )
    rows = connection.execute(query, ([level for level, _ in wanted], [position for _, position in wanted]))
    return {(level, position): bytes(hashes) for level, position, hashes in rows.fetchall()}


def put_tiles(connection: Connection, changed: dict[tuple[int, int], bytearray]) -> None:
    """Write tiles; the last ones of a level grow."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into platform.ledger_tile (level, position, hashes) values (%s, %s, %s) "
            "on conflict (level, position) do update set hashes = excluded.hashes",
            [(level, position, bytes(hashes)) for (level, position), hashes in changed.items()],
        )


# --- reading it whole ---------------------------------------------------------------------------------------------


def log_ends(connection: Connection) -> int:
    """The number after the last entry or kept leaf hash, whichever is further."""
    query = (
        "select greatest((select coalesce(max(number) + 1, 0) from platform.ledger_log), "
        "(select coalesce(max(position) + 1, 0) * 256 from platform.ledger_tile where level = 0))"
    )
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def entries(connection: Connection, first: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Sealed entries first .. end - 1: number, canonical bytes, the leaf hash that is stored with it.

    By COPY: PostgreSQL writes the next ones while the caller looks at these.
    """
    query = (
        f"copy (select e.number, convert_to({LINE}, 'UTF8'), e.leaf from platform.ledger_log e "
        f"where e.number >= {first:d} and e.number < {end:d} order by e.number) to stdout (format binary)"
    )
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        copy.set_types(["int8", "bytea", "bytea"])
        yield from copy.rows()


def leaf_tiles(connection: Connection, first: int, end: int) -> list[tuple[int, bytes]]:
    """The stored tiles of leaf hashes at positions first .. end - 1: position, hashes."""
    query = (
        "select position, hashes from platform.ledger_tile where level = 0 and position >= %s and position < %s "
        "order by position"
    )
    return connection.execute(query, (first, end), binary=True).fetchall()


def checkpoints(connection: Connection) -> Iterator[tuple[str, int, bytes]]:
    """All checkpoints, the oldest first: note, size, root."""
    query = "select note, size, root from platform.ledger_checkpoint order by size"
    with connection.cursor(name="ledger_checkpoints", binary=True) as cursor:
        yield from cursor.execute(query)


def roots(connection: Connection, after: int, limit: int) -> list[tuple[str, int, bytes, datetime]]:
    """Checkpoints over more than `after` entries: note, size, root, moment."""
    query = "select note, size, root, at from platform.ledger_checkpoint where size > %s order by size limit %s"
    return connection.execute(query, (after, limit)).fetchall()


def rows_about(contract: Contract) -> str:
    """The statement that finds the numbers of all rows about the person `:value`, current and past."""
    assert contract.privacy.subject
    field = ident(contract.privacy.subject.field)
    each = (f"select _id from {s}.{ident(contract.id)} where {field} = :value" for s in ("governed", "history"))
    return f"select array({' union '.join(each)})"
