"""How each field of a twin is made, as the contract tells it: by type, by relationship, by the rules that name it.

Fields that a quality rule names together are drawn together, so that a twin keeps what the rule asks for.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lienthong.contract.model import Contract, FieldContract, QualityRule
from lienthong.contract.registry import Registry, joined_columns
from lienthong.pipelines.twin.words import Words
from lienthong.privacy.twinned import has_twin
from lienthong.store.statistics import Part

TEMPORAL = frozenset({"date", "datetime", "partial_date"})
NUMERIC = frozenset({"integer", "decimal", "money"})
# Values of a list, or of a form that lists things; their frequencies tell no person.
CODED = frozenset(
    {"enum", "vsic_code", "boolean", "admin_unit", "rank_code", "agency_code", "legacy_agency_code", "procedure_code"}
)
# Always made anew, in a range where nothing real lies.
RESERVED = frozenset({"citizen_id", "tax_code", "phone", "email", "url", "uuid", "dossier_code"})
_REPEATING = frozenset({"text", "identifier", "document_number"})
MARK = "synthetic"
"""The truth value by which rows of the house say that they are nobody's."""


@dataclass(frozen=True)
class Link:
    """Columns that are drawn from the rows of another dataset: of its twin when it has one, else of its open data."""

    schema: str
    dataset: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    label: str | None
    required: bool


@dataclass(frozen=True)
class Plan:
    """What is drawn how. `groups` are columns drawn together; `within` tells in which group's cells a moment is drawn.

    `titles` are texts that repeat the title of a code; `repeating` are texts of few values; `made` is all the rest.
    """

    contract: Contract
    links: tuple[Link, ...]
    groups: tuple[tuple[Part, ...], ...]
    moments: tuple[str, ...]
    base: str | None
    within: Mapping[str, int]
    numbers: tuple[str, ...]
    repeating: tuple[str, ...]
    titles: Mapping[str, str]
    made: tuple[str, ...]

    def required(self, name: str) -> bool:
        """Must the field have a value?"""
        return self.contract.by_name[name].required or name in self.contract.primary_key


def plan(registry: Registry, contract: Contract, words: Words) -> Plan:
    """How the twin of `contract` is made."""
    links = tuple(_links(registry, contract))
    free = [f for f in contract.fields if f.name not in {n for link in links for n in link.local}]
    made = [f for f in free if _is_made(contract, f, words)]
    titles = _titles(contract, free)
    coded = [f for f in free if f.logical_type in CODED and f not in made]
    moments = tuple(f.name for f in free if f.logical_type in TEMPORAL and f not in made)
    texts = [f for f in free if f.logical_type in _REPEATING and f not in made and f.name not in titles]
    repeating = tuple(f.name for f in texts if f.classification == "public")
    numbers = tuple(f.name for f in free if f.logical_type in NUMERIC and f not in made)
    groups, within = _groups(contract, coded, moments)
    taken = {*(f.name for f in coded), *moments, *numbers, *repeating, *titles}
    rest = tuple(f.name for f in free if f.name not in taken)
    base = next((n for n in moments if contract.by_name[n].required), moments[0] if moments else None)
    return Plan(contract, links, groups, moments, base, within, numbers, repeating, titles, rest)


def mentioned(contract: Contract, rule: QualityRule) -> set[str]:
    """The fields that a rule names."""
    return set(re.findall(r"[a-z][a-z0-9_]*", json.dumps(rule.kwargs))) & set(contract.by_name)


def identifying(plan: Plan, words: Words) -> list[tuple[str, ...]]:
    """What no row of the twin may share with a real one: a number of somebody or something; a name with a birth."""
    drawn = {n for link in plan.links for n in link.local}
    fields = [f for f in plan.contract.fields if f.name not in drawn]
    alone = [f.name for f in fields if _kind(f, words) in RESERVED or f.unique]
    found: list[tuple[str, ...]] = [(name,) for name in dict.fromkeys(alone)]
    if len(plan.contract.primary_key) == 1 and plan.contract.primary_key[0] not in {*alone, *drawn}:
        found.append(plan.contract.primary_key)
    people = tuple(f.name for f in fields if f.is_personal and "{person}" in (words.template(f.name) or ""))
    further = tuple(f.name for f in fields if f.logical_type == "partial_date" and f.is_personal)
    if not further:
        further = tuple(f.name for f in fields if f.is_personal and "{street}" in (words.template(f.name) or ""))
    return [*found, (*people, *further)] if people else found


def _kind(field: FieldContract, words: Words) -> str:
    return words.kind(field.name) or field.logical_type if field.logical_type == "text" else field.logical_type


def _links(registry: Registry, contract: Contract) -> Iterable[Link]:
    taken: set[str] = set()
    for given in contract.relationships:
        target = registry.contracts[given.to]
        pairs = joined_columns(contract, target, given)
        local, remote = tuple(near for near, _ in pairs), tuple(far for _, far in pairs)
        twin = has_twin(target)
        reachable = target.id != contract.id and given.cardinality == "one" and (twin or target.is_open)
        if not reachable or taken & set(local) or (not twin and not _open_columns(target) >= set(remote)):
            continue
        taken |= set(local)
        label = _label(target) if contract.by_name[next(iter(given.on))].logical_type == "admin_unit" else None
        required = any(contract.by_name[n].required or n in contract.primary_key for n in given.on)
        yield Link("twin" if twin else "open", target.id, local, remote, None if twin else label, required)


def _label(target: Contract) -> str | None:
    """The field that names a row of open data."""
    return next((f.name for f in target.open_fields if f.search and f.logical_type == "text"), None)


def _open_columns(contract: Contract) -> set[str]:
    return {column.name for field in contract.open_fields for column in field.columns}


def _is_made(contract: Contract, field: FieldContract, words: Words) -> bool:
    """Is it made without any statistics: keys, numbers of people and things, names, what the house marks rows with?"""
    if field.unique or field.name == MARK or contract.primary_key == (field.name,):
        return True
    if field.name in contract.primary_key and field.logical_type not in CODED | TEMPORAL | NUMERIC:
        return True
    return field.logical_type in RESERVED or (field.logical_type == "text" and words.knows(field.name))


def _titles(contract: Contract, free: Iterable[FieldContract]) -> dict[str, str]:
    """Texts that repeat the title of a code: `<code>_text`, `<code>_name`, or `<x>_name` beside `<x>_code`."""
    coded = {f.name: f for f in contract.fields if f.logical_type in {"enum", "vsic_code"}}
    found = {}
    for field in free:
        stem, _, end = field.name.rpartition("_")
        if field.logical_type == "text" and end in {"text", "name"}:
            code = next((name for name in (stem, f"{stem}_code") if name in coded), None)
            if code:
                found[field.name] = code
    return found


def _groups(
    contract: Contract, coded: list[FieldContract], moments: tuple[str, ...]
) -> tuple[tuple[tuple[Part, ...], ...], dict[str, int]]:
    """The coded fields and the gaps of moments, put together by the rules; and the group of each moment."""
    nodes = [f.name for f in coded] + list(moments)
    parent = {name: name for name in nodes}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    together = [mentioned(contract, rule) for rule in contract.quality]
    if contract.validity:
        together.append({contract.validity.from_, contract.validity.to})
    for names in together:
        first, *others = [n for n in nodes if n in names] or [""]
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[str, list[Part]] = {}
    for field in coded:
        groups.setdefault(root(field.name), []).extend(Part(c.name) for c in field.columns)
    for name in moments:
        if not (contract.by_name[name].required or name in contract.primary_key):
            groups.setdefault(root(name), []).append(Part(name, missing=True))
    order = list(groups)
    within = {name: order.index(root(name)) for name in moments if root(name) in groups}
    return tuple(tuple(groups[key]) for key in order), within
