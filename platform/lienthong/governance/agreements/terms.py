"""The agreements of an agency that hold now, as the terms that every read is checked against."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from lienthong.governance.agreements.tables import Agreement
from lienthong.governance.subject import Terms


async def in_force(session: AsyncSession, consumer: str | None) -> tuple[Terms, ...]:
    """The agreements of `consumer` that are active today, by number; none for nobody."""
    if consumer is None:
        return ()
    asked = select(Agreement).where(Agreement.consumer == consumer, Agreement.state == "active")
    rows = (await session.execute(asked.order_by(col(Agreement.id)))).scalars()
    return tuple(terms(row) for row in rows if row.state_now == "active")


def terms(row: Agreement) -> Terms:
    """What a row says to the door."""
    return Terms(
        id=row.id,
        provider=row.provider,
        dataset=row.dataset,
        fields=tuple(row.fields),
        condition=row.condition,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        quota=row.quota,
        valid_from=row.valid_from,
        expires=row.expires,
        clear=tuple(row.clear),
    )
