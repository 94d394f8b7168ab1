"""Writes one workbook; also a program of its own: `python binder.py ORDER.json`. Needs nothing but XlsxWriter.

As offices keep them: national title rows, a header of two rows with merged groups, a total row, a second sheet.
"""

import json
import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypedDict

import xlsxwriter  # type: ignore[import-untyped]

SHEET = "Danh sách"
FIRST_ROW = 7
"""Row of the sheet (from 1) with the first record."""

_HEADER = 4
_NUMBERS = frozenset({"STT", "Tọa độ / Kinh độ", "Tọa độ / Vĩ độ"})
_NOTE = "Dữ liệu mô phỏng, không phải người thật, cơ quan thật. Synthetic data."


class Order(TypedDict):
    """A workbook to write.

    A column `Nhóm / Cột` goes under a merged cell `Nhóm`. `titles` are the issuing body and the name of the list,
    `total` is the text of the last row. Texts of the columns `serials` that are whole numbers become numbers (days
    as a spreadsheet counts them). `created` is an ISO time: the same order gives the same bytes.
    """

    path: str
    titles: tuple[str, str]
    columns: list[str]
    rows: list[tuple[str, ...]]
    total: str
    serials: list[str]
    created: str


def bind(order: Order) -> None:
    """Write the workbook."""
    path, rows, columns = Path(order["path"]), order["rows"], order["columns"]
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False})
    book.set_properties(
        {"created": datetime.fromisoformat(order["created"]), "title": order["titles"][1], "comments": _NOTE}
    )
    sheet = book.add_worksheet(SHEET)
    _head(book, sheet, order["titles"], columns)
    _rows(sheet, rows, [name in _NUMBERS or name in order["serials"] for name in columns])
    sheet.write_string(FIRST_ROW - 1 + len(rows), 1, f"{order['total']}: {len(rows)}")
    book.add_worksheet("Ghi chú").write_string(0, 0, _NOTE)
    book.close()


def _head(book: xlsxwriter.Workbook, sheet: Any, titles: tuple[str, str], columns: list[str]) -> None:
    """Title rows 1 to 3, a blank row, the header in rows 5 and 6. Written row by row: a row left is on disk."""
    bold = book.add_format({"bold": True, "align": "center"})
    last, half = len(columns) - 1, (len(columns) - 1) // 2
    sheet.merge_range(0, 0, 0, half, titles[0], bold)
    sheet.merge_range(0, half + 1, 0, last, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold)
    sheet.merge_range(1, half + 1, 1, last, "Độc lập - Tự do - Hạnh phúc", bold)
    sheet.merge_range(2, 0, 2, last, titles[1], bold)
    names = [name.partition(" / ") for name in columns]
    for _, members in groupby(enumerate(names), key=lambda member: member[1][0]):
        places = list(members)
        first, (text, grouped, _) = places[0]
        if not grouped:
            sheet.merge_range(_HEADER, first, _HEADER + 1, first, text)
        elif len(places) == 1:
            sheet.write_string(_HEADER, first, text, bold)
        else:
            sheet.merge_range(_HEADER, first, _HEADER, places[-1][0], text, bold)
    for place, (_, grouped, below) in enumerate(names):
        if grouped:
            sheet.write_string(_HEADER + 1, place, below, bold)


def _rows(sheet: Any, rows: list[tuple[str, ...]], numeric: list[bool]) -> None:
    for row, values in enumerate(rows, FIRST_ROW - 1):
        for place, value in enumerate(values):
            if value and numeric[place] and _is_number(value):
                sheet.write_number(row, place, float(value))
            elif value:
                sheet.write_string(row, place, value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


if __name__ == "__main__":
    bind(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
