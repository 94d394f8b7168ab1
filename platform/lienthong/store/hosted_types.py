"""The types that a column of a hosted table may have, their names, and the type that values suggest."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_ALIASES = {
    "int": "int4",
    "integer": "int4",
    "serial": "int4",
    "smallint": "int2",
    "bigint": "int8",
    "decimal": "numeric",
    "float": "float8",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "character varying": "varchar",
    "character": "bpchar",
    "char": "bpchar",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "nested": "json",
}
_PLAIN_WORDS = (
    "text varchar bpchar int2 int4 int8 numeric float4 float8 bool date time timetz timestamp timestamptz "
    "interval json jsonb uuid inet cidr macaddr money bytea tsvector int4range int8range numrange daterange "
    "tsrange tstzrange"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
# PostgreSQL's own long names, which datastore_info tells.
_NATIVE = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
TEXTS = frozenset({"text", "varchar", "bpchar"})
NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money"})
JSON = frozenset({"json", "jsonb"})
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_DATE = re.compile(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?")


@dataclass(frozen=True)
class HostedField:
    """A column: its name, PostgreSQL's short name of its type, what its publisher tells of it."""

    name: str
    type: str
    info: Mapping[str, Any] | None = None

    @property
    def native(self) -> str:
        """The long name of the type."""
        if self.type.startswith("_"):
            return _NATIVE.get(self.type[1:], self.type[1:]) + "[]"
        return _NATIVE.get(self.type, self.type)

    @property
    def is_text(self) -> bool:
        """Is it compared as a text?"""
        return self.type in TEXTS

    def as_json(self) -> dict[str, Any]:
        """As it is kept, and as datastore_search tells it."""
        told = {"info": dict(self.info)} if self.info else {}
        return {"id": self.name, "type": self.type} | told


def type_named(given: str) -> str | None:
    """The short name of a type that may be used; None when there is no such type, or it may not."""
    name = " ".join(given.lower().split())
    array = name.startswith("_") or name.endswith("[]")
    inner = name.removeprefix("_").removesuffix("[]")
    inner = _ALIASES.get(inner, inner)
    if inner not in _PLAIN:
        return None
    return f"_{inner}" if array else inner


def guessed(values: Iterable[Any]) -> str:
    """The type of a column with these values; text where they do not agree, or when there are none."""
    found = {_guess(value) for value in values if value is not None and value != ""}
    if len(found) == 1:
        return found.pop()
    if found and found <= {"int4", "int8"}:
        return "int8"
    if found and found <= {"int4", "int8", "float8"}:
        return "float8"
    if found and found <= {"int4", "int8", "float8", "numeric"}:
        return "numeric"
    return "text"


def _guess(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return "float8"
    if isinstance(value, dict | list):
        return "json"
    return _guess_text(str(value))


def _whole(number: int) -> str:
    if -(2**31) <= number < 2**31:
        return "int4"
    return "int8" if -(2**63) <= number < 2**63 else "numeric"


def _guess_text(value: str) -> str:
    text = value.strip()
    # A code such as 00123 would lose its zeros as a number.
    if re.fullmatch(r"[+-]?(0|[1-9]\d{0,18})", text):
        return _whole(int(text))
    if re.fullmatch(r"[+-]?(0|[1-9]\d*)?\.\d+", text):
        return "numeric"
    return "timestamp" if _DATE.fullmatch(text) and _is_date(text) else "text"


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
        return True
    except ValueError:
        return any(_parses(text, shape) for shape in _DATES)


def _parses(text: str, shape: str) -> bool:
    try:
        datetime.strptime(text, shape)
        return True
    except ValueError:
        return False
