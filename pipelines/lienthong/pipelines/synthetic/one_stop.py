"""The one-stop desk: messages DongBoHoSoMC of 500 items, one a line, with repeats and late comers."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

from . import mess
from .agencies import Agencies
from .business_register import Applicants
from .desk import DONE, Cases, cases, days_of, desk_rows, lots
from .desk_sheet import LISTS, Applying, applying, earlier, sheet
from .draw import stream, where
from .places import Places
from .procedure_base import REFORM, ProcedureBase
from .settings import Progress, Settings
from .truth import MessageBatch, Notes, Truth

SOURCE = "one-stop desk"
LOT = 40_000


def write(
    settings: Settings, home: Places, bodies: Agencies, base: ProcedureBase, businesses: Applicants, truth: Truth,
    progress: Progress
) -> dict[str, int]:  # fmt: skip
    """Write the messages; gives the items of each file."""
    total, files = settings.case_count, {}
    days, counts = days_of(stream(settings.seed, SOURCE), total)
    who = applying(stream(settings.seed, SOURCE, "applicants"), home, total, businesses)
    desks = desk_rows(home, bodies.row_of())

    def lot(place: tuple[int, int, slice]) -> tuple[str, int, Notes]:
        (year, part, span), notes = place, Notes(truth.factor)
        rng = stream(settings.seed, SOURCE, year, part)
        made = cases(rng, home, base, desks, days[span], counts[span])
        frame = sheet(rng, home, bodies, base, who, made, int(counts[: span.start].sum()))
        path = f"one_stop/dongbohosomc_{year}_{part + 1:02d}.jsonl"
        batch = MessageBatch(notes, SOURCE, path, "MaHoSo", frame, stream(settings.seed, SOURCE, "mess", year, part), 1)
        _spoil(batch, home, bodies, base, made, who)
        _late(batch, made)
        batch.repeat("repeated item", "MaHoSo")
        return path, _messages(settings.out / path, batch.frame, len(made), home.agency_prefix), notes

    # Each lot has its own stream of chance: the bytes do not depend on which is made first.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for path, rows, notes in pool.map(lot, lots(days, counts, LOT)):
            files[path] = rows
            truth.save(notes)
            progress(SOURCE, min(sum(files.values()), total), total)
    return files


def _spoil(
    batch: MessageBatch, home: Places, bodies: Agencies, base: ProcedureBase, made: Cases, who: Applying
) -> None:
    frame, after, finished = batch.frame, made.day >= REFORM, made.status == DONE
    gone = sorted(set(home.old["code"]) - set(home.new["code"]))
    ended = [code for code, end in zip(bodies.frame["code"], bodies.frame["ended"], strict=True) if end == "2025-06-30"]
    offline = base.code.filter(~base.online).to_list()
    firm = (frame["LoaiDoiTuong"] == "2").to_numpy()
    batch.spoil("code pattern", "MaHoSo", lambda v, rng: v.str.replace_all("-", "/"))
    batch.spoil(
        "code of another day",
        "MaHoSo",
        lambda v, rng: v.str.replace(r"-(\d\d)(\d{4})-\d*(\d\d)$", "-${1}0101-9${2}${3}"),
    )
    batch.spoil("times out of order", "NgayTra", _before(frame["NgayNop"]), finished)
    batch.spoil("due before received", "NgayHenTra", _before(frame["NgayNop"]))
    batch.spoil("overdue flag wrong", "TinhTrangHan", lambda v, rng: v.replace(_OPPOSITE))
    batch.spoil("done without result", "NgayTra", mess.blank, finished)
    batch.spoil("procedure unknown", "MaTTHC", mess.one_of(["1.999998", "2.999999", "3.999997"]))
    batch.spoil("agency ended", "MaDonVi", mess.one_of(ended), after)
    batch.spoil("unit code not valid on the day", "MaXa", mess.one_of(gone), after)
    in_person = (frame["HinhThuc"] == "1").to_numpy()
    batch.spoil(
        "online without channel", "HinhThuc", mess.always("2"), in_person & frame["MaTTHC"].is_in(offline).to_numpy()
    )
    batch.spoil("applicant id cut", "MaDoiTuong", mess.digit_lost, ~firm)
    batch.spoil(
        "tax code lost zero", "MaDoiTuong", mess.zero_lost, firm & frame["MaDoiTuong"].str.starts_with("0").to_numpy()
    )
    batch.spoil("id in text", "TrichYeuHoSo", mess.id_inside(who.people.citizen_id))
    batch.spoil(
        "status misspelt",
        "TrangThaiHoSo",
        mess.always("procesing"),
        (frame["TrangThaiHoSo"] == "processing").to_numpy(),
    )
    batch.spoil("status unknown", "TrangThaiHoSo", mess.one_of(["9", "hoan thanh", "DONE?"]))
    batch.spoil("no time of receipt", "NgayTiepNhan", mess.blank)
    batch.spoil(
        "no such day",
        "NgayTiepNhan",
        lambda v, rng: v.str.replace(r"^\d\d/\d\d/", "31/02/").str.replace(r"^\d{8}(\d{6})$", "20251345${1}"),
    )
    batch.spoil("rescheduled twice", "SoLanHenLai", mess.one_of(["2", "3"]))
    batch.spoil("decomposed text", "ChuHoSo", mess.decomposed)
    batch.fill("placeholder", "Email", mess.placeholder)


_OPPOSITE = {
    "betimes": "overtime", "ontime": "overtime", "overtime": "ontime", "undue": "overdue", "overdue": "undue",
    "pausing": "overdue",
}  # fmt: skip


def _before(times: pl.Series) -> mess.Change:
    """A time long past, in the style of the value it replaces."""

    def change(values: pl.Series, rng: np.random.Generator) -> pl.Series:
        slashed = values.str.contains("/").to_numpy()
        return where(slashed, "05/01/2022 08:30:00", "20220105083000")

    return change


def _late(batch: MessageBatch, made: Cases) -> None:
    """Older states that come after the newer ones."""
    rows = batch.draw("late message", made.status == DONE)
    old = earlier(batch.frame, rows, made)
    right = batch.frame["TrangThaiHoSo"].gather(rows)
    start = batch.frame.height
    batch.frame = pl.concat([batch.frame, old])
    batch.free = np.concatenate([batch.free, np.zeros(len(rows), bool)])
    at = np.arange(start, start + len(rows), dtype=np.int64)
    batch.note("late message", "TrangThaiHoSo", at, old["MaHoSo"], old["TrangThaiHoSo"], right)


def _messages(path: Path, frame: pl.DataFrame, first_again: int, prefix: str) -> int:
    """Write the items as messages; those from `first_again` on are updates. No text holds a quote or a backslash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size, n = MessageBatch.size, frame.height
    row = np.arange(n)
    envelope = [
        f'{{"isUpdating": {flag}, "service": "DongBoHoSoMC", "MaDinhDanhDV": "000.00.00.{prefix}", "data": ['
        for flag in ("false", "true")
    ]  # fmt: skip
    opening = where(row % size == 0, where(row < first_again, envelope[0], envelope[1]), "")
    closing = where((row % size == size - 1) | (row == n - 1), "]}\n", ", ")
    pieces: list[pl.Expr] = [pl.lit(opening), pl.lit("{")]
    for place, name in enumerate(frame.columns):
        mark = "" if name in LISTS else '"'
        pieces += [pl.lit(f'{", " if place else ""}"{name}": {mark}'), pl.col(name)] + ([pl.lit(mark)] if mark else [])
    items = frame.select(pl.concat_str([*pieces, pl.lit("}"), pl.lit(closing)])).to_series()
    text = items.rechunk().to_arrow().cast("large_string")
    with path.open("wb") as file:
        file.write(text.buffers()[2])
    return n
