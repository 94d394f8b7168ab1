"""How good values go bad: each change takes the right texts and gives what a careless system would hand over."""

from collections.abc import Callable

import numpy as np
import polars as pl

from .draw import Days, joined, pick, text_of_days

Change = Callable[[pl.Series, np.random.Generator], pl.Series]

PLACEHOLDERS = ["Không có thông tin", "N/A", ".", "0"]


def blank(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Nothing where something is required."""
    return pl.Series("", [""] * len(values))


def placeholder(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """A text that means nothing."""
    return pick(rng, PLACEHOLDERS, len(values))


def always(text: str) -> Change:
    """The same wrong value."""
    return lambda values, rng: pl.Series("", [text] * len(values))


def one_of(texts: list[str]) -> Change:
    """One of some wrong values."""
    return lambda values, rng: pick(rng, texts, len(values))


def before(text: str) -> Change:
    """Something put in front."""
    return lambda values, rng: joined(text, values)


def behind(text: str) -> Change:
    """Something put behind."""
    return lambda values, rng: joined(values, text)


def zero_lost(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """A code that went through a number: its leading zero is gone."""
    return values.str.replace("^0", "")


def digit_lost(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """The last character is missing."""
    return values.str.head(-1)


def exponent(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """A code shown as a floating-point number."""
    texts = [f"{float(v):.6e}" if v.isdigit() else v for v in values.to_list()]
    return pl.Series("", texts, dtype=pl.String)


def check_digit(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """The tenth digit is one too high."""
    texts = [f"{v[:9]}{(int(v[9]) + 1) % 10}{v[10:]}" for v in values.to_list()]
    return pl.Series("", texts, dtype=pl.String)


def decomposed(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Letters and tones apart (NFD), as from a Macintosh."""
    return values.str.normalize("NFD")


def icelandic_d(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Ð U+00D0 where Đ U+0110 belongs."""
    return values.str.replace_all("Đ", "Ð")


def debris(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """`<br>` left from a web page."""
    return joined(values, "<br>")


def double_blank(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Two blanks between words and one behind."""
    return joined(values.str.replace(" ", "  ", literal=True), " ")


def excel_serial(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """`dd/mm/yyyy` as the number of days a spreadsheet counts."""
    days = values.str.to_date("%d/%m/%Y", strict=False)
    return (days.cast(pl.Int32) + 25_569).cast(pl.String).fill_null("")


def dashed(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """`dd/mm/yyyy` written `yyyy-mm-dd`."""
    return values.str.to_date("%d/%m/%Y", strict=False).dt.strftime("%Y-%m-%d").fill_null("")


def month_first(values: pl.Series, rng: np.random.Generator) -> pl.Series:
    """No such day: the month is over twelve."""
    return values.str.replace(r"^(\d\d)/(\d\d)/", "${1}/13/")


def future(first: str, last: str) -> Change:
    """A day that has not come yet, `dd/mm/yyyy`."""

    def change(values: pl.Series, rng: np.random.Generator) -> pl.Series:
        low, high = np.datetime64(first), np.datetime64(last)
        days: Days = low + rng.integers(0, int((high - low).astype(int)) + 1, len(values))
        return text_of_days(days)

    return change


def id_inside(ids: pl.Series) -> Change:
    """Somebody's identity number behind the text."""
    return lambda values, rng: joined(values, " - CCCD ", ids.sample(len(values), with_replacement=True, seed=1))
