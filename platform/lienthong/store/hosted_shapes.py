"""How the values of hosted tables are shown, as SQL over the alias `t`."""

from collections.abc import Iterator, Sequence

from psycopg import sql

from lienthong.store.hosted_types import JSON, HostedField

_MOMENT = "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')"
_WORDED = {"bool": "{}::text"}  # else t and f
OBJECT = sql.SQL("(select row_to_json(x.*) from (select {}) x)")
"""A row of named values as JSON; the star makes `x` the row, also when a column has that name."""
_ARGUMENTS = 50  # of a function at once: PostgreSQL takes 100
_SPOKEN = "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"


def shown(field: HostedField, alias: str = "t", *, as_text: bool = False) -> sql.Composable:
    """The value as clients of the DataStore know it; `as_text`: as a cell of a CSV file."""
    column = sql.Identifier(alias, field.name)
    if field.type == "timestamp":
        return sql.SQL(_MOMENT).format(column)
    if field.type in JSON and as_text:
        return sql.SQL("coalesce({}::text, 'null')").format(column)
    if field.type.startswith("_") and as_text:
        return sql.SQL("to_json({})").format(column)
    return column


def listed(fields: Sequence[HostedField], alias: str = "t", *, as_text: bool = False) -> sql.Composable:
    """The values under their names."""
    parts = [sql.SQL("{} as {}").format(shown(f, alias, as_text=as_text), sql.Identifier(f.name)) for f in fields]
    return sql.SQL(", ").join(parts)


def row_json(fields: Sequence[HostedField], alias: str = "t") -> sql.Composable:
    """The row as a JSON object."""
    return OBJECT.format(listed(fields, alias))


def words_sql(fields: Sequence[HostedField], alias: str = "t") -> sql.Composable:
    """The words of a row, as they are searched."""
    parts: list[sql.Composable] = [sql.Literal("")]
    for field in fields:
        column = sql.Identifier(alias, field.name)
        spoken = _SPOKEN if field.type == "timestamp" else _WORDED.get(field.type, "{}")
        parts.append(sql.SQL(spoken).format(column))
    texts = [sql.SQL("concat_ws(' ', {})").format(sql.SQL(", ").join(some)) for some in _some(parts)]
    return sql.SQL("to_tsvector('english', {})").format(sql.SQL(" || ' ' || ").join(texts))


def row_list(values: Sequence[sql.Composable]) -> sql.Composable:
    """The values as a JSON array."""
    if len(values) <= _ARGUMENTS:
        return sql.SQL("json_build_array({})").format(sql.SQL(", ").join(values))
    made = sql.SQL(", ").join(sql.SQL("to_json({})").format(value) for value in values)
    return sql.SQL("json_build_array(variadic array[{}])").format(made)


def _some(parts: Sequence[sql.Composable]) -> Iterator[Sequence[sql.Composable]]:
    return (parts[first : first + _ARGUMENTS] for first in range(0, len(parts), _ARGUMENTS))
