"""Ingest: one dataset's delivery through land, conform, gate, merge; or many, in the order in which they depend.

Exactly once: files are known by their bytes, a run by its fingerprint, rows by key and hash. The process may die at any
moment; the next run clears up and ends in the same state.
"""

import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import links, owner, staging

from . import runs
from .runs import RunReport
from .steps.passage import POINTS, STEPS, Checkpoint, Progress, Work, passage, refuse

__all__ = ["POINTS", "Progress", "RunReport", "in_order", "ingest", "ingest_all"]

log = logging.getLogger("lienthong.ingest")


def _silent(task: str, done: int, total: int | None, message: str = "") -> None:
    pass


def _go_on(point: str) -> None:
    pass


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
        folder = settings.home.absolute() / "work" / f"{contract.id}_{run.id.hex[:8]}"
        work = Work(connection, settings, registry, run, folder, force, progress, checkpoint)
        carry_out(work, lambda: passage(work, sources))
        checkpoint("ended")
    run.report.seconds = round(time.monotonic() - started, 2)
    progress(contract.id, len(STEPS) - 1, len(STEPS) - 1, run.report.state)
    return run.report


def carry_out(work: Work, steps: Callable[[], None]) -> None:
    """Do the steps of a run in a folder of its own; whatever happens is told in the run, and nothing is left behind."""
    try:
        _clean(work.folder, work.contract)
        steps()
    except Problem as problem:
        refuse(work, problem)
    except BaseException as error:
        unexpected = _unexpected(work.contract, error)
        log.error("run %s: %s", work.run.id, unexpected)
        work.run.finish("failed", runs.told(unexpected))
        if not isinstance(error, Exception):
            raise
    finally:
        shutil.rmtree(work.folder, ignore_errors=True)
        if not work.connection.closed:
            staging.drop_others(work.connection, work.contract.id)


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


def _clean(folder: Path, contract: Contract) -> None:
    """Make a private folder for the run; those that dead runs of the dataset left go. Hold the dataset's lock."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.parent.glob(f"{contract.id}_" + "[0-9a-f]" * 8):
        shutil.rmtree(left, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _unexpected(contract: Contract, error: BaseException) -> Problem:
    """An error that nobody foresaw, without the values in its message: they may be personal."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    words = getattr(error, "strerror", None)
    if isinstance(error, psycopg.Error) and not isinstance(error, psycopg.DataError):
        words = error.diag.message_primary
    name = f"{type(error).__name__} {words or ''}".strip()
    place = f"{contract.id} ({Path(frame.filename).name}:{frame.lineno})"
    return Problem(both(f"Lỗi không lường trước: {name}", f"Unexpected error: {name}"), place=place)
