"""What every reader gives: a Parquet file of text cells, and what was noticed on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

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
    parts = _Parts(target)
    source = iter(records)
    while chunk := list(islice(source, _CHUNK)):
        for record in chunk:
            names.update(dict.fromkeys(key for key in record if key != LINE))
        parts.add(_frame(chunk, names))
    if not parts.rows:
        parts.add(_frame([], names))
    parts.join()
    return parts.rows, tuple(names)


def _frame(records: Sequence[Record], names: Iterable[str]) -> pl.DataFrame:
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(names, pl.String)
    schema[LINE] = pl.Int64
    return pl.DataFrame({name: [r.get(name) for r in records] for name in schema}, schema=schema)


class RejectFile:
    """Collects rejects in a Parquet file that exists only when there are any; use it with `with`."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._held: list[Reject] = []
        self._parts = _Parts(path)

    @property
    def path(self) -> Path | None:
        """The file, or None when nothing was rejected."""
        return self._parts.target if self.count else None

    def add(self, line: int, text: str, reason: str) -> None:
        """Keep one record that is no row."""
        self._held.append(Reject(line, text, reason))
        self.count += 1
        if len(self._held) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        schema = {"line": pl.Int64, "text": pl.String, "reason": pl.String}
        cells = zip(*((r.line, r.text, r.reason) for r in self._held), strict=True)
        self._parts.add(pl.DataFrame(dict(zip(schema, map(list, cells), strict=True)), schema=schema))
        self._held = []

    def __enter__(self) -> "RejectFile":
        return self

    def __exit__(self, *error: object) -> None:
        if self._held:
            self._flush()
        if self.count:
            self._parts.join()


class _Parts:
    """A Parquet file written in parts, each with the columns of the parts before and perhaps more."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.rows = 0
        self._files: list[Path] = []
        self._columns: list[str] = []

    def add(self, frame: pl.DataFrame) -> None:
        self._files.append(self.target.with_name(f"{self.target.name}.{len(self._files)}"))
        frame.write_parquet(self._files[-1])
        self._columns = frame.columns
        self.rows += frame.height

    def join(self) -> None:
        """Make the one file, with all columns, rows in order."""
        if len(self._files) == 1:
            self._files[0].replace(self.target)
            return
        whole = pl.concat([pl.scan_parquet(file) for file in self._files], how="diagonal")
        whole.select(self._columns).sink_parquet(self.target)
        for file in self._files:
            file.unlink()
