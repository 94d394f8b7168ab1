"""datastore_search and datastore_info: rows through the door, their bytes as PostgreSQL built them."""

from dataclasses import dataclass
from hashlib import md5
from typing import Any
from uuid import UUID

import orjson

from lienthong.access.door import Answer, Door
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.ckan import columns, datastore_hosted, ids, records
from lienthong.ckan.asked import MAX_LIMIT, Asked, asked
from lienthong.ckan.call import Call, Raw, action
from lienthong.ckan.datastore_pages import found
from lienthong.ckan.datastore_tables import readables
from lienthong.ckan.errors import denied, missing, not_found
from lienthong.ckan.index import Index
from lienthong.ckan.parameters import Params, flag, natural
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import NotPermitted, Unauthenticated
from lienthong.kernel.text import Language
from lienthong.store.keyset import decode, sort_keys
from lienthong.store.query import ROW_NUMBER, Condition, Page, Query
from lienthong.store.scope import Scope

TABLES = "_table_metadata"
_TABLES = {"_id": "int", "name": "name", "oid": "oid", "alias_of": "name"}
MAX_KEPT = 1_000
_totals: dict[tuple[UUID, Condition | None], int] = {}
_fields: dict[tuple[str, tuple[str, ...], Language], bytes] = {}


@action
async def datastore_search(call: Call) -> Any:
    """Search the rows of a dataset.

    :param resource_id: the id of the dataset's CSV file, or the dataset's name
    :param filters: `{"field": value}`; a list means one of; `{"gt": 1}` compares (gt gte lt lte eq in); `$or`, `$and`
    :param q: words, found as parts and without tone marks in the dataset's search fields; or `{"field": words}`
    :param fields: the columns wanted
    :param sort: `a, b desc`; missing values come last
    :param limit: at most 32000 (100)
    :param offset: how many to skip
    :param distinct: each combination of values once
    :param include_total: also how many rows there are (true)
    :param include_next_page: also the filter of the next page, when sorted by `_id`
    :param records_format: objects, lists, csv or tsv
    """
    params = call.params
    name = table_name(params)
    if name == TABLES:
        return await _tables(call)
    if name not in call.index.datastores:
        return await datastore_hosted.search(call, name)
    rows = rows_of(call.services.door, call.index, call.subject, name, call.language, call.user)
    return await answered(call.services.door, call.subject, rows, asked(params, rows.scope))


@action
async def datastore_info(call: Call) -> Any:
    """Tell the columns of a dataset's rows.

    :param id: the id of the dataset's CSV file, or the dataset's name
    :param include_meta: also how many rows there are (true)
    :param include_fields_schema: also the stored types (true)
    """
    name = table_name(call.params)
    if name not in call.index.datastores:
        return await datastore_hosted.info(call, name)
    scope, number = table(call, name, f'Resource/Alias "{name}" was not found.')
    contract, language = scope.contract, call.language
    result: dict[str, Any] = {}
    if flag(call.params, "include_meta", True):
        result["meta"] = await _meta(call, scope, number)
    shown = [columns.described(contract.by_name[n], n in contract.primary_key, language) for n in scope.visible]
    if not flag(call.params, "include_fields_schema", True):
        shown = [{key: value for key, value in column.items() if key != "schema"} for column in shown]
    return result | {"fields": shown}


async def _meta(call: Call, scope: Scope, number: str) -> dict[str, Any]:
    rows = released_rows(call, scope)
    if rows is None:
        query = Query(scope.contract.id, page=Page(0), total=True)
        rows = (await call.rows(query)).total or 0
    held = call.index.resources.get(number)
    size = held[2].size if held else 0
    return {
        "id": number,
        "count": rows,
        "table_type": "BASE TABLE",
        "size": size,
        "db_size": sum(file.size for _, _, file in call.index.resources.values()),
        "idx_size": 0,
        "aliases": [scope.contract.slug],
    }


# --- an answer --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are asked for: what the caller may see of them, their id, their release, the caller's language."""

    scope: Scope
    number: str
    release: ReleaseInfo | None
    language: Language


def rows_of(door: Door, index: Index, subject: Subject, name: str, language: Language, user: str = "") -> Rows:
    """The rows of that name for a caller. Raises Refusal (404, 403)."""
    scope, number = _table(door, index, subject, name, user)
    return Rows(scope, number, release_of(index, scope), language)


async def answered(door: Door, subject: Subject, rows: Rows, wanted: Asked) -> Raw:
    """What is asked of the rows. Raises Problem."""
    release, query = rows.release, wanted.query
    total, answer = await found(door, subject, wanted, rows.scope, release) if release else (None, None)
    if total is None:
        total = _known_total(release, wanted)
    if answer is None:
        counted = query.but(total=wanted.with_total and total is None)
        answer = await door.rows(subject, counted, surface="ckan")
    head: dict[str, Any] = {
        "include_next_page": wanted.with_next,
        "include_total": wanted.with_total,
        "limit": query.page.limit,
        "records_format": wanted.format,
        "resource_id": rows.number,
        **wanted.echo,
    }
    if wanted.with_next and (following := _following(wanted, answer, rows.scope)):
        head["next_page"] = following
    tail = b"}"
    if wanted.with_total:
        tail = b',"total":%d}' % (answer.total or 0 if total is None else total)
    if release and total is None and answer.total is not None and answer.release == release.number:
        _keep_total(release, wanted, answer.total)
    fields = fields_json(rows.scope.contract, wanted.names, rows.language)
    # Put together once: what it holds can be large.
    records = shaped(answer.body, wanted)
    body = b"".join((orjson.dumps(head)[:-1], b',"records":', records, b',"fields":', fields, tail))
    return Raw(body, answer.receipt, release)


# --- the table --------------------------------------------------------------------------------------------------


def table_name(params: Params) -> str:
    """The parameter that names the rows. Raises Refusal."""
    name = params.get("resource_id") or params.get("id")
    if not name:
        raise missing("resource_id")
    return str(name)


def table(call: Call, name: str, absent: str | None = None) -> tuple[Scope, str]:
    """What the caller may see of the rows, and their id. Raises Refusal (404, 403)."""
    return _table(call.services.door, call.index, call.subject, name, call.user, absent)


def _table(
    door: Door, index: Index, subject: Subject, name: str, user: str, absent: str | None = None
) -> tuple[Scope, str]:
    dataset = index.datastores.get(name)
    refusal = not_found(absent or f'Resource "{name}" was not found.')
    if dataset is None:
        raise refusal
    number = ids.resource_id(dataset, "csv")
    try:
        scope = door.scope(subject, dataset)
    except (Unauthenticated, NotPermitted) as problem:
        raise denied(f"User {user} not authorized to perform resource_show on resource {name}") from problem
    if scope.schema == "open" and not index.entries[scope.contract.slug].is_public:
        raise refusal
    return scope, number


def release_of(index: Index, scope: Scope) -> ReleaseInfo | None:
    """The release that is served; None for rows that are not released ones."""
    state = index.entries[scope.contract.slug].state
    return state.release if state and scope.schema == "open" else None


def released_rows(call: Call, scope: Scope) -> int | None:
    """How many rows the served release has; None for rows that are not released ones."""
    release = release_of(call.index, scope)
    return release.rows if release else None


def _known_total(release: ReleaseInfo | None, wanted: Asked) -> int | None:
    """How many rows fit, if that is known already: all of a release, or those that were counted before."""
    if release is None:
        return None
    if not wanted.filtered:
        return release.rows
    return None if wanted.query.is_aggregate else _totals.get((release.id, wanted.query.where))


def _keep_total(release: ReleaseInfo, wanted: Asked, total: int) -> None:
    """The same condition on the same release is counted once, whatever page is asked for."""
    if not wanted.query.is_aggregate:
        if len(_totals) >= MAX_KEPT:
            _totals.clear()
        _totals[release.id, wanted.query.where] = total


def shaped(body: bytes, wanted: Asked) -> bytes:
    """The records in the format asked for."""
    if wanted.format == "objects":
        return body
    if wanted.format == "lists":
        return records.as_lists(body, wanted.names)
    return orjson.dumps(records.as_text(body, wanted.names, wanted.format))


def fields_json(contract: Contract, names: tuple[str, ...], language: Language) -> bytes:
    """`fields` as JSON, made once for each choice of columns."""
    key = (contract.fingerprint, names, language)
    known = _fields.get(key)
    if known is None:
        if len(_fields) >= MAX_KEPT:
            _fields.clear()
        shown = columns.columns([contract.by_name.get(name) for name in names], language)
        known = _fields[key] = orjson.dumps(shown)
    return known


def _following(wanted: Asked, answer: Answer, scope: Scope) -> dict[str, Any] | None:
    """The filter of the next page: after the last row's number."""
    if not wanted.by_number:
        return None
    last: Any = None
    if answer.next:
        last = int(decode(answer.next, sort_keys(scope, wanted.query.order))[0] or 0)
    elif ROW_NUMBER in wanted.names and (shown := orjson.loads(answer.body)):
        last = shown[-1][ROW_NUMBER]
    return {ROW_NUMBER: {"lt" if wanted.descending else "gt": last}} if last is not None else None


async def _tables(call: Call) -> dict[str, Any]:
    """The tables and their other names, as the DataStore's own table of tables."""
    found: list[tuple[str, str | None]] = []
    for dataset in dict.fromkeys(call.index.datastores.values()):
        entry = call.index.find(call.services.registry.get(dataset).slug)
        if entry and entry.is_public:
            number = ids.resource_id(dataset, "csv")
            found += [(number, None), (entry.name, number)]
    for table in await readables(call):
        found += [(table.resource_id, None), *((alias, table.resource_id) for alias in table.aliases)]
    oids = {name: str(n + 16384) for n, (name, _) in enumerate(found)}
    rows = [{"_id": _short(name), "name": name, "oid": oids[name], "alias_of": of} for name, of in found]
    rows.sort(key=lambda row: (row["alias_of"] is None, row["_id"] or ""))
    limit, start = min(natural(call.params, "limit", 100), MAX_LIMIT), natural(call.params, "offset", 0)
    return {
        "include_next_page": False,
        "include_total": True,
        "limit": limit,
        "records_format": "objects",
        "resource_id": TABLES,
        "records": rows[start : start + limit],
        "fields": [{"id": name, "type": kind} for name, kind in _TABLES.items()],
        "total": len(rows),
    }


def _short(name: str) -> str:
    return md5(name.encode(), usedforsecurity=False).hexdigest()[:16]
