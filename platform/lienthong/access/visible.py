"""What a caller may ever read: all datasets and fields that some request of theirs could be answered with."""

from collections.abc import Mapping

from lienthong.access.policy import reaches
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject
from lienthong.kernel.clock import today
from lienthong.privacy.twinned import has_twin

Visible = Mapping[str, frozenset[str]]


def visible(registry: Registry, subject: Subject) -> Visible:
    """Dataset -> fields: open ones, those of agreements that hold today whatever the purpose, own datasets whole."""
    found = {contract.id: _fields(contract, subject) for contract in registry.contracts.values()}
    return {dataset: fields for dataset, fields in found.items() if fields}


def _fields(contract: Contract, subject: Subject) -> frozenset[str]:
    everything = frozenset(contract.by_name)
    if subject.twin:
        twin = has_twin(contract) and subject.kind != "anonymous"
        return everything if twin else frozenset(field.name for field in contract.open_fields)
    if contract.derived_from is None and reaches(subject, contract):
        if subject.is_administrator or (subject.agency and subject.agency == contract.agency):
            return everything
        day = today()
        agreed = [t.fields for t in subject.agreements if t.dataset == contract.id and t.holds_on(day)]
        if agreed:
            return everything.intersection(name for fields in agreed for name in fields)
    return frozenset(field.name for field in contract.open_fields)
