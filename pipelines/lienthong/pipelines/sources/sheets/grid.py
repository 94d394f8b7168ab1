"""Workbooks as grids of text: .xlsx through calamine, .xls through xlrd (fonts and formats), else calamine.

A number is rendered without exponent and without `.0`, with the zeros of its format ("00000"); a date as ISO text.
"""

import datetime
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import python_calamine
import xlrd  # type: ignore[import-untyped]

from lienthong.kernel.text import nfc

from ...decode.fonts import decode_cell, decode_text, encoding_of, encoding_of_sheet


class Cell(NamedTuple):
    """A cell that is not empty: its text, and whether it is a number in the workbook."""

    text: str
    number: bool


class Area(NamedTuple):
    """Merged cells: rows and columns from `top`, `left` up to, not including, `bottom`, `right` (0-based)."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(slots=True)
class Grid:
    """One sheet. rows[r][c] is a Cell or None, rows may be short; `encodings` are those that cells were in.

    `fontless` are the cells that are not ASCII and in no font of before Unicode.
    """

    name: str
    hidden: bool
    rows: list[list[Cell | None]]
    merged: list[Area] = field(default_factory=list)
    encodings: set[str] = field(default_factory=set)
    fontless: list[tuple[int, int]] = field(default_factory=list)

    def settle(self) -> "Grid":
        """Decode the cells that no font decoded, when the sheet as a whole is of before Unicode."""
        encoding = encoding_of_sheet(cell.text for r, c in self.fontless if (cell := self.rows[r][c]))
        for r, c in self.fontless if encoding else ():
            if cell := self.rows[r][c]:
                text, used = decode_text(cell.text, encoding)
                self.rows[r][c] = cell._replace(text=text)
                self.encodings |= {used} if used else set()
        return self


def open_grids(path: Path, fonts: bool) -> Iterator[Grid]:
    """The worksheets of a workbook in their order. `fonts`: decode the letters of before Unicode."""
    with path.open("rb") as file:
        old = file.read(4) == b"\xd0\xcf\x11\xe0"
    if old:
        try:
            book = xlrd.open_workbook(str(path), formatting_info=True, logfile=io.StringIO())
        except (AssertionError, IndexError, KeyError, NotImplementedError, ValueError):
            pass  # records that xlrd does not know: calamine may, without fonts
        else:
            grids = (_old_grid(book, sheet, fonts) for sheet in book.sheets())
            yield from (grid.settle() if fonts else grid for grid in grids)
            return
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    for sheet in workbook.sheets_metadata:
        if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
            grid = _grid(workbook.get_sheet_by_name(sheet.name), sheet)
            yield grid.settle() if fonts else grid


def _grid(sheet: Any, metadata: Any) -> Grid:
    grid = Grid(metadata.name, metadata.visible != python_calamine.SheetVisibleEnum.Visible, [])
    aside = [None] * (sheet.start[1] if sheet.start else 0)  # iter_rows gives empty rows above, not columns aside
    for r, row in enumerate(sheet.iter_rows()):
        cells = [_cell(value) for value in row]
        grid.rows.append([*aside, *_trimmed(cells)] if any(cells) else [])
        grid.fontless += [(r, c) for c, cell in enumerate(grid.rows[r]) if cell and not cell.text.isascii()]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        grid.merged.append(Area(top, bottom + 1, left, right + 1))
    return grid


def _cell(value: Any) -> Cell | None:
    if isinstance(value, str):
        return Cell(nfc(value), False) if value and not value.isspace() else None
    return None if value is None else Cell(render(value), isinstance(value, int | float) and value is not True)


def render(value: Any) -> str:
    """A cell value as text: 1.0 -> 1, 1e15 -> 1000000000000000, a date -> 2025-07-01, midnight without its time."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if value == int(value):
            return str(int(value))
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _old_grid(book: Any, sheet: Any, fonts: bool) -> Grid:
    grid = Grid(sheet.name, sheet.visibility != 0, [], [Area(*area) for area in sheet.merged_cells])
    for r in range(sheet.nrows):
        cells = [_old_cell(book, sheet, grid, r, c, fonts) for c in range(sheet.row_len(r))]
        grid.rows.append(_trimmed(cells))
    return grid


def _trimmed(cells: list[Cell | None]) -> list[Cell | None]:
    """The cells without the empty ones at the end."""
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _old_cell(book: Any, sheet: Any, grid: Grid, r: int, c: int, fonts: bool) -> Cell | None:
    cell = sheet.cell(r, c)
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return _old_text(book, sheet, grid, r, c, fonts)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        text = render(cell.value)
        zeros = re.fullmatch("0{2,}", book.format_map[book.xf_list[cell.xf_index].format_key].format_str)
        return Cell(text.zfill(len(zeros.group())) if zeros and text.isdigit() else text, True)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return Cell(render(xlrd.xldate_as_datetime(cell.value, book.datemode)), False)
        except (ValueError, OverflowError):
            return Cell(render(cell.value), True)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return Cell(render(bool(cell.value)), False)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Cell(xlrd.error_text_from_code.get(cell.value, "#ERR"), False)
    return None


def _old_text(book: Any, sheet: Any, grid: Grid, r: int, c: int, fonts: bool) -> Cell | None:
    """A text cell, each run of it decoded by its own font."""
    value: str = sheet.cell_value(r, c)
    if not value.strip():
        return None
    if not fonts:
        return Cell(nfc(value), False)
    first = book.font_list[book.xf_list[sheet.cell_xf_index(r, c)].font_index].name
    runs = list(_runs(book, value, first, sheet.rich_text_runlist_map.get((r, c), ())))
    decoded = [decode_cell(text, font) for text, font in runs]
    grid.encodings |= {encoding for _, encoding in decoded if encoding}
    if not value.isascii() and not any(encoding_of(font) for _, font in runs):
        grid.fontless.append((r, c))
    return Cell("".join(text for text, _ in decoded), False)


def _runs(book: Any, text: str, font: str, runs: Sequence[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    start = 0
    for position, index in runs:
        if position > start:
            yield text[start:position], font
            start = position
        font = book.font_list[index].name
    yield text[start:], font
