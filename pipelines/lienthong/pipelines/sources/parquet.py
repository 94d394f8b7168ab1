"""Records and rejects as Parquet files, written in chunks."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from .raw import LINE, Record, Reject

_CHUNK = 50_000


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
