"""XLSX: a sheet of rows under the field names, and a sheet `Mô tả` with titles, source and licence.

A sheet holds 1,048,576 rows, whoever reads it; what is more goes on in the next one, under the same field names.

XlsxWriter makes the workbook around the rows; the rows themselves, where it would take two minutes a million, are
made column by column in Arrow and put into the sheet's XML (ECMA-376 part 1, 18.3) as it is compressed. Text cells are
marked as text, so nothing in them is ever taken for a formula.
"""

import io
import re
import zipfile

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import xlsxwriter  # type: ignore[import-untyped]

from lienthong.contract.model import FieldContract
from lienthong.formats.base import Document, Target, Writer
from lienthong.formats.rows import Batch, arrow_type, as_bytes
from lienthong.formats.workbook_cells import LONGEST, cells, is_date
from lienthong.kernel.text import both

ROWS, ABOUT = "Dữ liệu", "Mô tả"
MOST = 1_048_575  # rows of a sheet below the field names
_END = "</sheetData>"
_LEVEL = 3  # of compression: a tenth larger than the usual 6, three times as fast
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same rows make the same bytes


class XlsxWriter(Writer):
    """Writes a workbook. Areas (multipolygon) are left out: no cell holds them."""

    def __init__(self, path: Target, document: Document, most: int = MOST) -> None:
        self._document, self._most = document, most
        self._fields = [f for f in document.fields if f.logical_type != "multipolygon"]
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._sheets = self._left = 0
        self._cut = 0
        self._next_sheet()

    def write(self, batch: Batch) -> None:
        columns = []
        for field in self._fields:
            text = batch.text[field.name]
            made, cut = cells(text, arrow_type(field), self._styles[field.name])
            columns.append(made)
            self._cut += cut
        rows = pc.binary_join_element_wise("<row>", *columns, "</row>", "")
        while len(rows) > self._left:
            here = self._left
            self._write(rows.slice(0, here))
            rows = rows.slice(here)
            self._next_sheet()
        self._write(rows)

    def _write(self, rows: pa.ChunkedArray) -> None:
        self._member.write(as_bytes(rows))
        self._left -= len(rows)

    def _next_sheet(self) -> None:
        """End the sheet that is written, and begin the next one."""
        if self._sheets:
            self._end_sheet()
        self._sheets, self._left = self._sheets + 1, self._most
        # The first one is the sheet that is shown when the file is opened.
        around = zipfile.ZipFile(io.BytesIO(_workbook(self._document, self._fields, self._sheets)))
        sheet = re.sub("<dimension [^>]*/>", "", around.read(_sheet(self._sheets)).decode())
        head, end, tail = sheet.partition(_END)
        self._around, self._tail = around, end + tail
        self._styles = {name: _style(sheet, at) for at, name in enumerate(f.name for f in self._fields)}
        self._member = self._zip.open(_info(_sheet(self._sheets)), "w", force_zip64=True)
        self._member.write(head.encode())

    def _end_sheet(self) -> None:
        self._member.write(self._tail.encode())
        self._member.close()

    def close(self) -> None:
        self._end_sheet()
        written = {_sheet(number) for number in range(1, self._sheets + 1)}
        for name in self._around.namelist():
            if name not in written:
                self._zip.writestr(_info(name), self._around.read(name))
        self._zip.close()
        if self._sheets > 1:
            vi = f"{self._sheets} trang dữ liệu, mỗi trang nhiều nhất {self._most} dòng dưới tên trường"
            en = f"{self._sheets} sheets of rows, each of {self._most} at most below the field names"
            self.notes += (both(vi, en),)
        if self._cut:
            vi = f"{self._cut} ô dài hơn {LONGEST} ký tự bị cắt"
            en = f"{self._cut} cells of over {LONGEST} characters are cut"
            self.notes += (both(vi, en),)


def _sheet(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _style(sheet: str, at: int) -> str:
    """The number of the style of a column, as the sheet declares it."""
    for low, high, rest in re.findall(r'<col min="(\d+)" max="(\d+)" ([^>]*)/>', sheet):
        if int(low) <= at + 1 <= int(high):
            found = re.search(r'style="(\d+)"', rest)
            return found[1] if found else "0"
    return "0"


def _workbook(document: Document, fields: list[FieldContract], sheets: int) -> bytes:
    """The workbook with the header row of each sheet of rows, and the sheet about the data."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": document.title.vi, "created": document.made_at.replace(tzinfo=None)})
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        for number in range(1, sheets + 1):
            rows = book.add_worksheet(ROWS if number == 1 else f"{ROWS} {number}")
            rows.freeze_panes(1, 0)
            for at, field in enumerate(fields):
                dated = is_date(arrow_type(field))
                rows.set_column(at, at, 12 if dated else 20, day if dated else None)
                rows.write_string(0, at, field.name, bold)
        about = book.add_worksheet(ABOUT)
        about.set_column(0, 0, 28, wrap)
        about.set_column(1, 3, 44, wrap)
        lines = [[document.title.vi, document.title.en]]
        lines += [[f"{label.vi} / {label.en}", value] for label, value in document.facts]
        for at, line in enumerate(lines):
            about.write_row(at, 0, line, bold if at == 0 else wrap)
        about.write_row(len(lines) + 1, 0, ["Trường / Field", "Tên", "Title", "Kiểu / Type"], bold)
        for at, field in enumerate(document.fields, len(lines) + 2):
            about.write_row(at, 0, [field.name, field.title.vi, field.title.en, field.logical_type])
    return made.getvalue()
