"""The registry: names, relations both ways, contracts derived from aggregate open views."""

from datetime import date
from pathlib import Path

import pytest

from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.contract.types import TYPES
from lienthong.kernel.problem import NotFound

SAMPLES = Path(__file__).parent / "contract_samples"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_all(SAMPLES)


def test_datasets_are_found_by_id_and_by_slug(registry: Registry) -> None:
    assert registry.get("visit_statistics") is registry.get("visit-statistics")
    assert registry.agency("trade-office").name.en == "Trade office"
    with pytest.raises(NotFound, match="did you mean 'shops'"):
        registry.get("shop")
    with pytest.raises(NotFound, match="did you mean 'trade-office'"):
        registry.agency("trade-offices")


def test_relations_go_both_ways(registry: Registry) -> None:
    unit = registry.relations("shops")["unit"]
    shops = registry.relations("units")["shops"]
    assert (unit.dataset, unit.many) == ("units", False)
    assert (shops.dataset, shops.many) == ("shops", True)
    assert shops.on == tuple((far, near) for near, far in unit.on)
    assert registry.relations("visits")["shop"].on == (("shop_code", "shop_code"),)


def test_a_unit_is_joined_with_its_date(registry: Registry) -> None:
    """Codes are used again: the code alone would join a unit that no longer exists."""
    assert registry.relations("shops")["unit"].on == (("unit_code", "code"), ("unit_code_from", "valid_from"))


def test_every_relation_names_stored_columns(registry: Registry) -> None:
    columns = {n: {k.name for f in c.fields for k in f.columns} for n, c in registry.contracts.items()}
    for name in registry.contracts:
        for relation in registry.relations(name).values():
            for near, far in relation.on:
                assert near in columns[name] and far in columns[relation.dataset]


def test_an_aggregate_open_view_is_a_dataset(registry: Registry) -> None:
    found = registry.get("visit_statistics")
    assert found.derived_from == "visits" and registry.derived("visits") is found
    assert found.primary_key == ("month", "shop_code")
    assert [(f.name, f.logical_type) for f in found.fields] == [
        ("month", "partial_date"),
        ("shop_code", "tax_code"),
        ("visits", "integer"),
        ("long_visits", "integer"),
        ("mean_minutes", "decimal"),
    ]
    assert all(f.classification == "public" for f in found.fields)
    assert found.is_open and not found.privacy.personal and found.catalogue.data_class == "open"
    assert registry.relations("visit_statistics")["shop"].dataset == "shops"
    assert "visit_statistics" not in {r.dataset for r in registry.relations("shops").values()}


def test_the_people_behind_an_aggregate_are_closed(registry: Registry) -> None:
    visits = registry.get("visits")
    assert not visits.is_open and visits.open_fields == ()


def test_only_open_fields_are_open(registry: Registry) -> None:
    assert "owner_name" not in {f.name for f in registry.get("shops").open_fields}
    assert "shop_code" in {f.name for f in registry.get("shops").open_fields}


def test_the_fingerprint_follows_the_meaning(registry: Registry) -> None:
    again = load_all(SAMPLES)
    assert registry.get("shops").fingerprint == again.get("shops").fingerprint
    prints = {c.fingerprint for c in registry.contracts.values()}
    assert len(prints) == len(registry.contracts)


def test_codes_have_titles_and_dates(registry: Registry) -> None:
    code = registry.vocabularies["shop_kind"].by_code["no"]
    assert code.title.vi == "Khác"
    assert code.in_force(date(2020, 1, 1)) and not code.in_force(date(2019, 12, 31))


def test_types_are_what_contracts_may_name(registry: Registry) -> None:
    for contract in registry.contracts.values():
        for field in contract.fields:
            assert field.type is TYPES[field.logical_type]
            assert field.columns[0].name == field.name
