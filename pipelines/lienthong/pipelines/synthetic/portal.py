"""The service portal: which level of online service each procedure has had, as a script of SQL Server."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from . import mess
from .agencies import Agencies
from .draw import Days, Ints, days_between, stream
from .places import Places
from .procedure_base import MERGER, ProcedureBase
from .settings import Settings
from .truth import Batch, Truth

SOURCE = "service portal"
PATH = "service_portal/muc_do_dvc.sql"
_COLUMNS = [
    "MaTTHC", "MaCoQuan", "ThangDo", "MucDo", "TuNgay", "DenNgay", "DiaChiTrucTuyen", "LyDoMotPhan",
    "ThanhToanTrucTuyen", "CanCu",
    "MoPhong",
]  # fmt: skip
_TYPES = [
    "varchar(30)",
    "varchar(35)",
    "varchar(10)",
    "varchar(15)",
    "date",
    "date",
    "nvarchar(300)",
    "nvarchar(300)",
    "bit",
    "nvarchar(50)",
    "bit",
]
_FOUR_ENDS, _TWO_STARTS, _DEFAULT = (
    np.datetime64("2022-08-14"),
    np.datetime64("2022-08-15"),
    np.datetime64("2026-07-01"),
)
_REASONS = [
    "Phải kiểm tra hiện trạng tại thực địa", "Phải nộp bản chính để đối chiếu",
    "Người nộp phải có mặt theo quy định của luật",
    "Kết quả phải ký trực tiếp vào sổ",
]  # fmt: skip
# Share of the online procedures that have reached level 3, and the years in which they did.
_RISE = [(0.055, "2014-01-01", "2016-12-15"), (0.15, "2017-01-10", "2017-12-20"), (0.30, "2018-01-10", "2018-12-20"),
         (0.57, "2019-01-10", "2021-12-20")]  # fmt: skip
_GROUP = 500
Level = tuple[str, str, Any, Any]
"""scheme, level, first day, last day (NaT: still)."""


def write(settings: Settings, home: Places, bodies: Agencies, base: ProcedureBase, truth: Truth) -> dict[str, int]:
    """Write the script; gives the rows of each file."""
    frame = _assignments(stream(settings.seed, SOURCE), home, bodies, base)
    batch = _ScriptBatch(truth, SOURCE, PATH, "MaTTHC", frame, stream(settings.seed, SOURCE, "mess"), 0)
    _spoil(batch)
    path = settings.out / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(_script(batch.frame)), encoding="utf-8", newline="\n")
    return {PATH: batch.frame.height}


def _assignments(rng: np.random.Generator, home: Places, bodies: Agencies, base: ProcedureBase) -> pl.DataFrame:
    codes, rows = bodies.frame["code"].to_list(), []
    rise = _rising(rng, base)
    for row, code in enumerate(base.code):
        for scheme, level, start, end in _levels(rng, base, row, rise[row]):
            online = level not in ("1", "2")
            common = {
                "MaTTHC": code, "ThangDo": scheme, "MucDo": level,
                "DiaChiTrucTuyen": f"{home.portal}/nop-ho-so/{code}" if online else "",
                "LyDoMotPhan": _REASONS[int(rng.integers(0, 4))] if level == "mot_phan" and start >= _DEFAULT else "",
                "ThanhToanTrucTuyen": "1" if level in ("4", "toan_trinh") else "0", "MoPhong": "1",
                "CanCu": _basis(scheme, start),
            }  # fmt: skip
            cut = base.department[row] != base.heir[row] and start < MERGER and not end < MERGER
            pieces = [(start, MERGER - 1), (MERGER, end)] if cut else [(start, end)]
            for first, last in pieces:
                owner = base.heir[row] if first >= MERGER else base.department[row]
                rows.append(
                    common
                    | {"MaCoQuan": codes[owner], "TuNgay": str(first), "DenNgay": "" if np.isnat(last) else str(last)}
                )
    return pl.DataFrame(rows).select(_COLUMNS)


def _basis(scheme: str, start: Any) -> str:
    """The decree the level rests on."""
    if start >= _DEFAULT:
        return "224/2026/NĐ-CP"
    return {"4-level": "43/2011/NĐ-CP", "2-level": "42/2022/NĐ-CP"}[scheme]


def _rising(rng: np.random.Generator, base: ProcedureBase) -> Days:
    """Day on which each procedure reached level 3; NaT when it never did."""
    chance = rng.random(len(base))
    days = np.full(len(base), np.datetime64("NaT"), "datetime64[D]")
    for share, first, last in reversed(_RISE):
        days = np.where(chance < share, days_between(rng, first, last, len(base)), days)
    return np.where(base.online & (days > base.first), days, np.datetime64("NaT"))


def _levels(rng: np.random.Generator, base: ProcedureBase, row: int, third: Any) -> Iterator[Level]:
    """The levels of one procedure, one after the other."""
    first, last = base.first[row], base.last[row]
    points: list[tuple[str, str, Any]] = []
    if first <= _FOUR_ENDS:
        points.append(("4-level", "2" if rng.random() < 0.8 else "1", max(first, np.datetime64("2011-08-01"))))
        if not np.isnat(third):
            points.append(("4-level", "3", third))
            fourth = third + int(rng.integers(60, 1200))
            if rng.random() < 0.6 and fourth < _FOUR_ENDS:
                points.append(("4-level", "4", fourth))
    if base.online[row]:
        start = max(first, _TWO_STARTS)
        whole = rng.random() < 0.45
        points.append(("2-level", "toan_trinh" if whole else "mot_phan", start))
        if not whole and start < _DEFAULT:
            points.append(("2-level", "toan_trinh" if rng.random() < 0.75 else "mot_phan", _DEFAULT))
    for place, (scheme, level, start) in enumerate(points):
        follows = points[place + 1][2] - 1 if place + 1 < len(points) else np.datetime64("NaT")
        end = min(follows, _FOUR_ENDS) if scheme == "4-level" and not np.isnat(follows) else follows
        end = _FOUR_ENDS if scheme == "4-level" and np.isnat(end) else end
        end = last if not np.isnat(last) and (np.isnat(end) or last < end) else end
        if np.isnat(end) or end >= start:
            yield scheme, level, start, end
    if row % 150 == 7 and base.online[row] and np.isnat(last):
        yield "proactive", f"CD{1 + row // 150 % 4}", _DEFAULT, np.datetime64("NaT")


def _spoil(batch: Batch) -> None:
    frame = batch.frame
    level = frame["MucDo"]
    batch.spoil("level unknown", "MucDo", mess.one_of(["5", "muc_do_3", "toan phan"]))
    batch.spoil("procedure unknown", "MaTTHC", mess.one_of(["1.999998", "2.999999"]))
    batch.spoil(
        "scheme past its end",
        "DenNgay",
        mess.one_of(["2023-06-30", "2024-12-31"]),
        (frame["DenNgay"] == "2022-08-14").to_numpy(),
    )
    batch.spoil("online without address", "DiaChiTrucTuyen", mess.blank)
    batch.spoil(
        "end to end without payment",
        "ThanhToanTrucTuyen",
        mess.always("0"),
        level.is_in(["4", "toan_trinh"]).to_numpy(),
    )
    batch.spoil("partial without reason", "LyDoMotPhan", mess.blank)
    batch.repeat("two levels on a day", "TuNgay", _next_days(frame["TuNgay"]))


def _next_days(days: pl.Series) -> pl.Series:
    return days.str.to_date().dt.offset_by("3d").dt.strftime("%Y-%m-%d")


class _ScriptBatch(Batch):
    """A tuple has its own line, below the line of its INSERT."""

    def line_of(self, rows: Ints) -> Ints:
        return _HEAD.count("\n") + rows // _GROUP * (_GROUP + 2) + rows % _GROUP + 2


_HEAD = (
    "-- Dữ liệu mô phỏng / synthetic data\nUSE [CongDVC]\nGO\nCREATE TABLE [dbo].[DVC_MucDo](\n"
    + ",\n".join(
        f"\t[{name}] [{kind.partition('(')[0]}]{''.join(kind.partition('(')[1:])} NULL"
        for name, kind in zip(_COLUMNS, _TYPES, strict=True)
    )
    + "\n)\nGO\n"
)


def _script(frame: pl.DataFrame) -> Iterator[str]:
    yield _HEAD
    into = f"INSERT INTO [dbo].[DVC_MucDo] ({', '.join(f'[{name}]' for name in _COLUMNS)}) VALUES\n"
    plain = [kind == "bit" for kind in _TYPES]
    for start in range(0, frame.height, _GROUP):
        part = frame[start : start + _GROUP]
        tuples = ["(" + ", ".join(map(_literal, row, plain)) + ")" for row in part.iter_rows()]
        yield into + ",\n".join(tuples) + ";\nGO\n"


def _literal(text: str, plain: bool) -> str:
    if not text:
        return "NULL"
    return text if plain else "N'" + text.replace("'", "''") + "'"
