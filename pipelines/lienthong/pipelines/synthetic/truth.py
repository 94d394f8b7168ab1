"""Defects put in on purpose, and the list of them that quality is judged against."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from .draw import Ints, Mask, numbers
from .facts import facts
from .mess import Change
from .textfile import hollow

FIELDS = ("file", "line", "item", "key", "field", "kind", "rule", "raw", "right", "expected")


@dataclass(slots=True)
class Notes:
    """Defects put in, part by part. `factor` multiplies the rates of `data/defects.csv`."""

    factor: float = 1.0
    parts: list[pl.DataFrame] = field(default_factory=list)

    def add(
        self,
        source: str,
        kind: str,
        cells: Mapping[str, pl.Series | str],
        lines: ArrayLike,
        items: pl.Series | str = "",
    ) -> None:
        """Note defects: `cells` has `file key field raw right`."""
        rule, expected, _ = lookup(source, kind)
        told = {**cells, "item": items, "kind": kind, "rule": rule, "expected": expected}
        part = pl.DataFrame({"line": np.asarray(lines, np.int64)})
        part = part.with_columns(*(self._column(name, value) for name, value in told.items()))
        if part.height:
            self.parts.append(part.select(FIELDS))

    @staticmethod
    def _column(name: str, value: pl.Series | str) -> pl.Expr:
        return (pl.lit(value) if isinstance(value, str) else pl.lit(value.cast(pl.String))).alias(name)


class Truth(Notes):
    """The list of all defects of one sample, a file that grows source by source. `counts` tells them per kind."""

    def __init__(self, path: Path, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.path, self.counts = path, Counter[str]()
        path.write_text(",".join(FIELDS) + "\n", encoding="utf-8")

    def save(self, notes: Notes | None = None) -> None:
        """Write what is noted here (or in `notes`), in the order of files and lines; it waits no more."""
        noted = notes or self
        if noted.parts:
            frame = pl.concat(noted.parts).sort("file", "line", "item", "field", "kind")
            self.counts.update(dict(frame["kind"].value_counts().iter_rows()))
            with self.path.open("ab") as file:
                file.write(hollow(frame).write_csv(include_header=False).encode())
        noted.parts.clear()


def lookup(source: str, kind: str) -> tuple[str, str, float]:
    """Rule, expectation and rate of a kind of defect in a source system."""
    found = facts("defects").filter((pl.col("source") == source) & (pl.col("kind") == kind))
    if found.height != 1:
        raise KeyError(f"data/defects.csv: {source}, {kind}")
    row = found.row(0, named=True)
    return row["rule"], row["expected"], float(row["rate"])


class Batch:
    """The rows of one file as texts, in the order they will be written; a row gets one defect at most."""

    def __init__(
        self,
        truth: Notes,
        source: str,
        file: str,
        key: str,
        frame: pl.DataFrame,
        rng: np.random.Generator,
        first_line: int,
    ) -> None:
        self.truth, self.source, self.file, self.key = truth, source, file, key
        self.frame, self.rng, self.first_line = frame, rng, first_line
        self.free = np.ones(frame.height, bool)

    def draw(self, kind: str, among: Mask | None = None) -> Ints:
        """Rows for a defect, at its rate of all rows, from those still good; they are taken."""
        rate = lookup(self.source, kind)[2] * self.truth.factor
        able = np.flatnonzero(self.free if among is None else self.free & among)
        wanted = rate * self.frame.height
        count = min(len(able), int(wanted) + int(self.rng.random() < wanted % 1))
        rows = np.sort(self.rng.choice(able, count, replace=False))
        self.free[rows] = False
        return rows.astype(np.int64)

    def spoil(
        self, kind: str, column: str, change: Change, among: Mask | None = None, right: str | None = None
    ) -> None:
        """Put a defect into a column; `right` replaces the old value as the right one (the empty text: none is)."""
        filled = (self.frame[column] != "").to_numpy()
        rows = self.draw(kind, filled if among is None else filled & among)
        good = self.frame[column].gather(rows)
        self.put(kind, column, rows, change(good, self.rng), right)

    def fill(self, kind: str, column: str, change: Change, among: Mask | None = None) -> None:
        """Put something where nothing belongs."""
        empty = (self.frame[column] == "").to_numpy()
        rows = self.draw(kind, empty if among is None else empty & among)
        self.put(kind, column, rows, change(self.frame[column].gather(rows), self.rng))

    def put(self, kind: str, column: str, rows: Ints, values: pl.Series, right: str | None = None) -> None:
        """Write the bad values into the rows and note them."""
        good = self.frame[column].gather(rows)
        differ = (good != values).to_numpy()
        rows, good, values = rows[differ], good.filter(differ), values.filter(differ)
        if not len(rows):
            return
        keys = self.frame[self.key].gather(rows)
        self.frame = self.frame.with_columns(self.frame[column].scatter(rows, values).alias(column))
        self.note(kind, column, rows, keys, values, good if right is None else right)

    def repeat(self, kind: str, column: str, values: pl.Series | None = None) -> None:
        """Add copies of rows at the end; `values` gives each copy another value in the column."""
        rows = self.draw(kind)
        copies = self.frame[rows]
        right: pl.Series | str = ""
        if values is not None:
            right = copies[column]
            copies = copies.with_columns(values.gather(rows % len(values)).alias(column))
        start = self.frame.height
        self.frame = pl.concat([self.frame, copies])
        self.free = np.concatenate([self.free, np.zeros(len(rows), bool)])
        where = np.arange(start, start + len(rows), dtype=np.int64)
        self.note(kind, column, where, copies[self.key], copies[column], right)

    def note(self, kind: str, column: str, rows: Ints, keys: pl.Series, raw: pl.Series, right: pl.Series | str) -> None:
        """Tell the truth about rows of this file."""
        cells = {"file": self.file, "key": keys, "field": column, "raw": raw, "right": right}
        self.truth.add(self.source, kind, cells, self.line_of(rows), self.item_of(rows))

    def line_of(self, rows: Ints) -> Ints:
        """Line in the file of each row."""
        return rows + self.first_line

    def item_of(self, rows: Ints) -> pl.Series | str:
        """Place within the line; the empty text where a line is a row."""
        return ""


class MessageBatch(Batch):
    """Rows that travel in messages of `size`, one message a line."""

    size = 500

    def line_of(self, rows: Ints) -> Ints:
        return rows // self.size + 1

    def item_of(self, rows: Ints) -> pl.Series | str:
        return numbers(rows % self.size + 1)
