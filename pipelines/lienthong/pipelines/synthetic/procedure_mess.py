"""Defects in the procedure database, at the rates counted in real records of the national export."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from .draw import Ints
from .truth import Truth, lookup

_DURATIONS = [
    "Không quy định", "", "10-25", "Chậm nhất là ngay trước khi hết giờ làm việc", "Trong ngày",
    "Theo thỏa thuận của các bên",
    "Kể từ khi người làm thủ tục nộp đầy đủ các giấy tờ theo quy định",
]  # fmt: skip
_FEES = [
    "Phí : o Đồng", "Phí : Không Đồng", "Lệ phí : 1.5 USD", "Phí :  Đồng", "Lệ phí : 05 USD (một giấy phép)",
    "Phí : Mức thu bằng 70% mức thu phí quy định tại Thông tư số 249/2016/TT-BTC Đồng",
]  # fmt: skip
_PLACEHOLDER = "Không có thông tin"
Cell = tuple[dict[str, Any], str, str, int]
"""The object that holds the value, its key, the path shown in the truth, and the row."""


class Spoiler:
    """The records of one file; a record gets one defect that keeps it out, nested ones besides."""

    def __init__(
        self, truth: Truth, source: str, file: str, records: list[dict[str, Any]], rng: np.random.Generator
    ) -> None:
        self.truth, self.source, self.file, self.records, self.rng = truth, source, file, records, rng
        self.free = set(range(len(records)))

    def spoil(self) -> None:
        """Put all defects in."""
        self._row("no legal basis", "tables.can_cu_phap_ly", lambda _: [])
        channels = self._cells("hinh_thuc_nop", "thoi_han_giai_quyet")
        self._change("duration unreadable", channels, self._one_of(_DURATIONS), "")
        self._change("fee unreadable", self._cells("hinh_thuc_nop", "phi_le_phi"), self._one_of(_FEES), "")
        online = [cell for cell in self._cells("hinh_thuc_nop", "dia_chi_nop") if cell[0]["hinh_thuc"] == "Trực tuyến"]
        self._change("online without address", online, lambda _: "")
        self._change("basis not in the index", self._cells("can_cu_phap_ly", "so_ky_hieu"), self._unknown_basis, "")
        content = [cell for key in ("cơ_quan_phối_hợp", "cách_thức_thực_hiện") for cell in self._plain("content", key)]
        self._change("placeholder", content, lambda _: _PLACEHOLDER, "")
        self._derived()
        self._whole_rows()

    def _whole_rows(self) -> None:
        """Defects of the record's own fields: one a record at most."""
        # What keeps a version out hits one version of a code that has others: other sources name the code.
        spare = self._spare()
        self._row("code pattern", "thu_tuc_id", lambda code: code.replace(".", ""), spare)
        self._row("name missing", "metadata.tên_thủ_tục", lambda _: "", spare)
        self._row(
            "decision cut", "metadata.số_quyết_định", lambda text: f"Quyết định số {text.partition('/')[0]}", spare
        )
        self._row("district after the reform", "metadata.cấp_thực_hiện", lambda _: "Cấp Huyện", self._since_reform)
        self._row("published late", "metadata.ngày_công_khai", self._late)
        self._row(
            "reduced over statutory",
            "tong_hop.cat_giam_ngay",
            lambda _: "99",
            lambda r: r["tong_hop"]["thoi_han_ngay"] != "",
        )
        self._row("decision blank", "metadata.số_quyết_định", lambda text: text.replace("/", " /"))
        self._row("decision prefix", "metadata.số_quyết_định", lambda text: f"Quyết định số {text}")
        self._repeat()

    def _spare(self) -> Callable[[dict[str, Any]], bool]:
        """Is this the first version of a code that has several?"""
        times = Counter(record["metadata"]["mã_thủ_tục"] for record in self.records)
        return lambda r: r["metadata"]["phiên_bản"] == "1" and times[r["metadata"]["mã_thủ_tục"]] > 1

    def _cells(self, table: str, key: str) -> list[Cell]:
        return [
            (entry, key, f"tables.{table}[{place}].{key}", row)
            for row, record in enumerate(self.records)
            for place, entry in enumerate(record["tables"][table])
        ]

    def _plain(self, group: str, key: str) -> list[Cell]:
        return [(record[group], key, f"{group}.{key}", row) for row, record in enumerate(self.records)]

    def _one_of(self, texts: list[str]) -> Callable[[str], str]:
        return lambda _: texts[int(self.rng.integers(0, len(texts)))]

    def _unknown_basis(self, text: str) -> str:
        number, year = int(self.rng.integers(500, 999)), int(self.rng.integers(2012, 2026))
        return [f"{number}/{year}/TT-BTC", f"Thông tư số {number}/{year}/TT-BNV", f"{number}"][
            int(self.rng.integers(0, 3))
        ]

    def _late(self, text: str) -> str:
        day = datetime.strptime(text, "%d/%m/%Y") + timedelta(days=int(self.rng.integers(30, 90)))
        return f"{day:%d/%m/%Y}"

    @staticmethod
    def _since_reform(record: dict[str, Any]) -> bool:
        return str(record["metadata"]["ngày_hiệu_lực"]).endswith("07/2025")

    def _count(self, kind: str, of: int) -> int:
        wanted = lookup(self.source, kind)[2] * self.truth.factor * of
        return int(wanted) + int(self.rng.random() < wanted % 1)

    def _change(self, kind: str, cells: list[Cell], change: Callable[[str], str], right: str | None = None) -> None:
        """Spoil a share of the nested cells."""
        count = min(self._count(kind, len(cells)), len(cells))
        picked = [cells[place] for place in np.sort(self.rng.choice(len(cells), count, replace=False))] if count else []
        notes = []
        for holder, key, path, row in picked:
            good = holder[key]
            holder[key] = change(good)
            if holder[key] != good:
                notes.append((row, path, holder[key], good if right is None else right))
        self._note(kind, notes)

    def _row(
        self, kind: str, path: str, change: Callable[[Any], Any], among: Callable[[dict[str, Any]], bool] | None = None
    ) -> None:
        """Spoil a field of some records that are still good."""
        able = [row for row in sorted(self.free) if among is None or among(self.records[row])]
        count = min(self._count(kind, len(self.records)), len(able))
        notes = []
        for row in np.sort(self.rng.choice(able, count, replace=False)) if count else []:
            group, _, key = path.rpartition(".")
            holder = self.records[row][group] if group else self.records[row]
            good = holder[key]
            holder[key] = change(good)
            self.free.discard(int(row))
            notes.append((int(row), path, holder[key] or "", good if isinstance(good, str) else ""))
        self._note(kind, notes)

    def _repeat(self) -> None:
        able = sorted(self.free)
        count = min(self._count("repeated row", len(self.records)), len(able))
        notes = []
        for row in np.sort(self.rng.choice(able, count, replace=False)) if count else []:
            self.records.append(deepcopy(self.records[row]))
            notes.append((len(self.records) - 1, "thu_tuc_id", self.records[row]["thu_tuc_id"], ""))
        self._note("repeated row", notes)

    def _derived(self) -> None:
        """The provincial system could not read what is unreadable: its numbers are empty there."""
        for record in self.records:
            first = record["tables"]["hinh_thuc_nop"][0]
            if (
                not first["thoi_han_giai_quyet"].endswith(("làm việc", "Giờ"))
                or first["thoi_han_giai_quyet"] in _DURATIONS
            ):
                record["tong_hop"] |= {"thoi_han_ngay": "", "cat_giam_ngay": ""}
            if first["phi_le_phi"] in _FEES:
                record["tong_hop"]["le_phi_vnd"] = ""

    def _note(self, kind: str, notes: list[tuple[int, str, Any, Any]]) -> None:
        if not notes:
            return
        rows: Ints = np.array([note[0] for note in notes], np.int64)
        columns = [pl.Series("", [str(note[i]) for note in notes], dtype=pl.String) for i in (1, 2, 3)]
        keys = pl.Series("", [self.records[row]["metadata"]["mã_thủ_tục"] for row in rows], dtype=pl.String)
        raw = columns[1].replace("[]", "")
        cells: dict[str, pl.Series | str] = {
            "file": self.file,
            "key": keys,
            "field": columns[0],
            "raw": raw,
            "right": columns[2],
        }
        self.truth.add(self.source, kind, cells, rows + 1)
