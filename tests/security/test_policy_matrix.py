"""A01: who may read which field of which dataset by which way; every cell judged by definitions alone, in plain Python.

Nine callers, every field, eleven ways to ask for fields and two that show whatever there is.
"""

from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from tests.conftest import ADMIN_TOKEN, Platform
from tests.security import ways

DATASETS = Path(__file__).parents[2] / "datasets"
DEMO = yaml.safe_load((DATASETS / "_demo" / "demo.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Who:
    """Somebody who asks, with or without a purpose."""

    name: str
    purpose: str | None = None
    agency: str | None = None
    everything: bool = False


WHO = (
    Who("nobody"),
    Who("agency", None, "tax_department"),
    Who("agency", "tax_administration", "tax_department"),
    Who("agency", "personnel_management", "tax_department"),
    Who("agency", "statistics", "tax_department"),
    Who("steward", None, "peoples_committee_office"),
    Who("steward", "audit", "peoples_committee_office"),
    Who("administrator", None, None, True),
    Who("administrator", "audit", None, True),
)


def may_read(who: Who, contract: Contract, field: FieldContract) -> bool:
    """The whole policy in a dozen lines, from the contract and the example's agreements."""
    personal = field.classification in ("personal", "sensitive")
    if not contract.derived_from:
        if who.everything or who.agency == contract.agency:
            return not personal or who.purpose is not None
        for agreement in DEMO["agreements"]:
            same = (agreement["consumer"], agreement["dataset"]) == (who.agency, contract.id)
            if same and who.purpose in (None, agreement["purpose"]):
                return field.name in agreement["fields"] and (not personal or who.purpose is not None)
    view = contract.open_view
    opened = field.open or ("publish" if field.classification == "public" else "suppress")
    return bool(contract.derived_from or (view and not view.group_by)) and opened == "publish"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_all(DATASETS)


@pytest.fixture(scope="module")
def tokens(platform: Platform) -> dict[str, str | None]:
    known = platform.credentials
    return {
        "nobody": None,
        "agency": known["agency"]["token"],
        "steward": known["steward"]["token"],
        "administrator": ADMIN_TOKEN,
    }


def filtered(client: httpx.Client, contract: Contract, field: FieldContract) -> bool:
    key = contract.primary_key[0]
    params = {"fields": key, "limit": 1, f"{field.name}__is_null": "false"}
    return client.get(f"/api/v1/datasets/{contract.slug}/rows", params=params).status_code == 200


@pytest.mark.parametrize("who", WHO, ids=lambda w: f"{w.name}, {w.purpose}")
def test_every_cell_is_as_the_definitions_say(
    platform: Platform, registry: Registry, tokens: dict[str, str | None], who: Who
) -> None:
    differing, cells = [], 0
    stated = {"Lienthong-Purpose": who.purpose} if who.purpose else {}
    with platform.client(tokens[who.name]) as client:
        client.headers.update(stated)
        for contract in registry.contracts.values():
            allowed = [f.name for f in contract.fields if may_read(who, contract, f)]
            closed = [f.name for f in contract.fields if f.name not in allowed]
            asked = ways.Asked(client, contract, limit=1)
            for way in ways.of(contract, allowed):
                differing += [(way.__name__, contract.id, name) for name in _wrong(way, asked, allowed, closed)]
                cells += len(contract.fields)
            for way in ways.WHOLE:
                found = way(asked)
                shown = {name for row in found for name in row} - {"_id"} if isinstance(found, list) else set()
                fits = shown == {c.name for n in allowed for c in contract.by_name[n].columns} or shown == set(allowed)
                differing += [] if fits else [(way.__name__, contract.id, str(shown ^ set(allowed)))]
                cells += len(contract.fields)
    assert cells > 2_500
    assert differing == []


def _wrong(way: ways.Way, asked: ways.Asked, allowed: list[str], closed: list[str]) -> list[str]:
    """The fields that are not answered as they should be: what is allowed is asked for at once, the rest one by one."""
    wrong = []
    if allowed and isinstance(way(ways.selected(asked, allowed)), int):
        wrong = [name for name in allowed if isinstance(way(ways.selected(asked, [name])), int)]
    beside = allowed[:1] if way in ways.PLACED else []
    return wrong + [name for name in closed if isinstance(way(ways.selected(asked, beside, [name])), list)]


def test_what_cannot_be_read_cannot_be_asked_about(
    platform: Platform, registry: Registry, tokens: dict[str, str | None]
) -> None:
    """A filter by a field tells of it as much as reading it. A masked field can be read, but not asked about."""
    who = Who("agency", "personnel_management", "tax_department")
    with platform.client(tokens["agency"]) as client:
        client.headers["Lienthong-Purpose"] = "personnel_management"
        for contract in registry.contracts.values():
            if not may_read(who, contract, contract.by_name[contract.primary_key[0]]):
                continue
            agreed = any(a["dataset"] == contract.id and a["purpose"] == who.purpose for a in DEMO["agreements"])
            for field in contract.fields:
                expected = may_read(who, contract, field) and not (agreed and field.mask is not None)
                assert filtered(client, contract, field) is expected, (contract.id, field.name)
