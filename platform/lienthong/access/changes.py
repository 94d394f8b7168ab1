"""Places in a change feed as callers write them: `begin`, `now`, or a cursor.

A cursor belongs to what its holder may see: when fields, masks or row filter change, what was read before is no longer
the same table, and the feed has to be read from its beginning.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from lienthong.catalog.tables import Outbox
from lienthong.kernel.problem import Conflict, QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.changes import Place
from lienthong.store.cursor import MAX_CURSOR, tag
from lienthong.store.scope import Scope

BEGIN, NOW = "begin", "now"
DEFAULT_LIMIT, MAX_LIMIT = 1_000, 10_000
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of changes: a JSON array or lines, as PostgreSQL wrote them, and the cursor of what follows.

    `more` tells that it is there already. `receipt` names the ledger entry, if any.
    """

    body: bytes
    count: int
    next: str
    more: bool
    receipt: str | None = None


def place_of(since: str, scope: Scope) -> Place:
    """The place that `since` names. Raises QueryInvalid when it names none, Conflict when it was another's."""
    if since in (BEGIN, NOW):
        return Place(whole=since == BEGIN)
    match _opened(since):
        case [str(owner), bool(whole), [*marks], str() | None as after] if _are_marks(marks, scope):
            if owner != _tag(scope):
                raise begin_again(scope)
            return Place(tuple(marks), whole, after)
    raise QueryInvalid(
        both("since không phải con trỏ thay đổi", "since is no cursor of changes"),
        place="since",
        fix=both("Dùng begin, now, hoặc `next` của trang trước", "Use begin, now, or `next` of the page before"),
    )


def cursor_of(following: str | None, scope: Scope) -> str:
    """The cursor of the place that the store tells. Raises Conflict when it knows none."""
    if following is None:
        raise begin_again(scope)
    marks, after = json.loads(following)
    found = json.dumps([_tag(scope), after is not None, marks, after], separators=(",", ":"))
    return base64.urlsafe_b64encode(found.encode()).decode().rstrip("=")


def begin_again(scope: Scope) -> Conflict:
    """The feed cannot go on from a cursor."""
    return Conflict(
        both(
            "Không tiếp tục được từ con trỏ này: quyền xem đã đổi, hoặc các thay đổi cũ không còn",
            "The feed cannot go on from this cursor: what you may see has changed, or the changes are no longer kept",
        ),
        place=f"{scope.contract.slug}.changes",
        fix=both("Đọc lại từ đầu: since=begin", "Read from the beginning: since=begin"),
    )


async def last_change(engine: AsyncEngine, dataset: str) -> int:
    """The number of the last change of a dataset, and nothing of its rows; 0 when there was none."""
    query = select(func.max(col(Outbox.id))).where(col(Outbox.dataset) == dataset)
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one() or 0


def _opened(cursor: str) -> Any:
    if len(cursor) > MAX_CURSOR:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        return None


def _are_marks(marks: list[Any], scope: Scope) -> bool:
    whole = all(type(mark) is int and 0 <= mark <= _LARGEST for mark in marks)
    if scope.schema == "governed":
        return whole and len(marks) == 1
    return whole and len(marks) == 2 and marks[0] < 2**31


def _tag(scope: Scope) -> str:
    """What the caller may see, in short."""
    masks = (f"{n}:{scope.contract.by_name[n].mask}" if n in scope.masked else n for n in scope.visible)
    return tag(scope.contract.id, scope.schema, repr(scope.where), *masks)
