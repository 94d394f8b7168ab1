"""What a subject may see of a dataset. Deny by default: first the agreement, then the open view, then no.

Who asks for twins gets those of restricted datasets, and open data; never a governed row.
"""

from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject, Terms
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotPermitted, Problem, QueryInvalid, Unauthenticated
from lienthong.kernel.text import Bilingual, both
from lienthong.privacy.twinned import has_twin
from lienthong.store.condition import condition
from lienthong.store.rights import masked
from lienthong.store.scope import OWN_DATA, Scope

PURPOSE_HEADER = "Lienthong-Purpose"


def agreements_for(subject: Subject, dataset: str) -> list[Terms]:
    """The subject's agreements about `dataset` that hold today, for the purpose of the request if it states one."""
    day = today()
    held = [t for t in subject.agreements if t.dataset == dataset and t.holds_on(day)]
    return [t for t in held if subject.purpose in (None, t.purpose)]


def scope(registry: Registry, subject: Subject, contract: Contract) -> Scope:
    """The scope of `subject` on a dataset. Raises QueryInvalid, Unauthenticated or NotPermitted when it is none."""
    check_purpose(registry, subject)
    if subject.twin and has_twin(contract):
        return _twin(subject, contract)
    if not subject.twin and not contract.derived_from and reaches(subject, contract):
        if subject.is_administrator:
            return _whole(subject, contract, "administrator")
        if subject.agency and subject.agency == contract.agency:
            return _whole(subject, contract, "provider")
        if held := agreements_for(subject, contract.id):
            return _agreed(registry, subject, contract, held)
    if contract.is_open:
        return Scope(contract, "open", frozenset(f.name for f in contract.open_fields))
    raise refusal(subject, contract)


def _twin(subject: Subject, contract: Contract) -> Scope:
    """All of the twin, seen through the masks that the subject's agreements leave. Raises Unauthenticated."""
    if subject.kind == "anonymous":
        raise Unauthenticated(
            both("Bản sao tổng hợp dành cho người đã đăng nhập", "Synthetic twins are for callers who are known"),
            place=contract.slug,
            fix=both("Đăng nhập hoặc gửi mã truy cập bất kỳ", "Sign in, or send any token"),
        )
    clear = {name for terms in subject.agreements if terms.dataset == contract.id for name in terms.clear}
    fields = frozenset(contract.by_name)
    return Scope(contract, "twin", fields, agreement="twin", masked=masked(contract, fields, clear))


def check_purpose(registry: Registry, subject: Subject) -> None:
    """Raises QueryInvalid, with the nearest right one, when the request states a purpose that nobody knows."""
    purpose = subject.purpose
    if purpose is None or purpose in registry.purposes or any(t.purpose == purpose for t in subject.agreements):
        return
    raise QueryInvalid(
        both(f"Không có mục đích “{purpose}”", f"Unknown purpose “{purpose}”"),
        place=PURPOSE_HEADER,
        fix=nearest(purpose, registry.purposes),
    )


def reaches(subject: Subject, contract: Contract) -> bool:
    """Does the credential reach this dataset at all? Open data needs none."""
    return subject.scopes is None or bool({"read:*", f"read:{contract.slug}"} & subject.scopes)


def _whole(subject: Subject, contract: Contract, by: str) -> Scope:
    """Everything, but what tells of persons only when the request says what for."""
    return Scope(
        contract,
        "governed",
        _stated(contract, frozenset(contract.by_name), subject),
        agreement=by,
        purpose=subject.purpose,
    )


def _agreed(registry: Registry, subject: Subject, contract: Contract, held: list[Terms]) -> Scope:
    """What an agreement gives. Raises QueryInvalid when several hold for different purposes and none is stated."""
    if len({terms.purpose for terms in held}) > 1:
        purposes = ", ".join(sorted(terms.purpose for terms in held))
        raise QueryInvalid(
            both("Có nhiều thỏa thuận: cần nêu mục đích", "Several agreements hold: state the purpose"),
            place=PURPOSE_HEADER,
            fix=both(f"{PURPOSE_HEADER}: một trong {purposes}", f"{PURPOSE_HEADER}: one of {purposes}"),
        )
    terms = held[0]
    granted = frozenset(terms.fields) & frozenset(contract.by_name)
    where = condition(registry, contract, terms.condition) if terms.condition else None
    fields = _stated(contract, granted, subject)
    hidden = masked(contract, granted, terms.clear)
    found = Scope(contract, "governed", fields, where, terms.id, hidden & fields, terms.purpose)
    if granted and not fields:  # nothing is left but how many rows there are, which is not what was agreed
        raise hidden_field(subject, found, min(granted))
    return found


def _stated(contract: Contract, fields: frozenset[str], subject: Subject) -> frozenset[str]:
    if subject.purpose is not None:
        return fields
    return frozenset(name for name in fields if not contract.by_name[name].is_personal)


def refusal(subject: Subject, contract: Contract) -> Problem:
    """Why the dataset is closed to the subject, and the way in."""
    view = contract.open_view
    way_vi, way_en = "Cần thỏa thuận chia sẻ dữ liệu", "A data-sharing agreement is needed"
    others = sorted({t.purpose for t in subject.agreements if t.dataset == contract.id and t.holds_on(today())})
    if not reaches(subject, contract):
        way_vi, way_en = f"Mã truy cập cần phạm vi read:{contract.slug}", f"The token needs read:{contract.slug}"
    elif others:
        way_vi = f"Thỏa thuận của bạn dành cho mục đích: {', '.join(others)}"
        way_en = f"Your agreement is for the purpose: {', '.join(others)}"
    if view and view.id:
        way_vi += f"; dữ liệu mở: {view.id.replace('_', '-')}"
        way_en += f"; open data: {view.id.replace('_', '-')}"
    kind = Unauthenticated if subject.kind == "anonymous" else NotPermitted
    return kind(
        both(
            f"Bộ dữ liệu {contract.slug} không mở theo dòng",
            f"The dataset {contract.slug} is not open row by row",
        ),
        place=contract.slug,
        fix=both(way_vi, way_en),
    )


def _way_to_more(scope: Scope) -> Bilingual | None:
    """What somebody can do who needs a field that they may not read."""
    if scope.agreement:
        way = f"/api/v1/agreements/{scope.agreement}/renew"
        return both(
            f"Gia hạn thỏa thuận, kèm trường này: POST {way}", f"Renew the agreement with the field: POST {way}"
        )
    if scope.contract.access.shared:
        return both("Xin thỏa thuận: /agreements/new", "Ask for an agreement: /en/agreements/new")
    return None


def ended(scope: Scope) -> Problem:
    """The refusal of a read whose agreement ended while it was on its way: no rows are shown as none found."""
    return NotPermitted(
        both(
            f"Thỏa thuận {scope.agreement} không còn hiệu lực", f"The agreement {scope.agreement} is no longer in force"
        ),
        place=scope.contract.slug,
        fix=both("Xem /api/v1/agreements", "See /api/v1/agreements"),
        clause=scope.agreement,
    )


def without_changes(scope: Scope) -> Problem:
    """The refusal of a change feed of a twin: rows of nobody do not change."""
    return QueryInvalid(
        both("Bản sao tổng hợp không có dòng thay đổi", "A synthetic twin has no feed of changes"),
        place=scope.contract.slug,
        fix=both("Đọc /twin/rows", "Read /twin/rows"),
    )


def hidden_field(subject: Subject, scope: Scope, name: str) -> Problem:
    """The refusal of a field that exists and is not covered, with the clause that says so."""
    field = scope.contract.by_name[name]
    if purposes := _purposes(subject, scope, name):
        return NotPermitted(
            both(
                f"Trường {name} là dữ liệu cá nhân: mỗi yêu cầu phải nêu mục đích",
                f"The field {name} tells of persons: each request must state its purpose",
            ),
            place=f"{scope.contract.slug}.{name}",
            fix=both(f"Gửi {PURPOSE_HEADER}: {' | '.join(purposes)}", f"Send {PURPOSE_HEADER}: {' | '.join(purposes)}"),
            field=name,
            clause="91/2025/QH15",
        )
    if scope.agreement:
        clause = both(
            f"thỏa thuận {scope.agreement} không gồm trường này",
            f"agreement {scope.agreement} does not cover it",
        )
    else:
        clause = both(
            f"phân loại {field.classification}, không thuộc dữ liệu mở",
            f"classified {field.classification}, not open data",
        )
    kind = Unauthenticated if subject.kind == "anonymous" else NotPermitted
    return kind(
        both(f"Không được đọc trường {name}: {clause.vi}", f"The field {name} may not be read: {clause.en}"),
        place=f"{scope.contract.slug}.{name}",
        fix=_way_to_more(scope),
        field=name,
        clause=scope.agreement or field.classification,
    )


def masked_field(scope: Scope, name: str) -> Problem:
    """The refusal to filter, sort, group or search by a field that is seen through its mask."""
    mask = scope.contract.by_name[name].mask
    assert mask
    return NotPermitted(
        both(
            f"Trường {name} bị che ({mask.method}): chỉ đọc được, không lọc, sắp xếp hay gộp nhóm",
            f"The field {name} is masked ({mask.method}): it can be read, not filtered, sorted or grouped by",
        ),
        place=f"{scope.contract.slug}.{name}",
        field=name,
        clause=scope.agreement,
    )


def needs_purpose(subject: Subject, scope: Scope) -> frozenset[str]:
    """The fields that the subject may read as soon as a request states its purpose."""
    if subject.purpose is not None or scope.schema != "governed":
        return frozenset()
    return frozenset(f.name for f in scope.contract.fields if _purposes(subject, scope, f.name))


def _purposes(subject: Subject, scope: Scope, name: str) -> tuple[str, ...]:
    """The purposes with which the field could be read, when a purpose is all that is missing."""
    if subject.purpose is not None or scope.schema != "governed" or not scope.contract.by_name[name].is_personal:
        return ()
    if scope.agreement in OWN_DATA:
        shared = scope.contract.access.shared
        return tuple(dict.fromkeys([*(shared.purposes if shared else ()), "audit", "data_quality"]))
    return tuple(t.purpose for t in agreements_for(subject, scope.contract.id) if name in t.fields)
