"""Safe aggregates of a governed table: counts of at least `k` rows, rounded to `k`; quantiles without extremes.

Nothing here tells a row: a value is told when at least `k` rows have it, a quantile when at least `k` lie beyond it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract
from lienthong.store.schema import table

LEVELS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_INNER = (0.1, 0.1, 0.25, 0.5, 0.75, 0.9, 0.9)  # the same of few rows: nothing nearer to the ends
_MANY, _SOME = 50, 10  # times k: so many rows have k beyond the outermost level
CELLS = 3000
_LOCAL = "Asia/Ho_Chi_Minh"
Values = tuple[str | None, ...]
Curve = tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """A column whose values are told, or (`missing`) only whether it has one."""

    column: str
    missing: bool = False

    @property
    def sql(self) -> sql.Composable:
        """The text that is counted: the value, or `1` when it is missing, `0` when not."""
        name = sql.Identifier(self.column)
        return sql.SQL("({} is null)::int::text" if self.missing else "{}::text").format(name)


def moment(field: FieldContract) -> sql.Composable:
    """Seconds since 1970, in local time, of a date, a partial date or a moment."""
    name = sql.Identifier(field.name)
    if field.logical_type == "datetime":
        return sql.SQL("extract(epoch from {} at time zone {})::float8").format(name, sql.Literal(_LOCAL))
    if field.logical_type == "partial_date":
        whole = sql.SQL("left({0} || case length({0}) when 4 then '-07-01' when 7 then '-15' else '' end, 10)::date")
        return sql.SQL("extract(epoch from {}::timestamp)::float8").format(whole.format(name))
    return sql.SQL("extract(epoch from {}::timestamp)::float8").format(name)


def rows(connection: Connection, contract: Contract) -> int:
    """How many rows the dataset has."""
    found = connection.execute(sql.SQL("select count(*) from {}").format(table("governed", contract.id))).fetchone()
    return int(found[0]) if found else 0


def present(connection: Connection, contract: Contract) -> dict[str, int]:
    """How many rows have a value, by field."""
    names = [f.name for f in contract.fields]
    counts = sql.SQL(", ").join(sql.SQL("count({})").format(sql.Identifier(n)) for n in names)
    found = connection.execute(sql.SQL("select {} from {}").format(counts, table("governed", contract.id))).fetchone()
    return dict(zip(names, found or (), strict=False))


def cells(connection: Connection, contract: Contract, parts: Sequence[Part], k: int) -> list[tuple[Values, int]]:
    """How often values stand together: cells of at least `k` rows, rounded to `k`, the largest first."""
    columns = sql.SQL(", ").join(part.sql for part in parts)
    numbers = sql.SQL(", ").join(sql.SQL(str(n + 1)) for n in range(len(parts)))
    found = connection.execute(
        sql.SQL(
            "select {}, count(*) from {} group by {} having count(*) >= {} order by count(*) desc, {} limit {}"
        ).format(columns, table("governed", contract.id), numbers, sql.Literal(k), numbers, sql.Literal(CELLS))
    )
    return [(tuple(row[:-1]), round(row[-1] / k) * k) for row in found.fetchall()]


def months(connection: Connection, contract: Contract, field: FieldContract, k: int) -> list[tuple[str, int]]:
    """How often a month (`YYYY-MM`) occurs: at least `k` times, rounded to `k`."""
    month = sql.SQL("to_char(to_timestamp({}) at time zone 'UTC', 'YYYY-MM')").format(moment(field))
    found = connection.execute(
        sql.SQL(
            "select {} m, count(*) from {} where {} is not null group by 1 having count(*) >= {} order by 1"
        ).format(month, table("governed", contract.id), sql.Identifier(field.name), sql.Literal(k))
    )
    return [(name, round(count / k) * k) for name, count in found.fetchall()]


def curves(
    connection: Connection, contract: Contract, values: Mapping[str, sql.Composable], parts: Sequence[Part], k: int
) -> list[tuple[Values, dict[str, Curve]]]:
    """Quantiles (`LEVELS`) of each of `values`, in each cell of `parts` with at least 10 k rows that have one."""
    if not values:
        return []
    asked = [
        sql.SQL(
            "case when count({0}) >= {1} then percentile_cont({2}) within group (order by {0}) "
            "when count({0}) >= {3} then percentile_cont({4}) within group (order by {0}) end"
        ).format(value, *map(sql.Literal, (_MANY * k, list(LEVELS), _SOME * k, list(_INNER))))
        for value in values.values()
    ]
    columns = sql.SQL(", ").join([*(part.sql for part in parts), *asked])
    relation = table("governed", contract.id)
    group: sql.Composable = sql.SQL("")
    if parts:
        numbers = sql.SQL(", ").join(sql.SQL(str(n + 1)) for n in range(len(parts)))
        group = sql.SQL(" group by {} having count(*) >= {}").format(numbers, sql.Literal(_SOME * k))
    found: list[tuple[Any, ...]] = connection.execute(
        sql.SQL("select {} from {}{}").format(columns, relation, group)
    ).fetchall()
    size = len(parts)
    return [(row[:size], {n: tuple(c) for n, c in zip(values, row[size:], strict=True) if c}) for row in found]


def since(field: FieldContract, base: FieldContract) -> sql.Composable:
    """Seconds from `base` to `field`."""
    return sql.SQL("({} - {})").format(moment(field), moment(base))


def number(field: FieldContract) -> sql.Composable:
    """The value of a numeric field."""
    return sql.SQL("{}::float8").format(sql.Identifier(field.name))


def grid(
    connection: Connection, contract: Contract, field: FieldContract, k: int, degrees: float
) -> list[tuple[Values, int]]:
    """Where points lie: cells of a grid (west, south) that hold at least `k`, rounded to `k`."""
    name, size = sql.Identifier(field.name), sql.Literal(degrees)
    corner = sql.SQL("(floor(public.st_{}({}) / {}) * {})::numeric(9,4)::text")
    found = connection.execute(
        sql.SQL(
            "select {}, {}, count(*) from {} where {} is not null group by 1, 2 having count(*) >= {} order by 1, 2"
        ).format(
            corner.format(sql.SQL("x"), name, size, size),
            corner.format(sql.SQL("y"), name, size, size),
            table("governed", contract.id),
            name,
            sql.Literal(k),
        )
    )
    return [((west, south), round(count / k) * k) for west, south, count in found.fetchall()]
