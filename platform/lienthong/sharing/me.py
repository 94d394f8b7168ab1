"""/api/v1/me: what the caller may do, dataset by dataset, and the way into what is closed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from lienthong.access.policy import check_purpose
from lienthong.access.rights import Closed, Way, rights
from lienthong.access.services import Services
from lienthong.governance.agreements.quota import Quotas
from lienthong.governance.agreements.states import OPEN, VALID
from lienthong.governance.agreements.tables import Agreement
from lienthong.governance.agreements.workflow import Agreements
from lienthong.governance.subject import Subject, Terms
from lienthong.kernel.text import Bilingual, slug
from lienthong.privacy.twinned import has_twin
from lienthong.sharing.models import Model
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute


class HeldAgreement(Model):
    """Một thỏa thuận đang có hiệu lực / An agreement in force."""

    id: str
    provider: str
    dataset: str
    fields: list[str]
    clear: list[str] = Field(description="trường không che / fields without their mask")
    where: dict[str, Any] | None
    purpose: str
    legal_basis: str
    quota: int | None = Field(description="số dòng mỗi ngày / rows a day")
    used_today: int = Field(description="số dòng đã đọc hôm nay / rows read today")
    valid_from: date
    expires: date


class Readable(Model):
    """Một cách đọc một bộ dữ liệu / One way to read a dataset."""

    dataset: str
    by: str = Field(description="open | provider | administrator | twin | số thỏa thuận / the agreement's number")
    fields: list[str]
    masked: list[str] = Field(description="trường chỉ thấy qua mặt nạ / fields seen through their mask")
    needs_purpose: list[str] = Field(description="trường cần Lienthong-Purpose / fields that need the header")
    purposes: list[str] = Field(description="mục đích được nêu / purposes that may be stated")
    where: dict[str, Any] | None = Field(description="chỉ những dòng này / only these rows")
    legal_basis: str | None
    quota: int | None
    used_today: int | None
    expires: date | None


class ClosedDataset(Model):
    """Một bộ dữ liệu không đọc được, vì sao và làm thế nào / A dataset that cannot be read, why, and the way in."""

    dataset: str
    reason: Bilingual
    way: Bilingual | None
    code: str
    purposes: list[str] = Field(description="mục đích có thể yêu cầu / purposes that can be asked for")
    request: str | None = Field(description="gửi yêu cầu ở đây / ask here")
    twin: str | None = Field(description="bản sao tổng hợp để thử / the synthetic twin, to try with")
    agreement: str | None = Field(description="thỏa thuận chưa có hiệu lực / an agreement not in force")
    state: str | None


class Me(Model):
    """Người gọi và quyền của họ / The caller and what they may do."""

    kind: str
    id: str
    role: str | None
    agency: str | None
    scopes: list[str] | None = Field(description="null: mọi quyền của chủ mã / everything that the owner may do")
    purpose: str | None = Field(description="mục đích của yêu cầu này / the purpose of this request")
    agreements: list[HeldAgreement]
    readable: list[Readable]
    closed: list[ClosedDataset]


def router(services: Services) -> APIRouter:
    """The endpoint over one set of services."""
    found = APIRouter(prefix="/api/v1", route_class=GuardedRoute, dependencies=[Depends(strict)], tags=["caller"])

    @found.get("/me", operation_id="describeCaller", summary="Tôi được làm gì / What I may do")
    async def me(request: Request, response: Response) -> Me:
        """Mỗi bộ dữ liệu: đọc được theo thỏa thuận nào, trường nào, che trường nào, hạn mức; hoặc vì sao không.

        For each dataset: by which agreement, which fields, masks, quota; or why not, and the way in.
        """
        response.headers["Cache-Control"] = "no-store"
        subject = await services.directory.subject(request.headers, request.cookies)
        check_purpose(services.registry, subject)
        used = await Quotas(services.catalog.engine).used(terms.id for terms in subject.agreements)
        ways = rights(services.registry, subject)
        waiting = await _waiting(services, subject)
        return Me(
            kind=subject.kind,
            id=subject.id,
            role=subject.role,
            agency=slug(subject.agency) if subject.agency else None,
            scopes=None if subject.scopes is None else sorted(subject.scopes),
            purpose=subject.purpose,
            agreements=[_held(terms, used) for terms in subject.agreements],
            readable=[_readable(way, used) for way in ways if isinstance(way, Way)],
            closed=[_closed(way, subject, waiting) for way in ways if isinstance(way, Closed)],
        )

    return found


async def _waiting(services: Services, subject: Subject) -> Mapping[str, Agreement]:
    """Dataset -> the caller's newest agreement that is asked for, or agreed on and not in force."""
    if subject.agency is None:
        return {}
    rows = await Agreements(services.catalog.engine, services.registry).of(subject.agency)
    return {row.dataset: row for row in reversed(rows) if row.state_now in (*OPEN, *VALID, "expired")}


def _held(terms: Terms, used: Mapping[str, int]) -> HeldAgreement:
    return HeldAgreement(
        id=terms.id,
        provider=slug(terms.provider),
        dataset=slug(terms.dataset),
        fields=list(terms.fields),
        clear=list(terms.clear),
        where=dict(terms.condition) if terms.condition else None,
        purpose=terms.purpose,
        legal_basis=terms.legal_basis,
        quota=terms.quota,
        used_today=used.get(terms.id, 0),
        valid_from=terms.valid_from,
        expires=terms.expires,
    )


def _readable(way: Way, used: Mapping[str, int]) -> Readable:
    terms = way.terms
    return Readable(
        dataset=way.contract.slug,
        by=way.by,
        fields=list(way.fields),
        masked=list(way.masked),
        needs_purpose=list(way.need_purpose),
        purposes=list(way.purposes),
        where=dict(terms.condition) if terms and terms.condition else None,
        legal_basis=terms.legal_basis if terms else None,
        quota=terms.quota if terms else None,
        used_today=used.get(terms.id, 0) if terms else None,
        expires=terms.expires if terms else None,
    )


def _closed(closed: Closed, subject: Subject, waiting: Mapping[str, Agreement]) -> ClosedDataset:
    contract, problem = closed.contract, closed.problem
    shared = contract.access.shared if not contract.derived_from else None
    row = waiting.get(contract.id)
    return ClosedDataset(
        dataset=contract.slug,
        reason=problem.detail,
        way=problem.fix,
        code=problem.code,
        purposes=list(shared.purposes) if shared else [],
        request="/api/v1/agreements" if shared else None,
        twin=f"/api/v1/datasets/{contract.slug}/twin/rows" if has_twin(contract) else None,
        agreement=row.id if row else None,
        state=row.state_now if row else None,
    )
