"""What pydantic complains of, in two languages: its own words are English alone."""

from collections.abc import Mapping
from typing import Any

from lienthong.kernel.text import Bilingual, both

_BOUNDS = {
    "greater_than_equal": ("ge", "phải từ {} trở lên", "must be {} or more"),
    "greater_than": ("gt", "phải lớn hơn {}", "must be more than {}"),
    "less_than_equal": ("le", "nhiều nhất là {}", "must be {} or less"),
    "less_than": ("lt", "phải nhỏ hơn {}", "must be less than {}"),
    "string_too_short": ("min_length", "cần ít nhất {} ký tự", "needs at least {} characters"),
    "string_too_long": ("max_length", "nhiều nhất {} ký tự", "may have at most {} characters"),
    "too_short": ("min_length", "cần ít nhất {} mục", "needs at least {} items"),
    "too_long": ("max_length", "nhiều nhất {} mục", "may have at most {} items"),
    "string_pattern_mismatch": ("pattern", "phải theo mẫu {}", "must match {}"),
}
_KINDS = {
    "int": ("phải là số nguyên", "must be a whole number"),
    "float": ("phải là số", "must be a number"),
    "bool": ("phải là true hoặc false", "must be true or false"),
    "string": ("phải là chuỗi", "must be a string"),
    "list": ("phải là danh sách", "must be a list"),
    "dict": ("phải là đối tượng", "must be an object"),
    "date": ("phải là ngày (YYYY-MM-DD)", "must be a date (YYYY-MM-DD)"),
    "model": ("phải là đối tượng", "must be an object"),
    "missing": ("là bắt buộc", "is required"),
    "uuid": ("phải là UUID", "must be a UUID"),
}


def complaint(error: Mapping[str, Any]) -> Bilingual:
    """One error of pydantic as the end of a sentence; what is rare is told in pydantic's words."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _BOUNDS and _BOUNDS[kind][0] in context:
        name, vi, en = _BOUNDS[kind]
        return both(vi.format(context[name]), en.format(context[name]))
    if kind == "literal_error":
        return both(f"phải là một trong: {allowed(error)}", f"must be one of: {allowed(error)}")
    vi, en = _KINDS.get(kind.partition("_")[0], (error["msg"], error["msg"]))
    return both(vi, en)


def allowed(error: Mapping[str, Any]) -> str:
    """The values that a `literal_error` would take, separated by commas."""
    return str((error.get("ctx") or {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
