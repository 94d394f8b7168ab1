"""What a query may cost at most, from its real values: the rows that it can answer with, and what counting takes.

The price is an upper bound: a query never answers more rows, nested ones and groups included, than it was priced at.
"""

from collections.abc import Iterator

from lienthong.contract.registry import Registry
from lienthong.kernel.problem import QueryInvalid, TooCostly
from lienthong.kernel.text import both
from lienthong.store.formula import Formula, leaves
from lienthong.store.query import Both, Compare, Condition, Either, Fails, Item, Nested, Not, Query, Related, Text

MAX_DEPTH = 8
MAX_ROWS = 100_000
COUNTED = 10  # a count or an aggregate, in rows: it answers few and looks at many
VALUES = 10  # so many values of a filter cost as much as one row


def price(registry: Registry, query: Query, depth: int = 1) -> int:
    """The cost of a query with all that is nested in it. Raises TooCostly, QueryInvalid."""
    if depth > MAX_DEPTH:
        raise TooCostly(both(f"Truy vấn lồng quá {MAX_DEPTH} tầng", f"The query is nested more than {MAX_DEPTH} deep"))
    most = query.page.most
    if not 0 <= query.page.limit <= most:
        raise QueryInvalid(both(f"limit phải từ 0 đến {most}", f"limit must be 0 to {most}"), place="limit")
    shown = sum(
        1 + sum(price(registry, item.query, depth + 1) for item in items if isinstance(item, Nested))
        for items in _shown(query)
    )
    conditions = [query.where, *(measure.where for measure in query.measures)]
    looked_at = COUNTED * _counts(query) + sum(map(_values, conditions)) // VALUES
    return rows_at_most(registry, query) * shown + looked_at


def rows_at_most(registry: Registry, query: Query) -> int:
    """How many rows or groups the query itself can answer with, without what is nested in them."""
    if query.connection is not None and all(m.name == "totalCount" or m.literal for m in query.connection.members):
        return 0
    if query.key is not None or (query.is_aggregate and not query.groups):
        return 1
    return query.page.limit if query.is_aggregate else min(query.page.limit, _keys(registry, query))


def check(registry: Registry, *queries: Query) -> int:
    """The cost of a request. Raises TooCostly with the cost and the limit."""
    return within(sum(price(registry, query) for query in queries))


def within(cost: int) -> int:
    """The cost, when a request may have it. Raises TooCostly with the cost and the limit."""
    if cost > MAX_ROWS:
        raise TooCostly(
            both(
                f"Truy vấn có thể trả {cost} dòng, giới hạn {MAX_ROWS}",
                f"The query may answer {cost} rows, the limit is {MAX_ROWS}",
            ),
            fix=both("Xin ít dòng hơn, hoặc lồng ít tầng hơn", "Ask for fewer rows, or nest less"),
            cost=cost,
            limit=MAX_ROWS,
        )
    return cost


def _shown(query: Query) -> list[tuple[Item | Nested, ...]]:
    """What is shown of each row, as often as it is shown; a page whose rows nobody sees is read all the same."""
    if query.connection is None:
        return [query.items]
    found = []
    for member in query.connection.members:
        if member.name == "nodes":
            found.append(member.items)
        elif member.name == "edges":
            found += [part.items for part in member.parts if part.name == "node"] or [()]
    return found or [()]


def _counts(query: Query) -> int:
    """How many times all rows that fit are looked at, whatever the page."""
    members = query.connection.members if query.connection else ()
    return int(query.total) + int(query.is_aggregate) + sum(member.name == "totalCount" for member in members)


def _keys(registry: Registry, query: Query) -> int:
    """How many rows there can be when the condition names whole keys; else as many as there are on a page."""
    contract = registry.contracts.get(query.dataset)
    if contract is None:
        return query.page.limit
    named = {leaf.field: len(leaf.value) if leaf.op == "in" else 1 for leaf in _required(query.where)}
    found = 1
    for name in contract.primary_key:
        found *= named.get(name, query.page.limit)
    return found


def _required(condition: Condition | None) -> Iterator[Compare]:
    """The comparisons by value that every row of the answer fulfils."""
    if isinstance(condition, Compare) and condition.op in ("eq", "in"):
        yield condition
    elif isinstance(condition, Both):
        for part in condition.parts:
            yield from _required(part)


def _values(condition: Condition | None) -> int:
    """How many values a condition compares with."""
    match condition:
        case Compare(op="in", value=values):
            return len(values)
        case Compare():
            return 1
        case Text(words):
            return len(words.split())
        case Both(parts) | Either(parts):
            return sum(map(_values, parts))
        case Not(part) | Fails(part) | Related(_, part):
            return 1 + _values(part)
        case Formula():
            return sum(1 for _ in leaves(condition))
        case _:
            return 0
