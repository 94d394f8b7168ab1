"""Cases of the one-stop desk as the fields of a DongBoHoSoMC item, all texts."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .agencies import Agencies
from .business_register import Applicants
from .desk import CLASSES, IN_PERSON, STATUSES, Cases, Times
from .draw import Days, Ints, Mask, choose, gather, joined, numbers, pick, text_of_days, where
from .facts import facts
from .identifiers import legacy_agency_codes, phones
from .people import People, people
from .places import Places, addresses, commune_codes, weights_of_old
from .procedure_base import PROVINCE, REFORM, ProcedureBase
from .settings import NOW

LISTS = ("DanhSachLePhi", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua")
_SUB = ["", "supplement_requested", "supplemented", "extended", "apologised", "fee_pending"]
_OLD_STYLE, _NEW_STYLE = "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Applying:
    """Who may apply: people with the old commune they live in, businesses in order of registration."""

    people: People
    place: Ints
    code: pl.Series
    name: pl.Series
    since: Days
    business_place: Ints


def applying(rng: np.random.Generator, home: Places, cases: int, businesses: Applicants) -> Applying:
    """The people and businesses of a sample; a person applies about twice."""
    n = int(min(max(cases * 0.5, 500), 250_000))
    who = people(rng, home, n, ("1945-01-01", "2007-12-31"), first_serial=50_000)
    since = np.concatenate(businesses.since)
    order = np.argsort(since, kind="stable")
    code, name = (gather(pl.concat(part), order) for part in (businesses.code, businesses.name))
    place = np.concatenate(businesses.place)[order]
    return Applying(who, choose(rng, weights_of_old(home), n), code, name, since[order], place)


def sheet(
    rng: np.random.Generator,
    home: Places,
    bodies: Agencies,
    base: ProcedureBase,
    who: Applying,
    made: Cases,
    start: int,
) -> pl.DataFrame:
    """The items of the cases; `start` numbers the receipts."""
    n, before = len(made), made.day < REFORM
    order = start + np.arange(n, dtype=np.int64)
    field = facts("procedure_fields")
    name = gather(base.name, made.case)
    firm, person = _applicants(rng, who, made)
    is_firm = firm >= 0
    applicant = where(is_firm, gather(who.name, firm), gather(who.people.name, person))
    body_code = gather(bodies.frame["code"], made.body)
    legacy = gather(legacy_agency_codes(bodies.frame["code"]), made.body)
    stamp = text_of_days(made.day, "%y%m%d")
    times = _stamped(made, before)
    rated = (rng.random(n) < 0.4) & ~np.isnat(made.finished)
    return pl.DataFrame({
        "MaHoSo": joined(where(before, legacy, body_code), "-", stamp, "-", numbers(_sequence(made), 4)),
        "ThoiGianDongBo": text_of_days(_synced(made), _NEW_STYLE),
        "MaTTHC": gather(base.code, made.case), "TenTTHC": name,
        "MaLinhVuc": joined(f"{home.agency_prefix}-", gather(field["field"], base.field[made.case])),
        "TenLinhVuc": gather(field["name"], base.field[made.case]), "SoBienNhan": joined("BN", numbers(order, 8)),
        "MaDonVi": body_code, "DonViXuLy": gather(bodies.frame["name"], made.body), "ChuHoSo": applicant,
        "LoaiDoiTuong": where(is_firm, "2", "1"),
        "MaDoiTuong": where(is_firm, gather(who.code, firm), gather(who.people.citizen_id, person)),
        "Email": where(is_firm, joined("hoso", numbers(order % 100_000, 5), "@example.com"), ""),
        "SoDienThoai": phones(order),
        "DiaChi": addresses(rng, home, made.place, before), "MaXa": commune_codes(home, made.place, before),
        "TrichYeuHoSo": joined(name.str.slice(8), " - ", applicant), "HinhThuc": numbers(made.channel + 1), **times,
        "ThoiHanXuLy": _decimal(base.days[made.case]), "SoNgayXuLy": _decimal(made.worked),
        "TrangThaiHoSo": gather(STATUSES, made.status), "TrangThaiPhu": gather(_SUB, _sub_status(made)),
        "TinhTrangHan": gather(CLASSES, made.on_time), "SoLanBoSung": numbers(made.supplements),
        "SoLanHenLai": numbers(made.reschedules),
        "DanhGia": where(rated, pick(rng, ["3", "2", "1"], n, [88, 10, 2]), ""),
        "PhiDiaGioi": where((made.level != PROVINCE) & (made.place != made.body_place), "1", "0"),
        **_lists(base, made, times), "DuLieuMoPhong": "1",
    })  # fmt: skip


def _applicants(rng: np.random.Generator, who: Applying, made: Cases) -> tuple[Ints, Ints]:
    """Row of the business (-1: a citizen), row of the person. Only businesses registered by then apply."""
    n = len(made)
    known = np.searchsorted(who.since, made.day, side="right")
    wants = rng.random(n) < np.where(made.level == PROVINCE, 0.42, 0.05)
    firm = np.where(wants & (known > 0), np.floor(rng.random(n) * known).astype(np.int64), -1)
    return firm, rng.integers(0, len(who.people), n)


def _sequence(made: Cases) -> Ints:
    """Running number of the case at its desk on its day."""
    key = made.day.astype(np.int64) * 100_000 + made.body
    order = np.argsort(key, kind="stable")
    starts = np.r_[True, key[order][1:] != key[order][:-1]]
    place = np.arange(len(key), dtype=np.int64)
    first = np.maximum.accumulate(np.where(starts, place, 0))
    result = np.empty(len(key), np.int64)
    result[order] = place - first + 1
    return result


def _synced(made: Cases) -> Times:
    """Minutes after the last thing that happened."""
    last = made.received
    for times in (made.released, made.finished, made.cancelled):
        last = np.where(np.isnat(times), last, np.maximum(last, times))
    return np.minimum(last + 600, NOW.astype("datetime64[s]"))


def _stamped(made: Cases, before: Mask) -> dict[str, pl.Series]:
    """Times as text, in the style of the software of the day of receipt (the old one's rows come first)."""
    columns = {
        "NgayNop": made.submitted, "NgayTiepNhan": made.received, "NgayHenTra": made.due,
        "NgayHenTraMoi": made.extended,
        "NgayTra": made.released, "NgayKetThucXuLy": made.finished, "NgayHuy": made.cancelled,
        "NgayXinLoi": made.apology,
    }  # fmt: skip
    old, new = np.flatnonzero(before), np.flatnonzero(~before)
    return {
        name: pl.concat([text_of_days(times[old], _OLD_STYLE), text_of_days(times[new], _NEW_STYLE)])
        for name, times in columns.items()
    }


def _decimal(values: np.ndarray) -> pl.Series:
    """One decimal, none when it is zero; NaN as the empty text."""
    text = pl.Series("", values).round(1).fill_nan(None).cast(pl.String)
    return text.str.strip_suffix(".0").fill_null("")


def _sub_status(made: Cases) -> Ints:
    done = ~np.isnat(made.released)
    waits = (made.supplements > 0) & ~done
    sorry = ~np.isnat(made.apology)
    stretched = (made.reschedules > 0) & ~done
    return np.select([waits, (made.supplements > 0), sorry, stretched], [1, 2, 4, 3], 0).astype(np.int64)


def _lists(base: ProcedureBase, made: Cases, times: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Fees, supplements and results: JSON texts."""
    fee = base.fee[made.case]
    paid = joined(
        '[{"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "LP01", "HinhThucThu": "',
        where(made.channel == IN_PERSON, "1", "2"), '", "Gia": "',
        numbers(fee), '", "LoaiPhiLePhi": "1"}]',
    )  # fmt: skip
    asked = joined(
        '[{"LanBoSung": "', numbers(made.supplements), '", "NgayHenTraTruoc": "', times["NgayHenTra"],
        '", "NgayHenTraMoi": "',
        times["NgayHenTraMoi"], '"}]',
    )  # fmt: skip
    given = joined('[{"TenGiayTo": "Kết quả giải quyết", "MaGiayToKetQua": "KQ.', gather(base.code, made.case), '"}]')
    return {
        "DanhSachLePhi": where(fee > 0, paid, "[]"), "DanhSachHoSoBoSung": where(made.supplements > 0, asked, "[]"),
        "DanhSachGiayToKetQua": where(~np.isnat(made.released) & (made.status == STATUSES.index("done")), given, "[]"),
    }  # fmt: skip


def earlier(frame: pl.DataFrame, rows: Ints, made: Cases) -> pl.DataFrame:
    """The items as they were just after receipt: what a message that was held up tells."""
    late = frame[rows]
    received = (made.received[rows] + 300).astype("datetime64[s]")
    nothing = [
        "NgayTra",
        "NgayKetThucXuLy",
        "NgayHuy",
        "NgayXinLoi",
        "NgayHenTraMoi",
        "SoNgayXuLy",
        "DanhGia",
        "TrangThaiPhu",
    ]
    return late.with_columns(
        text_of_days(received, _NEW_STYLE).alias("ThoiGianDongBo"), *(pl.lit("").alias(name) for name in nothing),
        TrangThaiHoSo=pl.lit("processing"), TinhTrangHan=pl.lit("undue"), SoLanBoSung=pl.lit("0"),
        SoLanHenLai=pl.lit("0"),
        DanhSachHoSoBoSung=pl.lit("[]"), DanhSachGiayToKetQua=pl.lit("[]"),
    )  # fmt: skip
