"""The guard of SQL typed by people: PostgreSQL's own grammar, and lists of what may be in the tree.

It runs in a process of its own (`store.sql_child`): the parser can be killed by what it is given. What passes is told
as the tree's own text, which holds no comment and no second statement, with the relations that it reads.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import DeparseError, ParseError, deparse_protobuf, parse_sql_json, parse_sql_protobuf
from pglast.stream import RawStream

from lienthong.store.sql_bounds import bounded
from lienthong.store.sql_words import CLOCKS, FUNCTIONS, GRAMMAR, NODES, OPERATORS, TYPES

MOST_NODES, MOST_DEPTH, MOST_SOURCES, MOST_GROUPINGS = 4_000, 60, 12, 8
_SYNTAX = 3  # CoercionForm: written by the grammar
_ESCAPES = frozenset({"like_escape", "similar_escape", "similar_to_escape"})  # of LIKE and SIMILAR TO
_PLACES = frozenset({"location", "stmt_location", "stmt_len"})
_RECURSIVE = "A recursive query is not allowed"


class Rejected(Exception):
    """SQL that does not pass: `kind` invalid or denied, and why, in CKAN's words where it has some."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


@dataclass
class Passed:
    """SQL that passed: its own text, the names of the relations in it, and whether it has a LIMIT of its own."""

    sql: str
    relations: list[str] = field(default_factory=list)
    limited: bool = False


def check(given: str) -> Passed:
    """The statement, read and written anew. Raises Rejected."""
    statement = _single(given)
    guard = _Guard()
    guard.visit(statement, frozenset(), 0)
    return Passed(_written(given, statement), sorted(guard.relations), _is_limited(statement))


def _written(given: str, statement: Any) -> str:
    """The statement written anew: what is sent must be what was looked at. Raises Rejected."""
    with suppress(ParseError, DeparseError):
        # The parser's own printer and trees in JSON are quick; where they do not agree, the slow ones may.
        text = str(deparse_protobuf(parse_sql_protobuf(given)))
        if _tree(text) == _tree(given):
            return text
    text = str(RawStream()(statement))
    if _single(text) != statement:
        raise Rejected("invalid", "The query cannot be written unambiguously")
    return text


def _tree(given: str) -> Any:
    """The tree of a text, without the places of its parts in the text."""
    return json.loads(parse_sql_json(given), object_hook=_placeless)


def _placeless(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name not in _PLACES}


def check_expression(given: str) -> None:
    """An expression without relations, as trigger functions have them. Raises Rejected."""
    guard = _Guard()
    guard.visit(_single(f"SELECT {given}"), frozenset(), 0)
    if guard.relations:
        raise Rejected("invalid", "A trigger function cannot read tables")


def _is_limited(statement: Any) -> bool:
    """Does the statement itself, not only a part of it, have a LIMIT? LIMIT ALL and LIMIT NULL are none."""
    count = getattr(statement, "limitCount", None)
    return count is not None and not (isinstance(count, ast.A_Const) and count.isnull)


def _single(given: str) -> Any:
    try:
        found = parse_sql(given)
    except ParseError as error:
        reason, location = (*error.args, None)[:2]
        place = f", at index {location}" if location is not None else ""
        raise Rejected("invalid", f"Invalid SQL: {reason}{place}") from error
    if len(found) != 1:
        raise Rejected("invalid", "Query is not a single statement")
    return found[0].stmt


class _Guard:
    """Walks a tree; whatever is on no list stops it."""

    def __init__(self) -> None:
        self.relations: set[str] = set()
        self._nodes = self._sources = self._groupings = 0

    def visit(self, node: Any, ctes: frozenset[str], depth: int) -> None:
        """A node and all below it; `ctes` are the names that WITH has given here."""
        if isinstance(node, tuple):
            for part in node:
                self.visit(part, ctes, depth)
            return
        if not isinstance(node, ast.Node):
            return
        kind = type(node).__name__
        if kind not in NODES:
            raise Rejected("invalid", f"Invalid query AST element: {kind}")
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise Rejected("invalid", "The query is too complex")
        if isinstance(node, ast.SelectStmt) and node.withClause is not None:
            ctes = self._with(node.withClause, ctes, depth)
        if check_ := _CHECKS.get(kind):
            check_(self, node, ctes)
        for name in node.__slots__:
            if not (kind == "SelectStmt" and name == "withClause") and not (kind == "FuncCall" and name == "funcname"):
                self.visit(getattr(node, name), ctes, depth + 1)

    def _with(self, clause: ast.WithClause, ctes: frozenset[str], depth: int) -> frozenset[str]:
        """Each query of WITH sees the ones before it."""
        if clause.recursive:
            raise Rejected("invalid", _RECURSIVE)
        for query in clause.ctes or ():
            self.visit(query, ctes, depth + 1)
            ctes |= {query.ctename}
        return ctes

    # --- single nodes -----------------------------------------------------------------------------------------

    def select(self, node: ast.SelectStmt, _: frozenset[str]) -> None:
        """No INTO, no locks; VALUES may be."""
        if node.intoClause is not None:
            raise Rejected("invalid", "Invalid query AST element: IntoClause")
        if node.lockingClause:
            raise Rejected("invalid", "Invalid query AST element: LockingClause")
        self._source()

    def relation(self, node: ast.RangeVar, ctes: frozenset[str]) -> None:
        """A table: known to the catalogue, or named by WITH."""
        self._source()
        if node.schemaname or node.catalogname:
            raise Rejected("denied", "Not authorized to access tables in other schemas")
        name = str(node.relname)
        if name.lower().startswith("pg_"):
            raise Rejected("denied", "Not authorized to access system tables")
        if name not in ctes:
            self.relations.add(name)

    def function(self, node: ast.FuncCall, _: frozenset[str]) -> None:
        """A function of the list, called by its bare name, with arguments that keep it small."""
        names = [part.sval for part in node.funcname or ()]
        by_grammar = len(names) == 2 and names[0] == "pg_catalog" and names[1] in GRAMMAR
        written = by_grammar and (_code(node.funcformat) == _SYNTAX or names[1] in _ESCAPES)
        if not written and (len(names) != 1 or names[0] not in FUNCTIONS):
            raise Rejected("denied", f"Not authorized to call function {'.'.join(names)}")
        self._bounded(names[-1], node.args or ())

    def _bounded(self, name: str, arguments: tuple[Any, ...]) -> None:
        if reason := bounded(name, arguments):
            raise Rejected("invalid", reason)

    def operator(self, node: ast.A_Expr, _: frozenset[str]) -> None:
        """An operator of the list, by its bare name."""
        names = [part.sval for part in node.name or ()]
        wordy = names[-1] in ("BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC", "NOT BETWEEN SYMMETRIC")
        if not wordy and (len(names) != 1 or names[0] not in OPERATORS):
            raise Rejected("invalid", f"Operator not allowed: {'.'.join(names)}")
        if names[-1] in ("~", "~*", "!~", "!~*") and node.lexpr is not None:
            self._bounded("~", (node.lexpr, node.rexpr))

    def type(self, node: ast.TypeName, _: frozenset[str]) -> None:
        """A type of the list."""
        names = [part.sval for part in node.names or ()]
        if names[:1] == ["pg_catalog"]:
            names = names[1:]
        if len(names) != 1 or names[0] not in TYPES or node.setof or node.pct_type:
            raise Rejected("invalid", f"Type not allowed: {'.'.join(names)}")

    def clock(self, node: ast.SQLValueFunction, _: frozenset[str]) -> None:
        """CURRENT_DATE and its like, not CURRENT_USER."""
        if _code(node.op) not in CLOCKS:
            name = str(getattr(node.op, "name", node.op)).removeprefix("SVFOP_").lower()
            raise Rejected("denied", f"Not authorized to call function {name}")

    def grouping(self, node: ast.GroupingSet, _: frozenset[str]) -> None:
        """CUBE of n columns is 2**n groupings."""
        self._groupings += len(node.content or ())
        if self._groupings > MOST_GROUPINGS:
            raise Rejected("invalid", "Too many grouping sets")

    def source(self, _: Any, __: frozenset[str]) -> None:
        """A subquery or a function in FROM."""
        self._source()

    def collation(self, node: ast.CollateClause, _: frozenset[str]) -> None:
        """Orders of texts by their bare names."""
        names = [part.sval for part in node.collname or ()]
        if len(names) != 1 or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", names[0]):
            raise Rejected("invalid", "Invalid query AST element: CollateClause")

    def _source(self) -> None:
        self._sources += 1
        if self._sources > 3 * MOST_SOURCES:
            raise Rejected("invalid", "The query is too complex")


_CHECKS: dict[str, Any] = {
    "SelectStmt": _Guard.select,
    "RangeVar": _Guard.relation,
    "FuncCall": _Guard.function,
    "A_Expr": _Guard.operator,
    "TypeName": _Guard.type,
    "SQLValueFunction": _Guard.clock,
    "GroupingSet": _Guard.grouping,
    "RangeFunction": _Guard.source,
    "CollateClause": _Guard.collation,
}


def _code(value: Any) -> int:
    return int(value) if value is not None else -1
