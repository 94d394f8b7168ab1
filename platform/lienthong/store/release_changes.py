"""The changes between releases of an open view, carried from release to release like the history.

`release.<name>_changes` holds the open columns as they became (of a row that is gone, its key), the release with which
they became so, and a number within it. A row `begin` names the first release that followers can start from, a row
`release` the release itself.
"""

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.store.predicate import column, ident
from lienthong.store.release import columns_of
from lienthong.store.schema import stored_columns

KEPT = 100_000
"""So many changes are carried at least; beyond them, and the number of rows, the oldest releases are left out."""


def fill(connection: Connection, contract: Contract, name: str, previous: str | None) -> None:
    """Write how the filled `release.<name>` differs from `release.<previous>`, after what that one carried.

    Rows that are gone leave no trace but their key. When the columns are others, followers start anew.
    """
    columns = [c for c, _ in stored_columns(contract.open_fields)]
    if previous is None or not _alike(connection, name, previous):
        return
    changes, number = f"release.{ident(name + '_changes')}", int(name.rpartition("_")[2])
    _run(connection, f"truncate {changes}")
    listed = f"{_list(columns)}, _release, _n, _op, _at"
    compared = _compared(contract, columns, name, previous, number)
    _run(connection, f"insert into {changes} ({listed}) {compared}")
    gone = " and ".join(f"{column('d', k)} = {column('c', k)}" for k in contract.primary_key)
    _run(
        connection,
        f"insert into {changes} ({listed}) select {listed} from release.{ident(previous + '_changes')} c "
        f"where not exists (select from {changes} d where d._op = 'delete' and {gone})",
    )
    _run(connection, f"insert into {changes} (_release, _n, _op, _at) values ({number}, 0, 'release', now())")
    _forget(connection, name, changes, number)
    _run(connection, f"create index on {changes} (_release, _n)")
    _run(connection, f"analyze {changes}")


def forget(connection: Connection, name: str, upto: int) -> None:
    """Take the changes up to a release out of `release.<name>_changes`; followers from before it begin again."""
    changes = f"release.{ident(name + '_changes')}"
    _run(connection, f"delete from {changes} where _release <= {int(upto)} and _op <> 'begin'")
    _run(connection, f"update {changes} set _release = {int(upto)} where _op = 'begin' and _release < {int(upto)}")


def _alike(connection: Connection, name: str, previous: str) -> bool:
    """Do both releases have the same columns, and the one before its changes?"""
    now, before = (columns_of(connection, "release", n + "_changes") for n in (name, previous))
    return now == before


def _compared(contract: Contract, columns: list[str], name: str, previous: str, number: int) -> str:
    """A query of the changes, in the order of the key."""
    key, first = contract.primary_key, contract.primary_key[0]
    same = " and ".join(f"{column('n', k)} = {column('p', k)}" for k in key)
    now, before = (", ".join(column(alias, c) for c in columns) for alias in ("n", "p"))
    shown = ", ".join(
        f"coalesce({column('n', c)}, {column('p', c)}) as {ident(c)}" if c in key else f"{column('n', c)} as {ident(c)}"
        for c in columns
    )
    op = (
        f"case when {column('p', first)} is null then 'insert' when {column('n', first)} is null then 'delete' "
        "else 'update' end"
    )
    return (
        f"select {_list(columns)}, {number}, row_number() over (order by {_list(key)}), _op, now() from ("
        f"select {shown}, {op} as _op from release.{ident(name)} n full join release.{ident(previous)} p on {same} "
        f"where row({now}) is distinct from row({before})) d"
    )


def _forget(connection: Connection, name: str, changes: str, number: int) -> None:
    """Leave out the oldest releases when there are more changes than rows; followers then start from a later one."""
    found = connection.execute(
        f"with s as (select _release, sum(count(*)) over (order by _release desc) as upto from {changes} "
        f"where _op not in ('begin', 'release') group by _release), "
        f"most as (select greatest({KEPT}, count(*)) as rows from release.{ident(name)}) "
        f"select bool_or(upto > rows), min(_release) filter (where upto <= rows) from s, most".encode()
    ).fetchone()
    if not found or not found[0]:
        return
    begin = (found[1] - 1) if found[1] else number
    _run(connection, f"delete from {changes} where _release <= {begin} and _op not in ('begin', 'release')")
    _run(connection, f"update {changes} set _release = {begin} where _op = 'begin'")


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(map(ident, names))


def _run(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())
