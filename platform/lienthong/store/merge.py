"""Merge: staged rows become the current ones, what they replace becomes history, every change goes to the outbox.

SCD type 2 by primary key and `_hash`. All of it happens in the caller's one transaction, or nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import Connection, sql

from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both
from lienthong.store.schema import stored_columns, table
from lienthong.store.staging import Staging, count

MOST_CLOSED = 0.3
"""A snapshot that closes a larger part of a dataset than this is taken for a broken delivery."""
BULK = 2
"""When so many times more rows come than there are, indexes are built after them and not row by row."""
_WORK_MEM, _INDEX_MEM = "96MB", "256MB"
_INDEXES = """
    select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
    where i.indrelid = %s::regclass and not i.indisunique
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a merge did: numbers of rows. `late`: states older than the stored one; `rows`: current rows afterwards."""

    inserted: int
    updated: int
    closed: int
    unchanged: int
    late: int
    rows: int

    @property
    def any(self) -> bool:
        """Is anything served different now?"""
        return bool(self.inserted or self.updated or self.closed)

    def as_counts(self) -> dict[str, int]:
        """The numbers of a run's report."""
        return {n: getattr(self, n) for n in ("inserted", "updated", "closed", "unchanged", "late")}


def merge(connection: Connection, staging: Staging, newer: str | None = None, force: bool = False) -> Changes:
    """Merge the staged rows inside the caller's transaction.

    `newer` names the field that tells which of two states of a row is the newer one: an older state that comes late
    changes nothing. Raises Conflict when a snapshot would close more than MOST_CLOSED, unless forced.
    """
    _in_turn(connection, staging)
    _run(connection, "set local work_mem = {}", sql.Literal(_WORK_MEM))
    _run(connection, "set local maintenance_work_mem = {}", sql.Literal(_INDEX_MEM))
    merger = _Merger(connection, staging)
    before, accepted = count(connection, merger.current), count(connection, staging.table())
    late = merger.compare(newer)
    closing = merger.close() if staging.contract.source.mode == "snapshot" else 0
    if closing > MOST_CLOSED * before and not force:
        raise _too_much(staging, closing, before)
    merger.keep_history()
    updated = merger.update()
    closed = merger.delete() if closing else 0
    inserted = merger.insert(bulk=accepted > BULK * before)
    unchanged = accepted - inserted - updated - late
    return Changes(inserted, updated, closed, unchanged, late, before + inserted - closed)


def _in_turn(connection: Connection, staging: Staging) -> None:
    """Until the transaction ends no other merges this dataset: numbers in the outbox then grow in the order of commits.

    PostgreSQL gives a lock back after the transaction can be seen, so who waits here sees all that came before. Runs
    wait for each other anyway; followers of the outbox must not depend on every caller remembering to.
    """
    key = f"lienthong.outbox.{staging.contract.id}"
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))


def settle_quarantine(connection: Connection, staging: Staging) -> int:
    """Move the run's quarantined rows to the quarantine; their number."""
    statement = sql.SQL(
        "insert into platform.quarantine (run_id, dataset, rule, field, value, reason_vi, reason_en, file, line, row) "
        "select {}, {}, rule, field, value, reason_vi, reason_en, file, line, row::jsonb from {}"
    ).format(sql.Literal(staging.run), sql.Literal(staging.contract.id), staging.table("_quarantine"))
    return connection.execute(statement).rowcount


def analyze(connection: Connection, staging: Staging) -> None:
    """Tell the planner that a merge has changed the tables."""
    for schema in ("governed", "history"):
        connection.execute(sql.SQL("analyze {}").format(table(schema, staging.contract.id)))


class _Merger:
    """The statements of one merge. Temporary tables hold the keys that change, until the transaction ends."""

    def __init__(self, connection: Connection, staging: Staging) -> None:
        self._connection, self._staging = connection, staging
        self.current, self._past = table("governed", staging.contract.id), table("history", staging.contract.id)
        self._columns = [name for name, _ in stored_columns(staging.contract.fields)]

    def compare(self, newer: str | None) -> int:
        """Find the rows whose content differs; the number of those that are older than what is stored."""
        condition, late = sql.SQL("true"), 0
        if newer:
            column = sql.Identifier(newer)
            condition = sql.SQL("(g.{0} is null or s.{0} >= g.{0})").format(column)  # type: ignore[assignment]
        pairs = sql.SQL("{} s join {} g using ({})").format(self._staging.table(), self.current, self._staging.key)
        _run(
            self._connection,
            "create temp table merge_changed on commit drop as "
            "select {}, s._row from {} where s._hash <> g._hash and {}",
            self._staging.key,
            pairs,
            condition,
        )
        if newer:
            late = count(
                self._connection,
                sql.SQL("{} where s._hash <> g._hash and not coalesce({}, false)").format(pairs, condition),
            )
        return late

    def close(self) -> int:
        """Find the rows that the snapshot no longer has; their number. A key in quarantine is still there."""
        return _run(
            self._connection,
            "create temp table merge_closed on commit drop as select {} from {} g where not exists "
            "(select from {} s where {}) and not exists (select from {} s where {})",
            self._staging.key,
            self.current,
            self._staging.table(),
            self._same("s"),
            self._staging.table("_held"),
            self._same("s"),
        )

    def keep_history(self) -> None:
        """Copy the versions that end now."""
        columns = _list([*self._columns, "_from", "_run", "_hash", "_id"])
        ends = sql.SQL("select {} from merge_changed").format(self._staging.key)
        if self._staging.contract.source.mode == "snapshot":
            ends = sql.SQL("{} union all select * from merge_closed").format(ends)
        _run(
            self._connection,
            "insert into {} ({}, _to) select {}, now() from {} g join ({}) e using ({})",
            self._past,
            columns,
            columns,
            self.current,
            ends,
            self._staging.key,
        )

    def update(self) -> int:
        """Give changed rows their new content; their number."""
        values = sql.SQL(", ").join(sql.SQL("{0} = s.{0}").format(sql.Identifier(n)) for n in self._columns)
        return self._to_outbox(
            "update",
            sql.SQL(
                "update {} g set {}, _from = now(), _run = {}, _hash = s._hash from {} s join merge_changed c "
                "using (_row) where {}"
            ).format(self.current, values, sql.Literal(self._staging.run), self._staging.table(), self._same("s")),
        )

    def delete(self) -> int:
        """Take closed rows out of the current ones; their number."""
        return self._to_outbox(
            "delete", sql.SQL("delete from {} g using merge_closed c where {}").format(self.current, self._same("c"))
        )

    def insert(self, bulk: bool) -> int:
        """Add the rows whose key is new; their number."""
        indexes = self._drop_indexes() if bulk else []
        inserted = self._insert()
        for definition in indexes:
            self._connection.execute(sql.SQL(definition))
        return inserted

    def _drop_indexes(self) -> list[str]:
        """Drop the indexes that hold no constraint; the statements that make them again."""
        found = self._connection.execute(_INDEXES, (self.current.as_string(self._connection),)).fetchall()
        for name, _ in found:
            self._connection.execute(sql.SQL("drop index {}").format(sql.SQL(name)))
        return [definition for _, definition in found]

    def _insert(self) -> int:
        names = _list(self._columns)
        return self._to_outbox(
            "insert",
            sql.SQL(
                "insert into {} as g ({}, _from, _run, _hash) select {}, now(), {}, _hash from {} s "
                "where not exists (select from {} g where {})"
            ).format(
                self.current,
                names,
                names,
                sql.Literal(self._staging.run),
                self._staging.table(),
                self.current,
                self._same("s"),
            ),
        )

    def _to_outbox(self, op: str, change: sql.Composable) -> int:
        """Run a change of `g` and note each changed key; the number of keys."""
        keys = [sql.SQL("g.{}").format(sql.Identifier(k)) for k in self._staging.contract.primary_key]
        return _run(
            self._connection,
            "with changed as ({} returning concat_ws(',', {}) as key, g._id as row) insert into platform.outbox "
            "(dataset, key, op, run_id, at, row_id) select {}, key, {}, {}, now(), row from changed",
            change,
            sql.SQL(", ").join(keys),
            sql.Literal(self._staging.contract.id),
            sql.Literal(op),
            sql.Literal(self._staging.run),
        )

    def _same(self, other: str) -> sql.Composed:
        """The condition that `g` and another relation have the same key."""
        return sql.SQL(" and ").join(
            sql.SQL("g.{0} = {1}.{0}").format(sql.Identifier(k), sql.Identifier(other))
            for k in self._staging.contract.primary_key
        )


def _run(connection: Connection, statement: str, *parts: sql.Composable) -> int:
    return connection.execute(sql.SQL(statement).format(*parts)).rowcount


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _too_much(staging: Staging, closing: int, before: int) -> Conflict:
    share = round(100 * closing / before, 1)
    most = round(100 * MOST_CLOSED)
    return Conflict(
        both(
            f"Bản giao này sẽ đóng {closing} trong {before} dòng ({share} %), quá ngưỡng {most} %",
            f"This delivery would close {closing} of {before} rows ({share} %), more than {most} %",
        ),
        place=staging.contract.id,
        fix=both(
            "Kiểm tra nguồn có gửi thiếu không; nếu đúng thì nạp lại với --force",
            "See whether the source sent everything; when it is right, ingest again with --force",
        ),
        closing=closing,
        rows=before,
        share=share,
    )
