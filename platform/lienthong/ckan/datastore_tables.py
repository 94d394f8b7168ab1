"""From the name of rows to the hosted table, after asking whether the caller may see or change it."""

from dataclasses import dataclass

from lienthong.access.hosted import HostedRows
from lienthong.catalog.hosted import tabled
from lienthong.catalog.hosted.tables import HostedPackage, HostedResource
from lienthong.ckan import authz
from lienthong.ckan.call import Call
from lienthong.ckan.errors import Refusal, invalid, invalid_query, not_found
from lienthong.ckan.parameters import Params, flag
from lienthong.store.hosted_values import HostedTable, Refused

_READ_ONLY = (
    "Cannot edit read-only resource because changes made may be lost. Use a resource created for editing e.g. with "
    'datastore_create or use "force=True" to ignore this warning.'
)


@dataclass(frozen=True)
class Held:
    """A resource of the hosted catalogue, with its package and, when it has rows, its table."""

    resource: HostedResource
    package: HostedPackage
    table: HostedTable | None = None


def rows_of(call: Call) -> HostedRows:
    """Hosted rows as the caller reaches them."""
    return HostedRows(call.services.door, call.subject)


async def held(call: Call, resource_id: str) -> Held | None:
    """The resource, unless it or its package is gone."""
    found = await tabled.holder(call.engine, resource_id)
    return Held(*found) if found else None


async def readable(call: Call, name: str, absent: str | None = None) -> HostedTable:
    """The table by id or alias. Raises Refusal: 404, 403."""
    refusal = not_found(absent or f'Resource "{name}" was not found.')
    table = await rows_of(call).table(name)
    found = await held(call, table.resource_id) if table else None
    if table is None or found is None:
        raise refusal
    call.check("datastore_read", (found.package, table.resource_id))
    return table


async def readables(call: Call) -> list[HostedTable]:
    """The tables of datasets that the caller may see."""
    tables = {table.resource_id: table for table in await rows_of(call).tables()}
    found = await tabled.holders(call.engine, tables)
    return [tables[number] for number, package in found if call.may("datastore_read", (package, number))]


async def writable(call: Call, resource_id: str, *, absent: Refusal | None = None) -> Held:
    """The resource, to be changed. Raises Refusal: 404, 403."""
    if resource_id in call.index.resources or resource_id in call.index.datastores:
        raise authz.governed()
    found = await held(call, resource_id)
    if found is None:
        raise absent or not_found()
    call.check("datastore_write", (found.package, resource_id))
    return found


def not_read_only(params: Params, found: Held) -> None:
    """Rows of a file that was loaded would be lost with the next load. Raises Refusal unless `force`."""
    if not flag(params, "force") and found.resource.body.get("url_type") != "datastore":
        raise invalid("read-only", _READ_ONLY)


def refused(error: Refused) -> Refusal:
    """What the database says of a query."""
    return invalid_query(error.reason)


def no_table(resource_id: str) -> Refusal:
    """There are no rows."""
    return not_found(f'Resource "{resource_id}" was not found.')
