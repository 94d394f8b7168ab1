"""The generator of sample sources: repeatable, within reserved ranges, polite to folders that are not its own."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.synthetic import Settings, Summary, generate
from lienthong.pipelines.synthetic.codepages import encode
from lienthong.pipelines.synthetic.identifiers import citizen_ids, legacy_agency_codes, tax_codes
from lienthong.pipelines.synthetic.places import places
from lienthong.pipelines.synthetic.workdays import WORKDAYS, after, position

SMALL = 0.008


def hashes(folder: Path) -> dict[str, str]:
    """Path -> sha256 of every file below the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    out = tmp_path_factory.mktemp("first")
    return out, generate(Settings(out, scale=SMALL, cases=700))


def test_same_order_same_bytes(first: tuple[Path, Summary], tmp_path: Path) -> None:
    generate(Settings(tmp_path, scale=SMALL, cases=700))
    assert hashes(tmp_path) == hashes(first[0])


def test_another_seed_gives_other_people_in_the_same_files(first: tuple[Path, Summary], tmp_path: Path) -> None:
    generate(Settings(tmp_path, scale=SMALL, cases=700, seed=7))
    mine, others = hashes(first[0]), hashes(tmp_path)
    assert mine.keys() == others.keys()
    assert [name for name in mine if mine[name] == others[name]] == []


def test_the_summary_tells_rows_and_defects(first: tuple[Path, Summary]) -> None:
    out, summary = first
    told = json.loads((out / "_truth" / "summary.json").read_text("utf-8"))
    assert told["synthetic"] is True
    assert told["files"] == summary.files
    assert {name for name in hashes(out) if not name.startswith("_truth")} == set(summary.files)
    assert sum(summary.defects.values()) == pl.read_csv(out / "_truth" / "defects.csv", infer_schema=False).height


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    generate(
        Settings(tmp_path, scale=SMALL, cases=100), lambda source, rows, total: seen.update({source: (rows, total)})
    )
    assert len(seen) == 8
    assert all(rows == total for rows, total in seen.values())


def test_a_smaller_sample_replaces_a_larger_one(first: tuple[Path, Summary], tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(first[0], out)
    (out / "one_stop" / "dongbohosomc_2019_01.jsonl").write_text("{}")
    (out / "kept.txt").write_text("not ours")
    generate(Settings(out, scale=SMALL, cases=0))
    assert list(out.glob("one_stop/*")) == []
    assert (out / "kept.txt").exists()


def test_a_folder_that_is_no_sample_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "personnel").mkdir()
    (tmp_path / "personnel" / "real.xlsx").write_bytes(b"real")
    with pytest.raises(Invalid, match="personnel"):
        generate(Settings(tmp_path, scale=SMALL))
    assert (tmp_path / "personnel" / "real.xlsx").read_bytes() == b"real"


@pytest.mark.parametrize("province", ["99", "0", "langson", ""])
def test_an_unknown_province_is_refused(province: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no province"):
        generate(Settings(tmp_path, province=province))


def test_impossible_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="scale"):
        Settings(tmp_path, scale=0)
    with pytest.raises(Invalid, match="cases"):
        Settings(tmp_path, cases=-1)


def test_tax_codes_have_the_right_check_digit() -> None:
    codes = tax_codes("49", 5000)
    assert codes.n_unique() == 5000
    weights = [31, 29, 23, 19, 17, 13, 7, 5, 3]
    for code in codes:
        rest = sum(w * int(digit) for w, digit in zip(weights, code, strict=False)) % 11
        assert rest != 0
        assert int(code[9]) == 10 - rest
        assert int(code[2:9]) >= 5_000_000


def test_citizen_ids_tell_birth_and_sex() -> None:
    ids = citizen_ids([20, 1, 20], [True, False, False], [1980, 1999, 2004], [0, 7, 99_999])
    assert ids.to_list() == ["020080900000", "001199900007", "020304999999"]


def test_old_agency_codes_are_the_new_ones_reversed() -> None:
    codes = pl.Series(["H37", "H37.05", "H37.30.02", "H37.101", "H37.15.001"])
    assert legacy_agency_codes(codes).to_list() == ["000.00.00.H37", "000.00.05.H37", "000.02.30.H37", "", ""]


def test_working_days_leave_out_tet_and_take_in_swapped_saturdays() -> None:
    days = set(WORKDAYS.astype(str))
    assert not days & {"2026-02-17", "2025-01-29", "2025-09-02", "2026-10-31"}
    assert {"2025-04-26", "2026-10-30"} <= days
    friday = np.array(["2026-02-13"], "datetime64[D]")
    assert after(position(friday), np.array([1])).astype(str).tolist() == ["2026-02-23"]


TEXT = "Hợp tác xã Nông nghiệp Đồng Đăng, thôn Khuổi Mươi, xã Ba Sơn: ắ ằ ẳ ẵ ặ ế ề ể ễ ệ ố ồ ổ ỗ ộ ứ ừ ử ữ ự ý ỳ ỷ ỹ ỵ"


@pytest.mark.parametrize(("encoding", "known_as"), [("tcvn3", "TCVN"), ("cp1258", "CP1258")])
def test_old_encodings_agree_with_iconv(encoding: str, known_as: str) -> None:
    if not shutil.which("iconv"):
        pytest.skip("no iconv")
    command = ["iconv", "-f", known_as, "-t", "UTF-8"]
    shown = subprocess.run(command, input=encode(TEXT, encoding), capture_output=True, check=True).stdout.decode()
    assert pl.Series([shown]).str.normalize("NFC").to_list() == [TEXT]


def test_toned_capitals_are_small_in_abc_fonts() -> None:
    assert encode("ĂÂÊÔƠƯĐ Ấm", "tcvn3") == encode("ĂÂÊÔƠƯĐ ấm", "tcvn3")


def test_units_before_and_since_the_reform() -> None:
    home = places("20")
    assert (home.old.height, home.districts.height, home.new.height) == (194, 11, 65)
    assert set(home.old["to"]) == set(range(65))
    assert (home.name, home.tax_prefix, home.agency_prefix) == ("Tỉnh Lạng Sơn", "49", "H37")
    merged = places("82")
    assert (merged.name, merged.old.height) == ("Tỉnh Đồng Tháp", 305)


def test_some_sources_only(tmp_path: Path) -> None:
    summary = generate(Settings(tmp_path, scale=SMALL, cases=100, only=("one-stop desk",)))
    assert {name.split("/")[0] for name in summary.files} == {"one_stop", "business_register"}
    with pytest.raises(Invalid, match="weather"):
        generate(Settings(tmp_path, only=("weather",)))
