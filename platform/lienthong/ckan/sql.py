"""datastore_search_sql: a query in PostgreSQL's own language, over what anybody can read."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson

from lienthong.access.door import Door
from lienthong.access.hosted import HostedRows
from lienthong.access.sql import NotRun, Rejected, Source, sql_of
from lienthong.ckan import columns, ids
from lienthong.ckan.call import Call, Raw, action
from lienthong.ckan.datastore_tables import held, rows_of
from lienthong.ckan.errors import Refusal, denied, invalid_query, missing, not_found
from lienthong.ckan.steady import Steady
from lienthong.contract.model import FieldContract
from lienthong.governance.subject import ANONYMOUS
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import Copy, HostedTable, Search
from lienthong.store.lines import WHOLE
from lienthong.store.query import ROW_NUMBER, Item, Page, Query
from lienthong.store.scope import Scope

_steady = Steady()
_KINDS = {"bool": "bool", "int4": "int4", "int8": "int8", "numeric": "numeric", "float8": "float8", "date": "date",
          "timestamptz": "timestamptz", "json": "json"}  # fmt: skip


@action
async def datastore_search_sql(call: Call) -> Any:
    """Run one SELECT over rows that anybody can read.

    :param sql: the query; tables are named by the id of the resource, the name of the dataset, or an alias; at most
        32000 rows and 10 MB are answered, 1000 rows without a LIMIT; more is told by `records_truncated`
    """
    given = call.params.get("sql")
    if given is None:
        raise missing("sql")
    sandbox = sql_of(call.services)
    try:
        read = await sandbox.reader.query(str(given))
        sources = [await _source(call, name) for name in read.relations]
        caller = call.services.door.charge(call.subject, 1_000)
        result = await sandbox.run(read, sources, caller)
    except Rejected as error:
        if error.kind == "denied":
            raise denied(error.message) from error
        raise Refusal(409, {"message": error.message, "__type": "Validation Error"}) from error
    except NotRun as error:
        raise invalid_query(str(error)) from error
    truncated = b',"records_truncated":true' if result.truncated else b""
    fields = orjson.dumps([{"id": name, "type": kind} for name, kind in result.fields])
    body = (
        b'{"sql":' + orjson.dumps(given) + truncated + b',"records":' + result.records + b',"fields":' + fields + b"}"
    )
    return Raw(body, release=_steady.releases(read.sql, sources, body) if result.latest else None)


async def _source(call: Call, name: str) -> Source:
    """What a relation is. Raises Refusal: 404, or 403 for what not everybody can read."""
    dataset = call.index.datastores.get(name)
    if dataset is not None:
        return _released(call, dataset)
    table = await rows_of(call).table(name)
    found = await held(call, table.resource_id) if table else None
    if table is None or found is None:
        raise not_found()
    if found.package.private or found.package.state != "active":
        raise denied("Not authorized to read resource.")
    return _hosted(call, table)


# --- open releases ----------------------------------------------------------------------------------------------


def _released(call: Call, dataset: str) -> Source:
    contract = call.services.registry.get(dataset)
    entry = call.index.find(contract.slug)
    release = entry.state.release if entry and entry.state and entry.is_public else None
    if release is None:
        raise denied("Not authorized to read resource.")
    scope = call.services.door.scope(ANONYMOUS, dataset)
    number = ids.resource_id(dataset, "csv")
    fields = tuple(_field(contract.by_name[name], scope) for name in scope.visible)
    version = f"{release.id}:{contract.fingerprint}"
    copy = Copy(number, tuple(dict.fromkeys((contract.slug, contract.id))), fields, version, release.rows)
    public = [r for r in entry.state.releases if r.state != "withdrawn"] if entry and entry.state else []
    older = frozenset(f"{r.id}:{contract.fingerprint}" for r in public)
    return Source(copy, lambda: _released_rows(call.services.door, scope), release, older)


def _field(field: FieldContract, scope: Scope) -> HostedField:
    kind = "text" if field.name in scope.masked else _KINDS.get(columns.kind(field), "text")
    return HostedField(field.name, kind)


async def _released_rows(door: Door, scope: Scope) -> AsyncIterator[bytes]:
    """The rows, as anybody may see them."""
    items = tuple(Item(name, name) for name in (ROW_NUMBER, *scope.visible))
    query = Query(scope.contract.id, items, page=Page(WHOLE, most=WHOLE))
    lines = await door.lines(ANONYMOUS, query, "json", surface="ckan")
    async with aclosing(lines.blocks) as blocks:
        async for block in blocks:
            yield b"[" + b",".join(block) + b"]"


# --- hosted tables ----------------------------------------------------------------------------------------------


def _hosted(call: Call, table: HostedTable) -> Source:
    copy = Copy(table.resource_id, table.aliases, table.fields, f"hosted:{table.change}", table.rows)
    return Source(copy, lambda: _hosted_rows(HostedRows(call.services.door, ANONYMOUS), table))


def _hosted_rows(rows: HostedRows, table: HostedTable) -> AsyncIterator[bytes]:
    return rows.lines(table, Search(("_id", *table.by_name), limit=None))
