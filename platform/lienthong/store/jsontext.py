"""JSON as PostgreSQL writes it into texts: rows put together from the texts of their values.

`row_to_json` finds out anew, for every value of every row, how its type is written. What a contract promises of a
field makes that needless. A promise that a row does not keep makes the quick text null, and the careful one is taken.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lienthong.contract.model import FieldContract
from lienthong.contract.types.base import literal
from lienthong.contract.types.coded import codes_of

FEW_CODES = 24  # so many are compared with one after the other
_NUMBERS = ("integer", "bigint", "boolean")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A piece of text that is always the same."""

    text: str


Piece = Fixed | str  # or the SQL expression of a text


@dataclass(frozen=True, slots=True)
class Value:
    """The JSON text of a value. `careful` holds for whatever is stored and is never null.

    `quick` are pieces that are null together where they do not hold; None: the careful text costs no more.
    `once`: it is too dear to stand in a statement twice.
    """

    careful: Piece
    quick: tuple[Piece, ...] | None = None
    once: bool = False


def constant(text: str) -> Value:
    """A text that stands for itself."""
    return Value(Fixed(json.dumps(text, ensure_ascii=False)))


def of_json(sql: str) -> Value:
    """A JSON value, or null."""
    return Value(f"coalesce(({sql})::text, 'null')", once=True)


def of_text(sql: str) -> Value:
    """What is JSON in a text already, or null."""
    return Value(f"coalesce({sql}, 'null')", once=True)


def of_any(sql: str) -> Value:
    """A value of any type, written as PostgreSQL writes it in JSON."""
    return Value(f"coalesce(to_json({sql})::text, 'null')")


def of_field(field: FieldContract, sql: str, checked: bool) -> Value:
    """A field in the column `sql`. `checked`: the rows fulfil the checks of the governed table."""
    made = field.type.json_expr(sql, field.options)
    pieces = _quick(field, sql, made, checked)
    if field.required or pieces is None:
        return Value(of_any(made).careful, pieces)
    # A number that is none stands in quotation marks: it must not pass for a missing one.
    missing = f"case when {sql} is null then 'null' end"
    return Value(of_any(made).careful, (f"coalesce({joined(pieces)}, {missing})",))


def _quick(field: FieldContract, sql: str, made: str, checked: bool) -> tuple[Piece, ...] | None:
    """The text of a value that is there, as the type and the checks of its column let it be written."""
    kind, quote = field.columns[0].sql_type, Fixed('"')
    if field.logical_type == "datetime":
        return quote, made, quote
    if made != sql:
        return None
    if kind in _NUMBERS:
        return (f"{sql}::text",)
    if kind.startswith("numeric"):
        return (f"nullif({sql}::text, 'NaN')",)
    if kind in ("date", "uuid"):
        return quote, f"{sql}::text", quote
    if kind != "text":
        return None
    if field.type.bare and checked:
        return quote, sql, quote
    codes = codes_of(field.options) if field.logical_type == "enum" else {}
    if 0 < len(codes) <= FEW_CODES:
        known = " ".join(f"when {literal(code)} then {literal(json.dumps(code, ensure_ascii=False))}" for code in codes)
        return (f"case {sql} {known} else to_json({sql})::text end",)
    return None


def object_text(members: Iterable[tuple[str, Value]]) -> str:
    """An object with these members, in their order."""
    parts: list[Piece] = []
    quick: list[Piece] = []
    careful: list[Piece] = []
    lead = "{"
    for key, value in members:
        head = Fixed(f"{lead}{json.dumps(key, ensure_ascii=False)}:")
        lead = ","
        if value.once:
            parts += [*_either(quick, careful), head, value.careful]
            quick, careful = [], []
        else:
            quick += [head, *(value.quick or (value.careful,))]
            careful += [head, value.careful]
    parts += [*_either(quick, careful), Fixed("}" if lead == "," else "{}")]
    return joined(parts)


def array_text(item: str, only: str = "") -> str:
    """An array of the texts `item` of all rows, in their order, or `only` of some: a filter of the aggregate."""
    return f"('[' || coalesce(string_agg({item}, ','){only}, '') || ']')"


def quoted(sql: str) -> Value:
    """A text that needs no escape, or null."""
    return Value(f"""coalesce('"' || {sql} || '"', 'null')""")


def _either(quick: list[Piece], careful: list[Piece]) -> list[Piece]:
    if quick == careful:
        return quick
    return [f"coalesce({joined(quick)}, {joined(careful)})"]


def joined(pieces: Sequence[Piece]) -> str:
    """The SQL expression of these pieces, one after the other; null when one of them is."""
    merged: list[str] = []
    fixed = ""
    for piece in (*pieces, None):
        if isinstance(piece, Fixed):
            fixed += piece.text
            continue
        if fixed:
            merged.append(literal(fixed))
            fixed = ""
        if piece is not None:
            merged.append(piece)
    return _tree(merged) if merged else "''"


def _tree(parts: Sequence[str]) -> str:
    """As a balanced tree: what is joined first is copied least, and no row is too wide for the parser's stack."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({_tree(parts[:middle])} || {_tree(parts[middle:])})"
