"""The parameters of datastore_search on hosted rows -> `Search` (ckanext-datastore 2.12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lienthong.ckan import filters, records
from lienthong.ckan.asked import (
    DEFAULT_LIMIT,
    ECHOED,
    MAX_LIMIT,
    NAMES,
    echoed,
    format_of,
    is_told,
    names_of,
    offset_of,
    text_of,
    words_of,
)
from lienthong.ckan.errors import invalid
from lienthong.ckan.parameters import Params, flag, natural
from lienthong.store.hosted_values import HostedTable, Operation, Search, Sort, Words, rank_name

_NULLS: dict[str, Literal["first", "last"]] = {"first": "first", "last": "last"}
assert set(records.FORMATS) == {"objects", "lists", "csv", "tsv"}


@dataclass(frozen=True)
class HostedAsked:
    """What is asked of hosted rows, and what is told back."""

    search: Search
    ranks: tuple[str, ...]
    by_number: bool
    descending: bool
    with_total: bool
    with_next: bool
    echo: Mapping[str, Any] = field(default_factory=dict)


def hosted_asked(params: Params, table: HostedTable) -> HostedAsked:
    """The search that the parameters mean. Raises Refusal, naming the parameter."""
    if unknown := next((name for name in params if name not in NAMES), None):
        raise invalid("__extras", f'invalid value "{unknown}"')
    limit = min(natural(params, "limit", DEFAULT_LIMIT, "Please enter an integer value"), MAX_LIMIT)
    offset = offset_of(params)
    echo: dict[str, Any] = {}
    where = _where(params, table, echo)
    words = _words(params, table, echo)
    ranks = tuple(rank_name(column) for column in words.parts) if words else ()
    sort = _sort(names_of(params, "sort"), table)
    if offset:
        echo["offset"] = offset
    echo |= {name: echoed(name, params) for name in ECHOED if is_told(name, params)}
    search = Search(
        names=_names(params, table, ranks),
        where=where,
        words=words,
        sort=sort,
        limit=limit,
        offset=offset,
        distinct=flag(params, "distinct"),
        kind=format_of(params),
    )
    by_number = [key.field for key in sort] == ["_id"] or (not sort and words is None)
    return HostedAsked(
        search=search,
        ranks=ranks,
        by_number=by_number and not search.distinct,
        descending=bool(sort and sort[0].descending),
        with_total=flag(params, "include_total", True),
        with_next=flag(params, "include_next_page"),
        echo=echo,
    )


def read_filters(given: Any, table: HostedTable) -> tuple[Any, Operation | None]:
    """`filters` as they are told back, and what they mean. Raises Refusal."""
    raw = filters.given_filters(given)
    return raw, filters.Filters(table.by_name).read(raw) if raw else None


def _where(params: Params, table: HostedTable, echo: dict[str, Any]) -> Operation | None:
    if params.get("filters") is None:
        return None
    echo["filters"], operation = read_filters(params["filters"], table)
    if operation is not None:
        echo["filterops"] = operation.echo()
    return operation


def _words(params: Params, table: HostedTable, echo: dict[str, Any]) -> Words | None:
    """`full_text` looks in the whole row, `q` too or, as a dictionary, in columns."""
    parts: dict[str, str] = {}
    if params.get("full_text") not in (None, ""):
        parts[""] = text_of(params["full_text"])
    if (given := params.get("q")) is not None:
        echo["q"] = found = words_of(given)
        if isinstance(found, str):
            parts |= {"": found} if found else {}
        else:
            for name, text in found.items():
                if name not in table.by_name or not isinstance(text, str):
                    raise invalid("q", f'invalid value "{name}"')
                parts[name] = text
    if not parts:
        return None
    return Words(parts, text_of(params.get("language") or "english"), flag(params, "plain", True))


def _names(params: Params, table: HostedTable, ranks: tuple[str, ...]) -> tuple[str, ...]:
    given = names_of(params, "fields")
    known = {"_id", *table.by_name, *ranks}
    for name in given:
        if name not in known:
            raise invalid("fields", f'invalid value "{name}"')
    return tuple(dict.fromkeys(given)) or ("_id", *table.by_name, *ranks)


def _sort(given: list[str], table: HostedTable) -> tuple[Sort, ...]:
    """`a desc nulls last, "b"`."""
    found = []
    for part in given:
        name, rest = _named(part)
        words = rest.lower().split()
        way = words.pop(0) if words[:1] in (["asc"], ["desc"]) else "asc"
        nulls = _NULLS.get(words[1]) if len(words) == 2 and words[0] == "nulls" else None
        if (name != "_id" and name not in table.by_name) or (words and nulls is None):
            raise invalid("sort", f'invalid value "{part}"')
        found.append(Sort(name, way == "desc", nulls))
    return tuple(found)


def _named(part: str) -> tuple[str, str]:
    """The column, which may stand in quotes, and what follows."""
    if part.startswith('"'):
        name, _, rest = part[1:].partition('"')
        return name, rest
    name, _, rest = part.partition(" ")
    return name, rest
