"""datastore_search and datastore_info on hosted rows."""

from typing import Any

import orjson

from lienthong.ckan.call import Call, Raw
from lienthong.ckan.datastore_asked import HostedAsked, hosted_asked
from lienthong.ckan.datastore_tables import readable, refused, rows_of
from lienthong.ckan.parameters import flag
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import Found, HostedTable, Refused, index_name

_NUMBER = {"id": "_id", "type": "int"}


async def search(call: Call, name: str) -> Raw:
    """datastore_search."""
    table = await readable(call, name)
    wanted = hosted_asked(call.params, table)
    number = wanted.with_next and wanted.by_number
    try:
        found, total = await rows_of(call).search(
            table, wanted.search, with_total=wanted.with_total, with_last=number and wanted.search.kind != "csv"
        )
    except Refused as error:
        raise refused(error) from error
    head: dict[str, Any] = {
        "include_next_page": wanted.with_next,
        "include_total": wanted.with_total,
        "limit": wanted.search.limit,
        "records_format": wanted.search.kind,
        "resource_id": table.resource_id,
        **wanted.echo,
    }
    if number and found.last is not None:
        head["next_page"] = {"_id": {"lt" if wanted.descending else "gt": found.last}}
    return Raw(_body(head, found, wanted, table, total))


def _body(head: dict[str, Any], found: Found, wanted: HostedAsked, table: HostedTable, total: int | None) -> bytes:
    records = found.body if wanted.search.kind in ("objects", "lists") else orjson.dumps(found.body.decode())
    fields = orjson.dumps(fields_of(table, wanted.search.names))
    tail = b"}" if total is None else b',"total":%d}' % total
    return orjson.dumps(head)[:-1] + b',"records":' + records + b',"fields":' + fields + tail


def fields_of(table: HostedTable, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The columns as they are told; what is none is a rank."""
    known = {f.name: f.as_json() for f in table.fields} | {"_id": _NUMBER}
    return [known.get(name) or {"id": name, "type": "float"} for name in names]


async def info(call: Call, name: str) -> dict[str, Any]:
    """datastore_info."""
    table = await readable(call, name, f'Resource/Alias "{name}" was not found.')
    result: dict[str, Any] = {}
    if flag(call.params, "include_meta", True):
        rows, indexes = await rows_of(call).size(table)
        result["meta"] = {
            "id": table.resource_id,
            "count": table.rows,
            "table_type": "BASE TABLE",
            "size": rows + indexes,
            "db_size": rows + indexes,
            "idx_size": indexes,
            "aliases": list(table.aliases),
        }
    schema = flag(call.params, "include_fields_schema", True)
    return result | {"fields": [_described(f, table, schema) for f in table.fields]}


def _described(field: HostedField, table: HostedTable, schema: bool) -> dict[str, Any]:
    """A column; CKAN calls JSON nested here."""
    nested = field.type == "json"
    told = field.as_json() | ({"type": "nested"} if nested else {})
    if not schema:
        return told
    indexes = [*([table.primary_key] if table.primary_key else []), *table.indexes]
    name = next((index_name(table.resource_id, index) for index in indexes if field.name in index), None)
    return told | {
        "schema": {
            "native_type": "nested" if nested else field.native,
            "notnull": False,
            "index_name": name,
            "is_index": name is not None,
            "uniquekey": False,
        }
    }
