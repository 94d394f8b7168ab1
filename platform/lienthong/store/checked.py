"""A stored relation as quality rules see it, and the SQL that finds the rows which fail a rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, errors, sql

from lienthong.store.schema import table

ROW = "_row"
Kwargs = Mapping[str, Any]
_LEFT_OUT = ("_search", "_hash")
# Types that great_expectations cannot reflect; as text they still tell null, and PostGIS reads them back.
_AS_TEXT = ("geometry", "geography", "json", "jsonb", "tsvector", "bytea")
_COLUMNS = """
    select attname, typname from pg_attribute a join pg_type t on t.oid = a.atttypid
    where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
"""


@dataclass(frozen=True)
class Checked:
    """A relation under check. `select` gives its rows, each with `_row`."""

    connection: Connection
    select: sql.Composable

    def text(self, query: sql.Composable) -> str:
        """A query as text."""
        return query.as_string(self.connection)

    def query(self, rows: sql.Composable) -> sql.Composed:
        """A statement in which `rows` reads the relation as `batch`."""
        return sql.SQL("with batch as not materialized ({}) {}").format(self.select, rows)

    def count(self) -> int:
        """How many rows the relation has."""
        found = self.connection.execute(self.query(sql.SQL("select count(*) from batch"))).fetchone()
        assert found is not None
        return int(found[0])

    def count_found(self, query: sql.Composable) -> int | None:
        """How many rows `query` finds; None when it cannot be run or does not tell their `_row`."""
        count = sql.SQL("select count({}) from ({}) f").format(sql.Identifier(ROW), query)
        try:
            with self.connection.transaction():
                found = self.connection.execute(count).fetchone()
        except errors.Error:
            return None
        return int(found[0]) if found else None

    def sample(self, query: sql.Composable, limit: int) -> list[dict[str, Any]]:
        """Some rows that `query` finds; none when it cannot be run."""
        some = sql.SQL("select row_to_json(f) from (select * from ({}) f limit {}) f").format(query, sql.Literal(limit))
        try:
            with self.connection.transaction():
                return [row for (row,) in self.connection.execute(some).fetchall()]
        except errors.Error:
            return []


def checked(connection: Connection, schema: str, name: str) -> Checked:
    """`schema.name` to check. `_row` is its own column of that name, else the place of the row in the table."""
    relation = table(schema, name)
    found = connection.execute(_COLUMNS, (relation.as_string(connection),)).fetchall()
    parts = [_shown(column, type_) for column, type_ in found if column not in _LEFT_OUT]
    if ROW not in {column for column, _ in found}:
        parts.insert(0, sql.SQL("ctid::text as {}").format(sql.Identifier(ROW)))
    return Checked(connection, sql.SQL("select {} from {}").format(sql.SQL(", ").join(parts), relation))


def _shown(column: str, type_: str) -> sql.Composable:
    name = sql.Identifier(column)
    return sql.SQL("{}::text as {}").format(name, name) if type_ in _AS_TEXT else name


def keys_of(query: str) -> sql.Composed:
    """The statement that gives the `_row` of every row that `query` (a text of `Checked`) finds, once each."""
    inner = sql.SQL(query)
    return sql.SQL("select distinct {} from ({}) f").format(sql.Identifier(ROW), inner)


# --- failing rows ---------------------------------------------------------------------------------------------
# great_expectations has such queries too, but they lose the row condition, double backslashes and join
# everything with everything for compound keys. So it judges and counts, and these find.


def failing(expectation: str, kwargs: Kwargs) -> sql.Composable | None:
    """The rows of `batch` that fail; None for an expectation that judges the whole, or is not known here."""
    if expectation == "unexpected_rows_expectation":
        return rows_sql(str(kwargs["unexpected_rows_query"]))
    test, condition = _TESTS.get(expectation), _condition(kwargs.get("row_condition"))
    if test is None or condition is None:
        return None
    return sql.SQL("select * from batch where ({}) and ({})").format(test(kwargs), condition)


def rows_sql(given: str) -> sql.Composable:
    """The SQL of a contract's rule, which names the relation `{batch}` and doubles other braces."""
    plain = given.strip().rstrip(";").replace("{batch}", "batch").replace("{{", "{").replace("}}", "}")
    return sql.SQL(plain)


def _columns(kwargs: Kwargs) -> sql.Composable:
    names = kwargs.get("column_list") or [kwargs["column"]]
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _test(template: str, *values: str) -> Callable[[Kwargs], sql.Composable]:
    """A test of one column `{c}` with literal `values`."""
    return lambda kwargs: sql.SQL(template).format(
        *(sql.Literal(kwargs[v]) for v in values), c=sql.Identifier(kwargs["column"])
    )


def _set_test(sign: str) -> Callable[[Kwargs], sql.Composable]:
    template = "{}::text = any({}::text[])" if sign == "in" else "{}::text <> all({}::text[])"
    return lambda kwargs: sql.SQL(template).format(
        sql.Identifier(kwargs["column"]), sql.Literal([str(v) for v in kwargs["value_set"]])
    )


def _between(kwargs: Kwargs) -> sql.Composable:
    return _outside(sql.Identifier(kwargs["column"]), kwargs)


def _length(kwargs: Kwargs) -> sql.Composable:
    return _outside(sql.SQL("char_length({})").format(sql.Identifier(kwargs["column"])), kwargs)


def _outside(value: sql.Composable, kwargs: Kwargs) -> sql.Composable:
    parts = []
    for bound, strict, signs in (("min_value", "strict_min", ("<", "<=")), ("max_value", "strict_max", (">", ">="))):
        if kwargs.get(bound) is not None:
            sign = sql.SQL(signs[bool(kwargs.get(strict))])
            parts.append(sql.SQL("{} {} {}").format(value, sign, sql.Literal(kwargs[bound])))
    return sql.SQL(" or ").join(parts) if parts else sql.SQL("false")


def _repeated(kwargs: Kwargs) -> sql.Composable:
    columns = _columns(kwargs)
    return sql.SQL("({0}) in (select {0} from batch group by {0} having count(*) > 1)").format(columns)


def _pair(kwargs: Kwargs) -> sql.Composable:
    sign = sql.SQL("<" if kwargs.get("or_equal") else "<=")
    return sql.SQL("{} {} {}").format(sql.Identifier(kwargs["column_A"]), sign, sql.Identifier(kwargs["column_B"]))


_TESTS: Mapping[str, Callable[[Kwargs], sql.Composable]] = {
    "expect_column_values_to_not_be_null": _test("{c} is null"),
    "expect_column_values_to_be_null": _test("{c} is not null"),
    "expect_column_values_to_match_regex": _test("{c} !~ {}", "regex"),
    "expect_column_values_to_not_match_regex": _test("{c} ~ {}", "regex"),
    "expect_column_values_to_be_in_set": _set_test("not in"),
    "expect_column_values_to_not_be_in_set": _set_test("in"),
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _length,
    "expect_column_values_to_be_unique": _repeated,
    "expect_compound_columns_to_be_unique": _repeated,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
}
_SIGNS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _condition(given: Any) -> sql.Composable | None:
    """A row condition of great_expectations as SQL; true when there is none, None when it is not understood."""
    if given is None:
        return sql.SQL("true")
    match given.get("type") if isinstance(given, Mapping) else None:
        case "nullity":
            word = sql.SQL("is null" if given["is_null"] else "is not null")
            return sql.SQL("{} {}").format(sql.Identifier(given["column"]["name"]), word)
        case "comparison" if given["operator"] in _SIGNS:
            sign = sql.SQL(_SIGNS[given["operator"]])
            return sql.SQL("{} {} {}").format(
                sql.Identifier(given["column"]["name"]), sign, sql.Literal(given["parameter"])
            )
        case "and" | "or" as word:
            return _joined(word, [_condition(part) for part in given["conditions"]])
    return None


def _joined(word: str, parts: Sequence[sql.Composable | None]) -> sql.Composable | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return sql.SQL("({})").format(sql.SQL(" and " if word == "and" else " or ").join(known))
