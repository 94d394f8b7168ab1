"""What is written down runs: OpenAPI examples, stored GraphQL operations, a GraphQL client, the pages in a browser."""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "openapi/examples").glob("*.json"))
OPERATIONS = ROOT / "graphql/operations"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_of_the_api_does_what_it_says(anonymous: httpx.Client, path: Path) -> None:
    example = json.loads(path.read_text("utf-8"))
    asked = example["request"]
    answer = anonymous.request(asked.get("method", "GET"), asked["path"], params=asked["query"], json=asked.get("body"))
    assert answer.status_code == example["expect"]["status"], answer.text
    assert example["expect"]["contains"] in answer.text


@pytest.fixture
def client(platform: Any) -> Client:
    """A GraphQL client as others write theirs; it fetches the schema and checks queries against it."""
    return Client(transport=HTTPXTransport(url=platform.url + "/graphql"), fetch_schema_from_transport=True)


def test_a_client_reads_places_of_enterprises(client: Client, anonymous: httpx.Client) -> None:
    query = gql((OPERATIONS / "enterprises-with-places.graphql").read_text("utf-8"))
    query.variable_values = {"first": 5}
    found = client.execute(query)["enterprises"]
    params = {"sort": "-registered_on", "limit": "5"}
    rows = anonymous.get("/api/v1/datasets/enterprises/rows", params=params).json()["data"]
    assert [e["node"]["enterpriseCode"] for e in found["edges"]] == [r["enterprise_code"] for r in rows]
    assert any(e["node"]["commune"] and e["node"]["commune"]["province"] for e in found["edges"])
    assert found["pageInfo"]["hasNextPage"] is True


def test_units_on_a_day_differ_before_and_after_the_reform(client: Client) -> None:
    text = (OPERATIONS / "administrative-units-at-a-date.graphql").read_text("utf-8")
    counts = []
    for day in ("2025-06-30", "2025-07-01"):
        query = gql(text)
        query.variable_values = {"province": "20", "day": day}
        counts.append(client.execute(query)["administrativeUnits"]["totalCount"])
    assert counts[0] > counts[1] > 0


def test_a_body_with_its_procedures(client: Client, anonymous: httpx.Client) -> None:
    row = anonymous.get("/api/v1/datasets/procedures/rows?limit=1&competent_org_code__is_null=false").json()["data"][0]
    query = gql((OPERATIONS / "procedures-of-a-body.graphql").read_text("utf-8"))
    query.variable_values = {"organization": row["competent_org_code"]}
    found = client.execute(query)["organization"]
    assert row["procedure_code"] in [p["procedureCode"] for p in found["procedures"]["nodes"]] or (
        found["procedures"]["totalCount"] > 50
    )


CHROMIUM = shutil.which("chromium")
PATIENCE = 300_000  # milliseconds: the machine may be busy with others


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
@pytest.mark.parametrize(
    ("url", "ready", "act"),
    [("/docs", ".opblock-tag", ".opblock-tag"), ("/graphql", ".graphiql-execute-button", ".graphiql-execute-button")],
)
def test_a_page_works_in_a_browser_and_asks_no_other_server(platform: Any, url: str, ready: str, act: str) -> None:
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    errors: list[str] = []
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(platform.url + url)
        page.wait_for_selector(ready)
        page.locator(act).first.click()
        if url == "/graphql":
            page.wait_for_selector(".result-window .cm-property")
            assert "totalCount" in page.locator(".result-window").inner_text()
        browser.close()
    assert errors == []
    assert all(a.startswith((platform.url, "data:", "blob:")) for a in asked), asked


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_the_page_of_the_api_fits_a_telephone(platform: Any) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.set_default_timeout(PATIENCE)
        page.goto(platform.url + "/docs")
        page.wait_for_selector(".opblock-tag")
        page.locator(".opblock-tag").nth(1).click()
        page.locator(".opblock-summary").first.click()
        page.wait_for_selector(".opblock-body")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        browser.close()
