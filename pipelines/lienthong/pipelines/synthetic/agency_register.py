"""The agency register: a workbook per group of bodies."""

from pathlib import Path

import numpy as np
import polars as pl

from . import mess, workbook
from .agencies import Agencies
from .draw import gather, joined, numbers, pick, stream, text_of_days, where
from .identifiers import legacy_agency_codes, phones, tax_codes
from .people import people
from .places import Places
from .settings import Settings
from .truth import Batch, Truth
from .workbook import Bindery

SOURCE = "agency register"
LEVELS = {"province": "Tỉnh", "district": "Huyện", "commune": "Xã"}
TYPES = {
    "province_committee": "UBND tỉnh", "people_council": "Hội đồng nhân dân", "department": "Sở, ban, ngành",
    "district_committee": "UBND huyện", "commune_committee": "UBND xã",
    "one_stop_centre": "Trung tâm Phục vụ hành chính công", "public_service_unit": "Đơn vị sự nghiệp công lập",
    "party_body": "Cơ quan Đảng", "political_social": "Tổ chức chính trị - xã hội",
}  # fmt: skip
_FILES = {
    "cap_tinh": ("co_quan_cap_tinh", "DANH SÁCH CƠ QUAN CẤP TỈNH"),
    "cap_huyen": ("co_quan_cap_huyen", "DANH SÁCH CƠ QUAN CẤP HUYỆN, CẤP XÃ CŨ"),
    "cap_xa": ("co_quan_cap_xa", "DANH SÁCH CƠ QUAN CẤP XÃ"),
    "su_nghiep": ("co_quan_su_nghiep", "DANH SÁCH ĐƠN VỊ SỰ NGHIỆP CÔNG LẬP"),
    "dang_doan_the": ("co_quan_dang_doan_the", "DANH SÁCH CƠ QUAN ĐẢNG, ĐOÀN THỂ"),
}  # fmt: skip
_HEADS = ["Chủ tịch", "Giám đốc", "Trưởng ban", "Thủ trưởng"]
_SERVICE = {"giao_duc", "y_te", "su_nghiep_khac"}
_FOUNDED, _ENDED, _NAME, _CODE = (
    "Thời gian hoạt động / Ngày thành lập", "Thời gian hoạt động / Ngày kết thúc", "Tên cơ quan, đơn vị",
    "Mã định danh điện tử / Mã hiện hành",
)  # fmt: skip


def write(settings: Settings, home: Places, bodies: Agencies, books: Bindery, truth: Truth) -> dict[str, int]:
    """Write the register; gives the rows of each file."""
    sheet = _sheet(settings, home, bodies)
    group = bodies.frame["group"]
    files: dict[str, int] = {}
    for name, (file, title) in _FILES.items():
        wanted = group.is_in(_SERVICE) if name == "su_nghiep" else group == name
        part = sheet.filter(wanted)
        path = f"agency_register/{file}.xlsx"
        rng = stream(settings.seed, SOURCE, name)
        batch = Batch(truth, SOURCE, path, _CODE, part, rng, workbook.FIRST_ROW)
        _spoil(batch)
        frame = batch.frame.with_columns(numbers(np.arange(1, batch.frame.height + 1)).alias("STT"))
        titles = (f"UBND {home.name.upper()} - SỞ NỘI VỤ", f"{title} (tính đến ngày 31/10/2026)")
        files[path] = books.add(settings.out / Path(path), titles, frame, "Tổng cộng", (_FOUNDED, _ENDED))
    return files


def _sheet(settings: Settings, home: Places, bodies: Agencies) -> pl.DataFrame:
    rng, frame = stream(settings.seed, SOURCE), bodies.frame
    n = frame.height
    order = np.arange(n, dtype=np.int64)
    heads = people(rng, home, n, ("1965-01-01", "1985-12-31"), first_serial=90_000)
    slug = joined("dv", numbers(order, 4))
    modern = bodies.founded >= np.datetime64("2025-07-01")
    ended = frame["ended"] != ""
    return pl.DataFrame({
        "STT": numbers(order), _CODE: frame["code"],
        "Mã định danh điện tử / Mã cũ": where(modern, "", legacy_agency_codes(frame["code"])),
        _NAME: frame["name"], "Tên tiếng Anh": frame["name_en"], "Tên viết tắt": frame["short"],
        "Loại cơ quan": frame["type"].replace_strict(TYPES), "Cấp": frame["level"].replace_strict(LEVELS),
        "Mã cơ quan cấp trên": frame["parent"], "Địa bàn / Mã ĐVHC": frame["unit"],
        "Địa bàn / Tên ĐVHC": frame["unit_name"],
        "Mã số thuế": tax_codes(home.tax_prefix, n),
        "Liên hệ / Địa chỉ": joined("Số ", numbers(rng.integers(1, 200, n)), ", ", frame["unit_name"]),
        "Liên hệ / Điện thoại": phones(order), "Liên hệ / Thư điện tử": joined(slug, f"@{home.host}"),
        "Liên hệ / Trang thông tin": joined("https://", slug, f".{home.host}"),
        "Tọa độ / Kinh độ": _near(rng, frame["lon"]), "Tọa độ / Vĩ độ": _near(rng, frame["lat"]),
        _FOUNDED: text_of_days(bodies.founded), _ENDED: text_of_days(bodies.ended), "Căn cứ pháp lý": frame["basis"],
        "Cơ quan kế thừa": frame["successors"],
        "Người đứng đầu / Chức vụ": where(ended.to_numpy(), "", pick(rng, _HEADS, n)),
        "Người đứng đầu / Họ và tên": where(ended.to_numpy(), "", heads.name),
        "Đầu mối chia sẻ dữ liệu": where(ended.to_numpy(), "", joined("Văn phòng, thư ", slug, f"@{home.host}")),
        "Dữ liệu mô phỏng": gather(["x"], np.zeros(n, np.int64)), "Ghi chú": gather([""], np.zeros(n, np.int64)),
    })  # fmt: skip


def _near(rng: np.random.Generator, degrees: pl.Series) -> pl.Series:
    """Coordinates within some hundred metres, as text with five decimals."""
    moved = degrees.to_numpy() + rng.uniform(-0.003, 0.003, len(degrees))
    return pl.Series("", np.round(moved, 5)).cast(pl.String)


def _spoil(batch: Batch) -> None:
    frame = batch.frame
    # What keeps a body out hits only bodies that no other source names: one defect stays one defect.
    alone = ((frame["Loại cơ quan"] == TYPES["one_stop_centre"]) & (frame["Cấp"] == "Xã")).to_numpy()
    batch.spoil("code pattern", _CODE, mess.one_of(["H37-05", "37.05.02", "h37.12", "H37/15"]), alone)
    batch.spoil("name missing", _NAME, mess.blank, alone)
    batch.spoil("unit code lost zero", "Địa bàn / Mã ĐVHC", mess.zero_lost, alone)
    batch.spoil("no successor", "Cơ quan kế thừa", mess.blank)
    batch.spoil(
        "mail outside gov.vn",
        "Liên hệ / Thư điện tử",
        mess.one_of(["phongvanthu@example.com", "bophanmotcua@example.net"]),
    )
    batch.spoil("legacy code differs", "Mã định danh điện tử / Mã cũ", mess.one_of(["000.00.99.H99", "000.98.97.H99"]))
    batch.spoil("decomposed text", _NAME, mess.decomposed)
    batch.spoil("icelandic d", _NAME, mess.icelandic_d, frame[_NAME].str.contains("Đ").to_numpy())
    batch.spoil("web debris", _NAME, mess.debris)
    batch.spoil("double blanks", _NAME, mess.double_blank)
    batch.spoil("placeholder", "Liên hệ / Trang thông tin", mess.placeholder, right="")
    batch.spoil("date as serial", _FOUNDED, mess.excel_serial)
    batch.repeat("repeated row", _CODE)
