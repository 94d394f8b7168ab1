"""datastore_create: a table for the rows of a resource, made or changed."""

from typing import Any

import orjson

from lienthong.access.hosted import Change, Missing, Refused, Taken
from lienthong.ckan import authz, datastore_fields
from lienthong.ckan.call import ACTIONS, Call, Raw, action
from lienthong.ckan.datastore_fields import Record
from lienthong.ckan.datastore_tables import Held, held, not_read_only, rows_of, writable
from lienthong.ckan.errors import Refusal, invalid
from lienthong.ckan.ids import stamp
from lienthong.ckan.parameters import Params, flag
from lienthong.ckan.resource_writing import rows_came_or_went
from lienthong.kernel.clock import now
from lienthong.store.hosted_values import HostedTable

ONLY_ROWS = "_datastore_only_resource"
KNOWN = frozenset(
    {"resource_id", "id", "force", "resource", "aliases", "fields", "delete_fields", "records", "include_records"}
    | {"primary_key", "indexes", "triggers", "calculate_record_count", "method"}
)


@action
async def datastore_create(call: Call) -> Any:
    """Make a table for the rows of a resource, or change it, and add records.

    :param resource_id: the resource that the rows belong to
    :param force: also when the resource is a file or a link, whose loading would replace the rows
    :param resource: instead of `resource_id`: a new resource, with `package_id`
    :param aliases: further names of the rows, as a list or with commas
    :param fields: the columns: `[{"id": "name", "type": "text", "info": {"label": …, "notes": …}}]`
    :param delete_fields: drop the columns that `fields` does not name (false)
    :param records: rows: `[{"name": value}]`; the types of columns that nobody names are guessed
    :param include_records: answer with the rows as they are kept (false)
    :param primary_key: the columns that identify a row
    :param indexes: the columns, or lists of columns, that are searched by
    :param triggers: functions that run before a row is written: `[{"function": "name"}]`
    :param calculate_record_count: accepted; the count is always right
    """
    params = _renamed(call.params)
    given, new = params.get("resource_id") or None, params.get("resource") or None
    if given and new:
        await _existing(call, str(given))
        raise invalid("resource", "resource cannot be used with resource_id")
    if not given and not new:
        raise invalid("resource_id", "resource_id or resource required")
    if new:
        return await _with_new_resource(call, params, new)
    found = await _existing(call, str(given))
    wrong_names(params)
    call.check("datastore_write", (found.package, found.resource.id))
    not_read_only(params, found)
    return await _define(call, params, found.resource.id)


def _renamed(params: Params) -> Params:
    return params if "id" not in params else {"resource_id": params["id"]} | params


def wrong_names(params: Params) -> None:
    """Names of fields are looked at before anything else. Raises Refusal."""
    datastore_fields.fields({"fields": _named(params)}, HostedTable(""), ())


def _named(params: Params) -> Any:
    given = params.get("fields")
    if not isinstance(given, list):
        return given
    plain = [{"id": one.get("id"), "type": "text"} if isinstance(one, dict) else one for one in given]
    ids = [one["id"] if isinstance(one, dict) else None for one in plain]
    return plain if len({str(name) for name in ids}) == len(ids) else []


async def _existing(call: Call, resource_id: str) -> Held:
    if resource_id in call.index.resources or resource_id in call.index.datastores:
        raise authz.governed()
    found = await held(call, resource_id)
    if found is None:
        raise invalid("resource_id", f"Resource not found: {resource_id}")
    return found


async def _with_new_resource(call: Call, params: Params, given: Any) -> Any:
    """The resource is made first; when the rows cannot be, it goes again."""
    if not isinstance(given, dict):
        raise invalid("resource", "Must be a dictionary")
    if given.get("url"):
        raise invalid("resource", "The datapusher has to be enabled.")
    wrong_names(params)
    resource = given | {"url": ONLY_ROWS}
    made = await ACTIONS["resource_create"](
        call.asking({**resource, "url_type": "datastore", "last_modified": stamp(now())})
    )
    if isinstance(made, Raw):
        made = orjson.loads(made.body)
    try:
        return await _define(call, {**params, "resource": resource}, made["id"])
    except BaseException:
        await ACTIONS["resource_delete"](call.asking({"id": made["id"]}))
        raise


async def _define(call: Call, params: Params, resource_id: str) -> Any:
    rows = rows_of(call)
    before = await rows.table(resource_id)
    records = records_of(params)
    fields = datastore_fields.fields(params, before, records)
    columns = frozenset(f.name for f in (*(before.fields if before else ()), *fields))
    show = flag(params, "include_records")
    change = Change(
        fields=fields,
        narrow=flag(params, "delete_fields"),
        primary_key=datastore_fields.key(params, columns),
        indexes=datastore_fields.indexes(params, columns),
        aliases=datastore_fields.aliases(params, lambda name: _is_taken(call, name)),
        triggers=_triggers(params),
        records=_checked(records, columns),
        show=show,
    )
    try:
        written = await rows.define(resource_id, change)
    except Taken as error:
        raise invalid("alias", f'The alias "{error}" already exists.') from error
    except Refused as error:
        raise _refused(error, change) from error
    except Missing as error:
        raise invalid("key", "not found") from error
    if before is None:
        await rows_came_or_went(call, resource_id, made_for_them="resource" in params)
    told = _told(params, resource_id)
    return told | ({"records": orjson.loads(written.rows)} if show and records else {})


def _is_taken(call: Call, name: str) -> bool:
    return name in call.index.datastores or name in call.index.resources or call.index.find(name) is not None


def records_of(params: Params) -> list[Record]:
    """`records`. Raises Refusal for anything that is no list of objects."""
    given = params.get("records")
    if given in (None, ""):
        return []
    if not isinstance(given, list):
        raise invalid("records", "Records has to be a list of dicts")
    if given and not isinstance(given[0], dict):
        raise invalid("records", "The first row is not a json object")
    return given


def _checked(records: list[Record], columns: frozenset[str]) -> list[Record]:
    checked(records, columns)
    return records


def all_fit(records: Any, columns: frozenset[str], needed: frozenset[str] = frozenset()) -> bool:
    """Has every record known members only, and all those that are needed? Records mostly look alike."""
    if not isinstance(records, list) or not set(map(type, records)) <= {dict}:
        return False
    return all(columns.issuperset(shape) and needed.issubset(shape) for shape in set(map(tuple, records)))


def checked(records: list[Record], columns: frozenset[str]) -> None:
    """Every record is an object of known members. Raises Refusal."""
    if all_fit(records, columns):
        return
    for n, record in enumerate(records):
        if not isinstance(record, dict):
            raise invalid("records", f'row "{n}" is not a json object')
        if not columns.issuperset(record):
            extra = ", ".join(name for name in record if name not in columns)
            raise invalid("records", f'row "{n + 1}" has extra keys "{extra}"')


def _triggers(params: Params) -> tuple[str, ...] | None:
    given = params.get("triggers")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("function") for one in given):
        raise invalid("triggers", "A trigger names its function")
    return tuple(str(one["function"]) for one in given)


def _refused(error: Refused, change: Change) -> Refusal:
    if error.row is not None:
        return Refusal(409, {"records": [error.reason], "records_row": error.row, "__type": "Validation Error"})
    if change.triggers is not None and error.reason.startswith("function "):
        return invalid("triggers", error.reason)
    return (
        invalid("constraints", "Cannot insert records or create index because of uniqueness constraint")
        if ("unique" in error.reason)
        else invalid("fields", error.reason)
    )


def _told(params: Params, resource_id: str) -> dict[str, Any]:
    """The answer: what was asked, without the records."""
    told = {name: params[name] for name in ("aliases", "primary_key", "indexes") if params.get(name) is not None}
    told |= {"calculate_record_count": count_of(params), "delete_fields": flag(params, "delete_fields")}
    if params.get("fields"):
        told["fields"] = params["fields"]
    if params.get("triggers") is not None:
        defaults = {"for_each": "row", "when": "before insert or update"}
        told["triggers"] = [defaults | one for one in params["triggers"]]
    if params.get("resource"):
        told["resource"] = params["resource"]
    return told | extras(params, KNOWN) | {"resource_id": resource_id, "method": "insert"}


def count_of(params: Params) -> bool | str:
    """`calculate_record_count` as it is told back."""
    given = params.get("calculate_record_count")
    return "background" if given in (None, "", "background") else flag(params, "calculate_record_count")


def extras(params: Params, known: frozenset[str]) -> dict[str, Any]:
    """Parameters that mean nothing are told back."""
    found = {name: value for name, value in params.items() if name not in known}
    return {"__extras": found} if found else {}


__all__ = ["datastore_create", "writable"]
