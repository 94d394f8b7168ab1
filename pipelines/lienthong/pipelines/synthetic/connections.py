"""The connection register: who is connected to what, since when; districts to 2025-06-30, new communes since."""

from typing import Any

import numpy as np
import polars as pl

from . import mess, textfile
from .agencies import Agencies
from .draw import days_between, stream
from .places import Places
from .procedure_base import REFORM
from .settings import TODAY, Settings
from .truth import Batch, Truth

SOURCE = "connection register"
PATH = "connection_register/ket_noi.csv"
_SYSTEMS = {
    "MOTCUA": ("Hệ thống thông tin giải quyết thủ tục hành chính", "Hồ sơ một cửa"),
    "QLVB": ("Quản lý văn bản và điều hành", "Văn bản điện tử"),
    "CBCCVC": ("Cơ sở dữ liệu cán bộ, công chức, viên chức", "Dữ liệu"), "DKKD": ("Đăng ký doanh nghiệp", "Dữ liệu"),
    "DANCU": ("Cơ sở dữ liệu quốc gia về dân cư", "Dữ liệu"), "DATDAI": ("Cơ sở dữ liệu đất đai", "Dữ liệu"),
    "HOTICH": ("Hộ tịch điện tử", "Dữ liệu"), "LGSP": ("Nền tảng tích hợp, chia sẻ dữ liệu cấp tỉnh", "Dữ liệu"),
}  # fmt: skip
_PLATFORMS = {
    "LGSP": "Nền tảng tích hợp, chia sẻ dữ liệu cấp tỉnh",
    "VDXP": "Trục liên thông văn bản quốc gia",
    "NDA": "Trung tâm Dữ liệu quốc gia",
}
_LEVELS = {"province": "Tỉnh", "district": "Huyện", "commune": "Xã"}
# system -> partner (empty: the one-stop centre), protocol, share of bodies by level, first and last day of joining
_JOINS = [
    ("MOTCUA", "", "LGSP", {"province": 1.0, "district": 1.0, "commune": 0.62}, "2018-08-01", "2023-06-30"),
    ("QLVB", "VDXP", "NDXP/X-Road", {"province": 1.0, "district": 1.0, "commune": 0.85}, "2016-03-01", "2022-12-31"),
    ("HOTICH", "LGSP", "LGSP", {"commune": 0.55, "district": 0.9}, "2019-01-01", "2024-06-30"),
    ("LGSP", "NDA", "NDXP/X-Road", {"province": 0.6}, "2020-01-01", "2026-06-30"),
    ("CBCCVC", "LGSP", "LGSP", {"province": 0.9}, "2021-01-01", "2024-12-31"),
    ("DANCU", "LGSP", "NDXP/X-Road", {"province": 0.7}, "2022-06-01", "2026-06-30"),
    ("DKKD", "LGSP", "LGSP", {"province": 0.2}, "2019-01-01", "2025-12-31"),
    ("DATDAI", "LGSP", "Trực tiếp", {"province": 0.1, "district": 0.5}, "2020-01-01", "2026-06-30"),
]  # fmt: skip


def write(settings: Settings, home: Places, bodies: Agencies, truth: Truth) -> dict[str, int]:
    """Write the register; gives the rows of each file."""
    rng = stream(settings.seed, SOURCE)
    frame = pl.DataFrame(_rows(rng, home, bodies))
    batch = Batch(truth, SOURCE, PATH, "Mã kết nối", frame, stream(settings.seed, SOURCE, "mess"), 2)
    live = (frame["Trạng thái"] == "Vận hành").to_numpy()
    batch.spoil(
        "silent for over seven days",
        "Lần thành công gần nhất",
        mess.one_of(["02/03/2026 08:15", "17/07/2026 14:40"]),
        live,
    )
    ended = [code for code, end in zip(bodies.frame["code"], bodies.frame["ended"], strict=True) if end]
    late = live & ((frame["Cấp"] == "Xã") & (frame["Từ ngày"].str.slice(6) >= "2025")).to_numpy()
    batch.spoil("agency ended", "Mã cơ quan", mess.one_of(ended), late)
    batch.spoil(
        "agency unknown", "Mã cơ quan", mess.one_of([f"{home.agency_prefix}.999", f"{home.agency_prefix}.998.01"])
    )
    batch.spoil("status unknown", "Trạng thái", mess.one_of(["OK", "đang chạy", "?"]))
    batch.spoil("no such day", "Từ ngày", mess.month_first)
    batch.spoil("decomposed text", "Tên cơ quan", mess.decomposed)
    return {PATH: textfile.write(settings.out / PATH, textfile.MARKED, batch.frame)}


def _rows(rng: np.random.Generator, home: Places, bodies: Agencies) -> list[dict[str, str]]:
    centre = f"{home.agency_prefix}.23"
    centre_name = bodies.frame["name"][bodies.row_of()[centre]]
    wanted = bodies.frame.with_row_index("row").filter(
        pl.col("type").is_in(
            ["department", "district_committee", "commune_committee", "party_body", "province_committee"]
        )
    )
    rows: list[dict[str, str]] = []
    for system, partner, protocol, shares, first, last in _JOINS:
        partner_code, partner_name = (partner, _PLATFORMS[partner]) if partner else (centre, centre_name)
        for body in wanted.iter_rows(named=True):
            new = bodies.founded[body["row"]] >= np.datetime64("2025-01-01")
            share = shares.get(body["level"], 0.0) * (1.35 if new and body["level"] == "commune" else 1.0)
            if rng.random() >= share:
                continue
            rows.append(
                _row(rng, body, bodies, system, protocol, (first, last))
                | {"Mã đối tác": partner_code, "Tên đối tác": partner_name}
            )
    for number, row in enumerate(rows, 1):
        row["Mã kết nối"] = f"KN-{number:06d}"
    return [{name: row[name] for name in _COLUMNS} for row in rows]


def _row(
    rng: np.random.Generator, body: dict[str, Any], bodies: Agencies, system: str, protocol: str, when: tuple[str, str]
) -> dict[str, str]:
    founded, ended = bodies.founded[body["row"]], bodies.ended[body["row"]]
    since = days_between(rng, when[0], when[1], 1)[0]
    if since < founded:
        since = days_between(rng, founded, min(founded + 90, np.datetime64(TODAY)), 1)[0]
    planned = since >= REFORM and rng.random() < 0.08
    status = "Kết thúc" if not np.isnat(ended) else "Kế hoạch" if planned else ["Vận hành", "Thử nghiệm", "Tạm dừng"][
        int(np.searchsorted([0.95, 0.98], rng.random()))
    ]  # fmt: skip
    if planned and status == "Kế hoạch":
        since = days_between(rng, "2026-11-15", "2026-12-31", 1)[0]
    seen = np.datetime64("2026-10-31T16:00") - rng.integers(0, 6 * 24 * 60) if status == "Vận hành" else None
    if status == "Kết thúc":
        seen = np.datetime64(ended, "m") + rng.integers(8 * 60, 17 * 60)
    name, kind = _SYSTEMS[system]
    mandatory = system in ("DANCU", "LGSP", "QLVB", "CBCCVC")
    return {
        "Mã cơ quan": body["code"], "Tên cơ quan": body["name"], "Cấp": _LEVELS[body["level"]], "Mã ĐVHC": body["unit"],
        "Mã hệ thống": system, "Tên hệ thống": name, "Loại kết nối": kind, "Giao thức": protocol, "Trạng thái": status,
        "Từ ngày": f"{since.item():%d/%m/%Y}", "Đến ngày": "" if np.isnat(ended) else f"{ended.item():%d/%m/%Y}",
        "Lần thành công gần nhất": "" if seen is None else f"{seen.item():%d/%m/%Y %H:%M}",
        "Căn cứ pháp lý": "278/2025/NĐ-CP" if mandatory else "47/2020/NĐ-CP",
        "Bắt buộc": "Có" if mandatory else "Không",
        "Hạn hoàn thành": "31/12/2026" if mandatory and np.isnat(ended) else "", "Dữ liệu mô phỏng": "1",
    }  # fmt: skip


_COLUMNS = [
    "Mã kết nối", "Mã cơ quan", "Tên cơ quan", "Cấp", "Mã ĐVHC", "Mã hệ thống", "Tên hệ thống", "Loại kết nối",
    "Mã đối tác",
    "Tên đối tác", "Giao thức", "Trạng thái", "Từ ngày", "Đến ngày", "Lần thành công gần nhất", "Căn cứ pháp lý",
    "Bắt buộc",
    "Hạn hoàn thành", "Dữ liệu mô phỏng",
]  # fmt: skip
