"""The rows that a query reads, as SQL: which relation, which rows of it, one page of them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry, Relation
from lienthong.kernel.clock import VIETNAM
from lienthong.store.keyset import SortKey, after_sql, cursor_sql, opened_cursor, release_of, sort_keys
from lienthong.store.mask import masked_column
from lienthong.store.predicate import Params, column, ident, predicate
from lienthong.store.query import (
    ROW_NUMBER,
    Connection,
    Item,
    Nested,
    Order,
    Query,
    Related,
    Text,
    all_of,
    compared,
    fields,
    required,
)
from lienthong.store.scope import Scopes
from lienthong.store.words import BUCKET, by_bucket, terms

Items = tuple[Item | Nested, ...]
_KEY_ORDER = ((), (Order(ROW_NUMBER),))  # the rows of a release are numbered in the order of its key


class Reading:
    """What queries of one caller over the datasets of one registry read. Its parameters grow as parts are compiled."""

    def __init__(self, registry: Registry, scopes: Scopes) -> None:
        self.registry = registry
        self.scopes = scopes
        self.params = Params()
        self._aliases = 0

    def _page(
        self,
        query: Query,
        keys: Sequence[SortKey],
        link: tuple[Relation, str] | None,
        shown: set[str] | None = None,
    ) -> str:
        """A numbered page of stored rows, one longer than asked for to know whether more follow.

        `shown`: the columns that are needed of them; all that may be seen when it is not given.
        """
        counted = ", count(*) over () as _all" if query.connection and _has_end(query.connection) else ""
        page = self._few(query, keys, link, shown, int(query.page.limit) + 1)
        return f"select row_number() over () as _n{counted}, q.* from ({page}) q"

    def _few(
        self,
        query: Query,
        keys: Sequence[SortKey],
        link: tuple[Relation, str] | None,
        shown: set[str] | None,
        limit: int,
    ) -> str:
        """So many stored rows of the query's page, in its order, not numbered."""
        alias = self._alias()
        where, after = self._where(query, alias, link), ""
        if query.page.after is not None:
            after = after_sql(keys, opened_cursor(query.page.after, keys), alias, self.params)
            where += f" and {after}"
        order = ", ".join(key.order_sql(alias) for key in keys)
        offset = f" offset {int(query.page.offset)}" if query.page.offset else ""
        # By name: a caller may read some columns only.
        stored = dict.fromkeys(c for c in self._stored(query) if shown is None or c in shown)
        stored |= dict.fromkeys([*(key.column for key in keys), ROW_NUMBER])
        listed = ", ".join(column(alias, name) for name in stored)
        source = self._relation(query)
        if link is None and self._in_key_order(query):
            start = (
                f"select {alias}.{BUCKET} from {source} {alias} where {after} order by {order} limit 1" if after else ""
            )
            rows = f"{listed} from {source} {alias}"
            return by_bucket(source, alias, rows, where, order, limit, start, int(query.page.offset))
        return f"select {listed} from {source} {alias} where {where} order by {order} limit {limit}{offset}"

    def _in_key_order(self, query: Query) -> bool:
        """Does a search for words ask for rows in the order in which a release lies on disk?"""
        scope = self.scopes[query.dataset]
        if scope.schema != "open" or query.order not in _KEY_ORDER or (query.as_of and not scope.contract.validity):
            return False
        return any(isinstance(leaf, Text) and terms(leaf.words) for leaf in required(query.where))

    def _shown(self, query: Query, items: Items) -> set[str]:
        """The stored columns that `items` are made of."""
        scope = self.scopes[query.dataset]
        found: set[str] = set()
        for item in items or fields(scope.visible):
            if isinstance(item, Nested):
                found.update(near for near, _ in self.registry.relations(scope.contract.id)[item.relation].on)
            elif item.literal is None and item.field != ROW_NUMBER:
                field = scope.contract.by_name[item.field]
                found.update([masked_column(field)] if item.field in scope.masked else [c.name for c in field.columns])
        return found

    def _stored(self, query: Query) -> list[str]:
        """The stored columns of the visible fields; of a masked one that of its mask."""
        scope = self.scopes[query.dataset]
        found: list[str] = []
        for name in scope.visible:
            field = scope.contract.by_name[name]
            found += [masked_column(field)] if name in scope.masked else [c.name for c in field.columns]
        return found

    def _total(self, query: Query, link: tuple[Relation, str] | None = None) -> str:
        alias = self._alias()
        return f"select count(*) from {self._relation(query)} {alias} where {self._where(query, alias, link)}"

    def _where(self, query: Query, alias: str, link: tuple[Relation, str] | None) -> str:
        """The caller's row filter, the query's condition, the key, the date, and the link to the outer row."""
        scope = self.scopes[query.dataset]
        condition = all_of(scope.where, query.where)
        parts = [self._linked(link, alias)] if link else []
        if condition is not None:
            parts.append(predicate(condition, alias, scope.contract, self.params, self._exists, scope.search))
        for name, value in zip(scope.contract.primary_key, query.key or (), strict=False):
            parts.append(f"{column(alias, name)} = {self.params.add(value)}")
        if query.as_of is not None and scope.contract.validity:
            parts.append(self._valid(scope.contract, alias, query.as_of))
        return " and ".join(parts) or "true"

    def _valid(self, contract: Contract, alias: str, as_of: date | datetime) -> str:
        assert contract.validity
        day = as_of.astimezone(VIETNAM).date() if isinstance(as_of, datetime) else as_of
        start, end = column(alias, contract.validity.from_), column(alias, contract.validity.to)
        on = self.params.add(day)
        return f"({start} is null or {start} <= {on}) and ({end} is null or {end} >= {on})"

    def _linked(self, link: tuple[Relation, str], alias: str) -> str:
        relation, outer = link
        return " and ".join(f"{column(alias, far)} = {column(outer, near)}" for near, far in relation.on)

    def _exists(self, condition: Related, alias: str, contract: Contract) -> str:
        relation = self.registry.relations(contract.id)[condition.relation]
        inner = self._alias()
        query = Query(relation.dataset, where=condition.where)
        source, where = self._relation(query), self._where(query, inner, (relation, alias))
        return f"exists (select from {source} {inner} where {where})"

    def _relation(self, query: Query) -> str:
        """The stored relation, or all versions recorded on a date when the contract has no validity of its own."""
        scope = self.scopes[query.dataset]
        schema, name = self._place(query)
        current = f"{schema}.{ident(name)}"
        if query.as_of is None or scope.contract.validity:
            return current
        moment = _end_of(query.as_of)
        past = f"history.{ident(name)}" if schema == "governed" else f"{schema}.{ident(name + '_history')}"
        names = [ident(name) for name in self._stored(query)]
        needed = [ident(n) for n in (*scope.key, *compared(scope.where))]  # a row filter may look at hidden fields
        further = ["_search"] if scope.searchable else []
        listed = ", ".join(dict.fromkeys([*names, *needed, *further, ident(ROW_NUMBER)]))
        at = self.params.add(moment)
        return (
            f"(select {listed} from {current} where _from <= {at} union all "
            f"select {listed} from {past} where _from <= {at} and _to > {at})"
        )

    def _place(self, query: Query) -> tuple[str, str]:
        """Schema and name of the relation: a page goes on in the release in which its cursor was made."""
        scope = self.scopes[query.dataset]
        if scope.release is not None:
            return scope.schema, f"{scope.contract.id}_{scope.release}"
        pinned = self._pinned(query)
        return (scope.schema, scope.contract.id) if pinned is None else ("kept", f"{scope.contract.id}_{pinned}")

    def _pinned(self, query: Query) -> int | None:
        """The release that the query's cursor names. Raises QueryInvalid."""
        scope, after = self.scopes[query.dataset], query.page.after
        if scope.schema != "open" or after is None or query.is_aggregate:
            return None
        return release_of(after, sort_keys(scope, query.order))

    def _release(self, query: Query) -> str | None:
        """The SQL expression of the number of the release that the query reads; None when it reads no release."""
        scope, pinned = self.scopes[query.dataset], self._pinned(query)
        if scope.schema != "open":
            return None
        if pinned is not None:
            return str(pinned)
        return f"select _release from open.{ident(scope.contract.id + '_release')}"

    def _cursor(self, query: Query, keys: Sequence[SortKey], alias: str) -> str:
        """The SQL expression of a row's cursor."""
        return cursor_sql(keys, alias, self._release(query))

    def _literal(self, text: str) -> str:
        """A key of the answer as a parameter: keys come from callers (GraphQL aliases)."""
        return self.params.add(text) + "::text"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"


def _has_end(shape: Connection) -> bool:
    """Does it tell the cursor of its last row?"""
    return any(part.name == "endCursor" for member in shape.members for part in member.parts)


def _end_of(as_of: date | datetime) -> datetime:
    """The last moment that a date means."""
    if isinstance(as_of, datetime):
        return as_of
    return datetime.combine(as_of + timedelta(days=1), time.min, VIETNAM) - timedelta(microseconds=1)
