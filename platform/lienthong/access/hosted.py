"""Hosted rows for the surfaces. Who may see or change the dataset is asked before; here is what it costs, and the rows.

Every write is one transaction: all of it is seen, or nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lienthong.access.door import Door
from lienthong.governance.subject import Subject
from lienthong.store import hosted, hosted_search, hosted_tables, hosted_writes
from lienthong.store.hosted import Connection
from lienthong.store.hosted_shapes import words_sql
from lienthong.store.hosted_types import HostedField
from lienthong.store.hosted_values import (
    Found,
    HostedTable,
    Method,
    Missing,
    Operation,
    Record,
    Refused,
    Search,
)
from lienthong.store.hosted_writes import Written

__all__ = ["Change", "HostedRows", "Missing", "NoTable", "Refused", "Taken"]


class NoTable(Exception):
    """There are no rows of this resource."""


class Taken(Exception):
    """Another name of a table belongs to another one."""


@dataclass(frozen=True)
class Change:
    """What a table is to be: columns, and what of the rest is said (None: as it is)."""

    fields: tuple[HostedField, ...] = ()
    narrow: bool = False
    primary_key: tuple[str, ...] | None = None
    indexes: tuple[tuple[str, ...], ...] | None = None
    aliases: tuple[str, ...] | None = None
    triggers: tuple[str, ...] | None = None
    records: Sequence[Record] = ()
    show: bool = False


class HostedRows:
    """The rows as one caller reaches them."""

    def __init__(self, door: Door, subject: Subject) -> None:
        self._door, self._subject = door, subject
        self._store = door.database.hosted

    async def table(self, name: str) -> HostedTable | None:
        """The table of a resource, by its id or another name of it."""
        return await self._store.table(name)

    async def tables(self) -> list[HostedTable]:
        """All tables."""
        return await self._store.tables()

    async def size(self, table: HostedTable) -> tuple[int, int]:
        """Bytes of the rows and of their indexes."""
        async with self._store.reading() as connection:
            return await hosted_tables.size(connection, table)

    # --- reading ----------------------------------------------------------------------------------------------

    async def search(
        self, table: HostedTable, search: Search, *, with_total: bool, with_last: bool
    ) -> tuple[Found, int | None]:
        """One page of rows, and how many there are. Raises Refused, TooCostly."""
        self._door.charge(self._subject, max(1, search.limit or 0))
        await self._with_words(table, search)
        async with self._store.reading() as connection:
            found = await hosted_search.page(connection, table, search, last=with_last)
            total = await hosted_search.total(connection, table, search) if with_total else None
        return found, total

    async def lines(self, table: HostedTable, search: Search) -> AsyncIterator[bytes]:
        """Rows without a limit: pieces of CSV, or JSON arrays. Raises Refused, TooCostly."""
        self._door.charge(self._subject, 1)
        await self._with_words(table, search)
        async with self._store.reading(hosted.WRITE_MS) as connection:
            make = hosted_search.copied if search.kind in ("csv", "tsv") else hosted_search.streamed
            async for part in make(connection, table, search):
                yield part

    async def _with_words(self, table: HostedTable, search: Search) -> None:
        """Collect the words of rows that have none yet, once after each change."""
        if search.words is None or "" not in search.words.parts:
            return
        known = self._store.worded
        if known.get(table.resource_id) == table.change:
            return
        async with self._store.writing() as connection:
            held = await hosted.known(connection, table.resource_id, lock=True)
            if held is not None:
                await hosted_tables.words(connection, held, words_sql(held.fields))
                known[table.resource_id] = held.change

    # --- writing ----------------------------------------------------------------------------------------------

    async def define(self, resource_id: str, change: Change) -> Written:
        """Make a table, or change the one that is there, and add records. Raises Refused, Taken."""
        async with self._store.writing() as connection:
            before = await hosted.known(connection, resource_id, lock=True)
            if before is not None and before.resource_id != resource_id:
                before = None
            table = await self._defined(connection, resource_id, before, change)
            written = Written()
            if change.records:
                written = await hosted_writes.write(connection, table, change.records, "insert", show=change.show)
            await hosted.keep(connection, replace(table, rows=table.rows + written.added, by_name={}))
        return written

    async def _defined(
        self, connection: Connection, resource_id: str, before: HostedTable | None, change: Change
    ) -> HostedTable:
        table = before or HostedTable(resource_id, change.fields)
        if before is None:
            await hosted_tables.create(connection, table)
        else:
            table = await self._altered(connection, before, change)
        if change.aliases is not None:
            await self._free(connection, resource_id, change.aliases)
            table = replace(table, aliases=change.aliases, by_name={})
        if change.indexes is not None or change.primary_key is not None:
            table = await self._indexed(connection, table, change)
        if change.triggers is not None:
            await hosted_tables.set_triggers(connection, table, change.triggers)
            table = replace(table, triggers=change.triggers, by_name={})
        return table

    async def _altered(self, connection: Connection, before: HostedTable, change: Change) -> HostedTable:
        given = {f.name: f for f in change.fields}
        added = [f for f in change.fields if f.name not in before.by_name]
        dropped = [f.name for f in before.fields if change.narrow and given and f.name not in given]
        await hosted_tables.alter(connection, before, added, dropped)
        kept = [
            replace(f, info=given[f.name].info) if f.name in given and given[f.name].info is not None else f
            for f in before.fields
            if f.name not in dropped
        ]
        lost = set(dropped)
        return replace(
            before,
            fields=(*kept, *added),
            primary_key=before.primary_key if lost.isdisjoint(before.primary_key) else (),
            indexes=tuple(index for index in before.indexes if lost.isdisjoint(index)),
            by_name={},
        )

    async def _free(self, connection: Connection, resource_id: str, aliases: Sequence[str]) -> None:
        for alias in aliases:
            held = await hosted.known(connection, alias)
            if held is not None and held.resource_id != resource_id:
                raise Taken(alias)

    async def _indexed(self, connection: Connection, table: HostedTable, change: Change) -> HostedTable:
        key = table.primary_key if change.primary_key is None else change.primary_key
        indexes = table.indexes if change.indexes is None else change.indexes
        await hosted_tables.index(connection, table, indexes, key, whole=True)
        return replace(table, primary_key=tuple(key), indexes=tuple(indexes), by_name={})

    async def write(
        self, resource_id: str, records: Sequence[Record], method: Method, *, show: bool = False, dry: bool = False
    ) -> Written:
        """Write records. Raises NoTable, Refused, Missing."""
        written = Written()

        async def work(connection: Connection, table: HostedTable) -> int:
            nonlocal written
            written = await hosted_writes.write(connection, table, records, method, show=show)
            if dry:
                raise _Dry
            return table.rows + written.added

        self._door.charge(self._subject, max(1, len(records)))
        with suppress(_Dry):
            await self._changed(resource_id, work)
        return written

    async def delete(self, resource_id: str, operation: Operation | None, *, show: bool = False) -> Written:
        """Delete the rows that fit, all when nothing is said. Raises NoTable, Refused."""
        written = Written()

        async def work(connection: Connection, table: HostedTable) -> int:
            nonlocal written
            written = await hosted_writes.delete(connection, table, operation, show=show)
            return table.rows - written.removed

        await self._changed(resource_id, work)
        return written

    async def run_triggers(self, resource_id: str) -> int:
        """Run the triggers over all rows; how many there are. Raises NoTable, Refused."""
        ran = 0

        async def work(connection: Connection, table: HostedTable) -> int:
            nonlocal ran
            ran = await hosted_tables.run_triggers(connection, table)
            return table.rows

        await self._changed(resource_id, work)
        return ran

    async def drop(self, resource_id: str) -> None:
        """Drop the table. Raises NoTable."""
        async with self._store.writing() as connection:
            table = await hosted.known(connection, resource_id, lock=True)
            if table is None:
                raise NoTable(resource_id)
            await hosted_tables.drop(connection, table)

    async def create_function(self, name: str, body: str, *, replace: bool) -> None:
        """Make a trigger function of a body that was checked. Raises Refused."""
        async with self._store.writing() as connection:
            await hosted_tables.create_function(connection, name, body, replace=replace)

    async def drop_function(self, name: str, *, if_exists: bool) -> None:
        """Drop a trigger function. Raises Refused."""
        async with self._store.writing() as connection:
            await hosted_tables.drop_function(connection, name, if_exists=if_exists)

    async def _changed(self, resource_id: str, work: Callable[[Connection, HostedTable], Awaitable[int]]) -> None:
        async with self._store.writing() as connection:
            table = await hosted.known(connection, resource_id, lock=True)
            if table is None:
                raise NoTable(resource_id)
            await hosted.counted(connection, table, await work(connection, table))


class _Dry(Exception):
    """The end of a write that is only tried."""
