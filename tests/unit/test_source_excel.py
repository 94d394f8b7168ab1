"""Spreadsheets as agencies send them: titles, merged headers, totals, hidden sheets; hostile files cost an error."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import RawTable, excel, read
from lienthong.pipelines.sources.sheets.grid import Cell, Grid, render
from lienthong.pipelines.sources.sheets.header import find_header, is_total

Draw = Callable[[xlsxwriter.Workbook], None]


def workbook(folder: Path, draw: Draw, **options: Any) -> RawTable:
    """Draw a workbook and read it."""
    path = folder / "biểu.xlsx"
    with xlsxwriter.Workbook(path) as book:
        draw(book)
    return read(path, "excel", options, folder / "work")


def rows(table: RawTable) -> list[dict[str, Any]]:
    return pl.read_parquet(table.parquet).to_dicts()


def notes(table: RawTable) -> dict[str, str | None]:
    return {found.code: found.place for found in table.notes}


def report(book: xlsxwriter.Workbook) -> None:
    """A report: national title, three-row header, numbered columns, groups, merged cells, totals, signature."""
    sheet = book.add_worksheet("Biểu 01")
    sheet.merge_range("A1:C1", "ỦY BAN NHÂN DÂN TỈNH LẠNG SƠN")
    sheet.merge_range("D1:F1", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    sheet.merge_range("A2:F2", "Biểu 01: Danh sách đơn vị hành chính")
    sheet.merge_range("A4:A6", "STT")
    sheet.merge_range("B4:D4", "Trước sắp xếp")
    sheet.merge_range("B5:B6", "Mã xã")
    sheet.merge_range("C5:D5", "Tên")
    sheet.write("C6", "Tiếng Việt")
    sheet.write("D6", "Tiếng Anh")
    sheet.merge_range("E4:E6", "Sau\nsắp xếp")
    sheet.merge_range("F4:F6", "Số dân")
    sheet.write_row("A7", ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"])
    sheet.merge_range("A8:F8", "Thành phố Lạng Sơn")
    sheet.write_row("A9", [1, 5971, "Phường Hoàng Văn Thụ", "Hoang Van Thu"])
    sheet.merge_range("E9:E10", "Phường Lương Văn Tri")
    sheet.write("F9", 1500)
    sheet.write_row("A10", [2, 5974, "Phường Tam Thanh", "Tam Thanh"])
    sheet.write("F10", 2500)
    sheet.write_row("B11", ["Cộng", None, None, None, 4000])
    sheet.merge_range("A12:F12", "Huyện Chi Lăng")
    sheet.write_row("A13", [1, 6463, "Xã Cộng Hòa", "Cong Hoa", "Xã Chi Lăng", 1000.5])
    sheet.write_row("B14", ["TỔNG CỘNG", None, None, None, 9999])
    sheet.write("E16", "Lạng Sơn, ngày 01 tháng 7 năm 2025")
    sheet.write_row("B17", ["Người lập biểu", None, None, "Chủ tịch"])
    hidden = book.add_worksheet("Nháp")
    hidden.hide()
    hidden.write("A1", "x")


def test_a_report_becomes_a_table(tmp_path: Path) -> None:
    table = workbook(tmp_path, report, subheader="Huyện")
    assert table.columns == (
        "STT", "Trước sắp xếp / Mã xã", "Trước sắp xếp / Tên / Tiếng Việt", "Trước sắp xếp / Tên / Tiếng Anh",
        "Sau sắp xếp", "Số dân", "Huyện",
    )  # fmt: skip
    found = [tuple(row.values()) for row in rows(table)]
    assert found == [
        ("1", "5971", "Phường Hoàng Văn Thụ", "Hoang Van Thu", "Phường Lương Văn Tri", "1500", "Thành phố Lạng Sơn", 9),
        ("2", "5974", "Phường Tam Thanh", "Tam Thanh", "Phường Lương Văn Tri", "2500", "Thành phố Lạng Sơn", 10),
        ("1", "6463", "Xã Cộng Hòa", "Cong Hoa", "Xã Chi Lăng", "1000.5", "Huyện Chi Lăng", 13),
    ]


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    table = workbook(tmp_path, report, subheader="Huyện")
    assert notes(table) == {
        "hidden_sheet": "Nháp",
        "title": "Biểu 01!1",
        "total_row": "Biểu 01!14",
        "footer": "Biểu 01!16",
        "ordinal_restarts": "Biểu 01!13",
    }
    totals = [found.text.vi for found in table.notes if found.code == "total_row"]
    assert totals == ["Bỏ dòng tổng: Cộng | 4000", "Bỏ dòng tổng: TỔNG CỘNG | 9999"]


def test_a_total_that_is_no_sum_is_said(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for r, row in enumerate([["STT", "Xã", "Hộ", "Dân"], [1, "A", 2, 5], [2, "B", 3, 6], ["", "Tổng số", 5, 12]]):
            sheet.write_row(r, 0, row)

    table = workbook(tmp_path, draw)
    assert [found.text.en for found in table.notes if found.code == "total_differs"] == [
        "The total is not the sum of its rows: 12 ≠ 11."
    ]


def test_group_rows_stay_rows_and_totals_stay_when_nobody_asks(tmp_path: Path) -> None:
    table = workbook(tmp_path, report, skip_total_rows=False)
    assert [row["STT"] for row in rows(table)] == ["Thành phố Lạng Sơn", "1", "2", None, "Huyện Chi Lăng", "1", None]


def test_values_are_text_as_people_see_them(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet.write_row("B3", ["Mã", "Tỷ lệ", "Ngày", "Lúc", "Đúng", "Lớn"])
        sheet.write("B4", 1.0)
        sheet.write("C4", 0.1)
        sheet.write_datetime("D4", datetime.datetime(2025, 7, 1), day)
        sheet.write_datetime("E4", datetime.datetime(2025, 7, 1, 8, 30), moment)
        sheet.write_boolean("F4", True)
        sheet.write("G4", 1e15)
        sheet.write_row("B5", ["01", "  ", None, "1e5"])

    table = workbook(tmp_path, draw)
    assert [tuple(row.values()) for row in rows(table)] == [
        ("1", "0.1", "2025-07-01", "2025-07-01T08:30:00", "true", "1000000000000000", 4),
        ("01", None, None, "1e5", None, None, 5),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1e22, "10000000000000000000000"), (1e-7, "0.0000001"), (-0.5, "-0.5"), (True, "true"),
     (118.27956989247312, "118.27956989247312"), (datetime.time(8, 30), "08:30:00")],
)  # fmt: skip
def test_numbers_have_no_exponent(value: Any, text: str) -> None:
    assert render(value) == text


def test_sheets_are_chosen_by_name_number_or_all(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        for name, last in (("Một", "c"), ("Hai", "d")):
            sheet = book.add_worksheet(name)
            sheet.write_row("A1", ["a", "b", last])
            sheet.write_row("A2", [1, 2, name])

    assert rows(workbook(tmp_path, draw, sheet="Hai")) == [{"a": "1", "b": "2", "d": "Hai", "_line": 2}]
    assert workbook(tmp_path, draw, sheet=1).columns == ("a", "b", "c")
    both = rows(workbook(tmp_path, draw, sheet="*"))
    assert [(row["c"], row["d"], row["_sheet"]) for row in both] == [("Một", None, "Một"), (None, "Hai", "Hai")]
    with pytest.raises(Invalid, match="no sheet 'Ba'.*Một, Hai"):
        workbook(tmp_path, draw, sheet="Ba")


def test_the_header_may_be_pointed_at(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for r, row in enumerate([["x", "y"], ["Năm", ""], ["2024", "2025"], [1, 2], [3, 4], ["hết", "hết"]]):
            sheet.write_row(r, 0, row)

    table = workbook(tmp_path, draw, header_rows=[2, 3], last_row=5)
    assert rows(table) == [{"Năm / 2024": "1", "2025": "2", "_line": 4}, {"Năm / 2024": "3", "2025": "4", "_line": 5}]
    with pytest.raises(Invalid, match="header_rows 99"):
        workbook(tmp_path, draw, header_rows=99)


def test_blanks_below_take_the_value_above_when_asked(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for r, row in enumerate([["Huyện", "Xã"], ["A", "a1"], [None, "a2"], ["B", "b1"]]):
            sheet.write_row(r, 0, row)

    table = workbook(tmp_path, draw, fill_down=["Huyện"])
    assert [row["Huyện"] for row in rows(table)] == ["A", "A", "B"]


def test_old_letters_in_a_new_workbook_are_decoded(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["STT", "Tªn ®¬n vÞ"])
        sheet.write_row("A2", [1, "X· Th\u00adîng C\u00adêng"])

    table = workbook(tmp_path, draw)
    assert rows(table) == [{"STT": "1", "Tên đơn vị": "Xã Thượng Cường", "_line": 2}]
    assert table.encoding == "tcvn3"
    assert workbook(tmp_path, draw, font_encoding=False).columns == ("STT", "Tªn ®¬n vÞ")


@pytest.mark.parametrize(
    ("text", "total"),
    [("Cộng", True), ("TỔNG CỘNG:", True), ("Tổng số (I+II)", True), ("Cộng Hòa", False), ("Tổng công ty", False),
     ("Xã Cộng Hòa", False), ("Tổng cộng toàn tỉnh", True)],
)  # fmt: skip
def test_a_total_is_told_from_a_name(text: str, total: bool) -> None:
    assert is_total([None, Cell(text, False), Cell("5", True)]) is total


def test_a_sheet_without_table_has_no_header() -> None:
    assert find_header(Grid("x", False, [[], []])) is None


def hostile(folder: Path, sheet: bytes) -> Path:
    """A workbook whose first sheet has this XML."""
    path, bad = folder / "thật.xlsx", folder / "xấu.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write("A1", "x")
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in good.infolist():
            out.writestr(entry.filename, sheet if entry.filename.endswith("sheet1.xml") else good.read(entry))
    return bad


def test_a_packed_bomb_is_refused_unopened(tmp_path: Path) -> None:
    bomb = hostile(tmp_path, b"<worksheet>" + b" " * 20_000_000 + b"</worksheet>")
    with pytest.raises(Invalid, match="xấu.xlsx: The packed file is over the safe limits"):
        read(bomb, "excel", {}, tmp_path / "work")


def test_a_workbook_that_wants_too_much_memory_kills_only_its_child(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write("A1", "Mã")
        sheet.write(1_048_575, 16_383, "xa")

    with pytest.raises(Invalid, match="biểu.xlsx: Reading the workbook went over its limits of memory or time"):
        workbook(tmp_path, draw)


def test_a_workbook_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "chậm.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row("A1", ["a", "b"])
    with pytest.raises(Invalid, match=r"limits of memory or time \(> 0.01 s\)"):
        excel.read(path, {}, tmp_path, excel.Limits(wall=0.01))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html><table></table></html>", r"no Excel workbook \(HTML\).*save it as .xlsx"),
        (b"PK\x03\x04 not a zip", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot be opened"),
        (b"", "no Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=said):
        read(path, "excel", {}, tmp_path / "work")
