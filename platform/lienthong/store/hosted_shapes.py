"""How the values of hosted tables are shown, as SQL over the alias `t`."""

from collections.abc import Sequence

from psycopg import sql

from lienthong.store.hosted_types import JSON, HostedField

_MOMENT = "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')"
_WORDED = {"bool": "{}::text"}  # else t and f
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
    return sql.SQL("(select row_to_json(x) from (select {}) x)").format(listed(fields, alias))


def words_sql(fields: Sequence[HostedField], alias: str = "t") -> sql.Composable:
    """The words of a row, as they are searched."""
    parts: list[sql.Composable] = [sql.Literal("")]
    for field in fields:
        column = sql.Identifier(alias, field.name)
        spoken = _SPOKEN if field.type == "timestamp" else _WORDED.get(field.type, "{}")
        parts.append(sql.SQL(spoken).format(column))
    return sql.SQL("to_tsvector('english', concat_ws(' ', {}))").format(sql.SQL(", ").join(parts))
