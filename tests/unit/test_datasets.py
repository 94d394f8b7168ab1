"""The shipped definitions: complete, in two languages, closed where the law says so, fed by what sources deliver."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from lienthong.ckan import checks
from lienthong.ckan.documents import tags_of
from lienthong.contract import vocabulary
from lienthong.contract.linter import lint
from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract, SourceFile
from lienthong.contract.odcs import export
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Role
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual
from lienthong.pipelines.sources import READERS, read
from lienthong.pipelines.steps.conform import Batch, RawFile, check_columns, conform
from lienthong.quality.suite import compile_suite
from lienthong.reports.model import indicators, targets
from lienthong.reports.periods import filled, parameters
from lienthong.store.condition import condition

ROOT = Path(__file__).parents[2]
DATASETS, PLAYBOOKS = ROOT / "datasets", ROOT / "quality" / "playbooks"
AGENCIES = {
    "statistics_office": {"administrative_units", "administrative_unit_changes"},
    "home_affairs": {"organizations", "civil_servants", "appointments"},
    "finance": {"enterprises", "enterprise_activities"},
    "peoples_committee_office": {"procedures", "service_levels", "dossiers"},
    "justice": {"legal_documents"},
    "science_technology": {"interconnections", "plan_targets"},
}
NAMES = sorted(name for names in AGENCIES.values() for name in names)
ROWS_OPEN = set(NAMES) - {"civil_servants", "dossiers", "appointments"}
REAL = {"administrative_units", "administrative_unit_changes", "plan_targets"}
INDICATORS = ["I01", "I02", "I07", "I09", "I14", "I15", "I25"]
DERIVED_RULES = [
    "row-count",
    "primary-key",
    "required",
    "unique",
    "type",
    "validity",
    "relationship",
    "map",
    "malformed",
]


@cache
def _registry() -> Registry:
    return load_all(DATASETS)


@pytest.fixture
def registry() -> Registry:
    found = _registry()
    vocabulary.use(found.vocabularies)  # another test may have put its own lists in force
    return found


def test_the_thirteen_datasets_belong_to_their_agencies(registry: Registry) -> None:
    found: dict[str, set[str]] = {}
    for contract in registry.contracts.values():
        if not contract.derived_from:
            found.setdefault(contract.agency, set()).add(contract.id)
    assert found == AGENCIES
    assert set(registry.agencies) == set(AGENCIES)


@pytest.mark.parametrize("name", NAMES)
def test_the_linter_finds_nothing(name: str) -> None:
    agency = next(agency for agency, names in AGENCIES.items() if name in names)
    assert [str(f) for f in lint(DATASETS / agency / name / "contract.yaml")] == []


def _texts(contract: Contract) -> Iterator[tuple[str, Bilingual | None]]:
    yield contract.id, contract.title
    yield contract.id, contract.description.purpose
    for field in contract.fields:
        yield field.name, field.title
        yield field.name, field.description
        for part in (field.options.get("items") or {}).get("properties", ()):
            yield f"{field.name}.{part['name']}", Bilingual.model_validate(part["title"])
    for rule in contract.quality:
        yield rule.id, rule.title
    for relation in contract.relationships:
        yield relation.name, relation.title


@pytest.mark.parametrize("name", NAMES)
def test_everything_has_a_title_and_a_description_in_both_languages(registry: Registry, name: str) -> None:
    lacking = [place for place, text in _texts(registry.get(name)) if not text or not text.vi or not text.en]
    assert lacking == []


@pytest.mark.parametrize("name", NAMES)
def test_no_personal_field_is_published(registry: Registry, name: str) -> None:
    contract = registry.get(name)
    assert {f.name for f in contract.fields if f.is_open and f.classification in ("personal", "sensitive")} == set()
    assert contract.is_open == (name in ROWS_OPEN)


def test_people_are_open_only_as_counts_of_five_and_more(registry: Registry) -> None:
    servants, dossiers = registry.get("civil-servants-statistics"), registry.get("dossier-statistics")
    assert servants.primary_key == ("org_group", "employee_type", "sex", "birth_years")
    assert dossiers.primary_key == ("province_agency_code", "month", "channel", "applicant_type")
    assert [f.name for f in servants.fields if f.name not in servants.primary_key] == ["employees"]
    for contract in (servants, dossiers):
        assert contract.open_view and contract.open_view.k >= 5


def test_household_businesses_are_never_open(registry: Registry) -> None:
    enterprises, activities = registry.get("enterprises").open_view, registry.get("enterprise_activities").open_view
    assert enterprises and enterprises.where == {"enterprise_type": {"ne": "HKD"}}
    assert activities and activities.where == {"of_household": {"eq": False}}


@pytest.mark.parametrize("name", NAMES)
def test_synthetic_data_say_so(registry: Registry, name: str) -> None:
    mark = registry.get(name).by_name.get("synthetic")
    assert (mark is None) == (name in REAL)
    assert mark is None or (mark.required and mark.classification == "public" and mark.logical_type == "boolean")


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_a_known_expectation_with_a_playbook(registry: Registry, name: str) -> None:
    spec = find_spec("great_expectations")
    assert spec and spec.submodule_search_locations
    core = Path(spec.submodule_search_locations[0], "expectations", "core")
    known = {path.stem for path in core.glob("*.py")}
    for entry in compile_suite(registry.get(name))["expectations"]:
        assert entry["type"] in known
        _assert_playbook(entry["meta"]["playbook"])


@pytest.mark.parametrize("name", [*DERIVED_RULES, "ADM-11"])
def test_what_every_contract_implies_has_a_playbook(name: str) -> None:
    _assert_playbook(name)


def _assert_playbook(name: str) -> None:
    text = (PLAYBOOKS / f"{name}.md").read_text("utf-8")
    assert all(f"**{word}**" in text for word in ("Ý nghĩa", "Xử lý", "Meaning", "Action"))


def test_no_playbook_is_left_over(registry: Registry) -> None:
    rules = {rule.playbook or rule.id for c in registry.contracts.values() for rule in c.quality}
    assert {path.stem for path in PLAYBOOKS.glob("*.md")} == rules | set(DERIVED_RULES) | {"ADM-11"}


def test_a_rule_takes_its_codes_from_a_list(registry: Registry) -> None:
    suite = compile_suite(registry.get("civil_servants"))
    codes = next(e["kwargs"]["value_set"] for e in suite["expectations"] if e["meta"]["id"] == "EMP-05-list")
    assert "01.003" in codes and "V.07.03.29" in codes
    vocabulary.use({})
    with pytest.raises(Invalid):
        compile_suite(registry.get("civil_servants"))


@pytest.mark.parametrize("name", [*NAMES, "civil_servants_statistics", "dossier_statistics"])
def test_the_export_is_valid_odcs(registry: Registry, shared: Path, name: str) -> None:
    schema = json.loads((shared / "data/standards/odcs-json-schema-v3.1.0.json").read_text("utf-8"))
    document = yaml.safe_load(yaml.safe_dump(export(registry.get(name), registry)))
    found = [f"{e.json_path}: {e.message}" for e in jsonschema.Draft201909Validator(schema).iter_errors(document)]
    assert found == []


@pytest.mark.parametrize(
    ("start", "path", "end"),
    [
        ("enterprises", ["commune", "province"], "administrative_units"),
        ("enterprises", ["commune", "successors", "new_unit", "province"], "administrative_units"),
        ("administrative_units", ["children", "enterprises", "activities"], "enterprise_activities"),
        ("dossiers", ["procedure", "competent_organization", "admin_unit"], "administrative_units"),
        ("dossiers", ["organization", "parent"], "organizations"),
        ("appointments", ["civil_servant", "organization"], "organizations"),
        ("service_levels", ["procedure"], "procedures"),
        ("interconnections", ["organization", "subordinates"], "organizations"),
        ("dossier_statistics", ["province_body", "admin_unit", "province"], "administrative_units"),
    ],
)
def test_relations_lead_from_dataset_to_dataset(registry: Registry, start: str, path: list[str], end: str) -> None:
    for name in path:
        start = registry.relations(start)[name].dataset
    assert start == end


def test_a_unit_is_joined_with_its_first_day(registry: Registry) -> None:
    pairs = {("admin_unit_code", "code"), ("admin_unit_code_from", "valid_from")}
    assert set(registry.relations("enterprises")["commune"].on) == pairs
    pairs = {("old_code", "code"), ("old_code_from", "valid_from")}
    assert set(registry.relations("administrative_unit_changes")["old_unit"].on) == pairs


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"administrative_units", "administrative_unit_changes"}))
def test_the_source_columns_are_those_of_the_description(registry: Registry, name: str) -> None:
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    contract = registry.get(name)
    # Of the national export only what the sample has is described.
    described = text + " content.cơ_quan_được_ủy_quyền "
    for file in contract.source.files:
        assert file.reader in READERS
        for field in contract.fields:
            source = contract.source.column(field.name, file)
            for column in source.names if source else ():
                assert all(part in described for part in column.replace("tong_hop.", "").split(" / ")), column


# --- what sources deliver ------------------------------------------------------------------------------------------


def _conformed(contract: Contract, pattern: str, path: Path, work: Path) -> tuple[int, list[dict[str, Any]]]:
    """Rows read from one file, and the rows that no cell keeps out."""
    source = next(f for f in contract.source.files if f.pattern == pattern)
    return _rows(contract, source, path, work)


def _rows(contract: Contract, source: SourceFile, path: Path, work: Path) -> tuple[int, list[dict[str, Any]]]:
    raw = RawFile(path.name, source, read(path, source.reader, source.options, work))
    check_columns(contract, raw)
    with Batch(contract, [raw], work) as batch:
        tally = conform(batch)
        found = batch.sql("SELECT * FROM conformed WHERE _row NOT IN (SELECT _row FROM rejected) ORDER BY _row")
        names = [column[0] for column in found.description or ()]
        return tally.read, [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_activities_of_households_are_told_from_others(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "nganh_nghe_01.csv"
    header = "Mã số doanh nghiệp|Mã ngành|Tên ngành|Phiên bản VSIC|Ngành chính|Chi tiết|Ngày đăng ký|Dữ liệu mô phỏng"
    lines = [
        "0100109106|4711|Bán lẻ|2018|X||01/02/2020|1",
        "0100109106-001|4711|Bán lẻ|2025|||01/02/2026|1",
        "020099900001|4711|Bán lẻ|2018|X||01/02/2020|1",
        "100109106|4719|Bán lẻ|2018|||01/02/2020|1",  # leading zero lost
    ]
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    _, rows = _conformed(registry.get("enterprise_activities"), "business_register/nganh_nghe_*.csv", path, tmp_path)
    assert [(r["enterprise_code"], r["of_household"], r["is_main"]) for r in rows] == [
        ("0100109106", False, True),
        ("0100109106-001", False, False),
        ("020099900001", True, True),
        ("0100109106", False, False),
    ]


@pytest.mark.parametrize("file", ["tthc_bqp_207_fixed.jsonl", "tthc_bqp_207_raw.jsonl"])
def test_real_procedures_of_the_national_database_are_read(
    registry: Registry, shared: Path, tmp_path: Path, file: str
) -> None:
    contract = registry.get("procedures")
    path = shared / "data/procedures" / file
    count, rows = _conformed(contract, "procedure_database/tthc_bqp_*.jsonl", path, tmp_path)
    assert (count, len(rows)) == (207, 202)  # five decision numbers are cut off
    assert {r["version"] for r in rows} == {1} and not any(r["synthetic"] for r in rows)
    channels = [channel for r in rows for channel in json.loads(r["channels"] or "[]")]
    assert {c["channel"] for c in channels} == {"in_person", "online", "postal"}
    limits = {(c["duration_value"], c["duration_unit"]) for c in channels if c["duration_text"] == "30 Ngày làm việc"}
    assert limits == {(30.0, "working_day")}
    assert {c["duration_value"] for c in channels if c["duration_text"] == "Không quy định"} == {None}
    assert {c["fee_amount"] for c in channels if c["fee_text"] == "Phí : 0 Đồng"} == {0}
    subjects = {subject for r in rows for subject in json.loads(r["subjects"])}
    assert {"organisation", "officer", "citizen"} <= subjects


def test_the_real_index_of_legal_documents_is_read(registry: Registry, shared: Path, tmp_path: Path) -> None:
    path = shared / "data/legal/legal_documents_index.csv"
    with path.open(encoding="utf-8", newline="") as file:
        expected = sum(1 for _ in csv.DictReader(file))
    contract = registry.get("legal_documents")
    count, rows = _conformed(contract, "legal_index/legal_documents_index*.csv", path, tmp_path)
    assert (count, len(rows)) == (expected, expected)
    assert not any(r["synthetic"] for r in rows)


def test_the_targets_of_the_plans_are_read(registry: Registry, tmp_path: Path) -> None:
    contract = registry.get("plan_targets")
    path = DATASETS / "science_technology/plan_targets/sample/muc_tieu_ke_hoach.csv"
    count, rows = _rows(contract, contract.source.files[0], path, tmp_path)
    assert count == len(rows) > 40
    target = next(r for r in rows if r["id"] == "LA2")
    assert (target["indicator_id"], int(target["value"]), target["due_on"]) == ("I01", 40, date(2016, 12, 31))
    assert (target["from_year"], target["to_year"]) == (2016, 2018)


# --- indicators and the example ------------------------------------------------------------------------------------


def test_indicators_ask_for_what_is_open(registry: Registry) -> None:
    found = indicators(DATASETS)
    assert list(found) == INDICATORS
    given = parameters(date(2026, 10, 31), "20")
    for indicator in found.values():
        assert indicator.series and indicator.chart and indicator.formula.vi
        asked = [(n.dataset, n.where, n.of) for n in indicator.parts.values()]
        series = indicator.series
        asked += [
            (series.dataset, {**series.where, **(m.where or {})}, m.of) for m in series.measures if series.dataset
        ]
        for dataset, where, of in asked:
            contract = registry.get(dataset)
            assert contract.is_open and (of is None or of in contract.by_name)
            assert condition(registry, contract, filled(where, given)) is not None


def test_targets_are_found_in_the_data(registry: Registry) -> None:
    where = targets(DATASETS)
    assert where and where.provinces
    names = [where.indicator, where.value, where.comparison, where.due, where.text_vi, where.text_en, where.unit]
    assert set(names) <= set(registry.get(where.dataset).by_name)
    assert {where.provinces.code, where.provinces.name} <= set(registry.get(where.provinces.dataset).by_name)


def test_the_agreements_of_the_example_are_lawful(registry: Registry) -> None:
    demo = yaml.safe_load((DATASETS / "_demo" / "demo.yaml").read_text("utf-8"))
    consumers = {agency["id"] for agency in demo["agencies"]}
    for agreement in demo["agreements"]:
        contract = registry.get(agreement["dataset"])
        assert agreement["provider"] == contract.agency and agreement["consumer"] in consumers
        assert contract.access.shared and agreement["purpose"] in contract.access.shared.purposes
        assert set(contract.primary_key) | set(agreement["where"]) <= set(agreement["fields"])
        assert condition(registry, contract, agreement["where"]) is not None
        assert date.fromisoformat(agreement["validFrom"]) < date.fromisoformat(agreement["expires"])
    assert {p["role"] for p in demo["people"]} == set(get_args(Role))


def test_every_keyword_becomes_tags_that_ckan_takes(registry: Registry) -> None:
    for contract in registry.contracts.values():
        for keyword in contract.catalogue.keywords:
            for tags in (tags_of(keyword.vi), tags_of(keyword.en)):
                assert tags, (contract.id, keyword)
                assert all(checks.tag_length(tag) == checks.tag_letters(tag) == tag for tag in tags)
