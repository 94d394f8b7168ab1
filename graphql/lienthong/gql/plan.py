"""A document with its variables -> a plan: queries for the door, constants, and introspection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_variable_values,
    type_from_ast,
)

from lienthong.access import pricing
from lienthong.access.visible import Visible
from lienthong.contract.finding import nearest
from lienthong.gql.cache import Recent
from lienthong.gql.cut import cut
from lienthong.gql.discreet import discreet
from lienthong.gql.document import Document, Documents, Refused
from lienthong.gql.following import Following
from lienthong.gql.limits import INTROSPECTION, INTROSPECTION_COST
from lienthong.gql.naming import TYPENAME
from lienthong.gql.schema import Built
from lienthong.gql.selection import Selection, check_key
from lienthong.kernel.problem import Problem, QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.query import Query

VERSION = version("lienthong")
_KEPT = 65_536  # bytes of a document with its variables that is kept


@dataclass(frozen=True)
class Told:
    """What is asked of the schema itself; `key` names it among all that is asked."""

    key: object
    document: Document
    nodes: tuple[FieldNode, ...]
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What an operation needs: `members` from the door, `fixed` as it is, `told` by the schema that is seen."""

    members: tuple[tuple[str, Query], ...]
    fixed: bytes
    cost: int
    told: Told | None = None
    following: Following | None = None


class Misplaced(Exception):
    """A problem with the field that it is about."""

    def __init__(self, problem: Problem, node: FieldNode, key: str) -> None:
        self.problem = problem
        self.node = node
        self.key = key
        super().__init__(str(problem))


class Planner:
    """Plans documents over one schema: each is parsed and validated once, planned once for each set of variables."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._documents = Documents(built.core)
        self._recent: Recent[Plan] = Recent(500)
        self._schemas: Recent[GraphQLSchema] = Recent(16)
        self._answers: Recent[bytes] = Recent(8)

    def plan(self, text: str, variables: Mapping[str, Any], operation: str | None = None) -> Plan:
        """The plan of a request. Raises Refused, Misplaced, Problem."""
        key = (text, operation, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS))
        found = self._recent.get(key)
        if found is None:
            found = self._make(key, self._documents.read(text, operation), variables)
            if len(text) + len(key[2]) <= _KEPT:
                self._recent.put(key, found)
        return found

    def fresh(self, text: str, variables: Mapping[str, Any], operation: str | None = None) -> Plan:
        """A plan that is not kept here. Raises as `plan` does."""
        return self._make(object(), self.document(text, operation), variables)

    def document(self, text: str, operation: str | None = None) -> Document:
        """The document in `text`, parsed and validated once. Raises Refused, TooCostly, QueryInvalid."""
        return self._documents.read(text, operation)

    def introspect(self, told: Told, seen: Visible, charge: Callable[[int], object]) -> bytes:
        """The answer to `__schema` and `__type`, by graphql-core, over what the caller may see. Raises Refused.

        One that is not known already takes long: `charge` is told so before, and may raise TooCostly.
        """
        key = told.key, frozenset(seen.items())
        found = self._answers.get(key)
        if found is None:
            charge(INTROSPECTION_COST)
            found = _introspected(self.schema(seen), told)
            self._answers.put(key, found)
        return found

    def schema(self, seen: Visible) -> GraphQLSchema:
        """The schema as a caller may see it; one for all who may see the same."""
        key = frozenset(seen.items())
        found = self._schemas.get(key)
        if found is None:
            found = cut(self._built, seen)
            self._schemas.put(key, found)
        return found

    def message(self, error: GraphQLError, seen: Visible) -> str:
        """The message of an error, without names that the caller can never read."""
        return discreet(error, self._built.core, self.schema(seen))

    def _make(self, asked: object, document: Document, variables: Mapping[str, Any]) -> Plan:
        definitions = document.operation.variable_definitions or ()
        _declared(variables, [each.variable.name.value for each in definitions])
        values = get_variable_values(self._built.core, definitions, dict(variables), max_errors=5)
        if isinstance(values, list):
            raise Refused("BAD_USER_INPUT", values)
        selection = Selection(self._built, document, values)
        members: list[tuple[str, Query]] = []
        fixed: dict[str, Any] = {}
        changes: list[Following] = []
        introspected: list[FieldNode] = []
        for shown, nodes in selection.roots().items():
            name = nodes[0].name.value
            if name in INTROSPECTION:
                introspected += nodes
            elif name in self._built.roots:
                found = _placed(selection, shown, nodes)
                if isinstance(found, Following):
                    changes.append(found)
                else:
                    members.append((shown, found))
            else:
                fixed[shown] = "Query" if name == TYPENAME else VERSION
        cost = sum(pricing.price(self._built.registry, query) for _, query in members)
        if changes and (len(changes) > 1 or members):
            raise QueryInvalid(
                both("Thay đổi đứng một mình trong truy vấn", "Changes stand alone in their query"),
                place=changes[0].key,
            )
        cost += changes[0].first if changes else 0
        told = Told(asked, document, tuple(introspected), dict(variables)) if introspected else None
        cost = pricing.within(cost + (INTROSPECTION_COST if told else 0))
        return Plan(tuple(members), orjson.dumps(fixed) if fixed else b"", cost, told, changes[0] if changes else None)


def _declared(variables: Mapping[str, Any], known: list[str]) -> None:
    """Raises QueryInvalid for a variable that the operation does not declare: it would change nothing, unnoticed."""
    for name in variables:
        if name not in known:
            detail = both(f"Phép toán không khai báo biến ${name}", f"The operation declares no variable ${name}")
            none = both("Bỏ biến này", "Leave it out")
            raise QueryInvalid(detail, place=f"variables.{name}", fix=nearest(name, known) if known else none)


def _introspected(schema: GraphQLSchema, told: Told) -> bytes:
    asked = told.document.operation
    # A variable of a type that the caller does not see is none of introspection's.
    known = [d for d in asked.variable_definitions or () if type_from_ast(schema, d.type) is not None]
    operation = OperationDefinitionNode(
        operation=asked.operation,
        variable_definitions=tuple(known),
        selection_set=SelectionSetNode(selections=told.nodes),
    )
    whole = DocumentNode(definitions=(operation, *told.document.fragments.values()))
    result = execute_sync(schema, whole, variable_values=dict(told.variables))
    if result.errors:
        raise Refused("BAD_USER_INPUT", result.errors)
    return orjson.dumps(result.data)


def _placed(selection: Selection, key: str, nodes: list[FieldNode]) -> Query | Following:
    try:
        check_key(key)
        return selection.following(key, nodes) or selection.root(nodes)
    except Problem as problem:
        raise Misplaced(problem, nodes[0], key) from problem
    except GraphQLError as error:
        raise Refused("BAD_USER_INPUT", [error]) from error
