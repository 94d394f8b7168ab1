"""Codes of a list: an `enum` of the contract's own values or of a vocabulary, and the industry codes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from lienthong.contract import vocabulary
from lienthong.contract.types.base import EQUALITY, LogicalType, Operator, Options, literal, refuse
from lienthong.contract.types.pattern import PatternType, clean
from lienthong.contract.vocabulary import Code
from lienthong.kernel.text import Bilingual, both


def codes_of(options: Options) -> Mapping[str, Code]:
    """The codes that the options name: `values` of the contract, or the vocabulary `list`; empty when unknown."""
    if values := options.get("values"):
        entries = (v if isinstance(v, dict) else {"code": str(v), "vi": str(v)} for v in values)
        return {entry.code: entry for entry in map(Code.model_validate, entries)}
    found = vocabulary.current().get(str(options.get("list")))
    return found.by_code if found else {}


class Coded(LogicalType):
    """What lists of codes share. A code outlives its validity: rows of its time keep it."""

    operators: ClassVar[frozenset[Operator]] = EQUALITY

    def codes(self, options: Options) -> Mapping[str, Code]:
        """The codes, with their titles, by code."""
        return codes_of(options)

    def parse(self, text: str, options: Options) -> str:
        value = clean(text)
        codes = self.codes(options)
        if value not in codes:
            some = ", ".join(list(codes)[:10]) + (" …" if len(codes) > 10 else "")
            raise refuse(f"mã không có trong danh mục ({some})", f"the code is not in the list ({some})")
        return value

    def duckdb(self, expr: str, options: Options) -> str:
        codes = ", ".join(map(literal, self.codes(options)))
        return f"CASE WHEN {expr} IN ({codes}) THEN {expr} END" if codes else "CAST(NULL AS VARCHAR)"

    def check(self, column: str, options: Options) -> str | None:
        # The codes of a vocabulary change without a change of the contract: no constraint holds them.
        if "values" not in options:
            return None
        return f"{column} IN ({', '.join(map(literal, self.codes(options)))})"

    def json_schema(self, options: Options) -> dict[str, Any]:
        codes = list(self.codes(options))
        return {"type": "string", "enum": codes} if 0 < len(codes) <= 100 else {"type": "string"}

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        kwargs = {"column": column, "value_set": list(self.codes(options))}
        return [{"type": "expect_column_values_to_be_in_set", "kwargs": kwargs}]


class Enum(Coded):
    """One of a list of codes. Options: `list` (vocabulary id) or `values` (codes, or {code, vi, en})."""

    name = "enum"
    option_names: ClassVar[frozenset[str]] = frozenset({"list", "values"})

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        if ("list" in options) == ("values" in options):
            wrong.append(both("cần đúng một trong hai: list hoặc values", "exactly one of list and values is needed"))
        elif not self.codes(options):
            known = ", ".join(sorted(vocabulary.current())) or "-"
            name = options.get("list")
            wrong.append(both(f"không có danh mục '{name}'; đang có: {known}", f"no list '{name}'; there are: {known}"))
        return wrong


class VsicCode(Coded):
    """Industry code (VSIC). Option `version`: "2025" (QĐ 36/2025/QĐ-TTg), "2018", or `field:<name>`.

    With `field:` the version stands in another field of the row: here only the form is checked, and a quality rule
    compares code and version.
    """

    name = "vsic_code"
    bare = True
    option_names: ClassVar[frozenset[str]] = frozenset({"version"})
    pattern = r"[A-V]|[0-9]{2,5}"

    def codes(self, options: Options) -> Mapping[str, Code]:
        found = vocabulary.current().get(f"vsic_{options.get('version', '2025')}")
        return found.by_code if found else {}

    def by_form(self, options: Options) -> bool:
        """Is only the form known here?"""
        return str(options.get("version", "")).startswith("field:")

    def parse(self, text: str, options: Options) -> str:
        return str(_VSIC_FORM.parse(text, {})) if self.by_form(options) else super().parse(text, options)

    def duckdb(self, expr: str, options: Options) -> str:
        return _VSIC_FORM.duckdb(expr, {}) if self.by_form(options) else super().duckdb(expr, options)

    def check(self, column: str, options: Options) -> str | None:
        return _VSIC_FORM.check(column, {})

    def json_schema(self, options: Options) -> dict[str, Any]:
        return _VSIC_FORM.json_schema({})

    def expectations(self, column: str, options: Options) -> list[dict[str, Any]]:
        return _VSIC_FORM.expectations(column, {}) if self.by_form(options) else super().expectations(column, options)

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        if not self.by_form(options) and not self.codes(options):
            name = f"vsic_{options.get('version', '2025')}"
            wrong.append(both(f"không có danh mục '{name}'", f"no list '{name}'"))
        return wrong


class _VsicForm(PatternType):
    """The form of an industry code of any version."""

    name = "vsic_form"
    pattern = VsicCode.pattern
    form = both("mã ngành kinh tế VSIC", "a VSIC industry code")
    example = "4711"
    max_length = 5


_VSIC_FORM = _VsicForm()
