"""How large a document may be, judged before validation. Every measure is linear: fragments are measured once.

Sums are cut off at a ceiling, so a document cannot make the measuring itself costly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both

MAX_BYTES = 64 * 1024
MAX_TOKENS = 1_000
MAX_DEPTH = 8  # levels of data; a connection's own members do not count
MAX_NESTING = 24  # levels of braces
MAX_ALIASES = 50
MAX_FIELDS = 300  # fragments counted wherever they are spread
MAX_INTROSPECTION_ALIASES = 2  # each multiplies a large answer
INTROSPECTION_COST = 50_000  # in rows: what takes as much time
CEILING = 100_000
PLUMBING = frozenset({"edges", "node", "nodes", "pageInfo"})
INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a selection with its fragments."""

    depth: int = 0
    nesting: int = 0
    aliases: int = 0
    fields: int = 0
    introspection: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection set."""
        return Size(
            max(self.depth, other.depth),
            max(self.nesting, other.nesting),
            min(CEILING, self.aliases + other.aliases),
            min(CEILING, self.fields + other.fields),
            min(CEILING, self.introspection + other.introspection),
        )


def check(document: DocumentNode) -> None:
    """Raises TooCostly with what is too large and the limit."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            size = measure.selection(operation.selection_set, 0)
            _refuse("tầng dữ liệu", "levels of data", size.depth, MAX_DEPTH)
            _refuse("tầng ngoặc", "levels of braces", size.nesting, MAX_NESTING)
            _refuse("bí danh", "aliases", size.aliases, MAX_ALIASES)
            _refuse("trường", "fields", size.fields, MAX_FIELDS)
            _refuse("bí danh trong __schema", "aliases within __schema", size.introspection, MAX_INTROSPECTION_ALIASES)


class _Measure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Size] = {}

    def selection(self, selected: SelectionSetNode, level: int) -> Size:
        """The size of a selection set; `level` is how deep it stands in its own definition."""
        _refuse("tầng ngoặc", "levels of braces", level + 1, MAX_NESTING)
        size = Size(nesting=1)
        for node in selected.selections:
            if isinstance(node, FieldNode):
                size = size.beside(self._field(node, level))
            elif isinstance(node, FragmentSpreadNode):
                size = size.beside(self._fragment(node.name.value))
            else:
                size = size.beside(self.selection(node.selection_set, level + 1))  # type: ignore[attr-defined]
        return size

    def _field(self, node: FieldNode, level: int) -> Size:
        inner = self.selection(node.selection_set, level + 1) if node.selection_set else Size()
        alias = int(node.alias is not None)
        if node.name.value in INTROSPECTION:
            # Introspection has its own rule of depth; its aliases multiply a large answer.
            return Size(1, 1, inner.aliases + alias, inner.fields, inner.aliases + 2 * alias)
        own = 0 if node.name.value in PLUMBING else 1
        return Size(
            inner.depth + own,
            inner.nesting + 1,
            min(CEILING, inner.aliases + alias),
            min(CEILING, inner.fields + 1),
            inner.introspection,
        )

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # a cycle adds nothing here: validation refuses it
            if fragment := self._fragments.get(name):
                self._known[name] = self.selection(fragment.selection_set, 0)
        return self._known[name]


def _refuse(vi: str, en: str, found: int, limit: int) -> None:
    if found > limit:
        raise TooCostly(
            both(f"Truy vấn có {found} {vi}, giới hạn {limit}", f"The query has {found} {en}, the limit is {limit}"),
            limit=limit,
        )


def one_operation(operations: Sequence[OperationDefinitionNode]) -> None:
    """Raises TooCostly when a document holds several operations."""
    _refuse("phép toán", "operations", len(operations), 1)
