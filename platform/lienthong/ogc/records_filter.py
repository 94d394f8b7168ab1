"""CQL2 over records, which are few and in memory: an expression becomes a test, in three-valued logic as in SQL.

Records lie in boxes, and so geometries are compared by their boxes.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both, fold
from lienthong.store.condition import unknown
from lienthong.store.cql2_shapes import box_of, numbers
from lienthong.store.cql2_text import DEEPEST, Node

Record = dict[str, Any]
Test = Callable[[Record], bool | None]
Value = Callable[[Record], Any]
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "t_equals": operator.eq, "t_before": operator.lt, "t_after": operator.gt,
    "a_contains": lambda a, b: set(b) <= set(a), "a_containedby": lambda a, b: set(a) <= set(b),
    "a_equals": lambda a, b: set(a) == set(b), "a_overlaps": lambda a, b: bool(set(a) & set(b)),
}  # fmt: skip
_FURTHER = (
    "and",
    "or",
    "not",
    "isnull",
    "in",
    "between",
    "like",
    "s_intersects",
    "s_disjoint",
    "t_during",
    "t_intersects",
)
_WORDS = (*_SIGNS, *_FURTHER)


def compiled(given: Any, known: Mapping[str, str], path: str = "filter", depth: int = 0) -> Test:
    """The test that an expression means; None where it looks at what is missing. Raises QueryInvalid."""
    if depth > DEEPEST:
        raise _wrong(given, path, f"Biểu thức lồng quá {DEEPEST} tầng", f"Nested more than {DEEPEST} deep")
    if isinstance(given, bool):
        return lambda _: given
    if not isinstance(given, Mapping) or not isinstance(given.get("op"), str):
        raise _wrong(given, path, "Cần một điều kiện", "A condition is needed")
    word, args = given["op"].lower(), given.get("args")
    if word not in _WORDS:
        raise unknown("phép so sánh", "predicate", given["op"], _WORDS, _where(given, path))
    wanted = {"not": 1, "isnull": 1, "between": 3, "and": None, "or": None}.get(word, 2)
    if not isinstance(args, list) or (len(args) != wanted if wanted else len(args) < 2):
        raise _wrong(given, path, f"Sai số đối số của {word}", f"Wrong number of arguments of {word}")
    if word in ("and", "or", "not"):
        return _joined(word, [compiled(a, known, f"{path}.args[{n}]", depth + 1) for n, a in enumerate(args)])
    if word.startswith("s_"):
        return _placed(word, [_box(a, known, path) for a in args])
    if word == "in":
        if not isinstance(args[1], list):
            raise _wrong(given, path, "IN cần một danh sách", "IN takes a list")
        value, others = _value(args[0], known, path), [_value(a, known, path) for a in args[1]]
        return lambda r: None if (v := value(r)) is None else v in [other(r) for other in others]
    if word in ("t_during", "t_intersects"):
        return _during(args, known, path)
    return _compared(word, [_value(a, known, f"{path}.args[{n}]") for n, a in enumerate(args)])


def _joined(word: str, tests: list[Test]) -> Test:
    if word == "not":
        return lambda r: None if (found := tests[0](r)) is None else not found
    decisive = word == "or"

    def test(record: Record) -> bool | None:
        found = [part(record) for part in tests]
        return decisive if decisive in found else None if None in found else not decisive

    return test


def _compared(word: str, values: list[Value]) -> Test:
    if word == "isnull":
        return lambda r: values[0](r) is None

    def test(record: Record) -> bool | None:
        found = [value(record) for value in values]
        if None in found:
            return None
        if word.startswith("a_"):  # one text in parentheses is a list of one
            found = [[part] if isinstance(part, str) else part for part in found]
        if word == "between":
            return _safe(operator.le, found[1], found[0]) and _safe(operator.le, found[0], found[2])
        if word == "like":
            return bool(_pattern(str(found[1])).fullmatch(str(found[0])))
        return _safe(_SIGNS[word], found[0], found[1])

    return test


def _safe(sign: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Values of different kinds are not alike, and neither is less."""
    try:
        return sign(left, right)
    except TypeError:
        return False


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    made = {"%": ".*", "_": "."}
    return re.compile("".join(made.get(p) or re.escape(p[-1]) for p in parts), re.DOTALL)


def _during(args: list[Any], known: Mapping[str, str], path: str) -> Test:
    span = args[1].get("interval") if isinstance(args[1], Mapping) else None
    if not isinstance(span, list) or len(span) != 2:
        raise _wrong(args[1], path, "Cần một khoảng thời gian", "An interval is needed")
    value = _value(args[0], known, path)
    low, high = (None if end == ".." else _value(end, known, path) for end in span)

    def test(record: Record) -> bool | None:
        found = value(record)
        if found is None:
            return None
        return (low is None or _safe(operator.ge, found, low(record))) and (
            high is None or _safe(operator.le, found, high(record))
        )

    return test


def _placed(word: str, boxes: list[Value]) -> Test:
    def test(record: Record) -> bool | None:
        one, other = (box(record) for box in boxes)
        if one is None or other is None:
            return None
        apart = one[0] > other[2] or other[0] > one[2] or one[1] > other[3] or other[1] > one[3]
        return apart if word == "s_disjoint" else not apart

    return test


def _box(given: Any, known: Mapping[str, str], path: str) -> Value:
    if isinstance(given, Mapping):
        if given.get("property") == "geometry":
            return lambda record: box_of(record["geometry"]) if record["geometry"] else None
        if "bbox" in given:
            box = numbers(given["bbox"], _where(given, path))
            return lambda _: box
        if "coordinates" in given:
            found = box_of(given)
            return lambda _: found
    raise _wrong(given, path, "Cần một hình học", "A geometry is needed")


def _value(given: Any, known: Mapping[str, str], path: str) -> Value:
    if isinstance(given, Mapping):
        if "property" in given:
            name = given["property"]
            if name not in known:
                raise unknown("trường", "field", str(name)[:100], known, _where(given, path))
            return lambda record: _read(record, name)
        for word in ("date", "timestamp"):
            if word in given:
                text = str(given[word])[:10]
                return lambda _: text
        if str(given.get("op")).lower() in ("casei", "accenti") and len(given.get("args") or ()) == 1:
            inner = _value(given["args"][0], known, path)
            change = str.lower if given["op"].lower() == "casei" else _plain
            return lambda record: change(found) if isinstance(found := inner(record), str) else found
    elif isinstance(given, list | str | int | float):
        return lambda _: given
    raise _wrong(given, path, "Không hiểu giá trị này", "This value is not understood")


def _read(record: Record, name: str) -> Any:
    found = record[name] if name in ("id", "geometry") else record["properties"].get(name)
    return found.get("code", found) if isinstance(found, dict) else found


def _plain(text: str) -> str:
    """Without tone marks, letters as large as they were."""
    plain = fold(text)
    return (
        "".join(p.upper() if t.isupper() else p for t, p in zip(text, plain, strict=True))
        if len(plain) == len(text)
        else plain
    )


def _where(given: Any, path: str) -> str:
    return f"filter:{given.at + 1}" if isinstance(given, Node) else path


def _wrong(given: Any, path: str, vi: str, en: str) -> QueryInvalid:
    return QueryInvalid(both(vi, en), place=_where(given, path))
