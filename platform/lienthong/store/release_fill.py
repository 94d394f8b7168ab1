"""Governed rows -> the tables of a release: open columns of open rows, or groups of them, with their history."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import Connection, RawCursor

from lienthong.contract.model import Contract
from lienthong.contract.opened import Measure as ViewMeasure
from lienthong.contract.registry import Registry
from lienthong.store.aggregate import group_sql, measure_sql
from lienthong.store.compile import Compiler
from lienthong.store.condition import condition
from lienthong.store.disclosure_cells import sums_of
from lienthong.store.predicate import column, ident, predicate
from lienthong.store.query import Condition, Group, Measure
from lienthong.store.schema import stored_columns
from lienthong.store.scope import Scope


@dataclass(frozen=True)
class Cells:
    """The groups of an aggregate: how many there are, how many are too small to publish, how many lack a dimension."""

    all: int
    small: int
    unplaced: int


class OpenCompiler(Compiler):
    """Compiles the condition of an open view over governed rows; relations in it look at governed rows too."""

    def __init__(self, registry: Registry, contract: Contract) -> None:
        everything = ((c, frozenset(c.by_name)) for c in registry.contracts.values() if not c.derived_from)
        super().__init__(registry, {c.id: Scope(c, "governed", fields) for c, fields in everything})
        self.contract = contract

    def where(self, given: Mapping[str, object] | None, alias: str) -> str:
        """`given`, in the grammar of conditions, as SQL over `alias`; true when there is none."""
        found = condition(self.registry, self.contract, given) if given else None
        return self.sql(found, alias) if found is not None else "true"

    def sql(self, given: Condition, alias: str) -> str:
        return predicate(given, alias, self.contract, self.params, self._exists)


def fill_rows(connection: Connection, registry: Registry, contract: Contract, name: str) -> None:
    """Fill `release.<name>` and its history from the open rows of a dataset, in the order of the key."""
    assert contract.open_view is not None
    columns = [column_ for column_, _ in stored_columns(contract.open_fields)]
    if not _has_history(connection, contract):
        compiler = OpenCompiler(registry, contract)
        where = compiler.where(contract.open_view.where, "t")
        rows = f"select {_list(columns, 't')}, t._from from governed.{ident(contract.id)} t where {where}"
        _run(connection, f"{_into(name, columns)} {rows} order by {_list(contract.primary_key, 't')}", compiler)
        return
    _versions(connection, registry, contract, columns)
    _fill_with_history(connection, registry, contract, name, columns)


def _has_history(connection: Connection, contract: Contract) -> bool:
    found = connection.execute(f"select exists (select from history.{ident(contract.id)})".encode()).fetchone()
    return found == (True,)


def _fill_with_history(
    connection: Connection, registry: Registry, contract: Contract, name: str, columns: Sequence[str]
) -> None:
    assert contract.open_view is not None
    compiler, key = OpenCompiler(registry, contract), contract.primary_key
    where = compiler.where(contract.open_view.where, "t")
    same = " and ".join(f"{column('v', k)} = {column('t', k)}" for k in key)
    current = (
        f"select {_list(columns, 't')}, coalesce(v._since, t._from) from governed.{ident(contract.id)} t "
        f"left join pg_temp.versions v on {same} and v._to is null where {where} order by {_list(key, 't')}"
    )
    _run(connection, f"{_into(name, columns)} {current}", compiler)
    past = (
        f"select {_list(columns, 'v')}, _since, _to from pg_temp.versions v where _to is not null "
        f"order by {_list(key, 'v')}, _since"
    )
    _run(connection, f"{_into(name + '_history', columns, '_from', '_to')} {past}")
    _run(connection, "drop table pg_temp.versions")


def _versions(connection: Connection, registry: Registry, contract: Contract, columns: Sequence[str]) -> None:
    """The open versions of every row that has a history; those whose open columns did not change are one."""
    assert contract.open_view is not None
    key, view = contract.primary_key, contract.open_view.where
    compiler = OpenCompiler(registry, contract)
    same = " and ".join(f"{column('h', k)} = {column('t', k)}" for k in key)
    plain, of_row = _list(columns, "t"), _list(key)
    current, past = f"governed.{ident(contract.id)}", f"history.{ident(contract.id)}"
    spans = (
        f"select {plain}, t._from, t._to from {past} t where t._from < t._to and {compiler.where(view, 't')} union all "
        f"select {plain}, t._from, null from {current} t where exists (select from {past} h where {same}) "
        f"and {compiler.where(view, 't')}"
    )
    order = f"partition by {of_row} order by _from, _to nulls last"
    marked = (
        f"select *, (lag(_to) over w is distinct from _from "
        f"or lag(row({_list(columns)})) over w is distinct from row({_list(columns)}))::int as _begins "
        f"from spans window w as ({order})"
    )
    numbered = f"select *, sum(_begins) over ({order}) as _number from marked"
    one = (
        f"select distinct on ({of_row}, _number) {_list(columns)}, _to, "
        f"min(_from) over (partition by {of_row}, _number) as _since from numbered "
        f"order by {of_row}, _number, _from desc"
    )
    _run(
        connection,
        "create temp table versions on commit drop as "
        f"with spans as ({spans}), marked as ({marked}), numbered as ({numbered}) {one}",
        compiler,
    )
    _run(connection, "analyze pg_temp.versions")


Protect = Callable[[Connection, Contract, Contract, str | None], None]
"""Marks cells of `pg_temp.cells` to be left out (`_out`): connection, aggregate, its base, the release before."""


def fill_groups(
    connection: Connection,
    registry: Registry,
    contract: Contract,
    name: str,
    previous: str | None,
    protect: Protect | None = None,
) -> Cells:
    """Fill `release.<name>` from the groups of an aggregate open view; groups of fewer than k rows are left out.

    So are those that `protect` marks. `previous` is the release before, of the same columns: what changed since is
    added to its history.
    """
    assert contract.derived_from is not None
    base = registry.get(contract.derived_from)
    _group(connection, registry, contract, base)
    if protect:
        protect(connection, contract, base, previous)
    columns, key = [c for c, _ in stored_columns(contract.fields)], contract.primary_key
    placed = " and ".join(f"{column('c', k)} is not null" for k in key)
    k = contract.privacy.k
    counted = connection.execute(
        f"select count(*), count(*) filter (where _rows < {int(k)} and {placed}), "
        f"count(*) filter (where not ({placed})) from pg_temp.cells c".encode()
    ).fetchone()
    assert counted is not None
    typed = ", ".join(_published(base, c, type_) for c, type_ in stored_columns(contract.fields))
    since, join = "now()", ""
    if previous:
        numbers = [c for c in columns if c not in key]
        join = f"left join release.{ident(previous)} p on {_same(key, 'p', 'n')}"
        since = f"case when {_equal(numbers, 'p', 'n')} then coalesce(p._from, now()) else now() end"
    rows = f"select {typed} from pg_temp.cells c where _rows >= {int(k)} and not _out and {placed}"
    renamed = f"(select * from ({rows}) n) n({', '.join(map(ident, columns))})"
    into, order = _into(name, columns), _list(key, "n")
    _run(connection, f"{into} select {_list(columns, 'n')}, {since} from {renamed} {join} order by {order}")
    if previous:
        _carry_history(connection, contract, name, previous, columns)
    _run(connection, "drop table pg_temp.cells")
    return Cells(*counted)


def _published(base: Contract, name: str, type_: str) -> str:
    """The expression of a published column: counts are rounded where the contract says so."""
    view = base.open_view
    assert view is not None
    counts = {m.name for m in view.measures if m.measure == "count"}
    if view.protection.rounding and name in counts:
        by = int(view.protection.rounding)
        return f"(round({column('c', name)}::numeric / {by}) * {by})::{type_}"
    return f"{column('c', name)}::{type_}"


def _group(connection: Connection, registry: Registry, contract: Contract, base: Contract) -> None:
    """The groups, with their rows (or contributors), and of each sum the total and its largest parts."""
    view = base.open_view
    assert view is not None
    compiler = OpenCompiler(registry, base)
    groups = [f"{group_sql(Group(g.field, g.of, g.transform), base, 't')} as {ident(g.field)}" for g in view.group_by]
    measures = []
    for m in view.measures:
        where = condition(registry, base, m.where) if m.where else None
        made = measure_sql(Measure(m.name, m.measure, m.of, where=where), "t", lambda c: compiler.sql(c, "t"))
        measures.append(f"{made} as {ident(m.name)}")
    numbers = ", ".join(str(n + 1) for n in range(len(groups)))
    by = view.protection.contributor
    own = f"count(distinct {column('t', by)})" if by else "count(*)"
    parts = [part for at, m in enumerate(sums_of(base)) for part in _parts(base, m, at, compiler, registry)]
    _run(
        connection,
        f"create temp table cells on commit drop as select {', '.join([*groups, *measures, *parts])}, {own} as _rows, "
        f"false as _out from governed.{ident(base.id)} t where {compiler.where(view.where, 't')} group by {numbers}",
        compiler,
    )


def _parts(base: Contract, measure: ViewMeasure, at: int, compiler: OpenCompiler, registry: Registry) -> Iterable[str]:
    """Of a sum: the total, its size whatever the signs, of how many it is, and the largest single rows, or all parts by
    contributor."""
    assert base.open_view is not None and measure.of
    protection, value = base.open_view.protection, column("t", measure.of)
    where = condition(registry, base, measure.where) if measure.where else None
    only = f" filter (where {compiler.sql(where, 't')})" if where is not None else ""
    yield f"sum({value}){only}::float8 as _sum_{at}"
    yield f"sum(abs({value})){only}::float8 as _size_{at}"
    if protection.contributor:
        owner = column("t", protection.contributor)
        yield f"count(distinct case when {value} is not null then {owner} end){only} as _of_{at}"
        yield f"jsonb_agg(jsonb_build_array({owner}, {value}) order by {owner}){only} as _top_{at}"
    else:
        yield f"count({value}){only} as _of_{at}"
        largest = f"array_agg(abs({value}) order by abs({value}) desc nulls last){only}"
        yield f"({largest})[1:{protection.n + 1}] as _top_{at}"


def _carry_history(
    connection: Connection, contract: Contract, name: str, previous: str, columns: Sequence[str]
) -> None:
    """The history of the release before, and its groups that are gone or changed, closed now."""
    into = _into(name + "_history", columns, "_from", "_to")
    past = f"select {_list(columns)}, _from, _to from release.{ident(previous + '_history')}"
    numbers = [c for c in columns if c not in contract.primary_key]
    gone = (
        f"select {_list(columns, 'p')}, p._from, now() from release.{ident(previous)} p "
        f"left join release.{ident(name)} n on {_same(contract.primary_key, 'p', 'n')} "
        f"where {column('n', contract.primary_key[0])} is null or not ({_equal(numbers, 'p', 'n')})"
    )
    _run(connection, f"{into} {past} union all {gone}")


def _same(names: Iterable[str], left: str, right: str) -> str:
    return " and ".join(f"{column(left, n)} = {column(right, n)}" for n in names)


def _equal(names: Sequence[str], left: str, right: str) -> str:
    """The columns have the same values, missing ones included."""
    if not names:
        return "true"
    return f"({_list(names, left)}) is not distinct from ({_list(names, right)})"


def _list(names: Iterable[str], alias: str | None = None) -> str:
    return ", ".join(column(alias, name) if alias else ident(name) for name in names)


def _into(name: str, columns: Iterable[str], *further: str) -> str:
    return f"insert into release.{ident(name)} ({_list([*columns, *(further or ('_from',))])})"


def _run(connection: Connection, statement: str, compiler: Compiler | None = None) -> None:
    with RawCursor(connection) as cursor:
        cursor.execute(statement.encode(), compiler.params.values if compiler and compiler.params.values else None)
