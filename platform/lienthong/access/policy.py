"""What a subject may see of a dataset. Deny by default: first the agreement, then the open view, then no."""

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject, Terms
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotPermitted, Problem, Unauthenticated
from lienthong.kernel.text import both
from lienthong.store.condition import condition
from lienthong.store.scope import Scope


def agreement_for(subject: Subject, dataset: str) -> Terms | None:
    """The subject's agreement about `dataset` that holds today."""
    day = today()
    return next((t for t in subject.agreements if t.dataset == dataset and t.holds_on(day)), None)


def scope(registry: Registry, subject: Subject, contract: Contract) -> Scope:
    """The scope of `subject` on a dataset. Raises Unauthenticated or NotPermitted when it is none."""
    if not contract.derived_from:
        everything = frozenset(contract.by_name)
        if subject.is_administrator:
            return Scope(contract, "governed", everything, agreement="administrator")
        if subject.agency and subject.agency == contract.agency:
            return Scope(contract, "governed", everything, agreement="provider")
        if terms := agreement_for(subject, contract.id):
            where = condition(registry, contract, terms.condition) if terms.condition else None
            fields = frozenset(terms.fields) & everything
            return Scope(contract, "governed", fields, where, agreement=terms.id)
    if contract.is_open:
        return Scope(contract, "open", frozenset(f.name for f in contract.open_fields))
    raise refusal(subject, contract)


def refusal(subject: Subject, contract: Contract) -> Problem:
    """Why the dataset is closed to the subject, and the way in."""
    view = contract.open_view
    way_vi, way_en = "Cần thỏa thuận chia sẻ dữ liệu", "A data-sharing agreement is needed"
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


def hidden_field(subject: Subject, scope: Scope, name: str) -> Problem:
    """The refusal of a field that exists and is not covered, with the clause that says so."""
    field = scope.contract.by_name[name]
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
        field=name,
        clause=scope.agreement or field.classification,
    )
