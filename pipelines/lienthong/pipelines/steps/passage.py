"""The passage of one delivery: land, conform, gate, merge. Each step leaves its trace in the run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict, Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.quality.outcome import ValidationOutcome
from lienthong.store import links, merge, staging
from lienthong.store.landing import Landing
from lienthong.store.staging import Staging

from .. import runs
from ..runs import Run
from ..sources import read
from ..sources.raw import RawTable
from . import defects, deliver, gate, stage
from .conform import Batch, RawFile, check_columns, conform, version_field
from .deliver import Delivered

STEPS = ("land", "conform", "gate", "merge", "done")


class Progress(Protocol):
    """Hears how far a task is: `done` of `total` parts (None: not known)."""

    def __call__(self, task: str, done: int, total: int | None, message: str = "") -> None: ...


Checkpoint = Callable[[str], None]
"""Called at named points of a run; a test ends the process there."""
POINTS = (
    *("opened", "landed", "read", "conformed", "staged", "linked", "judged"),
    *("merging", "settled", "merged", "ended"),
)


@dataclass(frozen=True)
class Work:
    """What every step of one run needs. `folder` is the run's own, and goes with it."""

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
        """What the delivery must be."""
        return self.run.contract

    @property
    def staged(self) -> Staging:
        """The run's tables."""
        return Staging(self.contract, self.run.id)

    def step(self, step: runs.Step) -> None:
        """A step begins."""
        self.run.step(step)
        self.tell()

    def tell(self, detail: str = "") -> None:
        """Tell the step, and a detail of it."""
        step = self.run.report.step
        self.progress(self.contract.id, STEPS.index(step), len(STEPS) - 1, f"{step} {detail}".strip())


def passage(work: Work, sources: Path) -> None:
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
    if not work.force and runs.is_known(work.connection, contract, fingerprint):
        run.finish("unchanged")
        return
    whole = contract.source.mode == "snapshot" and not work.force
    before = runs.last_files(work.connection, contract.id) if whole else []
    deliver.check_complete(contract, files, before)
    raw = _read(work, files, before)
    work.at("read")
    with Batch(contract, raw, work.folder) as batch:
        _conform(work, batch)
        outcome = _gate(work, batch, absent)
        gate.require(outcome)
    _merge(work)


def _land(work: Work, sources: Path) -> list[Delivered]:
    landing = Landing(work.settings.home / "landing")
    landing.sweep()
    files = []
    for found in deliver.find(work.contract, sources, work.settings.datasets):
        work.tell(found.name)
        files.append(deliver.land(work.connection, landing, found))
        work.run.report.files.append(files[-1].as_json())
    work.step("land")
    return files


def _read(work: Work, files: Sequence[Delivered], before: Sequence[dict[str, Any]]) -> list[RawFile]:
    """Every file through its reader, from its landed bytes."""
    work.step("conform")
    raw = []
    for n, file in enumerate(files):
        work.tell(file.name)
        path, folder = file.landed.path.absolute(), work.folder / str(n)
        table = read(path, file.source.reader, file.source.options, folder, file.name)
        raw.append(RawFile(file.name, file.source, table))
        absent = check_columns(work.contract, raw[-1])
        deliver.check_columns_kept(file, absent, before)
        work.run.report.files[n] |= _noticed(table, absent)
    return raw


def _noticed(table: RawTable, absent: list[str]) -> dict[str, object]:
    """What the run keeps of a file's reading."""
    notes = [{"code": n.code, "text": n.text.model_dump(), "place": n.place} for n in table.notes]
    kept = {"rows": table.rows, "rejected": table.rejected, "encoding": table.encoding, "confidence": table.confidence}
    return {**kept, "columns": list(table.columns), "absent": absent, "notes": notes}


def _conform(work: Work, batch: Batch) -> None:
    """Typed rows in DuckDB, then in staging, linked."""
    run, total = work.run, len(batch.files)
    tally = conform(batch, lambda n: work.tell(f"{n}/{total}"))
    run.report.counts = {"read": tally.read, "repeated": tally.repeated}
    if not tally.read and not work.force:
        raise Conflict(both("Bản giao không có dòng nào", "The delivery holds no rows"), place=work.contract.id)
    defects.describe(batch)
    work.at("conformed")
    staging.create(work.connection, work.staged)
    stage.stage(work.connection, batch, work.staged)
    work.at("staged")


def _gate(work: Work, batch: Batch, absent: set[str]) -> ValidationOutcome:
    """Link, judge, and bring together everything that goes to quarantine."""
    connection, staged, counts = work.connection, work.staged, work.run.report.counts
    links.materialise(connection, work.registry, staged)
    links.check(connection, work.registry, staged, absent)
    work.at("linked")
    work.step("gate")
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


def _merge(work: Work) -> None:
    """Rows, history, outbox, quarantine and the end of the run, in one transaction."""
    connection, run, newer = work.connection, work.run, version_field(work.contract)
    work.step("merge")
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


def refuse(work: Work, problem: Problem) -> None:
    """End the run without a change of what is served; what went to quarantine stays there to be looked at."""
    with work.connection.transaction():
        if staging.exists(work.connection, work.staged, "_quarantine"):
            merge.settle_quarantine(work.connection, work.staged)
        work.run.finish("refused", runs.told(problem))
