"""A developer without an agreement: the twins of the example province, as the documentation shows them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from lienthong.access import ANONYMOUS, Subject
from lienthong.app.definitions import registry as load_registry
from lienthong.contract.registry import Registry
from lienthong.pipelines.twin.rules import in_twins
from lienthong.portal.page import Page
from lienthong.portal.twins import twin_of
from lienthong.privacy.twinned import has_twin
from lienthong.quality.runner import run_checkpoint
from lienthong.store import owner
from tests.conftest import Platform

DOCS = Path(__file__).parents[2] / "docs"
NOBODYS = {"EMP-01"}
"""The number agrees with sex and birth: a number of nobody cannot."""


def blocks(page: str, language: str) -> list[str]:
    """The examples of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def registry(platform: Platform) -> Registry:
    """The contracts that the platform serves."""
    return load_registry(platform.settings)


def test_every_restricted_dataset_has_a_twin_not_larger_than_itself(platform: Platform, registry: Registry) -> None:
    restricted = sorted(c.id for c in registry.contracts.values() if has_twin(c))
    assert len(restricted) >= 5
    with owner.connect(platform.settings) as connection:
        built = dict(connection.execute("select dataset, rows from platform.twin").fetchall())
        loaded = dict(connection.execute("select id, rows from platform.dataset").fetchall())
    assert sorted(built) == restricted
    for name in restricted:
        assert 0 < built[name] <= 5000 and built[name] <= loaded[name] + 5


def test_twins_keep_the_quality_rules_of_their_contracts(platform: Platform, registry: Registry) -> None:
    """great_expectations judges the twins by the very suites that judge the data."""
    url = owner.owner_url(platform.settings)
    for contract in (c for c in registry.contracts.values() if has_twin(c)):
        outcome = run_checkpoint(url, "twin", contract.id, in_twins(registry, contract))
        assert outcome.success, [r.id for r in outcome.failed]
        assert {r.id for r in outcome.failed} <= NOBODYS, [(r.id, r.unexpected_count) for r in outcome.failed]


def test_every_foreign_key_finds_its_row(agency: httpx.Client) -> None:
    query = """{ appointments(first: 50) { nodes { civilServant { employeeId } organization { orgCode } } }
                 enterpriseActivities(first: 50) { nodes { enterprise { enterpriseCode commune { nameVi } } } } }"""
    answer = agency.post("/graphql", json={"query": query}, headers={"Lienthong-Twin": "true"}).json()
    assert answer["extensions"]["synthetic"] is True
    posts = answer["data"]["appointments"]["nodes"]
    assert posts and all(p["civilServant"]["employeeId"].startswith("TWIN-") and p["organization"] for p in posts)
    activities = answer["data"]["enterpriseActivities"]["nodes"]
    assert activities and all(a["enterprise"]["commune"] for a in activities)


def test_the_page_of_a_restricted_dataset_shows_the_twin(platform: Platform, anonymous: httpx.Client) -> None:
    page = anonymous.get("/datasets/civil-servants").text
    assert 'id="twin"' in page and "/api/v1/datasets/civil-servants/twin/rows" in page and "TWIN-" not in page
    english = anonymous.get("/en/datasets/dossiers").text
    assert "Synthetic twin" in english
    assert 'id="twin"' not in anonymous.get("/datasets/organizations").text


def run(platform: Platform, command: list[str], **more: str) -> str:
    """What a program prints; it must end well."""
    env: dict[str, Any] = {**os.environ, "TOKEN": platform.credentials["agency"]["token"], **more}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", blocks("twins.md", "sh"))
def test_the_calls_of_the_page_work(platform: Platform, block: str) -> None:
    command = block.replace("http://127.0.0.1:8000", platform.url).replace("curl ", "curl -sS --fail ")
    shown = run(platform, ["bash", "-euo", "pipefail", "-c", command])
    assert '"synthetic":true' in shown and "TWIN-" in shown and '"errors"' not in shown


@pytest.mark.parametrize("block", blocks("mcp.md", "python"))
def test_the_program_of_the_mcp_page_works(platform: Platform, block: str) -> None:
    shown = run(platform, [sys.executable, "-c", block.replace("http://127.0.0.1:8000", platform.url)])
    assert "enterprises" in shown and "count" in shown


def test_the_figures_of_a_twin_are_printed(platform: Platform) -> None:
    shown = run(
        platform, [sys.executable, "-m", "lienthong.app.cli", "twin", "show", "civil-servants", "--json"],
        LIENTHONG_HOME=str(platform.home),
    )  # fmt: skip
    assert '"statistics"' in shown and '"cells"' in shown


def test_asked_again_and_again_twins_and_real_rows_never_mix(agency: httpx.Client) -> None:
    """The second and third request of a shape may be answered by a shorter way: it knows the two apart too."""
    path = "/api/v1/datasets/dossiers/rows?fields=dossier_code&limit=5&sort=dossier_code"
    query = {"query": "{ dossiers(first: 5) { nodes { dossierCode } } }"}
    twins, real = set(), set()
    for _ in range(5):
        for headers, seen in (({"Lienthong-Twin": "true"}, twins), ({"Lienthong-Twin": "false"}, real), ({}, real)):
            rows = agency.get(path, headers=headers)
            nodes = agency.post("/graphql", json=query, headers=headers)
            assert rows.status_code == nodes.status_code == 200, rows.text
            assert ("synthetic" in rows.json()) is ("lienthong-synthetic" in nodes.headers) is (seen is twins)
            seen |= {row["dossier_code"] for row in rows.json()["data"]}
            seen |= {node["dossierCode"] for node in nodes.json()["data"]["dossiers"]["nodes"]}
    assert twins and real and not twins & real
    assert all(code.rpartition("-")[2].startswith("9") and len(code.rpartition("-")[2]) == 7 for code in twins)


async def test_somebody_signed_in_sees_sample_rows_on_the_page(services: Any) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/datasets/x", "headers": [], "query_string": b""})
    page = Page(request, services, Subject("person", "dev", "developer"))
    shown = await twin_of(page, services.registry.get("civil-servants"))
    assert shown and shown.table and len(shown.table["rows"]) == 5
    assert shown.table["rows"][0]["employee_id"].startswith("TWIN-")
    nobody = await twin_of(Page(request, services, ANONYMOUS), services.registry.get("civil-servants"))
    assert nobody and nobody.table is None and nobody.calls


def test_surfaces_that_know_nothing_of_twins_mark_them_too(agency: httpx.Client) -> None:
    address = "/api/3/action/datastore_search?resource_id=dossiers&limit=1&fields=dossier_code"
    twin = agency.get(address, headers={"Lienthong-Twin": "true"})
    assert twin.status_code == 200 and twin.headers["lienthong-synthetic"] == "twin", twin.text
    assert "-9" in twin.json()["result"]["records"][0]["dossier_code"]
    assert "lienthong-synthetic" not in agency.get(address).headers
