"""The cells of an aggregate, before they are published: read, compared with what was published, marked to be left out.

They stand in `pg_temp.cells`: the dimensions, the measures, `_rows` (how many rows, or contributors) and `_out`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.contract.opened import Measure
from lienthong.store.schema import table

CELLS = sql.Identifier("pg_temp", "cells")


@dataclass(frozen=True)
class Cell:
    """A cell: where it is in the table (tid), its dimensions as texts, its rows, its sums, and of each sum the largest
    parts, how large all parts are together, both whatever the signs, and of how many rows or contributors it is.
    """

    at: str
    place: tuple[str, ...]
    rows: int
    sums: tuple[float, ...]
    tops: tuple[tuple[float, ...], ...]
    sizes: tuple[float, ...] = ()
    parts: tuple[int, ...] = ()


def sums_of(base: Contract) -> tuple[Measure, ...]:
    """The measures that add up values of persons or firms, or tell their mean."""
    assert base.open_view
    if base.open_view.protection.sums == "publish":
        return ()
    return tuple(m for m in base.open_view.measures if m.measure in ("sum", "avg"))


def counted(base: Contract) -> str | None:
    """The measure that tells how many rows a cell has, when one is published as it is."""
    assert base.open_view
    if base.open_view.protection.rounding:
        return None
    plain = (m.name for m in base.open_view.measures if m.measure == "count" and not m.of and not m.where)
    return next(plain, None)


def read(connection: Connection, key: Sequence[str], sums: int) -> list[Cell]:
    """The cells that have all their dimensions."""
    names = [sql.Identifier(k) for k in key]
    found = connection.execute(
        sql.SQL("select ctid::text, array[{}], _rows, {}, {}, {}, {} from {} where {} order by {}").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(n) for n in names),
            sql.SQL("array[{}]::float8[]").format(sql.SQL(", ").join(_own("_sum", n) for n in range(sums))),
            sql.SQL("array[{}]::text[]").format(
                sql.SQL(", ").join(sql.SQL("{}::text").format(_own("_top", n)) for n in range(sums))
            ),
            sql.SQL("array[{}]::float8[]").format(sql.SQL(", ").join(_own("_size", n) for n in range(sums))),
            sql.SQL("array[{}]::bigint[]").format(sql.SQL(", ").join(_own("_of", n) for n in range(sums))),
            CELLS,
            sql.SQL(" and ").join(sql.SQL("{} is not null").format(n) for n in names),
            sql.SQL(", ").join(names),
        )
    ).fetchall()
    return [_cell(*row) for row in found]


def _cell(
    at: str, place: list[str], rows: int, totals: list[Any], tops: list[Any], sizes: list[Any], parts: list[int]
) -> Cell:
    numbers = [_numbers(top) for top in tops]
    whole = [
        sum(n) if top and top[0] == "[" else size or 0.0 for n, top, size in zip(numbers, tops, sizes, strict=True)
    ]
    return Cell(
        at,
        tuple(place),
        rows,
        tuple(t or 0.0 for t in totals),
        tuple(n[:4] for n in numbers),
        tuple(whole),
        tuple(parts),
    )


def _own(prefix: str, number: int) -> sql.Identifier:
    return sql.Identifier(f"{prefix}_{number}")


def _numbers(text: str | None) -> tuple[float, ...]:
    """The largest parts first, without their signs: an array of numbers, or a list of [contributor, number]."""
    if not text:
        return ()
    if text[0] == "[":
        parts: dict[str, float] = {}
        for owner, value in json.loads(text):
            parts[str(owner)] = parts.get(str(owner), 0.0) + (value or 0)
        return tuple(sorted(map(abs, parts.values()), reverse=True))
    return tuple(float(part) for part in text.strip("{}").split(",") if part not in ("", "NULL"))


def mark(connection: Connection, places: Iterable[str]) -> None:
    """Leave out the cells at these places."""
    connection.execute(sql.SQL("update {} set _out = true where ctid = any(%s::tid[])").format(CELLS), (list(places),))


def told_before(connection: Connection, key: Sequence[str], count: str, previous: str) -> Mapping[tuple[str, ...], int]:
    """Dimensions -> rows that the release before tells, also where it is finer; empty when it cannot be compared."""
    row = connection.execute(
        "select array_agg(attname::text) from pg_attribute where attrelid = to_regclass(%s) and attnum > 0",
        (table("release", previous).as_string(connection),),
    ).fetchone()
    if not row or not {*key, count} <= set(row[0] or ()):
        return {}
    names = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(k)) for k in key)
    found = connection.execute(
        sql.SQL("select array[{}], sum({}) from {} group by 1").format(
            names, sql.Identifier(count), table("release", previous)
        )
    ).fetchall()
    return {tuple(place): int(rows) for place, rows in found if rows is not None}


def withhold_changed_sums(
    connection: Connection, key: Sequence[str], count: str, numbers: Sequence[str], previous: str, k: int
) -> int:
    """Empty the sums and means of cells of which fewer than k rows came or went since they were last published.

    The difference of two sums would else be the value of those few. Returns in how many cells.
    """
    if not numbers:
        return 0
    listed, first = sql.SQL(", ").join(map(sql.Identifier, key)), sql.Identifier(numbers[0])
    return connection.execute(
        sql.SQL(
            "update {cells} c set {emptied} from (select distinct on ({key}) * from (select {key}, {count} as _count, "
            "_from from {now} where {first} is not null union all select {key}, {count}, _from from {past} "
            "where {first} is not null) b order by {key}, _from desc) p where {same} and "
            "abs(c._rows - p._count) between 1 and {most}"
        ).format(
            cells=CELLS,
            emptied=sql.SQL(", ").join(sql.SQL("{} = null").format(sql.Identifier(n)) for n in numbers),
            key=listed,
            count=sql.Identifier(count),
            now=table("release", previous),
            past=table("release", previous + "_history"),
            first=first,
            same=_same(key, "c", "p"),
            most=sql.Literal(k - 1),
        )
    ).rowcount


def hold_small_changes(
    connection: Connection, key: Sequence[str], count: str, measures: Sequence[str], previous: str, k: int
) -> int:
    """Give the cells of which fewer than k rows came or went the numbers that were published. Returns how many."""
    return connection.execute(
        sql.SQL("update {} c set {} from {} p where {} and abs(c._rows - p.{}) between 1 and {}").format(
            CELLS,
            sql.SQL(", ").join(sql.SQL("{0} = p.{0}").format(sql.Identifier(m)) for m in measures),
            table("release", previous),
            _same(key, "c", "p"),
            sql.Identifier(count),
            sql.Literal(k - 1),
        )
    ).rowcount


def _same(key: Sequence[str], left: str, right: str) -> sql.Composable:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, k), sql.Identifier(right, k)) for k in key
    )
