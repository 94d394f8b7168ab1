"""`Query` -> one SQL statement in which PostgreSQL builds the JSON. The only place where SQL is composed for reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry, Relation
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both
from lienthong.store.aggregate import aggregate_sql, groups_sql
from lienthong.store.keyset import SortKey, after_sql, cursor_sql, opened_cursor, sort_keys
from lienthong.store.mask import keeps_type, masked_column
from lienthong.store.predicate import Params, column, ident, predicate
from lienthong.store.query import (
    ROW_NUMBER,
    Connection,
    Item,
    Member,
    Nested,
    Page,
    Query,
    Related,
    Text,
    all_of,
    fields,
    required,
)
from lienthong.store.scope import Scope, Scopes
from lienthong.store.words import BUCKET, by_bucket, terms

Items = tuple[Item | Nested, ...]


def _has_end(shape: Connection) -> bool:
    """Does it tell the cursor of its last row?"""
    return any(part.name == "endCursor" for member in shape.members for part in member.parts)


_WHOLE_ROWS: dict[tuple[str, frozenset[str], frozenset[str], str], str] = {}
"""Select lists of whole rows, which hold no value, by contract, visible fields and alias."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement and its parameters. `columns` names what it answers with, one row always.

    After them stands a column for each dataset of `touched`: the numbers of the rows about persons that are shown.
    `kept`: it will be run again with other values, so it is worth preparing.
    """

    sql: str
    params: tuple[Any, ...]
    columns: tuple[str, ...] = ("body",)
    governed: bool = False
    touched: tuple[str, ...] = ()
    kept: bool = False


@dataclass
class Beside:
    """What stands beside the page with this alias: related rows that are shown and noted in one go."""

    alias: str
    limit: int
    sql: str = ""
    seen: list[Nested] = field(default_factory=list)


class Compiler:
    """Compiles queries over the datasets of one registry, as one caller may see them."""

    def __init__(self, registry: Registry, scopes: Scopes) -> None:
        self.registry = registry
        self.scopes = scopes
        self.params = Params()
        self._aliases = 0
        self._touched: dict[str, list[str]] = {}
        self._beside: Beside | None = None

    # --- whole statements -------------------------------------------------------------------------------------

    def rows(self, query: Query) -> Statement:
        """`body` (a JSON array of rows), `count`, `next` (cursor or null) and, when asked for, `total`."""
        if query.is_aggregate:
            total = f"({self._groups(query)})" if query.total else "null"
            source = f" from ({self._aggregate(query)}) a(j)"
            sql = f"select a.j::text, json_array_length(a.j), null, {total}"
            return self._statement(sql, source, ("body", "count", "next", "total"))
        keys = sort_keys(self.scopes[query.dataset].contract, query.order)
        page, alias = self._page(query, keys, None, self._shown(query, query.items)), "p"
        limit = query.page.limit
        total = f", ({self._total(query)})" if query.total else ", null"
        self._beside = Beside(alias, limit)
        items = self._items(query, alias)
        # The page is in order, and nothing after it changes that: sorting again would cost a third of the statement.
        sql = (
            f"select coalesce(json_agg(row_to_json(r)) filter (where {alias}._n <= {limit}), "
            f"'[]')::text, least(count(*), {limit})::int, "
            f"case when count(*) > {limit} then max({cursor_sql(keys, alias)}) "
            f"filter (where {alias}._n = {limit}) end{total}"
        )
        source = f" from ({page}) {alias}{self._beside.sql} cross join lateral (select {items}) r"
        self._touch(query, f"array_agg({alias}.{ROW_NUMBER}) filter (where {alias}._n <= {limit})")
        return self._statement(sql, source, ("body", "count", "next", "total"))

    def one(self, query: Query) -> Statement:
        """`body`: the row with the key as a JSON object, or null."""
        sql = f"select ({self._object(query)})::text"
        self._touch(query)
        return self._statement(sql, "", ("body",))

    def explain(self, query: Query) -> Statement:
        """`body`: the plan of finding the rows, as JSON; it is not run."""
        alias = self._alias()
        source, where = self._relation(query), self._where(query, alias, None)
        sql = f"explain (format json) select from {source} {alias} where {where}"
        return Statement(sql, tuple(self.params.values))

    def features(self, query: Query, geometry: str) -> Statement:
        """`body` (a JSON array of GeoJSON features), `count`, `next`, `total`; the geometry is not a property."""
        scope = self.scopes[query.dataset]
        keys = sort_keys(scope.contract, query.order)
        names = query.items or fields(scope.visible)
        rest = query.but(items=tuple(i for i in names if not (isinstance(i, Item) and i.field == geometry)))
        page, limit = self._page(query, keys, None), query.page.limit
        ids = ", ".join(f"p.{ident(name)}::text" for name in scope.contract.primary_key)
        feature = (
            f"json_build_object('type', 'Feature', 'id', concat_ws(',', {ids}), "
            f"'geometry', st_asgeojson(p.{ident(geometry)}, 6)::json, 'properties', row_to_json(r))"
        )
        total = f", ({self._total(query)})" if query.total else ", null"
        sql = (
            f"select coalesce(json_agg({feature} order by p._n) filter (where p._n <= {limit}), '[]')::text, "
            f"least(count(*), {limit})::int, case when count(*) > {limit} then max({cursor_sql(keys, 'p')}) "
            f"filter (where p._n = {limit}) end{total}"
        )
        source = f" from ({page}) p cross join lateral (select {self._items(rest, 'p')}) r"
        self._touch(query, f"array_agg(p.{ROW_NUMBER}) filter (where p._n <= {limit})")
        return self._statement(sql, source, ("body", "count", "next", "total"))

    def document(self, members: Sequence[tuple[str, Query]]) -> Statement:
        """`body`: one JSON object with a member per query, each in its own shape (GraphQL's `data`), and `count`."""
        tables, parts, counts = [], [], []
        for n, (key, query) in enumerate(members):
            tables.append(f"({self._member(query)}) m{n}(j, n)")
            parts.append(f"m{n}.j as {ident(key)}")
            counts.append(f"coalesce(m{n}.n, 0)")
            self._touch(query)
        sql = f"select row_to_json(d)::text, {' + '.join(counts)}"
        source = f" from {', '.join(tables)} cross join lateral (select {', '.join(parts)}) d"
        return self._statement(sql, source, ("body", "count"))

    # --- shapes -----------------------------------------------------------------------------------------------

    def _member(self, query: Query) -> str:
        """A select of one row: the member's JSON, and how many rows of the dataset it shows."""
        if query.is_aggregate:
            return f"select ({self._aggregate(query)}), 0"
        if query.connection is not None:
            return self._connection(query, query.connection, None, counted=True)
        return f"select o.j, (o.j is not null)::int from (select ({self._object(query)})) o(j)"

    def _object(self, query: Query, link: tuple[Relation, str] | None = None) -> str:
        """A scalar subquery: the one row, as a JSON object."""
        alias = self._alias()
        items = self._items(query, alias)
        where = self._where(query, alias, link)
        validity = self.scopes[query.dataset].contract.validity
        # A relation that does not say which version means the latest one.
        latest = f" order by {column(alias, validity.from_)} desc nulls last" if link and validity else ""
        return (
            f"select row_to_json(r) from {self._relation(query)} {alias} "
            f"cross join lateral (select {items}) r where {where}{latest} limit 1"
        )

    def _connection(
        self,
        query: Query,
        shape: Connection,
        link: tuple[Relation, str] | None,
        counted: bool = False,
        numbered: bool = False,
    ) -> str:
        """A select of one row: a Relay connection with the members asked for.

        `counted` adds its number of rows, `numbered` the numbers of its rows as a text.
        """
        page = self._alias()
        keys = sort_keys(self.scopes[query.dataset].contract, query.order)
        rows = {items: f"r{n}" for n, items in enumerate(shape.rows)}
        body = self._build((m, self._connection_member(m, keys, page, query, rows, link)) for m in shape.members)
        if all(m.name == "totalCount" or m.literal is not None for m in shape.members):
            return f"select {body}, 0" if counted else f"select {body}"
        shown = set[str]().union(*(self._shown(query, items) for items in rows))
        source = f"({self._page(query, keys, link, shown)}) {page}"
        if counted:
            self._beside = Beside(page, query.page.limit)
        items = [f" cross join lateral (select {self._items(query.but(items=i), page)}) {n}" for i, n in rows.items()]
        beside = self._beside.sql if self._beside and self._beside.alias == page else ""
        count = f", least(count(*), {query.page.limit})::int" if counted else ""
        if numbered:
            count = f", string_agg({page}.{ROW_NUMBER}::text, ',') filter (where {page}._n <= {query.page.limit})"
        return f"select {body}{count} from {source}{beside}{''.join(items)}"

    def _connection_member(
        self,
        member: Member,
        keys: Sequence[SortKey],
        page: str,
        query: Query,
        rows: Mapping[Items, str],
        link: tuple[Relation, str] | None,
    ) -> str:
        limit, cursor = query.page.limit, cursor_sql(keys, page)
        seen = f"filter (where {page}._n <= {limit})"
        match member.name:
            case "totalCount":
                return f"({self._total(query, link)})"
            case "nodes":
                return f"coalesce(json_agg(row_to_json({rows[member.items]})) {seen}, '[]')"
            case "edges":
                parts = self._build(
                    (p, f"row_to_json({rows[p.items]})" if p.name == "node" else cursor) for p in member.parts
                )
                return f"coalesce(json_agg({parts}) {seen}, '[]')"
            case "pageInfo":
                info = {
                    "hasNextPage": f"count(*) > {limit}",
                    "hasPreviousPage": "true" if query.page.after else "false",
                    "startCursor": f"max({cursor}) filter (where {page}._n = 1 and {limit} > 0)",
                    "endCursor": f"max({cursor}) filter (where {page}._n = least({page}._all, {limit}))",
                }
                return self._build((p, info.get(p.name, "")) for p in member.parts)
            case _:
                return ""

    def _build(self, members: Iterable[tuple[Member | Item, str]]) -> str:
        """A JSON object with the members' keys. Raises TooCostly above what one call of PostgreSQL takes."""
        pairs = [
            f"{self._literal(m.key)}, {value if m.literal is None else self._literal(m.literal)}"
            for m, value in members
        ]
        if len(pairs) > 50:
            raise TooCostly(both("Một đối tượng có quá 50 thành phần", "An object has more than 50 members"), limit=50)
        return f"json_build_object({', '.join(pairs)})"

    def _aggregate(self, query: Query, link: tuple[Relation, str] | None = None) -> str:
        scope = self.scopes[query.dataset]
        alias = self._alias()
        return aggregate_sql(
            query,
            scope.contract,
            alias,
            self._relation(query),
            lambda: self._where(query, alias, link),
            lambda c: predicate(c, alias, scope.contract, self.params, self._exists, scope.search),
            self._build,
        )

    def _groups(self, query: Query) -> str:
        alias = self._alias()
        contract = self.scopes[query.dataset].contract
        return groups_sql(query, contract, alias, self._relation(query), lambda: self._where(query, alias, None))

    # --- parts ------------------------------------------------------------------------------------------------

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
        alias = self._alias()
        where, after = self._where(query, alias, link), ""
        if query.page.after is not None:
            after = after_sql(keys, opened_cursor(query.page.after, keys), alias, self.params)
            where += f" and {after}"
        order = ", ".join(key.order_sql(alias) for key in keys)
        limit = int(query.page.limit) + 1
        offset = f" offset {int(query.page.offset)}" if query.page.offset else ""
        # By name: a caller may read some columns only.
        stored = dict.fromkeys(c for c in self._stored(query) if shown is None or c in shown)
        stored |= dict.fromkeys([*(key.column for key in keys), ROW_NUMBER])
        listed = ", ".join(column(alias, name) for name in stored)
        counted = ", count(*) over () as _all" if query.connection and _has_end(query.connection) else ""
        source, limited = self._relation(query), f"where {where} order by {order} limit {limit}{offset}"
        page = f"select {listed} from {source} {alias} {limited}"
        if link is None and self._in_key_order(query):
            start = (
                f"select {alias}.{BUCKET} from {source} {alias} where {after} order by {order} limit 1" if after else ""
            )
            page = by_bucket(source, alias, f"{listed} from {source} {alias}", where, order, limit, start)
        return f"select row_number() over () as _n{counted}, q.* from ({page}) q"

    def _in_key_order(self, query: Query) -> bool:
        """Does a search for words ask for the first rows in the order in which a release lies on disk?"""
        scope = self.scopes[query.dataset]
        if scope.schema != "open" or query.order or query.page.offset or (query.as_of and not scope.contract.validity):
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

    def _items(self, query: Query, alias: str) -> str:
        """The select list of an answered row."""
        scope = self.scopes[query.dataset]
        if query.items:
            return ", ".join(f"{self._item(item, scope, alias)} as {ident(item.key)}" for item in query.items)
        key = (scope.contract.fingerprint, scope.fields, scope.masked, alias)
        if key not in _WHOLE_ROWS:
            if len(_WHOLE_ROWS) >= 1000:
                _WHOLE_ROWS.clear()
            items = fields(scope.visible)
            _WHOLE_ROWS[key] = ", ".join(f"{self._item(i, scope, alias)} as {ident(i.key)}" for i in items)
        return _WHOLE_ROWS[key] or "null as _"

    def _item(self, item: Item | Nested, scope: Scope, alias: str) -> str:
        if isinstance(item, Nested):
            return self._nested(item, scope.contract, alias)
        if item.literal is not None:
            return self._literal(item.literal)
        if item.field == ROW_NUMBER:
            return column(alias, ROW_NUMBER)
        field = scope.contract.by_name[item.field]
        if item.field in scope.masked:
            seen = column(alias, masked_column(field))
            return field.type.json_expr(seen, field.options) if keeps_type(field) else seen
        value = field.type.json_expr(column(alias, item.field), field.options)
        if not item.path:
            return value
        record = self._build((p, "" if p.literal else f"l.e -> {self._literal(p.field)}") for p in item.path)
        listed = f"select coalesce(json_agg({record} order by l.n), '[]') from jsonb_array_elements({value})"
        return f"case when {value} is not null then ({listed} with ordinality l(e, n)) end"

    def _nested(self, item: Nested, contract: Contract, alias: str) -> str:
        relation = self.registry.relations(contract.id)[item.relation]
        link = (relation, alias)
        if not relation.many:
            return f"({self._object(item.query, link)})"
        if item.query.is_aggregate:
            return f"({self._aggregate(item.query, link)})"
        if item.query.connection is not None:
            return self._joined(item, link, self._connection, item.query.connection)
        return self._joined(item, link, self._list, None)

    def _list(
        self,
        query: Query,
        shape: None,
        link: tuple[Relation, str] | None,
        counted: bool = False,
        numbered: bool = False,
    ) -> str:
        """A select of one row: the related rows as an array; `numbered` adds their numbers as a text."""
        page, limit = self._alias(), query.page.limit
        keys = sort_keys(self.scopes[query.dataset].contract, query.order)
        source = f"({self._page(query, keys, link, self._shown(query, query.items))}) {page}"
        source += f" cross join lateral (select {self._items(query, page)}) r"
        seen = f"filter (where {page}._n <= {limit})"
        numbers = f", string_agg({page}.{ROW_NUMBER}::text, ',') {seen}" if numbered else ""
        return f"select coalesce(json_agg(row_to_json(r)) {seen}, '[]'){numbers} from {source}"

    def _joined(self, item: Nested, link: tuple[Relation, str], made: Callable[..., str], shape: Any) -> str:
        """Related rows as an expression; those about persons stand beside the page, which then has their numbers."""
        beside = self._beside
        if beside is None or beside.alias != link[1] or not self._about_persons(item.query.dataset):
            return f"({made(item.query, shape, link)})"
        name = self._alias()
        self._beside = None  # what is nested deeper is nested in another page
        beside.sql += f" cross join lateral ({made(item.query, shape, link, numbered=True)}) {name}(j, k)"
        self._beside = beside
        numbers = f"string_agg({name}.k, ',') filter (where {beside.alias}._n <= {beside.limit})"
        self._touched.setdefault(item.query.dataset, []).append(f"string_to_array({numbers}, ',')::bigint[]")
        beside.seen.append(item)
        return f"{name}.j"

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
        table = ident(scope.contract.id)
        if query.as_of is None or scope.contract.validity:
            return f"{scope.schema}.{table}"
        moment = _end_of(query.as_of)
        own = f"{scope.schema}.{ident(scope.contract.id + '_history')}"
        past = own if scope.schema != "governed" else f"history.{table}"
        names = [ident(name) for name in self._stored(query)]
        needed = [ident(n) for n in scope.contract.primary_key if ident(n) not in names]
        listed = ", ".join([*names, *needed, *(["_search"] if scope.searchable else []), ROW_NUMBER])
        at = self.params.add(moment)
        return (
            f"(select {listed} from {scope.schema}.{table} where _from <= {at} union all "
            f"select {listed} from {past} where _from <= {at} and _to > {at})"
        )

    def _literal(self, text: str) -> str:
        """A key of the answer as a parameter: keys come from callers (GraphQL aliases)."""
        return self.params.add(text) + "::text"

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    # --- rows about persons -----------------------------------------------------------------------------------

    def _touch(self, query: Query, own: str | None = None) -> None:
        """Note which rows about persons the query answers with, nested ones too; `own` collects its own ones."""
        if query.is_aggregate:
            return
        if self._about_persons(query.dataset):
            self._touched.setdefault(query.dataset, []).append(own or self._numbers(query, ()))
        self._touch_nested(query, query, ())

    def _touch_nested(self, root: Query, query: Query, path: tuple[Nested, ...]) -> None:
        for item in query.selected:
            if isinstance(item, Nested) and not item.query.is_aggregate:
                way = (*path, item)
                known = self._beside is not None and any(item is seen for seen in self._beside.seen)
                if self._about_persons(item.query.dataset) and not known:
                    self._touched.setdefault(item.query.dataset, []).append(self._numbers(root, way))
                self._touch_nested(root, item.query, way)

    def _about_persons(self, dataset: str) -> bool:
        scope = self.scopes[dataset]
        return scope.schema == "governed" and scope.contract.privacy.subject is not None

    def _numbers(self, root: Query, path: tuple[Nested, ...]) -> str:
        """A scalar subquery: the numbers of the rows at the end of a way of relations from the root's page."""
        query, link = root, None
        tables: list[str] = []
        shown: list[str] = []
        for step in (None, *path):
            if step is not None:
                relation = self.registry.relations(query.dataset)[step.relation]
                query, link = step.query, (relation, tables[-1].rpartition(" ")[2])
                if not relation.many:
                    query = query.but(page=Page(limit=1))
            name = self._alias()
            keys = sort_keys(self.scopes[query.dataset].contract, query.order)
            lateral = "lateral " if link else ""
            tables.append(f"{lateral}({self._page(query, keys, link)}) {name}")
            shown.append(f"{name}._n <= {query.page.limit}")
        last = tables[-1].rpartition(" ")[2]
        return f"(select array_agg(distinct {last}.{ROW_NUMBER}) from {', '.join(tables)} where {' and '.join(shown)})"

    def _statement(self, sql: str, source: str, columns: tuple[str, ...]) -> Statement:
        governed = any(scope.schema == "governed" for scope in self.scopes.values())
        touched = "".join(f", {' || '.join(parts)}" for parts in self._touched.values())
        return Statement(sql + touched + source, tuple(self.params.values), columns, governed, tuple(self._touched))


def _end_of(as_of: date | datetime) -> datetime:
    """The last moment that a date means."""
    if isinstance(as_of, datetime):
        return as_of
    return datetime.combine(as_of + timedelta(days=1), time.min, VIETNAM) - timedelta(microseconds=1)
