"""The catalogue, caches, downloads and documentation pages of REST."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lienthong.kernel.problem import PROBLEMS
from tests.surface.small import ADMIN, AGENCY, World

ROWS = "/api/v1/datasets/firms/rows"
FILE = "/datasets/firms/releases/1/firms.csv"


def names(world: World, query: str = "") -> list[str]:
    return [d["name"] for d in world.anonymous.get("/api/v1/datasets" + query).json()["data"]]


def test_the_list_says_how_each_dataset_can_be_reached(world: World) -> None:
    found = {d["name"]: d for d in world.anonymous.get("/api/v1/datasets").json()["data"]}
    reach = {name: d["access"] for name, d in found.items()}
    assert reach == {
        "firms": "open",
        "permits": "open",
        "places": "open",
        "cases": "aggregate",
        "case-statistics": "open",
    }
    assert found["cases"]["open_view"] == "case-statistics" and found["cases"]["release"] is None
    assert found["firms"]["release"]["rows"] == 60
    for link in (found["firms"]["links"][k] for k in ("self", "rows", "releases")):
        assert world.anonymous.get(link).status_code == 200


def test_the_list_is_filtered_without_tone_marks(world: World) -> None:
    assert names(world, "?q=giay phep") == ["permits"]
    assert names(world, "?q=GIẤY") == ["permits"]
    assert names(world, "?theme=ECON") == ["permits", "firms"]
    assert set(names(world, "?agency=registry-office")) == {"cases", "case-statistics"}
    assert names(world, "?q=zzz") == []


def test_a_description_tells_every_field_in_both_languages(world: World) -> None:
    found = world.anonymous.get("/api/v1/datasets/firms").json()
    contract = world.registry.get("firms")
    assert [f["name"] for f in found["fields"]] == [f.name for f in contract.fields]
    owner = next(f for f in found["fields"] if f["name"] == "owner_name")
    assert owner["classification"] == "personal" and owner["open"] is False and owner["title"]["en"] == "Owner"
    assert {r["name"]: (r["dataset"], r["many"]) for r in found["relations"]} == {
        "place": ("places", False), "permits": ("permits", True), "cases": ("cases", True),
    }  # fmt: skip
    assert found["primary_key"] == ["firm_code"] and [r["number"] for r in found["releases"]] == [1]


def test_releases_link_their_files(world: World) -> None:
    listed = world.anonymous.get("/api/v1/datasets/firms/releases").json()["data"]
    one = world.anonymous.get("/api/v1/datasets/firms/releases/1").json()
    assert listed == [one] and one["distributions"][0]["href"] == FILE
    assert world.anonymous.get("/api/v1/datasets/firms/releases/0").status_code == 400


def test_me_tells_what_a_token_may_do(world: World) -> None:
    nobody = world.anonymous.get("/api/v1/me")
    assert nobody.json()["kind"] == "anonymous" and nobody.headers["cache-control"] == "no-store"
    assert {r["dataset"] for r in nobody.json()["readable"]} == {"firms", "permits", "places", "case-statistics"}
    office = world.client(AGENCY).get("/api/v1/me").json()
    by = {r["dataset"]: r for r in office["readable"]}
    assert by["cases"]["by"] == "A-1" and by["cases"]["fields"] == ["case_code", "person_name", "channel", "days"]
    assert by["firms"]["by"] == "provider" and office["agreements"][0]["purpose"] == "social_insurance"
    assert world.client(ADMIN).get("/api/v1/me").json()["role"] == "administrator"


def test_open_answers_may_be_cached_and_are_not_sent_twice(world: World) -> None:
    first = world.anonymous.get(ROWS + "?status=active&limit=1")
    assert first.headers["cache-control"].startswith("public") and "Authorization" in first.headers["vary"]
    assert first.headers["access-control-allow-origin"] == "*"
    tag = first.headers["etag"]
    before = len(world.database.statements)
    for given in (tag, f'W/{tag}, "other"', "*"):
        again = world.anonymous.get(ROWS + "?status=active&limit=1", headers={"If-None-Match": given})
        assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == tag
    assert len(world.database.statements) == before
    other = world.anonymous.get(ROWS + "?status=closed&limit=1", headers={"If-None-Match": tag})
    assert other.status_code == 200 and other.headers["etag"] != tag
    one = world.anonymous.get(ROWS + "/F0001")
    assert world.anonymous.get(ROWS + "/F0001", headers={"If-None-Match": one.headers["etag"]}).status_code == 304
    refused = world.anonymous.get(ROWS + "?x=1", headers={"If-None-Match": "*"})
    assert refused.status_code == 400 and refused.headers["cache-control"] == "no-store"


def test_governed_answers_are_kept_by_nobody_and_leave_a_receipt(world: World) -> None:
    answer = world.client(AGENCY).get(
        "/api/v1/datasets/cases/rows?limit=3", headers={"If-None-Match": "*", "Lienthong-Purpose": "social_insurance"}
    )
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers
    with psycopg.connect(world.settings.database_url.get_secret_value()) as connection:  # type: ignore[union-attr]
        entry = connection.execute(
            "select subject, agency, dataset, fields, purpose, agreement, surface, rows from platform.ledger "
            "where receipt = %s",
            [answer.headers["lienthong-receipt"]],
        ).fetchall()
    fields = ["case_code", "person_name", "channel", "days"]
    assert entry == [("office", "office", "cases", fields, "social_insurance", "A-1", "rest", 3)]


def test_a_file_is_served_with_ranges_and_tags(world: World) -> None:
    whole = world.anonymous.get(FILE)
    assert whole.status_code == 200 and whole.headers["content-type"] == "text/csv; charset=utf-8"
    assert whole.headers["content-disposition"].startswith("attachment; filename=\"firms.csv\"; filename*=UTF-8''")
    assert "immutable" in whole.headers["cache-control"] and whole.headers["x-content-type-options"] == "nosniff"
    part = world.anonymous.get(FILE, headers={"Range": "bytes=3-7"})
    assert part.status_code == 206 and part.content == whole.content[3:8]
    resumed = world.anonymous.get(FILE, headers={"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
    assert resumed.status_code == 206 and resumed.content == whole.content[10:]
    assert world.anonymous.get(FILE, headers={"Range": "bytes=10-", "If-Range": '"old"'}).status_code == 200
    assert world.anonymous.get(FILE, headers={"Range": "bytes=999999-"}).status_code == 416
    assert world.anonymous.get(FILE, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert world.anonymous.request("HEAD", FILE).headers["content-length"] == str(len(whole.content))
    served = world.anonymous.get("/api/v1/datasets/firms/download.csv")
    assert served.status_code == 302 and served.headers["location"] == FILE
    assert world.anonymous.get("/datasets/firms/releases/1/manifest.json").headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", [p.slug for p in PROBLEMS] + ["problem", "not-allowed"])
def test_every_kind_of_problem_has_a_page_in_both_languages(world: World, kind: str) -> None:
    page = world.anonymous.get(f"/docs/problems/{kind}")
    assert page.status_code == 200 and "<h2>Làm gì</h2>" in page.text and "<h2>What to do</h2>" in page.text
    assert f"/docs/problems/{kind}" in page.text and "<script" not in page.text
    assert (Path(__file__).parents[2] / "docs/problems" / f"{kind}.md").is_file()


def test_the_problems_are_listed(world: World) -> None:
    listed = world.anonymous.get("/api/v1/problems").json()["data"]
    assert [p["slug"] for p in listed] == [p.slug for p in PROBLEMS]
    assert all(p["slug"] in world.anonymous.get("/docs/problems").text for p in listed)


def test_documentation_pages_ask_no_other_server(world: World) -> None:
    vendor = Path(__file__).parents[2] / "platform/lienthong/portal/static"
    for url, accept in (("/docs", "*/*"), ("/graphql", "text/html")):
        page: Any = world.anonymous.get(url, headers={"Accept": accept})
        assert "default-src 'none'" in page.headers["content-security-policy"]
        files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert files and all(f.startswith("/") or f == "data:," for f in files)
        for file in (f.removeprefix("/static/") for f in files if f.startswith("/static/")):
            assert (vendor / file).is_file(), file
    assert '"/api/v1/openapi.json"' in world.anonymous.get("/docs/api.js").text
