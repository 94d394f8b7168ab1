"""A sheet as records: merged cells filled down, group rows to a column, totals and signatures left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lienthong.kernel.text import fold

from ..raw import LINE, Note, Record, clean_header, note
from .grid import Cell, Grid
from .header import Header, is_total, ordinal_column

_FOOTER = re.compile(
    r"(nguoi lap|lap bieu|lap bang|ghi chu\s*:|ngay\b.* thang\b.* nam\b|.*, ngay\b.* thang\b|thu truong|"
    r"chu tich|pho chu tich|giam doc|noi nhan|ke toan|tm\.|kt\.|ky ten|xac nhan|nguon\s*:)"
)
_GROUP_MARK = re.compile(r"([ivxlc]+|[a-z])[.)]?$", re.IGNORECASE)


@dataclass(slots=True)
class Table:
    """Reads the records of one sheet; what it leaves out and what looks odd goes to `notes`.

    `group`: the column that takes the text of a row that heads a group ("Huyện A" across the row); None: such a
    row is a record like any other. `fill`: columns whose empty cells take the value above. `totals`: keep them.
    """

    grid: Grid
    header: Header
    group: str | None = None
    fill: frozenset[str] = frozenset()
    totals: bool = False
    notes: list[Note] = field(default_factory=list)
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.columns = clean_header(self.header.names)
        self._stretch()

    def records(self, last: int | None = None) -> Iterator[Record]:
        """The records down to row `last` (1-based; default: to the end of the table)."""
        end = min(len(self.grid.rows), last or len(self.grid.rows))
        above: dict[str, str] = {}
        heading: str | None = None
        sums = _Sums()
        ordinals = _Ordinals(self.header.ordinal)
        title = [cell.text for cell in self.grid.rows[self.header.top] if cell]
        for r in range(self.header.data, end):
            row = self.grid.rows[r]
            filled = [cell for cell in row if cell]
            if not filled or [cell.text for cell in filled] == title:
                continue
            if last is None and self._ends(r, row, filled):
                break
            if is_total(row) and not self.totals:
                self._total(r, filled, sums.check(row))
            elif self.group and (text := self._heading(row)):
                heading = text
            else:
                sums.add(row)
                ordinals.see(r, row)
                yield self._record(r, row, heading, above)
        self.notes += ordinals.notes(self.grid.name)

    def _place(self, r: int) -> str:
        return f"{self.grid.name}!{r + 1}"

    def _stretch(self) -> None:
        """Give the value of vertically merged cells to every row that they cover."""
        for area in self.grid.merged:
            rows = self.grid.rows
            if area.top < self.header.data or area.bottom - area.top < 2 or area.top >= len(rows):
                continue
            value = rows[area.top][area.left] if area.left < len(rows[area.top]) else None
            for row in rows[area.top + 1 : area.bottom]:
                if value and any(row):
                    row.extend([None] * (area.left + 1 - len(row)))
                    row[area.left] = value

    def _ends(self, r: int, row: list[Cell | None], filled: list[Cell]) -> bool:
        """Whether the table ends here: signatures and remarks, or the header of another table."""
        if len(filled) > 1 and ordinal_column(row) is not None:
            vi, en = "Bảng thứ hai trên trang tính không được đọc", "A second table on the sheet was not read"
            fix = "header_rows: [dòng đầu, dòng cuối] / [first row, last row]"
            self.notes.append(note("second_table", f"{vi}; {fix}.", f"{en}; {fix}.", self._place(r)))
            return True
        if len(filled) <= 3 and not any(c.number for c in filled) and _FOOTER.match(fold(filled[0].text).strip(" -*")):
            text = " | ".join(" ".join(cell.text.split()) for cell in filled)
            self.notes.append(note("footer", f"Phần cuối bị bỏ: {text}", f"Footer left out: {text}", self._place(r)))
            return True
        return False

    def _total(self, r: int, filled: list[Cell], wrong: str) -> None:
        text = " | ".join(" ".join(cell.text.split()) for cell in filled)
        self.notes.append(note("total_row", f"Bỏ dòng tổng: {text}", f"Total row left out: {text}", self._place(r)))
        if wrong:
            vi, en = "Dòng tổng không bằng tổng các dòng", "The total is not the sum of its rows"
            self.notes.append(note("total_differs", f"{vi}: {wrong}.", f"{en}: {wrong}.", self._place(r)))

    def _heading(self, row: list[Cell | None]) -> str | None:
        """The text of a row that heads a group: one text alone, or a mark (I, A) and a text."""
        filled = [cell for cell in row if cell]
        if any(cell.number for cell in filled) or len(filled) > 2:
            return None
        if len(filled) == 2 and not _GROUP_MARK.match(filled[0].text.strip()):
            return None
        return " ".join(filled[-1].text.split())

    def _record(self, r: int, row: list[Cell | None], heading: str | None, above: dict[str, str]) -> Record:
        record: dict[str, str | int | None] = {}
        for column, cell in zip(self.columns, row[self.header.left :], strict=False):
            if cell:
                record[column] = cell.text
                above[column] = cell.text
            elif column in self.fill and column in above:
                record[column] = above[column]
        if self.group and not record.get(self.group):
            record[self.group] = heading
        return record | {LINE: r + 1}


class _Ordinals:
    """Watches the STT column: where it begins again, numbers that are missing."""

    def __init__(self, column: int | None) -> None:
        self._column = column
        self._last: int | None = None
        self._restarts: list[int] = []
        self._gaps: list[int] = []

    def see(self, r: int, row: list[Cell | None]) -> None:
        cell = row[self._column] if self._column is not None and self._column < len(row) else None
        if not cell or not cell.text.isdigit():
            return
        number = int(cell.text)
        if self._last is not None and number == 1:
            self._restarts.append(r + 1)
        elif self._last is not None and number not in (self._last, self._last + 1):
            self._gaps.append(r + 1)
        self._last = number

    def notes(self, sheet: str) -> Iterator[Note]:
        for code, rows, vi, en in (
            ("ordinal_restarts", self._restarts, "STT đánh lại từ 1 ở các dòng", "STT begins again at rows"),
            ("ordinal_gaps", self._gaps, "STT không liên tục ở các dòng", "STT is not continuous at rows"),
        ):
            if rows:
                shown = ", ".join(map(str, rows[:20])) + (" …" if len(rows) > 20 else "")
                yield note(code, f"{vi} {shown}.", f"{en} {shown}.", f"{sheet}!{rows[0]}")


class _Sums:
    """Sums of the number columns: of all rows, and of those since the last total."""

    def __init__(self) -> None:
        self._sums: tuple[dict[int, Decimal], dict[int, Decimal]] = ({}, {})
        self._rows = [0, 0]

    def add(self, row: list[Cell | None]) -> None:
        for i, sums in enumerate(self._sums):
            self._rows[i] += 1
            for c, value in _numbers(row).items():
                sums[c] = sums.get(c, Decimal(0)) + value

    def check(self, row: list[Cell | None]) -> str:
        """The totals of `row` that are no sum of their column, when others are, as text.

        A total may be the sum of all rows, of those since the last total, half of it (rows that head groups hold
        sub-totals), or a number of rows.
        """
        found = {c: self._fits(c, value) for c, value in _numbers(row).items()}
        wrong = [f"{value} ≠ {self._sums[0].get(c, 0)}" for c, value in _numbers(row).items() if not found[c]]
        self._sums[1].clear()
        self._rows[1] = 0
        return "; ".join(wrong) if any(found.values()) else ""

    def _fits(self, column: int, value: Decimal) -> bool:
        sums = [part.get(column, Decimal(0)) for part in self._sums]
        wanted = [*sums, *(one / 2 for one in sums), *map(Decimal, self._rows)]
        return any(abs(value - one) <= abs(value) / 1000 for one in wanted)


def _numbers(row: list[Cell | None]) -> Mapping[int, Decimal]:
    found: dict[int, Any] = {}
    for c, cell in enumerate(row):
        if cell and cell.number:
            try:
                found[c] = Decimal(cell.text)
            except InvalidOperation:
                continue
    return found
