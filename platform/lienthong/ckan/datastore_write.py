"""datastore_upsert, datastore_delete, datastore_records_delete, datastore_run_triggers."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from lienthong.access.hosted import Missing, NoTable, Refused
from lienthong.ckan.call import Call, action
from lienthong.ckan.datastore_asked import read_filters
from lienthong.ckan.datastore_create import all_fit, checked, count_of, extras
from lienthong.ckan.datastore_tables import Held, no_table, not_read_only, refused, rows_of, writable
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.parameters import Params, flag
from lienthong.ckan.resource_writing import rows_came_or_went
from lienthong.store.hosted_values import HostedTable, Method, Record

_METHODS: dict[str, Method] = {"upsert": "upsert", "insert": "insert", "update": "update"}
_KNOWN = frozenset(
    {"resource_id", "id", "force", "records", "include_records", "method", "calculate_record_count", "dry_run"}
)


@action
async def datastore_upsert(call: Call) -> Any:
    """Write records: all of them, or none.

    :param resource_id: the resource that the rows belong to
    :param force: also when the resource is a file or a link
    :param records: rows: `[{"name": value}]`
    :param include_records: answer with the rows as they are kept (false)
    :param method: upsert (default), insert or update; upsert and update need a primary key, or `_id` in each record
    :param calculate_record_count: accepted; the count is always right
    :param dry_run: try, and change nothing (false)
    """
    params = call.params
    name = _resource(params)
    method = _METHODS.get(str(params.get("method") or "upsert"))
    if method is None:
        raise invalid("method", f"Value must be one of {list(_METHODS)}")
    found = await writable(call, name)
    not_read_only(params, found)
    table = await _table(call, name)
    records = params.get("records") or []
    _check(records, table, method)
    show = flag(params, "include_records")
    told = _told(params, name)
    if records:
        try:
            written = await rows_of(call).write(name, records, method, show=show, dry=flag(params, "dry_run"))
        except NoTable as error:
            raise no_table(name) from error
        except Missing as error:
            raise invalid("key", f'key "{_unfound(error, table)}" not found') from error
        except Refused as error:
            row = {} if error.row is None else {"records_row": error.row}
            raise Refusal(409, {"records": [error.reason], **row, "__type": "Validation Error"}) from error
        if show:
            told["records"] = orjson.loads(written.rows)
    return told


@action
async def datastore_delete(call: Call) -> Any:
    """Delete the rows that fit, or the table.

    :param resource_id: the resource that the rows belong to
    :param force: also when the resource is a file or a link
    :param filters: which rows, as in datastore_search; without it the table is dropped
    :param include_deleted_records: answer with the rows that are gone (false)
    """
    name = _resource(call.params)
    given = call.params.get("filters")
    found = await writable(call, name, absent=no_table(name))
    not_read_only(call.params, found)
    if given is not None and not isinstance(given, dict):
        raise invalid("filters", "filters must be either a dict or null.")
    await _table(call, name)
    if given is not None:
        return await _delete(call, found, given)
    try:
        await rows_of(call).drop(name)
    except NoTable as error:
        raise no_table(name) from error
    await rows_came_or_went(call, name)
    return {"resource_id": name}


@action
async def datastore_records_delete(call: Call) -> Any:
    """Delete the rows that fit; the table stays.

    :param resource_id: the resource that the rows belong to
    :param force: also when the resource is a file or a link
    :param filters: which rows, as in datastore_search; `{}` means all
    :param include_deleted_records: answer with the rows that are gone (false)
    """
    name = _resource(call.params)
    given = call.params.get("filters")
    if given is None or given == "":
        raise missing("filters")
    if isinstance(given, str):
        given, _ = read_filters(given, HostedTable(""))
    found = await writable(call, name, absent=no_table(name))
    not_read_only(call.params, found)
    await _table(call, name)
    return await _delete(call, found, given)


@action
async def datastore_run_triggers(call: Call) -> Any:
    """Run the triggers of a table over all its rows; how many there are.

    :param resource_id: the resource that the rows belong to
    """
    call.check("datastore_function")
    name = _resource(call.params)
    await writable(call, name, absent=no_table(name))
    try:
        return await rows_of(call).run_triggers(name)
    except NoTable as error:
        raise no_table(name) from error
    except Refused as error:
        raise invalid("records", error.reason) from error


def _resource(params: Params) -> str:
    name = params.get("resource_id") or params.get("id")
    if not name:
        raise missing("resource_id")
    if not isinstance(name, str):
        raise invalid("resource_id", "Must be a Unicode string value")
    return name


async def _table(call: Call, name: str) -> HostedTable:
    table = await rows_of(call).table(name)
    if table is None or table.resource_id != name:
        raise no_table(name)
    return table


async def _delete(call: Call, found: Held, given: Any) -> dict[str, Any]:
    number = found.resource.id
    table = await _table(call, number)
    raw, operation = read_filters(given, table)
    show = flag(call.params, "include_deleted_records")
    try:
        written = await rows_of(call).delete(number, operation, show=show)
    except NoTable as error:
        raise not_found() from error
    except Refused as error:
        raise refused(error) from error
    told: dict[str, Any] = {"resource_id": number, "filters": raw}
    if operation is not None:
        told["filterops"] = operation.echo()
    return told | ({"deleted_records": orjson.loads(written.rows)} if show else {})


def _check(records: Any, table: HostedTable, method: Method) -> None:
    """Every record is an object of known members, with a key where one is needed. Raises Refusal."""
    if not isinstance(records, Iterable):
        raise invalid("records", "Records has to be a list of dicts")
    columns = frozenset(table.by_name)
    if method == "insert":
        checked(records if isinstance(records, list) else list(records), columns)
        return
    key = frozenset(table.primary_key)
    if key and all_fit(records, columns, key):
        return
    for record in records:
        given: Record = record if isinstance(record, dict) else {}
        if "_id" not in given:
            _has_key(given, table.primary_key)
        extra = [name for name in given if name not in columns and name != "_id"]
        if extra:
            raise invalid("fields", f'fields "{", ".join(extra)}" do not exist')


def _has_key(record: Record, key: Sequence[str]) -> None:
    if not key:
        raise invalid("table", "unique key must be passed for update/upsert")
    if lacking := [name for name in key if name not in record]:
        space = " " * 28
        raise invalid("key", f'fields "{", ".join(lacking)}" are missing\n{space}but needed as key')


def _unfound(error: Missing, table: HostedTable) -> dict[str, Any]:
    """The key as CKAN's statement numbers it: after the columns that are set."""
    used = sum(f.name in error.record for f in table.fields)
    return {f"val_{used + n}": error.record[name] for n, name in enumerate(error.key)}


def _told(params: Params, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {"calculate_record_count": count_of(params)}
    if params.get("dry_run") not in (None, ""):
        told["dry_run"] = flag(params, "dry_run")
    if params.get("method"):
        told["method"] = params["method"]
    return extras(params, _KNOWN) | told | {"resource_id": name}
