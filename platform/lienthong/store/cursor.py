"""Cursors: opaque to callers, bound to what they were made for.

A cursor is base64url of a JSON array: a tag of the query's dataset and order, then texts that name a place in it.
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import Bilingual, both

MAX_CURSOR = 4_000
_TAG = 8


def tag(*parts: str) -> str:
    """A short name, of hexadecimal digits, for what a cursor belongs to."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=_TAG // 2).hexdigest()


def encoded(array: Sequence[str]) -> str:
    """The cursor with this array."""
    return base64.urlsafe_b64encode(json.dumps(array).encode()).decode().rstrip("=")


def encoded_sql(array: str) -> str:
    """The SQL expression of a cursor with the JSON array that the SQL expression `array` makes."""
    return f"translate(encode(convert_to({array}::text, 'UTF8'), 'base64'), E'+/=\\n', '-_')"


def opened(cursor: str, expected: str, *counts: int) -> list[str | None]:
    """The texts in a cursor, one of `counts` of them. Raises QueryInvalid when it was not made for `expected`."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode() if len(cursor) <= MAX_CURSOR else ""
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) < 2 or not isinstance(values[0], str) or len(values[0]) != _TAG:
        raise not_of_this_query(
            both("Đây không phải con trỏ trang", "This is not a cursor of a page"),
        )
    if values[0] != expected:
        raise not_of_this_query()
    if len(values) - 1 not in counts or not all(isinstance(v, str | None) for v in values):
        raise not_of_this_query()
    return values[1:]


def not_of_this_query(detail: Bilingual | None = None) -> QueryInvalid:
    """The refusal of a cursor that was made by another query."""
    return QueryInvalid(
        detail
        or both(
            "Con trỏ trang của bộ dữ liệu khác hoặc thứ tự sắp xếp khác",
            "The cursor belongs to another dataset or another sort order",
        ),
        place="cursor",
        fix=both(
            "Dùng con trỏ của trang trước, giữ nguyên cách sắp xếp; hoặc bỏ con trỏ để bắt đầu lại",
            "Use the cursor of the page before with the same sort order, or leave it out to begin again",
        ),
    )
