"""CQL2 (OGC 21-065r2) -> the house's conditions, typed by the contract. Nothing of it ever becomes SQL as text."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import Bilingual, both
from lienthong.store.condition import unknown
from lienthong.store.cql2_operands import Operand, Operands, unify
from lienthong.store.cql2_text import DEEPEST, parse
from lienthong.store.formula import Formula, Property
from lienthong.store.formula_sql import ARRAYS, SPATIAL, TEMPORAL
from lienthong.store.mask import keeps_type
from lienthong.store.query import Both, Compare, Condition, Either, Fails
from lienthong.store.scope import Scope
from lienthong.store.spatial import CRS84, Crs

NODES = 1_000
_SIGNS = {"=": "eq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_FURTHER = {"and": (2, 10_000), "or": (2, 10_000), "not": (1, 1), "like": (2, 2), "between": (3, 3),
            "in": (2, 2), "isnull": (1, 1)}  # fmt: skip
PREDICATES = {**_FURTHER, **dict.fromkeys((*_TURNED, *SPATIAL, *TEMPORAL, *ARRAYS), (2, 2))}


def text_condition(scope: Scope, text: str, place: str = "filter", crs: Crs = CRS84) -> Condition:
    """The condition that CQL2 text means. Raises QueryInvalid naming the character."""
    return condition(scope, parse(text, place), place, crs)


def condition(scope: Scope, given: Any, place: str = "filter", crs: Crs = CRS84) -> Condition:
    """The condition that CQL2 JSON means. Raises QueryInvalid naming the place."""
    return _Builder(scope, place, crs).condition(given, "", 0)


def place_property(scope: Scope, name: str) -> Property:
    """A geometry of the dataset as the caller sees it: through its mask, where it is masked by a grid."""
    field = scope.contract.by_name[name]
    return Property(name, name in scope.masked and keeps_type(field))


class _Builder:
    """Builds one condition; `path` leads to a part of it, for messages."""

    def __init__(self, scope: Scope, place: str, crs: Crs) -> None:
        self._scope, self._place = scope, place
        self._operands = Operands(scope, place, crs, self._formula)
        self._nodes = 0

    @property
    def _contract(self) -> Contract:
        return self._scope.contract

    def condition(self, given: Any, path: str, depth: int) -> Condition:
        """A part that is true or false."""
        self._nodes += 1
        if depth > DEEPEST or self._nodes > NODES:
            raise self._wrong(
                given,
                path,
                both(
                    f"Biểu thức lồng quá {DEEPEST} tầng hoặc quá {NODES} phần",
                    f"The expression is nested more than {DEEPEST} deep or has more than {NODES} parts",
                ),
            )
        if isinstance(given, bool):
            return Both(()) if given else Either(())
        if isinstance(given, Mapping) and "property" in given:
            found = self._operands.read(given, path, depth)
            if found.kind != "boolean":
                detail = both("Cần một phép so sánh ở đây", "A comparison is needed here")
                raise self._wrong(given, path, detail)
            return Formula("true", (found.value,))
        if not isinstance(given, Mapping) or not isinstance(given.get("op"), str):
            raise self._wrong(given, path, both("Cần một điều kiện", "A condition is needed"))
        return self._predicate(given, given["op"].lower(), self._arguments(given, path), path, depth)

    def _arguments(self, given: Mapping[str, Any], path: str) -> list[Any]:
        word, args = given["op"], given.get("args")
        if word.lower() not in PREDICATES:
            kind = ("phép so sánh", "predicate")
            raise unknown(*kind, word, PREDICATES, self._operands.where(given, path))
        least, most = PREDICATES[word.lower()]
        if not isinstance(args, list) or not least <= len(args) <= most:
            detail = both(f"“{word}” cần {least} đối số", f"“{word}” takes {least} arguments")
            raise self._wrong(given, path, detail)
        return args

    def _predicate(self, given: Any, word: str, args: list[Any], path: str, depth: int) -> Condition:
        at = [f"{path}.args[{n}]" for n in range(len(args))]
        if word in ("and", "or", "not"):
            parts = tuple(self.condition(arg, way, depth + 1) for arg, way in zip(args, at, strict=True))
            return Fails(parts[0]) if word == "not" else Both(parts) if word == "and" else Either(parts)
        if word == "in":
            return self._one_of(given, args, at, path, depth)
        read: Callable[[Any, str], Operand] = lambda arg, way: self._operands.read(arg, way, depth + 1)  # noqa: E731
        operands = [read(arg, way) for arg, way in zip(args, at, strict=True)]
        if word == "isnull":
            return _is_null(operands[0])
        if word in _TURNED:
            return self._compared(given, word, operands, path)
        if word == "between":
            value, low, high = self._alike(given, operands, path)
            return Formula("between", (value.value, low.value, high.value))
        if word == "like":
            return self._like(given, operands, path)
        return self._operands.relation(given, word, operands, path)

    def _formula(self, given: Any, path: str, depth: int) -> Condition:
        return self.condition(given, path, depth)

    def _compared(self, given: Any, sign: str, operands: list[Operand], path: str) -> Condition:
        left, right = self._alike(given, operands, path)
        if left.kind in ("geometry", "list", "interval") or (left.kind == "boolean" and sign not in ("=", "<>")):
            detail = both(f"“{sign}” không so sánh kiểu {left.kind}", f"“{sign}” does not compare {left.kind}s")
            raise self._wrong(given, path, detail)
        if left.literal and isinstance(right.value, Property):
            left, right, sign = right, left, _TURNED[sign]
        if sign in _SIGNS and right.literal and isinstance(left.value, Property) and left.plain:
            return Compare(left.value.name, _SIGNS[sign], right.indexed(self._contract, left))  # type: ignore[arg-type]
        return Formula(sign, (left.value, right.value))

    def _one_of(self, given: Any, args: list[Any], at: list[str], path: str, depth: int) -> Condition:
        values = args[1]
        if not isinstance(values, list) or not values or len(values) > NODES:
            detail = both("IN cần một danh sách giá trị", "IN takes a list of values")
            raise self._wrong(given, path, detail)
        self._nodes += len(values)
        parts = [self._operands.read(args[0], at[0], depth + 1)]
        parts += [self._operands.read(value, f"{at[1]}[{n}]", depth + 1) for n, value in enumerate(values)]
        value, *others = self._alike(given, parts, path)
        if value.kind in ("geometry", "list", "interval"):
            detail = both(f"IN không dùng với kiểu {value.kind}", f"IN does not go with {value.kind}s")
            raise self._wrong(given, path, detail)
        if isinstance(value.value, Property) and value.plain and all(o.literal for o in others):
            return Compare(value.value.name, "in", _of_one_type([o.indexed(self._contract, value) for o in others]))
        return Formula("in", (value.value, tuple(o.value for o in others)))

    def _like(self, given: Any, operands: list[Operand], path: str) -> Condition:
        for operand in operands:
            if operand.kind not in ("text", "uuid"):
                detail = both("LIKE so sánh văn bản", "LIKE compares texts")
                raise self._wrong(given, path, detail)
        pattern = operands[1].pattern
        if pattern is None:
            detail = both("Mẫu của LIKE là một văn bản", "The pattern of LIKE is a text")
            raise self._wrong(given, path, detail)
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            detail = both("Mẫu kết thúc bằng dấu \\", "The pattern ends with the escape character \\")
            raise self._wrong(given, path, detail)
        return Formula("like", tuple(o.as_text for o in operands))

    def _alike(self, given: Any, operands: list[Operand], path: str) -> list[Operand]:
        return unify(operands, lambda detail: self._wrong(given, path, detail))

    def _wrong(self, given: Any, path: str, detail: Bilingual) -> QueryInvalid:
        return QueryInvalid(detail, place=self._operands.where(given, path))


def _of_one_type(values: list[Any]) -> tuple[Any, ...]:
    """An array has values of one type: where one number has a fraction, all are written as if they had."""
    if {type(value) for value in values} == {int, Decimal}:
        return tuple(Decimal(value) for value in values)
    return tuple(values)


def _is_null(operand: Operand) -> Condition:
    if isinstance(operand.value, Property) and not operand.value.masked:
        return Compare(operand.value.name, "is_null", True)
    return Formula("isnull", (operand.value,))
