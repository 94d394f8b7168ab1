"""Conditions -> SQL. Values are always parameters; identifiers come from contracts and are quoted here."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from lienthong.contract.model import Contract
from lienthong.kernel.text import fold
from lienthong.store.formula import Formula
from lienthong.store.formula_sql import formula_sql
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either, Fails, Not, Related, Text
from lienthong.store.scope import Search
from lienthong.store.slots import NotAlike, Slot, opened
from lienthong.store.spatial import near_sql
from lienthong.store.words import pattern, plain_sql, terms, tsquery, words_sql

_FEW = 10  # words of a search that cost no more than one
SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Params:
    """The parameters of one statement; `add` gives the placeholder, so text and values never get out of step."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        """The numbered placeholder of `value`."""
        self.values.append(value)
        return f"${len(self.values)}"


Exists = Callable[[Related, str, Contract], str]


@lru_cache(4096)
def ident(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def column(alias: str, name: str) -> str:
    """A quoted, qualified column."""
    return f"{alias}.{ident(name)}"


def like(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere, compared without tone marks."""
    plain = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def predicate(
    condition: Condition, alias: str, contract: Contract, params: Params, exists: Exists, searched: Search = "index"
) -> str:
    """`condition` as a SQL expression over the table `alias`; values are appended to `params`.

    `searched`: may the search text of the row help? It holds all search fields, which a caller may not all read.
    """
    match condition:
        case Both(parts):
            return _join(" and ", "true", parts, alias, contract, params, exists, searched)
        case Either(parts):
            return _join(" or ", "false", parts, alias, contract, params, exists, searched)
        case Not(part):
            return f"(({predicate(part, alias, contract, params, exists, searched)}) is not true)"
        case Fails(part):
            return f"(not ({predicate(part, alias, contract, params, exists, searched)}))"
        case Formula():
            return f"({formula_sql(condition, partial(column, alias), contract, params)})"
        case Related():
            return exists(condition, alias, contract)
        case Text(words):
            return _text(words, alias, params, searched)
        case Compare():
            return compare(condition, alias, contract, params, searched)


def _join(
    word: str,
    empty: str,
    parts: tuple[Condition, ...],
    alias: str,
    contract: Contract,
    params: Params,
    exists: Exists,
    searched: Search,
) -> str:
    inner = [predicate(part, alias, contract, params, exists, searched) for part in parts]
    return f"({word.join(inner)})" if inner else empty


def _text(given: str, alias: str, params: Params, searched: Search) -> str:
    """Every word, phrase or beginning of a word stands in the folded search text of the row."""
    found, search = terms(given), f"{alias}._search"
    if not found:
        return "true"
    query = tsquery(found)
    if query is None:
        return "false"
    if searched == "index":
        mark = params.add(opened(given, _query) if len(found) <= _FEW else query)
        return f"{words_sql(search)} @@ to_tsquery('simple', {mark}::text)"
    tests = [f"{search} like {params.add(like(term.words[0]))}" for term in found]  # cheaper, and mostly enough
    tests += [f"{plain_sql(search)} ~ {params.add(pattern(term))}::text" for term in found]
    return f"({' and '.join(tests)})"


def _query(given: str) -> str:
    """The tsquery of a search that has words, and not too many. Raises NotAlike."""
    found = terms(given)
    query = tsquery(found)
    if query is None or not 0 < len(found) <= _FEW:
        raise NotAlike
    return query


def compare(leaf: Compare, alias: str, contract: Contract, params: Params, searched: Search = "index") -> str:
    """One comparison as SQL."""
    name = column(alias, leaf.field)
    if leaf.field == ROW_NUMBER:
        return _number(leaf, name, params)
    field = contract.by_name[leaf.field]
    match leaf.op:
        case "is_null":
            return f"{name} is {'' if leaf.value else 'not '}null"
        case "in":
            return f"{name} = any({params.add(list(leaf.value))})"
        case "ne":
            return f"{name} is distinct from {params.add(leaf.value)}"
        case "contains" if field.logical_type == "list":
            return f"{name} @> {params.add(leaf.value)}::jsonb"
        case "contains":
            part = params.add(leaf.value.then(like) if isinstance(leaf.value, Slot) else like(leaf.value))
            test = f"platform.fold({name}) like {part}"
            return f"({alias}._search like {part} and {test})" if field.search and searched != "fields" else test
        case "bbox":
            west, south, east, north = (f"{params.add(corner)}::float8" for corner in leaf.value)
            box = f"{name} && st_makeenvelope({west}, {south}, {east}, {north}, 4326)"
            if field.logical_type == "point":  # the index rounds; two comparisons cost less than a polygon
                inside = f"st_x({name}) between {west} and {east} and st_y({name}) between {south} and {north}"
                return f"({box} and {inside})"
            return f"({box} and st_intersects({name}, st_makeenvelope({west}, {south}, {east}, {north}, 4326)))"
        case "within":
            return f"st_intersects({name}, st_makevalid(st_geomfromtext({params.add(leaf.value)}::text, 4326)))"
        case "near":
            return near_sql(name, leaf.value, params)
        case sign:
            return f"{name} {SIGNS[sign]} {params.add(leaf.value)}"


def _number(leaf: Compare, name: str, params: Params) -> str:
    """A comparison of the row's number."""
    if leaf.op == "in":
        # A slot alone stands for all of them: the text of an array.
        alone = leaf.value[0] if len(leaf.value) == 1 and isinstance(leaf.value[0], Slot) else list(leaf.value)
        return f"{name} = any({params.add(alone)}::bigint[])"
    return f"{name} {SIGNS[leaf.op]} {params.add(leaf.value)}::bigint"
