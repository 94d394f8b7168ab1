"""Workbooks written at once, or by programs beside this one when they are long."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import polars as pl

from . import binder
from .binder import FIRST_ROW, SHEET
from .settings import TODAY

__all__ = ["FIRST_ROW", "SHEET", "Bindery"]

LONG = 1_000
"""Rows from which a workbook gets a process of its own: a second writes some 3,000 rows, all of it in Python."""


class Bindery:
    """A context; leaving it waits for the workbooks under way."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._orders = tempfile.TemporaryDirectory(prefix="lienthong-")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for process in self._running:
                process.kill()
        codes = [process.wait() for process in self._running]
        self._orders.cleanup()
        if kind is None and any(codes):
            raise RuntimeError(f"workbook writers ended with {codes}; what they say is above")

    def add(
        self, path: Path, titles: tuple[str, str], frame: pl.DataFrame, total: str, serials: Sequence[str] = ()
    ) -> int:
        """Write a workbook, now or soon (see `binder.Order`); gives its number of rows."""
        order: binder.Order = {
            "path": str(path), "titles": titles, "columns": frame.columns, "rows": frame.rows(), "total": total,
            "serials": list(serials), "created": f"{TODAY}T17:00:00",
        }  # fmt: skip
        if frame.height < LONG:
            binder.bind(order)
            return frame.height
        file = Path(self._orders.name) / f"{len(self._running)}.json"
        file.write_text(json.dumps(order, ensure_ascii=False), encoding="utf-8")
        self._running.append(subprocess.Popen([sys.executable, "-I", binder.__file__, str(file)]))
        return frame.height
