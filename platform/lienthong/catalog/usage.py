"""How often datasets are read and downloaded: numbers a day, and nothing of who did it.

Counted in memory by every process and written down together, so that a read costs one addition. What a process has
not written when it is killed (seconds of it) is lost: these are figures, not a ledger.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from typing import Literal

from sqlalchemy import BigInteger, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import Field, col, select

from lienthong.kernel.clock import today
from lienthong.store.tables import PlatformTable

log = logging.getLogger("lienthong.usage")
Kind = Literal["call", "download"]
EVERY = 10.0  # seconds
OWN = frozenset({"portal", "dcat"})  # surfaces whose reads are pages of ours, not somebody's calls


class UsageDay(PlatformTable, table=True):
    """How often a dataset was called or downloaded on a day (of Vietnam)."""

    __tablename__ = "usage_day"
    __table_args__ = ({"info": {"app": "select, insert, update"}},)

    dataset: str = Field(primary_key=True, max_length=100)
    day: date = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=10)
    count: int = Field(default=0, sa_type=BigInteger)


@dataclass(frozen=True)
class Figures:
    """Calls and downloads of a dataset in a time."""

    dataset: str
    calls: int
    downloads: int


class Usage:
    """The counts of one process that are not written yet."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._turn = Lock()

    def note(self, dataset: str, kind: Kind) -> None:
        """One more. Kept answers are counted from another thread than all others."""
        with self._turn:
            self._counts[dataset, kind] += 1

    async def write(self, engine: AsyncEngine) -> int:
        """Add what was counted to the figures of today; how many rows that were. What fails is kept for later."""
        with self._turn:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return 0
        day = today()
        rows = [{"dataset": d, "day": day, "kind": kind, "count": n} for (d, kind), n in sorted(taken.items())]
        made = insert(UsageDay).values(rows)
        added = made.on_conflict_do_update(
            index_elements=["dataset", "day", "kind"],
            set_={"count": col(UsageDay.count) + made.excluded.count},
        )
        try:
            async with AsyncSession(engine) as session, session.begin():
                await session.execute(added)
        except Exception:
            with self._turn:
                self._counts.update(taken)
            raise
        return len(rows)

    async def keep_writing(self, engine: AsyncEngine) -> None:
        """Write now and then, until cancelled; once more then."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                await self._try(engine)
        finally:
            await self._try(engine)

    async def _try(self, engine: AsyncEngine) -> None:
        try:
            await self.write(engine)
        except Exception as error:
            log.warning("figures could not be written: %s", type(error).__name__)


async def figures(engine: AsyncEngine, since: date | None, until: date | None = None) -> dict[str, Figures]:
    """The figures of all datasets between two days, both included."""
    query = select(UsageDay.dataset, UsageDay.kind, func.sum(UsageDay.count))
    if since:
        query = query.where(UsageDay.day >= since)
    if until:
        query = query.where(UsageDay.day <= until)
    found: dict[str, dict[str, int]] = {}
    async with AsyncSession(engine) as session:
        for dataset, kind, count in await session.execute(query.group_by(UsageDay.dataset, UsageDay.kind)):
            found.setdefault(dataset, {})[kind] = int(count)
    return {name: Figures(name, of.get("call", 0), of.get("download", 0)) for name, of in found.items()}


async def days(engine: AsyncEngine, dataset: str, number: int = 30) -> Sequence[tuple[date, int, int]]:
    """Calls and downloads of a dataset on each of the last days, the oldest first."""
    first = today() - timedelta(days=number - 1)
    query = select(UsageDay).where(UsageDay.dataset == dataset, UsageDay.day >= first)
    async with AsyncSession(engine) as session:
        rows = {(row.day, row.kind): row.count for row in (await session.execute(query)).scalars()}
    every = [first + timedelta(days=n) for n in range(number)]
    return [(day, rows.get((day, "call"), 0), rows.get((day, "download"), 0)) for day in every]


def since(number: int) -> date:
    """The first of the last days."""
    return today() - timedelta(days=number - 1)
