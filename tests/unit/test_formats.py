"""Writers of files on hostile texts; `tests/journey/test_release_files.py` reads whole releases."""

import csv
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lienthong.contract.model import FieldContract
from lienthong.formats import FORMATS, Document
from lienthong.formats.delimited import CsvWriter
from lienthong.formats.rows import Batch, batches
from lienthong.formats.workbook import XlsxWriter
from lienthong.kernel.text import both
from lienthong.store.export import DELIMITER, QUOTE, stream_columns

FORMULA = "=+-@\t\r\n＝＋－＠"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.sampled_from(
    ["=1", "'=1", "''=1", "+84", "-", "@a", "＝1", "'", "it's", '"', '","', "a,b", "a;b", ""]
)


def field(name: str, logical_type: str, **options: Any) -> FieldContract:
    title = both(f"Trường {name}", f"Field {name}")
    return FieldContract(name=name, title=title, logical_type=logical_type, options=options, classification="public")


FIELDS = (field("code", "identifier"), field("note", "text"), field("amount", "decimal", scale=2, precision=30))


def document(*fields: FieldContract) -> Document:
    facts = ((both("Giấy phép", "Licence"), "CC-BY-4.0"),)
    return Document("thu", both("Thử", "Test"), fields or FIELDS, facts, datetime(2026, 1, 2, tzinfo=UTC))


def quoted(value: str | None) -> str:
    """A value of the stream, as COPY writes it: empty is not missing."""
    return "" if value is None else QUOTE + value.replace(QUOTE, QUOTE * 2) + QUOTE


def batch(rows: list[tuple[str | None, ...]], of: Document) -> Batch:
    further = len(stream_columns(of.fields)) - len(of.fields)
    lines = (DELIMITER.join(map(quoted, (*row, *["{}"] * further))) + "\n" for row in rows)
    return next(batches(["".join(lines).encode()], of))


def written(writer: Any, rows: list[tuple[str | None, ...]], of: Document) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        made = writer(path, of)
        made.write(batch(rows, of))
        made.close()
        return path.read_bytes()


def shown(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'")[:1] in tuple(FORMULA) else text


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS.filter(bool)), min_size=1, max_size=20))
@example([("a", "=cmd|' /C calc'!A0"), ("b", "'=1"), ("c", "x\ty")])
def test_csv_harms_nobody_and_loses_nothing(texts: list[tuple[str, str]]) -> None:
    content = written(CsvWriter, [(code, note, "-1.50") for code, note in texts], document())
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert header == ["code", "note", "amount"]
    assert [(shown(code), shown(note)) for code, note, _ in rows] == texts
    assert not [cell for row in rows for cell in row[:2] if cell[:1] in tuple(FORMULA) and cell]
    assert {amount for _, _, amount in rows} == {"-1.50"}


def test_csv_tells_missing_from_empty_and_numbers_from_text() -> None:
    content = written(CsvWriter, [("1", "", None), ("2", None, "1.00")], document())
    assert content == b'\xef\xbb\xbfcode,note,amount\r\n"1","",\r\n"2",,1.00\r\n'


def test_csv_without_byte_order_mark() -> None:
    assert written(lambda p, d: CsvWriter(p, d, bom=False), [("1", "x", None)], document()).startswith(b"code,")


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXTS.filter(lambda t: t and "￿" not in t and "￾" not in t), min_size=1, max_size=10))
def test_xlsx_gives_every_text_back(texts: list[str]) -> None:
    content = written(XlsxWriter, [("c", text, "1.00") for text in texts], document())
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet["B"][1:]] == texts
    assert {cell.data_type for cell in sheet["B"]} <= {"s", "inlineStr"}
    assert [cell.value for cell in sheet["C"][1:]] == [1] * len(texts)


def test_xlsx_escapes_what_a_spreadsheet_would_unescape() -> None:
    content = written(XlsxWriter, [("c", "_x0041_ ￿\r", None)], document())
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "_x005F_x0041_ &#13;</t>" in sheet


def test_xlsx_cuts_what_no_cell_holds_and_says_so(tmp_path: Path) -> None:
    writer = XlsxWriter(tmp_path / "a.xlsx", document())
    writer.write(batch([("c", "ă" * 40_000, "12345678901234567890.00")], document()))
    writer.close()
    assert [note.en for note in writer.notes] == ["1 cells of over 32767 characters are cut"]
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert len(sheet["B2"].value) == 32_767
    assert sheet["C2"].value == "12345678901234567890.00"


DATED = (*FIELDS, field("opened_on", "date"))


def in_sheets(path: Path, rows: int, most: int) -> list[str]:
    """Write a workbook of sheets with `most` rows, in batches that end elsewhere; the notes."""
    writer = XlsxWriter(path, document(*DATED), most)
    for start in range(0, rows, 7):
        many = [(f"c{n:02}", f"Sạp số {n}", f"{n}.50", "2025-07-01") for n in range(start, min(rows, start + 7))]
        writer.write(batch(many, document(*DATED)))
    writer.close()
    return [note.en for note in writer.notes]


@pytest.mark.parametrize(("rows", "most", "sheets"), [(20, 20, 1), (21, 20, 2), (40, 20, 2), (23, 5, 5), (3, 1, 3)])
def test_xlsx_goes_on_in_the_next_sheet(tmp_path: Path, rows: int, most: int, sheets: int) -> None:
    notes = in_sheets(tmp_path / "a.xlsx", rows, most)
    assert bool(notes) == (sheets > 1)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    names = ["Dữ liệu", *(f"Dữ liệu {n}" for n in range(2, sheets + 1))]
    assert book.sheetnames == [*names, "Mô tả"] and book.active.title == "Dữ liệu"
    found = []
    for name in names:
        head, *lines = book[name].iter_rows(values_only=True)
        assert head == ("code", "note", "amount", "opened_on") and 0 < len(lines) <= most
        assert all(cell.is_date for cell in book[name]["D"][1:]) and book[name].freeze_panes == "A2"
        found += lines
    assert [(code, amount) for code, _, amount, _ in found] == [(f"c{n:02}", n + 0.5) for n in range(rows)]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_every_sheet(tmp_path: Path) -> None:
    in_sheets(tmp_path / "a.xlsx", 23, 10)
    # The last number asks for a file of each sheet.
    told = ["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"]
    program = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", *told]
    run = [*program, "--outdir", str(tmp_path), str(tmp_path / "a.xlsx")]
    subprocess.run(run, check=True, capture_output=True, timeout=300)
    read = []
    for name in ("Dữ liệu", "Dữ liệu 2", "Dữ liệu 3"):
        head, *lines = csv.reader((tmp_path / f"a-{name}.csv").read_text("utf-8").splitlines())
        assert head == ["code", "note", "amount", "opened_on"]
        read += lines
    assert [(code, note, day) for code, note, _, day in read] == [
        (f"c{n:02}", f"Sạp số {n}", "2025-07-01") for n in range(23)
    ]


def test_the_same_rows_make_the_same_bytes() -> None:
    for name, format_ in FORMATS.items():
        if format_.writer and not format_.needs_geometry:
            made = {written(format_.writer, [("c", "x", "1.00")], document()) for _ in range(2)}
            assert len(made) == 1, name


def test_a_row_of_any_length_fits() -> None:
    text = "dài " * 5_000_000
    assert batch([("c", text, None)], document()).typed["note"][0].as_py() == text


def test_who_gets_a_file() -> None:
    plain = document()
    refusal = FORMATS["geojson"].refusal(plain)
    assert refusal is not None and "hình học" in refusal.vi
    assert FORMATS["geojson"].refusal(document(*FIELDS, field("place", "point"))) is None
    assert FORMATS["xlsx"].refusal(plain) is None


def test_names_and_media_types_cost_no_library() -> None:
    program = "import sys, lienthong.formats; print({'pyarrow', 'xlsxwriter', 'pandas'} & set(sys.modules))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_name_in_two_languages(name: str) -> None:
    format_ = FORMATS[name]
    assert format_.name == name
    assert format_.title.vi and format_.title.en
    assert format_.use.vi and format_.use.en
    assert "/" in format_.media_type
