"""Stewards and the life of releases: who may look at what waits, and steps asked for over any surface.

A step is written down and carried out by the keeper, which has the rights; whoever asks waits for it a moment.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from lienthong.catalog import releases
from lienthong.catalog.releases import Action, Actor
from lienthong.catalog.snapshot import Catalog, DatasetState, ReleaseInfo, Snapshot
from lienthong.catalog.tables import Release, ReleaseStep
from lienthong.catalog.writes import retold
from lienthong.contract.model import Contract
from lienthong.governance.identity.scopes import allows, require
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Conflict, NotPermitted, Unauthenticated
from lienthong.kernel.text import both

SCOPE = "releases"
WAIT_SECONDS = 8.0
_WITH_REASON = frozenset({"reject", "withdraw", "rollback"})


def is_steward(subject: Subject, contract: Contract) -> bool:
    """May the subject draft, approve and withdraw releases of the dataset?"""
    if not allows(subject.scopes, SCOPE):
        return False
    return subject.is_administrator or (subject.role == "steward" and subject.agency == contract.agency)


def actor(subject: Subject, contract: Contract) -> Actor:
    """The subject as who takes a step. Raises Unauthenticated, NotPermitted."""
    if not is_steward(subject, contract):
        if subject.kind == "anonymous":
            raise Unauthenticated(
                both("Việc công bố do cán bộ đầu mối làm", "Releases are in the hands of stewards"),
                place=contract.slug,
                fix=both("Đăng nhập bằng tài khoản cán bộ đầu mối", "Sign in as a data steward"),
            )
        require(subject, SCOPE)
        raise NotPermitted(
            both(
                "Chỉ cán bộ đầu mối của cơ quan công bố làm được", "Only a steward of the publishing agency may do this"
            ),
            place=contract.slug,
        )
    return Actor(subject.id, subject.role or "administrator")


class Releases:
    """What stewards see and ask for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    async def waiting(self, subject: Subject, name: str, number: int) -> tuple[DatasetState, ReleaseInfo]:
        """A release that is not public. Raises NotFound, Unauthenticated, NotPermitted."""
        state = (await self.catalog.current()).get(name)
        actor(subject, state.contract)
        found = next((r for r in state.waiting if r.number == number), None)
        if found is None:
            raise releases.no_release(state.contract, number)
        return state, found

    async def steps(self, dataset: str, number: int | None = None, limit: int = 50) -> Sequence[ReleaseStep]:
        """The steps that were taken or asked for, the newest first."""
        async with AsyncSession(self.catalog.engine) as session:
            query = select(ReleaseStep).where(col(ReleaseStep.dataset) == dataset)
            if number is not None:
                query = query.where(col(ReleaseStep.number) == number)
            found = await session.execute(query.order_by(col(ReleaseStep.asked_at).desc()).limit(limit))
            return found.scalars().all()

    async def drafts(self, datasets: Iterable[str], limit: int = 10) -> Sequence[ReleaseStep]:
        """The drafts of these datasets that were asked for last, the newest first."""
        drafted = col(ReleaseStep.dataset).in_(list(datasets)), col(ReleaseStep.action) == "draft"
        async with AsyncSession(self.catalog.engine) as session:
            query = select(ReleaseStep).where(*drafted).order_by(col(ReleaseStep.asked_at).desc()).limit(limit)
            return (await session.execute(query)).scalars().all()

    async def possible(self, subject: Subject, contract: Contract, number: int) -> list[Action]:
        """The steps that the subject can take now."""
        if not is_steward(subject, contract):
            return []
        return releases.possible(contract, await self._row(contract, number), actor(subject, contract))

    async def ask(
        self, subject: Subject, contract: Contract, number: int | None, action: Action, details: Mapping[str, Any]
    ) -> ReleaseStep:
        """Ask for a step, checked now and again when it is carried out; the step, done or still asked for.

        Raises Unauthenticated, NotPermitted, NotFound, Conflict, Invalid.
        """
        who = actor(subject, contract)
        if action != "draft":
            assert number is not None
            releases.check_step(contract, await self._row(contract, number), action, who)
            _check(action, details)
        step = ReleaseStep(
            dataset=contract.id, number=number, action=action, actor=who.id, actor_role=who.role, details=dict(details)
        )
        async with AsyncSession(self.catalog.engine, expire_on_commit=False) as session:
            session.add(step)
            await session.commit()
        return step if action == "draft" else await self._carried_out(step.id)

    async def _carried_out(self, id_: uuid.UUID) -> ReleaseStep:
        """The step when it is done, or after a while as it is. Raises the problem that it ended with."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            async with AsyncSession(self.catalog.engine) as session:
                step = (await session.execute(select(ReleaseStep).where(col(ReleaseStep.id) == id_))).scalar_one()
            if step.state == "refused":
                told = step.problem or {}
                raise retold(told["kept"]) if "kept" in told else Conflict(_detail(told))
            if step.state == "done" or time.monotonic() > deadline:
                self.catalog.look_again()
                return step
            await asyncio.sleep(0.1)

    async def _row(self, contract: Contract, number: int) -> Release:
        async with AsyncSession(self.catalog.engine) as session:
            query = select(Release).where(col(Release.dataset) == contract.id, col(Release.number) == number)
            row = (await session.execute(query)).scalar_one_or_none()
        if row is None:
            raise releases.no_release(contract, number)
        return row


def _check(action: Action, details: Mapping[str, Any]) -> None:
    """Raises Invalid when something is missing."""
    if action in _WITH_REASON:
        releases.reason_of(str(details.get("reason") or ""), str(details.get("reason_en") or ""))
    if details.get("at"):
        releases.moment(str(details["at"]))


def _detail(told: Mapping[str, Any]) -> Any:
    return both(str((told.get("vi") or {}).get("detail", "")), str((told.get("en") or {}).get("detail", "")))


def of_steward(snapshot: Snapshot, subject: Subject) -> list[DatasetState]:
    """The open datasets in the subject's hands, by title."""
    return [s for s in snapshot.all() if s.contract.is_open and is_steward(subject, s.contract)]
