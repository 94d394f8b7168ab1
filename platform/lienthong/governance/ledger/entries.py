"""Reading the ledger: entries, sealed or still waiting, newest first, in pages."""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, literal, null, select, true, tuple_, union_all
from sqlalchemy import types as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from lienthong.governance.ledger.tables import LedgerLog
from lienthong.governance.tables import Ledger
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both

Table = type[Ledger] | type[LedgerLog]
SHOWN = (
    "at", "receipt", "writer", "sequence", "subject", "role", "agency", "dataset", "fields", "condition", "rows",
    "purpose", "agreement", "surface", "state", "context",
)  # fmt: skip
MOST = 1000


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An entry as people see it. `number` is None while it waits for its seal."""

    at: datetime
    receipt: uuid.UUID
    writer: uuid.UUID
    sequence: int
    subject: str
    role: str | None
    agency: str | None
    dataset: str
    fields: list[str]
    condition: Mapping[str, Any] | None
    rows: int | None
    purpose: str
    agreement: str | None
    surface: str
    state: str
    context: Mapping[str, str] | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: those that fit all that is given; `since` <= at < `until`."""

    dataset: str | None = None
    agency: str | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    keys: tuple[int, ...] | None = None
    party: str | None = None
    """An agency that asked or that provides one of `provided`."""
    provided: tuple[str, ...] = ()

    def conditions(self, table: Table) -> list[ColumnElement[bool]]:
        """As SQL."""
        found: list[ColumnElement[bool]] = []
        for name in ("dataset", "agency", "purpose"):
            if (value := getattr(self, name)) is not None:
                found.append(col(getattr(table, name)) == value)
        if self.since:
            found.append(col(table.at) >= self.since)
        if self.until:
            found.append(col(table.at) < self.until)
        if self.keys is not None:
            found.append(col(table.keys).bool_op("&&")(cast(list(self.keys), sa.ARRAY(sa.BigInteger))))
        if self.party is not None:
            found.append((col(table.agency) == self.party) | col(table.dataset).in_(self.provided))
        return found


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries and the cursor of the next page."""

    rows: Sequence[LedgerRow]
    next: str | None


async def page(connection: AsyncConnection, wanted: Sequence[Wanted], limit: int, cursor: str | None) -> EntryPage:
    """The newest entries that fit any of `wanted`. Raises QueryInvalid for a cursor that is none of ours."""
    if not wanted:
        return EntryPage((), None)
    after = _decoded(cursor) if cursor else None
    parts = []
    for each in wanted:
        for table, number, extra in (
            (Ledger, cast(null(), sa.BigInteger), ()),
            (LedgerLog, col(LedgerLog.number), (col(LedgerLog.kind) != "gap",)),
        ):
            order = (col(table.at), col(table.writer), col(table.sequence))
            older = [tuple_(*order) < tuple_(*(literal(v) for v in after))] if after else []
            query: Select[*tuple[Any, ...]] = select(
                *(col(getattr(table, name)).label(name) for name in SHOWN), number.label("number")
            )
            query = query.where(true(), *each.conditions(table), *extra, *older)
            parts.append(query.order_by(*(c.desc() for c in order)).limit(limit + 1).subquery().select())
    both_of = union_all(*parts).subquery()
    order_by = [both_of.c[name].desc() for name in ("at", "writer", "sequence")]
    found = (await connection.execute(select(both_of).order_by(*order_by).limit(limit + 1))).all()
    rows = [LedgerRow(**row._mapping) for row in found]
    return EntryPage(rows[:limit], _encoded(rows[limit - 1]) if len(rows) > limit else None)


def _encoded(row: LedgerRow) -> str:
    place = json.dumps([row.at.isoformat(), row.writer.hex, row.sequence]).encode()
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[datetime, uuid.UUID, int]:
    try:
        at, writer, sequence = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not 0 <= int(sequence) < 2**63:
            raise ValueError("not what a cursor holds")
        return moment, uuid.UUID(writer), int(sequence)
    except (ValueError, TypeError, AttributeError) as error:
        raise QueryInvalid(both("Con trỏ trang không đúng", "The cursor is none of ours"), place="cursor") from error
