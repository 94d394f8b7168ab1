"""The business register: four lists with one header, and the lines of business as a list of their own."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from . import mess
from .business import ENDED, STATUSES, TYPES, Lot, capital, lot
from .codepages import encode
from .draw import Days, Mask, gather, joined, numbers, pick, stream, text_of_days, where
from .identifiers import phones, tax_codes
from .places import Places
from .settings import REFORM, Progress, Settings
from .textfile import ABC, BUSINESS, WINDOWS, TextFile
from .truth import Batch, Truth

SOURCE, LINES = "business register", "business lines"
LOT = 50_000
KNOWN = 200_000
_CODE, _NAME, _ADDRESS, _COMMUNE = "Mã số doanh nghiệp", "Tên doanh nghiệp", "Địa chỉ trụ sở", "Mã xã/phường"
_KINDS, _KEYS = [label for label, _, _ in TYPES.values()], list(TYPES)
_FILES = ("dang_hoat_dong", "da_giai_the", "ho_kinh_doanh", "hop_tac_xa")
_SMALL = {
    c: c.lower()
    for c in map(chr, range(0xC0, 0x1EFA))
    if encode(c, "tcvn3") == encode(c.lower(), "tcvn3") != b"?" and c.isupper()
}
_REASONS = ["Giải thể tự nguyện", "Phá sản", "Bị thu hồi giấy chứng nhận"]
_BANDS = ["1-9", "10-49", "50-199", "200-499", "500+"]


@dataclass(slots=True)
class Applicants:
    """Businesses that may hand in something: code, name, first day, last day, row of the old commune."""

    code: list[pl.Series] = field(default_factory=list)
    name: list[pl.Series] = field(default_factory=list)
    since: list[Days] = field(default_factory=list)
    place: list[np.ndarray] = field(default_factory=list)

    def add(self, made: Lot, able: Mask) -> None:
        """Remember the businesses of a lot that are alive."""
        if sum(map(len, self.code)) < KNOWN:
            self.code.append(made.code.filter(able))
            self.name.append(made.name.filter(able))
            self.since.append(made.registered[able])
            self.place.append(made.place[able])


def write(settings: Settings, home: Places, truth: Truth, applicants: Applicants, progress: Progress) -> dict[str, int]:
    """Write the register; gives the rows of each file. Fills in who may apply at the one-stop desk."""
    folder, total = settings.out / "business_register", settings.size(12_000)
    files: dict[str, TextFile] = {}
    line_files: dict[str, TextFile] = {}
    for start in range(0, total, LOT):
        rng = stream(settings.seed, SOURCE, start)
        n = min(LOT, total - start)
        made = lot(rng, home, start, n, total)
        sheet = _sheet(rng, home, made)
        groups = _groups(made)
        for place, name in enumerate(_FILES):
            path = f"doanh_nghiep_{name}.csv"
            if path not in files:
                files[path] = TextFile(folder / path, ABC if name == "hop_tac_xa" else BUSINESS, sheet.columns)
            batch = Batch(
                truth,
                SOURCE,
                f"business_register/{path}",
                _CODE,
                sheet.filter(groups == place),
                rng,
                files[path].rows + 2,
            )
            _spoil(batch, home, start)
            files[path].append(_writable(batch.frame) if name == "hop_tac_xa" else batch.frame)
        _write_lines(settings, home, rng, made, truth, line_files)
        applicants.add(made, (made.status < 3) & (groups != 1))
        progress(SOURCE, start + n, total)
    written = {**files, **line_files}
    return {f"business_register/{path}": file.close() for path, file in written.items()}


def _groups(made: Lot) -> np.ndarray:
    """Which file each business is in."""
    household, cooperative = made.kind == _KEYS.index("HKD"), made.kind == _KEYS.index("HTX")
    return np.where(household, 2, np.where(cooperative, 3, np.where(made.status == ENDED, 1, 0)))


def _packed(made: Lot) -> pl.Series:
    """`4661: Tên-(chi tiết);1622: Tên`."""
    detail = pl.when(pl.col("detail") != "").then(pl.format("-({})", "detail")).otherwise(pl.lit(""))
    cells = made.lines.select("row", cell=pl.format("{}: {}{}", "code", "name", detail))
    return cells.group_by("row", maintain_order=True).agg(pl.col("cell").str.join(";"))["cell"]


def _sheet(rng: np.random.Generator, home: Places, made: Lot) -> pl.DataFrame:
    n = len(made.kind)
    order = np.arange(n, dtype=np.int64)
    money = capital(rng, n)
    lon, lat = (gather_degrees(home, made, field, rng) for field in ("lon", "lat"))
    return pl.DataFrame({
        _CODE: made.code, _NAME: made.name,
        "Tên nước ngoài": where(rng.random(n) < 0.1, joined("LS ", numbers(order), " CO., LTD"), ""),
        "Tên viết tắt": "", "Loại hình doanh nghiệp": gather(_KINDS, made.kind),
        "Tình trạng": gather([s for s, _ in STATUSES], made.status),
        "Ngày thay đổi tình trạng": text_of_days(made.status_on), "Ngày cấp": text_of_days(made.registered),
        "Ngày đăng ký lần đầu": text_of_days(made.registered), "Ngày giải thể": text_of_days(made.dissolved),
        "Lý do giải thể": where(made.status == ENDED, pick(rng, _REASONS, n), ""),
        _ADDRESS: made.address, _COMMUNE: made.commune, "Ngày xác nhận địa chỉ": text_of_days(made.confirmed),
        "Kinh độ": lon, "Vĩ độ": lat, "Ngành nghề kinh doanh": _packed(made),
        "Mã ngành chính": made.lines.filter(pl.col("place") == 0)["code"],
        "Phiên bản VSIC": where(made.modern, "2025", "2018"),
        "Vốn điều lệ (VND)": _thousands(money), "Người đại diện theo pháp luật": made.owner.name,
        "Số định danh người đại diện": made.owner.citizen_id, "Ngày sinh người đại diện": text_of_days(made.owner.born),
        "Điện thoại": phones(order), "Thư điện tử": joined("dn", numbers(order), "@example.com"),
        "Quy mô lao động": gather(_BANDS, np.minimum(rng.geometric(0.62, n) - 1, 4)),
        "Cơ quan thuế": f"Thuế {home.short}",
        "Dữ liệu mô phỏng": "1",
    })  # fmt: skip


def gather_degrees(home: Places, made: Lot, field: str, rng: np.random.Generator) -> pl.Series:
    """A coordinate near the middle of the commune, five decimals."""
    degrees = home.old[field].to_numpy()[made.place] + rng.uniform(-0.004, 0.004, len(made.kind))
    return pl.Series("", np.round(degrees, 5)).cast(pl.String)


def _thousands(values: np.ndarray) -> pl.Series:
    """Round hundreds of millions with dots: `5.000.000.000`."""
    text = numbers(values // 1_000_000)
    long = (text.str.len_chars() > 3).to_numpy()
    return joined(where(long, joined(text.str.head(-3), ".", text.str.tail(3)), text), ".000.000")


def _writable(frame: pl.DataFrame) -> pl.DataFrame:
    """What the ABC fonts can show: capitals with tones are small letters there."""
    return frame.with_columns(pl.col(_NAME, _ADDRESS, "Người đại diện theo pháp luật").str.replace_many(_SMALL))


def _spoil(batch: Batch, home: Places, start: int) -> None:
    frame = batch.frame
    ten = (frame[_CODE].str.len_chars() == 10).to_numpy()
    active = (frame["Tình trạng"] == "Đang hoạt động").to_numpy()
    old_era = frame["Ngày xác nhận địa chỉ"].str.to_date("%d/%m/%Y").to_numpy() < REFORM
    gone = sorted(set(home.old["code"]) - set(home.new["code"]))
    batch.spoil("tax code lost zero", _CODE, mess.zero_lost, ten & frame[_CODE].str.starts_with("0").to_numpy())
    batch.spoil("tax code exponent", _CODE, mess.exponent, ten)
    batch.spoil("check digit", _CODE, mess.check_digit, ten)
    batch.spoil("branch without parent", _CODE, _orphans(home, start), frame[_CODE].str.contains("-").to_numpy())
    batch.spoil("no such day", "Ngày cấp", mess.month_first)
    batch.spoil("future date", "Ngày cấp", mess.future("2027-01-01", "2031-12-31"))
    batch.spoil("date as serial", "Ngày cấp", mess.excel_serial)
    batch.spoil("status unknown", "Tình trạng", mess.one_of(["Hoạt động?", "NNT đang chờ", "00"]))
    batch.fill("active with end date", "Ngày giải thể", mess.one_of(["15/03/2024", "30/06/2025", "01/09/2026"]), active)
    batch.spoil("ended without date", "Ngày giải thể", mess.blank)
    batch.spoil("industry code unknown", "Mã ngành chính", mess.one_of(["9998", "0099", "4599"]))
    batch.spoil("industry code malformed", "Mã ngành chính", mess.one_of(["46.61", "G4661x", "?"]))
    batch.spoil("unit code not valid on the day", _COMMUNE, mess.one_of(gone), ~old_era)
    batch.spoil("address of another commune", _COMMUNE, mess.one_of(home.old["code"].to_list()), old_era)
    batch.spoil("id in text", _ADDRESS, mess.id_inside(frame["Số định danh người đại diện"]))
    batch.spoil("no representative", "Người đại diện theo pháp luật", mess.blank, active)
    batch.fill("placeholder", "Tên viết tắt", mess.placeholder)
    batch.spoil("decomposed text", _NAME, mess.decomposed)
    batch.spoil("icelandic d", _ADDRESS, mess.icelandic_d, frame[_ADDRESS].str.contains("Đ").to_numpy())
    batch.spoil("web debris", _NAME, mess.debris)
    batch.repeat("same firm other code", _CODE, tax_codes(home.tax_prefix, 400, 4_000_000 + start // 50))
    batch.repeat("repeated row", _CODE)


def _orphans(home: Places, start: int) -> mess.Change:
    """Branches of firms that are in no list."""
    codes = joined(tax_codes(home.tax_prefix, 50, 3_900_000 + start // 50), "-001")
    return lambda values, rng: gather(codes, np.arange(len(values)) % len(codes))


def _write_lines(
    settings: Settings, home: Places, rng: np.random.Generator, made: Lot, truth: Truth, files: dict[str, TextFile]
) -> None:
    row, place = made.lines["row"].to_numpy(), made.lines["place"].to_numpy()
    sheet = pl.DataFrame({
        _CODE: gather(made.code, row), "Mã ngành": made.lines["code"], "Tên ngành": made.lines["name"],
        "Phiên bản VSIC": where(made.modern[row], "2025", "2018"), "Ngành chính": where(place == 0, "X", ""),
        "Chi tiết": made.lines["detail"], "Ngày đăng ký": gather(text_of_days(made.registered), row),
        "Dữ liệu mô phỏng": "1",
    })  # fmt: skip
    open_part = f"nganh_nghe_{len(files):02d}.csv"
    if open_part not in files or files[open_part].rows > 1_000_000:
        open_part = f"nganh_nghe_{len(files) + 1:02d}.csv"
        files[open_part] = TextFile(settings.out / "business_register" / open_part, WINDOWS, sheet.columns)
    file = files[open_part]
    batch = Batch(truth, LINES, f"business_register/{open_part}", _CODE, sheet, rng, file.rows + 2)
    ten = (sheet[_CODE].str.len_chars() == 10).to_numpy()
    batch.spoil("no main line", "Ngành chính", mess.blank)
    batch.fill("two main lines", "Ngành chính", mess.always("X"), place > 0)
    batch.spoil("industry code unknown", "Mã ngành", mess.one_of(["9998", "0099", "4599"]))
    batch.spoil("industry code malformed", "Mã ngành", mess.one_of(["46.61", "G4661x", "?"]))
    batch.spoil("code lost zero", _CODE, mess.zero_lost, ten & sheet[_CODE].str.starts_with("0").to_numpy())
    batch.spoil("firm unknown", _CODE, mess.one_of(tax_codes(home.tax_prefix, 20, 4_100_000).to_list()), ten)
    batch.spoil("id in text", "Chi tiết", mess.id_inside(made.owner.citizen_id))
    batch.repeat("repeated row", _CODE)
    file.append(batch.frame)
