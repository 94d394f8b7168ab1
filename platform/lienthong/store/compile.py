"""`Query` -> one SQL statement in which PostgreSQL builds the JSON. The only place where SQL is composed for reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lienthong.store import jsontext
from lienthong.store.apart import Table, told
from lienthong.store.keyset import sort_keys
from lienthong.store.query import ROW_NUMBER, Nested, Page, Query
from lienthong.store.shapes import Beside, Listed, Shapes


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement and its parameters. `columns` names what it answers with, one row always.

    After them stands a column for each dataset of `touched`: the numbers of the rows about persons that are shown.
    `kept`: it will be run again with other values, so it is worth preparing. `apart`: tables of texts that the body has
    places for; the releases of all their datasets are the last of `columns`. `many`: what answers any number of such
    statements at once (`store/together.py`).
    """

    sql: str
    params: tuple[Any, ...]
    columns: tuple[str, ...] = ("body",)
    governed: bool = False
    touched: tuple[str, ...] = ()
    kept: bool = False
    apart: tuple[Table, ...] = ()
    many: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """The datasets whose releases the last columns tell of."""
        return tuple(dict.fromkeys(name for table in self.apart for name in table.datasets))

    def filled(self, params: tuple[Any, ...]) -> "Statement":
        """The same statement with other values."""
        return Statement(self.sql, params, self.columns, self.governed, self.touched, self.kept, self.apart, self.many)


class Compiler(Shapes):
    """Compiles queries over the datasets of one registry, as one caller may see them."""

    # --- whole statements -------------------------------------------------------------------------------------

    def rows(self, query: Query) -> Statement:
        """`body` (a JSON array of rows), `count`, `next` (cursor or null), `total` if asked for, `release` if open."""
        if query.is_aggregate:
            total = f"({self._groups(query)})" if query.total else "null"
            source = f" from ({self._aggregate(query)}) a(j)"
            sql = f"select a.j::text, json_array_length(a.j), null, {total}"
            return self._statement(sql, source, ("body", "count", "next", "total"))
        keys = sort_keys(self.scopes[query.dataset], query.order)
        page, alias = self._page(query, keys, None, self._shown(query, query.items)), "p"
        limit = query.page.limit
        total = f", ({self._total(query)})" if query.total else ", null"
        release, more = self._told_release(query)
        self._beside = Beside(alias, limit)
        row = self._row(query, alias)
        # The page is in order, and nothing after it changes that: sorting again would cost a third of the statement.
        sql = (
            f"select {jsontext.array_text(row, f' filter (where {alias}._n <= {limit})')}, "
            f"least(count(*), {limit})::int, "
            f"case when count(*) > {limit} then max({self._cursor(query, keys, alias)}) "
            f"filter (where {alias}._n = {limit}) end{total}{release}"
        )
        source = f" from ({page}) {alias}{self._beside.sql}"
        self._note(self._beside.numbers)
        self._touch(query, f"array_agg({alias}.{ROW_NUMBER}) filter (where {alias}._n <= {limit})")
        return self._statement(sql, source, ("body", "count", "next", "total", *more))

    def one(self, query: Query) -> Statement:
        """`body`: the row with the key as a JSON object, or null."""
        release, more = self._told_release(query)
        sql = f"select ({self._object(query)}){release}"
        self._touch(query)
        return self._statement(sql, "", ("body", *more))

    def _told_release(self, query: Query) -> tuple[str, tuple[str, ...]]:
        """A further column of the statement, and its name: the release that it reads, none for other rows."""
        release = self._release(query)
        return (f", ({release})", ("release",)) if release else ("", ())

    def explain(self, query: Query) -> Statement:
        """`body`: the plan of finding the rows, as JSON; it is not run."""
        alias = self._alias()
        source, where = self._relation(query), self._where(query, alias, None)
        sql = f"explain (format json) select from {source} {alias} where {where}"
        return Statement(sql, tuple(self.params.values))

    def document(self, members: Sequence[tuple[str, Query]]) -> Statement:
        """`body`: one JSON object with a member per query, each in its own shape (GraphQL's `data`), and `count`."""
        parts: list[tuple[str, jsontext.Value]] = []
        tables, counts = [], []
        for n, (key, query) in enumerate(members):
            self._beside = None
            member = self._member(query)
            noted = self._beside_numbers()
            tables.append(f"({member}) m{n}(j, n{''.join(f', k{k}' for k in range(len(noted)))})")
            self._note([(dataset, f"m{n}.k{k}") for k, (dataset, _) in enumerate(noted)])
            parts.append((key, jsontext.of_text(f"m{n}.j")))
            counts.append(f"coalesce(m{n}.n, 0)")
            self._touch(query)
        sql = f"select {jsontext.object_text(parts)}, {' + '.join(counts)}"
        source = f" from {', '.join(tables)}"
        return self._statement(sql, source, ("body", "count"))

    # --- rows about persons -----------------------------------------------------------------------------------

    def _touch(self, query: Query, own: str | None = None) -> None:
        """Note which rows about persons the query answers with, nested ones too; `own` collects its own ones."""
        if query.is_aggregate:
            return
        if self._about_persons(query.dataset):
            self._touched.setdefault(query.dataset, []).append(own or self._numbers(query, ()))
        self._touch_nested(query, query, ())

    def _beside_numbers(self) -> list[tuple[str, str]]:
        return self._beside.numbers if self._beside else []

    def _note(self, numbers: Sequence[tuple[str, str]]) -> None:
        """Note rows about persons by their numbers, which stand in texts."""
        for dataset, text in numbers:
            self._touched.setdefault(dataset, []).append(Listed(text))

    def _touch_nested(self, root: Query, query: Query, path: tuple[Nested, ...]) -> None:
        for item in query.selected:
            if isinstance(item, Nested) and not item.query.is_aggregate:
                way = (*path, item)
                known = self._beside is not None and any(item is seen for seen in self._beside.seen)
                if self._about_persons(item.query.dataset) and not known:
                    self._touched.setdefault(item.query.dataset, []).append(self._numbers(root, way))
                self._touch_nested(root, item.query, way)

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
            keys = sort_keys(self.scopes[query.dataset], query.order)
            lateral = "lateral " if link else ""
            tables.append(f"{lateral}({self._page(query, keys, link)}) {name}")
            shown.append(f"{name}._n <= {query.page.limit}")
        last = tables[-1].rpartition(" ")[2]
        return f"(select array_agg(distinct {last}.{ROW_NUMBER}) from {', '.join(tables)} where {' and '.join(shown)})"

    def _statement(self, sql: str, source: str, columns: tuple[str, ...]) -> Statement:
        governed = any(scope.schema == "governed" for scope in self.scopes.values())
        touched = "".join(f", {_numbers(parts)}" for parts in self._touched.values())
        params, tables = tuple(self.params.values), tuple(self._tables)
        made = Statement("", params, columns, governed, tuple(self._touched), apart=tables)
        releases = "".join(f", {told(name)}" for name in made.told)
        named = tuple(f"apart{n}" for n in range(len(made.told)))
        return replace(made, sql=sql + releases + touched + source, columns=columns + named)


def _numbers(parts: Sequence[str | Listed]) -> str:
    """The numbers of rows as PostgreSQL writes an array of them."""
    if len(parts) == 1 and isinstance(parts[0], Listed):  # it need not become one
        return f"'{{' || {parts[0].text} || '}}'"
    return " || ".join(p if isinstance(p, str) else f"string_to_array({p.text}, ',')::bigint[]" for p in parts)
