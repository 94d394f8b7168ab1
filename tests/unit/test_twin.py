"""The parts of the twin's generator: values of every type, texts of patterns, curves, plans read from contracts."""

import random
import re
from pathlib import Path

import pytest

from lienthong.contract.loader import load_all
from lienthong.contract.model import FieldContract
from lienthong.contract.registry import Registry
from lienthong.contract.types import TYPES
from lienthong.contract.types.pattern import PatternType
from lienthong.pipelines.twin.build import EMPTY, LEAST, MOST, ordered, size
from lienthong.pipelines.twin.made import Maker
from lienthong.pipelines.twin.pattern import like
from lienthong.pipelines.twin.plan import identifying, plan
from lienthong.pipelines.twin.rows import read
from lienthong.pipelines.twin.rules import in_twins
from lienthong.pipelines.twin.words import load
from lienthong.privacy.twinned import has_twin

DATASETS = Path(__file__).parents[2] / "datasets"
OPTIONS = {
    "enum": {"values": [{"code": "a", "vi": "A", "en": "A"}]},
    "list": {"items": {"properties": [{"name": "fee", "logicalType": "money"}, {"name": "on", "logicalType": "date"}]}},
    "integer": {"min": 1, "max": 12},
}
GEOMETRY = {"point", "multipolygon"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The shipped definitions."""
    return load_all(DATASETS)


def field(kind: str, name: str = "thing") -> FieldContract:
    """A field of a type."""
    title = {"vi": "Thứ", "en": "Thing"}
    return FieldContract.model_validate(
        {
            "name": name,
            "title": title,
            "logicalType": kind,
            "options": OPTIONS.get(kind, {}),
            "classification": "personal",
        }
    )


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_value_of_every_type_is_of_the_type(registry: Registry, kind: str) -> None:
    contract = registry.get("dossiers")
    maker = Maker(contract, load(None), random.Random(3))
    made = field(kind)
    for serial in range(1, 60):
        found = maker.value(made, serial, {}, "")
        assert found is not None, kind
        if kind not in GEOMETRY:
            TYPES[kind].parse(found.replace("+07", "+07:00") if kind == "datetime" else found, made.options)


@pytest.mark.parametrize("kind", [k for k, t in sorted(TYPES.items()) if isinstance(t, PatternType)])
def test_a_text_like_a_pattern_fits_the_pattern(kind: str) -> None:
    found = TYPES[kind]
    assert isinstance(found, PatternType)
    pattern = found.full_pattern({})
    drawn = random.Random(5)
    assert all(re.fullmatch(pattern, like(pattern, drawn)) for _ in range(50))


def test_every_name_in_the_word_file_is_known() -> None:
    words = load(None)
    given = {"number": "1", "serial": "2", "place": "Xã A", "person": "Lý A"}
    drawn = random.Random(1)
    for _, template, kind in words.texts:
        assert kind in TYPES if kind else "{" not in words.text(template or "", drawn, given)


def test_a_curve_is_read_between_its_levels_and_never_beyond_its_ends() -> None:
    curve = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
    assert read(curve, 0.0) == 0.0 and read(curve, 1.0) == 60.0 and read(curve, 0.5) == 30.0
    values = [read(curve, n / 100) for n in range(101)]
    assert values == sorted(values)


def test_the_size_of_a_twin() -> None:
    assert size(0) == EMPTY and size(700) == 700 and size(20_000) == 2000
    assert size(5_000) == LEAST and size(3_000_000) == MOST


def test_restricted_datasets_are_those_that_an_agreement_may_open(registry: Registry) -> None:
    twins = {c.id for c in registry.contracts.values() if has_twin(c)}
    assert {"civil_servants", "dossiers", "enterprises", "appointments"} <= twins
    assert not twins & {"organizations", "administrative_units", "civil_servants_statistics"}


def test_a_twin_is_built_after_those_it_points_to(registry: Registry) -> None:
    names = [c.id for c in ordered(registry, list(registry.contracts.values()))]
    assert names.index("civil_servants") < names.index("appointments")
    assert names.index("enterprises") < names.index("enterprise_activities")


def test_a_plan_uses_every_field_once_and_joins_what_rules_name_together(registry: Registry) -> None:
    words = load(None)
    for contract in registry.contracts.values():
        if not has_twin(contract):
            continue
        made = plan(registry, contract, words)
        linked = {name for link in made.links for name in link.local}
        grouped = [part.column for group in made.groups for part in group if not part.missing]
        used = [*linked, *grouped, *made.moments, *made.numbers, *made.repeating, *made.titles, *made.made]
        columns = {column.name for f in contract.fields for column in f.columns}
        assert sorted(used) == sorted(set(used)) and set(used) <= columns
        assert {f.name for f in contract.fields} <= set(used), contract.id
        assert identifying(made, words) or set(contract.primary_key) & linked, contract.id
        assert not any(contract.by_name[name].is_personal for name in made.repeating)
    servants = plan(registry, registry.get("civil_servants"), words)
    together = next({p.column for p in g} for g in servants.groups if any(p.column == "rank_code" for p in g))
    assert {"employee_type", "rank_code", "qualification_code"} <= together


def test_rules_about_restricted_datasets_look_at_their_twins(registry: Registry) -> None:
    rules = {r.id: str(r.kwargs) for r in in_twins(registry, registry.get("enterprise_activities")).quality}
    assert "twin.enterprises" in rules["BUS-01"] and "governed." not in rules["BUS-01"]
    rules = {r.id: str(r.kwargs) for r in in_twins(registry, registry.get("civil_servants")).quality}
    assert "governed.organizations" in rules["EMP-08"]
