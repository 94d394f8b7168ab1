"""Pages for people: no dead ends, the way to data that is not open, feeds to follow."""

import csv
import html
import io
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest

from lienthong.kernel.text import Language
from lienthong.portal.language import Speaker
from lienthong.portal.typed import typed
from lienthong.portal.values import readable
from tests.surface.small import ADMIN, World

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(("path", "language"), [("/khong-co", "vi"), ("/en/nowhere", "en"), ("/user/lan/khong", "vi")])
def test_an_unknown_address_is_a_page_for_readers_and_a_problem_for_programs(
    world: World, path: str, language: str
) -> None:
    page = world.anonymous.get(path, headers=HTML)
    assert page.status_code == 404 and f'<html lang="{language}">' in page.text
    assert 'role="search"' in page.text and path in page.text
    told = world.anonymous.get(path)
    assert told.status_code == 404 and told.json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "above"),
    [("/account/tokens", "/account"), ("/en/account/totp/confirm", "/en/account/totp"), ("/sign-out", "/"),
     ("/admin/clients/client-1/secret", "/admin/clients/client-1")],
)  # fmt: skip
def test_where_a_form_is_sent_to_a_reload_leads_to_the_page_above(world: World, path: str, above: str) -> None:
    answer = world.anonymous.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, above)


def test_the_page_of_data_that_is_not_open_says_how_to_ask_for_it(world: World) -> None:
    page = world.anonymous.get("/en/datasets/cases").text
    assert 'creativecommons.org/licenses/by/4.0/" rel="license noopener">Creative' not in page
    assert "not open data" in page
    assert '"license"' not in page and '"isAccessibleForFree":false' in page
    assert world.anonymous.get("/api/v1/datasets/cases").json()["licence"] == "other-closed"
    assert world.anonymous.get("/api/v1/datasets/firms").json()["licence"] == "CC-BY-4.0"
    assert 'href="/en/agreements/new?dataset=cases"' in page
    away = world.anonymous.get("/en/agreements/new?dataset=cases")
    assert away.status_code == 303
    assert parse_qs(urlsplit(away.headers["location"]).query)["next"] == ["/en/agreements/new?dataset=cases"]
    assert "/agreements/new" not in world.anonymous.get("/en/datasets/firms").text


def test_the_releases_of_one_dataset_can_be_followed(world: World) -> None:
    page = world.anonymous.get("/datasets/firms").text
    assert 'href="/datasets/firms/releases.atom"' in page
    answer = world.anonymous.get("/datasets/firms/releases.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    links = [e.find(f"{ATOM}link") for e in feed.iter(f"{ATOM}entry")]
    assert links and all(link is not None and "/firms/" in link.attrib["href"] for link in links)
    for link in links:  # an entry leads to the page of its release
        assert link is not None
        led = world.anonymous.get(urlsplit(link.attrib["href"]).path)
        assert led.status_code == 303 and led.headers["location"].startswith("/releases/firms/")
        assert world.anonymous.get(led.headers["location"]).status_code == 200
    for address, page_of in (("releases", "/en/releases/firms"), ("latest", "/en/datasets/firms")):
        assert world.anonymous.get(f"/en/datasets/firms/{address}").headers["location"] == page_of
    assert world.anonymous.get("/datasets/nothing/releases.atom").status_code == 404


def test_somebody_filters_rows_as_they_read_them_and_downloads_just_these(world: World) -> None:
    page = world.anonymous.get(
        "/datasets/firms/rows", params={"field": "status", "op": "eq", "value": "Đang hoạt động"}
    )
    assert page.status_code == 200
    address = re.search(r'href="(/api/v1/datasets/firms/rows\.csv[^"]*)"', page.text)
    assert address
    answer = world.anonymous.get(html.unescape(address[1]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows and {row["status"] for row in rows} == {"active"}
    told = re.search(r'role="status"><b>([\d.]+) dòng', page.text)
    assert told and int(told[1].replace(".", "")) == len(rows)


@pytest.mark.parametrize(
    ("given", "place", "kept"),
    [
        ({"field": "status", "op": "eq", "value": "không có"}, "status__eq", 'value="không có"'),
        ({"field": "owner_name", "op": "eq", "value": "1"}, "owner_name", 'value="1"'),
        ({"field": ["status", "status"], "op": ["eq", "eq"], "value": ["active", "closed"]}, "field", 'value="closed"'),
    ],
)
def test_a_wrong_condition_comes_back_in_its_form(
    world: World, given: dict[str, list[str]], place: str, kept: str
) -> None:
    page = world.anonymous.get("/datasets/firms/rows", params=given)
    assert page.status_code == 400 and f"<code>{place}</code>" in page.text and kept in page.text


def test_rows_that_are_not_open_are_not_on_a_page(world: World) -> None:
    page = world.client(ADMIN).get("/en/datasets/cases/rows")
    assert page.status_code == 403 and "/en/datasets/cases" in page.text


@pytest.mark.parametrize(
    ("language", "name", "typed_text", "value"),
    [
        ("vi", "status", "dang hoat dong", "active"),
        ("en", "status", "Closed", "closed"),
        ("vi", "registered_on", "5/3/2024", "2024-03-05"),
        ("vi", "capital", "1.500.000", "1500000"),
        ("en", "capital", "1,500,000", "1500000"),
        ("vi", "score", "1.234,5", "1234.5"),
        ("vi", "score", "1.5", "1.5"),
        ("vi", "exporter", "Có", "true"),
        ("vi", "name", "1.500.000", "1.500.000"),
    ],
)
def test_values_are_read_as_pages_show_them(
    world: World, language: Language, name: str, typed_text: str, value: str
) -> None:
    field = world.registry.get("firms").by_name[name]
    assert typed(field, typed_text, world.registry, Speaker(language)) == value


def test_a_question_takes_the_title_of_a_code_and_keeps_its_form_when_a_value_is_wrong(world: World) -> None:
    asked = {"dataset": "firms", "field": "status", "op": "eq", "group": "status", "measure": "count"}
    page = world.anonymous.get("/ask", params=asked | {"value": "Đang hoạt động"})
    assert page.status_code == 200 and "<td>Đang hoạt động</td>" in page.text
    wrong = world.anonymous.get("/ask", params=asked | {"value": "vớ vẩn"})
    assert wrong.status_code == 400 and 'value="vớ vẩn"' in wrong.text and "status__eq" in wrong.text


@pytest.mark.parametrize(
    ("options", "shown"), [({"min": 1900, "max": 2100}, "2024"), ({"min": 0, "max": 2100}, "2.024"), ({}, "2.024")]
)
def test_years_have_no_separators(world: World, options: dict[str, int], shown: str) -> None:
    field = world.registry.get("firms").by_name["staff"].model_copy(update={"options": options})
    assert readable(field, 2024, world.registry, Speaker("vi")) == shown
