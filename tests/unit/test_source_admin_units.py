"""The administrative units of both states of the country, as the package holds them and as the law made them."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import read
from lienthong.pipelines.sources.vietnam_admin_units import english

pytest.importorskip("vietnamadminunits")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return load("units", tmp_path_factory)


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return load("changes", tmp_path_factory)


def load(table: str, factory: pytest.TempPathFactory) -> pl.DataFrame:
    found = read(Path("package:vietnamadminunits"), "vietnam_admin_units", {"table": table}, factory.mktemp(table))
    return pl.read_parquet(found.parquet)


def valid(units: pl.DataFrame, day: str) -> pl.DataFrame:
    """The units in force on a day."""
    return units.filter((pl.col("valid_from") <= day) & (pl.col("valid_to").fill_null("9999-12-31") >= day))


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2025-06-30", {"province": 63, "district": 696, "commune": 10_035}),
        ("2025-07-01", {"province": 34, "commune": 3_321}),
    ],
)
def test_the_country_is_whole_on_both_sides_of_the_reform(
    units: pl.DataFrame, day: str, counts: dict[str, int]
) -> None:
    assert dict(valid(units, day)["level"].value_counts().rows()) == counts


def test_a_code_means_one_unit_at_a_time(units: pl.DataFrame) -> None:
    assert units.select("code", "valid_from").is_unique().all()
    for day in ("2025-06-30", "2025-07-01"):
        assert valid(units, day)["code"].is_unique().all()


def test_codes_keep_their_zeros_and_their_length(units: pl.DataFrame) -> None:
    length = {"province": 2, "district": 3, "commune": 5}
    for level, wanted in length.items():
        assert set(units.filter(pl.col("level") == level)["code"].str.len_chars()) == {wanted}
    assert "01" in units["code"]


def test_every_parent_is_in_force_with_its_unit(units: pl.DataFrame) -> None:
    for day in ("2025-06-30", "2025-07-01"):
        now = valid(units, day)
        level = dict(now.select("code", "level").rows())
        above = {"province": None, "district": "province", "commune": "district" if day < "2025-07" else "province"}
        for parent, child in now.select("parent_code", "level").rows():
            assert level.get(parent) == above[child]
        assert set(now["province_code"]) == set(now.filter(pl.col("level") == "province")["code"])


def test_a_province_that_was_not_merged_goes_on_in_one_row(units: pl.DataFrame) -> None:
    provinces = units.filter(pl.col("level") == "province")
    lasting = provinces.filter(pl.col("valid_to").is_null() & (pl.col("valid_from") < "2025"))
    assert sorted(lasting["code"]) == ["01", "04", "11", "12", "14", "20", "22", "38", "40", "42", "46"]
    assert provinces.filter(pl.col("code") == "20")["name_vi"].to_list() == ["Tỉnh Lạng Sơn"]


def test_a_code_used_again_has_a_row_for_each_meaning(units: pl.DataFrame) -> None:
    meanings = units.filter(pl.col("code") == "80").select("name_vi", "valid_from", "valid_to", "legal_basis").rows()
    assert meanings == [
        ("Tỉnh Long An", "2004-01-01", "2025-06-30", None),
        ("Tỉnh Tây Ninh", "2025-07-01", None, "202/2025/QH15"),
    ]


def test_values_of_one_commune(units: pl.DataFrame) -> None:
    [row] = units.filter((pl.col("code") == "00004") & (pl.col("valid_from") == "2025-07-01")).to_dicts()
    del row["_line"]
    assert row == {
        "code": "00004", "level": "commune", "name_vi": "Phường Ba Đình", "name_en": "Ba Dinh Ward",
        "unit_type": "Phường", "parent_code": "01", "province_code": "01", "valid_from": "2025-07-01",
        "valid_to": None, "legal_basis": "1656/NQ-UBTVQH15", "area_km2": "2.97", "population": None,
        "lat": "21.0386", "lon": "105.838", "geom": None,
    }  # fmt: skip


def test_names_are_clean_and_types_are_legal(units: pl.DataFrame) -> None:
    assert not units["name_vi"].str.contains(r"  |<|\u00d0|Thành Phố|Thị Trấn|Thị Xã").any()
    assert (units["name_vi"] == units["name_vi"].str.normalize("NFC")).all()
    assert set(units["unit_type"]) == {
        "Tỉnh", "Thành phố trực thuộc trung ương", "Quận", "Huyện", "Thị xã", "Thành phố thuộc tỉnh", "Phường", "Xã",
        "Thị trấn", "Đặc khu",
    }  # fmt: skip
    assert units.filter(pl.col("unit_type") == "Đặc khu")["valid_from"].to_list() == ["2025-07-01"] * 13


@pytest.mark.parametrize(
    ("name", "kind", "wanted"),
    [("Phường 12", "Phường", "Ward 12"), ("Thành phố Hà Nội", "Thành phố", "Hanoi City"),
     ("Xã Đắk Ơ", "Xã", "Dak O Commune"), ("Đặc khu Côn Đảo", "Đặc khu", "Con Dao Special Zone")],
)  # fmt: skip
def test_english_names(name: str, kind: str, wanted: str) -> None:
    assert english(name, kind) == wanted


def test_every_old_commune_has_a_successor_and_every_new_one_a_predecessor(
    units: pl.DataFrame, changes: pl.DataFrame
) -> None:
    before, after = valid(units, "2025-06-30"), valid(units, "2025-07-01")
    communes = changes.filter(pl.col("old_code").str.len_chars() != 2)
    islands = {"318", "471", "498", "536", "755"}
    assert set(communes["old_code"]) == set(before.filter(pl.col("level") == "commune")["code"]) | islands
    assert set(communes["new_code"]) == set(after.filter(pl.col("level") == "commune")["code"])
    assert changes.select("old_code", "new_code").is_unique().all()


def test_a_unit_with_several_successors_is_marked_partial(changes: pl.DataFrame) -> None:
    several = changes.group_by("old_code").len().filter(pl.col("len") > 1)["old_code"]
    divided = changes.filter(pl.col("old_code").is_in(several.to_list()))
    assert set(divided["overlap_type"]) == {"partial"}
    assert set(divided["change_type"]) == {"part", "split"}
    assert divided["old_code"].n_unique() > 400


@pytest.mark.parametrize(
    ("old", "new", "kind", "overlap"),
    [
        ("80", "80", "merge", "full"),  # Long An into Tây Ninh, which took its code
        ("72", "80", "merge", "full"),
        ("318", "11948", "status_change", "full"),  # huyện Bạch Long Vĩ became a special zone
        ("00016", "00008", "split", "partial"),  # phường Ngọc Hà was divided
    ],
)
def test_known_changes(changes: pl.DataFrame, old: str, new: str, kind: str, overlap: str) -> None:
    [row] = changes.filter((pl.col("old_code") == old) & (pl.col("new_code") == new)).to_dicts()
    assert (row["change_type"], row["overlap_type"]) == (kind, overlap)
    assert (row["old_valid_to"], row["effective_date"]) == ("2025-06-30", "2025-07-01")


def test_a_province_that_goes_on_has_no_change(changes: pl.DataFrame) -> None:
    provinces = changes.filter(pl.col("old_code").str.len_chars() == 2)
    assert (provinces.height, provinces["new_code"].n_unique()) == (52, 23)
    assert "20" not in provinces["old_code"]


def test_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no table 'x'.*units"):
        read(Path("package:vietnamadminunits"), "vietnam_admin_units", {"table": "x"}, tmp_path)


def test_the_package_itself_is_not_imported(tmp_path: Path) -> None:
    """Importing it would import geopy and shapely; pandas is never wanted."""
    code = (
        "import sys; from pathlib import Path; from lienthong.pipelines.sources import read\n"
        f"read(Path('x'), 'vietnam_admin_units', {{}}, Path({str(tmp_path)!r}))\n"
        "print({'vietnamadminunits', 'pandas', 'shapely', 'geopy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
