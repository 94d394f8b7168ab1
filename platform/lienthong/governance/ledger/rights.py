"""Who may see which entries: the provider its datasets' reads, the consumer its own, the protection officer all."""

import uuid
from collections.abc import Mapping

from lienthong.contract.registry import Registry
from lienthong.governance.identity import scopes
from lienthong.governance.ledger.entries import Wanted
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotFound, NotPermitted, Unauthenticated
from lienthong.kernel.text import both

OFFICER = "data_protection_officer"
SEES_ALL = ("administrator", OFFICER)
HOLDS_AGENCY = ("steward", "publisher")


def visible(registry: Registry, subject: Subject) -> Wanted:
    """What the caller may see of the ledger, as a condition. Raises Unauthenticated, NotPermitted."""
    known(subject)
    scopes.require(subject, "agreements")
    if subject.role in SEES_ALL:
        return Wanted()
    speaks = subject.kind == "agency" or subject.role in HOLDS_AGENCY
    if not speaks or subject.agency is None:
        raise NotPermitted(
            both("Sổ truy cập dành cho cơ quan và cán bộ phụ trách", "The ledger is for agencies and officers"),
            place="/api/v1/ledger",
            fix=both("Xem dữ liệu của chính bạn: /api/v1/me/accesses", "For your own data: /api/v1/me/accesses"),
        )
    provided = (c.id for c in registry.contracts.values() if c.agency == subject.agency and not c.derived_from)
    return Wanted(party=subject.agency, provided=tuple(sorted(provided)))


def may_prove(registry: Registry, subject: Subject, entry: Mapping[str, object]) -> bool:
    """May the caller ask for the proof of this entry: as reader, reader's agency, provider, officer?"""
    if subject.role in SEES_ALL or entry["subject"] == subject.id:
        return True
    contract = registry.contracts.get(str(entry["dataset"]))
    return subject.agency is not None and subject.agency in (entry["agency"], contract.agency if contract else None)


def known(subject: Subject) -> None:
    """Raises Unauthenticated for nobody in particular."""
    if subject.kind == "anonymous":
        raise Unauthenticated(
            both("Cần đăng nhập hoặc mã truy cập", "Sign in or send a token"), fix=both("Xem /docs", "See /docs")
        )


def officer(subject: Subject) -> None:
    """Raises unless the caller is a data-protection officer."""
    known(subject)
    scopes.require(subject, "admin")
    if subject.role != OFFICER:
        raise NotPermitted(
            both(
                "Chỉ cán bộ bảo vệ dữ liệu được tra cứu thay người khác", "Only a data-protection officer may ask this"
            ),
            place="role",
        )


def receipt(given: str) -> uuid.UUID:
    """A receipt as it stood in the header. Raises NotFound: what is none was never given out."""
    try:
        return uuid.UUID(given)
    except ValueError as error:
        raise no_receipt(given) from error


def no_receipt(given: str) -> NotFound:
    """The same answer for what does not exist and for what is somebody else's."""
    return NotFound(both("Không có biên nhận này", "There is no such receipt"), place=given[:40])
