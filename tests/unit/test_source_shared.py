"""Real files of agencies: what the readers were made for. Skipped where the real input is absent."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lienthong.pipelines.decode.syllables import is_vietnamese
from lienthong.pipelines.sources import RawTable, read


def frame(table: RawTable) -> pl.DataFrame:
    return pl.read_parquet(table.parquet)


@pytest.fixture
def truth(shared: Path, tmp_path: Path) -> pl.DataFrame:
    """The table from which the files in old encodings were made."""
    return frame(read(shared / "data/legacy_encodings/derived/dvhc_utf8_nfc.csv", "csv", {}, tmp_path / "truth"))


SHAPES = {
    "dvhc_utf8_bom.csv": ("utf-8", 1.0),
    "dvhc_utf8_nfd.csv": ("utf-8", 1.0),
    "dvhc_utf16le_tab.txt": ("utf-16-le", 1.0),
    "dvhc_cp1258_semicolon.csv": ("cp1258", 0.99),
    "dvhc_vni.csv": ("vni", 0.99),
    "dvhc_viscii.csv": ("viscii", 0.99),
    "dvhc_mojibake_utf8_as_cp1252.csv": ("utf-8-as-cp1252", 0.99),
    "dvhc_tcvn3.csv": ("tcvn3", 0.99),
    "dvhc_mixed_utf8_then_tcvn3.csv": ("utf-8+tcvn3", 0.99),
}
# The ABC fonts have no capitals with tones: these three names were written with a small letter.
NO_CAPITAL = {"Phường Ỷ La": "Phường ỷ La", "Xã Thượng Ấm": "Xã Thượng ấm", "Xã Phúc Ứng": "Xã Phúc ứng"}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_one_table_gives_the_same_table(
    shared: Path, tmp_path: Path, truth: pl.DataFrame, name: str
) -> None:
    table = read(shared / "data/legacy_encodings/derived" / name, "csv", {}, tmp_path)
    encoding, sure = SHAPES[name]
    assert table.encoding == encoding
    assert table.confidence is not None and table.confidence >= sure
    expected = truth.with_columns(pl.col(pl.String).replace(NO_CAPITAL)) if name == "dvhc_tcvn3.csv" else truth
    assert frame(table).equals(expected)
    assert table.rejected == 0


def test_a_report_in_an_old_font_gives_the_same_units(shared: Path, tmp_path: Path, truth: pl.DataFrame) -> None:
    source = shared / "data/legacy_encodings/derived/dvhc_tcvn3_merged_header.xls"
    table = read(source, "excel", {"subheader": "Địa bàn"}, tmp_path)
    found = frame(table)
    assert table.columns[:4] == (
        "STT", "Đơn vị hành chính trước sắp xếp / Mã xã", "Đơn vị hành chính trước sắp xếp / Tên",
        "Đơn vị hành chính trước sắp xếp / Huyện",
    )  # fmt: skip
    assert found[table.columns[1]].str.zfill(5).to_list() == truth["Mã xã"].to_list()
    names = truth["Tên đơn vị hành chính"].replace(NO_CAPITAL).to_list()
    assert found[table.columns[2]].to_list() == names
    assert found["Địa bàn"].to_list() == (truth["Huyện/thị xã/thành phố"] + " - " + truth["Tỉnh"]).to_list()
    assert {"total_row", "title", "ordinal_restarts"} <= {note.code for note in table.notes}


def test_the_workbooks_of_the_statistics_office_are_read(shared: Path, tmp_path: Path) -> None:
    books = sorted((shared / "data/admin/old_63/excel_2023").glob("*.xls"))
    assert len(books) == 63
    for book in books[::25]:
        table = read(book, "excel", {}, tmp_path)
        assert table.columns[:6] == ("Tỉnh Thành Phố", "Mã TP", "Quận Huyện", "Mã QH", "Phường Xã", "Mã PX")
        codes = frame(table).filter(pl.col("Phường Xã").is_not_null())["Mã PX"]
        assert codes.str.contains(r"^[0-9]{5}$").all()


def corpus(shared: Path) -> Iterator[Path]:
    yield from sorted((shared / "data/legacy_encodings/viparse_corpus/xls").glob("*/*.xls"))


def test_every_real_workbook_of_the_corpus_is_read(shared: Path, tmp_path: Path) -> None:
    """Nobody planned these reports to be read: each gives a table without a crash, and its words are Vietnamese."""
    books = list(corpus(shared))
    assert len(books) >= 15
    for book in books:
        table = read(book, "excel", {"sheet": "*"}, tmp_path)
        assert table.rows > 0, book.name
        assert table.encoding == book.parent.name, book.name
        texts = frame(table).select(pl.concat_str(pl.col(table.columns), separator=" ", ignore_nulls=True)).to_series()
        words = [word.strip('.,:;()-"“”+/…') for text in texts for word in text.split() if not word.isascii()]
        letters = [word for word in words if word.isalpha()]
        share = sum(map(is_vietnamese, letters)) / len(letters)
        assert share > 0.9, (book.name, share)


@pytest.mark.parametrize("name", ["tthc_bqp_207_raw.jsonl", "tthc_bqp_207_fixed.jsonl"])
def test_national_procedures_are_read(shared: Path, tmp_path: Path, name: str) -> None:
    source = shared / "data/procedures" / name
    table = read(source, "jsonl", {}, tmp_path)
    found = frame(table)
    assert (table.rows, table.rejected) == (207, 0)
    assert {"thu_tuc_id", "metadata.mã_thủ_tục", "content.kết_quả_thực_hiện", "tables.hinh_thuc_nop"} <= set(
        table.columns
    )
    first = json.loads(source.read_text("utf-8").splitlines()[0])
    assert json.loads(found["tables.hinh_thuc_nop"][0]) == first["tables"]["hinh_thuc_nop"]
    assert found["_line"].to_list() == list(range(1, 208))


@pytest.mark.parametrize("engine", ["postgres", "mssql", "oracle"])
def test_dumps_of_three_engines_hold_the_same_units(shared: Path, tmp_path: Path, engine: str) -> None:
    script = shared / f"data/admin/current_2026/{engine}_ImportData_vn_units.sql"
    found = frame(read(script, "sql_dump", {"table": "wards"}, tmp_path / engine))
    whole = json.loads((shared / "data/admin/current_2026/vn_units_full_2026-07-25.json").read_text("utf-8"))
    wards = {ward["Code"]: ward["FullName"] for province in whole for ward in province["Wards"]}
    assert dict(found.select("code", "full_name").rows()) == wards
    assert len(wards) == 3321


def area(ring: list[list[float]]) -> float:
    """Twice the signed area of a ring, in square degrees."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False))


def test_the_communes_of_the_country_are_stitched(shared: Path, tmp_path: Path) -> None:
    table = read(shared / "data/geo/communes_2025.topojson", "geojson", {}, tmp_path)
    assert (table.rows, table.rejected) == (3321, 0)
    ratios = []
    for shape, measured in frame(table).select("geometry", "areaKm2").rows():
        geometry: dict[str, Any] = json.loads(shape)
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        assert all(ring[0] == ring[-1] and len(ring) >= 4 for polygon in polygons for ring in polygon)
        square_km = sum(abs(area(polygon[0])) / 2 for polygon in polygons) * 111.2 * 106
        ratios += [square_km / float(measured)] if measured else []
    right = sum(0.7 < ratio < 1.4 for ratio in ratios) / len(ratios)
    assert right > 0.97  # a ring put together wrongly has another area; islands are drawn with their sea


def test_full_detail_of_a_province_is_read(shared: Path, tmp_path: Path) -> None:
    with tarfile.open(shared / "data/geo/full_detail_20_lang_son.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    commune = next((tmp_path / "20_lang_son/wards").glob("06415_*.geojson"))
    table = read(commune, "geojson", {}, tmp_path / "work")
    assert frame(table).select("code", "fullName").row(0) == ("06415", "Xã Vân Nham")


def test_pairs_agree_with_an_independent_crosswalk(shared: Path, tmp_path: Path) -> None:
    other = pl.read_csv(shared / "data/admin/crosswalk/admin_crosswalk_old_new.csv", infer_schema=False)
    theirs = set(other.select(pl.coalesce("old_commune_code", "old_district_code"), pl.col("new_commune_code")).rows())
    table = read(Path("x"), "vietnam_admin_units", {"table": "changes"}, tmp_path)
    ours = set(frame(table).filter(pl.col("new_code").str.len_chars() == 5).select("old_code", "new_code").rows())
    assert len(ours & theirs) / len(ours | theirs) > 0.99
