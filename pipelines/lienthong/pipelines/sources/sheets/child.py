"""The process that opens a workbook: `python -m lienthong.pipelines.sources.sheets.child request.json`.

The request names the workbook, the reader's options, the limits and the files for the rows and for the answer. The
answer is JSON: what `excel.read` needs, or the problem. Limits are set before the workbook is touched.
"""

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid, Problem
from lienthong.kernel.text import both

from ..raw import Note, Options, note
from .grid import Grid, open_grids
from .header import Header, find_header, header_at
from .table import Table

SHEET = "_sheet"
"""The column that names the sheet of a record, when several sheets are read."""


def main(request_file: str) -> None:
    """Answer one request."""
    request = json.loads(Path(request_file).read_text("utf-8"))
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["unpacked"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path = Path(request["path"])
    try:
        answer = _answer(path, request["options"], Path(request["rows"]))
    except Problem as problem:
        answer = {"error": _problem(problem)}
    except MemoryError:
        raise
    except Exception as error:  # readers raise what they like on a damaged workbook
        vi, en = "Không mở được sổ tính", "The workbook cannot be opened"
        wrong = Invalid(both(f"{vi}: {error}.", f"{en}: {error}."), place=path.name)
        answer = {"error": _problem(wrong)}
    Path(request["answer"]).write_text(json.dumps(answer, ensure_ascii=False), "utf-8")


def _problem(problem: Problem) -> dict[str, Any]:
    fix = problem.fix.model_dump() if problem.fix else None
    return {"detail": problem.detail.model_dump(), "place": problem.place, "fix": fix}


def _answer(path: Path, options: Options, rows: Path) -> dict[str, Any]:
    """Write the records to `rows`, one JSON object a line; say what they are."""
    grids = list(open_grids(path, bool(options.get("font_encoding", True))))
    notes = [_hidden(grid) for grid in grids if grid.hidden and any(grid.rows)]
    tables = _tables(path, grids, options)
    several = len(tables) > 1
    columns: dict[str, None] = {}
    with rows.open("w", encoding="utf-8") as out:
        for table in tables:
            notes += _title(table)
            columns |= dict.fromkeys(table.columns)
            for record in table.records(options.get("last_row")):
                named = {**record, SHEET: table.grid.name} if several else record
                out.write(json.dumps(named, ensure_ascii=False) + "\n")
            notes += table.notes
    columns |= dict.fromkeys([options["subheader"]] if options.get("subheader") else [])
    columns |= dict.fromkeys([SHEET] if several else [])
    encodings = sorted({encoding for table in tables for encoding in table.grid.encodings})
    return {
        "columns": list(columns),
        "encoding": "+".join(encodings) or None,
        "notes": [[found.code, found.text.vi, found.text.en, found.place] for found in notes],
    }


def _tables(path: Path, grids: list[Grid], options: Options) -> list[Table]:
    tables = [
        Table(
            grid,
            header,
            group=str(options["subheader"]) if options.get("subheader") else None,
            fill=frozenset(options.get("fill_down", ())),
            totals=not options.get("skip_total_rows", True),
        )
        for grid in _chosen(path, grids, options.get("sheet", "auto"))
        if (header := _header(path, grid, options.get("header_rows", "auto")))
    ]
    if not tables:
        raise Invalid(
            both("Không tìm thấy bảng nào.", "No table was found."),
            place=path.name,
            fix=both("Ghi sheet và header_rows trong options.", "State sheet and header_rows in the options."),
        )
    return tables[:1] if options.get("sheet", "auto") == "auto" else tables


def _chosen(path: Path, grids: list[Grid], asked: Any) -> list[Grid]:
    """The sheets that are asked for: by name, by number from 1, several of these, `*`; `auto`: first with a table."""
    if asked in ("auto", "*"):
        return [grid for grid in grids if not grid.hidden]
    chosen: list[Grid] = []
    for one in asked if isinstance(asked, list) else [asked]:
        found = [g for i, g in enumerate(grids, 1) if one in (g.name, i)]
        if not found:
            names = ", ".join(grid.name for grid in grids)
            raise Invalid(
                both(f"Không có trang tính '{one}'.", f"There is no sheet '{one}'."),
                place=path.name,
                fix=both(f"Các trang tính: {names}.", f"The sheets are: {names}."),
            )
        chosen += found
    return chosen


def _header(path: Path, grid: Grid, asked: Any) -> Header | None:
    """The header as asked (row, or first and last row, from 1), or as found."""
    if asked == "auto":
        return find_header(grid)
    first, last = (asked, asked) if isinstance(asked, int) else asked
    if not 1 <= first <= last <= len(grid.rows):
        wrong = both(f"header_rows {asked} nằm ngoài trang tính.", f"header_rows {asked} is not on the sheet.")
        raise Invalid(wrong, place=f"{path.name}:{grid.name}", fix=f"1 … {len(grid.rows)}")
    return header_at(grid, first - 1, last - 1)


def _hidden(grid: Grid) -> Note:
    vi, en = f"Trang tính ẩn '{grid.name}' không được đọc.", f"The hidden sheet '{grid.name}' was not read."
    return note("hidden_sheet", vi, en, grid.name)


def _title(table: Table) -> Iterator[Note]:
    rows = table.grid.rows[: table.header.top]
    title = " | ".join(" ".join(cell.text.split()) for row in rows for cell in row if cell)
    if title:
        yield note("title", f"Tiêu đề: {title}", f"Title: {title}", f"{table.grid.name}!1")


if __name__ == "__main__":
    main(sys.argv[1])
