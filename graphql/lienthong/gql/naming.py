"""Names: a dataset's id and its fields as GraphQL writes them, and the way back."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import FieldNode

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry, Relation
from lienthong.kernel.text import Bilingual, camel, pascal

_ES = ("ches", "shes", "sses", "xes", "zes")
_SAME = ("ics", "ss", "us", "is")


TYPENAME = "__typename"
Fields = dict[str, list[FieldNode]]
"""The fields asked for at one place of the answer, by their key in it."""


def singular(name: str) -> str:
    """One of what a plural snake_case name means, by the rules of English; a name without a singular stays.

    >>> singular("enterprise_activities"), singular("changes"), singular("statistics")
    ('enterprise_activity', 'change', 'statistics')
    """
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(_ES):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(_SAME) else name


def described(text: Bilingual | None) -> str | None:
    """A description for people: Vietnamese first."""
    return f"{text.vi} / {text.en}" if text else None


@dataclass(frozen=True)
class Property:
    """A member of the records that a list field holds: its GraphQL name, its own name, its scalar."""

    name: str
    key: str
    scalar: str
    required: bool
    description: str | None


@dataclass(frozen=True)
class Names:
    """One dataset as GraphQL names it."""

    contract: Contract
    type: str
    many: str
    one: str
    fields: Mapping[str, FieldContract]
    relations: Mapping[str, Relation]
    records: Mapping[str, tuple[Property, ...]]  # by the GraphQL name of the list field

    def record_type(self, field: str) -> str:
        """The name of the type of the records in a list field."""
        return self.type + field[:1].upper() + field[1:] + "Item"

    @property
    def groups(self) -> str:
        """The root field of the dataset's groups."""
        return self.many + "Aggregate"

    @property
    def feed(self) -> str:
        """The root field of the dataset's changes."""
        return self.many + "Feed"

    @property
    def grouped(self) -> Mapping[str, Relation]:
        """The fields with groups of related rows, by name."""
        found = {name + "Aggregate": relation for name, relation in self.relations.items() if relation.many}
        return {name: r for name, r in found.items() if name not in self.fields and name not in self.relations}

    @property
    def sortable(self) -> Mapping[str, str]:
        """Enum value -> field name."""
        return {f.name.upper(): f.name for f in self.contract.fields if f.type.sortable}


def properties(field: FieldContract) -> tuple[Property, ...]:
    """The members of a list-of-objects field; none for other fields."""
    items: Any = field.options.get("items") if field.logical_type == "list" else None
    given = items.get("properties") if isinstance(items, Mapping) else None
    kinds = {name: kind for name, kind, *_ in field.type.properties(field.options)} if given else {}  # type: ignore[attr-defined]
    return tuple(
        Property(
            camel(p["name"]),
            p["name"],
            kinds[p["name"]].graphql,
            bool(p.get("required")),
            described(Bilingual(**p["title"])) if isinstance(p.get("title"), Mapping) else None,
        )
        for p in given or ()
    )


def named(registry: Registry) -> Mapping[str, Names]:
    """The names of all datasets, by dataset id."""
    plurals = set(registry.contracts)
    found = {}
    for contract in registry.contracts.values():
        one = singular(contract.id)
        taken = one in plurals or sum(singular(name) == one for name in plurals) > 1
        fields = {camel(f.name): f for f in contract.fields}
        relations = {camel(name): r for name, r in registry.relations(contract.id).items()}
        found[contract.id] = Names(
            contract,
            type=pascal(contract.id if taken else one),
            many=camel(contract.id),
            one=camel(contract.id) + "ByKey" if taken else camel(one),
            fields=MappingProxyType(fields),
            relations=MappingProxyType({name: r for name, r in relations.items() if name not in fields}),
            records=MappingProxyType({name: members for name, f in fields.items() if (members := properties(f))}),
        )
    return MappingProxyType(found)
