"""Take the catalogue of somebody else into ours: CKAN, DCAT, another Liên Thông, a file.

Doing it twice is doing it once: an unchanged dataset is not written, and a site that tells what changed is asked only
for that. A run that is cut off goes on where the next one finds a difference.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from ckanapi.errors import CKANAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from lienthong.kernel.problem import Problem
from lienthong.pipelines.federation import from_ckan, from_dcat, from_lines
from lienthong.pipelines.federation.records import House, Record, Report
from lienthong.pipelines.federation.shelf import BATCH, Shelf
from lienthong.pipelines.federation.terms import Terms
from lienthong.pipelines.federation.web import Limits, Web

Kind = Literal["ckan", "dcat", "lienthong", "lines"]
Read = tuple[str, Callable[[], Record | None]]
"""A dataset of the source: what to call it when it fails, and how to read it."""


class Progressed(Protocol):
    """Hears how far a task is."""

    def __call__(self, task: str, done: int, total: int | None, message: str = "") -> None: ...


@dataclass(frozen=True)
class Order:
    """What is harvested. `owner`: id of the organization that gets everything; None: the source's organizations.

    `only`: names, or conditions of the source's own search. `prune`: delete here what vanished there. `full`: read
    everything, not only what changed.
    """

    kind: Kind
    source: str
    owner: str | None = None
    only: tuple[str, ...] = ()
    limit: int | None = None
    prune: bool = False
    full: bool = False
    dry_run: bool = False

    @property
    def is_file(self) -> bool:
        """Is the source a file of this machine?"""
        return "://" not in self.source

    @property
    def name(self) -> str:
        """The name under which the source's datasets are held."""
        return f"file:{Path(self.source).name}" if self.is_file else self.source.rstrip("/")


@dataclass
class _Run:
    order: Order
    terms: Terms
    report: Report
    limits: Limits
    web: Web | None
    newest: str = ""
    seen: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


async def harvest(
    engine: AsyncEngine, house: House, order: Order, allowed: str, progress: Progressed, limits: Limits | None = None
) -> Report:
    """Harvest a source; what was done. A dataset that cannot be taken is told and stops nothing.

    Raises Unavailable, Invalid when the source itself cannot be read to its end: what came before stays.
    """
    began, bounds = time.monotonic(), limits or Limits()
    web = None if order.is_file else Web(allowed, bounds)
    report, shelf = Report(order.name, order.dry_run), Shelf(engine, house, order.name, order.owner)
    run = _Run(order, Terms(house), report, bounds, web)
    await shelf.look()
    # Another kind of harvest brings more of the same datasets: what one has seen says nothing of the other.
    asked = " ".join([*([] if order.kind == "ckan" else [order.kind]), *sorted(order.only)])
    since = None if order.full or order.prune or order.limit else await shelf.since(asked)
    try:
        for batch in _batches(_records(run, since), BATCH):
            await _put(shelf, batch, report, order.dry_run)
            progress(order.name, len(run.seen), None, f"+{report.created} ~{report.updated} ={report.unchanged}")
        if order.prune:
            await _prune(run, shelf)
        done = report.complete and not report.failed and not order.dry_run
        if done and run.newest:
            await shelf.remember(asked, run.newest)
    finally:
        report.requests = web.requests if web else 0
        report.seconds = round(time.monotonic() - began, 2)
        report.lost = +report.lost
    return report


async def _put(shelf: Shelf, batch: list[Record], report: Report, dry_run: bool) -> None:
    kept = await shelf.put(batch, dry_run=dry_run)
    report.created += kept.created
    report.updated += kept.updated
    report.unchanged += kept.unchanged
    report.skipped += kept.skipped


async def _prune(run: _Run, shelf: Shelf) -> None:
    """Only after the source was read to its end, and never because a source has nothing at all."""
    order, report = run.order, run.report
    if order.only or not report.complete or not run.seen:
        report.fail("--prune", "the source was not read as a whole: nothing was removed")
        return
    gone = shelf.missing(run.seen | run.keys)
    report.removed = len(gone)
    if gone and not order.dry_run:
        await shelf.remove(gone)


def _records(run: _Run, since: str | None) -> Iterator[Record]:
    """The records of the source, each once; what cannot be read is put down."""
    report, limit = run.report, run.order.limit
    for key, read in _reads(run, since):
        if key in run.seen:
            report.fail(key, "the source has this id twice")
            continue
        if limit is not None and len(run.seen) >= limit:
            report.complete = False
            return
        run.seen.add(key)
        try:
            found = read()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            report.fail(key, f"{type(error).__name__}: {error}")
            continue
        if found is None:
            report.skipped += 1
        elif found.key in run.keys:
            report.fail(found.key, "the source has this id twice")
        else:
            run.keys.add(found.key)
            yield found


def _reads(run: _Run, since: str | None) -> Iterator[Read]:
    if run.order.kind == "dcat":
        return _of_dcat(run)
    if run.order.kind == "lines":
        return _of_lines(run)
    return _of_ckan(run, since)


def _of_ckan(run: _Run, since: str | None) -> Iterator[Read]:
    order = run.order
    if run.web is None:
        pages: Iterable[list[Any]] = [from_ckan.from_lines(from_dcat.file(Path(order.source), run.limits))]
    else:
        remote = run.web.ckan(order.source, reads=True)
        pages = from_ckan.pages(remote, order.only, since, run.limits)
    for page in pages:
        run.newest = from_ckan.newest(run.newest or since or "", page)
        english = _english(run, page) if order.kind == "lienthong" and run.web else {}
        for package in page:
            key = str(package.get("id") or package.get("name"))[:300]
            yield key, partial(_package, package, english.get(key), run)


def _package(package: Any, english: Any, run: _Run) -> Record | None:
    found = from_ckan.record(package, run.terms, run.report.lost)
    return found and from_ckan.with_english(found, english)


def _english(run: _Run, page: list[Any]) -> dict[str, Any]:
    """The same datasets in English, by id."""
    assert run.web is not None
    remote = run.web.ckan(run.order.source, reads=True)
    remote.base_url = "en/api/3/action/"
    asked = {"fq": "id:(" + " OR ".join(f'"{p.get("id")}"' for p in page) + ")", "rows": len(page)}
    try:
        return {str(p["id"]): p for p in remote.call_action("package_search", asked)["results"]}
    except (CKANAPIError, KeyError, TypeError, OSError, Problem):
        run.report.lost["title_en"] += len(page)
        return {}


def _of_dcat(run: _Run) -> Iterator[Read]:
    order, found = run.order, 0
    for graph in from_dcat.pages(run.web, order.source, run.limits):
        for me in from_dcat.datasets(graph):
            found += 1
            if found > run.limits.datasets:
                raise from_dcat.endless(order.source)
            if not order.only or {str(me), from_dcat.short(me)} & set(order.only):
                yield str(me)[:300], partial(from_dcat.record, graph, me, run.terms, run.report.lost)
    if not found:
        raise from_dcat.empty(order.source)


def _of_lines(run: _Run) -> Iterator[Read]:
    for number, given in from_lines.lines(Path(run.order.source)):
        yield f"line {number}", partial(from_lines.record, given, run.terms, run.report.lost)


def _batches(records: Iterable[Record], most: int) -> Iterator[list[Record]]:
    batch: dict[str, Record] = {}
    for record in records:
        batch[record.key] = record
        if len(batch) >= most:
            yield list(batch.values())
            batch = {}
    if batch:
        yield list(batch.values())
