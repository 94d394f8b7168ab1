"""Contract -> suite: complete, plain, stable, without the engine."""

import json
import subprocess
import sys

import pytest

from lienthong.contract.loader import load
from lienthong.contract.model import Contract
from lienthong.quality.outcome import dimension_scores, total_score
from lienthong.quality.suite import compile_suite
from tests.journey.release_world import DEFINITIONS

OFFICE = DEFINITIONS / "market_office"


@pytest.fixture(scope="module")
def stalls() -> Contract:
    return load(OFFICE / "stalls" / "contract.yaml")


def ids(contract: Contract) -> list[str]:
    return [entry["meta"]["id"] for entry in compile_suite(contract)["expectations"]]


def altered(contract: Contract, **changes: object) -> Contract:
    return Contract.model_validate({name: getattr(contract, name) for name in Contract.model_fields} | changes)


def test_rules_follow_from_the_contract_and_its_own_come_after(stalls: Contract) -> None:
    found = ids(stalls)
    assert found[:3] == ["row-count", "primary-key:code", "required:code"]
    assert {"required:name", "required:kind", "required:opened_on", "type:kind", "type:staff", "type:email"} <= set(
        found
    )
    assert not {"required:capital", "required:keeper"} & set(found)
    assert found[-4:] == ["STA-01", "STA-02", "STA-03", "STA-04"]
    assert len(set(found)) == len(found)


def test_a_compound_key_and_a_validity() -> None:
    suite = compile_suite(load(OFFICE / "areas" / "contract.yaml"))
    entries = {entry["meta"]["id"]: entry for entry in suite["expectations"]}
    assert entries["primary-key:area_code,valid_from"]["type"] == "expect_compound_columns_to_be_unique"
    assert entries["validity:valid_from,valid_to"]["kwargs"]["column_A"] == "valid_to"
    assert entries["required:valid_from"]["meta"]["dimension"] == "completeness"


def test_an_empty_delta_is_no_fault_and_an_own_row_count_replaces_ours(stalls: Contract) -> None:
    upsert = altered(stalls, source=stalls.source.model_copy(update={"mode": "upsert"}))
    assert "row-count" not in ids(upsert)
    rule = stalls.quality[0].model_copy(
        update={"id": "OWN", "expectation": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10}}
    )
    assert "row-count" not in ids(altered(stalls, quality=(rule,)))


def test_meta_carries_what_people_need(stalls: Contract) -> None:
    entries = {entry["meta"]["id"]: entry for entry in compile_suite(stalls)["expectations"]}
    assert entries["STA-02"]["meta"] == {
        "id": "STA-02",
        "severity": "warning",
        "dimension": "completeness",
        "title": {"vi": "Có chủ sạp", "en": "A food stall has a keeper"},
        "onFailure": "score",
        "playbook": "STA-02",
        "fields": ["keeper"],
    }
    assert entries["STA-02"]["kwargs"]["mostly"] == 0.5
    assert entries["STA-02"]["severity"] == "warning"
    required = entries["required:name"]
    assert (required["severity"], required["meta"]["onFailure"], required["meta"]["playbook"]) == (
        "critical",
        "quarantine",
        "required",
    )


def test_the_suite_is_json_and_its_hash_changes_with_the_rules_only(stalls: Contract) -> None:
    suite = compile_suite(stalls)
    assert json.loads(json.dumps(suite)) == suite
    same = compile_suite(altered(stalls, version="1.0.1"))
    other = compile_suite(altered(stalls, quality=stalls.quality[1:]))
    assert same["meta"]["suite_hash"] == suite["meta"]["suite_hash"] != other["meta"]["suite_hash"]


def test_the_suite_needs_no_engine() -> None:
    program = "import sys, lienthong.quality.suite, lienthong.quality.runner, lienthong.quality.scorecard as s;"
    program += "print({'great_expectations', 'pandas'} & set(sys.modules))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"


def test_scores_weigh_errors_more_and_dimensions_alike() -> None:
    results = [
        {"dimension": "conformity", "severity": "error", "share": 1.0},
        {"dimension": "conformity", "severity": "warning", "share": 0.2},
        {"dimension": "uniqueness", "severity": "warning", "share": 0.5},
    ]
    scores = dimension_scores(results)
    assert scores == {"conformity": 0.8, "uniqueness": 0.5}
    assert total_score(scores) == 0.65
    assert total_score({}) == 1.0
