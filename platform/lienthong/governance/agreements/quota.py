"""How many rows an agreement has given today, and whether it may give more (NĐ 47/2020 Điều 38.7)."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from datetime import time as clock

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from lienthong.governance.subject import Terms
from lienthong.kernel.clock import VIETNAM, now, today
from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both

REMEMBERED_SECONDS = 1.0
_USED = text(
    "select a.asked, coalesce("
    "(select u.rows from platform.agreement_use u where u.agreement = a.asked and u.day = :day), 0)"
    " + coalesce((select sum(l.rows) from platform.ledger l where l.agreement = a.asked and l.at >= :start), 0)"
    " from unnest(cast(:ids as text[])) a (asked)"
)


class Quotas:
    """Asks the ledger at most once a second for each agreement; in between it counts what this process answers.

    A quota can therefore be passed by what other processes answer within a second, and by the one page that reaches it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[float, int]] = {}

    async def used(self, agreements: Iterable[str]) -> dict[str, int]:
        """Rows of today by agreement, as the ledger has them now."""
        ids, day = list(agreements), today()
        if not ids:
            return {}
        values = {"ids": ids, "day": day, "start": datetime.combine(day, clock(), VIETNAM)}
        async with self._engine.connect() as connection:
            return {id: int(rows) for id, rows in await connection.execute(_USED, values)}

    async def check(self, held: Sequence[Terms], rows: int = 0) -> None:
        """Raises TooCostly when today's rows are used up, or when `rows` more would be too many."""
        limited = [terms for terms in held if terms.quota]
        moment = time.monotonic()
        old = [t.id for t in limited if moment - self._known.get(t.id, (0.0, 0))[0] >= REMEMBERED_SECONDS]
        if old:
            self._known |= {id: (moment, used) for id, used in (await self.used(old)).items()}
        for terms in limited:
            used = self._known[terms.id][1]
            assert terms.quota
            if used >= terms.quota or used + rows > terms.quota:
                raise _used_up(terms, used, rows)

    def add(self, agreement: str, rows: int) -> None:
        """Rows that this process has just answered with."""
        if agreement in self._known:
            moment, used = self._known[agreement]
            self._known[agreement] = (moment, used + rows)


def _used_up(terms: Terms, used: int, rows: int) -> TooCostly:
    midnight = datetime.combine(today() + timedelta(days=1), clock(), VIETNAM)
    asked_vi, asked_en = (f", truy vấn này cần {rows}", f", this query takes {rows}") if rows else ("", "")
    return TooCostly(
        both(
            f"Hạn mức của thỏa thuận {terms.id} là {terms.quota} dòng mỗi ngày, hôm nay đã dùng {used}{asked_vi}",
            f"The quota of agreement {terms.id} is {terms.quota} rows a day, {used} are used today{asked_en}",
        ),
        place="quota",
        fix=both("Đợi sang ngày mai, hoặc đề nghị gia hạn với hạn mức lớn hơn",
                 "Wait until tomorrow, or ask for a renewal with a larger quota"),
        clause=terms.id,
        quota=terms.quota,
        used=used,
        retry_after=max(1, int((midnight - now()).total_seconds())),
    )  # fmt: skip
