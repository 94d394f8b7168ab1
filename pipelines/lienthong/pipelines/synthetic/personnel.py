"""The personnel system: workbooks of people, a text file of the posts they have held."""

import numpy as np
import polars as pl

from . import mess, workbook
from .agencies import Agencies
from .draw import Days, Ints, gather, joined, numbers, pick, stream, text_of_days, where
from .facts import column
from .identifiers import phones
from .places import Places, addresses, commune_codes, commune_names
from .settings import REFORM, Progress, Settings
from .staff import NONE, PUBLIC, WORKING, Staff, staff
from .textfile import UNICODE_TEXT, TextFile
from .truth import Batch, Truth
from .workbook import Bindery

PEOPLE, POSTS = "personnel", "posts"
LOT = 100_000
_FILES = ("cap_tinh", "giao_duc", "y_te", "su_nghiep_khac", "cap_xa", "dang_doan_the")
TYPES = ["Cán bộ", "Công chức", "Viên chức", "Hợp đồng 111"]
STATES = ["Đang công tác", "Nghỉ hưu", "Thôi việc", "Chuyển ra ngoài tỉnh"]
LEADS = ["Cấp trưởng", "Cấp phó", "Trưởng phòng", "Phó trưởng phòng", "Không giữ chức vụ"]
_DEGREES: dict[str, float] = {
    "Đại học": 68,
    "Thạc sĩ": 13,
    "Cao đẳng": 11,
    "Trung cấp": 6,
    "Tiến sĩ": 0.5,
    "Sơ cấp": 1.5,
}
_THEORY: dict[str, float] = {"": 45, "Sơ cấp": 20, "Trung cấp": 27, "Cao cấp": 7, "Cử nhân": 1}
_STATE: dict[str, float] = {"Chuyên viên": 60, "Chuyên viên chính": 22, "": 17, "Chuyên viên cao cấp": 1}
_ACTS = ["Tuyển dụng", "Bổ nhiệm", "Điều động"]
_ID, _NAME, _BORN, _SEX = (
    "Số định danh cá nhân",
    "Thông tin cá nhân / Họ và tên",
    "Thông tin cá nhân / Ngày sinh",
    "Thông tin cá nhân / Giới tính",
)
_BODY, _HOME, _RANK, _HIRED = (
    "Cơ quan công tác / Mã định danh",
    "Quê quán / Mã xã",
    "Mã ngạch, chức danh",
    "Ngày tuyển dụng",
)


def write(
    settings: Settings, home: Places, bodies: Agencies, books: Bindery, truth: Truth, progress: Progress
) -> dict[str, int]:
    """Write people and posts; gives the rows of each file."""
    total, files = settings.size(25_000), {}
    many = total > LOT
    for start in range(0, total, LOT):
        tail = f"_{start // LOT + 1:02d}" if many else ""
        crew = staff(settings.seed, home, bodies, start, min(LOT, total - start))
        rng = stream(settings.seed, PEOPLE, start)
        sheet = _sheet(rng, home, bodies, crew, start)
        group = bodies.frame["group"].replace("cap_huyen", "cap_xa").to_numpy()[crew.body]
        for place, name in enumerate(_FILES):
            path = f"personnel/ho_so_{name}{tail}.xlsx"
            frame = sheet.filter(group == name)
            if not frame.height:
                continue
            batch = Batch(
                truth, PEOPLE, path, "Mã hồ sơ", frame, stream(settings.seed, PEOPLE, start, place), workbook.FIRST_ROW
            )
            _spoil(batch, home, bodies)
            done = batch.frame.with_columns(numbers(np.arange(1, batch.frame.height + 1)).alias("STT"))
            titles = (f"UBND {home.name.upper()} - SỞ NỘI VỤ", "DANH SÁCH CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC (31/10/2026)")
            files[path] = books.add(settings.out / path, titles, done, "Tổng cộng, người", (_BORN, _HIRED))
            progress(PEOPLE, min(start + sum(files.values()), total), total)
        path = f"personnel/qua_trinh_cong_tac{tail}.txt"
        files[path] = _write_posts(settings, path, home, bodies, crew, truth, start)
    return files


def _sheet(rng: np.random.Generator, home: Places, bodies: Agencies, crew: Staff, start: int) -> pl.DataFrame:
    n, before = len(crew), crew.updated < REFORM
    order = start + np.arange(n, dtype=np.int64)
    public = crew.kind == PUBLIC
    return pl.DataFrame({
        "STT": numbers(order), "Mã hồ sơ": joined("HS", crew.number),
        "Số hiệu CBCCVC": joined(f"{home.agency_prefix}-", numbers(order, 6)),
        _ID: crew.who.citizen_id, _NAME: crew.who.name, _BORN: text_of_days(crew.who.born),
        _SEX: where(crew.who.male, "Nam", "Nữ"),
        "Dân tộc / Mã": crew.who.ethnic_code, "Dân tộc / Tên": crew.who.ethnic_name,
        "Tôn giáo": pick(rng, ["Không", "Phật giáo", "Công giáo", "Tin lành"], n, [95, 3, 1.3, 0.7]),
        _HOME: commune_codes(home, crew.home_place, before),
        "Quê quán / Địa danh": commune_names(home, crew.home_place, before),
        "Nơi ở hiện nay / Mã xã": commune_codes(home, crew.live_place, before),
        "Nơi ở hiện nay / Địa chỉ": addresses(rng, home, crew.live_place, before),
        "Ngày vào Đảng": text_of_days(crew.party),
        "Liên hệ / Điện thoại": phones(order),
        "Liên hệ / Thư điện tử": joined("cb", numbers(order, 6), f"@{home.host}"),
        _HIRED: text_of_days(crew.recruited), "Loại": gather(TYPES, crew.kind),
        _BODY: gather(bodies.frame["code"], crew.body),
        "Cơ quan công tác / Tên cơ quan": gather(bodies.frame["name"], crew.body), _RANK: crew.rank,
        "Chức vụ": gather(LEADS, crew.lead),
        "Trình độ / Chuyên môn": pick(rng, *_drawn(_DEGREES, n)),
        "Trình độ / Lý luận chính trị": pick(rng, *_drawn(_THEORY, n)),
        "Trình độ / Quản lý nhà nước": where(public, "", pick(rng, *_drawn(_STATE, n))),
        "Trạng thái": gather(STATES, crew.state), "Ngày cập nhật": text_of_days(crew.updated),
        "Dữ liệu mô phỏng": "x", "Ghi chú": "",
    })  # fmt: skip


def _spoil(batch: Batch, home: Places, bodies: Agencies) -> None:
    frame = batch.frame
    after = frame["Ngày cập nhật"].str.to_date("%d/%m/%Y").to_numpy() >= REFORM
    gone = sorted(set(home.old["code"]) - set(home.new["code"]))
    ended = [code for code, end in zip(bodies.frame["code"], bodies.frame["ended"], strict=True) if end == "2025-06-30"]
    working = (frame["Trạng thái"] == STATES[WORKING]).to_numpy()
    official = frame["Loại"].is_in(TYPES[:2]).to_numpy()
    born: Days = frame[_BORN].str.to_date("%d/%m/%Y").to_numpy().astype("datetime64[D]")
    batch.spoil("citizen id lost zero", _ID, mess.zero_lost, frame[_ID].str.starts_with("0").to_numpy())
    batch.spoil("citizen id cut", _ID, mess.digit_lost)
    batch.spoil("citizen id and sex differ", _SEX, lambda v, rng: v.replace({"Nam": "Nữ", "Nữ": "Nam"}))
    batch.spoil(
        "ethnic list mixed",
        "Dân tộc / Mã",
        lambda v, rng: v.replace({"06": "04", "04": "06", "08": "99"}),
        frame["Dân tộc / Mã"].is_in(["04", "06"]).to_numpy(),
    )
    for kind, name, years, among in (
        ("party before 18", "Ngày vào Đảng", 16, frame["Ngày vào Đảng"] != ""),
        ("recruited too young", _HIRED, 15, frame[_HIRED] != ""),
    ):
        rows = batch.draw(kind, among.to_numpy() & working)
        batch.put(kind, name, rows, text_of_days(born[rows] + np.timedelta64(years * 365, "D")))
    batch.spoil("past retirement age", _BORN, mess.one_of(["12/03/1955", "01/01/1958", "20/11/1951"]), working)
    batch.spoil("rank unfit for type", _RANK, mess.one_of(["V.07.03.29", "V.08.01.03"]), official)
    batch.spoil("rank unknown", _RANK, mess.one_of(["01.099", "V.99.01.01"]))
    batch.spoil("rank malformed", _RANK, mess.one_of(["1.003", "V070329", "chuyên viên"]))
    batch.spoil("name missing", _NAME, mess.blank)
    batch.spoil("unit code not valid on the day", _HOME, mess.one_of(gone), after)
    batch.spoil("agency ended", _BODY, mess.one_of(ended), after & working)
    batch.spoil("same person twice", _ID, lambda v, rng: gather(frame[_ID], rng.integers(0, frame.height, len(v))))
    batch.spoil("decomposed text", _NAME, mess.decomposed)
    batch.spoil("icelandic d", _NAME, mess.icelandic_d, frame[_NAME].str.contains("Đ").to_numpy())
    batch.spoil("double blanks", _NAME, mess.double_blank)
    batch.fill("placeholder", "Ghi chú", mess.placeholder)
    batch.spoil("date as serial", _HIRED, mess.excel_serial)
    batch.spoil("year only", _BORN, lambda v, rng: v.str.tail(4))
    batch.repeat("repeated row", "Mã hồ sơ")


def _write_posts(
    settings: Settings, path: str, home: Places, bodies: Agencies, crew: Staff, truth: Truth, start: int
) -> int:
    rng = stream(settings.seed, POSTS, start)
    frame = _post_sheet(rng, bodies, crew)
    batch = Batch(truth, POSTS, path, "Mã quá trình", frame, rng, 2)
    later = frame["Từ ngày"].str.to_date("%d/%m/%Y").to_numpy() >= REFORM
    ended = [code for code, end in zip(bodies.frame["code"], bodies.frame["ended"], strict=True) if end == "2025-06-30"]
    batch.spoil("decision prefix", "Số quyết định", mess.before("Quyết định số "))
    batch.spoil("decision blank", "Số quyết định", lambda v, rng: v.str.replace("/", " /", literal=True))
    batch.spoil("ends before it starts", "Đến ngày", mess.one_of(["01/01/1999", "30/06/2001"]))
    batch.spoil(
        "decision too late",
        "Ngày quyết định",
        mess.future("2026-09-01", "2026-10-31"),
        frame["Từ ngày"].str.slice(6).cast(pl.Int32).to_numpy() < 2026,
    )
    batch.spoil("agency ended", "Mã cơ quan", mess.one_of(ended), later)
    batch.spoil(
        "agency unknown", "Mã cơ quan", mess.one_of([f"{home.agency_prefix}.997", f"{home.agency_prefix}.998.01"])
    )
    batch.spoil("no such day", "Từ ngày", mess.month_first)
    followed = (frame["Mã hồ sơ"] == frame["Mã hồ sơ"].shift(-1)).fill_null(False).to_numpy()
    batch.spoil("two main posts", "Đến ngày", mess.blank, followed)
    batch.repeat("repeated row", "Mã quá trình")
    file = TextFile(settings.out / path, UNICODE_TEXT, frame.columns)
    file.append(batch.frame)
    return file.close()


def _post_sheet(rng: np.random.Generator, bodies: Agencies, crew: Staff) -> pl.DataFrame:
    posts = crew.posts
    person, body, act, lead = (posts[name].to_numpy() for name in ("person", "body", "act", "lead"))
    since = posts["from"].to_numpy().astype("datetime64[D]")
    years: Ints = ((since - crew.started[person]).astype(np.int64) // 1095) + 1
    grade = np.clip(years, 1, 9)
    n = posts.height
    decided: Days = since - rng.integers(1, 20, n).astype("timedelta64[D]")
    signer = np.where(bodies.frame["level"].to_numpy()[body] == "province", "SNV", "UBND")
    return pl.DataFrame({
        "Mã quá trình": joined("QT", pl.Series([f"{v:016X}" for v in rng.integers(0, 2**63, n, dtype=np.int64)])),
        "Mã hồ sơ": joined("HS", gather(crew.number, person)), "Mã cơ quan": gather(bodies.frame["code"], body),
        "Tên cơ quan": gather(bodies.frame["name"], body), "Chức danh": _titles(crew, person, lead),
        "Chức vụ": gather(LEADS, lead),
        "Mã vị trí việc làm": _job_codes(rng, n),
        "Mã ngạch": gather(crew.rank, person), "Bậc lương": numbers(grade),
        "Hệ số lương": _comma(np.round(2.34 + 0.33 * (grade - 1), 2)),
        "Phụ cấp chức vụ": _comma(np.array([0.8, 0.6, 0.4, 0.25, 0.0])[lead]),
        "Từ ngày": text_of_days(since), "Đến ngày": text_of_days(posts["to"].to_numpy()),
        "Số quyết định": joined(numbers(rng.integers(10, 9900, n)), "/QĐ-", pl.Series("", signer.tolist())),
        "Ngày quyết định": text_of_days(decided),
        "Cơ quan ký": gather(bodies.frame["parent"], body), "Loại": gather(_ACTS, act), "Chính/kiêm nhiệm": "Chính",
        "Dữ liệu mô phỏng": "1",
    })  # fmt: skip


def _drawn(shares: dict[str, float], n: int) -> tuple[list[str], int, list[float]]:
    return list(shares), n, list(shares.values())


def _job_codes(rng: np.random.Generator, n: int) -> pl.Series:
    return joined("VTVL-", numbers(rng.integers(1, 60, n), 2), ".", numbers(rng.integers(1, 400, n), 3))


def _titles(crew: Staff, person: Ints, lead: Ints) -> pl.Series:
    names = dict(zip(column("ranks", "code"), column("ranks", "name"), strict=True))
    title = gather(crew.rank, person).replace_strict(names)
    return where(lead == NONE, title, gather(LEADS, lead))


def _comma(values: np.ndarray) -> pl.Series:
    return pl.Series("", [f"{value:.2f}".replace(".", ",") for value in values.tolist()])
