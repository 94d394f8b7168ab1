"""The contract in the words of others: ODCS v3.1, JSON Schema."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from lienthong.contract.json_schema import row_schema
from lienthong.contract.loader import load_all
from lienthong.contract.odcs import export
from lienthong.contract.registry import Registry

SAMPLES = Path(__file__).parent / "contract_samples"
NAMES = ["shops", "units", "visits", "visit_statistics"]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_all(SAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_the_export_is_valid_odcs(registry: Registry, shared: Path, name: str) -> None:
    schema = json.loads((shared / "data/standards/odcs-json-schema-v3.1.0.json").read_text("utf-8"))
    document = yaml.safe_load(yaml.safe_dump(export(registry.get(name), registry)))
    found = [f"{e.json_path}: {e.message}" for e in jsonschema.Draft201909Validator(schema).iter_errors(document)]
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_the_export_keeps_what_matters(registry: Registry, name: str) -> None:
    contract = registry.get(name)
    document = export(contract, registry)
    table = document["schema"][0]
    assert (document["apiVersion"], document["kind"]) == ("v3.1.0", "DataContract")
    assert (document["id"], document["version"], document["status"]) == (name, contract.version, "active")
    stored = [c.name for f in contract.fields for c in f.columns]
    assert [p["name"] for p in table["properties"]] == stored
    keys = sorted((p["primaryKeyPosition"], p["name"]) for p in table["properties"] if p.get("primaryKey"))
    assert [name for _, name in keys] == list(contract.primary_key)
    assert all(p["classification"] for p in table["properties"])
    assert len(table["quality"]) == len(contract.quality)


def test_a_composite_foreign_key(registry: Registry) -> None:
    relation = export(registry.get("shops"), registry)["schema"][0]["relationships"][0]
    assert relation["from"] == ["shops.unit_code", "shops.unit_code_from"]
    assert relation["to"] == ["units.code", "units.valid_from"]


def test_the_export_speaks_both_languages(registry: Registry) -> None:
    shops = registry.get("shops")
    assert export(shops, registry)["name"] == "Cửa hàng"
    assert export(shops, registry, "en")["schema"][0]["properties"][0]["businessName"] == "Tax code"


@pytest.mark.parametrize("name", NAMES)
def test_the_row_schema_is_a_schema(registry: Registry, name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(row_schema(registry.get(name)))


def test_the_row_schema_takes_rows_and_refuses_others(registry: Registry) -> None:
    validator = jsonschema.Draft202012Validator(row_schema(registry.get("shops"), {"shop_code", "kind", "capital"}))
    row = {"shop_code": "0100109106", "kind": "food", "capital": 5}
    assert validator.is_valid(row)
    assert validator.is_valid(row | {"kind": None, "capital": None})
    assert not validator.is_valid(row | {"shop_code": None}), "a required field is never null"
    assert not validator.is_valid(row | {"kind": "drinks"})
    assert not validator.is_valid(row | {"capital": -1})
    assert not validator.is_valid(row | {"owner_name": "An"}), "what is not shown is not there"
