"""Pages of a whole release in the order of its numbers: one plan for all pages of the same columns and length."""

from weakref import WeakKeyDictionary

from lienthong.access.door import Answer, Compiled, Door
from lienthong.ckan.asked import Asked
from lienthong.ckan.call import Call
from lienthong.governance.subject import ANONYMOUS
from lienthong.store.query import ROW_NUMBER, Compare, Page, Query
from lienthong.store.slots import Slot

MOST = 500
_Key = tuple[str, tuple[str, ...], int, bool]
_plans: WeakKeyDictionary[Door, dict[_Key, Compiled]] = WeakKeyDictionary()


async def page(call: Call, wanted: Asked, rows: int) -> Answer | None:
    """The page, wherever it is: the rows of a release are numbered without gaps from 1. None: it needs another way."""
    query, skipped = wanted.query, wanted.query.page.offset
    if call.subject is not ANONYMOUS or query.is_aggregate:
        return None
    door, descending = call.services.door, wanted.descending
    plans = _plans.setdefault(door, {})
    key = (query.dataset, wanted.names, query.page.limit, descending)
    plan = plans.get(key)
    if plan is None:
        plan = door.prepare(ANONYMOUS, "rows", (_opened(query, descending),))
        if plan is None:
            return None
        if len(plans) >= MOST:
            plans.clear()
        plans[key] = plan
    start = rows - skipped if descending else skipped
    return await door.again(ANONYMOUS, plan, (str(start),), "ckan")


def _opened(query: Query, descending: bool) -> Query:
    """The query from a number on that is told with each page."""
    number = Slot(0, int, 0)
    where = Compare(ROW_NUMBER, "lte" if descending else "gt", number)
    return query.but(where=where, page=Page(query.page.limit, most=query.page.most), total=False)
