"""Repeatable chance, a stream per name, and columns drawn from it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]
"""datetime64[D]; NaT means no date."""

NEVER = np.datetime64("NaT", "D")


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """The stream of chance called `name`: it does not change when another source draws more or less."""
    words = [int.from_bytes(str(part).encode()[:16].ljust(16, b"\0"), "big") for part in name]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def choose(rng: np.random.Generator, weights: ArrayLike, n: int) -> Ints:
    """`n` positions drawn with the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], rng.random(n), side="right").astype(np.int64)


def pick(rng: np.random.Generator, values: Sequence[str], n: int, weights: ArrayLike | None = None) -> pl.Series:
    """`n` texts drawn from `values`."""
    where = rng.integers(0, len(values), n) if weights is None else choose(rng, weights, n)
    return gather(values, where)


def gather(values: Sequence[str] | pl.Series, where: ArrayLike) -> pl.Series:
    """The texts at the positions; a position of -1 gives the empty text."""
    series = values if isinstance(values, pl.Series) else pl.Series("", list(values), dtype=pl.String)
    places = np.asarray(where, dtype=np.int64)
    if places.size and places.min() < 0:
        series, places = pl.concat([pl.Series("", [""]), series.alias("")]), places + 1
    return series.gather(pl.Series("", places))


def days_between(rng: np.random.Generator, first: ArrayLike, last: ArrayLike, n: int) -> Days:
    """`n` days, evenly drawn from first to last (both may be arrays, both inclusive)."""
    low = np.asarray(first, dtype="datetime64[D]").astype(np.int64)
    high = np.asarray(last, dtype="datetime64[D]").astype(np.int64)
    span = np.maximum(high - low, 0) + 1
    drawn = low + np.floor(rng.random(n) * span).astype(np.int64)
    return np.asarray(drawn.astype("datetime64[D]"))


def text_of_days(days: NDArray[np.datetime64], pattern: str = "%d/%m/%Y") -> pl.Series:
    """Days or times as text; NaT as the empty text."""
    unit: Any = "datetime64[D]" if np.datetime_data(days.dtype)[0] == "D" else "datetime64[ms]"
    return pl.Series("", days.astype(unit)).dt.strftime(pattern).fill_null("")


def numbers(values: ArrayLike, width: int = 0) -> pl.Series:
    """Whole numbers as text, with zeros in front to `width`."""
    series = pl.Series("", np.asarray(values, dtype=np.int64)).cast(pl.String)
    return series.str.zfill(width) if width else series


def joined(*parts: pl.Series | str) -> pl.Series:
    """Texts put together, row by row."""
    length = max(len(part) for part in parts if isinstance(part, pl.Series))
    frame = pl.DataFrame({f"p{i}": part for i, part in enumerate(parts) if isinstance(part, pl.Series)})
    if frame.height != length:
        raise ValueError(f"columns of different length: {[len(p) for p in parts]}")
    pieces = [pl.col(f"p{i}") if isinstance(part, pl.Series) else pl.lit(part) for i, part in enumerate(parts)]
    return frame.select(pl.concat_str(pieces).alias("")).to_series()


def where(mask: Mask, yes: pl.Series | str, no: pl.Series | str) -> pl.Series:
    """`yes` where the mask holds, `no` elsewhere."""
    frame = pl.DataFrame({"m": mask, **{k: v for k, v in (("y", yes), ("n", no)) if isinstance(v, pl.Series)}})
    one = pl.col("y") if isinstance(yes, pl.Series) else pl.lit(yes)
    other = pl.col("n") if isinstance(no, pl.Series) else pl.lit(no)
    return frame.select(pl.when(pl.col("m")).then(one).otherwise(other).alias("")).to_series()
