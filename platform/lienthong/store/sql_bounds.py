"""Arguments that keep functions small: how far a series goes, how wide a text is made, how long a pattern is."""

import re
from datetime import datetime
from typing import Any

from pglast import ast

MOST_SERIES, MOST_WIDTH, MOST_PATTERN = 100_000, 1_000, 100
_REGEX = {"~": 1, "regexp_count": 1, "regexp_instr": 1, "regexp_like": 1, "regexp_match": 1, "regexp_matches": 1,
          "regexp_replace": 1, "regexp_split_to_array": 1, "regexp_split_to_table": 1, "regexp_substr": 1}  # fmt: skip
_WIDE = {"lpad": 1, "rpad": 1, "repeat": 1}
_STEP = re.compile(r"\s*(\d{1,4})\s*(hour|day|week|month|mon|year)s?\s*")
_SECONDS = {"hour": 3600, "day": 86400, "week": 604800, "month": 2_592_000, "mon": 2_592_000, "year": 31_536_000}


def bounded(name: str, arguments: tuple[Any, ...]) -> str | None:
    """Why this call may not be made; None when it may."""
    if name == "generate_series":
        return None if _short_series(arguments) else f"generate_series needs constants and at most {MOST_SERIES} steps"
    if name in _WIDE:
        width = _number(arguments[_WIDE[name]]) if len(arguments) > _WIDE[name] else None
        return None if width is not None and width <= MOST_WIDTH else f"{name} needs a constant of at most {MOST_WIDTH}"
    if name == "format":
        shape = _text(arguments[0]) if arguments else None
        # %1$*2$s takes its width from a value.
        fits = shape is not None and "*" not in shape and not re.search(r"\d{4}", shape)
        return None if fits else "format needs a constant first, without * and wide fields"
    if name in _REGEX or name == "substring":
        return _pattern(name, arguments)
    return None


def _pattern(name: str, arguments: tuple[Any, ...]) -> str | None:
    place = _REGEX.get(name, 1)
    if len(arguments) <= place:
        return None
    if name == "substring" and (_number(arguments[1]) is not None or _text(arguments[1]) is None):
        return None if len(arguments) > 2 or _number(arguments[1]) is not None or _is_number(arguments[1]) else _LONG
    pattern = _text(arguments[place])
    if pattern is None or len(pattern) > MOST_PATTERN or re.search(r"\\\d|\{\d*,?\d{3,}", pattern):
        return _LONG
    return None


_LONG = f"A regular expression must be a constant of at most {MOST_PATTERN} characters, without back references"


def _is_number(node: Any) -> bool:
    """Can it only be a number? (substring from a computed place)"""
    return isinstance(node, ast.A_Expr) or (
        isinstance(node, ast.FuncCall) and (node.funcname or ())[-1].sval in _PLACES
    )


_PLACES = frozenset({"position", "strpos", "length", "char_length", "greatest", "least"})


def _short_series(arguments: tuple[Any, ...]) -> bool:
    if len(arguments) not in (2, 3):
        return False
    numbers = [number for part in arguments if (number := _number(part)) is not None]
    if len(numbers) == len(arguments):
        first, last, step = (*numbers, 1.0)[:3]
        return step != 0 and abs((last - first) / step) <= MOST_SERIES
    days = [_moment(part) for part in arguments[:2]]
    step_ = _STEP.fullmatch((_text(arguments[2]) or "").lower()) if len(arguments) == 3 else None
    if days[0] is None or days[1] is None or step_ is None or not int(step_[1]):
        return False
    return abs((days[1] - days[0]).total_seconds()) / (int(step_[1]) * _SECONDS[step_[2]]) <= MOST_SERIES


def _moment(node: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat((_text(node) or "").strip())
    except ValueError:
        return None
    return found.replace(tzinfo=None)


def _text(node: Any) -> str | None:
    """The text of a constant, also of one with a type."""
    if isinstance(node, ast.TypeCast):
        return _text(node.arg)
    if isinstance(node, ast.NamedArgExpr):
        return _text(node.arg)
    if isinstance(node, ast.FuncCall) and (node.funcname or ())[-1].sval in ("similar_to_escape", "like_escape"):
        return _text((node.args or (None,))[0])
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return str(node.val.sval)
    return None


def _number(node: Any) -> float | None:
    """The number of a constant, also of a negative one or one with a type."""
    if isinstance(node, ast.TypeCast | ast.NamedArgExpr):
        return _number(node.arg)
    if isinstance(node, ast.A_Expr) and node.lexpr is None and [p.sval for p in node.name or ()] == ["-"]:
        inner = _number(node.rexpr)
        return None if inner is None else -inner
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer):
        return float(node.val.ival or 0)
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Float):
        return float(node.val.fval or 0)
    return None
