"""The sandbox: a second cluster with copies of what is public, where SQL typed by people runs.

A statement there may kill its server process or the whole cluster; nothing else is touched. What it holds can be made
again at any time, so a cluster that does not start is thrown away.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection, errors, sql
from psycopg.rows import TupleRow

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store.cluster import Cluster
from lienthong.store.hosted import told
from lienthong.store.sandbox_rights import CONNECTIONS, MILLISECONDS, READER, harden

log = logging.getLogger("lienthong.sandbox")
FOLDER = "sandbox"
MOST_ROWS, MOST_BYTES, MOST_COST = 32_000, 10_000_000, 2_000_000.0
PATIENCE = 0.7  # seconds after the time limit until a statement is ended by force
RESTART = 3.0  # seconds that the cluster may need after a process was ended by force
AT_ONCE = CONNECTIONS - 2
Connection = AsyncConnection[TupleRow]
Fields = tuple[tuple[str, str], ...]
_KINDS = {
    16: "bool", 17: "bytea", 20: "int8", 21: "int2", 23: "int4", 25: "text", 114: "json", 700: "float4", 701: "float8",
    705: "unknown", 1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz",
    1186: "interval", 1266: "timetz", 1700: "numeric", 2249: "record", 2950: "uuid", 3614: "tsvector", 3615: "tsquery",
    3802: "jsonb", 1000: "_bool", 1005: "_int2", 1007: "_int4", 1009: "_text", 1016: "_int8", 1015: "_varchar",
    1021: "_float4", 1022: "_float8", 1182: "_date", 1115: "_timestamp", 1185: "_timestamptz", 1231: "_numeric",
    199: "_json", 3807: "_jsonb", 2951: "_uuid",
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Rows as JSON objects, the columns (name, type), and whether more were left out.

    `latest`: were all copies those that were asked for, and not older ones?
    """

    records: bytes
    fields: tuple[tuple[str, str], ...]
    truncated: bool
    latest: bool = False


class NotRun(Exception):
    """The statement failed: PostgreSQL's reason."""


class Place:
    """Where the sandbox is: a cluster in the home folder, or a database that was named."""

    def __init__(self, home: Path, url: str | None = None) -> None:
        self._url = url
        self._cluster = None if url else Cluster(home, "sandbox", FOLDER, ())
        self._folder = home.absolute() / FOLDER

    @property
    def is_ours(self) -> bool:
        """Is it a cluster that we start and stop?"""
        return self._cluster is not None

    @property
    def running(self) -> bool:
        """Is there something to connect to?"""
        return self._cluster is None or self._cluster.running

    def start(self) -> None:
        """Start the cluster, make it when there is none, and set its rights. Raises Unavailable."""
        if self._cluster is not None and not self._cluster.running:
            try:
                self._cluster.start()
            except Unavailable:
                log.warning("the sandbox does not start; it is made anew")
                shutil.rmtree(self._folder / "data", ignore_errors=True)
                self._cluster.start()
        with (
            psycopg.connect(self.owner_url, autocommit=True, connect_timeout=10) as connection,
            connection.transaction(),
        ):
            connection.execute("select pg_advisory_xact_lock(7461)")
            harden(connection, self.password)

    def stop(self) -> None:
        """Stop the cluster, if it is ours."""
        if self._cluster is not None:
            self._cluster.stop()

    @property
    def owner_url(self) -> str:
        """For whoever loads copies."""
        return self._url or (self._cluster.url() if self._cluster else "")

    @property
    def password(self) -> str:
        """The reader's."""
        if self._cluster is not None:
            return self._cluster.password(READER)
        path = self._folder.parent / "sandbox.secret"
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(os.urandom(24).hex())
        return path.read_text()

    @property
    def reader_url(self) -> str:
        """For SQL typed by people."""
        if self._cluster is not None:
            return self._cluster.url(user=READER)
        parts = psycopg.conninfo.conninfo_to_dict(self.owner_url)
        return psycopg.conninfo.make_conninfo("", **{**parts, "user": READER, "password": self.password})


class Runner:
    """Runs statements as the reader: one transaction each, on a connection that is clean before and after."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._idle: list[Connection] = []
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self, statement: str, most: int = MOST_ROWS) -> Result:
        """The first `most` rows of a statement that the guard has let pass. Raises NotRun, Unavailable."""
        async with self._connection() as connection:
            with _reasons():
                async with connection.transaction():
                    fields = await _looked_at(connection, statement)
                    return await self._rows(connection, statement, fields, min(most, MOST_ROWS))

    async def run_unguarded(self, statement: str) -> int:
        """Any text at all, by the extended protocol, to its end: what holds when the guard does not. Raises NotRun."""
        async with self._connection() as connection:
            with _reasons():
                count = 0
                async for _ in connection.cursor().stream(statement.encode()):
                    count += 1
                    if count > MOST_ROWS:
                        break
                return count

    async def close(self) -> None:
        """Close the connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _rows(self, connection: Connection, statement: str, fields: Fields, most: int) -> Result:
        rows: list[bytes] = []
        size, truncated = 0, False
        made = f"select row_to_json(q.*)::text from (select * from ({statement}) q limit {most + 1}) q"
        async for (row,) in connection.cursor(binary=True).stream(made.encode(), size=200):
            size += len(row)
            if len(rows) >= most or size > MOST_BYTES:
                truncated = True
                break
            rows.append(row.encode())
        return Result(b"[" + b",".join(rows) + b"]", fields, truncated)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection, ended by force when its statement does not stop in time."""
        try:
            await asyncio.wait_for(self._turns.acquire(), 3)
        except TimeoutError as error:
            raise _busy() from error
        connection = None
        timer = None
        try:
            connection = await self._open()
            timer = asyncio.get_running_loop().call_later(MILLISECONDS / 1000 + PATIENCE, self._kill, connection)
            yield connection
        finally:
            if timer is not None:
                timer.cancel()
            if connection is not None:
                await self._give(connection)
            self._turns.release()

    async def _open(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        end = asyncio.get_running_loop().time() + RESTART
        while True:
            try:
                # Nothing is prepared: a prepared statement would not outlive the statement it was made for.
                return await AsyncConnection.connect(
                    self._place.reader_url, autocommit=True, connect_timeout=5, prepare_threshold=None
                )
            except errors.OperationalError as error:
                if asyncio.get_running_loop().time() > end:
                    raise _busy() from error
                await asyncio.sleep(0.1)

    async def _give(self, connection: Connection) -> None:
        """Back to the idle ones, with nothing left of what ran on it; else closed."""
        try:
            if not connection.closed:
                await asyncio.wait_for(connection.execute("discard all"), 1)
                self._idle.append(connection)
        except (errors.Error, TimeoutError):
            await connection.close()

    def _kill(self, connection: Connection) -> None:
        """Some statements do not look whether their time is over."""
        if not self._place.is_ours or connection.closed:
            return
        log.warning("a statement in the sandbox did not stop; its process is ended")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(connection.info.backend_pid, signal.SIGKILL)


async def _looked_at(connection: Connection, statement: str) -> Fields:
    """The columns, in one trip with the cost. Raises NotRun when the planner thinks that it takes too long."""
    shape = f"select * from ({statement}) q limit 0"  # runs nothing
    found = await connection.execute(f"explain (format json) {statement}; {shape}".encode())
    row = await found.fetchone()
    assert row is not None
    plan: Any = row[0] if isinstance(row[0], list) else orjson.loads(row[0])
    cost = float(plan[0]["Plan"]["Total Cost"])
    if cost > MOST_COST:
        raise NotRun(f"the query is too costly: {cost:.0f} of at most {MOST_COST:.0f}")
    found.nextset()
    return tuple((c.name, _KINDS.get(c.type_code, "text")) for c in found.description or ())


def _busy() -> Unavailable:
    return Unavailable(
        both("Nơi chạy SQL đang bận", "The place where SQL runs is busy"),
        fix=both("Thử lại sau ít giây", "Try again in a few seconds"),
    )


@contextlib.contextmanager
def _reasons() -> Any:
    """PostgreSQL's errors as reasons."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise NotRun("canceling statement due to statement timeout") from error
    except errors.OperationalError as error:
        if error.sqlstate and error.sqlstate[:2] in ("53", "54", "55"):
            raise NotRun(told(error)) from error
        if error.sqlstate is None or error.sqlstate.startswith("57"):
            raise NotRun("canceling statement: it needs too much time or memory") from error
        raise _busy() from error
    except errors.Error as error:
        raise NotRun(told(error)) from error


async def loaded(url: str) -> dict[str, tuple[str, int]]:
    """The copies: name -> version and number of rows."""
    async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
        rows: Sequence[tuple[str, str, int]] = await (
            await connection.execute("select name, version, rows from meta.copied")
        ).fetchall()
    return {name: (version, count) for name, version, count in rows}


def quoted(name: str) -> sql.Identifier:
    """A relation among the copies."""
    return sql.Identifier("data", name)
