"""The one grammar of conditions, read from JSON-like mappings (contracts, agreements, GraphQL, POST bodies)."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from lienthong.contract.types import TYPES, ParseError
from lienthong.contract.types.lists import ListOf
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.query import Both, Compare, Condition, Either, Not, Related, Text, all_of
from lienthong.store.slots import Marked, Slot, opened
from lienthong.store.spatial import parse_near

_UNFIT = re.compile(r"[\x00\ud800-\udfff]")
_OPEN = frozenset({"eq", "ne", "gt", "gte", "lt", "lte", "contains"})  # one value, whatever it is


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint with the nearest right name, or the list of all when none is near."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return close[0] if close else ", ".join(known[:40])


def unknown(kind_vi: str, kind_en: str, name: str, names: Iterable[str], place: str | None = None) -> QueryInvalid:
    """The refusal of an unknown name, with the nearest right one."""
    hint = nearest(name, names)
    return QueryInvalid(
        both(f"Không có {kind_vi} “{name}”", f"Unknown {kind_en} “{name}”"),
        place=place or name,
        fix=both(f"Có phải: {hint}?", f"Did you mean: {hint}?"),
    )


def field_of(contract: Contract, name: str, visible: Iterable[str] | None = None) -> FieldContract:
    """The field `name`. Raises QueryInvalid with the nearest name when there is none."""
    found = contract.by_name.get(name)
    if found is None:
        raise unknown("trường", "field", name, visible if visible is not None else contract.by_name)
    return found


def value_of(field: FieldContract, op: str, raw: Any) -> Any:
    """The typed value of an operand. Raises QueryInvalid naming field, operator and reason."""
    place = f"{field.name}__{op}"
    if op not in field.type.operators:
        raise unknown("toán tử", "operator", op, field.type.operators, place)
    if isinstance(raw, Marked) and op in _OPEN:
        return opened(raw, lambda text: value_of(field, op, str(text)))
    if isinstance(raw, Marked) and op == "bbox":
        box = value_of(field, op, str(raw))
        return tuple(Slot(raw.number, partial(_edge, field, n), edge) for n, edge in enumerate(box))
    try:
        return _operand(field, op, raw)
    except ParseError as error:
        raise QueryInvalid(error.reason, place=place) from error
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        detail = both(f"Giá trị không đúng kiểu {field.logical_type}", f"Not a value of type {field.logical_type}")
        raise QueryInvalid(detail, place=place) from error


def _edge(field: FieldContract, n: int, text: str) -> float:
    return float(value_of(field, "bbox", text)[n])


def _operand(field: FieldContract, op: str, raw: Any) -> Any:
    match op:
        case "is_null":
            return raw if isinstance(raw, bool) else _truth(str(raw))
        case "in":
            parts = raw.split(",") if isinstance(raw, str) else list(raw)
            return tuple(_value(field, part) for part in parts)
        case "bbox":
            parts = raw.split(",") if isinstance(raw, str) else list(raw)
            box = tuple(float(part) for part in parts)
            if len(box) != 4 or box[0] > box[2] or box[1] > box[3] or not all(abs(c) <= 180 for c in box):
                raise ParseError(
                    both("bbox cần 4 số: tây, nam, đông, bắc", "bbox takes 4 numbers: west, south, east, north")
                )
            return box
        case "within":
            return _area(raw)
        case "near":
            return parse_near(raw)
        case "contains" if isinstance(field.type, ListOf):
            return json.dumps([field.type.parse_part(raw, field.options)], ensure_ascii=False)
        case "contains":
            return _text(raw)
        case _:
            return _value(field, raw)


def _area(raw: Any) -> Any:
    """A GeoJSON Polygon or MultiPolygon (an object or its text), or WKT, as WKT."""
    given = json.loads(raw) if isinstance(raw, str) and raw.lstrip().startswith("{") else raw
    if isinstance(given, Mapping):
        given = json.dumps({name: given.get(name) for name in ("type", "coordinates")})
    return TYPES["multipolygon"].parse(_text(given), {})


def _value(field: FieldContract, raw: Any) -> Any:
    if isinstance(raw, bool):
        raw = "true" if raw else "false"
    return field.type.parse(_text(raw), field.options)


def _text(raw: Any) -> str:
    if raw is None or isinstance(raw, Mapping | list):
        raise ParseError(both("Cần một giá trị đơn", "A single value is needed"))
    text = str(raw)
    if _UNFIT.search(text):
        raise ParseError(both("Có ký tự không hợp lệ", "It holds an invalid character"))
    return text


def _truth(text: str) -> bool:
    if text.lower() in {"true", "1", ""}:
        return True
    if text.lower() in {"false", "0"}:
        return False
    raise ParseError(both("Cần true hoặc false", "true or false is needed"))


def condition(registry: Registry, contract: Contract, given: Mapping[str, Any], depth: int = 0) -> Condition | None:
    """`given` as a Condition over `contract`. Raises QueryInvalid with the name that is wrong."""
    if depth > 12:
        raise QueryInvalid(both("Điều kiện lồng quá 12 tầng", "The condition is nested more than 12 deep"))
    return all_of(*(_part(registry, contract, name, value, depth) for name, value in given.items()))


def _part(registry: Registry, contract: Contract, name: str, value: Any, depth: int) -> Condition | None:
    if value is None:
        return None
    if name in {"and", "or"}:
        entries = value if isinstance(value, list | tuple) else [value]
        parts = tuple(p for p in (condition(registry, contract, _mapping(e, name), depth + 1) for e in entries) if p)
        return Both(parts) if name == "and" else Either(parts)
    if name == "not":
        inner = condition(registry, contract, _mapping(value, name), depth + 1)
        return Not(inner) if inner is not None else None
    if name == "q":
        return Text(_text(value))
    relations = registry.relations(contract.id)
    if name in relations and name not in contract.by_name:
        target = registry.get(relations[name].dataset)
        return Related(name, condition(registry, target, _mapping(value, name), depth + 1) or Both(()))
    field = field_of(contract, name, [*contract.by_name, *relations])
    operations = value if isinstance(value, Mapping) else {"eq": value}
    return all_of(*(compare(field, op, raw) for op, raw in operations.items() if raw is not None))


def compare(field: FieldContract, op: str, raw: Any) -> Compare:
    """One typed comparison. Raises QueryInvalid."""
    return Compare(field.name, op, value_of(field, op, raw))  # type: ignore[arg-type]  # value_of checks op


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise QueryInvalid(both("Cần một đối tượng", "An object is needed"), place=place)
    return value
