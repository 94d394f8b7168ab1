"""Source columns -> one text cell a field, as DuckDB expressions. Nothing is typed here.

A cell goes through two texts: `raw`, what the source says (trimmed, NFC, after `join` and `extract`, NULL when
missing), and `text`, what the field's type reads (after `map` and `split`). A raw without a text is a defect.
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
# Ranges that hold every letter which NFC may change, and the marks that may join the letter before them.
_DECOMPOSED = (
    r"[\x{300}-\x{36f}\x{374}\x{37e}\x{387}\x{483}-\x{487}\x{591}-\x{1dff}\x{1f71}-\x{2001}\x{20d0}-\x{20ff}"
    r"\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}\x{2adc}\x{2cef}-\x{2dff}\x{302a}-\x{309a}\x{a66f}-\x{abff}"
    r"\x{f900}-\x{fb4e}\x{fe20}-\x{fe2f}\x{10000}-\x{10ffff}]"
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


def composed(expr: str) -> str:
    """`expr` in NFC. Normalising costs ten times what looking for a letter that needs it does."""
    return (
        f"CASE WHEN strlen({expr}) <> length({expr}) AND regexp_matches({expr}, {literal(_DECOMPOSED)}) "
        f"THEN nfc_normalize({expr}) ELSE {expr} END"
    )


def trimmed(expr: str) -> str:
    """`expr` without blanks at its ends."""
    ends = " OR ".join(f"{test}({expr}, {literal(c)})" for c in _ENDS for test in ("prefix", "suffix"))
    return f"CASE WHEN {ends} THEN trim({expr}, {literal(_BLANKS)}) ELSE {expr} END"


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
    return Cell(field, _raw(contract, source, present), _text(source, name(f"r:{field.name}")), bool(source.map))


def _raw(contract: Contract, source: ColumnSource, present: frozenset[str]) -> str:
    """The text that the source gives: a constant, or columns joined, of which `extract` keeps a part."""
    if source.value is not None:
        return literal(nfc(source.value).strip())
    given = contract.source.missing if source.missing is None else source.missing
    missing = tuple(dict.fromkeys(["", *(nfc(text).strip() for text in given)]))
    parts = [_unless(missing, name(column)) for column in source.names if column in present]
    if len(parts) < 2:
        raw = parts[0] if parts else NULL
    else:
        raw = _unless(missing, f"concat_ws({literal(source.join)}, {', '.join(parts)})")
    if source.extract:
        raw = _unless(missing, f"trim(regexp_extract({raw}, {literal(source.extract)}, 1))")
    return raw


def _unless(missing: tuple[str, ...], expr: str) -> str:
    # Not as NOT IN: DuckDB would make a join of each.
    return f"CASE WHEN {' AND '.join(f'{expr} <> {literal(text)}' for text in missing)} THEN {expr} END"


def _text(source: ColumnSource, raw: str) -> str:
    """The text that the type reads; NULL where the mapping does not know the raw one."""
    if source.map:
        whens = " ".join(f"WHEN {literal(nfc(r).strip())} THEN {literal(code)}" for r, code in source.map.items())
        raw = f"CASE {raw} {whens} END"
    if source.split is not None:
        items = f"list_transform(string_split({raw}, {literal(source.split)}), lambda x: {trimmed('x')})"
        raw = f"CASE WHEN {raw} IS NOT NULL THEN CAST(to_json(list_filter({items}, lambda x: x <> '')) AS VARCHAR) END"
    return raw
