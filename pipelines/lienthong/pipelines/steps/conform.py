"""Conform: raw text tables -> one typed table, set-based in DuckDB, in bounded memory.

Every source row gets a number, `_row` (file, place in the file), which leads back to its raw form. A row with a defect
is marked, never dropped silently; `defects` tells what is wrong with it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import duckdb

from lienthong.contract.model import Contract, FieldContract, SourceFile
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

from ..sources import duck
from ..sources.duck import literal, name
from ..sources.raw import RawTable
from . import cells
from .cells import Cell

ROWS_BITS = 40
"""The lower bits of `_row` are the place in the file, the upper ones the number of the file."""
MEMORY = "512MB"
MAX_THREADS = 4
_SEPARATOR = "chr(31)"  # no type accepts control characters, so no value holds it


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of the delivery as its reader gave it. `name` is how people know it."""

    name: str
    source: SourceFile
    table: RawTable


@dataclass(frozen=True, slots=True)
class Group:
    """Files (by number) of one source that have the same of its columns."""

    source: SourceFile
    columns: tuple[str, ...]
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What conforming found: rows read, rows that are repeated or overtaken by a later state."""

    read: int
    repeated: int


class Batch:
    """The delivery inside DuckDB: `conformed` holds the typed rows, `rejected` the numbers of those that fail.

    Close it, or use it with `with`: it holds memory and files in `work`.
    """

    def __init__(self, contract: Contract, files: Sequence[RawFile], work: Path, memory: str = MEMORY) -> None:
        self.contract = contract
        self.files = tuple(files)
        self.connection = duck.connect(work, memory)
        self.connection.execute(f"SET threads = {min(os.cpu_count() or 1, MAX_THREADS)}")
        self.connection.execute("SET preserve_insertion_order = false")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.work = work

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()

    def sql(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run one statement."""
        return self.connection.execute(statement)

    def number(self, statement: str) -> int:
        """The one number that a statement answers with."""
        return int((self.sql(statement).fetchone() or (0,))[0])

    @property
    def key(self) -> str:
        """The primary key as a list of quoted names."""
        return ", ".join(map(name, self.contract.primary_key))

    def rows_of(self, file: int) -> str:
        """A relation of one file's raw rows with `_row`; columns as the reader named them."""
        return (
            f"(SELECT * EXCLUDE (file_row_number), file_row_number + {file << ROWS_BITS} AS _row "
            f"FROM read_parquet({literal(self.files[file].table.parquet)}, file_row_number = true))"
        )

    @cached_property
    def groups(self) -> list[Group]:
        """The files that are read by the same columns in the same way, so that one statement does them all."""
        found: dict[tuple[int, tuple[str, ...]], list[int]] = {}
        for number, file in enumerate(self.files):
            used = cells.used_columns(self.contract, file.source)
            columns = tuple(c for c in used if c in set(file.table.columns))
            found.setdefault((self.contract.source.files.index(file.source), columns), []).append(number)
        sources = self.contract.source.files
        return [Group(sources[source], columns, tuple(files)) for (source, columns), files in found.items()]


def check_columns(contract: Contract, file: RawFile) -> list[str]:
    """The columns that optional fields want and the file lacks. Raises Invalid when a needed one is missing."""
    present = set(file.table.columns)
    absent = {c: fields for c, fields in cells.used_columns(contract, file.source).items() if c not in present}
    needed = [c for c, fields in absent.items() if any(_mandatory(contract, f) for f in fields)]
    wanted = len(cells.used_columns(contract, file.source))
    if needed or (absent and len(absent) == wanted):
        listed, there = ", ".join(needed or absent), ", ".join(file.table.columns[:40]) or "–"
        raise Invalid(
            both(f"Tệp thiếu cột: {listed}. Các cột có: {there}", f"Columns are missing: {listed}. There are: {there}"),
            place=file.name,
            fix=both(
                "Gửi lại tệp đúng mẫu, hoặc sửa source.columns của hợp đồng dữ liệu",
                "Send the file as agreed, or change source.columns of the contract",
            ),
            missing=needed or list(absent),
        )
    return list(absent)


def conform(batch: Batch, done: Callable[[int], None] = lambda _: None) -> Tally:
    """Make `conformed` and `rejected` of a batch; `done` hears how many files are ready."""
    fields = batch.contract.fields
    types = ", ".join(f"{f.type.duckdb(cells.NULL, f.options)} AS {name(f.name)}" for f in fields)
    batch.sql(f"CREATE TABLE conformed AS SELECT {types}, 0::BIGINT AS _row, ''::BLOB AS _hash, false AS _bad LIMIT 0")
    ready = 0
    for group in batch.groups:
        batch.sql(f"INSERT INTO conformed BY NAME {_conformed(batch, group)}")
        ready += len(group.files)
        done(ready)
    batch.sql("CREATE TABLE rejected AS SELECT _row FROM conformed WHERE _bad")
    batch.sql("CREATE TABLE repeats (_row BIGINT, _same BOOLEAN)")
    _find_repeats(batch)
    read = batch.number("SELECT count(*) FROM conformed") + sum(f.table.rejected for f in batch.files)
    return Tally(read, batch.number("SELECT count(*) FROM repeats WHERE _same"))


def layers(batch: Batch, group: Group, where: str = "true") -> tuple[list[Cell], str]:
    """The cells of a group, and a relation of its rows: raw and text of each field, and its typed value by its name."""
    found = cells.cells(batch.contract, group.source, group.columns)
    columns = [name(c) for c in group.columns]
    rows = " UNION ALL ".join(
        f"SELECT {', '.join(['_row', *columns])} FROM {batch.rows_of(n)} WHERE {where}" for n in group.files
    )
    steps = [
        ["_row", *(f"{cells.composed(c)} AS {c}" for c in columns)],
        ["_row", *(f"{cells.trimmed(c)} AS {c}" for c in columns)],
        ["_row", *(f"{c.raw} AS {c.raw_name}" for c in found)],
        ["*", *(f"{c.text} AS {c.text_name}" for c in found)],
        ["*", *(f"{_typed(batch.contract, group, c)} AS {name(c.field.name)}" for c in found)],
    ]
    relation = f"({rows})"
    for step in steps:
        relation = f"(SELECT {', '.join(step)} FROM {relation})"
    return found, relation


def _typed(contract: Contract, group: Group, cell: Cell) -> str:
    source = contract.source.column(cell.field.name, group.source)
    formats = {"formats": list(source.formats)} if source and source.formats else {}
    return cell.field.type.duckdb(cell.text_name, {**cell.field.options, **formats})


def invalid(cell: Cell) -> str:
    """A condition over `layers`: the cell is there, and is no value of its type."""
    return f"({cell.raw_name} IS NOT NULL AND {name(cell.field.name)} IS NULL)"


def lacking(contract: Contract, cell: Cell) -> str | None:
    """A condition over `layers`: the cell is missing and must not; None for an optional field."""
    return f"{cell.raw_name} IS NULL" if _mandatory(contract, cell.field) else None


def _conformed(batch: Batch, group: Group) -> str:
    found, relation = layers(batch, group)
    lacks = [condition for c in found if (condition := lacking(batch.contract, c))]
    conditions = [invalid(c) for c in found] + lacks
    names = sorted(f.name for f in batch.contract.fields)
    # A field without a value leaves no trace, so a contract may add one without changing every row.
    canonical = ", ".join(f"{literal(n + '=')} || CAST({name(n)} AS VARCHAR)" for n in names)
    hashed = f"from_hex(sha256(concat_ws({_SEPARATOR}, {canonical})))"
    listed = ", ".join(map(name, names))
    return f"SELECT _row, {listed}, {hashed} AS _hash, {' OR '.join(conditions)} AS _bad FROM {relation}"


def _find_repeats(batch: Batch) -> None:
    """Of rows with one key the last stays. `repeats` gets the others: `_same` when nothing is lost with them."""
    order = version_field(batch.contract)
    superseded = "true" if order or batch.contract.source.mode == "upsert" else "_hash = last_value(_hash) OVER w"
    by = f"{name(order.name)} NULLS FIRST, _row" if order else "_row"
    batch.sql(
        f"CREATE TEMP TABLE twice AS SELECT {batch.key} FROM conformed WHERE NOT _bad GROUP BY ALL HAVING count(*) > 1"
    )
    batch.sql(
        f"INSERT INTO repeats SELECT _row, _same FROM (SELECT _row, {superseded} AS _same, "
        "row_number() OVER w AS _n, count(*) OVER w AS _of FROM conformed SEMI JOIN twice USING "
        f"({batch.key}) WHERE NOT _bad WINDOW w AS (PARTITION BY {batch.key} ORDER BY {by} "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) WHERE _n < _of"
    )
    batch.sql("INSERT INTO rejected SELECT _row FROM repeats")


def version_field(contract: Contract) -> FieldContract | None:
    """The field that tells which of two states of a row is newer: what a file's option `latest_by` feeds."""
    for file in contract.source.files:
        latest_by = file.options.get("latest_by")
        for column, fields in cells.used_columns(contract, file).items():
            if column == latest_by:
                return fields[0]
    return None


def type_reason(field: FieldContract, value: str) -> Bilingual | None:
    """Why `value` is no value of the field's type; None when Python's reading finds nothing wrong."""
    try:
        field.type.parse(value, field.options)
    except ValueError as error:
        found = getattr(error, "reason", None)
        return found if isinstance(found, Bilingual) else both(str(error), str(error))
    return None


def _mandatory(contract: Contract, field: FieldContract) -> bool:
    return field.required or field.name in contract.primary_key
