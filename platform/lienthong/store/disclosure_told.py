"""What all earlier releases of an aggregate told, withdrawn ones included: somebody has them.

`release.<dataset>_told` holds a row a published cell and release: its place by the names of the dimensions, and its
count. Only releases that were public once are compared; those of the last `_RELEASES` numbers.
"""

from collections.abc import Iterator, Mapping, Sequence

from psycopg import Connection, sql

from lienthong.store.schema import table

_RELEASES = 500
_PUBLIC = ("published", "superseded", "withdrawn")
Told = Mapping[tuple[str, ...], set[int]]


def remember(connection: Connection, dataset: str, number: int, key: Sequence[str], count: str) -> None:
    """Write down the cells of `release.<dataset>_<number>`."""
    memory = _memory(dataset)
    connection.execute(
        sql.SQL("create table if not exists {} (number int not null, place jsonb not null, rows bigint)").format(memory)
    )
    connection.execute(sql.SQL("delete from {} where number = %s").format(memory), (number,))
    place = sql.SQL(", ").join(sql.SQL("{}, {}::text").format(sql.Literal(k), sql.Identifier(k)) for k in key)
    connection.execute(
        sql.SQL("insert into {} select {}, jsonb_build_object({}), {} from {}").format(
            memory, sql.Literal(number), place, sql.Identifier(count), table("release", f"{dataset}_{number}")
        )
    )


def told_ever(connection: Connection, dataset: str, key: Sequence[str]) -> Told:
    """Place -> the numbers that releases with these dimensions, or with more, told of it."""
    return _sums(connection, dataset, key, key) if _exists(connection, dataset) else {}


def totals_told(connection: Connection, dataset: str, key: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Told]]:
    """The sets of dimensions (positions in `key`) of which releases with fewer dimensions tell totals, and these."""
    if not _exists(connection, dataset):
        return
    found = connection.execute(
        sql.SQL("select distinct array(select jsonb_object_keys(place) order by 1) from {}").format(_memory(dataset))
    ).fetchall()
    for kept in sorted({tuple(at for at, name in enumerate(key) if name in names) for (names,) in found}):
        if len(kept) < len(key):
            names = [key[at] for at in kept]
            yield kept, _sums(connection, dataset, names, names)


def _sums(connection: Connection, dataset: str, names: Sequence[str], having: Sequence[str]) -> Told:
    """The sums over all other dimensions, of each release by itself."""
    place = sql.SQL("array[{}]::text[]").format(
        sql.SQL(", ").join(sql.SQL("place->>{}").format(sql.Literal(n)) for n in names)
    )
    rows = connection.execute(
        sql.SQL(
            "select place, array_agg(distinct rows) from (select m.number, {} as place, sum(m.rows)::bigint as rows "
            "from {} m join platform.release r on r.dataset = %s and r.number = m.number and r.state = any(%s) "
            "where m.place ?& %s and m.number > (select max(number) from platform.release where dataset = %s) - %s "
            "group by 1, 2) n where rows is not null group by 1"
        ).format(place, _memory(dataset)),
        (dataset, list(_PUBLIC), list(having), dataset, _RELEASES),
    ).fetchall()
    return {tuple(place): set(numbers) for place, numbers in rows}


def _memory(dataset: str) -> sql.Identifier:
    return table("release", f"{dataset}_told")


def _exists(connection: Connection, dataset: str) -> bool:
    found = connection.execute("select to_regclass(%s) is not null", (f"release.{dataset}_told",)).fetchone()
    return found == (True,)
