"""Texts that a spreadsheet would take for a formula (OWASP, CSV injection), told by PostgreSQL.

A release never changes: in which of its columns no text begins as a formula is looked up once, when it is made, and
noted beside its bits. A statement that streams it asks for that note, in its own snapshot, before it looks at texts.
"""

from collections.abc import Sequence

from psycopg import Connection, sql

from lienthong.contract.model import FieldContract
from lienthong.contract.types.base import literal
from lienthong.store.predicate import ident

PIECE = -2
"""The piece of bits, with no rows, that says so of a column."""
# The code points that begin a formula, the apostrophe that may stand before one, full-width forms.
_SUSPECT = "'{39,61,43,45,64,9,13,10,65309,65291,65293,65312}'::int[]"
_FORMULA = "'^''*[=+\\-@\\t\\r\\n＝＋－＠]'"


def is_formula(text: str) -> str:
    """SQL: does the text (an SQL expression) begin as a formula? Most texts are told by their first sign."""
    return f"ascii({text}) = any({_SUSPECT}) and {text} ~ {_FORMULA}"


def harmless(text: str, noted: str = "") -> str:
    """SQL: the text, with an apostrophe before a formula. `noted`: a condition under which there is none."""
    free = f"when {noted} then {text} " if noted else ""
    return f"case {free}when {is_formula(text)} then '''' || {text} else {text} end"


def note_of(bits: str, column: str) -> str:
    """SQL, evaluated once in a statement: is it noted in the table `bits` that no text of `column` is a formula?"""
    return f"(select true from {bits} where field = {literal(column)} and value = '' and piece = {PIECE})"


def note(connection: Connection, fields: Sequence[FieldContract], release: str, made: sql.Identifier) -> None:
    """Note in `made`, the table of bits, the text columns of `release.<release>` in which no text is a formula."""
    texts = [column.name for field in fields for column in field.columns if column.sql_type == "text"]
    connection.execute(sql.SQL("delete from {} where piece = {}").format(made, sql.Literal(PIECE)))
    if not texts:
        return
    asked = ", ".join(f"coalesce(bool_or({is_formula(ident(name))}), false)" for name in texts)
    told = connection.execute(f"select {asked} from release.{ident(release)}".encode()).fetchone() or ()
    free = [name for name, is_there in zip(texts, told, strict=True) if not is_there]
    written = sql.SQL("insert into {} select name, '', {}, '' from unnest(%s::text[]) name")
    connection.execute(written.format(made, sql.Literal(PIECE)), (free,))
