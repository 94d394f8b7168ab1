"""The texts of related open rows that this process holds, and the answers that it puts them into."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lienthong.access.held import Recent
from lienthong.kernel.problem import Problem
from lienthong.store.apart import MARK, MOST_ROWS, Table
from lienthong.store.compile import Statement
from lienthong.store.database import Database

MOST_BYTES = 24 << 20
log = logging.getLogger("lienthong.apart")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a table by key, as of these releases; None: there are too many, or their keys are strange."""

    releases: tuple[int, ...]
    by_key: Mapping[bytes, bytes] | None


class Apart:
    """Reads each table once a release, and fills the places that statements leave."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._texts: Recent[Table, Texts] = Recent(MOST_BYTES)
        self._reading: dict[Table, asyncio.Task[Texts]] = {}

    def ready(self, statement: Statement) -> bool:
        """Can the places of this statement be filled? What is not known yet is read meanwhile."""
        missing = [table for table in statement.apart if table not in self._texts]
        for table in missing:
            self._read(table)
        return not missing and all(self._texts[table].by_key is not None for table in statement.apart)

    async def filled(self, statement: Statement, body: bytes, releases: Sequence[int]) -> bytes | None:
        """`body` with its places filled from these releases; None when others are served by now."""
        numbers = dict(zip(statement.told, releases, strict=True))
        found: list[Mapping[bytes, bytes]] = []
        for table in statement.apart:
            wanted = tuple(numbers[name] for name in table.datasets)
            if table not in self._texts or (texts := self._texts[table]).releases != wanted:
                texts = await self._read(table)
            if texts.by_key is None or texts.releases != wanted:
                return None
            found.append(texts.by_key)
        return put_in(body, found)

    def _read(self, table: Table) -> "asyncio.Task[Texts]":
        """Read a table, once for all who wait for it."""
        task = self._reading.get(table)
        if task is None:
            task = self._reading[table] = asyncio.ensure_future(self._texts_of(table))
            task.add_done_callback(lambda _: self._reading.pop(table, None))
        return task

    async def _texts_of(self, table: Table) -> Texts:
        try:
            body, count, strange, *releases = await self._database.read(Statement(table.sql, ()))
        except Problem as problem:  # those who ask go without
            log.warning("a table of texts cannot be read: %s", type(problem).__name__)
            return self._texts.put(table, Texts((), None), 0)
        numbers = tuple(int(number or 0) for number in releases)
        if int(count or 0) > MOST_ROWS or int(strange or 0):
            return self._texts.put(table, Texts(numbers, None), 0)
        parts = (body or b"").split(MARK)
        texts = Texts(numbers, dict(zip(parts[::2], parts[1::2], strict=False)))
        return self._texts.put(table, texts, 3 * len(body or b""))


def put_in(body: bytes, tables: Sequence[Mapping[bytes, bytes]]) -> bytes:
    """`body` with each place, a digit and a key between marks, filled with a text of that table, or null."""
    parts = body.split(MARK)
    parts[1::2] = [tables[place[0] - 48].get(place[1:], b"null") for place in parts[1::2]]
    return b"".join(parts)
