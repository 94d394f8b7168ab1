"""Rows of a release made coarser, in their own types, and left out where they still stand out. Set-based."""

from collections.abc import Sequence

from psycopg import Connection, RawCursor, sql

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.opened import Generalisation, PersonalPlace
from lienthong.contract.registry import Registry
from lienthong.store.release_fill import OpenCompiler
from lienthong.store.schema import table

_METRES_A_DEGREE = 111_320


def soften(connection: Connection, registry: Registry, contract: Contract, name: str, place: PersonalPlace) -> int:
    """Move points that are homes to a grid, or leave them out, and empty the fields beside. Returns how many rows."""
    compiler = OpenCompiler(registry, contract)
    where = compiler.where(place.where, "t")
    point = sql.Identifier(place.field)
    moved = sql.SQL("{} = {}").format(point, _on_grid(point, place.metres) if place.metres else sql.NULL)
    emptied = [
        sql.SQL("{} = null").format(sql.Identifier(column.name))
        for field in place.without
        for column in contract.by_name[field].columns
    ]
    statement = sql.SQL("update {} t set {} where {} is not null and ({})").format(
        table("release", name),
        sql.SQL(", ").join([moved, *emptied]),
        point,
        sql.SQL(where),
    )
    with connection.cursor() as plain:
        text = statement.as_string(plain)
    return _run(connection, text, compiler)


def _run(connection: Connection, statement: str, compiler: OpenCompiler) -> int:
    with RawCursor(connection) as cursor:
        return cursor.execute(statement.encode(), compiler.params.values or None).rowcount


def _on_grid(name: sql.Composable, metres: int) -> sql.Composable:
    size = sql.Literal(metres / _METRES_A_DEGREE)
    return sql.SQL("public.st_snaptogrid({}, {})").format(name, size)


def generalise(connection: Connection, contract: Contract, name: str, step: Generalisation) -> None:
    """Take one step for the whole table."""
    field = contract.by_name[step.field]
    connection.execute(
        sql.SQL("update {} set {} = {} where {} is not null").format(
            table("release", name), sql.Identifier(step.field), _coarse(field, step), sql.Identifier(step.field)
        )
    )


def _coarse(field: FieldContract, step: Generalisation) -> sql.Composable:
    name, type_ = sql.Identifier(field.name), sql.SQL(field.columns[0].sql_type)
    partial = field.logical_type == "partial_date"
    match step.to:
        case "year" | "month" if partial:
            return sql.SQL("left({}, {})").format(name, sql.Literal(4 if step.to == "year" else 7))
        case "year" | "month" if field.logical_type == "datetime":
            return sql.SQL("date_trunc({}, {}, 'Asia/Ho_Chi_Minh')").format(sql.Literal(step.to), name)
        case "year" | "month":
            return sql.SQL("date_trunc({}, {}::timestamp)::{}").format(sql.Literal(step.to), name, type_)
        case "band" if partial:
            return sql.SQL("(left({0}, 4)::int / {1} * {1})::text").format(name, sql.Literal(step.width))
        case "band" if field.logical_type == "date":
            years = sql.SQL("extract(year from {0})::int / {1} * {1}").format(name, sql.Literal(step.width))
            return sql.SQL("make_date({}, 1, 1)").format(years)
        case "band":
            return sql.SQL("(floor({0}::numeric / {1}) * {1})::{2}").format(name, sql.Literal(step.width), type_)
        case "prefix":
            return sql.SQL("left({}, {})").format(name, sql.Literal(step.keep))
        case "province":
            day = sql.Identifier(field.columns[1].name)
            return sql.SQL("platform.province_of({}, {})").format(name, day)
        case "grid":
            return _on_grid(name, step.metres)
        case "drop":
            return sql.SQL("null")


def standing_out(
    connection: Connection, name: str, quasi: Sequence[str], sensitive: Sequence[str], k: int, least: int
) -> int:
    """How many rows are in classes of fewer than k, or with fewer than `least` values of something sensitive."""
    found = connection.execute(
        sql.SQL("select coalesce(sum(n), 0)::bigint from ({}) c where {}").format(
            _classes(name, quasi, sensitive), _thin(len(sensitive), k, least)
        )
    ).fetchone()
    return int(found[0]) if found else 0


def leave_standing_out(
    connection: Connection, name: str, quasi: Sequence[str], sensitive: Sequence[str], k: int, least: int
) -> int:
    """Delete those rows. Returns how many."""
    same = sql.SQL(" and ").join(sql.SQL("t.{0} is not distinct from c.{0}").format(sql.Identifier(q)) for q in quasi)
    return connection.execute(
        sql.SQL("delete from {} t using (select * from ({}) c where {}) c where {}").format(
            table("release", name), _classes(name, quasi, sensitive), _thin(len(sensitive), k, least), same
        )
    ).rowcount


def reached(
    connection: Connection, name: str, quasi: Sequence[str], sensitive: Sequence[str]
) -> tuple[int, int] | None:
    """The smallest class, and the fewest values of something sensitive in one; None of an empty table."""
    values = sql.SQL(", ").join(_value(n) for n in range(len(sensitive))) if sensitive else sql.SQL("1")
    least = sql.SQL("least({})").format(values)
    row = connection.execute(
        sql.SQL("select min(n), min({}) from ({}) c").format(least, _classes(name, quasi, sensitive))
    ).fetchone()
    return (int(row[0]), int(row[1])) if row and row[0] is not None else None


def empty(connection: Connection, name: str) -> int:
    """Delete all rows: versions of the past are no part of an anonymous release."""
    return connection.execute(sql.SQL("delete from {}").format(table("release", name))).rowcount


def _classes(name: str, quasi: Sequence[str], sensitive: Sequence[str]) -> sql.Composable:
    values = [
        # Nothing told is no value: besides a single other one it leaves no doubt. Of nobody told, all is well.
        sql.SQL("case when count({0}) = 0 then count(*) else count(distinct {0}::text) end as {1}").format(
            sql.Identifier(s), _value(n)
        )
        for n, s in enumerate(sensitive)
    ]
    columns = sql.SQL(", ").join(map(sql.Identifier, quasi))
    measures = sql.SQL(", ").join([sql.SQL("count(*) as n"), *values])
    return sql.SQL("select {0}, {1} from {2} group by {0}").format(columns, measures, table("release", name))


def _thin(sensitive: int, k: int, least: int) -> sql.Composable:
    few = [sql.SQL("{} < {}").format(_value(n), sql.Literal(least)) for n in range(sensitive)]
    return sql.SQL(" or ").join([sql.SQL("n < {}").format(sql.Literal(k)), *few])


def _value(number: int) -> sql.Identifier:
    return sql.Identifier(f"_l{number}")
