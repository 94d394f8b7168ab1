"""Source columns -> one text cell a field, as DuckDB expressions. Nothing is typed here.

A cell goes through two texts: `raw`, what the source says (trimmed, NFC, NULL when missing), and `text`, what the
field's type reads (after `map`, `split`, `extract`). A raw that is there and a text that is not is a defect.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lienthong.contract.model import ColumnSource, Contract, FieldContract, SourceFile
from lienthong.kernel.text import nfc

from ..sources.duck import literal, name

# Blanks that stand at the ends of cells in practice, and all that are cut when one does (those of str.strip, and
# the invisible ones). Testing the ends costs a tenth of cutting them.
_ENDS = " \t\n\r\u00a0\u2003\u2009\u200b\u202f\u3000\ufeff"
_BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
NULL = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True, slots=True)
class Cell:
    """How one field is found in one file: expressions over the tidied source columns, then over `raw`."""

    field: FieldContract
    raw: str
    text: str
    mapped: bool

    @property
    def raw_name(self) -> str:
        """The quoted name of the raw text."""
        return name(f"r:{self.field.name}")

    @property
    def text_name(self) -> str:
        """The quoted name of the text that the type reads."""
        return name(f"t:{self.field.name}")


def tidy(expr: str) -> str:
    """`expr` without blanks at its ends, in NFC."""
    ends = " OR ".join(f"{test}({expr}, {literal(c)})" for c in _ENDS for test in ("prefix", "suffix"))
    return f"nfc_normalize(CASE WHEN {ends} THEN trim({expr}, {literal(_BLANKS)}) ELSE {expr} END)"


def cells(contract: Contract, file: SourceFile, columns: Iterable[str]) -> list[Cell]:
    """How every field is found in a file that has these columns; a column that it lacks is missing in each row."""
    present = frozenset(columns)
    return [_cell(contract, field, contract.source.column(field.name, file), present) for field in contract.fields]


def used_columns(contract: Contract, file: SourceFile) -> dict[str, list[FieldContract]]:
    """The source columns that the contract reads from a file, each with the fields it feeds."""
    found: dict[str, list[FieldContract]] = {}
    for field in contract.fields:
        source = contract.source.column(field.name, file)
        for column in source.names if source else ():
            found.setdefault(column, []).append(field)
    return found


def _cell(contract: Contract, field: FieldContract, source: ColumnSource | None, present: frozenset[str]) -> Cell:
    if source is None:
        return Cell(field, NULL, NULL, False)
    raw_name = name(f"r:{field.name}")
    return Cell(field, _raw(contract, source, present), _text(source, raw_name), bool(source.map))


def _raw(contract: Contract, source: ColumnSource, present: frozenset[str]) -> str:
    """The text that the source gives: a constant, a column, or several joined."""
    if source.value is not None:
        return literal(nfc(source.value).strip())
    given = contract.source.missing if source.missing is None else source.missing
    missing = ", ".join(literal(text) for text in dict.fromkeys(["", *(nfc(t).strip() for t in given)]))
    parts = [
        f"CASE WHEN {name(column)} NOT IN ({missing}) THEN {name(column)} END"
        for column in source.names
        if column in present
    ]
    if not parts:
        return NULL
    raw = parts[0] if len(parts) == 1 else f"nullif(concat_ws({literal(source.join)}, {', '.join(parts)}), '')"
    return _at_path(raw, source.extract) if source.extract and source.extract.startswith("$") else raw


def _at_path(raw: str, path: str) -> str:
    """The value at a JSON path of a cell of JSON; JSON null is missing."""
    return f"nullif({tidy(f'json_extract_string(try_cast({raw} AS JSON), {literal(path)})')}, '')"


def _text(source: ColumnSource, raw: str) -> str:
    """The text that the type reads, from the raw one; NULL where a mapping or a pattern does not know it."""
    if source.split is not None:
        return _list(source, f"string_split({raw}, {literal(source.split)})")
    if source.json_:
        items = f"CAST(json_extract_string(try_cast({raw} AS JSON), '$[*]') AS VARCHAR[])"
        return _list(source, items) if source.map else raw
    if source.extract and not source.extract.startswith("$"):
        group = 1 if "(" in source.extract.replace("(?:", "").replace("\\(", "") else 0
        raw = f"nullif(regexp_extract({raw}, {literal(source.extract)}, {group}), '')"
    return _mapped(raw, source.map) if source.map else raw


def _list(source: ColumnSource, items: str) -> str:
    """A list of items as JSON text, each tidied and mapped; NULL when one item is not known."""
    tidied = f"list_filter(list_transform({items}, lambda x: {tidy('x')}), lambda x: x <> '')"
    if not source.map:
        return f"CAST(to_json({tidied}) AS VARCHAR)"
    mapped = f"list_transform({tidied}, lambda x: {_mapped('x', source.map)})"
    return f"CASE WHEN len(list_filter({mapped}, lambda x: x IS NULL)) = 0 THEN CAST(to_json({mapped}) AS VARCHAR) END"


def _mapped(expr: str, mapping: dict[str, str]) -> str:
    whens = " ".join(f"WHEN {literal(nfc(raw).strip())} THEN {literal(code)}" for raw, code in mapping.items())
    return f"CASE {expr} {whens} END"
