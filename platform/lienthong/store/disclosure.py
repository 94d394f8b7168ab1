"""Looking for what must not be published in the rows of a release, set-based, and leaving such rows out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import Connection, sql

from lienthong.store.schema import table

_BATCH = 5000  # rows fetched at once
Worth = tuple[tuple[str, ...], ...]
"""Patterns (ARE): one of the groups, and all patterns of it, are found in a text that is worth a look."""


@dataclass(frozen=True)
class Look:
    """A text to look at (a column, or a property of the records in a list), and the kinds that must not be there.

    `worth` is cheap, and every finding fulfils it: other texts do not leave the database.
    """

    place: str
    column: str
    part: str | None
    kinds: frozenset[str]
    worth: Worth

    @property
    def text(self) -> sql.Composable:
        """The SQL expression of the text."""
        name = sql.Identifier(self.column)
        if self.part is None:
            return sql.SQL("{}::text").format(name)
        path = sql.Literal(f'$[*]."{self.part}"')
        return sql.SQL("jsonb_path_query_array({}, {}::jsonpath)::text").format(name, path)


@dataclass(frozen=True)
class LeftOut:
    """What was found: rows left out, rows by (place, kind), and the keys of some of them."""

    rows: int
    by_place: tuple[tuple[str, str, int], ...]
    keys: tuple[tuple[dict[str, Any], tuple[str, ...]], ...]


NOTHING = LeftOut(0, (), ())


def leave_out(
    connection: Connection,
    name: str,
    key: Sequence[str],
    looks: Sequence[Look],
    find: Callable[[str], Iterable[str]],
    limit: int = 1000,
) -> LeftOut:
    """Delete the rows of `release.<name>` in whose texts `find` finds a kind that must not be there."""
    if not looks:
        return NOTHING
    connection.execute("create temp table found (_at tid, _places text[]) on commit drop")
    found = list(_found(connection, name, looks, find))  # before the COPY: one thing at a time on a connection
    with connection.cursor() as cursor, cursor.copy("copy pg_temp.found from stdin") as copy:
        for at, places in found:
            copy.write_row((at, places))
    counts = connection.execute(
        "select place, count(*) from pg_temp.found, unnest(_places) place group by 1 order by 1"
    ).fetchall()
    relation, names = table("release", name), sql.SQL(", ").join(sql.Identifier("t", k) for k in key)
    keys = connection.execute(
        sql.SQL(
            "select (select row_to_json(k) from (select {}) k), _places from pg_temp.found f "
            "join {} t on t.ctid = f._at order by {} limit {}"
        ).format(names, relation, names, sql.Literal(limit))
    ).fetchall()
    deleted = connection.execute(
        sql.SQL("delete from {} t using pg_temp.found f where t.ctid = f._at").format(relation)
    ).rowcount
    connection.execute("drop table pg_temp.found")
    by_place = tuple((*place.rsplit(":", 1), count) for place, count in counts)
    return LeftOut(deleted, by_place, tuple((row, tuple(places_)) for row, places_ in keys))


def close_gaps(connection: Connection, name: str) -> None:
    """Number the rows of `release.<name>` anew where some were left out: readers find them by arithmetic."""
    whole = connection.execute(
        sql.SQL("select count(*) = coalesce(max(_id), 0) from {}").format(table("release", name))
    ).fetchone()
    if whole and whole[0]:
        return
    connection.execute(
        sql.SQL(
            "update {0} t set _id = n.number from (select ctid as place, _id, "
            "row_number() over (order by _id) as number from {0}) n where t.ctid = n.place and n._id <> n.number"
        ).format(table("release", name))
    )


def _found(
    connection: Connection, name: str, looks: Sequence[Look], find: Callable[[str], Iterable[str]]
) -> Iterator[tuple[str, list[str]]]:
    """Where rows are (tid) and `place:kind` of what stands in them."""
    statement = sql.SQL("select ctid::text, {} from {} where {}").format(
        sql.SQL(", ").join(look.text for look in looks), table("release", name), _worth(looks)
    )
    with connection.cursor(name="texts") as cursor:
        cursor.itersize = _BATCH
        for at, *texts in cursor.execute(statement):
            places = sorted(
                f"{look.place}:{kind}"
                for look, text in zip(looks, texts, strict=True)
                if text
                for kind in look.kinds.intersection(find(text))
            )
            if places:
                yield at, places


def _worth(looks: Sequence[Look]) -> sql.Composable:
    """The rows that are worth a closer look: texts of one kind are looked at together."""
    tests = []
    for worth, group in groupby(sorted(looks, key=lambda look: look.worth), key=lambda look: look.worth):
        text = sql.SQL("concat_ws(e'\\n', {})").format(sql.SQL(", ").join(look.text for look in group))
        tests.append(worth_sql(text, worth))
    return sql.SQL(" or ").join(tests)


def worth_sql(text: sql.Composable, worth: Worth) -> sql.Composable:
    """The SQL condition that a text is worth a look."""
    ways = (
        sql.SQL(" and ").join(sql.SQL("{} ~ {}").format(text, sql.Literal(pattern)) for pattern in patterns)
        for patterns in worth
    )
    return sql.SQL("({})").format(sql.SQL(" or ").join(ways))
