"""Runs: one passage of a delivery through land, conform, gate, merge; its state lives in the database only.

    running -> done | unchanged | refused | failed

The dataset's advisory lock is held over the whole run, so a `running` run whose lock is free is dead: the next one
marks it failed and drops what it left. A run's results and its state `done` are committed together.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from psycopg import Connection
from psycopg.types.json import Jsonb

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Conflict, Problem
from lienthong.kernel.text import Bilingual, both
from lienthong.store import staging

State = Literal["running", "done", "unchanged", "refused", "failed"]
Step = Literal["land", "conform", "gate", "merge", "done"]
_LOCK = "select pg_advisory_lock(hashtextextended('lienthong.ingest.' || %s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended('lienthong.ingest.' || %s, 0))"


@dataclass
class RunReport:
    """What became of one dataset's delivery.

    `counts`: read, accepted, quarantined, repeated, late, inserted, updated, closed, unchanged (numbers of rows).
    `problem` tells in both languages why it was refused or failed.
    """

    dataset: str
    run: str | None = None
    state: State = "running"
    step: Step = "land"
    files: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    score: float | None = None
    seconds: float = 0.0
    problem: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)


@dataclass
class Run:
    """A run in `platform.run`."""

    connection: Connection
    contract: Contract
    id: uuid.UUID
    report: RunReport

    def step(self, step: Step) -> None:
        """Note how far the run has come."""
        self.report.step = step
        self.connection.execute(
            "update platform.run set step = %s, files = %s, counts = %s where id = %s",
            (step, Jsonb(self.report.files), Jsonb(self.report.counts), self.id),
        )

    def finish(self, state: State, problem: dict[str, Any] | None = None) -> None:
        """End the run; inside the transaction of what it did, if it did something."""
        self.report.state, self.report.problem = state, problem
        if state in ("done", "unchanged"):
            self.report.step = "done"
        if self.connection.closed:
            return  # the next run finds this one dead
        self.connection.execute(
            "update platform.run set state = %s, step = %s, files = %s, counts = %s, problem = %s, "
            "finished_at = now() where id = %s",
            (
                state,
                self.report.step,
                Jsonb(self.report.files),
                Jsonb(self.report.counts),
                Jsonb(problem) if problem else None,
                self.id,
            ),
        )

    def identify(self, fingerprint: str) -> None:
        """Note what the run works on."""
        self.connection.execute("update platform.run set fingerprint = %s where id = %s", (fingerprint, self.id))


@contextmanager
def exclusive(connection: Connection, dataset: str) -> Iterator[None]:
    """Hold a dataset's lock; waits while another run has it."""
    connection.execute(_LOCK, (dataset,))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(_UNLOCK, (dataset,))


def open_run(connection: Connection, contract: Contract) -> Run:
    """Clear up after dead runs of the dataset and open a new one. Hold the dataset's lock."""
    recover(connection, contract.id)
    run = Run(connection, contract, uuid.uuid4(), RunReport(contract.id))
    run.report.run = str(run.id)
    connection.execute(
        "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, counts) "
        "values (%s, %s, 'running', 'land', now(), %s, '', '[]', '{}')",
        (run.id, contract.id, contract.version),
    )
    return run


def take_up(connection: Connection, contract: Contract, number: uuid.UUID) -> Run:
    """Begin the run of a write, which was put down when it was asked for, or begin it anew when its worker died."""
    recover(connection, contract.id)
    run = Run(connection, contract, number, RunReport(contract.id, str(number)))
    connection.execute(
        "update platform.run set state = 'running', step = 'land', started_at = now(), contract_version = %s "
        "where id = %s",
        (contract.version, number),
    )
    return run


def recover(connection: Connection, dataset: str) -> int:
    """Mark dead runs failed and drop their staging tables; the number of dead runs. Hold the dataset's lock.

    A write stays as it is: it is taken up again by its own number (`take_up`).
    """
    died = both("Tiến trình dừng giữa chừng; dữ liệu không đổi", "The process ended midway; no data was changed")
    dead = connection.execute(
        "update platform.run set state = 'failed', finished_at = now(), problem = %s "
        "where dataset = %s and state = 'running' and kind = 'delivery'",
        (Jsonb({"slug": "interrupted", "detail": died.model_dump()}), dataset),
    ).rowcount
    staging.drop_others(connection, dataset)
    return dead


def require_installed(connection: Connection, contract: Contract) -> None:
    """Raises Conflict when the database was not made for this very contract."""
    row = connection.execute("select fingerprint from platform.dataset where id = %s", (contract.id,)).fetchone()
    if row != (contract.fingerprint,):
        raise Conflict(
            both("Hợp đồng dữ liệu này chưa được cài vào CSDL", "This contract is not installed in the database"),
            place=contract.id,
            fix=both("Chạy: lienthong migrate", "Run: lienthong migrate"),
        )


def is_known(connection: Connection, contract: Contract, fingerprint: str) -> bool:
    """Is the delivery's result there already? A snapshot's while it is the last one, an upsert's for good."""
    statement = "select 1 from platform.run where dataset = %s and state = 'done' and fingerprint = %s"
    if contract.source.mode == "snapshot":
        statement += " and id = (select loaded_run from platform.dataset where id = platform.run.dataset)"
    return connection.execute(statement, (contract.id, fingerprint)).fetchone() is not None


def last_files(connection: Connection, dataset: str) -> list[dict[str, Any]]:
    """The files of the run whose data is served; none when there is no such run."""
    row = connection.execute(
        "select r.files from platform.run r join platform.dataset d on d.loaded_run = r.id where d.id = %s", (dataset,)
    ).fetchone()
    return list(row[0]) if row else []


def last_change(connection: Connection, dataset: str) -> str:
    """The run that last changed a row of the dataset; empty when none did."""
    row = connection.execute(
        "select id::text from platform.run where dataset = %s and state = 'done' and "
        "coalesce((counts->>'inserted')::bigint, 0) + coalesce((counts->>'updated')::bigint, 0) "
        "+ coalesce((counts->>'closed')::bigint, 0) > 0 order by finished_at desc limit 1",
        (dataset,),
    ).fetchone()
    return row[0] if row else ""


def loaded(connection: Connection, run: Run, rows: int) -> None:
    """The dataset now holds what the run brought."""
    connection.execute(
        "update platform.dataset set loaded_run = %s, loaded_at = now(), rows = %s where id = %s",
        (run.id, rows, run.contract.id),
    )


def told(problem: Problem) -> dict[str, Any]:
    """A problem as a JSON value in both languages."""
    text = {"detail": problem.detail.model_dump(), "title": problem.title.model_dump()}
    fix = problem.fix.model_dump() if isinstance(problem.fix, Bilingual) else None
    kind = {"slug": problem.slug, "code": problem.code, "status": problem.status, "exit_code": problem.exit_code}
    return kind | text | {"place": problem.place, "fix": fix} | dict(problem.extra)
