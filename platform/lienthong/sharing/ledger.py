"""The ledger over HTTP: roots for everybody, proofs for receipts, entries for agencies, accesses for the person."""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from lienthong.access.services import Services
from lienthong.contract import vocabulary
from lienthong.contract.finding import nearest
from lienthong.governance.ledger import entries, proofs, rights
from lienthong.governance.ledger.note import PUBLIC, Checkpoint, VerifierKey, public_keys
from lienthong.governance.ledger.proofs import b64
from lienthong.governance.ledger.usage import Accesses, Usage
from lienthong.governance.subject import Subject
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.problem import NotFound, QueryInvalid
from lienthong.kernel.text import both
from lienthong.sharing import ledger_models as models
from lienthong.web import body
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute

PREFIX = "/api/v1"
LAST = 2**53 - 1  # the largest number that every JSON reader keeps
OPEN = {"Cache-Control": "public, max-age=5", "Access-Control-Allow-Origin": "*"}
LOOK_UP = {"identifier": "citizen_id", "value": "020190000001", "reason": "Yêu cầu số 12/2026 của chủ thể dữ liệu"}
Limit = Annotated[int, Query(ge=1, le=entries.MOST, description="số dòng / rows")]
Cursor = Annotated[str | None, Query(description="trang sau / next page", max_length=200)]


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    found = APIRouter(route_class=GuardedRoute, dependencies=[Depends(strict)], tags=["ledger"])
    desk = cast(Desk, Desk(services) if services else None)  # without services: declared, never called
    _published(found, desk)
    _proofs(found, desk)
    _register(found, desk)
    _persons(found, desk)
    return found


class Desk:
    """Who asks, the database, the key."""

    def __init__(self, services: Services) -> None:
        self._directory, self.registry = services.directory, services.registry
        self.engine, self.people = services.catalog.engine, services.directory.identity.people
        self.usage = Usage(self.engine, self.registry)
        self._key_file = services.settings.home / "keys" / PUBLIC

    async def subject(self, request: Request) -> Subject:
        """The caller of this request."""
        return await self._directory.subject(request.headers, request.cookies)

    @property
    def key(self) -> VerifierKey:
        """The ledger's public key. Raises NotFound before the first seal."""
        found = public_keys([self._key_file])
        if not found:
            raise NotFound(both("Sổ truy cập chưa có khóa", "The ledger has no key yet"), place="ledger")
        return found[-1]


def _info(checkpoint: Checkpoint) -> models.CheckpointInfo:
    root = b64(checkpoint.root)
    return models.CheckpointInfo(size=checkpoint.size, root=root, at=checkpoint.at, note=checkpoint.note)


def _published(found: APIRouter, desk: Desk) -> None:
    @found.get(
        "/.well-known/lienthong/ledger", operation_id="ledgerRoot", summary="Điểm niêm phong mới nhất / Newest root"
    )
    async def newest(response: Response) -> models.Published:
        """Gốc đã ký của sổ truy cập, công khai để ai cũng giữ được một bản.

        The signed root of the ledger, public so that anybody can keep a copy.
        """
        async with desk.engine.connect() as connection:
            checkpoint = await proofs.newest(connection)
        response.headers.update(OPEN)
        return models.Published(origin=checkpoint.origin, key=desk.key.text, **_info(checkpoint).model_dump())

    @found.get(
        f"{PREFIX}/ledger/checkpoints", operation_id="listCheckpoints", summary="Các điểm niêm phong / Checkpoints"
    )
    async def checkpoints(
        response: Response,
        after: Annotated[int, Query(ge=0, le=LAST, description="lớn hơn số mục này / of more entries than this")] = 0,
        limit: Limit = 100,
    ) -> models.CheckpointList:
        """Mọi gốc đã ký, từ cũ đến mới.

        All signed roots, the oldest first.
        """
        async with desk.engine.connect() as connection:
            given = await proofs.after(connection, after, limit)
        response.headers.update(OPEN)
        return models.CheckpointList(
            data=[_info(each) for each in given], next=given[-1].size if len(given) == limit else None
        )

    @found.get(f"{PREFIX}/ledger/growth", operation_id="ledgerGrowth", summary="Sổ chỉ thêm / That it only grew")
    async def growth(
        response: Response,
        old: Annotated[int, Query(ge=1, le=LAST, description="cỡ của điểm cũ / size of the older checkpoint")],
        new: Annotated[int, Query(ge=1, le=LAST, description="cỡ của điểm mới / size of the newer checkpoint")],
    ) -> models.Growth:
        """Bằng chứng nhất quán giữa hai điểm niêm phong (RFC 9162 2.1.4).

        The consistency proof between two checkpoints.
        """
        if old > new:
            raise QueryInvalid(both("old phải ≤ new", "old must be <= new"), place="old")
        async with desk.engine.connect() as connection:
            first, second, path = await proofs.grown(connection, old, new)
        response.headers.update(OPEN)
        return models.Growth(old=_info(first), new=_info(second), path=[b64(step) for step in path])


def _proofs(found: APIRouter, desk: Desk) -> None:
    @found.get(
        f"{PREFIX}/ledger/proofs/{{receipt}}", operation_id="proveReceipt", summary="Bằng chứng của biên nhận / Proof"
    )
    async def proof(
        request: Request,
        response: Response,
        receipt: Annotated[str, Path(description="Lienthong-Receipt", max_length=40)],
    ) -> models.ReceiptProof:
        """Lần đọc này nằm trong sổ: byte chuẩn, lá, đường dẫn Merkle đến gốc đã ký.

        That this access is in the ledger: canonical bytes, leaf, Merkle path to the signed root.
        """
        response.headers["Cache-Control"] = "no-store"
        subject, number = await desk.subject(request), rights.receipt(receipt)
        rights.known(subject)
        async with desk.engine.connect() as connection:
            lines = await proofs.lines(connection, number)
            checkpoint = await proofs.newest(connection)
            proven = await proofs.prove(connection, lines, checkpoint)
        shown = [each for each in proven if rights.may_prove(desk.registry, subject, each.entry)]
        if not shown:
            raise rights.no_receipt(receipt)
        return models.ReceiptProof(
            receipt=number,
            size=checkpoint.size,
            root=b64(checkpoint.root),
            note=checkpoint.note,
            key=desk.key.text,
            entries=[
                models.EntryProof(
                    number=each.number, line=each.line, leaf=b64(each.leaf), path=[b64(step) for step in each.path]
                )
                for each in shown
            ],
        )


def _register(found: APIRouter, desk: Desk) -> None:
    @found.get(f"{PREFIX}/ledger", operation_id="listLedger", summary="Sổ truy cập / The ledger of accesses")
    async def listed(
        request: Request,
        response: Response,
        dataset: Annotated[str | None, Query(description="bộ dữ liệu / dataset", max_length=100)] = None,
        agency: Annotated[str | None, Query(description="cơ quan đọc / agency that read", max_length=63)] = None,
        purpose: Annotated[str | None, Query(description="mục đích / purpose", max_length=63)] = None,
        since: Annotated[str | None, Query(alias="from", description="từ lúc / from, ISO 8601")] = None,
        until: Annotated[str | None, Query(alias="to", description="đến trước lúc / to, ISO 8601")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> models.LedgerItems:
        """Cơ quan cung cấp thấy mọi lần đọc dữ liệu của mình, cơ quan khai thác thấy lần đọc của chính mình.

        The provider sees the reads of its datasets, the consumer its own, the data-protection officer all.
        """
        response.headers["Cache-Control"] = "no-store"
        may = rights.visible(desk.registry, await desk.subject(request))
        if purpose is not None and purpose not in desk.registry.purposes:
            detail = both(f"Không có mục đích “{purpose}”", f"Unknown purpose “{purpose}”")
            raise QueryInvalid(detail, place="purpose", fix=nearest(purpose, desk.registry.purposes))
        wanted = entries.Wanted(
            dataset=desk.registry.get(dataset).id if dataset else None,
            agency=await desk.people.agency(agency) if agency else None,
            purpose=purpose,
            since=_moment("from", since),
            until=_moment("to", until),
            party=may.party,
            provided=may.provided,
        )
        async with desk.engine.connect() as connection:
            page = await entries.page(connection, [wanted], limit, cursor)
        return models.LedgerItems(data=[models.LedgerItem.model_validate(row) for row in page.rows], next=page.next)


def _persons(found: APIRouter, desk: Desk) -> None:
    @found.get(
        f"{PREFIX}/me/accesses", operation_id="listMyAccesses", summary="Ai đã đọc dữ liệu của tôi / Who read my data"
    )
    async def mine(
        request: Request, response: Response, limit: Limit = 100, cursor: Cursor = None
    ) -> models.PersonalAccesses:
        """Mọi lần truy cập bản ghi của chính người đăng nhập, mới nhất trước (như Andmejälgija của Estonia).

        Every access to the records of the person who has signed in, newest first.
        """
        response.headers["Cache-Control"] = "no-store"
        subject = await desk.subject(request)
        return _personal(desk, await desk.usage.own(subject, limit, cursor))

    @found.post(
        f"{PREFIX}/accesses",
        operation_id="lookUpAccesses",
        summary="Tra cứu thay chủ thể dữ liệu / Look up for a person",
        openapi_extra=body.documented(models.LookUp, LOOK_UP),
    )
    async def of_another(request: Request, response: Response) -> models.PersonalAccesses:
        """Cán bộ bảo vệ dữ liệu, có lý do; chính lần tra cứu này cũng vào sổ và người đó thấy được.

        For a data-protection officer, with a reason; the look-up itself is in the ledger, and the person sees it.
        """
        response.headers["Cache-Control"] = "no-store"
        subject = await desk.subject(request)
        rights.officer(subject)
        asked = await body.read(request, models.LookUp)
        found = await desk.usage.of_another(
            subject, asked.identifier, asked.value, asked.reason, asked.limit, asked.cursor
        )
        if found.receipt:
            response.headers["Lienthong-Receipt"] = found.receipt.hex
        return _personal(desk, found)


def _personal(desk: Desk, found: Accesses) -> models.PersonalAccesses:
    purposes = vocabulary.current().get("purpose")
    known = purposes.by_code if purposes else {}
    data = [
        models.PersonalAccess(
            at=each.at,
            action=each.action,
            dataset=desk.registry.get(each.dataset).slug,
            title=desk.registry.get(each.dataset).title,
            fields=list(each.fields),
            agency=models.ReceiverInfo(id=each.agency.id, name=each.agency.name),
            purpose=each.purpose,
            purpose_title=known[each.purpose].title if each.purpose in known else both(each.purpose, each.purpose),
            agreement=each.agreement,
            legal_basis=each.legal_basis,
            receipt=each.receipt,
            sealed=each.sealed,
        )
        for each in found.data
    ]
    datasets = [desk.registry.get(name).slug for name in found.datasets]
    return models.PersonalAccesses(
        data=data, datasets=datasets, records=found.records, next=found.next, receipt=found.receipt
    )


def _moment(name: str, given: str | None) -> datetime | None:
    """A moment or a day, in the time of Việt Nam where no zone is given. Raises QueryInvalid."""
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
        if not 1900 <= found.year <= 2200:
            raise ValueError("no time of ours")
    except ValueError as error:
        raise QueryInvalid(both("Không phải thời điểm ISO 8601", "No ISO 8601 moment"), place=name) from error
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)
