"""Which rows of a release have a word or a value, as bits: what many rows fulfil is counted without reading them.

Kept with the release, as roll-ups are: the frequent words of its search text, and each value of the columns that have
few. A bit stands for a row's number; numbers have no gaps. What is not kept here is rare, and an index finds it.
"""

import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract
from lienthong.store import spreadsheet
from lienthong.store.compile import Statement
from lienthong.store.predicate import ident
from lienthong.store.words import plain

SUFFIX = "_bits"
CHUNK = 1 << 20
"""So many rows are one piece of bits: this much memory is enough, however many rows there are."""
RARE = 1024
"""A word in fewer than one of so many rows of a piece is not kept."""
VALUES = 1_000
"""A column with more values has no bits."""
WORDS = ""  # in place of a column's name
_EXACT = frozenset({"text", "boolean", "integer"})  # types whose equal values have one text
_FEW = 8  # times shorter
_WHOLE = -1  # a piece of no rows: it says that all values of a column stand here
_TOTAL = -3  # a piece of no rows: how many rows have the mark, eight bytes, the lowest first

Mark = tuple[str, str]
"""A column (or `WORDS`) and the text of a value in it."""
_Rows: TypeAlias = "dict[str, array[int]]"  # array is no generic class at run time


def has_values(field: FieldContract) -> bool:
    """May the values of a field have bits?"""
    return "eq" in field.type.operators and field.columns[0].sql_type in _EXACT


def create(connection: Connection, release: str) -> None:
    """Make the table of the bits of `release.<release>` when it is not there: empty, nothing is kept."""
    made = sql.Identifier("release", release + SUFFIX)
    connection.execute(
        sql.SQL(
            "create table if not exists {} (field text not null, value text not null, piece int not null, "
            "bits bytea not null, primary key (field, value, piece))"
        ).format(made)
    )
    connection.execute(sql.SQL("alter table {} alter column bits set storage external").format(made))


def served(connection: Connection, contract: Contract) -> bool:
    """Is there a view of the bits of the release that is served?"""
    found = connection.execute("select to_regclass(%s)", (f"open.{ident(contract.id + SUFFIX)}",)).fetchone()
    return found is not None and found[0] is not None


def fill(connection: Connection, contract: Contract, release: str) -> None:
    """Make the bits of `release.<release>` anew from its rows, which are analyzed."""
    relation, made = sql.Identifier("release", release), sql.Identifier("release", release + SUFFIX)
    connection.execute(sql.SQL("drop table if exists {} cascade").format(made))
    create(connection, release)
    found = connection.execute(sql.SQL("select coalesce(max(_id), 0) from {}").format(relation)).fetchone()
    last = int(found[0]) if found else 0
    few = _few(connection, contract, release)
    totals: Counter[Mark] = Counter()
    for piece in range(-(-last // CHUNK)):
        words, values = _read(connection, release, few, piece)
        rows = min(CHUNK, last - piece * CHUNK)
        kept = {word: ids for word, ids in _lexemes(connection, words).items() if len(ids) * RARE >= rows}
        for field, marks in {WORDS: kept, **values}.items():
            totals.update(_write(connection, made, field, piece, rows, marks))
        few = [name for name in few if name in values]
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values (%s, '', %s, '')").format(made), [(name, _WHOLE) for name in few]
        )
        with cursor.copy(sql.SQL("copy {} from stdin").format(made)) as copy:
            for (field, value), total in totals.items():
                copy.write_row((field, value, _TOTAL, total.to_bytes(8, "little")))
    spreadsheet.note(connection, contract.open_fields, release, made)
    connection.execute(sql.SQL("analyze {}").format(made))


def _few(connection: Connection, contract: Contract, release: str) -> list[str]:
    """The columns that seem to have few values."""
    rows = connection.execute(
        "select attname from pg_stats s join pg_class c on c.oid = to_regclass(%s) where schemaname = 'release' "
        "and tablename = relname and n_distinct between -1 and %s and abs(n_distinct) * "
        "case when n_distinct < 0 then reltuples else 1 end <= %s",
        (f"release.{ident(release)}", VALUES, VALUES),
    ).fetchall()
    named = {name for (name,) in rows}
    return [field.name for field in contract.open_fields if field.name in named and has_values(field)]


def _read(connection: Connection, release: str, few: Sequence[str], piece: int) -> tuple[_Rows, dict[str, _Rows]]:
    """The rows of each word and of each value, as places in the piece; columns with too many values are left out."""
    listed = "".join(f", {ident(name)}::text" for name in few)
    words: _Rows = {}
    values: dict[str, _Rows] = {name: {} for name in few}
    by_place = list(values.values())
    with connection.transaction(), connection.cursor("bits") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            f"select _id, _search{listed} from release.{ident(release)} "
            f"where _id > {piece * CHUNK} and _id <= {(piece + 1) * CHUNK}".encode()
        )
        for number, text, *given in cursor:
            place = number - piece * CHUNK - 1
            for word in set(plain(text).split()):
                _add(words, word, place)
            for kept, value in zip(by_place, given, strict=True):
                if value is not None and len(kept) <= VALUES:
                    _add(kept, value, place)
    return words, {name: kept for name, kept in values.items() if len(kept) <= VALUES}


def _add(rows: _Rows, mark: str, place: int) -> None:
    found = rows.get(mark)
    if found is None:
        found = rows[mark] = array("I")
    found.append(place)


def _lexemes(connection: Connection, words: _Rows) -> _Rows:
    """The rows of what PostgreSQL finds in each word: mostly the word itself."""
    rows = connection.execute(
        "select w, tsvector_to_array(to_tsvector('simple', w)) from unnest(%s::text[]) w", (list(words),)
    )
    found: _Rows = {}
    for word, lexemes in rows:
        for lexeme in lexemes:
            found[lexeme] = found[lexeme] + words[word] if lexeme in found else words[word]
    return found


def _write(
    connection: Connection, made: sql.Identifier, field: str, piece: int, rows: int, marks: _Rows
) -> dict[Mark, int]:
    """Write a piece of the marks; how many rows of it each has."""
    totals = {}
    with connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(made)) as copy:
        for value, places in marks.items():
            bits = _bits(places, rows)
            totals[field, value] = int.from_bytes(bits, "little").bit_count()
            copy.write_row((field, value, piece, _packed(bits)))
    return totals


def _packed(bits: bytes) -> bytes:
    """Few bits are packed; unpacking many would take longer than reading them."""
    packed = zlib.compress(bits, 1)
    return packed if len(packed) * _FEW < len(bits) else bits


def _bits(places: Iterable[int], rows: int) -> bytes:
    flags = bytearray(b"0") * rows
    for place in places:
        flags[place] = 49  # 1
    flags.reverse()
    return int(flags, 2).to_bytes(-(-rows // 8), "little")


class Rows:
    """The rows of one mark, that of row 1 in the lowest bit: as bytes, or as a number once they were joined."""

    __slots__ = ("size", "bits", "_total")

    def __init__(self, bits: bytes, total: int | None = None) -> None:
        self.size = len(bits)
        self.bits: bytes | int = bits
        self._total = total

    @property
    def total(self) -> int:
        """How many rows; counted once where it was not noted with them."""
        if self._total is None:
            self._total = self.number.bit_count()
        return self._total

    @property
    def number(self) -> int:
        """As a number, which is made once: that takes as long as reading the bits."""
        if isinstance(self.bits, bytes):
            self.bits = int.from_bytes(self.bits, "little")
        return self.bits


def read_sql(dataset: str, marks: Collection[Mark]) -> Statement:
    """A row for each piece of the marks, one at least for each mark, as `rows_of` reads them in binary."""
    fields, values = ([*part] for part in zip(*marks, strict=True))
    text = (
        f"select (select _release from open.{ident(dataset + '_release')}), w.field, w.value, b.piece, b.bits "
        f"from unnest($1::text[], $2::text[]) w(field, value) "
        f"left join open.{ident(dataset + SUFFIX)} b using (field, value) order by w.field, w.value, b.piece"
    )
    return Statement(text, (fields, values), kept=True)


def last_sql(dataset: str) -> Statement:
    """The release that is served and the highest number of its rows, in binary."""
    last = f"select max(_id) from open.{ident(dataset)}"
    text = f"select (select _release from open.{ident(dataset + '_release')}), ({last})"
    return Statement(text, (), kept=True)


def rows_of(found: Iterable[Sequence[bytes | None]], release: int, rows: int) -> dict[Mark, Rows | None] | None:
    """The rows of each mark that was asked for; None of one whose rows are not kept. None: of another release.

    With a mark of a column `(column, '')` is asked for, which tells whether all its values are kept.
    """
    pieces: dict[Mark, dict[int, bytes]] = {}
    for number, field, value, piece, bits in found:
        if int.from_bytes(number or b"") != release:
            return None
        there = pieces.setdefault(((field or b"").decode(), (value or b"").decode()), {})
        if piece is not None:
            there[int.from_bytes(piece, signed=True)] = bits or b""
    every = range(-(-rows // CHUNK))
    return {mark: _joined(there, every, rows) if _is_kept(mark, there, every, pieces) else None
            for mark, there in pieces.items()}  # fmt: skip


def _is_kept(mark: Mark, there: Collection[int], every: Iterable[int], pieces: Mapping[Mark, Collection[int]]) -> bool:
    """Is every row of the mark among its pieces? A word without a piece is rare there."""
    if mark[0] == WORDS:
        return all(n in there for n in every)
    return _WHOLE in pieces.get((mark[0], ""), ())


def _joined(there: Mapping[int, bytes], every: Collection[int], rows: int) -> Rows:
    """The pieces one after the other; where there is none, no row has the mark."""
    found = []
    for n in every:
        size = -(-min(CHUNK, rows - n * CHUNK) // 8)
        bits = there.get(n) or bytes(size)
        found.append(bits if len(bits) == size else zlib.decompress(bits))
    total = int.from_bytes(there[_TOTAL], "little") if _TOTAL in there else None
    return Rows(found[0] if len(found) == 1 else b"".join(found), total)
