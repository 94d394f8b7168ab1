"""What a logical type is. One class a type, one file a family, one registry."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from lienthong.kernel.text import Bilingual, nfc

Options = Mapping[str, Any]
Operator = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "contains", "is_null", "bbox", "within", "near"]

EQUALITY: frozenset[Operator] = frozenset({"eq", "ne", "in", "is_null"})
ORDERED: frozenset[Operator] = EQUALITY | {"gt", "gte", "lt", "lte"}
TEXTUAL: frozenset[Operator] = ORDERED | {"contains"}
SPATIAL: frozenset[Operator] = frozenset({"bbox", "within", "near", "is_null"})


def literal(text: str) -> str:
    """`text` as an SQL string literal, for PostgreSQL and DuckDB alike."""
    return "'" + text.replace("'", "''") + "'"


def refuse(vi: str, en: str) -> "ParseError":
    """A ParseError in two languages."""
    return ParseError(Bilingual(vi=vi, en=en))


class ParseError(ValueError):
    """A text is not a value of the type; `reason` tells people why."""

    def __init__(self, reason: Bilingual) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True)
class Column:
    """One stored column: its name, its PostgreSQL type, and a CHECK expression or None."""

    name: str
    sql_type: str
    check: str | None = None


class LogicalType(ABC):
    """A kind of value: how it is parsed, validated, stored, rendered and described.

    The default is a text without rules; each subclass changes what differs. SQL fragments are constants of
    the class filled with already quoted column expressions, never with data.
    """

    name: ClassVar[str]
    sql_type: ClassVar[str] = "text"
    graphql: ClassVar[str] = "String"
    operators: ClassVar[frozenset[Operator]] = TEXTUAL
    odcs: ClassVar[str] = "string"
    sortable: ClassVar[bool] = True
    option_names: ClassVar[frozenset[str]] = frozenset()
    bare: ClassVar[bool] = False
    """Does `check` keep out every character that JSON escapes: quotation marks, backslashes, control characters?"""

    def parse(self, text: str, options: Options) -> Any:
        """The value that `text` means, as psycopg takes it. Raises ParseError."""
        return nfc(text).strip()

    def columns(self, field: str, options: Options) -> tuple[Column, ...]:
        """The columns that a field of this type is stored in; the first has the field's own name."""
        return (Column(field, self.sql(options), self.check(f'"{field}"', options)),)

    def sql(self, options: Options) -> str:
        """The PostgreSQL type of the first column."""
        return self.sql_type

    def check(self, column: str, options: Options) -> str | None:
        """A PostgreSQL boolean expression that every stored value fulfils (`column` is quoted), or None."""
        return None

    def duckdb(self, expr: str, options: Options) -> str:
        """A DuckDB expression: `expr` (trimmed, NFC, not missing) -> typed value, or NULL when it is invalid.

        The set-based twin of `parse`; geometry gives WKT text, lists give JSON text.
        """
        return expr

    def staging_sql(self, options: Options) -> str:
        """The PostgreSQL type that the DuckDB value is staged in: the stored one, or text for types DuckDB lacks."""
        return self.sql(options)

    def from_staging(self, column: str, options: Options) -> str:
        """The PostgreSQL expression that makes the stored value of the staged `column` (quoted)."""
        return column

    def json_expr(self, column: str, options: Options) -> str:
        """The PostgreSQL expression that renders `column` as a JSON value; the column itself by default."""
        return column

    def json_schema(self, options: Options) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a rendered value."""
        return {"type": "string"}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        """The ODCS v3.1 logicalType and logicalTypeOptions nearest to this type."""
        return self.odcs, {}

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        """The great_expectations that follow from the type, as `{type, kwargs}`."""
        return []

    def lint(self, options: Options) -> list[Bilingual]:
        """What is wrong with the options that a contract gives."""
        known = ", ".join(sorted(self.option_names)) or "-"
        return [
            Bilingual(
                vi=f"tùy chọn lạ '{name}'; kiểu {self.name} nhận: {known}",
                en=f"unknown option '{name}'; the type {self.name} takes: {known}",
            )
            for name in options
            if name not in self.option_names
        ]
