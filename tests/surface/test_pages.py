"""Pages for people: no dead ends, the way to data that is not open, feeds to follow."""

import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.surface.small import World

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(("path", "language"), [("/khong-co", "vi"), ("/en/nowhere", "en"), ("/user/lan", "vi")])
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
    assert world.anonymous.get("/datasets/nothing/releases.atom").status_code == 404
