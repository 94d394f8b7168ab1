"""Free text and opaque identifiers."""

import re
import uuid
from typing import Any, ClassVar

from lienthong.contract.types.base import EQUALITY, LogicalType, Operator, Options, literal, refuse
from lienthong.contract.types.pattern import CONTROL, PatternType, clean
from lienthong.kernel.text import Bilingual, both


class Text(LogicalType):
    """Text in NFC. Options: `max_length` (characters), `pattern` (regular expression of the whole value)."""

    name = "text"
    option_names: ClassVar[frozenset[str]] = frozenset({"max_length", "pattern"})

    def parse(self, text: str, options: Options) -> str:
        value = clean(text)
        limit = options.get("max_length")
        if limit and len(value) > limit:
            raise refuse(f"dài quá {limit} ký tự", f"longer than {limit} characters")
        pattern = options.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            raise refuse(f"không khớp mẫu {pattern}", f"does not match the pattern {pattern}")
        return value

    def duckdb(self, expr: str, options: Options) -> str:
        conditions = [f"NOT regexp_matches({expr}, {literal(CONTROL)})"]
        if limit := options.get("max_length"):
            conditions.append(f"length({expr}) <= {int(limit)}")
        if pattern := options.get("pattern"):
            conditions.append(f"regexp_full_match({expr}, {literal(pattern)})")
        return f"CASE WHEN {' AND '.join(conditions)} THEN {expr} END"

    def check(self, column: str, options: Options) -> str | None:
        conditions = []
        if limit := options.get("max_length"):
            conditions.append(f"char_length({column}) <= {int(limit)}")
        if pattern := options.get("pattern"):
            conditions.append(f"{column} ~ {literal(f'^({pattern})$')}")
        return " AND ".join(conditions) or None

    def json_schema(self, options: Options) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string"}
        if limit := options.get("max_length"):
            schema["maxLength"] = limit
        if pattern := options.get("pattern"):
            schema["pattern"] = f"^({pattern})$"
        return schema

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        schema = self.json_schema(options)
        return "string", {key: schema[key] for key in ("maxLength", "pattern") if key in schema}

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if limit := options.get("max_length"):
            kwargs = {"column": column, "max_value": limit}
            found.append({"type": "expect_column_value_lengths_to_be_between", "kwargs": kwargs})
        if pattern := options.get("pattern"):
            kwargs = {"column": column, "regex": f"^({pattern})$"}
            found.append({"type": "expect_column_values_to_match_regex", "kwargs": kwargs})
        return found

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        limit = options.get("max_length")
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            wrong.append(both("max_length phải là số nguyên dương", "max_length must be a positive whole number"))
        try:
            re.compile(str(options.get("pattern", "")))
        except re.error as error:
            wrong.append(both(f"pattern sai: {error}", f"pattern is wrong: {error}"))
        return wrong


class Identifier(PatternType):
    """An opaque identifier: text without blanks, that nothing is read from."""

    name = "identifier"
    graphql = "ID"
    pattern = r"[^\x00-\x20\x7f]+"
    form = both("mã định danh không có khoảng trắng", "an identifier without blanks")
    example = "LN-0001"


class Uuid(LogicalType):
    """A UUID (RFC 9562) in its 36-character form."""

    name = "uuid"
    sql_type = "uuid"
    graphql = "ID"
    operators: ClassVar[frozenset[Operator]] = EQUALITY
    pattern = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

    def parse(self, text: str, options: Options) -> uuid.UUID:
        value = clean(text)
        if not re.fullmatch(self.pattern, value):
            raise refuse("giá trị không phải UUID", "the value is not a UUID")
        return uuid.UUID(value)

    def duckdb(self, expr: str, options: Options) -> str:
        return f"CASE WHEN regexp_full_match({expr}, {literal(self.pattern)}) THEN lower({expr}) END"

    def staging_sql(self, options: Options) -> str:
        return "text"

    def from_staging(self, column: str, options: Options) -> str:
        return f"({column})::uuid"

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        return "string", {"format": "uuid"}
