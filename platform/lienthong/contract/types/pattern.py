"""Texts whose form a pattern describes: most codes.

One pattern serves Python, DuckDB (RE2) and PostgreSQL (ARE), so it keeps to what the three read alike:
explicit character classes, groups, alternatives and counted repetition.
"""

import re
from typing import Any, ClassVar

from lienthong.contract.types.base import TEXTUAL, LogicalType, Operator, Options, literal, refuse
from lienthong.kernel.text import Bilingual, both, nfc

Replacement = tuple[str, str]
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_UNFIT = re.compile(CONTROL + r"|[\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` in NFC without blanks at its ends. Raises ParseError on control characters and lone surrogates."""
    tidy = nfc(text).strip()
    if _UNFIT.search(tidy):
        raise refuse("văn bản chứa ký tự điều khiển", "the text holds control characters")
    return tidy


class PatternType(LogicalType):
    """A text of one form. `replacements` (regular expression, replacement) first bring known variants to it."""

    pattern: ClassVar[str]
    form: ClassVar[Bilingual] = both("đúng mẫu", "of the right form")
    example: ClassVar[str] = ""
    max_length: ClassVar[int] = 200
    replacements: ClassVar[tuple[Replacement, ...]] = ()
    lower: ClassVar[bool] = False
    operators: ClassVar[frozenset[Operator]] = TEXTUAL

    def repairs(self, options: Options) -> tuple[Replacement, ...]:
        """The replacements in force with these options."""
        return self.replacements

    def sql_valid(self, value: str, options: Options) -> str | None:
        """A further SQL condition on a text that fits the pattern, read alike by DuckDB and PostgreSQL, or None."""
        return None

    def valid(self, value: str, options: Options) -> bool:
        """The Python twin of `sql_valid`."""
        return True

    def full_pattern(self, options: Options) -> str:
        """The pattern with these options."""
        return self.pattern

    def parse(self, text: str, options: Options) -> Any:
        value = clean(text)
        for old, new in self.repairs(options):
            value = re.sub(old, new, value)
        fits = len(value) <= self.max_length and re.fullmatch(self.full_pattern(options), value)
        if not fits or not self.valid(value, options):
            raise self.refusal(text)
        return value.lower() if self.lower else value

    def refusal(self, text: str) -> ValueError:
        """Why `text` is refused; says the form, not the value, which may be personal."""
        return refuse(
            f"giá trị không phải {self.form.vi} (ví dụ: {self.example})",
            f"the value is not {self.form.en} (example: {self.example})",
        )

    def duckdb(self, expr: str, options: Options) -> str:
        value = expr
        for old, new in self.repairs(options):
            value = f"regexp_replace({value}, {literal(old)}, {literal(new)}, 'g')"
        further = self.sql_valid(value, options)
        # A replacement could take a control character away before the pattern sees it.
        printable = f"NOT regexp_matches({expr}, {literal(CONTROL)}) AND " if self.repairs(options) else ""
        condition = (
            f"{printable}length({value}) <= {self.max_length}"
            f" AND regexp_full_match({value}, {literal(self.full_pattern(options))})"
            + (f" AND {further}" if further else "")
        )
        return f"CASE WHEN {condition} THEN {f'lower({value})' if self.lower else value} END"

    def check(self, column: str, options: Options) -> str | None:
        further = self.sql_valid(column, options)
        condition = (
            f"char_length({column}) <= {self.max_length} AND {column} ~ {literal(f'^({self.full_pattern(options)})$')}"
        )
        return condition + (f" AND {further}" if further else "")

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": f"^({self.full_pattern(options)})$",
            "maxLength": self.max_length,
            **({"examples": [self.example]} if self.example else {}),
        }

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        return "string", {"pattern": f"^({self.full_pattern(options)})$", "maxLength": self.max_length}

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        regex = f"^({self.full_pattern(options)})$"
        return [{"type": "expect_column_values_to_match_regex", "kwargs": {"column": column, "regex": regex}}]
