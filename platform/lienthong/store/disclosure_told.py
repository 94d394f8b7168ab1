"""What all earlier releases of an aggregate told, withdrawn ones included: somebody has them.

`release.<dataset>_told` holds a row a published cell and release: its place by the names of the dimensions, and its
count. Only releases that were public once are compared; those of the last `_RELEASES` numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from psycopg import Connection, sql

from lienthong.store.schema import table

_RELEASES = 500
_PUBLIC = ("published", "superseded", "withdrawn")
Told = Mapping[tuple[str, ...], set[int]]


def remember(connection: Connection, dataset: str, base: str, number: int, key: Sequence[str], count: str) -> None:
    """Write down the cells of `release.<dataset>_<number>`. `base`: whose rows they count, the comment of the table."""
    memory = _memory(dataset)
    connection.execute(
        sql.SQL("create table if not exists {} (number int not null, place jsonb not null, rows bigint)").format(memory)
    )
    connection.execute(sql.SQL("comment on table {} is {}").format(memory, sql.Literal(base)))
    connection.execute(sql.SQL("delete from {} where number = %s").format(memory), (number,))
    place = sql.SQL(", ").join(sql.SQL("{}, {}::text").format(sql.Literal(k), sql.Identifier(k)) for k in key)
    connection.execute(
        sql.SQL("insert into {} select {}, jsonb_build_object({}), {} from {}").format(
            memory, sql.Literal(number), place, sql.Identifier(count), table("release", f"{dataset}_{number}")
        )
    )


def told_ever(connection: Connection, dataset: str, base: str, key: Sequence[str]) -> Told:
    """Place -> the numbers that releases with these dimensions, or with more, told of it; of all views of the base."""
    found: dict[tuple[str, ...], set[int]] = {}
    for view in _views(connection, dataset, base):
        for place, numbers in _sums(connection, view, key).items():
            found.setdefault(place, set()).update(numbers)
    return found


def told_last(
    connection: Connection, dataset: str, base: str, key: Sequence[str]
) -> Mapping[tuple[str, ...], set[int]]:
    """Place -> the number that was told last: of each view of the base one."""
    found: dict[tuple[str, ...], set[int]] = {}
    for view in _views(connection, dataset, base):
        for place, rows in connection.execute(
            sql.SQL("select distinct on (place) place, rows from ({}) n order by place, number desc").format(
                _each(view, key)
            ),
            _asked(view, key),
        ).fetchall():
            found.setdefault(tuple(place), set()).add(rows)
    return found


def totals_told(
    connection: Connection, dataset: str, base: str, key: Sequence[str]
) -> Iterator[tuple[tuple[int, ...], Told]]:
    """The sets of dimensions (positions in `key`) of which releases with fewer dimensions tell totals, and these."""
    for view in _views(connection, dataset, base):
        found = connection.execute(
            sql.SQL("select distinct array(select jsonb_object_keys(place) order by 1) from {}").format(_memory(view))
        ).fetchall()
        for kept in sorted({tuple(at for at, name in enumerate(key) if name in names) for (names,) in found}):
            if len(kept) < len(key):
                yield kept, _sums(connection, view, [key[at] for at in kept])


def told_otherwise(
    connection: Connection,
    dataset: str,
    base: str,
    key: Sequence[str],
    sample: Sequence[str],
    grain: Callable[[str], str | None],
) -> list[dict[tuple[str, ...], int]]:
    """The cells of each release that cut one dimension of time otherwise, in the order of `key`.

    `sample`: the place of a cell of today; `grain`: how a label cuts time. The dimension may have had another name.
    """
    found = []
    for view in _views(connection, dataset, base):
        for number, place in connection.execute(
            sql.SQL(
                "select distinct on (m.number) m.number, m.place from {} m join platform.release r on r.dataset = %s "
                "and r.number = m.number and r.state = any(%s) where not m.place @? '$.* ? (@ == null)' order by 1"
            ).format(_memory(view)),
            (view, list(_PUBLIC)),
        ).fetchall():
            names = _renamed(place, key, sample, grain)
            if names and any(grain(place[n]) != grain(label) for n, label in zip(names, sample, strict=True)):
                found.append(_of_one(connection, view, number, names))
    return found


def _renamed(
    place: Mapping[str, str], key: Sequence[str], sample: Sequence[str], grain: Callable[[str], str | None]
) -> list[str] | None:
    """The names that the dimensions of `key` had at a place; nothing where more than one of time is another."""
    gone, new = sorted({*place} - {*key}), [name for name in key if name not in place]
    if len(place) != len(key) or len(gone) > 1:
        return None
    names = [gone[0] if name in new else name for name in key]
    told = [(grain(place[name]), grain(label)) for name, label in zip(names, sample, strict=True)]
    if any((a is None) != (b is None) for a, b in told) or new and told[key.index(new[0])][0] is None:
        return None
    return names


def _of_one(connection: Connection, view: str, number: int, names: Sequence[str]) -> dict[tuple[str, ...], int]:
    place = sql.SQL(", ").join(sql.SQL("place->>{}").format(sql.Literal(n)) for n in names)
    rows = connection.execute(
        sql.SQL(
            "select array[{}]::text[], rows from {} "
            "where number = %s and rows is not null and not place @? '$.* ? (@ == null)'"
        ).format(place, _memory(view)),
        (number,),
    ).fetchall()
    return {tuple(at): count for at, count in rows}


def _sums(connection: Connection, dataset: str, names: Sequence[str]) -> Told:
    """The sums over all other dimensions, of each release by itself."""
    rows = connection.execute(
        sql.SQL("select place, array_agg(distinct rows) from ({}) n group by 1").format(_each(dataset, names)),
        _asked(dataset, names),
    ).fetchall()
    return {tuple(place): set(numbers) for place, numbers in rows}


def _each(dataset: str, names: Sequence[str]) -> sql.Composed:
    """Number of the release, place and sum, of releases that were public and have these dimensions."""
    place = sql.SQL("array[{}]::text[]").format(
        sql.SQL(", ").join(sql.SQL("place->>{}").format(sql.Literal(n)) for n in names)
    )
    return sql.SQL(
        "select * from (select m.number, {} as place, sum(m.rows)::bigint as rows "
        "from {} m join platform.release r on r.dataset = %s and r.number = m.number and r.state = any(%s) "
        "where m.place ?& %s and m.number > (select max(number) from platform.release where dataset = %s) - %s "
        "group by 1, 2) e where rows is not null"
    ).format(place, _memory(dataset))


def _asked(dataset: str, names: Sequence[str]) -> tuple[object, ...]:
    return dataset, list(_PUBLIC), list(names), dataset, _RELEASES


def _views(connection: Connection, dataset: str, base: str) -> list[str]:
    """The aggregates of which something is remembered and that count the same rows, whatever they are called."""
    found = connection.execute(
        "select left(relname, -5) from pg_class where relnamespace = 'release'::regnamespace and relkind = 'r' and "
        "relname like %s and (obj_description(oid, 'pg_class') = %s or relname = %s) order by 1",
        (r"%\_told", base, f"{dataset}_told"),
    ).fetchall()
    return [name for (name,) in found]


def _memory(dataset: str) -> sql.Identifier:
    return table("release", f"{dataset}_told")
