"""The word lists and facts of `data/`, as columns."""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from .draw import Days

_DATA = Path(__file__).parent / "data"


@cache
def facts(name: str) -> pl.DataFrame:
    """The list `data/<name>.csv`, all texts; an empty cell is the empty text."""
    frame = pl.read_csv(_DATA / f"{name}.csv", infer_schema=False)
    return frame.with_columns(pl.all().fill_null(""))


def column(name: str, field: str) -> list[str]:
    """One column of a list."""
    return facts(name)[field].to_list()


def weights(name: str, field: str) -> list[float]:
    """One column of a list as numbers."""
    return [float(text or 0) for text in column(name, field)]


def dates(texts: list[str]) -> Days:
    """ISO days; the empty text is NaT."""
    return np.array([text or "NaT" for text in texts], dtype="datetime64[D]")
