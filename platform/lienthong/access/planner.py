"""What the planner of PostgreSQL thinks of a statement before it runs; asked once for each text."""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both
from lienthong.store.compile import Statement
from lienthong.store.database import Row

MOST = 5_000_000.0
"""The highest cost of a plan, in PostgreSQL's units: reading and sorting ten million rows is less."""
REMEMBERED = 4_000


class Planner:
    """Remembers the texts that were found cheap enough."""

    def __init__(self, most: float = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, None] = OrderedDict()

    def knows(self, statement: Statement) -> bool:
        """Was it found cheap enough before?"""
        return statement.sql in self._known

    async def check(self, statement: Statement, read: Callable[[Statement], Awaitable[Row]]) -> None:
        """Raises TooCostly, with cost and limit, when running the statement would take too long."""
        if self.knows(statement):
            return
        (plan,) = await read(Statement("explain (format json) " + statement.sql, statement.params))
        cost = float(json.loads(plan or b"[]")[0]["Plan"]["Total Cost"])
        if cost > self._most:
            raise TooCostly(
                both(
                    f"Kế hoạch của truy vấn giá {cost:.0f}, giới hạn {self._most:.0f}",
                    f"The plan of the query costs {cost:.0f}, the limit is {self._most:.0f}",
                ),
                place="plan",
                fix=both("Lọc hay sắp xếp theo trường có chỉ mục", "Filter or sort by a field with an index"),
                cost=round(cost),
                limit=round(self._most),
            )
        self._known[statement.sql] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
