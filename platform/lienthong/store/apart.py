"""Related rows that the server puts into an answer itself: open ones, the same for everybody, of a dataset with few.

PostgreSQL looks a related row up and writes its text for each row of a page, again and again the same ones. Where they
are open data that nobody filters, the answer leaves a place with the row's key, and the server, which holds the texts
of all of them while their release is served, fills it.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from lienthong.contract.registry import Registry, Relation
from lienthong.store.predicate import column, ident
from lienthong.store.query import Item, Nested, Page, Query
from lienthong.store.scope import Scope, Scopes

MARK = b"\x01"  # before and after a key, and between key and text of a table: JSON holds no such character
MOST_ROWS = 20_000
MOST_TABLES = 10  # of one statement: a place begins with one digit
_MARK, _PART = r"E'\x01'", r"E'\x02'"


@dataclass(frozen=True, slots=True)
class Table:
    """Asks for the texts of all rows of an open dataset, in one shape.

    `sql` answers with one row: key and text of each row in turn between marks, how many rows, how many of their keys
    hold characters that a place cannot hold, and the numbers of the releases of `datasets`.
    """

    sql: str
    datasets: tuple[str, ...]


def may(registry: Registry, scopes: Scopes, relation: Relation, query: Query) -> bool:
    """Are these related rows open data, told whole, each found by its key? Also those that are nested in them."""
    scope = scopes[relation.dataset]
    if scope.schema != "open" or scope.where is not None or scope.masked or scope.release is not None:
        return False
    page = Page(limit=query.page.limit, most=query.page.most)
    if query != Query(query.dataset, items=query.items, page=page):  # filtered, of another day, with a key ...
        return False
    if relation.many or not {far for _, far in relation.on} >= set(scope.contract.primary_key):
        return False
    further = registry.relations(scope.contract.id)
    return all(
        may(registry, scopes, further[item.relation], item.query) if isinstance(item, Nested) else _plain(item)
        for item in query.items
    )


def _plain(item: Item) -> bool:
    return not item.path


def datasets(registry: Registry, dataset: str, query: Query) -> tuple[str, ...]:
    """The dataset and those that are nested in its rows, each once."""
    relations = registry.relations(dataset)
    found = [dataset]
    for item in query.items:
        if isinstance(item, Nested):
            further = relations[item.relation]
            found += datasets(registry, further.dataset, item.query)
    return tuple(dict.fromkeys(found))


def table(relation: Relation, row: str, alias: str, read: Sequence[str]) -> Table:
    """The table of the rows of a relation: `row` is the text of one, of the alias, `read` are the datasets in it."""
    keys = [f"{column(alias, far)}::text" for _, far in relation.on]
    key = f" || {_PART} || ".join(keys)
    strange = " or ".join(rf"{part} ~ '[\x01\x02]'" for part in keys)
    return Table(
        f"select coalesce(string_agg({key} || {_MARK} || {row}, {_MARK}), ''), count(*), "
        f"count(*) filter (where {strange}), {', '.join(told(name) for name in read)} "
        f"from (select * from open.{ident(relation.dataset)} limit {MOST_ROWS + 1}) {alias}",
        tuple(read),
    )


def place(number: int, relation: Relation, alias: str, free: Container[str]) -> str:
    """The expression of the place of a row of table `number`, related to the row `alias`; null where there is none.

    `free`: the columns of that row whose values hold no mark.
    """
    # A mark in a stored value must not end the place: as the other character it is a key that no row has.
    texts = ((near, f"{column(alias, near)}::text") for near, _ in relation.on)
    keys = [text if near in free else f"translate({text}, {_MARK}, {_PART})" for near, text in texts]
    return rf"(E'\x01{number}' || {f' || {_PART} || '.join(keys)} || {_MARK})"


def free(scope: Scope) -> frozenset[str]:
    """The columns of a dataset whose values hold no mark: texts whose form the store checks, and what is no text."""
    checked = scope.schema in ("governed", "open")
    columns = ((column, checked and field.type.bare) for field in scope.contract.fields for column in field.columns)
    return frozenset(column.name for column, bare in columns if bare or column.sql_type != "text")


def told(dataset: str) -> str:
    """The expression of the number of the release that is read."""
    return f"(select _release from open.{ident(dataset + '_release')})"
