"""Lists: several values, or several small records, in one cell (jsonb)."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isinf
from typing import Any, ClassVar
from uuid import UUID

from lienthong.contract.types.base import LogicalType, Operator, Options, literal, refuse
from lienthong.contract.types.wording import BLANKS, Wording, cell_of, duckdb_cell, duckdb_text, lint_wording
from lienthong.kernel.text import Bilingual, both, nfc

_ITEM = frozenset({"logicalType", "options", "from", "extract", "map"})
_PROPERTY = _ITEM | {"name", "title", "description", "required"}


class ListOf(LogicalType):
    """A list. Option `items`: {logicalType, options}, or {properties: [{name, title, logicalType, options, required}]}.

    The text is JSON. Every item is a value of its type; null items are refused, null properties unless required are
    kept. The operator `contains` asks for one item, whose text `parse_item` reads. Items and properties take a
    `Wording` beside their type: {from, extract, map}; a property under its own name is read as it is.
    """

    name = "list"
    sql_type = "jsonb"
    graphql = "JSON"
    odcs = "array"
    operators: ClassVar[frozenset[Operator]] = frozenset({"contains", "is_null"})
    sortable = False
    option_names: ClassVar[frozenset[str]] = frozenset({"items"})

    def __init__(self, types: Mapping[str, LogicalType]) -> None:
        self._types = types

    def items(self, options: Options) -> Mapping[str, Any]:
        """How an item is described; text by default."""
        given = options.get("items") or {}
        return given if isinstance(given, dict) else {"logicalType": given}

    def item_type(self, options: Options) -> tuple[LogicalType, Options]:
        """The type of a single item and its options."""
        given = self.items(options)
        return self._types[given.get("logicalType", "text")], given.get("options") or {}

    def wordings(self, options: Options) -> list[Wording]:
        """How the source words each property; the one wording of a single item when there are none."""
        given = self.items(options)
        return [Wording.of(part) for part in given.get("properties") or (given,)]

    def properties(self, options: Options) -> list[tuple[str, LogicalType, Options, bool]]:
        """Name, type, options and required of each property of a record; empty for a list of single values."""
        return [
            (
                p["name"],
                self._types[p.get("logicalType", "text")],
                p.get("options") or {},
                bool(p.get("required")),
            )
            for p in self.items(options).get("properties") or ()
        ]

    def parse(self, text: str, options: Options) -> list[Any]:
        try:
            given = json.loads(nfc(text), parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, list):
            raise refuse("giá trị không phải danh sách JSON", "the value is not a JSON list")
        return [self.parse_item(item, options) for item in given if not self._is_nothing(item, options)]

    def _is_nothing(self, item: Any, options: Options) -> bool:
        """Does the wording say that this single item means nothing?"""
        wording = self.wordings(options)[0]
        return bool(wording.map) and isinstance(item, str) and wording.read(item.strip(BLANKS)) == ""

    def parse_item(self, item: Any, options: Options) -> Any:
        """One item, as JSON carries it."""
        properties = self.properties(options)
        if not properties:
            kind, own = self.item_type(options)
            return _json_value(kind.parse(self.wordings(options)[0].read(_text(item)), own))
        if not isinstance(item, dict):
            raise refuse("phần tử không phải bản ghi", "an item is not a record")
        cells = [cell_of(item, p[0], wording) for p, wording in zip(properties, self.wordings(options), strict=True)]
        return {
            name: self._property(cell, kind, own, required)
            for cell, (name, kind, own, required) in zip(cells, properties, strict=True)
        }

    def parse_part(self, item: Any, options: Options) -> Any:
        """One item to look for, as JSON carries it: of a record, some properties (an object or its JSON text)."""
        kinds = {name: (kind, own) for name, kind, own, _ in self.properties(options)}
        if not kinds:
            return self.parse_item(item, options)
        given = json.loads(item) if isinstance(item, str) else item
        if not isinstance(given, dict) or not given or not set(given) <= set(kinds):
            known = ", ".join(kinds)
            raise refuse(f"cần một đối tượng JSON với: {known}", f"a JSON object is needed with: {known}")
        return {name: self._property(value, *kinds[name], False) for name, value in given.items()}

    def _property(self, value: Any, kind: LogicalType, options: Options, required: bool) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            if required:
                raise refuse("thiếu thuộc tính bắt buộc", "a required property is missing")
            return None
        return _json_value(kind.parse(_text(value), options))

    def duckdb(self, expr: str, options: Options) -> str:
        properties, wordings = self.properties(options), self.wordings(options)
        if properties:
            is_item = "json_type(item) = 'OBJECT'"
            texts = [duckdb_cell(p[0], wording) for p, wording in zip(properties, wordings, strict=True)]
        else:
            is_item = "json_type(item) NOT IN ('OBJECT', 'ARRAY', 'NULL')"
            texts = [wordings[0].duckdb(duckdb_text("$"))]
        listed = f"CAST(json_extract(try_cast({expr} AS JSON), '$[*]') AS JSON[])"
        if not properties and wordings[0].map:
            listed = f"list_filter({listed}, lambda item: coalesce({texts[0]} <> '', TRUE))"
        # The texts of an item are made once; types use them many times.
        cells = ", ".join(f"c{n} := nullif({text}, '')" for n, text in enumerate(texts))
        packed = f"list_transform({listed}, lambda item: struct_pack(good := {is_item}, {cells}))"
        made = f"list_transform({packed}, lambda item: {self._duckdb_item(options)})"
        whole = "coalesce(list_bool_and(list_transform(made, lambda item: item IS NOT NULL)), TRUE)"
        shown = f"list_transform([{made}], lambda made: CASE WHEN {whole} THEN CAST(to_json(made) AS VARCHAR) END)[1]"
        return f"CASE WHEN {_strict_json(expr)} AND json_type(try_cast({expr} AS JSON)) = 'ARRAY' THEN {shown} END"

    def _duckdb_item(self, options: Options) -> str:
        """The JSON value of one item, whose texts stand in `item.c0` and so on; NULL when it is not valid."""
        properties = self.properties(options)
        described = properties or [("", *self.item_type(options), True)]
        good, values = ["item.good"], []
        for n, (name, kind, own, required) in enumerate(described):
            # An object or a list is no single value, whatever text it may be rendered as.
            value = kind.duckdb(f"item.c{n}", own)
            good.append(f"({value}) IS NOT NULL" if required else f"(item.c{n} IS NULL OR ({value}) IS NOT NULL)")
            values.append((name, _duckdb_json(value, kind)))
        pairs = ", ".join(f"{literal(name)}, {value}" for name, value in values)
        made = f"json_object({pairs})" if properties else values[0][1]
        return f"CASE WHEN coalesce({' AND '.join(good)}, FALSE) THEN CAST({made} AS JSON) END"

    def staging_sql(self, options: Options) -> str:
        return "text"

    def from_staging(self, column: str, options: Options) -> str:
        return f"({column})::jsonb"

    def check(self, column: str, options: Options) -> str | None:
        return f"jsonb_typeof({column}) = 'array'"

    def json_schema(self, options: Options) -> dict[str, Any]:
        properties = self.properties(options)
        if not properties:
            kind, own = self.item_type(options)
            return {"type": "array", "items": kind.json_schema(own)}
        schemas = {n: kind.json_schema(own) for n, kind, own, _ in properties}
        optional = {n for n, _, _, required in properties if not required}
        shown = {n: {"anyOf": [s, {"type": "null"}]} if n in optional else s for n, s in schemas.items()}
        return {"type": "array", "items": {"type": "object", "properties": shown, "required": list(shown)}}

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        given = self.items(options)
        described = given.get("properties") or [given]
        for part in described:
            known = _PROPERTY if "properties" in given else _ITEM
            wrong += [both(f"khóa lạ '{k}' trong items", f"unknown key '{k}' in items") for k in part if k not in known]
            if "properties" in given and not re.fullmatch(r"[a-z][a-z0-9_]*", str(part.get("name", ""))):
                wrong.append(both("thuộc tính cần name dạng snake_case", "a property needs a name in snake_case"))
            name = part.get("logicalType", "text")
            kind = self._types.get(name)
            if kind is None or kind.sql_type.startswith("geometry") or kind is self:
                wrong.append(both(f"kiểu phần tử '{name}' không dùng được", f"'{name}' cannot be a type of items"))
            else:
                wrong += kind.lint(part.get("options") or {})
                wrong += lint_wording(Wording.of(part), kind, part.get("options") or {})
        return wrong


def _text(value: Any) -> str:
    """A JSON value as the text that a source cell would hold."""
    if isinstance(value, dict | list) or value is None or str(value).strip() == "":
        raise refuse("phần tử không phải giá trị đơn", "an item is not a single value")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float | str:
    """A float; a number beyond them stays text, which only types of text take."""
    return text if isinf(float(text)) else float(text)


def _json_value(value: Any) -> Any:
    """A parsed value as JSON carries it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date | UUID):
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


def _strict_json(expr: str) -> str:
    """A DuckDB condition: no trailing comma, no NaN nor Infinity, which its JSON reader lets pass."""
    skeleton = f"regexp_replace({expr}, '\"([^\"\\\\]|\\\\.)*\"', '\"\"', 'g')"
    return f"NOT regexp_matches({skeleton}, ',[ \\t\\r\\n]*[\\]}}]|[Nn]a[Nn]|[Ii]nf')"


def _duckdb_json(value: str, kind: LogicalType) -> str:
    """A DuckDB value as JSON carries it: numbers and truth values as they are, all else text."""
    if kind.odcs in {"number", "integer"}:
        return f"to_json(CAST({value} AS DOUBLE))" if kind.name == "decimal" else f"to_json(CAST({value} AS BIGINT))"
    return f"to_json({value})" if kind.odcs == "boolean" else f"to_json(CAST({value} AS VARCHAR))"
