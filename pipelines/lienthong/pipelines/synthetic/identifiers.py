"""Identifiers that are right by their rule and lie where none is issued.

Tax codes: TT 105/2020 Đ5 (check digit), serials from 5,000,000. Citizen ids: province, century and sex, year,
and a serial from 900,000. Agency codes: QĐ 20/2020/QĐ-TTg and, reversed, QCVN 102:2016/BTTTT.
"""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from .draw import Ints, joined, numbers, where

FIRST_TAX_SERIAL = 5_000_000
FIRST_PERSON_SERIAL = 900_000
_TAX_WEIGHTS = np.array([31, 29, 23, 19, 17, 13, 7, 5, 3])


def tax_codes(prefix: str, n: int, skip: int = 0) -> pl.Series:
    """`n` tax codes of ten digits in rising order; `skip` leaves out that many serials first."""
    found: list[NDArray[np.int64]] = []
    start, missing = FIRST_TAX_SERIAL + skip, n
    while missing > 0:
        serials = np.arange(start, start + missing + missing // 8 + 16, dtype=np.int64)
        body = int(prefix) * 10_000_000 + serials
        digits = body[:, None] // 10 ** np.arange(8, -1, -1, dtype=np.int64) % 10
        rest = (digits * _TAX_WEIGHTS).sum(axis=1) % 11
        codes = (body * 10 + 10 - rest)[rest != 0][:missing]
        found.append(codes)
        start, missing = int(serials[-1]) + 1, missing - len(codes)
    return numbers(np.concatenate(found) if found else np.zeros(0, np.int64), 10)


def citizen_ids(birthplace: ArrayLike, male: ArrayLike, year: ArrayLike, serial: ArrayLike) -> pl.Series:
    """Twelve digits; `birthplace` is the two-digit province code of old, `serial` counts from 0."""
    years, men = np.asarray(year, np.int64), np.asarray(male, bool)
    century = (years // 100 - 19) * 2 + np.where(men, 0, 1)
    tail = FIRST_PERSON_SERIAL + np.asarray(serial, np.int64) % 100_000
    head = np.asarray(birthplace, np.int64) * 1000 + century * 100 + years % 100
    return numbers(head * 1_000_000 + tail, 12)


def phones(serial: Ints) -> pl.Series:
    """Ten digits in the block 0900 0x xxxx."""
    return joined("09000", numbers(serial % 100_000, 5))


def legacy_agency_codes(codes: pl.Series) -> pl.Series:
    """`H37.30.02` as `000.02.30.H37`; the empty text where a group does not fit."""
    groups = codes.str.split(".").list
    parts = [groups.get(i, null_on_oob=True).fill_null("00") for i in range(4)]
    fits = (parts[1].str.len_chars() == 2) & (parts[2].str.len_chars() == 2) & (groups.len() <= 4)
    text = joined(parts[3].str.zfill(3), ".", parts[2], ".", parts[1], ".", parts[0])
    return where(fits.to_numpy(), text, "")
