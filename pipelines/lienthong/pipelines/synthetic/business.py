"""Businesses that do not exist: codes, names, addresses, lines of business; made in lots, in order of registration."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .draw import NEVER, Days, Ints, Mask, choose, days_between, gather, joined, numbers, pick, where
from .facts import column, facts, weights
from .identifiers import tax_codes
from .people import People, company_brands, people
from .places import Places, addresses, commune_codes, weights_of_old
from .settings import LAST_DAY, REFORM

TYPES = {  # code: label, share, how the name begins
    "TNHH1TV": ("Công ty TNHH một thành viên", 0.42, "CÔNG TY TNHH MỘT THÀNH VIÊN"),
    "TNHH2TV": ("Công ty TNHH hai thành viên trở lên", 0.17, "CÔNG TY TNHH"),
    "CTCP": ("Công ty cổ phần", 0.12, "CÔNG TY CỔ PHẦN"), "CTHD": ("Công ty hợp danh", 0.002, "CÔNG TY HỢP DANH"),
    "DNTN": ("Doanh nghiệp tư nhân", 0.05, "DOANH NGHIỆP TƯ NHÂN"), "HKD": ("Hộ kinh doanh", 0.15, "Hộ kinh doanh"),
    "HTX": ("Hợp tác xã", 0.035, "Hợp tác xã"), "CN": ("Chi nhánh", 0.043, "CHI NHÁNH"),
    "VPDD": ("Văn phòng đại diện", 0.01, "VĂN PHÒNG ĐẠI DIỆN"),
}  # fmt: skip
STATUSES = [
    ("Đang hoạt động", 0.72), ("Tạm ngừng kinh doanh", 0.07), ("Không còn hoạt động tại địa chỉ đã đăng ký", 0.06),
    ("Đang làm thủ tục giải thể, đã chia, bị hợp nhất, bị sáp nhập", 0.02),
    ("Đã giải thể, phá sản, chấm dứt tồn tại", 0.13),
]  # fmt: skip
ENDED = 4
NEW_VSIC = np.datetime64("2025-11-15")
_KEYS = list(TYPES)
_HKD, _HTX, _CN, _VPDD = (_KEYS.index(key) for key in ("HKD", "HTX", "CN", "VPDD"))
_FIRST, _SPAN = np.datetime64("1996-01-01"), (LAST_DAY - np.datetime64("1996-01-01")).astype(int)


@dataclass(frozen=True, slots=True)
class Lot:
    """Businesses start..start+n of the register, with their lines (`lines`: row, place, code, name, detail)."""

    kind: Ints
    code: pl.Series
    name: pl.Series
    owner: People
    registered: Days
    status: Ints
    status_on: Days
    dissolved: Days
    place: Ints
    confirmed: Days
    before: Mask
    commune: pl.Series
    address: pl.Series
    modern: Mask
    lines: pl.DataFrame


def lot(rng: np.random.Generator, home: Places, start: int, n: int, total: int) -> Lot:
    """Businesses `start` to `start + n` of `total`."""
    kind = choose(rng, [share for _, share, _ in TYPES.values()], n)
    kind[0] = 0  # a branch needs a parent before it
    registered = _FIRST + (np.sqrt((start + np.arange(n) + rng.random(n)) / total) * _SPAN).astype(np.int64)
    owner = people(rng, home, n, ("1955-01-01", "2003-12-31"), first_serial=30_000 + start)
    status = choose(rng, [share for _, share in STATUSES], n)
    status_on = days_between(rng, registered, LAST_DAY, n)
    status_on = np.where(status == 0, registered, status_on)
    dissolved = np.where(status == ENDED, status_on, NEVER)
    floor = np.maximum(registered, np.datetime64("2010-01-01"))
    moved = (rng.random(n) < 0.45) & (status != ENDED)
    confirmed = np.where(moved, days_between(rng, np.maximum(floor, REFORM), LAST_DAY, n), floor)
    before = confirmed < REFORM
    place = choose(rng, weights_of_old(home), n)
    modern = registered >= NEW_VSIC
    lines = _lines(rng, n, modern)
    phrase = gather(column("business_lines", "phrase"), lines.filter(pl.col("place") == 0)["line"])
    return Lot(
        kind, _codes(rng, home, kind, owner, start), _names(rng, home, kind, owner, phrase, place), owner, registered,
        status,
        status_on, dissolved, place, confirmed, before, commune_codes(home, place, before),
        addresses(rng, home, place, before),
        modern, lines,
    )  # fmt: skip


def _codes(rng: np.random.Generator, home: Places, kind: Ints, owner: People, start: int) -> pl.Series:
    """Tax codes in rising order; a branch has its parent's with a suffix, a household its owner's identity number."""
    n, dependent = len(kind), np.isin(kind, [_CN, _VPDD])
    skip = 100_000 + start + start // 5
    codes = where(rng.random(n) < 0.03, tax_codes("01", n, skip), tax_codes(home.tax_prefix, n, skip))
    order = np.arange(n, dtype=np.int64)
    parent = np.maximum.accumulate(np.where(dependent | np.isin(kind, [_HKD, _HTX]), 0, order))
    branch = np.cumsum(dependent)
    first = np.where(parent > 0, branch[parent], 0)
    suffixed = joined(gather(codes, parent), "-", numbers(branch - first, 3))
    return where(kind == _HKD, owner.citizen_id, where(dependent, suffixed, codes))


def _names(
    rng: np.random.Generator, home: Places, kind: Ints, owner: People, phrase: pl.Series, place: Ints
) -> pl.Series:
    n = len(kind)
    head = gather([start for _, _, start in TYPES.values()], kind)
    brand = company_brands(rng, n)
    company = joined(head, " ", phrase, " ", brand).str.to_uppercase()
    branch = joined(head, " ", brand, f" TẠI {home.short}").str.to_uppercase()
    cooperative = joined(head, " ", phrase, " ", pick(rng, column("hamlets", "hamlet"), n))
    household = joined(head, " ", owner.name)
    named = where(kind == _HKD, household, where(kind == _HTX, cooperative, company))
    return where(np.isin(kind, [_CN, _VPDD]), branch, named)


def _lines(rng: np.random.Generator, n: int, modern: Mask) -> pl.DataFrame:
    """One to six different lines a business; the first is the main one."""
    most = 6
    drawn = choose(rng, weights("business_lines", "weight"), n * most).reshape(n, most)
    keep = np.arange(most) < np.minimum(1 + rng.poisson(1.6, n), most)[:, None]
    for later in range(1, most):
        keep[:, later] &= ~(drawn[:, :later] == drawn[:, later : later + 1]).any(axis=1)
    row, place = np.nonzero(keep)
    line = drawn[row, place]
    known = facts("business_lines")
    names = where(modern[row], gather(known["name_2025"], line), gather(known["name_2018"], line))
    detail = where(rng.random(len(row)) < 0.3, pick(rng, _DETAILS, len(row)), "")
    return pl.DataFrame(
        {"row": row.astype(np.int64), "place": place.astype(np.int64), "line": line,
         "code": gather(known["code"], line),
         "name": names, "detail": detail}
    )  # fmt: skip


_DETAILS = [
    "Không hoạt động tại trụ sở", "Trừ loại Nhà nước cấm", "Bán buôn hàng nông sản qua cửa khẩu",
    "Chỉ hoạt động khi đủ điều kiện",
    "Theo quy định của pháp luật", "Bao gồm dịch vụ giao nhận", "Kinh doanh tại chợ", "Trừ hoạt động đấu giá",
]  # fmt: skip


def capital(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Charter capital in VND: round hundreds of millions, now and then very large."""
    return np.asarray(np.maximum(1, np.round(rng.lognormal(2.6, 1.2, n))), np.int64) * 100_000_000
