"""A01: who may read which field of which dataset over which surface; every cell judged by definitions alone, in plain Python."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from lienthong.kernel.text import camel
from tests.conftest import ADMIN_TOKEN, Platform

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


def rest(client: httpx.Client, contract: Contract, *fields: FieldContract) -> bool:
    params = {"fields": ",".join(f.name for f in fields), "limit": "1"}
    return _ok(client.get(f"/api/v1/datasets/{contract.slug}/rows", params=params))


def filtered(client: httpx.Client, contract: Contract, field: FieldContract) -> bool:
    key = contract.primary_key[0]
    params = {"fields": key, "limit": 1, f"{field.name}__is_null": "false"}
    return _ok(client.get(f"/api/v1/datasets/{contract.slug}/rows", params=params))


def graphql(client: httpx.Client, contract: Contract, *fields: FieldContract) -> bool:
    shown = " ".join(_selected(field) for field in fields)
    query = f"{{ {camel(contract.id)}(first: 1) {{ nodes {{ {shown} }} }} }}"
    answer = client.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer or answer["errors"][0]["extensions"]["code"] in REFUSED, (query, answer)
    return "errors" not in answer


def _selected(field: FieldContract) -> str:
    items = field.options.get("items", {})
    inner = f" {{ {camel(items['properties'][0]['name'])} }}" if "properties" in items else ""
    return camel(field.name) + inner


REFUSED = {"FORBIDDEN", "UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}


def ckan(client: httpx.Client, contract: Contract, *fields: FieldContract) -> bool:
    given: dict[str, Any] = {"resource_id": contract.slug, "fields": [f.name for f in fields], "limit": 1}
    return _ok(client.post("/api/3/action/datastore_search", json=given))


def _ok(answer: httpx.Response) -> bool:
    assert answer.status_code in (200, 400, 401, 403, 404, 409), (
        answer.request.url,
        answer.status_code,
        answer.text[:300],
    )
    return answer.status_code == 200


SURFACES: tuple[Callable[..., bool], ...] = (rest, graphql, ckan)


@pytest.mark.parametrize("who", WHO, ids=lambda w: f"{w.name}, {w.purpose}")
def test_every_cell_is_as_the_definitions_say(
    platform: Platform, registry: Registry, tokens: dict[str, str | None], who: Who
) -> None:
    differing, cells = [], 0
    stated = {"Lienthong-Purpose": who.purpose} if who.purpose else {}
    with platform.client(tokens[who.name]) as client:
        client.headers.update(stated)
        for contract in registry.contracts.values():
            for surface in SURFACES:
                cells += len(contract.fields)
                allowed = [f for f in contract.fields if may_read(who, contract, f)]
                # What is allowed is asked for at once, what is not field by field.
                if allowed and not surface(client, contract, *allowed):
                    differing += [
                        (surface.__name__, contract.id, f.name) for f in allowed if not surface(client, contract, f)
                    ]
                closed = [f for f in contract.fields if f not in allowed]
                differing += [(surface.__name__, contract.id, f.name) for f in closed if surface(client, contract, f)]
    assert cells > 600
    assert differing == []


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
