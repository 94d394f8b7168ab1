"""A validated selection -> `Query` values. No resolver runs: the database builds the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    get_argument_values,
    get_directive_values,
)
from graphql.execution.values import VariableValues

from lienthong.gql import arguments
from lienthong.gql.document import Document
from lienthong.gql.following import Following, asked
from lienthong.gql.grouping import Grouping, page_info
from lienthong.gql.naming import TYPENAME, Fields, Names
from lienthong.gql.schema import Built
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.aggregate import groups_after
from lienthong.store.query import Connection, Item, Member, Nested, Page, Query

Moment = date | datetime | None
MAX_KEY = 63  # bytes of an identifier in PostgreSQL, which names the members of rows


@dataclass(frozen=True)
class Selection:
    """One document with the values of its variables, over one schema."""

    built: Built
    document: Document
    variables: VariableValues

    # --- fields ------------------------------------------------------------------------------------------------

    def fields(self, nodes: Sequence[FieldNode]) -> Fields:
        """The fields under `nodes`, which share one place in the answer, by their key in it."""
        found: Fields = {}
        seen: set[str] = set()
        for node in nodes:
            if node.selection_set:
                self._collect(node.selection_set.selections, found, seen)
        return found

    def roots(self) -> Fields:
        """The root fields."""
        found: Fields = {}
        self._collect(self.document.operation.selection_set.selections, found, set())
        return found

    def _collect(self, selections: Sequence[SelectionNode], found: Fields, seen: set[str]) -> None:
        for node in selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set.selections, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                self._collect(self.document.fragments[node.name.value].selection_set.selections, found, seen)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _arguments(self, type_name: str, node: FieldNode) -> dict[str, Any]:
        field = self.built.core.type_map[type_name].fields[node.name.value]  # type: ignore[attr-defined]
        return get_argument_values(field, node, self.variables)

    # --- queries -----------------------------------------------------------------------------------------------

    def root(self, nodes: list[FieldNode]) -> Query:
        """The query of a root field. Raises QueryInvalid, TooCostly."""
        dataset, kind = self.built.roots[nodes[0].name.value]
        names = self.built.names[dataset]
        given = self._arguments("Query", nodes[0])
        if kind == "groups":
            return self._grouped(names, nodes, given, None)
        if kind == "many":
            return self._connection(names, nodes, given, None)
        moment = arguments.as_of(given)
        items = tuple(self._items(names, self.fields(nodes), moment))
        return Query(dataset, items, key=arguments.key(names, given), page=Page(limit=1), as_of=moment)

    def following(self, key: str, nodes: list[FieldNode]) -> Following | None:
        """What a root field asks of changes; None when it is another field. Raises QueryInvalid."""
        dataset, kind = self.built.roots[nodes[0].name.value]
        if kind != "changes":
            return None
        given = self._arguments("Query", nodes[0])
        return asked(
            self.built.names[dataset],
            key,
            nodes,
            given,
            self.fields,
            lambda names, fields: tuple(self._items(names, fields, None)),
        )

    def _connection(self, names: Names, nodes: list[FieldNode], given: dict[str, Any], outer: Moment) -> Query:
        moment = arguments.as_of(given) or outer
        members = tuple(self._member(names, key, inner, moment) for key, inner in self.fields(nodes).items())
        return Query(
            names.contract.id,
            where=arguments.where(self.built, names, given.get("where")),
            order=arguments.order(names, given.get("orderBy")),
            page=arguments.page(given),
            as_of=moment,
            connection=Connection(members),
        )

    def _grouped(self, names: Names, nodes: list[FieldNode], given: dict[str, Any], outer: Moment) -> Query:
        grouping = Grouping(names, given)
        members = grouping.members(self.fields, nodes)
        page = arguments.page(given)
        query = Query(
            names.contract.id,
            where=arguments.where(self.built, names, given.get("where")),
            order=grouping.order,
            page=Page(limit=page.limit),
            as_of=arguments.as_of(given) or outer,
            groups=grouping.groups,
            measures=grouping.measures,
            connection=Connection(members),
        )
        return groups_after(query, page.after) if page.after is not None else query

    def _member(self, names: Names, key: str, nodes: list[FieldNode], moment: Moment) -> Member:
        """A member of a connection, of an edge or of the page info."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return Member(key, name, literal=names.type + "Connection")
        fields = self.fields(nodes)
        if name == "nodes":
            return Member(key, name, items=tuple(self._items(names, fields, moment)))
        if name == "edges":
            return Member(key, name, tuple(self._edge(names, k, inner, moment) for k, inner in fields.items()))
        return Member(key, name, page_info(fields))

    def _edge(self, names: Names, key: str, nodes: list[FieldNode], moment: Moment) -> Member:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Member(key, name, literal=names.type + "Edge")
        items = tuple(self._items(names, self.fields(nodes), moment)) if name == "node" else ()
        return Member(key, name, items=items)

    def _items(self, names: Names, fields: Fields, moment: Moment) -> Iterator[Item | Nested]:
        for key, nodes in fields.items():
            name = nodes[0].name.value
            check_key(key)
            if name == TYPENAME:
                yield Item(key, name, literal=names.type)
            elif name in names.relations:
                yield self._nested(names, key, nodes, moment)
            elif name in names.grouped:
                relation, given = names.grouped[name], self._arguments(names.type, nodes[0])
                grouped = self._grouped(self.built.names[relation.dataset], nodes, given, moment)
                yield Nested(key, relation.name, grouped)
            else:
                yield Item(key, names.fields[name].name, self._record(names, name, nodes))

    def _record(self, names: Names, field: str, nodes: list[FieldNode]) -> tuple[Item, ...]:
        """The members asked of the records in a list field."""
        if field not in names.records:
            return ()
        own = {p.name: p.key for p in names.records[field]}
        found = ((key, inner[0].name.value) for key, inner in self.fields(nodes).items())
        return tuple(
            Item(key, own.get(name, name), literal=names.record_type(field) if name == TYPENAME else None)
            for key, name in found
        )

    def _nested(self, names: Names, key: str, nodes: list[FieldNode], moment: Moment) -> Nested:
        relation = names.relations[nodes[0].name.value]
        target = self.built.names[relation.dataset]
        if relation.many:
            given = self._arguments(names.type, nodes[0])
            return Nested(key, relation.name, self._connection(target, nodes, given, moment))
        # A version that the row names itself is found by its key, whatever day is asked about.
        dated = target.contract.validity
        inner = None if dated and any(far == dated.from_ for _, far in relation.on) else moment
        items = tuple(self._items(target, self.fields(nodes), inner))
        return Nested(key, relation.name, Query(relation.dataset, items, page=Page(limit=1), as_of=inner))


def check_key(key: str) -> None:
    """Raises QueryInvalid when a key of the answer is too long."""
    if len(key) > MAX_KEY:
        raise QueryInvalid(
            both(f"Bí danh dài quá {MAX_KEY} ký tự", f"An alias is longer than {MAX_KEY} characters"),
            place=key[:MAX_KEY],
        )
