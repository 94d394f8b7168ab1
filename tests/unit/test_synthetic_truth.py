"""The truth about injected defects: each entry leads to its line and value; the rates are those measured."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lienthong.pipelines.sources import read
from lienthong.pipelines.synthetic import Settings, generate

RATES = Path(__file__).parents[2] / "pipelines/lienthong/pipelines/synthetic/data/defects.csv"
READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".xlsx": ("excel", {"sheet": "Danh sách"}),
    ".csv": ("csv", {}),
    ".txt": ("csv", {}),
    ".jsonl": ("jsonl", {}),
    ".sql": ("sql_dump", {"table": "DVC_MucDo"}),
}
# Part of the rows only: the rate is of what can go wrong that way.
FOLDERS = {
    "agency register": "agency_register/*", "personnel": "personnel/ho_so_*", "posts": "personnel/qua_*",
    "business register": "business_register/doanh_*", "business lines": "business_register/nganh_*",
    "procedure database": "procedure_database/*", "service portal": "service_portal/*", "one-stop desk": "one_stop/*",
    "legal index": "legal_index/*", "connection register": "connection_register/*",
}  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("spoiled")
    generate(Settings(out, scale=0.12, cases=12_000))
    return out


@pytest.fixture(scope="module")
def truth(sample: Path) -> list[dict[str, str]]:
    with (sample / "_truth" / "defects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rows(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Every file but the messages, as the project's own readers give it."""
    work = tmp_path_factory.mktemp("work")
    found = {}
    for path in sorted(sample.rglob("*.*")):
        name = str(path.relative_to(sample))
        if not name.startswith(("_truth", "one_stop")):
            reader, options = READERS[path.suffix]
            table = read(path, reader, options, work / name)
            assert table.rejected == 0, name
            found[name] = pl.read_parquet(table.parquet)
    return found


def at_path(record: Any, path: str) -> Any:
    """The value at `tables.hinh_thuc_nop[1].phi_le_phi`."""
    for key, place in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        record = record[int(place)] if place else record[key]
    return record


def test_every_defect_of_a_row_is_where_the_truth_says(
    sample: Path, truth: list[dict[str, str]], rows: dict[str, pl.DataFrame]
) -> None:
    wanted = [entry for entry in truth if not entry["file"].startswith(("one_stop", "procedure"))]
    assert len(wanted) > 1000
    cells: dict[str, dict[int, dict[str, Any]]] = {}
    for entry in wanted:
        file = entry["file"]
        if file not in cells:
            cells[file] = {row["_line"]: row for row in rows[file].iter_rows(named=True)}
        value = cells[file][int(entry["line"])][entry["field"]] or ""
        # The readers give NFC and trim blanks at the ends.
        same = pl.Series([entry["raw"]]).str.normalize("NFC").str.strip_chars()[0]
        assert pl.Series([value]).str.normalize("NFC").str.strip_chars()[0] == same, entry


def test_every_defect_of_a_record_is_where_the_truth_says(sample: Path, truth: list[dict[str, str]]) -> None:
    lines: dict[str, list[Any]] = {}
    seen = Counter[str]()
    for entry in truth:
        if not entry["file"].startswith(("one_stop", "procedure")):
            continue
        if entry["file"] not in lines:
            lines[entry["file"]] = [json.loads(line) for line in (sample / entry["file"]).open(encoding="utf-8")]
        record = lines[entry["file"]][int(entry["line"]) - 1]
        if entry["item"]:
            record = record["data"][int(entry["item"]) - 1]
            assert entry["key"] == record["MaHoSo"] or entry["field"] == "MaHoSo"
        value = at_path(record, entry["field"])
        assert (value or "") == entry["raw"], entry
        seen[entry["kind"]] += 1
    assert len(seen) > 30


def test_what_is_right_differs_from_what_is_written(truth: list[dict[str, str]]) -> None:
    assert [entry for entry in truth if entry["raw"] == entry["right"] and entry["raw"]] == []
    assert {entry["expected"] for entry in truth} == {"quarantine", "repair", "warn"}


def test_a_row_has_one_defect_at_most(truth: list[dict[str, str]]) -> None:
    places = Counter((e["file"], e["line"], e["item"]) for e in truth if not e["file"].startswith("procedure"))
    assert max(places.values()) == 1


@pytest.mark.parametrize(
    "kind",
    [
        ("personnel", "citizen id lost zero"), ("personnel", "date as serial"), ("posts", "decision prefix"),
        ("business register", "placeholder"), ("business lines", "no main line"),
        ("service portal", "online without address"),
        ("one-stop desk", "overdue flag wrong"), ("one-stop desk", "late message"), ("one-stop desk", "id in text"),
        ("procedure database", "decision prefix"),
    ],
    ids=lambda kind: kind[1],
)  # fmt: skip
def test_rates_are_those_of_the_table(
    kind: tuple[str, str], sample: Path, truth: list[dict[str, str]], rows: dict[str, pl.DataFrame]
) -> None:
    source, name = kind
    rate = next(
        float(r["rate"]) for r in csv.DictReader(RATES.open(encoding="utf-8")) if (r["source"], r["kind"]) == kind
    )
    names = {str(path.relative_to(sample)) for path in sample.glob(FOLDERS[source])}
    total = 12_000 if source == "one-stop desk" else sum(rows[file].height for file in names)
    count = sum(entry["kind"] == name and entry["file"] in names for entry in truth)
    assert 0.85 * rate * total - 6 <= count <= 1.15 * rate * total + 6


@pytest.mark.parametrize(
    ("kind", "table", "of", "measured"),
    [
        ("duration unreadable", "hinh_thuc_nop", None, 56 / 462),
        ("fee unreadable", "hinh_thuc_nop", None, 39 / 462),
        ("online without address", "hinh_thuc_nop", "Trực tuyến", 78 / 88),
        ("basis not in the index", "can_cu_phap_ly", None, 421 / 751),
    ],
)
def test_nested_rates_are_those_of_real_records(
    kind: str, table: str, of: str | None, measured: float, sample: Path, truth: list[dict[str, str]]
) -> None:
    records = [json.loads(line) for path in sample.glob("procedure_database/*") for line in path.open(encoding="utf-8")]
    cells = [cell for record in records for cell in record["tables"][table] if of is None or cell["hinh_thuc"] == of]
    count = sum(entry["kind"] == kind and entry["file"].startswith("procedure") for entry in truth)
    assert count / len(cells) == pytest.approx(measured, rel=0.06)


def test_messages_are_full_and_the_last_state_wins(sample: Path) -> None:
    again = 0
    for path in sample.glob("one_stop/*"):
        messages = [json.loads(line) for line in path.open(encoding="utf-8")]
        assert [len(message["data"]) for message in messages[:-1]] == [500] * (len(messages) - 1)
        assert {message["service"] for message in messages} == {"DongBoHoSoMC"}
        assert messages[0]["isUpdating"] is False
        newest: dict[str, dict[str, Any]] = {}
        for item in (item for message in messages for item in message["data"]):
            known = newest.get(item["MaHoSo"])
            again += known is not None
            if known is None or item["ThoiGianDongBo"] >= known["ThoiGianDongBo"]:
                newest[item["MaHoSo"]] = item
        assert all(item["TrangThaiHoSo"] != "processing" or not item["NgayKetThucXuLy"] for item in newest.values())
    assert 0.02 * 12_000 < again < 0.04 * 12_000


def test_no_defect_of_another_source_keeps_a_case_out(truth: list[dict[str, str]], sample: Path) -> None:
    """Bodies and procedures that cases name are never put in quarantine themselves."""
    items = [
        i for p in sample.glob("one_stop/*") for line in p.open(encoding="utf-8") for i in json.loads(line)["data"]
    ]
    named = {item["MaDonVi"] for item in items} | {item["MaTTHC"] for item in items}
    out = [entry for entry in truth if entry["expected"] == "quarantine"]
    bodies = {entry["right"] or entry["key"] for entry in out if entry["file"].startswith("agency")}
    assert bodies and not bodies & named
    versions = Counter[str]()
    for path in sample.glob("procedure_database/*"):
        versions.update(json.loads(line)["metadata"]["mã_thủ_tục"] for line in path.open(encoding="utf-8"))
    lost = Counter(entry["key"] for entry in out if entry["file"].startswith("procedure"))
    assert lost and all(times < versions[code] for code, times in lost.items())
