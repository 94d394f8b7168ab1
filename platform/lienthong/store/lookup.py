"""Rows by their keys, in the order of the keys: one statement, however many."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lienthong.contract.model import Contract
from lienthong.store.compile import Compiler, Statement
from lienthong.store.predicate import column
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either, Query

Key = tuple[Any, ...]


def named(contract: Contract, query: Query, keys: Sequence[Key]) -> Query:
    """The query of the rows with these keys, as it is priced, permitted and recorded."""
    names = contract.primary_key
    where: Condition = Compare(names[0], "in", tuple(key[0] for key in keys))
    if len(names) > 1:
        where = Either(tuple(Both(tuple(Compare(n, "eq", v) for n, v in zip(names, k, strict=True))) for k in keys))
    return query.but(where=where, page=replace(query.page, limit=len(keys)))


class Lookup(Compiler):
    """Compiles a query of named keys."""

    def rows_of(self, query: Query, keys: Sequence[Key]) -> Statement:
        """`body` (a JSON array as long as `keys`, null where there is no row), `count`, `next` (places of nulls)."""
        contract, alias = self.scopes[query.dataset].contract, self._alias()
        names = contract.primary_key
        types = [contract.by_name[name].columns[0].sql_type for name in names]
        arrays = [self.params.add([key[n] for key in keys]) + f"::{type_}[]" for n, type_ in enumerate(types)]
        wanted = ", ".join(f"k{n}" for n in range(len(names)))
        same = " and ".join(f"{column(alias, name)} = k.k{n}" for n, name in enumerate(names))
        free = query.but(where=None)
        row = (
            f"select row_to_json(r) as j, {column(alias, ROW_NUMBER)} as i from {self._relation(free)} {alias} "
            f"cross join lateral (select {self._items(free, alias)}) r "
            f"where {same} and {self._where(free, alias, None)} limit 1"
        )
        source = f" from unnest({', '.join(arrays)}) with ordinality k({wanted}, n) left join lateral ({row}) f on true"
        sql = (
            "select coalesce(json_agg(f.j order by k.n), '[]')::text, count(f.j)::int, "
            "coalesce(json_agg(k.n - 1 order by k.n) filter (where f.j is null), '[]')::text, null::int"
        )
        self._touch(query, "array_agg(f.i) filter (where f.i is not null)")
        return self._statement(sql, source, ("body", "count", "next", "total"))
