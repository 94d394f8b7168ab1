"""How a source words the items of a list: its own keys, the part of a text that counts, texts for codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lienthong.contract.types.base import LogicalType, Options, literal
from lienthong.kernel.text import Bilingual, both

# What Python's `strip` takes away. DuckDB's own `trim` knows those of Unicode's class Zs only.
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a source words an item or a property: its own key (`from`), the part that counts (`extract`), texts for
    codes (`map`; a text that it does not know stays as it is, one mapped to the empty text is nothing)."""

    key: str | None = None
    extract: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Wording":
        """The wording that the description of an item or property gives."""
        return cls(given.get("from"), given.get("extract"), given.get("map") or {})

    def read(self, text: str) -> str:
        """The text that the type parses."""
        if self.extract:
            found = re.search(self.extract, text)
            text = (found[1] or "").strip(BLANKS) if found else ""
        return self.map.get(text, text)

    def duckdb(self, cell: str) -> str:
        """The DuckDB twin of `read`."""
        if self.extract:
            cell = f"trim(regexp_extract({cell}, {literal(self.extract)}, 1), {literal(BLANKS)})"
        if not self.map:
            return cell
        cases = " ".join(f"WHEN {literal(raw)} THEN {literal(code)}" for raw, code in self.map.items())
        return f"CASE {cell} {cases} ELSE {cell} END"


def lint_wording(wording: Wording, kind: LogicalType, options: Options) -> list[Bilingual]:
    """What is wrong with a wording: a regular expression without its one group, a code that the type refuses."""
    wrong = []
    try:
        if wording.extract and re.compile(wording.extract).groups != 1:
            wrong.append(both("extract cần đúng một nhóm", "extract needs exactly one group"))
    except re.error as error:
        wrong.append(both(f"extract sai: {error}", f"extract is wrong: {error}"))
    for code in filter(None, wording.map.values()):
        try:
            kind.parse(code, options)
        except ValueError as error:
            wrong.append(both(f"map: '{code}' sai: {error}", f"map: '{code}' is wrong: {error}"))
    return wrong


def cell_of(item: Mapping[str, Any], name: str, wording: Wording) -> Any:
    """The value of a property: under its own name, else as the source words it."""
    value = item.get(name)
    if value is not None or wording.key is None or item.get(wording.key) is None:
        return value
    return wording.read(str(item[wording.key]).strip(BLANKS))


def duckdb_cell(name: str, wording: Wording) -> str:
    """The DuckDB twin of `cell_of`."""
    own, worded = duckdb_text(f'$."{name}"'), duckdb_text(f'$."{wording.key}"')
    return f"coalesce({own}, {wording.duckdb(worded)})" if wording.key else own


def duckdb_text(path: str) -> str:
    """The text of `item` at a JSON path, as a cell is read."""
    return f"trim(nfc_normalize(json_extract_string(item, {literal(path)})), {literal(BLANKS)})"
