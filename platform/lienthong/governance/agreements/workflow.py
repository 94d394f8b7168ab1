"""Asking for data, answering, and everything that follows. Every step is one transaction with its event.

The rights in the database follow the state: the keeper writes them (`duty`), the state takes them back at once.
"""

from typing import Any

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.contract.registry import Registry
from lienthong.governance.agreements import calendar
from lienthong.governance.agreements.asked import (
    Asked,
    Commented,
    Given,
    Rejected,
    Renewed,
    Revoked,
    Suspended,
    check,
)
from lienthong.governance.agreements.states import VALID, Action, no_such, sees, step
from lienthong.governance.agreements.tables import Agreement, AgreementEvent, Clauses
from lienthong.governance.identity.scopes import require
from lienthong.governance.subject import Subject
from lienthong.kernel.clock import now, today
from lienthong.kernel.problem import Conflict, Invalid, NotPermitted, Unauthenticated
from lienthong.kernel.text import Bilingual, both

SCOPE = "agreements"
MOST = 1000
BODIES: dict[Action, type[Given]] = {
    "review": Commented,
    "sign": Commented,
    "reject": Rejected,
    "renew": Renewed,
    "suspend": Suspended,
    "resume": Commented,
    "revoke": Revoked,
    "withdraw": Commented,
}
_LOCK = text("select pg_advisory_xact_lock(hashtext(:key))")
_AGENCIES = text("select id, name_vi, name_en from platform.agency")
_NUMBER = text("select nextval('platform.agreement_number')")


class Changed(Conflict):
    """It was changed by somebody else since it was read (RFC 9110, If-Match)."""

    status = 412


class Agreements:
    """The agreements of one installation, as callers see and change them."""

    def __init__(self, engine: AsyncEngine, registry: Registry) -> None:
        self._engine, self._registry = engine, registry

    async def listed(self, subject: Subject) -> list[Agreement]:
        """What the caller is a side of (all, for the administrator), the latest first."""
        _known(subject)
        found = select(Agreement).order_by(col(Agreement.requested_at).desc(), col(Agreement.id).desc()).limit(MOST)
        if not subject.is_administrator:
            own = (col(Agreement.consumer) == subject.agency) | (col(Agreement.provider) == subject.agency)
            found = found.where(own)
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return list((await session.execute(found)).scalars())

    async def one(self, subject: Subject, id: str) -> tuple[Agreement, list[AgreementEvent]]:
        """An agreement and its history. Raises NotFound for one of others, as for none at all."""
        _known(subject)
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            row = await self._get(session, subject, id)
            history = select(AgreementEvent).where(AgreementEvent.agreement == row.id).order_by(col(AgreementEvent.id))
            return row, list((await session.execute(history)).scalars())

    async def of(self, consumer: str) -> list[Agreement]:
        """The agreements of a consumer, the latest first, for what is told to the consumer itself."""
        found = select(Agreement).where(Agreement.consumer == consumer).order_by(col(Agreement.requested_at).desc())
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            return list((await session.execute(found.limit(MOST))).scalars())

    async def agencies(self) -> dict[str, Bilingual]:
        """The names of all agencies, consumers too."""
        async with AsyncSession(self._engine) as session:
            return {id: both(vi, en) for id, vi, en in await session.execute(_AGENCIES)}

    async def request(self, subject: Subject, asked: Asked, renews: Agreement | None = None) -> Agreement:
        """A new request of the caller's agency. Raises what is wrong with it."""
        _known(subject)
        if subject.agency is None:
            raise NotPermitted(
                both("Chỉ cơ quan gửi yêu cầu khai thác dữ liệu", "Only an agency asks for data"),
                place="agency",
                clause="47/2020/NĐ-CP Điều 35.2a",
            )
        contract = check(self._registry, asked, subject.agency, today())
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            number = (await session.execute(_NUMBER)).scalar_one()
            row = self._row(subject, asked, contract.agency, f"TT-{today().year}-{number:05}", renews)
            session.add(row)
            await session.flush()
            session.add(_event(subject, row, "request", note=asked.note))
        return row

    async def act(
        self, subject: Subject, id: str, action: Action, given: Given, version: int | None = None
    ) -> Agreement:
        """Take a step. The agreement after it; for `renew` the new request. Raises what forbids it."""
        _known(subject)
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            row = await self._get(session, subject, id)
            found = step(subject, row, action)
            if version is not None and version != row.version:
                raise _changed(row)
            if isinstance(given, Renewed):
                asked = self._renewal(row, given)
            else:
                await self._check(session, row, action, given)
                return await self._taken(session, subject, row, action, given, found.to)
        return await self.request(subject, asked, renews=row)

    # --- what a step does -------------------------------------------------------------------------------------

    async def _taken(
        self, session: AsyncSession, subject: Subject, row: Agreement, action: Action, given: Given, to: str
    ) -> Agreement:
        changes = self._changes(row, action, given, to) | {"version": row.version + 1}
        changed = update(Agreement).where(col(Agreement.id) == row.id, col(Agreement.version) == row.version)
        if (await session.execute(changed.values(changes))).rowcount != 1:  # type: ignore[attr-defined]
            raise _changed(row)
        await session.refresh(row)
        reason = getattr(given, "reason", None)
        session.add(_event(subject, row, action, reason, getattr(given, "note", "")))
        await session.flush()
        return row

    def _changes(self, row: Agreement, action: Action, given: Given, to: str) -> dict[str, Any]:
        match action:
            case "sign" | "reject":
                return {"state": to, "answered_at": now()}
            case "suspend" if isinstance(given, Suspended):
                first = given.from_ or today()
                state = to if first <= today() else row.state
                return {"state": state, "suspend_from": first, "suspend_until": given.until}
            case "resume":
                return {"state": to, "suspend_from": None, "suspend_until": None}
            case _:
                return {"state": to}

    async def _check(self, session: AsyncSession, row: Agreement, action: Action, given: Given) -> None:
        if action == "sign":
            if row.expires < today():
                detail = both(f"Đã quá hạn đề nghị {row.expires}", f"The term asked for ended on {row.expires}")
                raise Conflict(detail, place="expires", fix=both("Từ chối; gửi yêu cầu mới", "Reject it; ask anew"))
            await self._only_one(session, row)
        elif isinstance(given, Suspended):
            self._announced(given)

    async def _only_one(self, session: AsyncSession, row: Agreement) -> None:
        """Raises Conflict when another agreement for the same purpose is in force, unless this one renews it."""
        await session.execute(_LOCK, {"key": f"{row.consumer}/{row.dataset}/{row.purpose}"})
        same = select(Agreement).where(
            Agreement.consumer == row.consumer,
            Agreement.dataset == row.dataset,
            Agreement.purpose == row.purpose,
            col(Agreement.state).in_(VALID),
        )
        for other in (await session.execute(same)).scalars():
            if other.id != row.renews and other.state_now in VALID:
                raise Conflict(
                    both(f"Đã có thỏa thuận {other.id} cho mục đích này", f"{other.id} is in force for this purpose"),
                    place="purpose",
                    fix=both("Gia hạn hoặc chấm dứt thỏa thuận đó", "Renew or end that one"),
                    agreement=other.id,
                )

    def _announced(self, given: Suspended) -> None:
        """Raises Invalid when a suspension comes without notice and is not about security (Điều 43)."""
        first, earliest = given.from_ or today(), calendar.due(self._registry, "suspension", today())
        if given.until and given.until < first:
            raise Invalid(both("Phục hồi trước khi tạm ngừng", "It would be back before it is gone"), place="until")
        if given.reason == "security" or first >= earliest:
            return
        notice = calendar.working_days(self._registry, "suspension", today())
        raise Invalid(
            both(f"Tạm ngừng phải báo trước ít nhất {notice} ngày làm việc",
                 f"A suspension is announced at least {notice} working days ahead"),
            place="from",
            fix=both(f"từ {earliest} trở đi; ngay lập tức chỉ vì an toàn, an ninh (security)",
                     f"{earliest} or later; at once for security only"),
            field="from",
            clause="47/2020/NĐ-CP Điều 43.3",
        )  # fmt: skip

    def _renewal(self, row: Agreement, given: Renewed) -> Asked:
        """The request that renews `row`: its terms with what is given anew."""
        names = given.fields or row.fields
        return Asked.model_validate(
            {
                "dataset": row.dataset,
                "fields": names,
                "clear": [name for name in row.clear if name in names],
                "where": row.condition,
                "purpose": row.purpose,
                "legal_basis": row.legal_basis,
                "quota": given.quota or row.quota,
                "valid_from": given.valid_from,
                "expires": given.expires,
                "application": row.application,
                "frequency": row.frequency,
                "note": given.note,
            }
        )

    def _row(self, subject: Subject, asked: Asked, provider: str, id: str, renews: Agreement | None) -> Agreement:
        contract = self._registry.get(asked.dataset)
        return Agreement(
            id=id,
            provider=provider,
            consumer=subject.agency or "",
            dataset=contract.id,
            fields=asked.fields,
            clear=asked.clear,
            condition=asked.where,
            purpose=asked.purpose,
            legal_basis=asked.legal_basis,
            quota=asked.quota,
            valid_from=asked.valid_from or today(),
            expires=asked.expires,
            application=asked.application,
            frequency=asked.frequency,
            clauses=renews.clauses if renews else clauses(self._registry, asked.clauses.model_dump()),
            renews=renews.id if renews else None,
            requested_by=subject.id,
            answer_due=calendar.due(self._registry, "answer", today()),
        )

    async def _get(self, session: AsyncSession, subject: Subject, id: str) -> Agreement:
        row = await session.get(Agreement, id) if len(id) <= 63 and "\0" not in id else None
        if row is None or not sees(subject, row):
            raise no_such(id)
        return row


def clauses(registry: Registry, given: dict[str, str | None]) -> Clauses:
    """The clauses by name in both languages: what was given, or the standard text of the day."""
    standard = calendar.code_list(registry, "agreement_clause").codes
    own = {name: {"vi": text, "en": text} for name, text in given.items() if text}
    return {code.code: own.get(code.code, {"vi": code.vi, "en": code.title.en}) for code in standard}


def _known(subject: Subject) -> None:
    """Raises Unauthenticated for nobody, NotPermitted when the token leaves agreements out."""
    if subject.kind == "anonymous":
        raise Unauthenticated(both("Cần đăng nhập hoặc mã truy cập", "Sign in, or send a token"), place="Authorization")
    require(subject, SCOPE)


def _changed(row: Agreement) -> Changed:
    return Changed(
        both(f"Thỏa thuận {row.id} đã đổi từ khi bạn đọc", f"The agreement {row.id} changed since you read it"),
        place="If-Match",
        fix=both("Đọc lại rồi quyết định", "Read it anew, then decide"),
        version=row.version,
    )


def _event(subject: Subject, row: Agreement, what: str, reason: str | None = None, note: str = "") -> AgreementEvent:
    return AgreementEvent(
        agreement=row.id, who=subject.id, agency=subject.agency, what=what, state=row.state, reason=reason, note=note
    )
