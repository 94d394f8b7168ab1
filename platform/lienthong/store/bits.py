"""Which rows of a release have a word or a value, as bits: what many rows fulfil is counted without reading them.

Kept with the release, as roll-ups are: the frequent words of its search text, and each value of the columns that have
few. A bit stands for a row's number; numbers have no gaps. What is not kept here is rare, and an index finds it.
"""

import zlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract
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
TOGETHER = 6 << 20
"""The values of a column with no more bytes of bits are read together: whoever asks for one asks for others."""
WORDS = ""  # in place of a column's name
_EXACT = frozenset({"text", "boolean", "integer"})  # types whose equal values have one text
_FEW = 8  # times shorter
_WHOLE = -1  # a piece of no rows: it says that all values of a column stand here

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
    for piece in range(-(-last // CHUNK)):
        words, values = _read(connection, release, few, piece)
        rows = min(CHUNK, last - piece * CHUNK)
        kept = {word: ids for word, ids in _lexemes(connection, words).items() if len(ids) * RARE >= rows}
        for field, marks in {WORDS: kept, **values}.items():
            _write(connection, made, field, piece, rows, marks)
        few = [name for name in few if name in values]
    with connection.cursor() as cursor:
        cursor.executemany(
            sql.SQL("insert into {} values (%s, '', %s, '')").format(made), [(name, _WHOLE) for name in few]
        )
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


def _write(connection: Connection, made: sql.Identifier, field: str, piece: int, rows: int, marks: _Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(made)) as copy:
        for value, places in marks.items():
            copy.write_row((field, value, piece, _packed(_bits(places, rows))))


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


def read_sql(dataset: str, marks: Collection[Mark]) -> Statement:
    """`body`: pieces of bits, a line each, as `bits_of` reads them; `release`: that which they are of.

    They are those of the marks, and of all values of their columns when that is not much to read.
    """
    fields, values = ([*part] for part in zip(*marks, strict=True))
    bits = f"open.{ident(dataset + SUFFIX)}"
    text = (
        "with w as (select * from unnest($1::text[], $2::text[]) w(field, value)), "
        f"few as (select field from {bits} where field in (select field from w where field <> '') "
        f"group by field having sum(length(bits)) <= {TOGETHER}), "
        f"b as (select b.* from w join {bits} b using (field, value) where field not in (select field from few) "
        f"union all select b.* from few join {bits} b using (field)) "
        f"select string_agg(concat_ws(' ', {_hex('field')}, {_hex('value')}, piece, encode(bits, 'hex')), E'\\n'), "
        f"(select _release from open.{ident(dataset + '_release')}) from b"
    )
    return Statement(text, (fields, values), ("body", "release"), kept=True)


def _hex(column: str) -> str:
    return f"encode(convert_to({column}, 'UTF8'), 'hex')"


def bits_of(body: bytes, marks: Collection[Mark], rows: int) -> dict[Mark, int | None]:
    """Bits by mark, that of row 1 the lowest; None of what is not kept. `marks` has `(column, '')` of each column."""
    pieces: dict[Mark, dict[int, str]] = {mark: {} for mark in marks}
    for line in body.decode().split("\n") if body else ():
        field, value, piece, given = line.split(" ")
        mark = bytes.fromhex(field).decode(), bytes.fromhex(value).decode()
        pieces.setdefault(mark, {})[int(piece)] = given
    every = range(-(-rows // CHUNK))
    found: dict[Mark, int | None] = {}
    for mark, there in pieces.items():
        whole = all(n in there for n in every) if mark[0] == WORDS else _WHOLE in pieces[mark[0], ""]
        found[mark] = sum(_number(there[n], n, rows) for n in every if n in there) if whole else None
    return found


def _number(given: str, piece: int, rows: int) -> int:
    """The bits of a piece, at their place."""
    bits = bytes.fromhex(given)
    if len(bits) != -(-min(CHUNK, rows - piece * CHUNK) // 8):
        bits = zlib.decompress(bits)
    return int.from_bytes(bits, "little") << (piece * CHUNK)
