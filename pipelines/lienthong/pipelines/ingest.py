"""Ingest: one dataset's delivery through land, conform, gate, merge; or many, in the order in which they depend.

Exactly once: files are known by their bytes, a run by its fingerprint, rows by key and hash. The process may die at any
moment; the next run clears up and ends in the same state.
"""

import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict, Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.quality.outcome import ValidationOutcome
from lienthong.store import links, merge, owner, staging
from lienthong.store.landing import Landing
from lienthong.store.staging import Staging

from . import runs
from .runs import Run, RunReport
from .sources import read
from .sources.raw import RawTable
from .steps import defects, deliver, gate, stage
from .steps.conform import Batch, RawFile, check_columns, conform, version_field
from .steps.deliver import Delivered

log = logging.getLogger("lienthong.ingest")


class Progress(Protocol):
    """Hears how far a task is: `done` of `total` parts (None: not known)."""

    def __call__(self, task: str, done: int, total: int | None, message: str = "") -> None: ...


Checkpoint = Callable[[str], None]
"""Called at named points of a run; a test ends the process there."""
POINTS = (
    *("opened", "landed", "read", "conformed", "staged", "linked", "judged"),
    *("merging", "settled", "merged", "ended"),
)


def _silent(task: str, done: int, total: int | None, message: str = "") -> None:
    pass


def _go_on(point: str) -> None:
    pass


@dataclass(frozen=True)
class _Work:
    """What every step of one run needs."""

    connection: Connection
    settings: Settings
    registry: Registry
    run: Run
    folder: Path
    force: bool
    progress: Progress
    at: Checkpoint

    @property
    def contract(self) -> Contract:
        return self.run.contract

    @property
    def staged(self) -> Staging:
        return Staging(self.contract, self.run.id)

    def tell(self, done: int, total: int | None, message: str) -> None:
        self.progress(self.contract.id, done, total, message)


def ingest(
    settings: Settings,
    registry: Registry,
    contract: Contract,
    sources: Path,
    *,
    force: bool = False,
    progress: Progress = _silent,
    checkpoint: Checkpoint = _go_on,
) -> RunReport:
    """Bring what lies in the folder `sources` for one dataset into the store.

    The report tells what happened; a refusal is told there and not raised. `force` repeats what is unchanged, and lets
    a snapshot close more rows than is plausible. Raises Unavailable when the database does not answer.
    """
    started = time.monotonic()
    with owner.connect(settings) as connection, runs.exclusive(connection, contract.id):
        run = runs.open_run(connection, contract)
        folder = _clean_folder(settings, contract, run)
        work = _Work(connection, settings, registry, run, folder, force, progress, checkpoint)
        try:
            _passage(work, sources)
        except Problem as problem:
            _refuse(work, problem)
        except BaseException as error:
            unexpected = _unexpected(contract, error)
            log.error("run %s: %s", run.id, unexpected)
            run.finish("failed", runs.told(unexpected))
            if not isinstance(error, Exception):
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if not connection.closed:
                staging.drop_others(connection, contract.id)
        checkpoint("ended")
    run.report.seconds = round(time.monotonic() - started, 2)
    progress(contract.id, 4, 4, run.report.state)
    return run.report


def ingest_all(
    settings: Settings,
    registry: Registry,
    contracts: Iterable[Contract],
    sources: Path,
    *,
    force: bool = False,
    progress: Progress = _silent,
) -> list[RunReport]:
    """Ingest several datasets, reference data first. One that is refused does not stop the others."""
    ordered = in_order(registry, contracts)
    return [ingest(settings, registry, c, sources, force=force, progress=progress) for c in ordered]


def in_order(registry: Registry, contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts with stored rows, each after those that its rows are linked to; in a circle by id."""
    waiting = {c.id: c for c in sorted(contracts, key=lambda c: c.id) if not c.derived_from}
    ordered: list[Contract] = []
    while waiting:
        ready = [c for c in waiting.values() if not any(n in waiting for n in links.needed(registry, c))]
        circle = [c for c in waiting.values() if c.id in links.reached(registry, c.id)][:1]
        ordered += [waiting.pop(contract.id) for contract in ready or circle]
    return ordered


def _passage(work: _Work, sources: Path) -> None:
    """The whole way of one delivery. Raises the problem that refuses it."""
    run, contract = work.run, work.contract
    work.at("opened")
    runs.require_installed(work.connection, contract)
    files = _land(work, sources)
    absent = links.missing(work.connection, work.registry, contract)
    references = {n: runs.last_change(work.connection, n) for n in links.needed(work.registry, contract)}
    fingerprint = deliver.fingerprint(contract, files, references)
    run.identify(fingerprint)
    work.at("landed")
    if not work.force:
        if runs.is_known(work.connection, contract, fingerprint):
            run.finish("unchanged")
            return
        deliver.check_complete(contract, files, runs.last_files(work.connection, contract.id))
    raw = _read(work, files)
    work.at("read")
    with Batch(contract, raw, work.folder) as batch:
        _conform(work, batch)
        outcome = _gate(work, batch, absent)
        gate.require(outcome)
    _merge(work)


def _land(work: _Work, sources: Path) -> list[Delivered]:
    landing = Landing(work.settings.home / "landing")
    files = []
    for found in deliver.find(work.contract, sources, work.settings.datasets):
        work.tell(0, None, found.name)
        files.append(deliver.land(work.connection, landing, found))
        work.run.report.files.append(files[-1].as_json())
    work.run.step("land")
    return files


def _read(work: _Work, files: Sequence[Delivered]) -> list[RawFile]:
    """Every file through its reader, from its landed bytes."""
    raw = []
    for n, file in enumerate(files):
        work.tell(1, None, file.name)
        path, folder = file.landed.path.absolute(), work.folder / str(n)
        table = read(path, file.source.reader, file.source.options, folder, file.name)
        raw.append(RawFile(file.name, file.source, table))
        absent = check_columns(work.contract, raw[-1])
        work.run.report.files[n] |= _noticed(table, absent)
    return raw


def _noticed(table: RawTable, absent: list[str]) -> dict[str, object]:
    """What the run keeps of a file's reading."""
    notes = [{"code": n.code, "text": n.text.model_dump(), "place": n.place} for n in table.notes]
    kept = {"rows": table.rows, "rejected": table.rejected, "encoding": table.encoding, "confidence": table.confidence}
    return {**kept, "absent": absent, "notes": notes}


def _conform(work: _Work, batch: Batch) -> None:
    """Typed rows in DuckDB, then in staging, linked."""
    run, total = work.run, len(batch.files)
    run.step("conform")
    tally = conform(batch, lambda n: work.tell(2, None, f"{n}/{total}"))
    run.report.counts = {"read": tally.read, "repeated": tally.repeated}
    if not tally.read and not work.force:
        raise Conflict(both("Bản giao không có dòng nào", "The delivery holds no rows"), place=work.contract.id)
    defects.describe(batch)
    work.at("conformed")
    staging.create(work.connection, work.staged)
    stage.stage(work.connection, batch, work.staged)
    work.at("staged")


def _gate(work: _Work, batch: Batch, absent: set[str]) -> ValidationOutcome:
    """Link, judge, and bring together everything that goes to quarantine."""
    connection, staged, counts = work.connection, work.staged, work.run.report.counts
    links.materialise(connection, work.registry, staged)
    links.check(connection, work.registry, staged, absent)
    work.at("linked")
    work.run.step("gate")
    work.tell(3, None, "gate")
    outcome = gate.judge(connection, work.settings, work.registry, staged, absent)
    work.run.report.score = outcome.score
    failures = stage.fetch_failures(connection, batch, staging.failures(staged))
    defects.add(batch, failures, gate.reasons(outcome, links.REASONS))
    counts["quarantined"] = stage.stage_quarantine(connection, batch, staged)
    counts["accepted"] = staging.count(connection, staged.table())
    work.at("judged")
    if counts["read"] and not counts["accepted"] and not work.force:
        raise Conflict(both("Không dòng nào được nhận", "No row can be accepted"), place=work.contract.id)
    return outcome


def _merge(work: _Work) -> None:
    """Rows, history, outbox, quarantine and the end of the run, in one transaction."""
    connection, run, newer = work.connection, work.run, version_field(work.contract)
    run.step("merge")
    work.tell(4, None, "merge")
    with connection.transaction():
        changes = merge.merge(connection, work.staged, newer.name if newer else None, work.force)
        work.at("merging")
        merge.settle_quarantine(connection, work.staged)
        run.report.counts |= changes.as_counts()
        runs.loaded(connection, run, changes.rows)
        run.finish("done")
        work.at("settled")
    work.at("merged")
    if changes.any:
        merge.analyze(connection, work.staged)


def _refuse(work: _Work, problem: Problem) -> None:
    """End the run without a change of what is served; what went to quarantine stays there to be looked at."""
    with work.connection.transaction():
        if staging.exists(work.connection, work.staged, "_quarantine"):
            merge.settle_quarantine(work.connection, work.staged)
        work.run.finish("refused", runs.told(problem))


def _clean_folder(settings: Settings, contract: Contract, run: Run) -> Path:
    """A private folder for the run; those of dead runs of the dataset go."""
    root = settings.home.absolute() / "work"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.glob(f"{contract.id}_" + "[0-9a-f]" * 8):
        shutil.rmtree(left, ignore_errors=True)
    folder = root / f"{contract.id}_{run.id.hex[:8]}"
    folder.mkdir(mode=0o700)
    return folder


def _unexpected(contract: Contract, error: BaseException) -> Problem:
    """An error that nobody foresaw, without the values in its message: they may be personal."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    words = (error.diag.message_primary or "") if isinstance(error, psycopg.Error) else ""
    name = f"{type(error).__name__} {words}".strip()
    place = f"{contract.id} ({Path(frame.filename).name}:{frame.lineno})"
    return Problem(both(f"Lỗi không lường trước: {name}", f"Unexpected error: {name}"), place=place)
