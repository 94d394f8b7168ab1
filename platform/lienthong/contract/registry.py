"""All definitions in force: contracts (with those of aggregate open views), agencies, code lists, relations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from lienthong.contract.finding import nearest
from lienthong.contract.model import Agency, Contract, Relationship
from lienthong.contract.vocabulary import Vocabulary
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import Bilingual, both, unslug


@dataclass(frozen=True)
class Relation:
    """A way from one dataset to another: `on` pairs stored columns (local, remote)."""

    name: str
    title: Bilingual
    dataset: str
    on: tuple[tuple[str, str], ...]
    many: bool


@dataclass(frozen=True)
class Registry:
    """The definitions of one folder; immutable. Datasets are keyed by id."""

    contracts: Mapping[str, Contract]
    agencies: Mapping[str, Agency] = field(default_factory=lambda: MappingProxyType({}))
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, name_or_slug: str) -> Contract:
        """The contract of a dataset, by id or slug. Raises NotFound with the nearest name."""
        found = self.contracts.get(unslug(name_or_slug))
        if found is None:
            detail = both(f"Không có bộ dữ liệu '{name_or_slug}'", f"There is no dataset '{name_or_slug}'")
            fix = nearest(name_or_slug, (c.slug for c in self.contracts.values()))
            raise NotFound(detail, place=name_or_slug, fix=fix)
        return found

    def agency(self, name_or_slug: str) -> Agency:
        """An agency, by id or slug. Raises NotFound with the nearest name."""
        found = self.agencies.get(unslug(name_or_slug))
        if found is None:
            detail = both(f"Không có cơ quan '{name_or_slug}'", f"There is no agency '{name_or_slug}'")
            fix = nearest(name_or_slug, (a.slug for a in self.agencies.values()))
            raise NotFound(detail, place=name_or_slug, fix=fix)
        return found

    def relations(self, dataset: str) -> Mapping[str, Relation]:
        """The relations of a dataset by name: its own, then the inverse ones of others."""
        return self._relations.get(dataset, MappingProxyType({}))

    @cached_property
    def purposes(self) -> frozenset[str]:
        """The purposes that a request may state: the code list's, and those that contracts are shared for."""
        listed = self.vocabularies.get("purpose")
        shared = (p for c in self.contracts.values() if c.access.shared for p in c.access.shared.purposes)
        return frozenset(shared) | frozenset(listed.by_code if listed else ())

    def place(self, code: str) -> Bilingual | None:
        """What a place that data is about is called; None when the list of places does not have it."""
        listed = self.vocabularies.get("places")
        found = listed.by_code.get(code) if listed else None
        return found.title if found else None

    def derived(self, dataset: str) -> Contract | None:
        """The contract of the aggregate open view of a dataset, if it has one."""
        return next((c for c in self.contracts.values() if c.derived_from == dataset), None)

    @cached_property
    def _relations(self) -> Mapping[str, Mapping[str, Relation]]:
        found: dict[str, dict[str, Relation]] = {name: {} for name in self.contracts}
        for contract in self.contracts.values():
            for given in contract.relationships:
                target = self.contracts[given.to]
                on = joined_columns(contract, target, given)
                many = given.cardinality == "many"
                found[contract.id][given.name] = Relation(given.name, given.title, target.id, on, many)
        for contract in self.contracts.values():
            for given in contract.relationships:
                if given.inverse:
                    near = found[contract.id][given.name]
                    back = tuple((remote, local) for local, remote in near.on)
                    name, title = given.inverse.name, given.inverse.title
                    found[given.to].setdefault(name, Relation(name, title, contract.id, back, not near.many))
        return MappingProxyType({name: MappingProxyType(r) for name, r in found.items()})


def joined_columns(near: Contract, far: Contract, given: Relationship) -> tuple[tuple[str, str], ...]:
    """The pairs of stored columns of a relationship; a unit's code is joined together with its valid_from."""
    pairs: list[tuple[str, str]] = []
    for local, remote in given.on.items():
        pairs.append((local, remote))
        local_columns, remote_columns = near.by_name[local].columns, far.by_name[remote].columns
        if len(local_columns) == 1:
            continue
        if len(remote_columns) > 1:
            pairs.append((local_columns[1].name, remote_columns[1].name))
        elif far.validity:
            pairs.append((local_columns[1].name, far.validity.from_))
    return tuple(pairs)


def by_id(contracts: Iterable[Contract]) -> Mapping[str, Contract]:
    """Contracts by id, read only, in the order of their ids."""
    return MappingProxyType({c.id: c for c in sorted(contracts, key=lambda c: c.id)})
