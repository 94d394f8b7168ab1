"""Reads of open rows by their keys that meet: what is asked for at the same moment goes as one statement.

While a read of a kind is on its way, the next ones gather, and go together when it is back: a round trip for all of
them. Who reads alone goes at once, waits for nobody, and so does who would wait too long. Only statements whose every
value is the text of a key, read by the one role of the public, are of a kind: they differ in nothing but their keys.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Problem
from lienthong.store.compile import Statement
from lienthong.store.slots import Slot

Row = tuple[bytes | None, ...]
PATIENCE = 0.05  # seconds that a read waits for the one before
_PLACE = re.compile(r"\$(\d+)")
_TEXT = re.compile(r"'[^']*'")


def shared(statement: Statement, contract: Contract) -> Statement:
    """The statement with what answers many of its kind, where its values are all texts of the key and nothing else."""
    columns = [column for name in contract.primary_key for column in contract.by_name[name].columns]
    keys = all(isinstance(value, Slot) for value in statement.params) and len(statement.params) == len(columns)
    texts = all(column.sql_type == "text" for column in columns)
    told = any("$" in text for text in _TEXT.findall(statement.sql))  # a text that looks like a place for a value
    if not keys or not texts or told or statement.governed:
        return statement
    numbers = range(1, len(columns) + 1)
    lists = ", ".join(f"${n}::text[]" for n in numbers)
    names = ", ".join(f"v{n}" for n in numbers)
    one = _PLACE.sub(r"together.v\1", statement.sql)
    sql = (
        f"select answered.* from unnest({lists}) with ordinality together({names}, n) "
        f"cross join lateral ({one}) answered order by together.n"
    )
    return replace(statement, many=sql)


class _Asked:
    """A read that waits for its row. None: it goes alone."""

    __slots__ = ("row", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.row: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()

    def end(self, row: Row | None) -> None:
        """Tell who waits, unless they have left."""
        if not self.row.done():
            self.row.set_result(row)


class Together:
    """Reads statements by the way of `read`: SQL and values to rows."""

    def __init__(self, read: Callable[[str, Sequence[str]], Awaitable[list[Row]]]) -> None:
        self._read = read
        self._waiting: dict[str, list[_Asked]] = {}  # for the read of their kind that is on its way
        self._tasks: set[asyncio.Task[None]] = set()

    async def row(self, statement: Statement) -> Row:
        """The one row of a statement that has a kind. Raises what reading does."""
        waiting = self._waiting.get(statement.many)
        if waiting is None:
            self._waiting[statement.many] = []
            try:
                return await self._alone(statement)
            finally:
                self._next(statement.many)
        asked = _Asked(statement)
        waiting.append(asked)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_later(PATIENCE, self._release, waiting)
        return await asked.row or await self._alone(statement)

    async def _alone(self, statement: Statement) -> Row:
        (row,) = await self._read(statement.sql, statement.params)
        return row

    def _release(self, waiting: list[_Asked]) -> None:
        """Those who still wait go alone."""
        for asked in waiting:
            asked.end(None)
        waiting.clear()

    def _next(self, kind: str) -> None:
        """The read on its way is back: those who wait for it go together."""
        if not self._waiting[kind]:
            del self._waiting[kind]
            return
        task = asyncio.get_running_loop().create_task(self._go(kind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go(self, kind: str) -> None:
        """Read for all who wait; where that fails, each goes alone and hears of it by itself."""
        waiting = self._waiting[kind]  # taken now: who came meanwhile goes too
        batch = [asked for asked in waiting if not asked.row.done()]
        waiting.clear()  # they wait no longer: nobody releases them
        self._waiting[kind] = []
        rows: Sequence[Row | None] = [None] * len(batch)
        try:
            if len(batch) > 1:
                values = zip(*(asked.statement.params for asked in batch), strict=True)
                rows = await self._read(kind, [texts(column) for column in values])
        except Problem:
            pass
        finally:
            for asked, row in zip(batch, rows, strict=True):
                asked.end(row)
            self._next(kind)


def texts(values: Sequence[str]) -> str:
    """The texts as PostgreSQL writes an array."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + '","'.join(quoted) + '"}'
