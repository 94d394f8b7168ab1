"""What every reader gives: a Parquet file of text cells, and what was noticed on the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from lienthong.kernel.text import Bilingual, both, nfc

LINE = "_line"
"""Tells where a record starts: line of a text file, row of a sheet, index in a JSON message."""

Options = Mapping[str, Any]
Record = Mapping[str, str | int | None]
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Note:
    """Something a steward should know about a file: what (`code`, `text`) and where (`place`)."""

    code: str
    text: Bilingual
    place: str | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """One source table as text.

    `parquet` has every source column as text (an empty cell is null) and `_line` bigint; `columns` names the
    source columns in their order. `rejects` is a Parquet file (line bigint, text, reason) of the `rejected`
    records that are no rows, or None. `confidence` is that of the encoding; None where there was none to
    detect.
    """

    parquet: Path
    rows: int
    columns: tuple[str, ...]
    encoding: str | None = None
    confidence: float | None = None
    notes: tuple[Note, ...] = ()
    rejects: Path | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that is no row: where it starts, its text, and why."""

    line: int
    text: str
    reason: str


def note(code: str, vi: str, en: str, place: str | None = None) -> Note:
    """A short way to write a note."""
    return Note(code, both(vi, en), place)


def clean_header(names: Iterable[str | None]) -> tuple[str, ...]:
    """Header texts as column names: NFC, single blanks, never empty, each once (in any case of letters)."""
    seen: set[str] = {LINE}
    cleaned: list[str] = []
    for position, name in enumerate(names, 1):
        base = " ".join(nfc(name or "").replace("\ufeff", "").split()) or f"column {position}"
        unique, times = base, 1
        while unique.casefold() in seen:
            times += 1
            unique = f"{base} ({times})"
        seen.add(unique.casefold())
        cleaned.append(unique)
    return tuple(cleaned)


def write_records(records: Iterable[Record], target: Path, columns: Sequence[str] = ()) -> tuple[int, tuple[str, ...]]:
    """Write records (column -> text, `_line` -> int) as Parquet, in bounded memory; the rows and the columns.

    `columns` come first and exist in any case; others are added in the order in which they first occur.
    """
    names: dict[str, None] = dict.fromkeys(columns)
    parts: list[Path] = []
    rows = 0
    for chunk in _chunks(records):
        for record in chunk:
            names.update(dict.fromkeys(key for key in record if key != LINE))
        parts.append(target.with_suffix(f".{len(parts)}.part"))
        pq.write_table(_arrow(chunk, tuple(names)), parts[-1])
        rows += len(chunk)
    if not parts:
        pq.write_table(_arrow([], tuple(names)), target)
    elif len(parts) == 1:
        parts[0].replace(target)
    else:
        _union(parts, target)
    return rows, tuple(names)


class RejectFile:
    """Collects rejects in a Parquet file that exists only when there are any; use it with `with`."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._held: list[Reject] = []
        self._writer: Any = None

    @property
    def path(self) -> Path | None:
        """The file, or None when nothing was rejected."""
        return self._path if self.count else None

    def add(self, line: int, text: str, reason: str) -> None:
        """Keep one record that is no row."""
        self._held.append(Reject(line, text, reason))
        self.count += 1
        if len(self._held) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        schema = pa.schema([("line", pa.int64()), ("text", pa.string()), ("reason", pa.string())])
        self._writer = self._writer or pq.ParquetWriter(self._path, schema)
        cells = zip(*((r.line, r.text, r.reason) for r in self._held), strict=True)
        self._writer.write_table(pa.table([list(column) for column in cells], schema=schema))
        self._held = []

    def close(self) -> None:
        """Write what is held and close the file."""
        if self._held:
            self._flush()
        if self._writer:
            self._writer.close()

    def __enter__(self) -> "RejectFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    source = iter(records)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _arrow(records: Sequence[Record], names: Sequence[str]) -> Any:
    fields = [(name, pa.string()) for name in names] + [(LINE, pa.int64())]
    columns = [pa.array([record.get(name) for record in records], kind) for name, kind in fields]
    return pa.table(columns, schema=pa.schema(fields))


def _union(parts: Sequence[Path], target: Path) -> None:
    """One file from chunks with growing sets of columns (the last has all), in order."""
    schema = pq.read_schema(parts[-1])
    with pq.ParquetWriter(target, schema) as writer:
        for part in parts:
            table = pq.read_table(part)
            empty = pa.nulls(table.num_rows, pa.string())
            columns = [table[name] if name in table.column_names else empty for name in schema.names]
            writer.write_table(pa.table(columns, schema=schema))
            part.unlink()
