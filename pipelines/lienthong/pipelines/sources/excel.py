"""Spreadsheets (.xlsx, .xls), opened by a child process with limits: a hostile file costs an error, no more.

Options: `sheet` (auto: the first visible one with a table; name, number, list or `*`: a column `_sheet` is added),
`header_rows` (auto; row or [first, last], from 1), `last_row`, `skip_total_rows` (true), `font_encoding` (true),
`subheader` (column for the rows that head a group), `fill_down` (columns whose empty cells take the value above).
"""

import json
import subprocess
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

from .parquet import write_records
from .raw import Options, RawTable, note

OPTIONS = frozenset({"sheet", "header_rows", "last_row", "skip_total_rows", "font_encoding", "subheader", "fill_down"})
NEEDS_FILE = True
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What opening one workbook may take: bytes of address space, seconds of CPU and of time, and the zip inside."""

    memory: int = 1536 * _MEGABYTE
    cpu: int = 300
    wall: float = 600
    entries: int = 5000
    unpacked: int = 1024 * _MEGABYTE
    ratio: int = 250


def read(path: Path, options: Options, work: Path, limits: Limits = Limits()) -> RawTable:
    """Read the table or tables of a workbook. Raises Invalid when it is no workbook, hostile, or has no table."""
    _check(path, limits)
    parquet = work / f"{path.name}.parquet"
    rows = parquet.with_suffix(".rows")
    answer = _ask(path, dict(options), rows, limits)
    if error := answer.get("error"):
        fix = Bilingual(**error["fix"]) if error["fix"] else None
        raise Invalid(Bilingual(**error["detail"]), place=error["place"], fix=fix)
    notes = tuple(note(*found) for found in answer["notes"])
    with rows.open(encoding="utf-8") as lines:
        count, columns = write_records(map(json.loads, lines), parquet, answer["columns"])
    rows.unlink()
    return RawTable(parquet, count, columns, answer["encoding"], None, notes)


def _check(path: Path, limits: Limits) -> None:
    """Refuse what is no workbook, and zip files made to blow up, before anything opens them."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[:4] == b"\xd0\xcf\x11\xe0":
        return
    if head[:2] != b"PK":
        kind = "HTML" if b"<" in head[:64] else "?"
        raise Invalid(
            both(f"Tệp không phải sổ tính Excel ({kind}).", f"The file is no Excel workbook ({kind})."),
            place=path.name,
            fix=both("Mở bằng Excel rồi lưu thành .xlsx.", "Open it in Excel and save it as .xlsx."),
        )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Invalid(both("Tệp .xlsx bị hỏng.", "The .xlsx file is damaged."), place=path.name) from error
    unpacked = sum(entry.file_size for entry in entries)
    dense = [e for e in entries if e.file_size > _MEGABYTE and e.file_size > limits.ratio * max(1, e.compress_size)]
    if len(entries) > limits.entries or unpacked > limits.unpacked or dense:
        found = f"{len(entries)} entries, {unpacked // _MEGABYTE} MB"
        found += "".join(f", {e.filename} {e.file_size // max(1, e.compress_size)}:1" for e in dense)
        raise Invalid(
            both(f"Tệp nén vượt giới hạn an toàn ({found}).", f"The packed file is over the safe limits ({found})."),
            place=path.name,
            fix=both(
                "Xóa vùng ô trống và lưu lại, hoặc chia nhỏ tệp.", "Delete blank areas and save again, or split it."
            ),
        )


def _ask(path: Path, options: dict[str, Any], rows: Path, limits: Limits) -> dict[str, Any]:
    """Let the child read the workbook; its answer."""
    request, answer = rows.with_suffix(".request.json"), rows.with_suffix(".answer.json")
    answer.unlink(missing_ok=True)
    asked = {"path": str(path), "options": options, "rows": str(rows), "answer": str(answer)} | asdict(limits)
    request.write_text(json.dumps(asked, ensure_ascii=False), "utf-8")
    command = [sys.executable, "-m", "lienthong.pipelines.sources.sheets.child", str(request)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.wall,
            check=False,
        )
        reason = _death(done.returncode, done.stderr.decode("utf-8", "replace"))
    except subprocess.TimeoutExpired:
        reason = f"> {limits.wall} s"
    if answer.exists():
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found
    raise Invalid(
        both(
            f"Đọc sổ tính vượt giới hạn bộ nhớ hoặc thời gian ({reason}).",
            f"Reading the workbook went over its limits of memory or time ({reason}).",
        ),
        place=path.name,
        fix=both(
            "Lưu lại chỉ trang tính cần dùng, xóa vùng ô trống, hoặc xuất CSV.",
            "Save only the sheet that is needed, delete blank areas, or export CSV.",
        ),
    )


def _death(code: int, errors: str) -> str:
    last = errors.strip().splitlines()[-1:] or [""]
    return f"signal {-code}" if code < 0 else f"exit {code} {last[0][:200]}".strip()
