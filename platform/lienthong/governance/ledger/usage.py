"""Who has read my data: every access to the records of one person, as Estonia's Data Tracker shows it (findUsage).

A person sees the accesses to their own records; a data-protection officer may look for somebody, with a reason, and
that look-up is an entry of the ledger itself, which the person sees too.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lienthong.contract.registry import Registry
from lienthong.governance.ledger import rights
from lienthong.governance.ledger.entries import LedgerRow, Wanted, page
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Invalid, NotPermitted
from lienthong.kernel.text import Bilingual, both
from lienthong.store.ledger import rows_about
from lienthong.store.roles import ADMINISTRATOR, LEDGER

PURPOSE = "data_subject_request"
LOOKED_UP = "ledger"
"""The surface of entries that a look-up in the ledger left."""
_AS_ADMINISTRATOR = text(f"set local role {ADMINISTRATOR}")
_AS_LEDGER = text(f"set local role {LEDGER}")
_IDENTIFIERS = text("select identifiers from platform.person where username = :username")
_AGENCIES = text("select id, name_vi, name_en from platform.agency where id = any(:ids)")
_BASES = text("select id, legal_basis from platform.agreement where id = any(:ids)")
_LOOK_UP = text(
    "insert into platform.ledger (receipt, writer, sequence, subject, role, agency, dataset, fields, condition, keys,"
    " rows, purpose, surface, context) values (:receipt, :writer, :sequence, :subject, :role, :agency, :dataset, '{}',"
    " cast(:condition as jsonb), :keys, :rows, :purpose, :surface, cast(:context as jsonb))"
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """The agency that read. `id` None: the platform's administration."""

    id: str | None
    name: Bilingual


@dataclass(frozen=True, slots=True)
class Access:
    """One access to a person's records."""

    at: datetime
    action: str
    dataset: str
    fields: tuple[str, ...]
    agency: Receiver
    purpose: str
    agreement: str | None
    legal_basis: str | None
    receipt: uuid.UUID
    sealed: bool


@dataclass(frozen=True, slots=True)
class Accesses:
    """Accesses, newest first. `datasets` are those that were looked in; `records` of them are of the person."""

    data: Sequence[Access]
    datasets: tuple[str, ...]
    records: int
    next: str | None
    receipt: uuid.UUID | None = None


ADMINISTRATION = both("Quản trị nền tảng", "Administration of the platform")


class Usage:
    """Answers over one database."""

    def __init__(self, engine: AsyncEngine, registry: Registry) -> None:
        self._engine = engine
        self._registry = registry

    async def own(self, subject: Subject, limit: int, cursor: str | None = None) -> Accesses:
        """The accesses to the caller's own records. Raises Unauthenticated, NotPermitted for who is no person."""
        rights.known(subject)
        if subject.kind != "person":
            raise NotPermitted(
                both("Chỉ dành cho cá nhân đã đăng nhập", "Only for people who have signed in"), place="me"
            )
        async with self._engine.begin() as connection:
            found = (await connection.execute(_IDENTIFIERS, {"username": subject.id})).scalar_one_or_none()
            about = await self._records(connection, found or {})
            return await self._accesses(connection, about, limit, cursor)

    async def of_another(
        self, subject: Subject, identifier: str, value: str, reason: str, limit: int, cursor: str | None = None
    ) -> Accesses:
        """The accesses to the records of the person with this identifier, for an officer with a reason.

        The look-up is in the ledger before the answer is given. Raises NotPermitted, Invalid.
        """
        rights.officer(subject)
        self._check(identifier, value, reason)
        async with self._engine.begin() as connection:
            about = await self._records(connection, {identifier: value})
            found = await self._accesses(connection, about, limit, cursor)
            receipt = uuid.uuid4()
            await self._record(connection, subject, about, receipt, reason)
        return Accesses(found.data, found.datasets, found.records, found.next, receipt)

    def _check(self, identifier: str, value: str, reason: str) -> None:
        known = {c.privacy.subject.identifier for c in self._registry.contracts.values() if c.privacy.subject}
        if identifier not in known:
            names = ", ".join(sorted(known))
            raise Invalid(both(f"Loại định danh: {names}", f"Kinds of identifiers: {names}"), place="identifier")
        if len(reason.strip()) < 10 or value in reason:
            raise Invalid(
                both("Nêu lý do, ít nhất 10 ký tự", "Give a reason of at least 10 characters"),
                place="reason",
                fix=both("không ghi định danh của người đó vào lý do", "without the identifier of the person"),
            )

    async def _records(self, connection: AsyncConnection, identifiers: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
        """Dataset -> numbers of the person's rows, current and past."""
        found: dict[str, tuple[int, ...]] = {}
        await connection.execute(_AS_ADMINISTRATOR)
        for contract in self._registry.contracts.values():
            about = contract.privacy.subject
            if about and not contract.derived_from and identifiers.get(about.identifier):
                values = {"value": identifiers[about.identifier]}
                numbers = (await connection.execute(text(rows_about(contract)), values)).scalar_one()
                found[contract.id] = tuple(numbers)
        await connection.execute(text("reset role"))
        return found

    async def _accesses(
        self, connection: AsyncConnection, about: Mapping[str, tuple[int, ...]], limit: int, cursor: str | None
    ) -> Accesses:
        wanted = [Wanted(dataset=dataset, keys=numbers) for dataset, numbers in about.items() if numbers]
        found = await page(connection, wanted, limit, cursor)
        named = {"ids": list({row.agency for row in found.rows if row.agency})}
        names = (await connection.execute(_AGENCIES, named)).all()
        agencies = {id: both(vi, en) for id, vi, en in names}
        signed = {"ids": list({row.agreement for row in found.rows if row.agreement})}
        bases = {row.id: row.legal_basis for row in await connection.execute(_BASES, signed)}
        data = [self._access(row, agencies, bases) for row in found.rows]
        return Accesses(data, tuple(about), sum(map(len, about.values())), found.next)

    def _access(self, row: LedgerRow, agencies: Mapping[str, Bilingual], bases: Mapping[str, str]) -> Access:
        contract = self._registry.contracts.get(row.dataset)
        own = contract.privacy.legal_basis if contract and not row.agreement else None
        name = agencies.get(row.agency, both(row.agency, row.agency)) if row.agency else ADMINISTRATION
        return Access(
            at=row.at,
            action="look_up" if row.surface == LOOKED_UP else "read",
            dataset=row.dataset,
            fields=tuple(row.fields),
            agency=Receiver(row.agency, name),
            purpose=row.purpose,
            agreement=row.agreement,
            legal_basis=bases.get(row.agreement) if row.agreement else own,
            receipt=row.receipt,
            sealed=row.number is not None,
        )

    async def _record(
        self,
        connection: AsyncConnection,
        subject: Subject,
        about: Mapping[str, tuple[int, ...]],
        receipt: uuid.UUID,
        reason: str,
    ) -> None:
        """Entries of the look-up, one a dataset, by a writer of its own."""
        await connection.execute(_AS_LEDGER)
        writer = uuid.uuid4()
        for sequence, (dataset, numbers) in enumerate(about.items(), 1):
            values = {
                "receipt": receipt,
                "writer": writer,
                "sequence": sequence,
                "subject": subject.id,
                "role": subject.role,
                "agency": subject.agency,
                "dataset": dataset,
                "condition": json.dumps({"reason": reason.strip()[:500]}, ensure_ascii=False),
                "keys": list(numbers),
                "rows": len(numbers),
                "purpose": PURPOSE,
                "surface": LOOKED_UP,
                "context": json.dumps(dict(subject.context)) if subject.context else None,
            }
            await connection.execute(_LOOK_UP, values)
        await connection.execute(text("reset role"))
