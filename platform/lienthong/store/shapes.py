"""The answer of a query, as SQL in which PostgreSQL builds the JSON: objects, connections, lists, groups."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry, Relation
from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both
from lienthong.store import apart, jsontext, rollup
from lienthong.store.aggregate import aggregate_sql, groups_sql
from lienthong.store.keyset import SortKey, sort_keys
from lienthong.store.mask import keeps_type, masked_column
from lienthong.store.predicate import column, ident, predicate
from lienthong.store.query import ROW_NUMBER, Connection, Item, Member, Nested, Query, fields
from lienthong.store.reading import Items, Reading
from lienthong.store.scope import Scope, Scopes

_WHOLE_ROWS: dict[tuple[str, frozenset[str], frozenset[str], str, str], str] = {}
"""Whole rows, as select list and as JSON text, which hold no value: by contract, visible fields, alias and form."""


@dataclass
class Beside:
    """What stands beside the page with this alias: related rows that are shown and noted in one go."""

    alias: str
    limit: int
    sql: str = ""
    seen: list[Nested] = field(default_factory=list)
    numbers: list[tuple[str, str]] = field(default_factory=list)  # (dataset, the numbers of its rows as one text)


@dataclass(frozen=True, slots=True)
class Listed:
    """The expression of a text of numbers with commas between them."""

    text: str


class Shapes(Reading):
    """Compiles what an answer is made of; `leaves_out`: without the rows that the server puts in itself."""

    def __init__(self, registry: Registry, scopes: Scopes, leaves_out: bool = False) -> None:
        super().__init__(registry, scopes)
        self._touched: dict[str, list[str | Listed]] = {}
        self._beside: Beside | None = None
        self._leaves_out = leaves_out
        self._tables: list[apart.Table] = []

    def _member(self, query: Query) -> str:
        """A select of one row: the member's JSON as text, and how many rows of the dataset it shows."""
        if query.is_aggregate:
            return f"select ({self._aggregate(query)})::text, 0"
        if query.connection is not None:
            return self._connection(query, query.connection, None, counted=True)
        # Without the offset PostgreSQL would read the row once for each time that it is named.
        return f"select o.j, (o.j is not null)::int from (select ({self._object(query)}) offset 0) o(j)"

    def _object(self, query: Query, link: tuple[Relation, str] | None = None) -> str:
        """A scalar subquery: the one row, as the text of a JSON object."""
        alias = self._alias()
        # What joins texts takes longer to set up than `row_to_json`, which one row alone does not earn back.
        alone = link is None and not any(isinstance(item, Nested) for item in query.items)
        row = "row_to_json(r)::text" if alone else self._row(query, alias)
        beside = f" cross join lateral (select {self._items(query, alias)}) r" if alone else ""
        where = self._where(query, alias, link)
        contract = self.scopes[query.dataset].contract
        source = f"select {row} from {self._relation(query)} {alias}{beside} where {where}"
        if link and query.as_of is None and {far for _, far in link[0].on} >= set(contract.primary_key):
            return source  # there is but one
        # A relation that does not say which version means the latest one.
        start = contract.validity.from_ if link and contract.validity else None
        latest = f" order by {column(alias, start)} desc nulls last" if start else ""
        return f"{source}{latest} limit 1"

    def _connection(
        self,
        query: Query,
        shape: Connection,
        link: tuple[Relation, str] | None,
        counted: bool = False,
        numbered: bool = False,
    ) -> str:
        """A select of one row: a Relay connection with the members asked for, as JSON text.

        `counted` adds its number of rows, `numbered` the numbers of its rows as a text.
        """
        page = self._alias()
        keys = sort_keys(self.scopes[query.dataset], query.order)
        plain = link is not None and all(m.name == "nodes" or m.literal is not None for m in shape.members)
        seen = "" if plain else f" filter (where {page}._n <= {query.page.limit})"
        told = partial(self._connection_member, keys=keys, page=page, query=query, link=link, seen=seen)
        if all(m.name == "totalCount" or m.literal is not None for m in shape.members):
            body = self._object_with(shape.members, partial(told, rows={}))
            return f"select {body}, 0" if counted else f"select {body}"
        shown = set[str]().union(*(self._shown(query, items) for items in shape.rows))
        limit = query.page.limit
        source = self._few(query, keys, link, shown, limit) if plain else self._page(query, keys, link, shown)
        if counted:
            self._beside = Beside(page, query.page.limit)
        rows = {items: self._row(query.but(items=items), page) for items in shape.rows}
        body = self._object_with(shape.members, partial(told, rows=rows))
        beside = self._beside.sql if self._beside and self._beside.alias == page else ""
        count = f", least(count(*), {query.page.limit})::int" if counted else ""
        if counted and self._beside:
            count += "".join(f", {numbers}" for _, numbers in self._beside.numbers)
        if numbered:
            count = f", string_agg({page}.{ROW_NUMBER}::text, ','){seen}"
        return f"select {body}{count} from ({source}) {page}{beside}"

    def _connection_member(
        self,
        member: Member,
        *,
        keys: Sequence[SortKey],
        page: str,
        query: Query,
        rows: Mapping[Items, str],
        link: tuple[Relation, str] | None,
        seen: str,
    ) -> jsontext.Value:
        limit, cursor = query.page.limit, self._cursor(query, keys, page)
        match member.name:
            case "totalCount":
                return jsontext.of_json(self._total(query, link))
            case "nodes":
                return jsontext.of_text(jsontext.array_text(rows[member.items], seen))
            case "edges":
                edge = {p.name: rows[p.items] if p.name == "node" else cursor for p in member.parts if not p.literal}
                made = {n: jsontext.of_text(v) if n == "node" else jsontext.quoted(v) for n, v in edge.items()}
                parts = self._object_with(member.parts, lambda p: made[p.name])
                return jsontext.of_text(jsontext.array_text(parts, seen))
            case _:
                before = "true" if query.page.after else "false"
                info = {
                    "hasNextPage": jsontext.of_json(f"count(*) > {limit}"),
                    "hasPreviousPage": jsontext.Value(jsontext.Fixed(before)),
                    "startCursor": jsontext.quoted(f"max({cursor}) filter (where {page}._n = 1 and {limit} > 0)"),
                    "endCursor": jsontext.quoted(
                        f"max({cursor}) filter (where {page}._n = least({page}._all, {limit}))"
                    ),
                }
                return jsontext.of_text(self._object_with(member.parts, lambda p: info[p.name]))

    def _object_with(self, members: Iterable[Member], value: Callable[[Member], jsontext.Value]) -> str:
        """The text of a JSON object with the members' keys."""
        return jsontext.object_text(
            (m.key, value(m) if m.literal is None else jsontext.constant(m.literal)) for m in members
        )

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
        rolled = rollup.covering(scope, query) if link is None else None
        return aggregate_sql(
            query,
            scope.contract,
            alias,
            f"open.{ident(scope.contract.id + rolled)}" if rolled else self._relation(query),
            lambda: self._where(query, alias, link),
            lambda c: predicate(c, alias, scope.contract, self.params, self._exists, scope.search),
            self._build,
            rollup.ROWS if rolled else None,
        )

    def _groups(self, query: Query) -> str:
        alias = self._alias()
        contract = self.scopes[query.dataset].contract
        return groups_sql(query, contract, alias, self._relation(query), lambda: self._where(query, alias, None))

    def _items(self, query: Query, alias: str) -> str:
        """The select list of an answered row."""
        scope = self.scopes[query.dataset]
        if query.items:
            return ", ".join(f"{self._item(item, scope, alias)} as {ident(item.key)}" for item in query.items)
        key = (scope.contract.fingerprint, scope.fields, scope.masked, alias, "")
        items = fields(scope.visible)
        made = self._whole(key, lambda: ", ".join(f"{self._item(i, scope, alias)} as {ident(i.key)}" for i in items))
        return made or "null as _"

    @staticmethod
    def _whole(key: tuple[str, frozenset[str], frozenset[str], str, str], made: Callable[[], str]) -> str:
        """What `made` makes of whole rows, kept."""
        if key not in _WHOLE_ROWS:
            if len(_WHOLE_ROWS) >= 1000:
                _WHOLE_ROWS.clear()
            _WHOLE_ROWS[key] = made()
        return _WHOLE_ROWS[key]

    def _row(self, query: Query, alias: str) -> str:
        """An answered row as the text of a JSON object."""
        scope = self.scopes[query.dataset]
        if query.items:
            return jsontext.object_text((item.key, self._value(item, scope, alias)) for item in query.items)
        key = (scope.contract.fingerprint, scope.fields, scope.masked, alias, scope.schema)
        items = fields(scope.visible)
        return self._whole(
            key, lambda: jsontext.object_text((item.key, self._value(item, scope, alias)) for item in items)
        )

    def _value(self, item: Item | Nested, scope: Scope, alias: str) -> jsontext.Value:
        """A member of an answered row as JSON text."""
        if isinstance(item, Nested):
            return jsontext.of_text(self._nested(item, scope.contract, alias))
        if item.literal is not None:
            return jsontext.constant(item.literal)
        if item.path:
            return jsontext.of_json(self._item(item, scope, alias))
        if item.field == ROW_NUMBER or item.field in scope.masked:
            return jsontext.of_any(self._item(item, scope, alias))
        field = scope.contract.by_name[item.field]
        checked = scope.schema in ("governed", "open")
        return jsontext.of_field(field, column(alias, item.field), checked)

    def _item(self, item: Item | Nested, scope: Scope, alias: str) -> str:
        """A member of an answered row as a value that `row_to_json` writes."""
        if isinstance(item, Nested):
            return f"({self._nested(item, scope.contract, alias)})::json"
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
        """Related rows as an expression of JSON text, null where there are none."""
        relation = self.registry.relations(contract.id)[item.relation]
        link = (relation, alias)
        if not relation.many:
            return self._left_out(item.query, relation, contract, alias) or f"({self._object(item.query, link)})"
        if item.query.is_aggregate:
            return f"({self._aggregate(item.query, link)})::text"
        if item.query.connection is not None:
            return self._joined(item, link, self._connection, item.query.connection)
        return self._joined(item, link, self._list, None)

    def _left_out(self, query: Query, relation: Relation, near: Contract, alias: str) -> str | None:
        """The place of a related row that the server puts in; None when it is read here."""
        if not self._leaves_out or not apart.may(self.registry, self.scopes, relation, query):
            return None
        inner = Shapes(self.registry, self.scopes)
        row = inner._row(query, "a")
        read = apart.datasets(self.registry, relation.dataset, query)
        table = apart.table(relation, row, "a", read)
        if inner.params.values or len(self._tables) == apart.MOST_TABLES:
            return None
        if table not in self._tables:
            self._tables.append(table)
        return apart.place(self._tables.index(table), relation, alias, apart.free(self.scopes[near.id]))

    def _list(
        self,
        query: Query,
        shape: None,
        link: tuple[Relation, str] | None,
        counted: bool = False,
        numbered: bool = False,
    ) -> str:
        """A select of one row: the related rows as the text of an array; `numbered` adds their numbers as a text."""
        page, keys = self._alias(), sort_keys(self.scopes[query.dataset], query.order)
        source = f"({self._few(query, keys, link, self._shown(query, query.items), query.page.limit)}) {page}"
        numbers = f", string_agg({page}.{ROW_NUMBER}::text, ',')" if numbered else ""
        return f"select {jsontext.array_text(self._row(query, page))}{numbers} from {source}"

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
        beside.numbers.append((item.query.dataset, numbers))
        beside.seen.append(item)
        return f"{name}.j"

    def _about_persons(self, dataset: str) -> bool:
        scope = self.scopes[dataset]
        return scope.schema == "governed" and scope.contract.privacy.subject is not None
