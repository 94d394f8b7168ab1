"""Conditions on the rows of hosted tables: operations as the DataStore's `filters` mean them, and their SQL."""

from collections.abc import Mapping
from typing import Any

import orjson
from psycopg import sql

from lienthong.store.hosted_types import NUMBERS, HostedField
from lienthong.store.hosted_values import ID, Operation

_COMPARED = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition_sql(operation: Operation, fields: Mapping[str, HostedField]) -> sql.Composable:
    """The operation as SQL over the alias `t`."""
    if operation.op in ("$and", "$or"):
        parts = [condition_sql(part, fields) for part in operation.value]
        if not parts:
            return sql.SQL("true" if operation.op == "$and" else "false")
        word = sql.SQL(" and " if operation.op == "$and" else " or ")
        return sql.SQL("({})").format(word.join(parts))
    assert operation.field is not None
    field = ID if operation.field == "_id" else fields[operation.field]
    column = sql.Identifier("t", field.name)
    if operation.op == "in":
        given = operation.value if isinstance(operation.value, list) else [operation.value]
        values = [value_sql(field, value) for value in given if value is not None]
        if not values:
            return sql.SQL("false")
        return sql.SQL("{} in ({})").format(column, sql.SQL(", ").join(values))
    if operation.value is None:
        return sql.SQL("false")
    word = sql.SQL(_COMPARED[operation.op])
    return sql.SQL("{} {} {}").format(column, word, value_sql(field, operation.value))


def value_sql(field: HostedField, value: Any) -> sql.Composable:
    """A value to compare with a field: a number as it is with numbers, all else as a text that PostgreSQL reads."""
    if isinstance(value, int | float) and not isinstance(value, bool) and field.type in NUMBERS:
        return sql.Literal(value)
    if isinstance(value, dict | list):
        return sql.Literal(orjson.dumps(value).decode())
    return sql.Literal(str(value).lower() if isinstance(value, bool) else str(value))
