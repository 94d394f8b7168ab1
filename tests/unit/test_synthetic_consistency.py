"""A clean sample (no defects): the sources agree with each other, and with the real units, on every day."""

import json
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from python_calamine import CalamineWorkbook

from lienthong.pipelines.synthetic import Settings, generate
from lienthong.pipelines.synthetic.places import places

REFORM = date(2025, 7, 1)
TODAY = date(2026, 10, 31)
VOCABULARIES = Path(__file__).parents[2] / "datasets" / "_vocab"
Rows = list[dict[str, Any]]


def day(text: str) -> date:
    """A day as the sources write it."""
    return datetime.strptime(text, "%d/%m/%Y").date()


def moment(text: str) -> datetime:
    """A time as either one-stop software writes it."""
    return datetime.strptime(text, "%d/%m/%Y %H:%M:%S" if "/" in text else "%Y%m%d%H%M%S")


def sheets(folder: Path, pattern: str) -> Rows:
    """The records of the workbooks, by flattened header."""
    rows: Rows = []
    for path in sorted(folder.glob(pattern)):
        cells = CalamineWorkbook.from_path(path).get_sheet_by_name("Danh sách").to_python()
        group, names = "", []
        for above, below in zip(cells[4], cells[5], strict=True):
            group = str(above) or group
            names.append(f"{group} / {below}" if below else group)
        rows += [dict(zip(names, row, strict=True)) for row in cells[6:-1]]
    return rows


def table(folder: Path, pattern: str, separator: str, encoding: str = "utf-8") -> Rows:
    """The records of delimited files."""
    texts = [path.read_bytes().decode(encoding) for path in sorted(folder.glob(pattern))]
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    frames = [pl.read_csv(text.encode(), separator=separator, infer_schema=False) for text in composed]
    return pl.concat(frames).with_columns(pl.all().fill_null("")).to_dicts()


def items(folder: Path) -> Rows:
    """All items of all messages."""
    lines = [line for path in sorted(folder.glob("one_stop/*")) for line in path.read_text("utf-8").splitlines()]
    return [item for line in lines for item in json.loads(line)["data"]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    summary = generate(Settings(out, scale=0.05, cases=3000, defects=0))
    assert summary.defects == {}
    return out


@pytest.fixture(scope="module")
def bodies(sample: Path) -> dict[str, dict[str, Any]]:
    return {row["Mã định danh điện tử / Mã hiện hành"]: row for row in sheets(sample, "agency_register/*.xlsx")}


@pytest.fixture(scope="module")
def versions(sample: Path) -> Rows:
    lines = [line for path in sample.glob("procedure_database/*") for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def alive(body: dict[str, Any], on: date) -> bool:
    ended = body["Thời gian hoạt động / Ngày kết thúc"]
    return day(body["Thời gian hoạt động / Ngày thành lập"]) <= on and (not ended or on <= day(ended))


def old_and_new_codes() -> tuple[set[str], set[str]]:
    home = places("20")
    return set(home.old["code"]), set(home.new["code"])


def test_bodies_form_a_tree_of_prefixes(bodies: dict[str, dict[str, Any]]) -> None:
    for code, body in bodies.items():
        parent = body["Mã cơ quan cấp trên"]
        assert code == "H37" or (parent in bodies and code.startswith(parent + "."))
        for heir in filter(None, body["Cơ quan kế thừa"].split("; ")):
            assert heir in bodies


def test_every_commune_of_today_has_one_committee_and_every_ended_body_an_heir(
    bodies: dict[str, dict[str, Any]],
) -> None:
    committees = [b for b in bodies.values() if b["Loại cơ quan"] == "UBND xã" and alive(b, TODAY)]
    assert sorted(b["Địa bàn / Mã ĐVHC"] for b in committees) == sorted(old_and_new_codes()[1])
    assert all(alive(b, TODAY) or b["Cơ quan kế thừa"] for b in bodies.values())
    on_the_last_day = [b for b in bodies.values() if alive(b, date(2025, 6, 30)) and b["Cấp"] == "Xã"]
    assert sum(b["Loại cơ quan"] == "UBND xã" for b in on_the_last_day) == 194


def test_cases_name_bodies_procedures_and_units_of_their_day(
    sample: Path, bodies: dict[str, dict[str, Any]], versions: Rows
) -> None:
    lives: dict[str, list[tuple[date, date]]] = {}
    for version in versions:
        told = version["metadata"]
        span = (day(told["ngày_hiệu_lực"]), day(told["ngày_hết_hiệu_lực"] or "31/12/2099"))
        lives.setdefault(version["thu_tuc_id"], []).append(span)
    old, new = old_and_new_codes()
    found = items(sample)
    assert len(found) == 3000
    for case in found:
        on = moment(case["NgayTiepNhan"]).date()
        assert alive(bodies[case["MaDonVi"]], on)
        assert any(first <= on <= last for first, last in lives[case["MaTTHC"]])
        assert case["MaXa"] in (old if on < REFORM else new)
        prefix = bodies[case["MaDonVi"]]["Mã định danh điện tử / Mã cũ"] if on < REFORM else case["MaDonVi"]
        assert case["MaHoSo"].startswith(f"{prefix}-{on:%y%m%d}-")
    assert len({case["MaHoSo"] for case in found}) == 3000


def test_cases_tell_one_story(sample: Path) -> None:
    for case in items(sample):
        received, due = moment(case["NgayTiepNhan"]), moment(case["NgayHenTraMoi"] or case["NgayHenTra"])
        assert moment(case["NgayNop"]) <= received <= due
        if case["TrangThaiHoSo"] in ("denied", "cancelled"):
            assert case["TinhTrangHan"] == ""
        elif case["NgayTra"]:
            released = moment(case["NgayTra"])
            early = released.date() < due.date()
            assert case["TinhTrangHan"] == ("overtime" if released > due else "betimes" if early else "ontime")
        else:
            assert case["TinhTrangHan"] in ("undue", "overdue", "pausing")
            assert case["TrangThaiHoSo"] not in ("done", "unresolved", "releasing")
        if case["TrangThaiHoSo"] == "done":
            assert received <= moment(case["NgayTra"]) <= moment(case["NgayKetThucXuLy"])


def test_most_cases_are_on_time_and_more_and_more_come_online(sample: Path) -> None:
    found = pl.DataFrame([{k: v for k, v in case.items() if isinstance(v, str)} for case in items(sample)])
    settled = found.filter(pl.col("TinhTrangHan").is_in(["betimes", "ontime", "overtime"]))
    assert 0.94 < (settled["TinhTrangHan"] != "overtime").mean() < 0.985  # type: ignore[operator]
    years = found.with_columns(year=pl.col("MaHoSo").str.extract(r"-(\d\d)\d{4}-\d+$"))
    shares = years.group_by("year").agg((pl.col("HinhThuc") == "2").mean()).sort("year")["HinhThuc"].to_list()
    assert shares == sorted(shares)
    assert 0.2 < shares[0] < 0.4 and 0.5 < shares[-1] < 0.75


def test_businesses_that_apply_are_registered_by_then(sample: Path) -> None:
    known = {
        line.split(";")[0]: day(line.split(";")[7])
        for path in sample.glob("business_register/doanh_nghiep_*.csv")
        for line in path.read_bytes().decode("latin-1").split("\r\n")[1:-1]
    }
    firms = [case for case in items(sample) if case["LoaiDoiTuong"] == "2"]
    assert len(firms) > 300
    for case in firms:
        assert known[case["MaDoiTuong"]] <= moment(case["NgayTiepNhan"]).date()


def test_communes_of_businesses_and_people_are_those_of_the_day(sample: Path) -> None:
    old, new = old_and_new_codes()
    for row in table(sample, "business_register/doanh_nghiep_dang_hoat_dong.csv", ";", "utf-8-sig"):
        assert row["Mã xã/phường"] in (old if day(row["Ngày xác nhận địa chỉ"]) < REFORM else new)
    for row in sheets(sample, "personnel/ho_so_*.xlsx"):
        valid = old if day(row["Ngày cập nhật"]) < REFORM else new
        assert {row["Quê quán / Mã xã"], row["Nơi ở hiện nay / Mã xã"]} <= valid


def test_people_are_possible(sample: Path) -> None:
    people = sheets(sample, "personnel/ho_so_*.xlsx")
    assert len({row["Số định danh cá nhân"] for row in people}) == len(people) == 1250
    for row in people:
        born, code = day(row["Thông tin cá nhân / Ngày sinh"]), row["Số định danh cá nhân"]
        century = 2 * (born.year // 100 - 19) + (row["Thông tin cá nhân / Giới tính"] == "Nữ")
        assert (code[3:6], code[6]) == (f"{century}{born:%y}", "9")
        assert day(row["Ngày tuyển dụng"]).year - born.year >= 19
        assert row["Dữ liệu mô phỏng"] == "x"
        assert row["Mã ngạch, chức danh"].startswith("V.") == (row["Loại"] == "Viên chức")


def test_posts_are_held_in_living_bodies_and_do_not_overlap(sample: Path, bodies: dict[str, dict[str, Any]]) -> None:
    people = {row["Mã hồ sơ"]: row for row in sheets(sample, "personnel/ho_so_*.xlsx")}
    posts: dict[str, Rows] = {}
    for post in table(sample, "personnel/qua_trinh_cong_tac.txt", "\t", "utf-16"):
        since, until = day(post["Từ ngày"]), day(post["Đến ngày"]) if post["Đến ngày"] else TODAY
        assert alive(bodies[post["Mã cơ quan"]], since) and alive(bodies[post["Mã cơ quan"]], until)
        assert day(post["Ngày quyết định"]) <= since <= until
        posts.setdefault(post["Mã hồ sơ"], []).append(post | {"since": since, "until": until})
    assert posts.keys() == people.keys()
    for who, held in posts.items():
        held.sort(key=lambda post: post["since"])
        assert all(a["until"] < b["since"] for a, b in zip(held, held[1:], strict=False))
        assert held[0]["since"] >= day(people[who]["Ngày tuyển dụng"])
        assert held[-1]["Mã cơ quan"] == people[who]["Cơ quan công tác / Mã định danh"]
        assert (held[-1]["Đến ngày"] == "") == (people[who]["Trạng thái"] == "Đang công tác")


def test_one_main_line_a_business_from_the_list_of_its_version(sample: Path) -> None:
    lists = {
        version: set(pl.read_csv(VOCABULARIES / f"vsic_{file}.csv", infer_schema=False)["code"])
        for version, file in (("2018", "2007"), ("2025", "2025"))
    }
    lines = table(sample, "business_register/nganh_nghe_*.csv", "|", "cp1258")
    main = [line["Mã số doanh nghiệp"] for line in lines if line["Ngành chính"] == "X"]
    assert len(main) == len(set(main)) == 600
    assert {line["Mã số doanh nghiệp"] for line in lines} == set(main)
    assert all(line["Mã ngành"] in lists[line["Phiên bản VSIC"]] for line in lines)
    assert len({(line["Mã số doanh nghiệp"], line["Mã ngành"]) for line in lines}) == len(lines)


def test_a_procedure_has_one_level_of_a_scheme_on_a_day(sample: Path, versions: Rows) -> None:
    text = (sample / "service_portal" / "muc_do_dvc.sql").read_text("utf-8")
    rows = [line.rstrip(",;")[1:-1].split(", ") for line in text.splitlines() if line.startswith("(")]
    told = [[cell.removeprefix("N'").rstrip("'") for cell in row[:6]] for row in rows]
    assert {row[0] for row in told} <= {version["thu_tuc_id"] for version in versions}
    spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for code, _, scheme, _, first, last in told:
        spans.setdefault((code, scheme), []).append((first, "9999" if last == "NULL" else last))
    for held in spans.values():
        held.sort()
        assert all(first <= last for first, last in held)
        assert all(a[1] < b[0] for a, b in zip(held, held[1:], strict=False))


def test_districts_were_connected_and_communes_are(sample: Path) -> None:
    rows = table(sample, "connection_register/ket_noi.csv", ",", "utf-8-sig")

    def connected(level: str, on: date) -> int:
        return sum(
            row["Mã hệ thống"] == "MOTCUA"
            and row["Cấp"] == level
            and row["Trạng thái"] in ("Vận hành", "Kết thúc")
            and day(row["Từ ngày"]) <= on
            and (not row["Đến ngày"] or on <= day(row["Đến ngày"]))
            for row in rows
        )

    assert connected("Huyện", date(2025, 6, 30)) == 11
    assert connected("Huyện", REFORM) == 0
    assert 80 < connected("Xã", date(2025, 6, 30)) < 160
    assert 30 < connected("Xã", TODAY) <= 65


def test_labels_are_those_of_the_code_lists(sample: Path, bodies: dict[str, dict[str, Any]], versions: Rows) -> None:
    def labels(name: str) -> set[str]:
        return {code["vi"] for code in yaml.safe_load((VOCABULARIES / f"{name}.yaml").read_text("utf-8"))["codes"]}

    people = sheets(sample, "personnel/ho_so_*.xlsx")
    posts = table(sample, "personnel/qua_trinh_cong_tac.txt", "\t", "utf-16")
    firms = table(sample, "business_register/doanh_nghiep_dang_hoat_dong.csv", ";", "utf-8-sig")
    links = table(sample, "connection_register/ket_noi.csv", ",", "utf-8-sig")
    told = [version["metadata"] for version in versions]
    for name, rows, field in [
        ("org_type", list(bodies.values()), "Loại cơ quan"), ("agency_level", list(bodies.values()), "Cấp"),
        ("employee_type", people, "Loại"), ("employee_status", people, "Trạng thái"), ("religion", people, "Tôn giáo"),
        ("ethnic_group", people, "Dân tộc / Tên"), ("leadership_level", people, "Chức vụ"),
        ("qualification_professional", people, "Trình độ / Chuyên môn"), ("appointment_kind", posts, "Loại"),
        ("enterprise_type", firms, "Loại hình doanh nghiệp"), ("enterprise_status", firms, "Tình trạng"),
        ("interconnection_kind", links, "Loại kết nối"), ("interconnection_protocol", links, "Giao thức"),
        ("interconnection_status", links, "Trạng thái"), ("procedure_state", told, "trạng_thái"),
        ("procedure_kind", told, "loại_thủ_tục"), ("procedure_level", told, "cấp_thực_hiện"),
    ]:  # fmt: skip
        assert {row[field] for row in rows} <= labels(name), name


def test_decisions_named_by_procedures_are_in_the_legal_index(sample: Path, versions: Rows) -> None:
    index = {row["doc_number"]: row for row in table(sample, "legal_index/van_ban.csv", ",")}
    for version in versions:
        found = index[version["metadata"]["số_quyết_định"]]
        assert found["issued_date"] <= found["effective_date"]
        assert found["synthetic"] == "1"
        assert all(basis["so_ky_hieu"] in index for basis in version["tables"]["can_cu_phap_ly"])
    assert index["224/2026/NĐ-CP"]["synthetic"] == "0"
    assert index["1672/NQ-UBTVQH15"]["title"].endswith("tỉnh Lạng Sơn năm 2025")
