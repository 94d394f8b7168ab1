"""The catalogue for machines, read by the tools of its own field."""

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rdflib import DCTERMS, RDF, Graph, URIRef
from rdflib.compare import isomorphic

from lienthong.catalog.profiles.dcat import DCAT, Describer
from lienthong.catalog.profiles.described import hosted, iri
from tests.surface.hosted import did
from tests.surface.small import ADMIN, World

SHARED = Path(os.environ.get("LIENTHONG_SHARED", Path(__file__).parents[3] / "shared"))
SHAPES = SHARED / "data" / "standards" / "dcat-ap_3_shacl_shapes.ttl"
FORMS = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml", "nt": "nt"}
HOSTILE = [
    'Đất "đai" <script>alert(1)</script> & \\ } .',
    'x\u0000y\ufffe\u0008 \u2028 kết thúc\n\n"""',
    "> . <http://evil> <http://evil> <http://evil> .",
]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world of its own: datasets are published in it."""
    return own_world


@pytest.fixture(scope="module")
def hosted_one(world: World) -> str:
    """A dataset published through the Action API, with poor and hostile metadata."""
    did(world, "organization_create", ADMIN, name="so-thu", title=HOSTILE[0])
    package = {
        "name": "du-lieu-tho", "title": HOSTILE[0], "notes": HOSTILE[2], "owner_org": "so-thu",
        "maintainer_email": "a@b.vn", "license_id": "cc-by", "tags": [{"name": "nước sạch"}],
        "resources": [
            {"url": "http://example.vn/a b<c>.csv", "format": "CSV", "name": HOSTILE[0]},
            {"url": "javascript:alert(1)", "format": "HTML"},
            {"url": "https://example.vn/x.pdf", "format": "PDF", "mimetype": 'application/pdf" onload="'},
        ],
    }  # fmt: skip
    did(world, "package_create", ADMIN, **package)
    return "du-lieu-tho"


def graph(world: World, path: str, form: str) -> Graph:
    answer = world.anonymous.get(path)
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.content, format=FORMS[form])


def test_all_forms_tell_the_same(world: World, hosted_one: str) -> None:
    whole = graph(world, "/catalog.ttl", "ttl")
    assert len(list(whole.subjects(RDF.type, DCAT.Catalog))) == 1
    for form in FORMS:
        assert isomorphic(whole, graph(world, f"/catalog.{form}", form)), form


def test_the_catalogue_names_every_published_dataset(world: World, hosted_one: str) -> None:
    listed = {str(o) for o in graph(world, "/catalog.ttl", "ttl").objects(None, DCAT.dataset)}
    names = world.anonymous.get("/api/3/action/package_list").json()["result"]
    assert {address.rpartition("/")[2] for address in listed} == set(names)
    assert hosted_one in names


@pytest.mark.skipif(not SHAPES.exists(), reason="no shapes: ../shared is not here")
def test_it_is_valid_by_the_shapes_of_dcat_ap(world: World, hosted_one: str) -> None:
    from pyshacl import validate

    shapes = Graph().parse(SHAPES)
    conforms, _, text = validate(graph(world, "/catalog.ttl", "ttl"), shacl_graph=shapes, inference="none")
    assert conforms, text[:3000]


def test_files_are_told_with_size_sum_and_address(world: World) -> None:
    told = graph(world, "/datasets/firms.ttl", "ttl")
    files = list(told.objects(None, DCAT.distribution))
    listed = world.anonymous.get("/api/3/action/package_show?id=firms").json()["result"]["resources"]
    assert len(files) == len(listed)
    for file in files:
        assert told.value(file, DCAT.downloadURL) is not None
        assert told.value(file, DCAT.byteSize) is not None


def test_what_would_break_a_graph_is_left_out_or_escaped(world: World, hosted_one: str) -> None:
    told = graph(world, f"/dataset/{hosted_one}.ttl", "ttl")
    urls = {str(url) for url in told.objects(None, DCAT.accessURL)}
    assert urls == {"http://example.vn/a%20b%3Cc%3E.csv", "https://example.vn/x.pdf"}
    assert URIRef("http://evil") not in set(told.all_nodes())
    assert HOSTILE[0] in {str(title) for title in told.objects(None, DCTERMS.title)}


@pytest.mark.parametrize("text", ["javascript:alert(1)", "", "http://", "//x", "data:text/html,x", "http://[::1", None])
def test_an_address_that_is_none_is_dropped(text: str | None) -> None:
    assert iri(text) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_can_be_written_in_every_form(text: str) -> None:
    package = {"id": "1", "name": "x", "title": text, "notes": text, "tags": [{"display_name": text}],
               "resources": [{"id": "2", "url": f"http://x.vn/{text}", "name": text}]}  # fmt: skip
    told = Describer("http://site", {})
    told.dataset(hosted(package, "http://site"))
    for form in FORMS.values():
        assert isomorphic(told.graph, Graph().parse(data=told.graph.serialize(format=form), format=form)), form


def test_a_browser_gets_pages_and_a_program_its_form(world: World) -> None:
    page = world.anonymous.get("/catalog", headers={"Accept": "text/html,*/*"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/datasets")
    told = world.anonymous.get("/catalog", headers={"Accept": "application/ld+json, text/turtle;q=0.5"})
    assert told.headers["content-type"] == "application/ld+json"
    again = world.anonymous.get(
        "/catalog", headers={"Accept": "application/ld+json", "If-None-Match": told.headers["etag"]}
    )
    assert again.status_code == 304


def test_wrong_pages_and_forms_are_refused(world: World) -> None:
    assert world.anonymous.get("/catalog.ttl?page=0").status_code == 400
    assert world.anonymous.get("/catalog.ttl?page=999").status_code == 404
    assert world.anonymous.get("/catalog.ttl?pgae=1").status_code == 400
    assert world.anonymous.get("/catalog.docx").status_code == 404
    assert world.anonymous.get("/datasets/no-such.ttl").status_code == 404


def test_what_is_not_published_is_in_no_document(world: World) -> None:
    for path in ("/catalog.ttl", "/data.json", "/sitemap.xml", "/releases.atom"):
        text = world.anonymous.get(path).text
        assert "/datasets/firms" in text or path == "/releases.atom"
        assert not re.search(r"/datasets/cases\b(?!-)", text), path
    assert world.anonymous.get("/datasets/cases.ttl").status_code == 404


def test_data_json_and_croissant_have_what_their_standards_ask_for(world: World) -> None:
    whole = world.anonymous.get("/data.json").json()
    assert whole["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    for dataset in whole["dataset"]:
        assert {
            "identifier",
            "title",
            "description",
            "keyword",
            "publisher",
            "contactPoint",
            "accessLevel",
        } <= dataset.keys()
    told = world.anonymous.get("/datasets/firms/croissant.json").json()
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    names = {one["@id"] for one in told["distribution"]}
    assert all(f["source"]["fileObject"]["@id"] in names for f in told["recordSet"][0]["field"])
    assert world.anonymous.get("/datasets/firms/schema.jsonld").json()["@type"] == "Dataset"


def test_lists_for_search_engines_and_readers(world: World) -> None:
    pages = ET.fromstring(world.anonymous.get("/sitemap.xml").content)
    assert any(
        "/datasets/firms" in (e.text or "") for e in pages.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    )
    feed = ET.fromstring(world.anonymous.get("/releases.atom").content)
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    assert "Sitemap: " in world.anonymous.get("/robots.txt").text


def test_well_known_addresses(world: World) -> None:
    told = world.anonymous.get("/.well-known/security.txt").text
    assert "Contact: " in told and "Expires: " in told
    linkset = world.anonymous.get("/.well-known/api-catalog")
    assert linkset.headers["content-type"].startswith("application/linkset+json")
    for one in json.loads(linkset.text)["linkset"]:
        assert world.anonymous.get(one["service-desc"][0]["href"].partition("8000")[2] or "/").status_code < 500


def test_code_lists_are_concept_schemes(world: World) -> None:
    lists = world.registry.vocabularies
    name = next(iter(lists))
    told = graph(world, f"/vocab/{name}.ttl", "ttl")
    assert len(told) > len(lists[name].codes)
    assert world.anonymous.get("/vocab/no-such").status_code == 404


def test_public_services_are_told_page_by_page(world: World) -> None:
    rows = world.rows("permits", limit="1000")
    names = {str(row["number"]) for row in rows}
    found: set[str] = set()
    path: str | None = "/datasets/permits/cpsv.ttl"
    while path:
        answer = world.anonymous.get(path)
        assert answer.status_code == 200, answer.text
        told = Graph().parse(data=answer.content, format="turtle")
        services = set(told.subjects(RDF.type, URIRef("http://data.europa.eu/m8g/PublicService")))
        found |= {str(told.value(one, DCTERMS.title)) for one in services}
        following = answer.links.get("next", {}).get("url")
        path = following[following.index("/datasets") :] if following else None
    assert names and found == names
    assert world.anonymous.get("/datasets/firms/cpsv.ttl").status_code == 404
