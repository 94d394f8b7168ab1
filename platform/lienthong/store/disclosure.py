"""Looking for what must not be published in the rows of a release, set-based, and leaving such rows out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from lienthong.store.schema import table


@dataclass(frozen=True)
class Look:
    """A text to look at (a column, or a property of the records in a list) and the pattern that must not be there.

    `free` is running text, where a cheap pattern is tried first; a code is short, and tried at once.
    """

    place: str
    detector: str
    column: str
    part: str | None
    pattern: str
    free: bool

    @property
    def text(self) -> sql.Composable:
        """The SQL expression of the text."""
        name = sql.Identifier(self.column)
        if self.part is None:
            return sql.SQL("{}::text").format(name)
        path = sql.Literal(f'$[*]."{self.part}"')
        return sql.SQL("jsonb_path_query_array({}, {}::jsonpath)::text").format(name, path)

    @property
    def found(self) -> sql.Composable:
        """The SQL condition that the pattern stands in the text."""
        return sql.SQL("{} ~ {}").format(self.text, sql.Literal(self.pattern))


@dataclass(frozen=True)
class LeftOut:
    """What was found: rows left out, rows by (place, detector), and the keys of some of them."""

    rows: int
    by_place: tuple[tuple[str, str, int], ...]
    keys: tuple[tuple[dict[str, Any], tuple[str, ...]], ...]


NOTHING = LeftOut(0, (), ())


def leave_out(
    connection: Connection, name: str, key: Sequence[str], looks: Sequence[Look], first: str, limit: int = 1000
) -> LeftOut:
    """Delete the rows of `release.<name>` in which a pattern is found.

    `first` is a cheap pattern that every finding in running text fulfils: most rows are looked at once only.
    """
    if not looks:
        return NOTHING
    relation, names = table("release", name), sql.SQL(", ").join(map(sql.Identifier, key))
    places = sql.SQL(", ").join(
        sql.SQL("case when {} then {} end").format(look.found, sql.Literal(f"{look.place}:{look.detector}"))
        for look in looks
    )
    connection.execute(
        sql.SQL(
            "create temp table found on commit drop as select * from (select ctid as _at, {names}, "
            "array_remove(array[{places}], null) as _places from {relation} "
            "where {worth}) f where cardinality(_places) > 0"
        ).format(names=names, places=places, relation=relation, worth=_worth(looks, first))
    )
    counts = connection.execute(
        "select place, count(*) from pg_temp.found, unnest(_places) place group by 1 order by 1"
    ).fetchall()
    keys = connection.execute(
        sql.SQL(
            "select (select row_to_json(k) from (select {}) k), _places from pg_temp.found order by {} limit {}"
        ).format(names, names, sql.Literal(limit))
    ).fetchall()
    deleted = connection.execute(
        sql.SQL("delete from {} t using pg_temp.found f where t.ctid = f._at").format(relation)
    ).rowcount
    connection.execute("drop table pg_temp.found")
    by_place = tuple((*place.rsplit(":", 1), count) for place, count in counts)
    return LeftOut(deleted, by_place, tuple((row, tuple(places_)) for row, places_ in keys))


def _worth(looks: Sequence[Look], first: str) -> sql.Composable:
    """The rows that are worth a closer look."""
    tests = [look.found for look in looks if not look.free]
    texts = {(look.column, look.part): look.text for look in looks if look.free}
    if texts:
        whole = sql.SQL("concat_ws(e'\\n', {})").format(sql.SQL(", ").join(texts.values()))
        tests.append(sql.SQL("{} ~ {}").format(whole, sql.Literal(first)))
    return sql.SQL(" or ").join(tests)
