"""What a caller may do, dataset by dataset, before anything is asked: by what, which fields, or why not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lienthong.access import policy
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject, Terms
from lienthong.kernel.clock import today
from lienthong.kernel.problem import Problem
from lienthong.store.scope import OWN_DATA, Scope


@dataclass(frozen=True)
class Way:
    """One way into a dataset. Of its `fields` some are read only when the request states one of `purposes`."""

    contract: Contract
    by: str
    fields: tuple[str, ...]
    need_purpose: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    terms: Terms | None = None


@dataclass(frozen=True)
class Closed:
    """A dataset that the caller cannot read, and the problem that asking for it would meet."""

    contract: Contract
    problem: Problem


def rights(registry: Registry, subject: Subject) -> list[Way | Closed]:
    """Every dataset: the ways in, or why there is none."""
    return [found for contract in registry.contracts.values() for found in _of(registry, subject, contract)]


def _of(registry: Registry, subject: Subject, contract: Contract) -> Iterator[Way | Closed]:
    own = subject.is_administrator or (subject.agency and subject.agency == contract.agency)
    held = [t for t in subject.agreements if t.dataset == contract.id and t.holds_on(today())]
    if held and not own and not subject.twin and policy.reaches(subject, contract):
        for terms in held:
            yield _agreed(registry, subject, contract, terms)
        return
    try:
        scope = policy.scope(registry, subject, contract)
    except Problem as problem:
        yield Closed(contract, problem)
        return
    yield _whole(registry, scope)


def _agreed(registry: Registry, subject: Subject, contract: Contract, terms: Terms) -> Way:
    scope = policy.scope(registry, replace(subject, purpose=terms.purpose, agreements=(terms,)), contract)
    masked = tuple(name for name in scope.visible if name in scope.masked)
    needs = tuple(name for name in scope.visible if contract.by_name[name].is_personal)
    return Way(contract, terms.id, scope.visible, needs, masked, (terms.purpose,), terms)


def _whole(registry: Registry, scope: Scope) -> Way:
    """Open data, the whole of an own dataset, or a twin."""
    contract = scope.contract
    fields = tuple(contract.by_name) if scope.agreement in OWN_DATA else scope.visible
    masked = tuple(name for name in fields if name in scope.masked)
    if scope.schema != "governed":
        return Way(contract, scope.agreement or "open", fields, masked=masked)
    needs = tuple(name for name in fields if contract.by_name[name].is_personal)
    return Way(contract, scope.agreement or "", fields, needs, masked, tuple(sorted(registry.purposes)))
