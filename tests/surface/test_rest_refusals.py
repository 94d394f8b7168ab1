"""What REST refuses: with the name that is wrong, the nearest right one, in the caller's language, never with a 5xx."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.surface.small import AGENCY, KEEPER, REVOKED, World

ROWS = "/api/v1/datasets/firms/rows"


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


@pytest.mark.parametrize(
    ("url", "place", "hint"),
    [
        (ROWS + "?statuss=active", "statuss", "status"),
        (ROWS + "?status__eqq=active", "status__eqq", "eq"),
        (ROWS + "?stat__eq=active", "stat__eq", "status__eq"),
        (ROWS + "?fields=nam", "nam", "name"),
        (ROWS + "?sort=-registered", "registered", "registered_on"),
        (ROWS + "?Limit=1", "Limit", "limit"),
        (ROWS + "/F0001?limit=1", "limit", "fields"),
        ("/api/v1/datasets?agenc=office", "agenc", "agency"),
        ("/api/v1/datasets?agency=offce", "agency", "office"),
        ("/api/v1/datasets?theme=GOV", "theme", "GOVE"),
        ("/api/v1/me?x=1", "x", ""),
        ("/datasets/firms/releases/1/firms.csv?x=1", "x", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(world: World, url: str, place: str, hint: str) -> None:
    answer = world.anonymous.get(url)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["place"] == place and hint in problem["fix"]
    assert problem["code"] == "BAD_USER_INPUT" and problem["type"] == "/docs/problems/query-invalid"


@pytest.mark.parametrize(
    ("url", "place", "detail"),
    [
        ("/api/v1/ledger/checkpoints?limit=0", "limit", "Tham số sai: phải từ 1 trở lên"),
        ("/api/v1/ledger/checkpoints?after=x", "after", "Tham số sai: phải là số nguyên"),
        ("/api/v1/ledger/growth?old=1", "new", "Tham số sai: là bắt buộc"),
    ],
)
def test_a_wrong_value_is_told_in_the_callers_language(world: World, url: str, place: str, detail: str) -> None:
    told = world.anonymous.get(url).json()
    assert (told["place"], told["detail"]) == (place, detail)
    english = world.anonymous.get(url, headers={"Accept-Language": "en"}).json()
    assert english["detail"].startswith("Wrong parameter: ") and english["detail"].isascii()


def test_more_rows_than_a_page_holds_lead_to_streams(world: World) -> None:
    told = world.anonymous.get(ROWS + "?limit=10001").json()
    assert told["place"] == "limit" and "rows.ndjson" in told["fix"]


def test_rows_without_a_place_lead_to_other_formats(world: World) -> None:
    answer = world.anonymous.get(ROWS + ".geojson?group_by=status")
    assert answer.status_code == 406 and "ndjson" in answer.json()["fix"]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("/api/v1/datasets/firmss", "firms"),
        ("/api/v1/datasets/firmss/rows", "firms"),
        ("/api/v1/datasets/firms/releases/2", "1"),
        ("/datasets/firms/releases/1/firms.cvs", "firms.csv"),
        ("/api/v1/datasets/firms/download.cvs", "firms.csv"),
        ("/api/v1/nothing", "/docs"),
        ("/api/v1/datasets/firms/rows/F9999", ""),
        ("/docs/problems/nothing", ""),
    ],
)
def test_what_is_not_there_is_404_with_a_hint(world: World, url: str, hint: str) -> None:
    answer = world.anonymous.get(url)
    assert answer.status_code == 404 and hint in answer.json().get("fix", "")
    assert answer.headers["content-type"] == "application/problem+json"


HOSTILE = [
    *(Path(__file__).parent / "hostile_parameters.txt").read_text("utf-8").split("\n"),
    "?limit=" + "9" * 5000,
    "?capital=" + "9" * 400,
    "?position__within=" + "[" * 5000,
    "?cursor=" + "A" * 9000,
    *("?cursor=" + cursor(t) for t in ("[1]", "[null]", '["a","b"]', '["\\ud800"]', '["\\u0000"]', "[" * 2900, "NaN")),
    "?sort=registered_on&cursor=" + cursor('["x","F0001"]'),
    "?sort=staff&cursor=" + cursor('["99999999999","F0001"]'),
    "?" + "&".join(f"a{n}=1" for n in range(200)),
    "?name=" + "a" * 20_000,
]
ALLOWED = {"?as_of=2020-01-01T00:00:00"}  # a moment without a zone is a moment of Việt Nam


@pytest.mark.parametrize("query", HOSTILE, ids=[q[:40] for q in HOSTILE])
def test_hostile_parameters_are_refused(world: World, query: str) -> None:
    answer = world.anonymous.get(ROWS + query)
    assert answer.status_code == (200 if query in ALLOWED else 400), answer.text
    if answer.status_code == 400:
        problem = answer.json()
        assert problem["status"] == 400 and problem["detail"] and problem["instance"] == ROWS


@pytest.mark.parametrize("key", ["%00", "%ED%A0%80", "%FF", "a" * 5000, "F0001,x", ",", "%2C", "'", "x%20y"])
def test_hostile_keys_are_refused(world: World, key: str) -> None:
    assert world.anonymous.get(f"{ROWS}/{key}").status_code in (400, 404)


@pytest.mark.parametrize("name", ["%00", "%ED%A0%80", "%FF", "a" * 5000, "FIRMS", "firms%20", "../firms"])
def test_hostile_names_are_not_found(world: World, name: str) -> None:
    for url in (f"/api/v1/datasets/{name}", f"/api/v1/datasets/{name}/rows", f"/datasets/{name}/releases/1/firms.csv"):
        assert world.anonymous.get(url).status_code in (400, 404)


@pytest.mark.parametrize("query", ["q=%00", "q=%ED%A0%80", "q=a&q=b", "agency=%FF", "theme=" + "a" * 300])
def test_the_catalogue_is_as_strict(world: World, query: str) -> None:
    assert world.anonymous.get("/api/v1/datasets?" + query).status_code == 400


def test_writing_is_not_allowed_and_browsers_may_ask(world: World) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = world.anonymous.request(method, "/api/v1/datasets")
        assert answer.status_code == 405 and "GET" in answer.headers["allow"]
        assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
    asked = world.anonymous.request("OPTIONS", ROWS)
    assert asked.status_code == 204 and "Authorization" in asked.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("accept", "word"),
    [("", "tham số"), ("vi-VN,vi;q=0.9,en;q=0.8", "tham số"), ("en", "parameter"),
     ("en-GB,en;q=0.9,vi;q=0.8", "parameter"), ("fr, en;q=0.5", "parameter"), ("fr", "tham số"),
     ("en;q=0", "tham số"), ("en;q=x", "tham số")],
)  # fmt: skip
def test_a_problem_speaks_the_callers_language(world: World, accept: str, word: str) -> None:
    answer = world.anonymous.get(ROWS + "?x=1", headers={"Accept-Language": accept})
    assert word in answer.json()["detail"]
    assert answer.headers["content-language"] == ("en" if word == "parameter" else "vi")


def test_closed_data_names_the_way_in(world: World) -> None:
    answer = world.anonymous.get("/api/v1/datasets/cases/rows")
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert "case-statistics" in answer.json()["fix"]


def test_a_hidden_field_is_named_and_never_shown(world: World) -> None:
    for query in ("fields=owner_name", "owner_name=x", "owner_name__contains=a", "sort=owner_name"):
        answer = world.anonymous.get(f"{ROWS}?{query}")
        assert answer.status_code == 401, query
        assert answer.json()["field"] == "owner_name" and answer.json()["clause"] == "personal"
    assert not any("owner_name" in row for row in world.rows("firms"))


@pytest.mark.parametrize("token", ["wrong", REVOKED, "x" * 5000, "é"])
def test_a_wrong_token_is_not_anonymous(world: World, token: str) -> None:
    headers: dict[Any, Any] = {b"authorization": b"Bearer " + token.encode()}
    for url in (ROWS, "/api/v1/me"):
        assert world.anonymous.get(url, headers=headers).status_code == 401


def test_an_agreement_shows_its_fields_and_rows_and_no_more(world: World) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/cases/rows")
    rows = answer.json()["data"]
    assert len(rows) == 20 and {row["channel"] for row in rows} == {"online"}
    assert all(set(row) == {"case_code", "person_name", "channel", "days"} for row in rows)
    for query in ("fields=illness", "illness=x", "received_on__gt=2026-01-01", "sort=firm_code"):
        refused = world.client(AGENCY).get(f"/api/v1/datasets/cases/rows?{query}")
        assert refused.status_code == 403 and refused.json()["clause"] == "A-1"
    assert (
        world.client(AGENCY).get("/api/v1/datasets/cases/rows/C000").status_code == 404
    )  # a row outside the agreement
    assert world.client(AGENCY).get("/api/v1/datasets/cases/rows/C001").status_code == 200


def test_an_agreement_may_show_what_is_not_open_and_hide_what_is(world: World) -> None:
    """Columns are granted one by one: every way to read must keep to them, in the database too."""
    shown = ["firm_code", "status", "registered_on", "place_code", "owner_name"]
    for query in (
        "",
        "?sort=-registered_on&limit=7",
        "?owner_name__contains=van%2012",
        "?as_of=2030-01-01",
        "?count=exact",
    ):
        answer = world.client(KEEPER).get(ROWS + query)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"] and list(answer.json()["data"][0]) == shown
    one = world.client(KEEPER).get(ROWS + "/F0012").json()["data"]
    assert one["owner_name"] == "Nguyễn Văn 12"
    for query in ("q=hong+ha", "name__contains=hong", "sort=name", "fields=name", "position__bbox=1,1,2,2"):
        refused = world.client(KEEPER).get(f"{ROWS}?{query}")
        assert refused.status_code == 403 and refused.json()["clause"] == "A-2", query


def test_an_agreement_reaches_open_relations(world: World) -> None:
    query = """{ firms(first: 3, where: {place: {name: {contains: "dong"}}}) {
      nodes { ownerName place { name parent { name } } permits { totalCount } } } }"""
    found = world.graphql(query, KEEPER)["data"]["firms"]["nodes"]
    assert found and all(f["ownerName"] and f["place"]["parent"]["name"] for f in found)
    for query in ("{ places { nodes { firms { nodes { name } } } } }", '{ firms(where: {q: "hong"}) { totalCount } }'):
        hidden = world.graphql(query, KEEPER)["errors"][0]["extensions"]
        assert (hidden["code"], hidden["field"], hidden["clause"]) == ("FORBIDDEN", "name", "A-2")
