"""Where the header of a sheet is, and what its columns are called.

National and document titles stand above; the header may take several rows with merged cells ("Trước sắp xếp" over
"Mã xã", "Tên"); a row that numbers the columns ("(1) (2) (3)") may stand below it.
"""

import re
from dataclasses import dataclass

from lienthong.kernel.text import fold

from .grid import Area, Cell, Grid

_ORDINAL = {"stt", "tt", "so tt", "s tt", "s.t.t", "so thu tu", "thu tu", "no", "no."}
_DEEPEST = 6
_SEARCHED = 40  # rows in which a header without STT is looked for
_NUMBERING = re.compile(r"\(?\s*(\d{1,2}|[a-zA-Z])\s*\)?(\s*=.*)?$")


@dataclass(frozen=True, slots=True)
class Header:
    """The header takes rows `top`..`bottom` (0-based); data begin at `data`. `names` are those of columns
    `left`, `left`+1, ...; `ordinal` is the column of STT; `numbering` tells that a row numbers the columns.
    """

    top: int
    bottom: int
    data: int
    left: int
    names: tuple[str, ...]
    ordinal: int | None
    numbering: bool = False


def find_header(grid: Grid) -> Header | None:
    """The header of the first table of a sheet; None for a sheet without a table."""
    filled = [sum(cell is not None for cell in row) for row in grid.rows]
    if not any(filled):
        return None
    top = next((r for r, row in enumerate(grid.rows) if filled[r] > 1 and ordinal_column(row) is not None), None)
    if top is None:
        titles = [r for r, row in enumerate(grid.rows[:_SEARCHED]) if filled[r] and _is_text(row)]
        least = max((filled[r] + 1) // 2 for r in titles) if titles else 0
        top = next((r for r in titles if filled[r] >= least), None)
    if top is None:
        return None
    numbering = (r for r in range(top + 1, min(top + _DEEPEST + 1, len(grid.rows))) if _numbers_columns(grid.rows[r]))
    return header_at(grid, top, next(numbering, _bottom(grid, top) + 1) - 1)


def header_at(grid: Grid, top: int, bottom: int) -> Header:
    """The header that takes rows `top`..`bottom`."""
    data = bottom + 1
    numbering = data < len(grid.rows) and _numbers_columns(grid.rows[data])
    names = _names(grid, top, bottom)
    below = [row for row in grid.rows[data:] if row]
    named = [c for c, name in enumerate(names) if name]
    left = min([*named[:1], *(next(c for c, cell in enumerate(row) if cell) for row in below)], default=0)
    right = max([*named[-1:], *(len(row) - 1 for row in below)], default=0)
    names = [*names, *[""] * (right + 1 - len(names))]
    ordinal = next((c for c, name in enumerate(names) if fold(name) in _ORDINAL), None)
    return Header(top, bottom, data + numbering, left, tuple(names[left : right + 1]), ordinal, numbering)


def ordinal_column(row: list[Cell | None]) -> int | None:
    """The column of a header row that is called STT."""
    return next((c for c, cell in enumerate(row) if cell and fold(cell.text) in _ORDINAL), None)


def _is_text(row: list[Cell | None]) -> bool:
    cells = [cell for cell in row if cell]
    return 2 * sum(cell.number for cell in cells) < len(cells)


def _bottom(grid: Grid, top: int) -> int:
    """The last row of the header that begins at `top`: merged cells reach down, or a row of sub-titles follows."""
    bottom, ordinal = top, ordinal_column(grid.rows[top])
    while bottom < top + _DEEPEST:
        spans = [area for area in grid.merged if top <= area.top <= bottom]
        lowest = max([bottom, *(area.bottom - 1 for area in spans if area.bottom - area.top <= _DEEPEST)])
        if lowest == bottom and bottom + 1 < len(grid.rows) and _is_subtitles(grid, spans, bottom, ordinal):
            lowest += 1
        if lowest == bottom:
            break
        bottom = lowest
    return min(bottom, len(grid.rows) - 1)


def _is_subtitles(grid: Grid, spans: list[Area], bottom: int, ordinal: int | None) -> bool:
    """Whether the row below `bottom` names the parts of wide cells of the header."""
    row = grid.rows[bottom + 1]
    cells = {c: cell for c, cell in enumerate(row) if cell}
    wide = {c for area in spans if area.bottom - 1 == bottom for c in range(area.left, area.right)
            if area.right - area.left > 1}  # fmt: skip
    if not cells or _numbers_columns(row):
        return False
    if wide and set(cells) <= wide:
        return len(cells) > 1
    told = ordinal is not None and ordinal not in cells
    return told and len(cells) > 2 and _is_text(row) and not is_total(row)


def _numbers_columns(row: list[Cell | None]) -> bool:
    """Whether a row numbers the columns: 1, 2, 3 or (1), (2) or A, B, 1, 2."""
    marks = [_NUMBERING.match(cell.text.strip()) for cell in row if cell]
    if len(marks) < 3 or not all(marks):
        return False
    digits = [int(mark[1]) for mark in marks if mark and mark[1].isdigit()]
    return len(digits) > 1 and digits == list(range(digits[0], digits[0] + len(digits))) and digits[0] <= 2


def _names(grid: Grid, top: int, bottom: int) -> list[str]:
    """Header texts by column, from top to bottom, joined by " / "; a merged cell gives its text to all it covers."""
    width = max((len(row) for row in grid.rows[top : bottom + 1]), default=0)
    width = max([width, *(area.right for area in grid.merged if top <= area.top <= bottom)])
    texts: list[list[str]] = [[] for _ in range(width)]
    for r in range(top, bottom + 1):
        covered = {c: (area.top, area.left) for area in grid.merged if area.top <= r < area.bottom
                   for c in range(area.left, area.right)}  # fmt: skip
        for c in range(width):
            row, column = covered.get(c, (r, c))
            cell = grid.rows[row][column] if top <= row and column < len(grid.rows[row]) else None
            text = " ".join(cell.text.split()) if cell else ""
            if text and text not in texts[c][-1:]:
                texts[c].append(text)
    return [" / ".join(parts) for parts in texts]


_TOTAL = re.compile(r"(tổng cộng|tổng số|tổng|cộng|tong cong|cong|total)\s*([:(].*)?$|tổng cộng\b.*")


def is_total(row: list[Cell | None]) -> bool:
    """Whether a row is a total: one of its first texts is "Cộng", "Tổng cộng", "Tổng số"."""
    first = [cell.text for cell in row[:4] if cell and not cell.number][:2]
    return any(_TOTAL.match(" ".join(text.casefold().split()).strip(" .-")) for text in first)
