"""Numbers and truth values.

How a source writes numbers is told by `formats`: `plain` (1234.5), `vi` (1.234,5), `en` (1,234.5); the first that
fits is taken. Exponents are always refused: a spreadsheet has already lost digits (rule BUS-03).
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from lienthong.contract.types.base import EQUALITY, ORDERED, LogicalType, Operator, Options, literal, refuse
from lienthong.contract.types.pattern import clean
from lienthong.kernel.text import Bilingual, both

# format -> (form, group separator, decimal separator)
FORMATS: dict[str, tuple[str, str, str]] = {
    "plain": (r"-?[0-9]{1,30}(\.[0-9]{1,30})?", "", "."),
    "vi": (r"-?[0-9]{1,3}(\.[0-9]{3}){0,9}(,[0-9]{1,30})?", ".", ","),
    "en": (r"-?[0-9]{1,3}(,[0-9]{3}){0,9}(\.[0-9]{1,30})?", ",", "."),
}


def formats(options: Options) -> tuple[str, ...]:
    """The formats in force."""
    return tuple(options.get("formats") or ("plain",))


class Number(LogicalType):
    """A number of at most `digits` digits, `scale` of them after the point; bounds `min` and `max`."""

    operators: ClassVar[frozenset[Operator]] = ORDERED
    odcs = "number"
    option_names: ClassVar[frozenset[str]] = frozenset({"min", "max", "formats"})
    form: ClassVar[Bilingual] = both("số", "a number")
    whole: ClassVar[bool] = True

    def digits(self, options: Options) -> int:
        """How many digits at most."""
        return 20

    def scale(self, options: Options) -> int:
        """How many of them after the point."""
        return 0

    def bounds(self, options: Options) -> tuple[Any, Any]:
        """The least and the greatest value, None when free."""
        return options.get("min"), options.get("max")

    def parse(self, text: str, options: Options) -> Any:
        value = self._number(clean(text), options)
        low, high = self.bounds(options)
        if (low is not None and value < Decimal(str(low))) or (high is not None and value > Decimal(str(high))):
            raise refuse(f"ngoài khoảng {low} đến {high}", f"outside the range {low} to {high}")
        return int(value) if self.whole else value

    def _number(self, text: str, options: Options) -> Decimal:
        scale, digits = self.scale(options), self.digits(options)
        for name in formats(options):
            form, group, point = FORMATS[name]
            if re.fullmatch(form, text):
                exact = Decimal(text.replace(group, "").replace(point, ".") if group else text)
                # Never a rounded whole number: 1.5 persons are an error, 1.0 is a spreadsheet's way to write 1.
                value = exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
                if len(value.as_tuple().digits) <= digits and not (self.whole and value != exact):
                    return value
        raise refuse(f"giá trị không phải {self.form.vi}", f"the value is not {self.form.en}")

    def duckdb(self, expr: str, options: Options) -> str:
        scale, digits = self.scale(options), self.digits(options)
        tries = []
        for name in formats(options):
            form, group, point = FORMATS[name]
            plain = f"replace(replace({expr}, {literal(group)}, ''), {literal(point)}, '.')" if group else expr
            value = f"try_cast({plain} AS DECIMAL({digits}, {scale}))"
            if digits > 18 >= scale:
                # DuckDB reads a text as a wide decimal 300 times slower than as a 64-bit one, which nearly all fit.
                value = f"coalesce(try_cast({plain} AS DECIMAL(18, {scale})), {value})"
            whole = f" AND NOT regexp_matches({plain}, '\\.[0-9]*[1-9]')" if self.whole else ""
            tries.append(f"CASE WHEN regexp_full_match({expr}, {literal(form)}){whole} THEN {value} END")
        value = f"coalesce({', '.join(tries)})"
        condition = self._range(value, options)
        bounded = f"CASE WHEN {condition} THEN {value} END" if condition else value
        return f"CAST({bounded} AS {self.sql(options)})"

    def _range(self, value: str, options: Options) -> str | None:
        low, high = self.bounds(options)
        conditions = [f"{value} >= {low}"] if low is not None else []
        conditions += [f"{value} <= {high}"] if high is not None else []
        return " AND ".join(conditions) or None

    def check(self, column: str, options: Options) -> str | None:
        return self._range(column, options)

    def json_schema(self, options: Options) -> dict[str, Any]:
        low, high = self.bounds(options)
        schema: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        return schema | {k: v for k, v in (("minimum", low), ("maximum", high)) if v is not None}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        schema = self.json_schema(options)
        return schema.pop("type"), schema

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        low, high = options.get("min"), options.get("max")
        if low is None and high is None:
            return []
        kwargs = {"column": column, "min_value": low, "max_value": high}
        return [{"type": "expect_column_values_to_be_between", "kwargs": kwargs}]

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        for name in ("min", "max"):
            value = options.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                wrong.append(both(f"{name} phải là số", f"{name} must be a number"))
        for name in formats(options):
            if name not in FORMATS:
                known = ", ".join(FORMATS)
                wrong.append(both(f"dạng số lạ '{name}': {known}", f"unknown number format '{name}': {known}"))
        return wrong


class Integer(Number):
    """A whole number of 32 bits, which every surface carries exactly; a greater one is a `decimal` of scale 0."""

    name = "integer"
    sql_type = "integer"
    graphql = "Int"
    odcs = "integer"
    form = both("số nguyên", "a whole number")

    def bounds(self, options: Options) -> tuple[Any, Any]:
        return options.get("min", -(2**31)), options.get("max", 2**31 - 1)

    def check(self, column: str, options: Options) -> str | None:
        bounds = ("min", ">="), ("max", "<=")
        return " AND ".join(f"{column} {sign} {options[key]}" for key, sign in bounds if key in options) or None

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        if any(abs(options.get(name) or 0) > 2**31 - 1 for name in ("min", "max")):
            wrong.append(both("vượt 32 bit: dùng decimal, scale 0", "beyond 32 bits: use decimal with scale 0"))
        return wrong


class DecimalNumber(Number):
    """A number with a fixed count of digits after the point; further digits are rounded half away from zero.

    Options: `scale` (2), `precision` (20, at most 38), `min`, `max`.
    """

    name = "decimal"
    sql_type = "numeric"
    graphql = "Decimal"
    whole = False
    form = both("số thập phân", "a decimal number")
    option_names: ClassVar[frozenset[str]] = Number.option_names | {"scale", "precision"}

    def digits(self, options: Options) -> int:
        return int(options.get("precision", 20))

    def scale(self, options: Options) -> int:
        return int(options.get("scale", 2))

    def sql(self, options: Options) -> str:
        return f"numeric({self.digits(options)},{self.scale(options)})"

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        scale, precision = options.get("scale", 2), options.get("precision", 20)
        if not (isinstance(scale, int) and isinstance(precision, int) and 0 <= scale < precision <= 38):
            wrong.append(both("cần 0 ≤ scale < precision ≤ 38", "0 ≤ scale < precision ≤ 38 is needed"))
        return wrong


class Money(Number):
    """An amount in Vietnamese đồng, whole; below 2^53, so a JSON number carries it exactly."""

    name = "money"
    sql_type = "numeric(20,0)"
    graphql = "Decimal"
    form = both("số tiền (đồng, không có phần lẻ)", "an amount in whole đồng")

    def bounds(self, options: Options) -> tuple[Any, Any]:
        return options.get("min", -(2**53) + 1), options.get("max", 2**53 - 1)


class Boolean(LogicalType):
    """Yes or no, in Vietnamese, English or digits."""

    name = "boolean"
    sql_type = "boolean"
    graphql = "Boolean"
    odcs = "boolean"
    operators: ClassVar[frozenset[Operator]] = EQUALITY
    yes: ClassVar[tuple[str, ...]] = ("true", "t", "1", "yes", "y", "có", "đúng", "x")
    no: ClassVar[tuple[str, ...]] = ("false", "f", "0", "no", "n", "không", "sai")

    def parse(self, text: str, options: Options) -> bool:
        value = clean(text).lower()
        if value in self.yes or value in self.no:
            return value in self.yes
        raise refuse("giá trị không phải có/không (true/false)", "the value is not true or false")

    def duckdb(self, expr: str, options: Options) -> str:
        yes, no = (", ".join(map(literal, words)) for words in (self.yes, self.no))
        return f"CASE WHEN lower({expr}) IN ({yes}) THEN TRUE WHEN lower({expr}) IN ({no}) THEN FALSE END"

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "boolean"}
