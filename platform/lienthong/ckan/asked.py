"""The parameters of datastore_search -> `Query`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import orjson

from lienthong.ckan import filters, records
from lienthong.ckan.errors import invalid, invalid_query
from lienthong.ckan.parameters import Params, flag, listed, natural
from lienthong.kernel.problem import QueryInvalid
from lienthong.store.condition import value_of
from lienthong.store.query import (
    ROW_NUMBER,
    Compare,
    Condition,
    Group,
    Item,
    Order,
    Page,
    Query,
    Text,
    all_of,
)
from lienthong.store.scope import Scope

_NAMES = (
    "resource_id id force filters q full_text distinct plain language limit offset fields sort include_total "
    "include_next_page records_format total_estimation_threshold"
)
NAMES = frozenset(_NAMES.split())
Kind = Literal["objects", "lists", "csv", "tsv"]
ECHOED = ("distinct", "plain", "language", "full_text", "sort")
DEFAULT_LIMIT = 100
MAX_LIMIT = 32_000


@dataclass(frozen=True)
class Asked:
    """What is asked of the rows: the query, the members of a row, what is told back."""

    query: Query
    names: tuple[str, ...]
    filtered: bool
    by_number: bool
    descending: bool
    format: Kind
    with_total: bool
    with_next: bool
    echo: Mapping[str, Any] = field(default_factory=dict)


def asked(params: Params, scope: Scope) -> Asked:
    """The query that the parameters mean. Raises Refusal as CKAN does, naming the parameter."""
    if unknown := next((name for name in params if name not in NAMES), None):
        raise invalid("__extras", f'invalid value "{unknown}"')
    limit = min(natural(params, "limit", DEFAULT_LIMIT, "Please enter an integer value"), MAX_LIMIT)
    offset = offset_of(params)
    names = _names(params, scope)
    order = _order(names_of(params, "sort"), scope)
    where, echo = _where(params, scope)
    query = Query(
        scope.contract.id,
        tuple(Item(name, name) for name in names),
        where,
        order or (Order(ROW_NUMBER),),
        Page(limit, offset=offset, most=MAX_LIMIT),
    )
    if flag(params, "distinct"):
        query = _distinct(query, names, order, scope)
    if "offset" in params and offset:
        echo["offset"] = offset
    echo |= {name: echoed(name, params) for name in ECHOED if is_told(name, params)}
    return Asked(
        query=query,
        names=names,
        filtered=where is not None or query.is_aggregate,
        by_number=not query.is_aggregate and [o.field for o in query.order] == [ROW_NUMBER],
        descending=query.order[0].descending if query.order else False,
        format=format_of(params),
        with_total=flag(params, "include_total", True),
        with_next=flag(params, "include_next_page"),
        echo=echo,
    )


def again(before: Asked, params: Params, scope: Scope) -> Asked:
    """The same of other rows: only `offset`, `filters` and `q` are new, and were not there. Raises Refusal."""
    where, echo = _where(params, scope)
    if offset := offset_of(params):
        echo["offset"] = offset
    query = before.query.but(where=where, page=replace(before.query.page, offset=offset))
    return replace(before, query=query, filtered=where is not None or query.is_aggregate, echo={**echo, **before.echo})


def echoed(name: str, params: Params) -> Any:
    """A parameter as it is told back."""
    if name in ("distinct", "plain"):
        return flag(params, name)
    return params[name] if name == "sort" else text_of(params[name])


def text_of(given: Any) -> str:
    """A parameter that is a text; anything else as its JSON."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, sort_keys=True)


def names_of(params: Params, name: str) -> list[str]:
    """`fields` or `sort`: a text with commas, or a list of texts. Raises Refusal."""
    given = params.get(name)
    if given is not None and not isinstance(given, str):
        if not isinstance(given, list):
            raise invalid(name, "Not a list")
        for part in given:
            if not isinstance(part, str | list):
                raise invalid(name, f"Neither a string nor a list: {part}")
    return listed(given)


def offset_of(params: Params) -> int:
    """How many rows are skipped. Raises Refusal."""
    if str(params.get("offset")).startswith("-"):
        raise invalid("offset", f'invalid value "{params["offset"]}"')
    return natural(params, "offset", 0, most=2**63 - 1)


def is_told(name: str, params: Params) -> bool:
    """Is a parameter told back? Empty texts of these two are."""
    return params.get(name) not in ((None,) if name in ("sort", "full_text") else (None, ""))


def format_of(params: Params) -> Kind:
    """`records_format`. Raises Refusal."""
    given = params.get("records_format") or "objects"
    if given not in records.FORMATS:
        raise invalid("records_format", f"Value must be one of {list(records.FORMATS)}")
    return cast(Kind, given)


def _names(params: Params, scope: Scope) -> tuple[str, ...]:
    given = names_of(params, "fields")
    for name in given:
        if name != ROW_NUMBER and name not in scope.fields:
            raise invalid("fields", f'invalid value "{name}"')
    return tuple(dict.fromkeys(given)) or (ROW_NUMBER, *scope.visible)


def _order(given: list[str], scope: Scope) -> tuple[Order, ...]:
    """`a desc nulls last, b`. Missing values come last in both directions; another order of them is refused."""
    found = []
    for part in given:
        words = part.lower().split()
        name = part.split()[0].strip('"')
        if name != ROW_NUMBER and name not in scope.fields or words[1:] not in _WAYS:
            raise invalid("sort", f'invalid value "{part}"')
        if name != ROW_NUMBER and not _sortable(scope, name):
            raise invalid_query(f"could not identify an ordering operator for {name}")
        found.append(Order(name, "desc" in words[1:]))
    return tuple({o.field: o for o in reversed(found)}.values())[::-1]


_WAYS: tuple[list[str], ...] = (
    [],
    ["asc"],
    ["desc"],
    ["nulls", "last"],
    ["asc", "nulls", "last"],
    ["desc", "nulls", "last"],
)


def _sortable(scope: Scope, name: str) -> bool:
    kind = scope.contract.by_name[name].type
    return kind.sortable and "eq" in kind.operators


def _distinct(query: Query, names: tuple[str, ...], order: tuple[Order, ...], scope: Scope) -> Query:
    """Each combination of values once."""
    for name in names:
        if name != ROW_NUMBER and not _sortable(scope, name):
            raise invalid_query(f"could not identify an equality operator for {name}")
    if ROW_NUMBER in names:
        return query
    if wrong := [o.field for o in order if o.field not in names]:
        raise invalid_query(f"for SELECT DISTINCT, ORDER BY expressions must appear in select list: {wrong[0]}")
    return query.but(items=(), groups=tuple(Group(name, name) for name in names), order=order)


def _where(params: Params, scope: Scope) -> tuple[Condition | None, dict[str, Any]]:
    """The condition of `filters`, `q` and `full_text`, and what is told back of them."""
    echo: dict[str, Any] = {}
    parts: list[Condition | None] = []
    if params.get("filters") not in (None, ""):
        echo["filters"] = filters.given_filters(params["filters"])
        if echo["filters"]:
            operation = filters.Filters(scope.fields).read(echo["filters"])
            echo["filterops"] = operation.echo()
            parts.append(filters.condition(scope, operation))
    for name in ("q", "full_text"):
        given = params.get(name)
        if given is None:
            continue
        words = words_of(given) if name == "q" else text_of(given)
        if name == "q":
            echo["q"] = words
        parts.append(_text(words, scope))
    return all_of(*parts), echo


def words_of(given: Any) -> str | dict[str, Any]:
    """`q` as a text, or as a dictionary of columns when it is one or its JSON."""
    if isinstance(given, dict):
        return given
    if isinstance(given, str):
        if given.lstrip().startswith("{"):
            try:
                found = orjson.loads(given)
            except orjson.JSONDecodeError:
                return given
            return found if isinstance(found, dict) else given
        return given
    raise invalid("q", f'"{given}" is not a string or a dictionary')


def _text(words: str | dict[str, Any], scope: Scope) -> Condition | None:
    """A search without tone marks: in the search fields of the dataset, or in the columns named."""
    if isinstance(words, str):
        # `to_tsquery` writes a prefix as `word:*`; a part of a word is found here anyway.
        plain = " ".join(words.replace(":*", " ").split())
        return Text(plain) if plain else None
    return all_of(*(_in_column(str(name), value, scope) for name, value in words.items()))


def _in_column(name: str, value: Any, scope: Scope) -> Condition | None:
    if name not in scope.fields:
        raise invalid("q", f'invalid value "{name}"')
    column = scope.contract.by_name[name]
    text = str(value).replace(":*", "").strip()
    if not text:
        return None
    if "contains" in column.type.operators and column.logical_type != "list":
        return Compare(name, "contains", value_of(column, "contains", text))
    if "eq" not in column.type.operators:
        return filters.NONE
    try:
        return Compare(name, "eq", value_of(column, "eq", text))
    except QueryInvalid:
        return filters.NONE
