"""The schema as one caller may see it: introspection and suggestions tell of nothing that they can never read."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from lienthong.access.visible import Visible
from lienthong.contract.registry import Relation
from lienthong.gql.aggregates import PARTS, SUFFIX
from lienthong.gql.naming import Names
from lienthong.gql.schema import Built

Hidden = Mapping[str, frozenset[str]]


def cut(built: Built, seen: Visible) -> GraphQLSchema:
    """The schema without what lies outside `seen`; the whole one when nothing does."""
    hidden = _hidden(built, seen)
    return _Copy(built.core, hidden).schema() if any(hidden.values()) else built.core


def _hidden(built: Built, seen: Visible) -> Hidden:
    """Type -> its members that are not shown."""
    found: dict[str, frozenset[str]] = {}
    roots: set[str] = set()
    for dataset, names in built.names.items():
        fields = seen.get(dataset, frozenset())
        own = {name for name, field in names.fields.items() if field.name not in fields}
        away = {n for n, r in names.relations.items() if not _joined(built, names, r, seen)}
        grouped = {n for n, r in names.grouped.items() if not _joined(built, names, r, seen)}
        kind, group = names.type, names.type + SUFFIX
        found[kind] = frozenset(own | away | grouped)
        found[kind + "Filter"] = frozenset(own | away | (set() if _searchable(names, fields) else {"q"}))
        found[kind + "OrderField"] = frozenset(v for v, name in names.sortable.items() if name not in fields)
        for part in PARTS.values():
            found[group + part] = frozenset(own)
        found[group] = frozenset(part for part, of in PARTS.items() if _empty(built, group + of, own))
        if not fields:
            roots |= {names.many, names.groups, names.feed}
        if not fields.issuperset(names.contract.primary_key):
            roots.add(names.one)
    return found | {"Query": frozenset(roots)}


def _joined(built: Built, names: Names, relation: Relation, seen: Visible) -> bool:
    """May the caller walk a relation? It tells the values that it joins on, on both sides."""
    for contract, stored in zip(
        (names.contract, built.names[relation.dataset].contract), zip(*relation.on, strict=True), strict=True
    ):
        joining = {f.name for f in contract.fields if any(column.name in stored for column in f.columns)}
        if contract.id not in seen or not joining <= seen[contract.id]:
            return False
    return True


def _searchable(names: Names, fields: frozenset[str]) -> bool:
    return any(field.search and field.name in fields for field in names.contract.fields)


def _empty(built: Built, type_name: str, hidden: set[str]) -> bool:
    kind = built.core.type_map.get(type_name)
    return isinstance(kind, GraphQLObjectType) and set(kind.fields) <= hidden


class _Copy:
    """A copy of a schema without some members; types that nothing leads to fall away."""

    def __init__(self, whole: GraphQLSchema, hidden: Hidden) -> None:
        self._whole = whole
        self._hidden = hidden
        self._made: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        """The copy."""
        query = self._named(self._whole.type_map["Query"])
        directives = self._whole.directives
        return GraphQLSchema(query=query, directives=directives, assume_valid=True)  # type: ignore[arg-type]

    def _of(self, kind: Any) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return GraphQLNonNull(self._of(kind.of_type))
        if isinstance(kind, GraphQLList):
            return GraphQLList(self._of(kind.of_type))
        return self._named(kind)

    def _named(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        if kind.name not in self._made:
            self._made[kind.name] = self._copied(kind)
        return self._made[kind.name]

    def _copied(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        hidden = self._hidden.get(kind.name, frozenset())
        given: dict[str, Any] = dict(kind.to_kwargs())
        match kind:
            case GraphQLObjectType():
                fields = {n: f for n, f in kind.fields.items() if n not in hidden}
                return GraphQLObjectType(**given | {"fields": lambda: {n: self._field(f) for n, f in fields.items()}})
            case GraphQLInputObjectType():
                entries = {n: f for n, f in kind.fields.items() if n not in hidden}
                return GraphQLInputObjectType(
                    **given | {"fields": lambda: {n: self._entry(f) for n, f in entries.items()}}
                )
            case GraphQLEnumType() if hidden:
                return GraphQLEnumType(**given | {"values": {n: v for n, v in kind.values.items() if n not in hidden}})
            case _:
                return kind

    def _field(self, field: GraphQLField) -> GraphQLField:
        taken = {n: GraphQLArgument(**{**a.to_kwargs(), "type_": self._of(a.type)}) for n, a in field.args.items()}
        return GraphQLField(**{**field.to_kwargs(), "type_": self._of(field.type), "args": taken})

    def _entry(self, entry: GraphQLInputField) -> GraphQLInputField:
        return GraphQLInputField(**{**entry.to_kwargs(), "type_": self._of(entry.type)})
