"""Every mistake in a contract is told with its line and a fix, in two languages, all at once."""

import shutil
from pathlib import Path

import pytest

from lienthong.contract.finding import Finding
from lienthong.contract.linter import lint
from lienthong.contract.loader import load, load_all, read_all
from lienthong.kernel.problem import Invalid

SAMPLES = Path(__file__).parent / "contract_samples"
SHOPS = "trade_office/shops/contract.yaml"
VISITS = "trade_office/visits/contract.yaml"
UNITS = "registry_office/units/contract.yaml"

# file, text, what it becomes, the line that is blamed, words of the detail, words of the fix
MISTAKES = [
    (SHOPS, "logicalType: money", "logicaltype: money", "logicaltype", "unknown key 'logicaltype'", "'logicalType'"),
    (SHOPS, "logicalType: money", "logicalType: mony", "mony", "no logical type 'mony'", "'money'"),
    (SHOPS, "    classification: personal\n", "", "owner_name", "'classification' is missing", "classified"),
    (SHOPS, "classification: personal", "classification: privat", "privat", "unknown value", "personal"),
    (
        SHOPS,
        "classification: personal",
        "classification: personal\n    open: publish",
        "open: publish",
        "owner_name",
        "aggregate",
    ),
    (SHOPS, "primaryKey: [shop_code]", "primaryKey: [shop_cod]", "primaryKey", "shop_cod", "'shop_code'"),
    (SHOPS, "    required: true\n", "", "primaryKey", "may be missing", "required: true"),
    (SHOPS, "options: {min: 0}", "options: {mim: 0}", "mim", "unknown option 'mim'", "money"),
    (SHOPS, "options: {min: 0}", "options: {min: no}", "min: no", "must be a number", "money"),
    (SHOPS, "list: shop_kind", "list: shop_kinds", "shop_kinds", "no list 'shop_kinds'", "enum"),
    (SHOPS, "at: opened_on", "at: opened", "at: opened", "no date field", "'opened_on'"),
    (SHOPS, '["0100109106"]', '["0100109107"]', "examples", "tax code", "example"),
    (SHOPS, "name: closed_on", "name: unit_code_from", "name: unit_code_from", "twice", "rename"),
    (SHOPS, "name: closed_on", "name: limit", "name: limit", "word of queries", "another name"),
    (SHOPS, "name: closed_on", "name: ClosedOn", "name: ClosedOn", "wrong form", "[a-z]"),
    (SHOPS, "to: units", "to: unit", "to: unit", "unknown dataset 'unit'", "'units'"),
    (SHOPS, "on: {unit_code: code}", "on: {unit: code}", "on: {unit", "no field 'unit'", "'unit_code'"),
    (SHOPS, "on: {unit_code: code}", "on: {unit_code: cod}", "on: {unit_code", "no field 'cod'", "'code'"),
    (SHOPS, "on: {unit_code: code}", "on: {opened_on: code}", "on: {opened_on", "differ", "one type"),
    (SHOPS, "inverse: {name: shops", "inverse: {name: code", "inverse", "taken in units", "another name"),
    (SHOPS, "  - name: unit\n", "  - name: kind\n", "- name: kind", "taken", "another name"),
    (SHOPS, "column_A: closed_on", "column_A: closed", "column_A", "no column 'closed'", "'closed_on'"),
    (SHOPS, "expectation: expect_", "expectation: expects-", "expects-", "no expectation", "expect_"),
    (SHOPS, "theme: ECON", "theme: ECO", "theme: ECO", "unknown theme", "'ECON'"),
    (SHOPS, "updateFrequency: P1D", "updateFrequency: daily", "daily", "no duration", "P1D"),
    (SHOPS, 'spatial: "20"', "spatial: Lạng Sơn", "spatial", "coverage", "VN"),
    (SHOPS, "email: thuongmai@example.gov.vn", "email: thuongmai", "email: thuongmai", "e-mail", "for example"),
    (
        SHOPS,
        "personal: true, legalBasis: 168/2025/NĐ-CP, ",
        "personal: true, ",
        "privacy:",
        "privacy.legalBasis",
        "add",
    ),
    (SHOPS, "personal: true", "personal: false", "privacy:", "owner_name", "personal: true"),
    (SHOPS, "where: {kind: {ne: no}}", "where: {kin: {ne: no}}", "where: {kin", "no field 'kin'", "'kind'"),
    (SHOPS, "where: {kind: {ne: no}}", "where: {kind: {gt: no}}", "where: {kind", "no operator 'gt'", "eq"),
    (SHOPS, "where: {kind: {ne: no}}", "where: {kind: {ne: nope}}", "where: {kind", "not in the list", "enum"),
    (SHOPS, "closed_on: Ngày đóng", "closed: Ngày đóng", "closed: Ngày", "no field 'closed'", "'closed_on'"),
    (SHOPS, "shop_code: Mã số\n", "\n", 'pattern: "shops', "required field 'shop_code'", "source.columns"),
    (SHOPS, '"%d/%m/%Y"', '"%d/%m/%y"', "%y", "cannot be used", "docs/contract.md"),
    (SHOPS, '"Khác": no', '"Khác": other', "Khác", "not in the list", "kind"),
    (SHOPS, "{from: Vốn,", '{from: Vốn, extract: "([0-9]",', "extract", "extract is wrong", "regular expression"),
    (SHOPS, "dataClass: open", "dataClass: private", "dataClass: private", "private", "change dataClass"),
    (SHOPS, "{vi: Vốn, en: Capital}", "{vi: Vốn}", "{vi: Vốn}", "'en' is missing", "both languages"),
    (SHOPS, "version: 1.0.0", "version: 1.0", "version: 1.0", "version", "docs/contract.md"),
    (SHOPS, "status: active", "status: active\nstatus: draft", "status: draft", "twice", "keep one"),
    (SHOPS, "id: shops", "id: shop", "id: shop", "not the folder's name", "folder"),
    (SHOPS, "id: shops", "agency: me\nid: shops", "agency: me", "platform sets", "leave it out"),
    (SHOPS, "title: {vi: Cửa hàng", "title: {vi: [Cửa hàng", "title:", "wrong YAML", "indentation"),
    (UNITS, "{from: valid_from, to", "{from: name_vi, to", "validity", "no date field", "valid_"),
    (
        UNITS,
        "logicalType: multipolygon,",
        "logicalType: multipolygon, search: true,",
        "multipolygon",
        "cannot be searched",
        "index",
    ),
    (UNITS, "openView: {}\n", "", "dataClass: open", "without an openView", "openView"),
    (
        UNITS,
        "name: code, title: {vi: Mã, en: Code}",
        "name: code, open: suppress, title: {vi: Mã, en: Code}",
        "openView",
        "key 'code'",
        "key of its own",
    ),
    (
        VISITS,
        "citizen_id, classification: personal",
        "citizen_id, classification: internal",
        "citizen_id",
        "identification number",
        "personal",
    ),
    (VISITS, "transform: month", "transform: band5", "transform: band5", "does not take the type datetime", "integer"),
    (VISITS, "- {of: shop_code}", "- {of: inspector_id}", "of: inspector_id", "tell persons apart", "transform"),
    (VISITS, "- {of: shop_code}", "- {of: shop}", "of: shop}", "no field 'shop'", "'shop_code'"),
    (VISITS, "measure: avg, of: minutes", "measure: avg", "mean_minutes", "needs 'of'", "number"),
    (VISITS, "measure: avg, of: minutes", "measure: avg, of: visited_at", "mean_minutes", "no number", "minutes"),
    (VISITS, "  k: 5\nsource", "  k: 3\nsource", "k: 3", "less than privacy.k", "k: 5"),
    (VISITS, "  id: visit_statistics\n", "", "openView:", "openView.id", "add"),
    (VISITS, "id: visit_statistics", "id: shops", "id: shops", "taken", "another id"),
    (VISITS, "retention: P5Y, k: 5", "retention: P5Y, k: 1", "k: 1", "greater than", "docs/contract.md"),
    ("trade_office/agency.yaml", "email: ", "mail: ", "mail:", "unknown key 'mail'", "'email'"),
    ("_vocab/shop_kind.yaml", "{code: no,", "{code: food,", "codes", "stands twice", "keep one"),
    ("_vocab/shop_kind.yaml", 'version: "1"', "codes_file: none.csv", "", "none.csv", "CSV"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "datasets"
    shutil.copytree(SAMPLES, copy)
    return copy


def spoil(folder: Path, file: str, text: str, wrong: str) -> Path:
    path = folder / file
    given = path.read_text("utf-8")
    assert given.count(text) >= 1, text
    path.write_text(given.replace(text, wrong, 1), "utf-8")
    return path


def errors(folder: Path) -> list[Finding]:
    return [f for f in read_all(folder).findings if f.severity == "error"]


def test_the_samples_are_right(folder: Path) -> None:
    assert errors(folder) == []
    assert load_all(folder).contracts


@pytest.mark.parametrize(("file", "text", "wrong", "blamed", "detail", "fix"), MISTAKES)
def test_a_mistake_is_told_at_its_line(
    folder: Path, file: str, text: str, wrong: str, blamed: str, detail: str, fix: str
) -> None:
    path = spoil(folder, file, text, wrong)
    found = [f for f in errors(folder) if detail in f.detail.en]
    assert found, [str(f) for f in errors(folder)]
    first = found[0]
    place, _, line = first.place.rpartition(":")
    assert place == str(path)
    assert blamed in path.read_text("utf-8").split("\n")[int(line) - 1]
    assert fix in first.fix.en
    assert first.detail.vi and first.fix.vi


def test_all_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    spoil(folder, SHOPS, "theme: ECON", "theme: ECO")
    spoil(folder, SHOPS, "primaryKey: [shop_code]", "primaryKey: [shop_cod]")
    spoil(folder, UNITS, "valid_to: Đến", "valid_too: Đến")
    with pytest.raises(Invalid) as caught:
        load_all(folder)
    told = caught.value.extra["errors"]
    assert {Path(e["place"].rpartition(":")[0]).parent.name for e in told} == {"shops", "units"}
    assert len(told) == 3
    assert all(e["detail"]["vi"] and e["detail"]["en"] and e["fix"]["vi"] and e["fix"]["en"] for e in told)
    assert "and 2 more" in caught.value.detail.en


def test_one_file_is_loaded_alone(folder: Path) -> None:
    assert load(folder / SHOPS).agency == "trade_office"
    spoil(folder, SHOPS, "logicalType: money", "logicalType: mony")
    with pytest.raises(Invalid, match=r"contract\.yaml:\d+: there is no logical type 'mony'.*'money'"):
        load(folder / SHOPS)


def test_a_new_folder_is_an_agency_before_it_says_who_it_is(folder: Path) -> None:
    (folder / "trade_office" / "agency.yaml").unlink()
    assert any("agency.yaml" in f.detail.en for f in lint(folder) if f.severity == "warning")
    assert load_all(folder).agencies["trade_office"].name.en == "trade office"


def test_a_broken_contract_is_not_blamed_on_its_neighbours(folder: Path) -> None:
    spoil(folder, UNITS, "kind: DataContract", "kind: [")
    assert {Path(f.place.rpartition(":")[0]).parent.name for f in errors(folder)} == {"units"}


def test_internal_fields_may_be_published_with_a_warning(folder: Path) -> None:
    spoil(folder, SHOPS, "classification: personal", "classification: internal\n    open: publish")
    spoil(folder, SHOPS, "personal: true", "personal: false")
    found = [f for f in lint(folder / SHOPS) if "owner_name" in f.detail.en]
    assert [f.severity for f in found] == ["warning"]


def test_the_linter_advises(folder: Path) -> None:
    spoil(folder, SHOPS, '    owner_name: {from: [Họ, Tên], join: " "}\n', "")
    found = [f for f in lint(folder) if f.severity == "warning"]
    assert any("owner_name" in f.detail.en and SHOPS in f.place for f in found)
    assert any("README.md" in f.detail.en for f in found)
    assert found == sorted(found, key=lambda f: f.place.rpartition(":")[0])
    assert [f for f in lint(folder / "trade_office" / "shops") if f.severity == "error"] == []


def test_yaml_words_keep_their_letters(folder: Path) -> None:
    """`on` is a key, `no` is a code, a leading zero stays: YAML 1.2, not 1.1."""
    registry = load_all(folder)
    assert registry.get("shops").relationships[0].on == {"unit_code": "code"}
    assert "no" in registry.vocabularies["shop_kind"].by_code
