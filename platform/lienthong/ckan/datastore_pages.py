"""Pages of an open release in the order of its numbers: one plan for all pages of the same columns and length."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from lienthong.access.door import Answer, Compiled, Door
from lienthong.access.hits import Hits, Span
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.ckan.asked import Asked
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.store.query import ROW_NUMBER, Compare, Page, Query
from lienthong.store.scope import Scope
from lienthong.store.slots import Slot

MOST = 500
_Key = tuple[str, tuple[str, ...], int, bool, str]
_plans: WeakKeyDictionary[Door, dict[_Key, Compiled]] = WeakKeyDictionary()


async def found(
    door: Door, subject: Subject, wanted: Asked, scope: Scope, release: ReleaseInfo
) -> tuple[int | None, Answer | None]:
    """How many rows fit, and the page of them; None of what needs another way.

    Where a page lies is known before it is read: the rows of a release are numbered without gaps from 1.
    """
    query = wanted.query
    if subject is not ANONYMOUS or query.is_aggregate:
        return None, None
    hits = await door.held.hits(scope, release, query.where)
    if hits is None or not wanted.by_number:
        return hits.total if hits else None, None
    start = _start(hits, query.page.offset, wanted.descending, release.rows)
    if start is not None:
        op, given = "lte" if wanted.descending else "gt", str(start)
    else:
        numbers = _numbers(hits, query.page.offset, query.page.limit + 1, wanted.descending)
        op, given = "in", "{" + ",".join(map(str, numbers)) + "}"
    plan = _plan(door, wanted, op)
    answer = await door.again(ANONYMOUS, plan, (given,), "ckan") if plan else None
    if answer is None or answer.release != release.number:  # another release is served since we looked
        return None, None
    return hits.total, answer


def _start(hits: Hits, skipped: int, descending: bool, rows: int) -> int | None:
    """The number before the page, or that of its first row when it goes down, if all rows from there on fit."""
    if not isinstance(hits, Span):
        return None
    numbers = hits.numbers
    if descending:
        return numbers.stop - 1 - skipped if numbers.start == 1 else None
    return numbers.start - 1 + skipped if numbers.stop == rows + 1 else None


def _numbers(hits: Hits, skipped: int, count: int, descending: bool) -> Sequence[int]:
    """The rows of the page."""
    if not descending:
        return hits.page(skipped, count)
    end = max(0, hits.total - skipped)
    return hits.page(max(0, end - count), min(end, count))


def _plan(door: Door, wanted: Asked, op: str) -> Compiled | None:
    plans = _plans.setdefault(door, {})
    key = (wanted.query.dataset, wanted.names, wanted.query.page.limit, wanted.descending, op)
    plan = plans.get(key)
    if plan is None and (plan := door.prepare(ANONYMOUS, "rows", (_opened(wanted.query, op),))) is not None:
        if len(plans) >= MOST:
            plans.clear()
        plans[key] = plan
    return plan


def _opened(query: Query, op: str) -> Query:
    """The query from a number on, or of numbers, that are told with each page."""
    value = (Slot(0, str, "{}"),) if op == "in" else Slot(0, int, 0)
    where = Compare(ROW_NUMBER, op, value)  # type: ignore[arg-type]  # one of three
    return query.but(where=where, page=Page(query.page.limit, most=query.page.most), total=False)
