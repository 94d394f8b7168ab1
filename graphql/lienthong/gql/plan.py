"""A document with its variables -> a plan: queries for the door, constants, and introspection."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_variable_values,
)

from lienthong.gql.cache import Recent
from lienthong.gql.document import Document, Documents, Refused
from lienthong.gql.grouping import TYPENAME
from lienthong.gql.limits import INTROSPECTION
from lienthong.gql.schema import Built
from lienthong.gql.selection import Selection, check_key
from lienthong.kernel.problem import Problem
from lienthong.store.query import Query

VERSION = version("lienthong")
_KEPT = 65_536  # bytes of a plan that is kept among the many; larger ones (introspection) among the few


@dataclass(frozen=True)
class Plan:
    """What an operation needs: `members` from the door, `fixed` known already (with the answer to introspection)."""

    members: tuple[tuple[str, Query], ...]
    fixed: bytes


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
        self._large: Recent[Plan] = Recent(8)

    def plan(self, text: str, variables: Mapping[str, Any], operation: str | None = None) -> Plan:
        """The plan of a request. Raises Refused, Misplaced, Problem."""
        key = (text, operation, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS))
        found = self._recent.get(key) or self._large.get(key)
        if found is None:
            found = self._make(self._documents.read(text, operation), variables)
            size = len(text) + len(key[2]) + len(found.fixed)
            (self._recent if size <= _KEPT else self._large).put(key, found)
        return found

    def _make(self, document: Document, variables: Mapping[str, Any]) -> Plan:
        definitions = document.operation.variable_definitions or ()
        values = get_variable_values(self._built.core, definitions, dict(variables), max_errors=5)
        if isinstance(values, list):
            raise Refused("BAD_USER_INPUT", values)
        selection = Selection(self._built, document, values)
        members: list[tuple[str, Query]] = []
        fixed: dict[str, Any] = {}
        introspected: list[FieldNode] = []
        for key, nodes in selection.roots().items():
            name = nodes[0].name.value
            if name in INTROSPECTION:
                introspected += nodes
            elif name in self._built.roots:
                members.append((key, _placed(selection, key, nodes)))
            else:
                fixed[key] = "Query" if name == TYPENAME else VERSION
        fixed |= self._introspect(document, introspected, variables) if introspected else {}
        return Plan(tuple(members), orjson.dumps(fixed) if fixed else b"")

    def _introspect(self, document: Document, nodes: list[FieldNode], variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `__schema` and `__type`, by graphql-core."""
        asked = document.operation
        operation = OperationDefinitionNode(
            operation=asked.operation,
            variable_definitions=asked.variable_definitions,
            selection_set=SelectionSetNode(selections=tuple(nodes)),
        )
        whole = DocumentNode(definitions=(operation, *document.fragments.values()))
        result = execute_sync(self._built.core, whole, variable_values=dict(variables))
        if result.errors:
            raise Refused("BAD_USER_INPUT", result.errors)
        return result.data or {}


def _placed(selection: Selection, key: str, nodes: list[FieldNode]) -> Query:
    try:
        check_key(key)
        return selection.root(nodes)
    except Problem as problem:
        raise Misplaced(problem, nodes[0], key) from problem
    except GraphQLError as error:
        raise Refused("BAD_USER_INPUT", [error]) from error
