"""Writes over the API, each a run of its own: the body from the landing, conformed, judged, merged with history.

What the gate judges is the dataset as it would be afterwards, so a rule about all rows holds for a write of one. While
a write runs it has the dataset to itself: what If-Match compares with is what is replaced. Its run bears the number
that the caller was given; a worker that dies leaves it unfinished, and the next one does it anew, once.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection

from lienthong.catalog.writes import FINAL, ROW_ETAG, PreconditionFailed, PreconditionRequired
from lienthong.contract.model import Contract, Source, SourceFile
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Invalid, NotFound, Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import Bilingual, both, nfc
from lienthong.store import links, merge, owner, staging, written
from lienthong.store.changes import etag
from lienthong.store.landing import Landed, Landing, record

from . import runs
from .ingest import carry_out
from .runs import RunReport
from .sources import read
from .sources.strict_json import decode, flat
from .steps import defects, gate, stage
from .steps.conform import Batch, RawFile, conform
from .steps.passage import POINTS, Checkpoint, Work

__all__ = ["POINTS", "write"]

_ORDER = (
    "select w.dataset, w.method, w.key, w.sha256, w.if_match, w.if_none_match, r.state "
    "from platform.writing w join platform.run r on r.id = w.run where w.run = %s"
)


@dataclass(frozen=True)
class Order:
    """A write as it was asked for. `key`: the parts of the address, typed, and `parts` as they stand in it."""

    contract: Contract
    method: str
    key: tuple[Any, ...] | None
    parts: tuple[str, ...]
    sha256: str
    if_match: str | None
    if_none_match: bool
    state: str


@dataclass
class Plan:
    """What a write comes to: rows to put, and whether the row of the address goes.

    `conditions`: for each of many rows, whether it tells which version its writer has seen, and that version's ETag.
    """

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    deletes: bool = False
    conditions: list[tuple[bool, str | None]] = field(default_factory=list)


def write(
    settings: Settings, registry: Registry, number: uuid.UUID, checkpoint: Checkpoint = lambda _: None
) -> RunReport:
    """Carry out the write of this run, unless it is done. A refusal is in the report. Raises Unavailable."""
    with owner.connect(settings) as connection:
        order = _order(connection, registry, number)
        with runs.exclusive(connection, order.contract.id):
            state = _order(connection, registry, number).state
            if state in FINAL:
                return RunReport(order.contract.id, str(number), state=state)  # type: ignore[arg-type]
            run = runs.take_up(connection, _as_written(order.contract), number)
            folder = settings.home.absolute() / "work" / f"{order.contract.id}_{number.hex[:8]}"
            work = Work(connection, settings, registry, run, folder, True, lambda *_: None, checkpoint)
            carry_out(work, lambda: _passage(work, order))
            checkpoint("ended")
    return run.report


def _order(connection: Connection, registry: Registry, number: uuid.UUID) -> Order:
    row = connection.execute(_ORDER, (number,)).fetchone()
    if row is None:
        raise NotFound(both(f"Không có lượt ghi {number}", f"There is no write {number}"), place=str(number))
    dataset, method, parts, *rest = row
    contract = registry.get(dataset)
    fields = [contract.by_name[name] for name in contract.primary_key]
    key = tuple(f.type.parse(text, f.options) for f, text in zip(fields, parts, strict=True)) if parts else None
    return Order(contract, method, key, tuple(parts or ()), *rest)


def _as_written(contract: Contract) -> Contract:
    """The contract of a delivery in the dataset's own form: the whole of it, each field from a column of its name."""
    source = Source(
        system=contract.source.system,
        mode="snapshot",
        files=(SourceFile(pattern="rows.jsonl", reader="jsonl", options={"flatten": False}),),
        columns={f.name: f.name for f in contract.fields},
    )
    return contract.model_copy(update={"source": source})


def _passage(work: Work, order: Order) -> None:
    """The whole way of one write. Raises the problem that refuses it."""
    work.at("opened")
    runs.require_installed(work.connection, order.contract)
    body = _landed(work, order)
    work.at("landed")
    before = written.current(work.connection, work.registry, order.contract, order.key) if order.key else None
    if order.key:
        _check(order, before)
    plan = _plan(order, body, before)
    if order.key is None:
        _check_rows(work, order, plan)
    absent = links.missing(work.connection, work.registry, order.contract)
    if plan.rows:
        _stage(work, plan)
    else:
        _stage_nothing(work)
    links.check(work.connection, work.registry, work.staged, absent)
    _require_accepted(work, plan, links.REASONS)
    written.complete(work.connection, work.staged, order.key if plan.deletes else None)
    work.at("linked")
    work.step("gate")
    outcome = gate.judge(work.connection, work.settings, work.registry, work.staged, absent)
    work.run.report.score = outcome.score
    work.at("judged")
    _require_accepted(work, plan, gate.reasons(outcome, links.REASONS))
    gate.require(outcome)
    _merge(work, order)


def _landed(work: Work, order: Order) -> bytes:
    """The body as it came."""
    path = Landing(work.settings.home / "landing").path(order.sha256)
    body = path.read_bytes()
    record(work.connection, Landed(order.sha256, len(body), path))
    work.run.report.files.append({"name": order.method, "sha256": order.sha256, "size": len(body)})
    work.step("land")
    return body


def _check(order: Order, before: str | None) -> None:
    """Is the row as the caller says that it is? Raises NotFound, PreconditionFailed, PreconditionRequired."""
    place = f"{order.contract.slug}/{','.join(order.parts)}"
    if before is None and order.method in ("PATCH", "DELETE"):
        raise NotFound(both("Không có dòng này", "There is no such row"), place=place)
    if order.if_none_match and before is not None:
        raise PreconditionFailed(both("Dòng đã có", "The row is there already"), place=place, fix=_READ)
    if order.if_match is not None and (before is None or order.if_match not in ("*", etag(before))):
        detail = both("Dòng đã đổi từ khi được đọc", "The row has changed since it was read")
        raise PreconditionFailed(detail, place=place, fix=_READ)
    if before is not None and order.if_match is None:
        detail = both("Dòng đã có: cần If-Match với ETag của nó", "The row is there: If-Match with its ETag is needed")
        raise PreconditionRequired(detail, place=place, fix=_READ)


def _check_rows(work: Work, order: Order, plan: Plan) -> None:
    """Is each of many rows as its writer says? Raises PreconditionFailed, PreconditionRequired, with every such row."""
    fields = [order.contract.by_name[name] for name in order.contract.primary_key]
    changed: list[int] = []
    unseen: list[int] = []
    for n, (row, (told, seen)) in enumerate(zip(plan.rows, plan.conditions, strict=True)):
        if order.if_match == "*" and not told:
            continue
        key = [f.type.parse(nfc(str(row[f.name])).strip(), f.options) for f in fields]
        before = written.current(work.connection, work.registry, order.contract, key)
        expected = seen.strip('"') if seen else None
        if told or order.if_none_match:
            changed += [n] if expected != (etag(before) if before else None) else []
        elif before is not None:
            unseen.append(n)
    if changed:
        detail = both("Có dòng đã đổi từ khi được đọc", "Rows have changed since they were read")
        raise PreconditionFailed(detail, place=f"[{changed[0]}]", fix=_READ_MANY, errors=_places(changed, detail))
    if unseen:
        detail = both("Có dòng đã tồn tại: cần _etag của nó", "Rows are there already: each needs its _etag")
        raise PreconditionRequired(detail, place=f"[{unseen[0]}]", fix=_SAY_MANY, errors=_places(unseen, detail))


def _places(rows: Sequence[int], detail: Bilingual) -> list[dict[str, Any]]:
    return [{"place": f"[{n}]", "detail": detail.model_dump()} for n in rows[:100]]


_READ_MANY = both("Đọc lại các dòng, dùng _etag mới", "Read the rows again, and use their new _etag")
_SAY_MANY = both(
    "Thêm _etag vào dòng, hoặc gửi If-Match: * để thay dù dòng đã đổi",
    "Add _etag to the rows, or send If-Match: * to replace them whatever they have become",
)
_READ = both("Đọc lại dòng, dùng ETag mới trong If-Match", "Read the row again, and use its new ETag in If-Match")


def _plan(order: Order, body: bytes, before: str | None) -> Plan:
    if order.method == "DELETE":
        return Plan(deletes=True)
    given = decode(body.decode("utf-8"))[0]
    if order.key is None:
        conditions = [(ROW_ETAG in row, row.get(ROW_ETAG)) for row in given]
        rows = [{name: value for name, value in row.items() if name != ROW_ETAG} for row in given]
        return Plan([*rows], conditions=conditions)
    if order.method == "PATCH":
        given = {k: v for k, v in (decode(before or "{}")[0] | given).items() if v is not None}
    return Plan([dict(given) | dict(zip(order.contract.primary_key, order.parts, strict=True))])


def _stage(work: Work, plan: Plan) -> None:
    """Typed rows in staging, by the same way as a delivery's: text cells, DuckDB, COPY."""
    work.step("conform")
    path = work.folder / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in plan.rows:
            file.write(json.dumps(flat(row, deep=False), ensure_ascii=False) + "\n")
    source = work.contract.source.files[0]
    raw = RawFile(path.name, source, read(path, source.reader, source.options, work.folder, path.name))
    with Batch(work.contract, [raw], work.folder) as batch:
        tally = conform(batch)
        work.run.report.counts = {"read": tally.read, "accepted": tally.read}
        defects.describe(batch)
        found = batch.sql("SELECT line, rule, field, value, reason_vi, reason_en FROM (" + defects.rows(batch) + ")")
        if wrong := found.fetchall():
            raise _refused([(n, f, Bilingual(vi=vi, en=en)) for n, _, f, _, vi, en in wrong])
        staging.create(work.connection, work.staged)
        stage.stage(work.connection, batch, work.staged)
    work.at("staged")
    links.materialise(work.connection, work.registry, work.staged)


def _stage_nothing(work: Work) -> None:
    staging.create(work.connection, work.staged)
    work.run.report.counts = {"read": 0, "accepted": 0}
    links.materialise(work.connection, work.registry, work.staged)


def _require_accepted(work: Work, plan: Plan, reasons: Mapping[str, Bilingual]) -> None:
    """Raises Invalid when a written row has failed: a write is taken whole or not at all."""
    failed = written.refused(work.connection, work.staged)
    if failed:
        raise _refused([(row + 1, name, reasons.get(rule, both(rule, rule))) for row, rule, name, _ in failed])


def _refused(wrong: Sequence[tuple[int, str | None, Bilingual]]) -> Problem:
    """What is wrong with the rows, the first complaint in full. `wrong`: number of the row, field, reason."""
    errors = [{"place": f"[{n - 1}].{f}" if f else f"[{n - 1}]", "detail": r.model_dump()} for n, f, r in wrong]
    _, name, reason = wrong[0]
    return Invalid(reason, place=name or "body", errors=errors)


def _merge(work: Work, order: Order) -> None:
    """Rows, history, outbox and the end of the run, in one transaction."""
    connection, run = work.connection, work.run
    work.step("merge")
    with connection.transaction():
        changes = merge.merge(connection, work.staged, force=True)
        work.at("merging")
        unchanged = run.report.counts["read"] - changes.inserted - changes.updated
        run.report.counts |= replace(changes, unchanged=unchanged).as_counts()
        if changes.any:
            runs.loaded(connection, run, changes.rows)
        after = written.current(connection, work.registry, order.contract, order.key) if order.key else None
        if after is not None:
            connection.execute("update platform.writing set etag = %s where run = %s", (etag(after), run.id))
        run.finish("done" if changes.any else "unchanged")
        work.at("settled")
    work.at("merged")
