"""`filters` of datastore_search -> Condition (ckanext-datastore 2.12: values, lists, operators, $or, $and)."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from lienthong.ckan.errors import Refusal, invalid, invalid_query
from lienthong.contract.model import FieldContract
from lienthong.kernel.problem import QueryInvalid
from lienthong.store.condition import value_of
from lienthong.store.hosted_values import Operation
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either
from lienthong.store.scope import Scope

OPERATORS = ("eq", "in", "gt", "gte", "lt", "lte")
MAX_DEPTH = 10
MAX_OPERATIONS = 100
NONE: Condition = Either(())


def given_filters(raw: Any) -> Any:
    """The filters, also when they came as JSON text. Raises Refusal."""
    if isinstance(raw, str):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise invalid("filters", "Cannot parse JSON") from error
    if not isinstance(raw, dict) and not (isinstance(raw, list) and all(isinstance(part, dict) for part in raw)):
        raise invalid("filters", "Filters must be defined as a dict or a list of dicts")
    return raw


class Filters:
    """Reads filters over the fields that a caller may see."""

    def __init__(self, fields: Collection[str]) -> None:
        self._fields = fields
        self._count = 0

    def read(self, given: Any) -> Operation:
        """The operations of filters. Raises Refusal naming the field or the operator."""
        return self._any(given, 0) if isinstance(given, list) else self._all(given, 0)

    def _any(self, parts: Any, depth: int) -> Operation:
        return self._joined("$or", [self._all(part, depth) for part in parts])

    def _all(self, given: Any, depth: int) -> Operation:
        if depth > MAX_DEPTH:
            raise invalid("filters", "Maximum nesting depth for filter operations reached")
        if not isinstance(given, dict):
            raise invalid("filters", "Filters must be defined as a dict or a list of dicts")
        return self._joined("$and", [self._member(str(name), value, depth) for name, value in given.items()])

    def _member(self, name: str, value: Any, depth: int) -> Operation:
        if name in ("$or", "$and"):
            if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
                raise invalid("filters", f"Filter operations must be defined as a list of dicts: {value}")
            if not value:
                raise invalid("filters", f'invalid value "{name}"')
            return Operation(name, None, _flat(name, [self._all(part, depth + 1) for part in value]))
        if name.startswith("$$"):
            name = name[1:]
        elif name.startswith("$"):
            raise invalid("filters", f"Unknown operators (must be one of $or, $and): {name}")
        if name != ROW_NUMBER and name not in self._fields:
            raise invalid("filters", f"Unknown field: {name}")
        return self._field(name, value)

    def _field(self, name: str, value: Any) -> Operation:
        if isinstance(value, dict):
            return self._joined("$and", [self._one(op, name, operand) for op, operand in value.items()])
        if isinstance(value, list):
            ways = [self._field(name, part) for part in value if isinstance(part, dict)]
            plain = [part for part in value if not isinstance(part, dict)]
            if ways and plain:
                ways.append(self._one("in", name, plain))
            return self._joined("$or", ways) if ways else self._one("in", name, value)
        return self._one("eq", name, value)

    def _one(self, op: str, name: str, value: Any) -> Operation:
        self._count += 1
        if self._count > MAX_OPERATIONS:
            raise invalid("filters", "Maximum number of filter operations exceeded")
        if op not in OPERATORS:
            raise _unknown(op, name, value)
        return Operation(op, name, value)

    def _joined(self, op: str, parts: list[Operation]) -> Operation:
        return parts[0] if len(parts) == 1 else Operation(op, None, _flat(op, parts))


def _flat(op: str, parts: list[Operation]) -> list[Operation]:
    """What is joined in the same way stands side by side."""
    return [inner for part in parts for inner in (part.value if part.op == op else [part])]


def condition(scope: Scope, operation: Operation) -> Condition:
    """The operation as a Condition. Raises Refusal for a value that is not of the field's type."""
    if operation.op in ("$or", "$and"):
        parts = tuple(condition(scope, part) for part in operation.value)
        return Either(parts) if operation.op == "$or" else Both(parts)
    assert operation.field is not None
    if operation.field == ROW_NUMBER:
        return _number(operation)
    return _compared(scope.contract.by_name[operation.field], operation)


def _number(operation: Operation) -> Condition:
    """A comparison of the row's number."""
    given = operation.value
    values = given if operation.op == "in" and isinstance(given, list) else [given]
    try:
        numbers = tuple(_int64(part) for part in values if part is not None)
    except (ValueError, TypeError) as error:
        raise invalid_query(f'invalid input syntax for type integer: "{given}"') from error
    if operation.op == "in":
        return Compare(ROW_NUMBER, "in", numbers)
    return Compare(ROW_NUMBER, operation.op, numbers[0]) if numbers else NONE  # type: ignore[arg-type]  # one of OPERATORS


def _int64(value: Any) -> int:
    number = int(value) if not isinstance(value, str) or len(value) < 20 else None
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError("not a bigint")
    return number


def _compared(field: FieldContract, operation: Operation) -> Condition:
    op, given = operation.op, operation.value
    if op not in field.type.operators:
        raise _unknown(op, field.name, given)
    if op == "in":
        values = given if isinstance(given, list) else [given]
        found = [value for part in values if part is not None for value in _values(field, part)]
        return Compare(field.name, "in", tuple(found)) if found else NONE
    if given is None:
        return NONE
    read = _values(field, given, op)
    return Compare(field.name, op, read[0]) if read else NONE


def _values(field: FieldContract, given: Any, op: str = "eq") -> list[Any]:
    """The typed value, or none: in a text field a value that cannot occur is no error, it is just not found."""
    if isinstance(given, Mapping | list):
        raise invalid_query(f"{field.name}: a single value is needed")
    try:
        return [value_of(field, op, given)]
    except QueryInvalid as problem:
        if field.columns[0].sql_type == "text":
            return []
        raise _mistyped(field, given) from problem


def _unknown(op: str, name: str, value: Any) -> Refusal:
    return invalid("filters", f"Unknown filter operation: FilterOp(field={name!r}, op={op!r}, value={value!r})")


def _mistyped(field: FieldContract, given: Any) -> Refusal:
    kind = field.columns[0].sql_type.partition("(")[0]
    return invalid_query(f'invalid input syntax for type {kind}: "{given}"')
