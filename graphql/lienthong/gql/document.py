"""A document: parsed, measured and validated once, then kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.validation import recommended_rules, specified_rules

from lienthong.gql import limits
from lienthong.gql.cache import Recent
from lienthong.kernel.problem import QueryInvalid, TooCostly
from lienthong.kernel.text import both

RULES = [*specified_rules, *recommended_rules]
MAX_ERRORS = 5
_KEPT_TEXT = 8_192


@dataclass(frozen=True)
class Document:
    """A valid document with one operation."""

    node: DocumentNode
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]


class Refused(Exception):
    """A document that does not parse or does not fit the schema: GraphQL's own errors."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        self.code = code
        self.errors = errors
        super().__init__(errors[0].message if errors else code)


class Documents:
    """The documents of one schema, the recent ones kept by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._recent: Recent[Document] = Recent(200)

    def read(self, text: str, operation: str | None = None) -> Document:
        """The document in `text`. Raises Refused, TooCostly, QueryInvalid."""
        found = self._recent.get(text)
        if found is None:
            found = self._read(text)
            if len(text) <= _KEPT_TEXT:
                self._recent.put(text, found)
        if operation is not None and (found.operation.name is None or found.operation.name.value != operation):
            raise QueryInvalid(both(f"Không có phép toán {operation}", f"There is no operation {operation}"))
        return found

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_lexical_tokens=limits.MAX_TOKENS, max_comments=limits.MAX_TOKENS)
        except GraphQLError as error:
            if "Parsing aborted" in error.message:
                raise TooCostly(
                    both(f"Tài liệu quá lớn: {error.message}", error.message), limit=limits.MAX_TOKENS
                ) from error
            raise Refused("GRAPHQL_PARSE_FAILED", [error]) from error
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        limits.one_operation(operations)
        limits.check(node)
        if errors := validate(self._schema, node, RULES, max_errors=MAX_ERRORS):
            raise Refused("GRAPHQL_VALIDATION_FAILED", errors)
        if not operations:
            raise QueryInvalid(both("Không có phép toán nào", "There is no operation"))
        fragments = {d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        return Document(node, operations[0], fragments)
