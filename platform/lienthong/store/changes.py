"""Changes of a dataset since a place in its feed, as one caller may see them: one SQL statement, as for any read.

Governed data: the outbox tells which version of which row began or ended, history holds the version. Open data: the
changes between releases (`store.release_changes`). What a caller may see is judged on both versions of a row: one that
enters what they may see is an insert to them, one that leaves it a delete, and one whose visible part stays as it was
is no change. A change is put or taken away by its key, so applying one twice does no harm.
"""

import hashlib
import json
from dataclasses import dataclass

from lienthong.contract.registry import Registry
from lienthong.contract.types import TYPES
from lienthong.store.compile import Compiler, Statement
from lienthong.store.keyset import cursor_sql, sort_keys
from lienthong.store.predicate import column, ident
from lienthong.store.query import ROW_NUMBER, Item, Order, Page, Query, compared
from lienthong.store.scope import Scopes

COLUMNS = ("body", "count", "next", "total")
Marks = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a feed. `marks`: the last outbox number that was seen, or a release and a number within it.

    None is the end of the feed. `whole`: the whole state is being read, and `marks` is where its changes begin; `after`
    is then the place within it.
    """

    marks: Marks | None = None
    whole: bool = False
    after: str | None = None


def changes(
    registry: Registry, scopes: Scopes, dataset: str, place: Place, limit: int, lines: bool = False
) -> Statement:
    """`body` (a JSON array, or lines), `count`, `next` (the place after it), `total` (1 when more is there already).

    `next` is a JSON array of marks and the place within the whole state; null when `place` is no longer known.
    """
    kind = _Open if scopes[dataset].schema == "open" else _Governed
    reader = kind(registry, scopes, dataset, lines)
    return reader.state(place, limit) if place.whole else reader.since(place.marks, limit)


def etag(row: str | bytes) -> str:
    """The `version` of a row that is at hand as the API shows it, in JSON; its ETag, without quotes."""
    return hashlib.sha256(row.encode() if isinstance(row, str) else row).hexdigest()[:32]


class _Feed(Compiler):
    """What both kinds of feeds share: the whole state, and how a change is written."""

    order: tuple[Order, ...]

    def __init__(self, registry: Registry, scopes: Scopes, dataset: str, lines: bool) -> None:
        super().__init__(registry, scopes)
        self.query, self.scope, self.lines = Query(dataset), scopes[dataset], lines
        self.contract = self.scope.contract

    def state(self, place: Place, limit: int) -> Statement:
        """A page of the whole state as inserts; changes begin where its first page was read."""
        query = self.query.but(order=self.order, page=Page(limit=limit, after=place.after))
        keys = sort_keys(self.scope, query.order)
        marks, more = f"({self.head()})", f"count(*) > {limit}"
        if place.marks:
            marks, end = f"'{json.dumps(place.marks)}'::json", marks
            more += f" or {end}::text <> {marks}::text"
        # The place names no release: whoever reads slowly reads the newer rows, and the changes put right the others.
        last = f"max({cursor_sql(keys, 'p')}) filter (where p._n = {limit})"
        sql = (
            f"select {self._collected('p._n', f'p._n <= {limit}')}, least(count(*), {limit})::int, "
            f"json_build_array({marks}, case when count(*) > {limit} then {last} end)::text, ({more})::int"
        )
        made = self._change("'insert'", self._key("p"), "null", "row_to_json(r)")
        source = (
            f" from ({self._page(query, keys, None)}) p cross join lateral (select {self._items(query, 'p')}) r "
            f"cross join lateral (select {made}) c(j)"
        )
        self._touch(query, f"array_agg(p.{ROW_NUMBER}) filter (where p._n <= {limit})")
        return self._statement(sql, source, COLUMNS)

    def head(self) -> str:
        """A query of the marks of the end of the feed, as a JSON array."""
        raise NotImplementedError

    def since(self, marks: Marks | None, limit: int) -> Statement:
        """A page of changes after `marks`, or after the end."""
        raise NotImplementedError

    def _change(self, op: str, key: str, at: str, row: str) -> str:
        """The JSON of one change. `version` is the same for all who see the same of a row."""
        moment = TYPES["datetime"].json_expr(at, {}) if at != "null" else at
        version = f"left(encode(sha256(convert_to(({row})::text, 'UTF8')), 'hex'), 32)"
        return f"json_build_object('op', {op}, 'key', {key}, 'at', {moment}, 'version', {version}, 'row', {row})"

    def _key(self, alias: str) -> str:
        """The primary key as a JSON array; the row's number when the caller may not see all of the key."""
        if self.scope.key == (ROW_NUMBER,):
            return f"json_build_array({column(alias, ROW_NUMBER)})"
        return f"json_build_array({', '.join(self._item(Item(n, n), self.scope, alias) for n in self.scope.key)})"

    def _collected(self, order: str, where: str) -> str:
        """The changes `c.j` as one text."""
        if self.lines:
            return f"coalesce(string_agg(c.j::text, E'\\n' order by {order}) filter (where {where}), '')"
        return f"coalesce(json_agg(c.j order by {order}) filter (where {where}), '[]')::text"


class _Governed(_Feed):
    """The feed of current rows and their history."""

    order = (Order(ROW_NUMBER),)

    def head(self) -> str:
        return f"select json_build_array(({self._last()}))"

    def _last(self) -> str:
        return f"select coalesce(max(id), 0) from platform.outbox where dataset = {self.params.add(self.contract.id)}"

    def since(self, marks: Marks | None, limit: int) -> Statement:
        after = f"{self.params.add(marks[0])}::bigint" if marks else f"({self._last()})"
        noted = (
            f"select row_number() over (order by id) as _n, o.* from (select id, op, at, row_id from platform.outbox "
            f"where dataset = {self.params.add(self.contract.id)} and id > {after} order by id limit {limit + 1}) o"
        )
        op = "case when b._row is null then 'insert' when n._row is null then 'delete' else 'update' end"
        change = self._change(op, "coalesce(n._key, b._key)", "o.at", "n._row")
        found = (
            f"select n._row as now, b._row as before, {change} as j "
            f"from (select 1) one left join lateral ({self._version('_from')}) n on o.op <> 'delete' "
            f"left join lateral ({self._version('_to')}) b on o.op <> 'insert'"
        )
        last = f"coalesce(max(o.id) filter (where o._n <= {limit}), {after})"
        seen = f"o._n <= {limit} and c.now::text is distinct from c.before::text"
        sql = (
            f"select {self._collected('o._n', seen)}, (count(*) filter (where {seen}))::int, "
            f"json_build_array(json_build_array({last}), null)::text, (count(*) > {limit})::int"
        )
        self._touch(self.query, f"array_agg(o.row_id) filter (where {seen})")
        return self._statement(sql, f" from ({noted}) o cross join lateral ({found}) c", COLUMNS)

    def _version(self, moment: str) -> str:
        """The version of the noted row that began (`_from`) or ended (`_to`) then, if the caller may see it."""
        named = compared(self.scope.where)
        listed = ", ".join(ident(n) for n in dict.fromkeys([*self._stored(self.query), *named, ROW_NUMBER]))
        table, at = ident(self.contract.id), f"where {ROW_NUMBER} = o.row_id and {moment} = o.at"
        relation = f"select {listed} from history.{table} {at}"
        if moment == "_from":
            relation = f"select {listed} from governed.{table} {at} union all {relation}"
        return (
            f"select row_to_json(r) as _row, {self._key('v')} as _key from ({relation}) v "
            f"cross join lateral (select {self._items(self.query, 'v')}) r "
            f"where {self._where(self.query, 'v', None)} limit 1"
        )


class _Open(_Feed):
    """The feed of releases."""

    order = ()

    @property
    def _table(self) -> str:
        return f"open.{ident(self.contract.id + '_changes')}"

    def head(self) -> str:
        return f"select json_build_array(_release, _n) from {self._table} order by _release desc, _n desc limit 1"

    def since(self, marks: Marks | None, limit: int) -> Statement:
        start = f"select {int(marks[0])} as r, {int(marks[1])}::bigint as n" if marks else "select r, n from h"
        listed = ", ".join(ident(n) for n in (*self._stored(self.query), "_release", "_n", "_op", "_at"))
        head = (
            f"with h as (select _release as r, _n as n from {self._table} order by _release desc, _n desc limit 1), "
            f"b as (select min(_release) as r from {self._table} where _op = 'begin'), s as ({start}) "
        )
        page = (
            f"select row_number() over (order by _release, _n) as _m, q.* from (select {listed} from {self._table} "
            f"where (_release, _n) > (select r, n from s) and _op not in ('begin', 'release') "
            f"order by _release, _n limit {limit + 1}) q"
        )
        last = f"(array_agg(json_build_array(p._release, p._n) order by p._m desc) filter (where p._m <= {limit}))[1]"
        place = f"case when count(*) > {limit} then {last} else (select json_build_array(r, n) from h) end"
        sql = (
            f"{head} select {self._collected('p._m', f'p._m <= {limit}')}, least(count(*), {limit})::int, "
            f"case when (select s.r between b.r and h.r from s, b, h) then json_build_array({place}, null)::text end, "
            f"(count(*) > {limit})::int"
        )
        row = "case when p._op <> 'delete' then row_to_json(r) end"
        source = (
            f" from ({page}) p cross join lateral (select {self._items(self.query, 'p')}) r "
            f"cross join lateral (select {self._change('p._op', self._key('p'), 'p._at', row)}) c(j)"
        )
        return self._statement(sql, source, COLUMNS)
