"""Links: rows meet the reference data of their date, and the rows that they must point to."""

from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.pipelines.ingest import in_order, ingest_all
from tests.journey.ingest_world import Installation, contract, field, installed


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("links")) as made:
        yield made


def units_contract(id: str) -> dict[str, Any]:
    """Administrative units with parents in the same list."""
    fields = [
        field("code", options={"pattern": "[0-9]{2}|[0-9]{5}"}, required=True),
        field("name"),
        field("parent", "admin_unit", options={"at": "valid_from", "level": "any"}),
        field("valid_from", "date", required=True),
        field("valid_to", "date"),
    ]
    relation = {"name": "above", "title": {"vi": "Cấp trên", "en": "Above"}, "to": id, "on": {"parent": "code"}}
    source = {"files": [{"pattern": f"{id}.csv", "reader": "csv"}]}
    validity = {"from": "valid_from", "to": "valid_to"}
    return contract(id, fields, ["code", "valid_from"], source, validity=validity, relationships=[relation])


def shops_contract(id: str, units: str) -> dict[str, Any]:
    fields = [
        field("code", "identifier", required=True),
        field("commune", "admin_unit", options={"at": "registered"}, index=True),
        field("registered", "datetime"),
        field("parent", "identifier"),
    ]
    relationships = [
        {"name": "place", "title": {"vi": "Xã", "en": "Commune"}, "to": units, "on": {"commune": "code"}},
        {"name": "owner", "title": {"vi": "Chủ", "en": "Owner"}, "to": id, "on": {"parent": "code"}, "required": True},
    ]
    source = {"files": [{"pattern": f"{id}.csv", "reader": "csv"}]}
    return contract(id, fields, ["code"], source, relationships=relationships)


UNITS = """code,name,parent,valid_from,valid_to
20,Lạng Sơn,,2004-01-01,
06022,Phường cũ,20,2004-01-01,2025-06-30
06022,Phường mới,20,2025-07-01,
99999,Mồ côi,77,2004-01-01,
"""
SHOPS = """code,commune,registered,parent
A,06022,2025-06-30T23:59:00,
B,06022,2025-07-01T00:01:00,A
C,06022,1990-01-01T00:00:00,B
D,11111,2025-07-01T00:00:00,
E,,,D
F,06022,,E
G,,,NOWHERE
H,,,G
"""


def test_units_are_linked_on_the_date_of_the_row(world: Installation) -> None:
    """A code that is used again means the unit of its time; local midnight decides, not UTC's."""
    world.define(units_contract("units"), shops_contract("shops", "units"))
    world.deliver("units.csv", UNITS)
    world.deliver("shops.csv", SHOPS)
    early = world.ingest("shops")
    assert early.state == "refused" and early.problem and "units" in early.problem["detail"]["en"]
    reports = ingest_all(world.settings, world.registry, world.contracts("shops", "units"), world.sources)
    assert [(r.dataset, r.state) for r in reports] == [("units", "done"), ("shops", "done")]
    assert world.quarantine(reports[0]) == [(5, "parent", "ADM-11", "77")]
    linked = world.rows("select code, commune_from::text from governed.shops order by code")
    assert linked == [("A", "2004-01-01"), ("B", "2025-07-01"), ("C", "2004-01-01")]
    assert [d[2:] for d in world.quarantine(reports[1])] == [
        ("ADM-11", "11111"),
        ("relationship", "D"),
        ("ADM-11", "06022"),
        ("relationship", "NOWHERE"),
        ("relationship", "G"),
    ]
    assert reports[1].counts["quarantined"] == 5


def test_new_reference_data_lets_rows_in_that_waited(world: Installation) -> None:
    world.define(units_contract("places"), shops_contract("stores", "places"))
    world.deliver("places.csv", UNITS)
    world.deliver("stores.csv", SHOPS)
    both = world.contracts("places", "stores")
    ingest_all(world.settings, world.registry, both, world.sources)
    states = [r.state for r in ingest_all(world.settings, world.registry, both, world.sources)]
    assert states == ["unchanged", "unchanged"]
    world.deliver("places.csv", UNITS + "11111,Xã thêm,20,2025-07-01,\n")
    added = ingest_all(world.settings, world.registry, both, world.sources)
    assert [r.counts["inserted"] for r in added] == [1, 2]
    assert [c[0] for c in world.rows("select code from governed.stores order by code")] == ["A", "B", "C", "D", "E"]


def test_reference_data_comes_first_and_circles_end(world: Installation) -> None:
    def knot(id: str, *to: str) -> dict[str, Any]:
        relations = [
            {"name": f"to_{t}", "title": {"vi": t, "en": t}, "to": t, "on": {"name": "code"}, "required": True}
            for t in to
        ]
        fields = [field("code", "identifier", required=True), field("name")]
        source = {"files": [{"pattern": f"{id}.csv", "reader": "csv"}]}
        return contract(id, fields, ["code"], source, relationships=relations)

    world.define(knot("aaa", "bbb"), knot("bbb", "ccc"), knot("ccc", "bbb"), knot("ddd"))
    names = [c.id for c in in_order(world.registry, world.contracts("aaa", "bbb", "ccc", "ddd"))]
    assert names.index("aaa") > names.index("bbb") and set(names) == {"aaa", "bbb", "ccc", "ddd"}
    world.deliver("bbb.csv", "code,name\nB,C\n")
    world.deliver("ccc.csv", "code,name\nC,B\n")
    reports = ingest_all(world.settings, world.registry, world.contracts("bbb", "ccc"), world.sources)
    assert [r.counts.get("inserted") for r in reports] == [1, 1]
