"""What a steward looks at: the runs of a dataset and its quarantined rows."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.catalog.tables import Quarantine, Run


async def runs(engine: AsyncEngine, dataset: str, limit: int = 20) -> Sequence[Run]:
    """The last runs, newest first."""
    async with AsyncSession(engine) as session:
        query = select(Run).where(Run.dataset == dataset).order_by(col(Run.started_at).desc()).limit(limit)
        return (await session.execute(query)).scalars().all()


async def last_loaded(session: AsyncSession, dataset: str) -> uuid.UUID | None:
    """The last run that judged rows: one that found nothing new, or stopped before the gate, has no quarantine."""
    judged = (col(Run.state) == "done") | ((col(Run.state) == "refused") & col(Run.step).in_(("gate", "merge")))
    query = select(Run.id).where(Run.dataset == dataset, judged).order_by(col(Run.started_at).desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def quarantine_by_rule(engine: AsyncEngine, dataset: str) -> Sequence[tuple[str, int]]:
    """(rule, rows) of the last run that judged rows, most first."""
    async with AsyncSession(engine) as session:
        run = await last_loaded(session, dataset)
        count = func.count().label("count")
        query = select(Quarantine.rule, count).where(Quarantine.run_id == run).group_by(Quarantine.rule)
        return [(row[0], row[1]) for row in await session.execute(query.order_by(count.desc()))]


async def quarantined(
    engine: AsyncEngine, dataset: str, rule: str | None, after: int, limit: int
) -> Sequence[Quarantine]:
    """Quarantined rows of the last run that judged rows, after an id, of one rule or of all."""
    async with AsyncSession(engine) as session:
        run = await last_loaded(session, dataset)
        query = select(Quarantine).where(Quarantine.run_id == run, col(Quarantine.id) > after)
        if rule:
            query = query.where(Quarantine.rule == rule)
        return (await session.execute(query.order_by(col(Quarantine.id)).limit(limit))).scalars().all()
