"""The guard of trigger functions: PL/pgSQL that looks at the row and changes it, and does nothing else.

No query, no dynamic SQL, no loop without an end: what is left cannot reach anything but the row at hand.
"""

from typing import Any

from pglast import parse_plpgsql
from pglast.parser import ParseError

from lienthong.store.sql_guard import Rejected, check_expression
from lienthong.store.sql_words import TYPES

_STATEMENTS_WORDS = (
    "PLpgSQL_stmt_block PLpgSQL_stmt_assign PLpgSQL_stmt_if PLpgSQL_if_elsif PLpgSQL_stmt_case "
    "PLpgSQL_case_when PLpgSQL_stmt_return PLpgSQL_stmt_raise PLpgSQL_raise_option PLpgSQL_expr PLpgSQL_row"
)
_STATEMENTS = frozenset(_STATEMENTS_WORDS.split())
_ASSIGNED = 3  # RawParseMode: from here on the text is `target := expression`
_PLAIN = {"record", "new", "old", "integer", "int", "bigint", "smallint", "boolean", "double precision", "real",
          "decimal", "character varying", "name", "oid", "_text", "timestamp without time zone",
          "timestamp with time zone", "pg_catalog.record", "unknown", "trigger"}  # fmt: skip


def check(body: str) -> None:
    """Raises Rejected with the reason: PostgreSQL's own for what cannot be read."""
    quote = "$lienthong$"
    if quote in body:
        raise Rejected("invalid", f"{quote} cannot be in a function")
    text = f"create function f() returns trigger language plpgsql as {quote}{body}{quote}"
    try:
        (function,) = parse_plpgsql(text)
    except ParseError as error:
        raise Rejected("invalid", str(error.args[0])) from error
    function = function["PLpgSQL_function"]
    for datum in function.get("datums", ()):
        _datum(datum)
    _statement(function.get("action"))


def _datum(datum: dict[str, Any]) -> None:
    """A variable: of a type of the list, with a harmless value to begin with."""
    for kind, given in datum.items():
        if kind in ("PLpgSQL_rec", "PLpgSQL_recfield", "PLpgSQL_row"):
            continue
        if kind != "PLpgSQL_var":
            raise Rejected("invalid", f"{kind.removeprefix('PLpgSQL_')} cannot be in a trigger function")
        name = given.get("datatype", {}).get("PLpgSQL_type", {}).get("typname", "").lower()
        bare = name.replace('"', "").removeprefix("pg_catalog.").removesuffix("[]").partition("(")[0].strip()
        if bare not in TYPES and bare not in _PLAIN:
            raise Rejected("invalid", f"Type not allowed: {name}")
        for value in ("default_val", "cursor_explicit_expr"):
            _statement(given.get(value))


def _statement(node: Any) -> None:
    """A statement and all in it."""
    if isinstance(node, list):
        for part in node:
            _statement(part)
        return
    if not isinstance(node, dict):
        return
    for kind, given in node.items():
        if kind.startswith("PLpgSQL_") and kind not in _STATEMENTS:
            name = kind.removeprefix("PLpgSQL_").removeprefix("stmt_")
            raise Rejected("invalid", f"{name} cannot be in a trigger function")
        if kind == "PLpgSQL_expr":
            _expression(given)
        elif kind == "PLpgSQL_stmt_block" and "exceptions" in given:
            raise Rejected("invalid", "exception cannot be in a trigger function")
        else:
            _statement(given)


def _expression(given: dict[str, Any]) -> None:
    text = str(given.get("query", ""))
    if int(given.get("parseMode", 0)) >= _ASSIGNED:
        target, sign, text = text.partition(":=")
        if not sign:
            target, _, text = target.partition("=")
    check_expression(text)
