"""The operands of CQL2: what kind of value each is, and what makes two of them comparable."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import Bilingual, both, nfc
from lienthong.store import cql2_shapes
from lienthong.store.condition import unknown
from lienthong.store.cql2_text import DEEPEST, Node
from lienthong.store.formula import Formula, Property, Shape
from lienthong.store.formula_sql import ARRAYS, SPATIAL, TEMPORAL
from lienthong.store.mask import keeps_type
from lienthong.store.query import Condition
from lienthong.store.scope import Scope
from lienthong.store.spatial import Crs

Kind = Literal["text", "number", "boolean", "date", "timestamp", "uuid", "geometry", "list", "interval"]
_ARITHMETIC = ("+", "-", "*", "/", "%", "div", "^")
_FUNCTIONS = (*_ARITHMETIC, "casei", "accenti")
_KINDS: dict[str, Kind] = {
    "integer": "number", "bigint": "number", "smallint": "number", "numeric": "number", "boolean": "boolean",
    "date": "date", "timestamptz": "timestamp", "uuid": "uuid", "jsonb": "list", "geometry": "geometry",
}  # fmt: skip
Wrong = Callable[[Bilingual], QueryInvalid]


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of a kind. `literal`: the caller gave it as it is; `plain`: it is the field itself, as it is stored."""

    kind: Kind
    value: Any
    literal: bool = False
    plain: bool = False
    pattern: str | None = None  # the text inside, when it is one, through casei and accenti

    @property
    def as_text(self) -> Any:
        """The value, as a text."""
        return self.value if self.kind == "text" else Formula("text", (self.value,))

    def indexed(self, contract: Contract, field: "Operand") -> Any:
        """The literal in the type in which an index on the field finds it."""
        kind = contract.by_name[field.value.name].columns[0].sql_type
        whole = isinstance(self.value, Decimal) and not kind.startswith("numeric") and self.value % 1 == 0
        return int(self.value) if whole and abs(self.value) < 2**63 else self.value


def kind_of(field: FieldContract, masked: bool = False) -> Kind:
    """The kind of a field's values; a mask that is not of the field's type makes a text of it."""
    if masked and not keeps_type(field):
        return "text"
    return _KINDS.get(field.columns[0].sql_type.partition("(")[0], "text")


class Operands:
    """Reads the operands of one expression."""

    def __init__(self, scope: Scope, place: str, crs: Crs, condition: Callable[[Any, str, int], Condition]) -> None:
        self._scope, self._place, self._crs, self._condition = scope, place, crs, condition

    def where(self, given: Any, path: str) -> str:
        """The place of a part: the character of a text, or the way to it in JSON."""
        return f"{self._place}:{given.at + 1}" if isinstance(given, Node) else self._place + path

    def read(self, given: Any, path: str, depth: int) -> Operand:
        """One operand. Raises QueryInvalid."""
        wrong: Wrong = lambda detail: QueryInvalid(detail, place=self.where(given, path))  # noqa: E731
        if depth > DEEPEST:
            raise wrong(both(f"Lồng quá {DEEPEST} tầng", f"Nested more than {DEEPEST} deep"))
        if isinstance(given, list):
            return Operand("list", _texts(given, wrong), literal=True)
        if not isinstance(given, Mapping):
            return _scalar(given, wrong)
        if "property" in given:
            return self._property(given, path)
        for word, reader in (("date", _date), ("timestamp", _timestamp)):
            if word in given:
                return reader(given[word], wrong)
        if "interval" in given:
            return self._interval(given["interval"], path, depth, wrong)
        if "bbox" in given:
            place = self.where(given, path)
            return Operand("geometry", Shape(cql2_shapes.box(given["bbox"], self._crs, place), self._crs.srid), True)
        if "op" in given:
            return self._computed(given, path, depth)
        if "type" in given:
            return Operand(
                "geometry", Shape(cql2_shapes.wkt(given, self._crs, self.where(given, path)), self._crs.srid), True
            )
        raise wrong(both("Không hiểu giá trị này", "This value is not understood"))

    def _property(self, given: Mapping[str, Any], path: str) -> Operand:
        name = given["property"]
        if not isinstance(name, str) or name not in self._scope.contract.by_name:
            raise unknown("trường", "field", str(name)[:100], self._scope.visible, self.where(given, path))
        field = self._scope.contract.by_name[name]
        # A field that is there and not the caller's is for the door to refuse, with the clause.
        masked = name in self._scope.masked and keeps_type(field)
        return Operand(kind_of(field, masked), Property(name, masked), plain=not masked)

    def _interval(self, given: Any, path: str, depth: int, wrong: Wrong) -> Operand:
        if not isinstance(given, list) or len(given) != 2:
            raise wrong(both("Khoảng cần hai đầu", "An interval takes two ends"))
        ends = [None if end == ".." else self._end(end, f"{path}.interval[{n}]", depth) for n, end in enumerate(given)]
        known = [end for end in ends if end is not None]
        if all(end.literal for end in known) and len(known) == 2:
            start, until = (_moment(end.value) for end in known)
            if start > until:
                raise wrong(both("Khoảng kết thúc trước khi bắt đầu", "The interval ends before it begins"))
        return Operand("interval", tuple(end.value if end else None for end in map(_as_moment, ends)))

    def _end(self, given: Any, path: str, depth: int) -> Operand:
        wrong: Wrong = lambda detail: QueryInvalid(detail, place=self.where(given, path))  # noqa: E731
        found = _temporal(given, wrong) if isinstance(given, str) else self.read(given, path, depth + 1)
        if found.kind not in ("date", "timestamp"):
            raise wrong(both("Đầu khoảng là một thời điểm", "An interval ends at a moment"))
        return found

    def _computed(self, given: Mapping[str, Any], path: str, depth: int) -> Operand:
        word, args = str(given["op"]).lower(), given.get("args")
        wrong: Wrong = lambda detail: QueryInvalid(detail, place=self.where(given, path))  # noqa: E731
        if word not in _FUNCTIONS:
            raise unknown("hàm", "function", str(given["op"])[:100], _FUNCTIONS, self.where(given, path))
        wanted = 2 if word in _ARITHMETIC else 1
        if not isinstance(args, list) or len(args) != wanted:
            raise wrong(both(f"“{word}” cần {wanted} đối số", f"“{word}” takes {wanted} arguments"))
        parts = [self.read(arg, f"{path}.args[{n}]", depth + 1) for n, arg in enumerate(args)]
        kind: Kind = "number" if word in _ARITHMETIC else "text"
        for part in parts:
            if part.kind != kind and not (kind == "text" and part.kind == "uuid"):
                detail = both(f"“{word}” cần kiểu {kind}", f"“{word}” takes a {kind}, not a {part.kind}")
                raise wrong(detail)
        if kind == "text":
            return Operand("text", Formula(word, (parts[0].as_text,)), pattern=parts[0].pattern)
        return Operand("number", Formula(word, tuple(_exact(part) for part in parts)))

    def relation(self, given: Any, word: str, operands: list[Operand], path: str) -> Condition:
        """A predicate of geometry, time or lists. Raises QueryInvalid."""
        wrong: Wrong = lambda detail: QueryInvalid(detail, place=self.where(given, path))  # noqa: E731
        if word in TEMPORAL:
            return Formula(word, tuple(part.value for part in self._moments(operands, wrong)))
        kind: Kind = "geometry" if word in SPATIAL else "list"
        made = [_listed(part) if word in ARRAYS else part for part in operands]
        for part in made:
            if part.kind != kind:
                raise wrong(both(f"“{word}” cần kiểu {kind}", f"“{word}” takes a {kind}, not a {part.kind}"))
        collected = any(isinstance(p.value, Shape) and p.value.wkt.startswith("GEOMETRYCOLLECTION") for p in made)
        if collected and word not in ("s_intersects", "s_disjoint"):
            raise wrong(both(f"“{word}” không nhận tập hình học", f"“{word}” takes no collection of geometries"))
        return Formula(word, tuple(_json(part) for part in made))

    def _moments(self, operands: Sequence[Operand], wrong: Wrong) -> list[Operand]:
        found = []
        for part in operands:
            given = _temporal(part.value, wrong) if part.literal and part.kind == "text" else part
            if given.kind not in ("date", "timestamp", "interval"):
                raise wrong(both("Cần thời điểm hoặc khoảng", "A moment or an interval is needed"))
            moment = _as_moment(given)
            assert moment
            found.append(moment)
        return found


def unify(operands: Sequence[Operand], wrong: Wrong) -> list[Operand]:
    """Operands of one kind: texts become what the others are, days become moments beside moments."""
    kinds = {part.kind for part in operands if not (part.literal and part.kind == "text")}
    if not kinds or kinds == {"text"}:
        return list(operands)
    if len(kinds) == 1:
        (kind,) = kinds
        return [_read_as(kind, part, wrong) if part.kind == "text" and kind != "text" else part for part in operands]
    if kinds == {"date", "timestamp"}:
        made = [_temporal(p.value, wrong) if p.kind == "text" else p for p in operands]
        return [moment for moment in map(_as_moment, made) if moment]
    if kinds == {"text", "uuid"}:
        return [replace(part, kind="text", value=part.as_text, plain=False) for part in operands]
    found = ", ".join(sorted(kinds))
    raise wrong(both(f"Không so sánh được các kiểu {found}", f"Values of different kinds: {found}"))


def _read_as(kind: Kind, part: Operand, wrong: Wrong) -> Operand:
    """A text as a value of a kind whose values are written as texts."""
    if kind in ("date", "timestamp"):
        found = _temporal(part.value, wrong)
        return found if found.kind == kind or kind == "date" else _as_moment(found) or found
    if kind == "uuid":
        try:
            return Operand("uuid", UUID(part.value), literal=True)
        except ValueError:
            pass
    raise wrong(both(f"Cần giá trị kiểu {kind}", f"A value of kind {kind} is needed"))


def _scalar(given: Any, wrong: Wrong) -> Operand:
    if isinstance(given, bool):
        return Operand("boolean", given, literal=True)
    if isinstance(given, int | float):
        if not math.isfinite(given) or abs(given) > 1e60:
            raise wrong(both("Số quá lớn", "The number is too large"))
        return Operand("number", Decimal(repr(given)), literal=True)
    if isinstance(given, str):
        text = nfc(given)
        if "\0" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
            raise wrong(both("Có ký tự không hợp lệ", "It holds an invalid character"))
        return Operand("text", text, literal=True, pattern=text)
    raise wrong(both("Cần một giá trị; so với NULL bằng IS NULL", "A value is needed; IS NULL compares with NULL"))


def _date(given: Any, wrong: Wrong) -> Operand:
    try:
        if isinstance(given, str) and len(given) == 10:
            return Operand("date", date.fromisoformat(given), literal=True)
    except ValueError:
        pass
    raise wrong(both("Cần ngày như 2025-07-01", "A date like 2025-07-01 is needed"))


def _timestamp(given: Any, wrong: Wrong) -> Operand:
    try:
        if isinstance(given, str) and 16 <= len(given) <= 40 and given[10] in "Tt ":
            moment = datetime.fromisoformat(given.upper())
            return Operand("timestamp", moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM), literal=True)
    except ValueError:
        pass
    raise wrong(both("Cần thời điểm như 2025-07-01T08:30:00Z", "A moment like 2025-07-01T08:30:00Z is needed"))


def _temporal(given: Any, wrong: Wrong) -> Operand:
    return (_date if isinstance(given, str) and len(given) == 10 else _timestamp)(given, wrong)


def _moment(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=VIETNAM)


def _as_moment(part: Operand | None) -> Operand | None:
    """A day as the moment at which it begins in Việt Nam."""
    if part is None or part.kind != "date":
        return part
    value = _moment(part.value) if part.literal else Formula("moment", (part.value,))
    return Operand("timestamp", value, literal=part.literal)


def _exact(part: Operand) -> Any:
    return Formula("number", (part.value,)) if isinstance(part.value, Property) else part.value


def _texts(given: list[Any], wrong: Wrong) -> tuple[str, ...]:
    found = [_scalar(value, wrong) for value in given]
    if not all(part.kind == "text" for part in found):
        raise wrong(both("Danh sách gồm văn bản", "A list is made of texts"))
    return tuple(part.value for part in found)


def _listed(part: Operand) -> Operand:
    """One text where a list belongs is a list of one: parentheses around one value do not show."""
    one = part.literal and part.kind == "text"
    return Operand("list", (part.value,), literal=True) if one else part


def _json(part: Operand) -> Any:
    return Formula("list", part.value) if part.kind == "list" and part.literal else part.value
