"""Workbooks as offices keep them: national title rows, a header of two rows with merged groups, a total row."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from .settings import TODAY

SHEET = "Danh sách"
FIRST_ROW = 7
"""Row of the sheet (from 1) with the first record."""

_HEADER = 4
_CREATED = datetime(TODAY.year, TODAY.month, TODAY.day, 17, 0)
_NUMBERS = frozenset({"STT", "Tọa độ / Kinh độ", "Tọa độ / Vĩ độ"})
_NOTE = "Dữ liệu mô phỏng, không phải người thật, cơ quan thật. Synthetic data."


def write(path: Path, titles: tuple[str, str], frame: pl.DataFrame, total: str, serials: Sequence[str] = ()) -> int:
    """Write the frame; a column `Nhóm / Cột` goes under a merged cell `Nhóm`. Gives the number of rows.

    `titles` are the issuing body and the name of the list, `total` the text of the last row. Texts of the
    columns `serials` that are whole numbers become numbers (dates as a spreadsheet counts them).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False})
    book.set_properties({"created": _CREATED, "title": titles[1], "comments": _NOTE})
    sheet = book.add_worksheet(SHEET)
    _head(book, sheet, titles, frame.columns)
    _rows(sheet, frame, _NUMBERS | set(serials))
    sheet.write_string(FIRST_ROW - 1 + frame.height, 1, f"{total}: {frame.height}")
    book.add_worksheet("Ghi chú").write_string(0, 0, _NOTE)
    book.close()
    return frame.height


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


def _rows(sheet: Any, frame: pl.DataFrame, as_number: frozenset[str] | set[str]) -> None:
    numeric = [name in as_number for name in frame.columns]
    for row, values in enumerate(frame.iter_rows(), FIRST_ROW - 1):
        for place, value in enumerate(values):
            if not value:
                continue
            if numeric[place] and _is_number(value):
                sheet.write_number(row, place, float(value))
            else:
                sheet.write_string(row, place, value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
