"""Governed and hosted datasets are one catalogue: listed, searched, described and fed alike; what is private never is."""

import asyncio
import html
import json
import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.catalog.snapshot import Catalog
from lienthong.ckan.indexes import FEW, Indexes
from lienthong.store import owner
from tests.surface.hosted import did
from tests.surface.small import ADMIN, World

PUBLIC, HIDDEN = "mua-ngay", ("mua-kin", "mua-nhap", "mua-xoa")
RECORDS = "/ogc/collections/catalogue/items"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world in which a station publishes: one dataset for everybody, and three that nobody else may see."""
    world = own_world
    did(world, "organization_create", ADMIN, name="tram-mua", title="Trạm đo mưa")
    did(world, "group_create", ADMIN, name="khi-hau", title="Khí hậu")
    file = {"name": "Mưa 2024", "url": "https://example.vn/mua.csv", "format": "CSV", "mimetype": "text/csv"}
    common = {
        "owner_org": "tram-mua",
        "notes": "Lượng **mưa** đo mỗi ngày.",
        "resources": [file, file | {"name": "Nữa"}],
    }
    did(world, "package_create", ADMIN, name=PUBLIC, title="Lượng mưa ngày", license_id="cc-by", **common,
        tags=[{"name": "khí tượng"}], groups=[{"name": "khi-hau"}], maintainer="Trạm", maintainer_email="t@example.vn",
        extras=[{"key": "harvest_id", "value": "x-17"}])  # fmt: skip
    did(world, "package_create", ADMIN, name="mua-kin", title="Mưa kín", private=True, **common)
    did(world, "package_create", ADMIN, name="mua-nhap", title="Mưa nháp", state="draft", **common)
    did(world, "package_create", ADMIN, name="mua-xoa", title="Mưa xóa", **common)
    did(world, "package_delete", ADMIN, id="mua-xoa")
    return world


def listed(world: World, query: str = "", token: str | None = None) -> list[str]:
    """The datasets on the page, in its order."""
    page = world.client(token).get(f"/datasets?{query}")
    assert page.status_code == 200
    return re.findall(r'<h3><a href="/datasets?/([^"]+)"', page.text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=luong+mua", [PUBLIC]),
        ("q=MƯA", [PUBLIC]),
        ("q=hang&tag=doanh+nghiệp", ["firms"]),
        ("q=lượ", [PUBLIC]),  # a word that only begins so
        ("q=luong+mua+xyzzy+xyzzz", [PUBLIC]),  # half of what somebody asks for, rather than nothing
        ("q=khong+co+gi+nhu+vay+xyzzy", []),
        ("q=xyzzy", []),
        ("organization=tram-mua", [PUBLIC]),
        ("group=khi-hau", [PUBLIC]),
        ("tag=khí+tượng", [PUBLIC]),
        ("licence=cc-by", [PUBLIC]),
        ("access=shared", ["cases"]),
        ("agency=registry-office&access=open", ["case-statistics"]),
        ("organization=tram-mua&access=shared", []),
        ("format=csv&q=mua", [PUBLIC]),
        ("q=title%3A*+OR+(+%22", []),  # no language of its own: only words
    ],
)
def test_one_search_finds_both_kinds(world: World, query: str, found: list[str]) -> None:
    assert listed(world, query) == found


def test_the_page_lists_both_kinds_and_nothing_that_is_private(world: World) -> None:
    every = {"firms", "places", "permits", "case-statistics", "cases", PUBLIC}
    for token in (None, ADMIN):
        assert set(listed(world, token=token)) == every
    assert listed(world)[-1] == PUBLIC  # what a contract governs comes first
    assert listed(world, "sort=newest")[0] == PUBLIC
    page = world.anonymous.get("/datasets").text
    counts = dict(re.findall(r">([^<>]+)</a> <small>(\d+)</small>", page))
    assert (counts["Trạm đo mưa"], counts["Mở"], counts["Theo thỏa thuận"]) == ("1", "5", "1")


def test_a_filter_can_be_changed_and_taken_off(world: World) -> None:
    page = world.anonymous.get("/datasets?organization=tram-mua&q=mua").text
    assert 'class="chosen"' in page and 'href="/datasets?q=mua"' in page
    other = re.search(
        r'href="(/datasets\?organization=office[^"]*)"', world.anonymous.get("/datasets?organization=tram-mua").text
    )
    assert other and "firms" in listed(world, other[1].partition("?")[2].replace("&amp;", "&"))


def test_the_pages_of_an_organization_and_a_group_list_both_kinds(world: World) -> None:
    assert PUBLIC in world.anonymous.get("/organization/tram-mua").text
    assert PUBLIC in world.anonymous.get("/en/group/khi-hau").text
    assert "/datasets/firms" in world.anonymous.get("/organization/office").text


def test_either_address_leads_to_the_page(world: World) -> None:
    away = world.anonymous.get(f"/en/datasets/{PUBLIC}")
    assert (away.status_code, away.headers["location"]) == (302, f"/en/dataset/{PUBLIC}")
    for name in HIDDEN:
        assert world.anonymous.get(f"/datasets/{name}").status_code == 404


def test_a_hosted_page_tells_search_engines_what_it_is(world: World) -> None:
    page = world.anonymous.get(f"/dataset/{PUBLIC}").text
    told = re.search(r'<script type="application/ld\+json">(.+?)</script>', page)
    assert told
    document = json.loads(told[1])
    assert document["@type"] == "Dataset" and document["url"].endswith(f"/dataset/{PUBLIC}")
    assert document["publisher"]["name"] == "Trạm đo mưa" and len(document["distribution"]) == 2
    assert document["includedInDataCatalog"]["url"] == document["url"].removesuffix(f"/dataset/{PUBLIC}")
    assert f'href="/dataset/{PUBLIC}.ttl"' in page
    private = world.client(ADMIN).get("/dataset/mua-kin")
    assert "ld+json" not in private.text


def test_files_of_the_same_name_are_two_in_croissant(world: World) -> None:
    told = world.anonymous.get(f"/dataset/{PUBLIC}/croissant.json").json()
    assert [file["@id"] for file in told["distribution"]] == ["mua.csv", "2-mua.csv"]


def test_rows_that_are_kept_here_have_their_columns_in_croissant_and_their_author_a_page(world: World) -> None:
    did(world, "user_create", ADMIN, name="lan-mua", email="lan@example.vn", password="mua-to-gio-lon", fullname="Lan",
        about="Đo **mưa**. <script>alert(1)</script>")  # fmt: skip
    did(world, "organization_member_create", ADMIN, id="tram-mua", username="lan-mua", role="editor")
    token = did(world, "api_token_create", ADMIN, user="lan-mua", name="x")["token"]
    did(world, "package_create", token, name="mua-bang", title="Mưa theo bảng", owner_org="tram-mua")
    try:
        columns = [{"id": "ngay", "type": "date", "info": {"label": "Ngày đo"}}, {"id": "mm", "type": "numeric"}]
        made = did(world, "datastore_create", token, resource={"package_id": "mua-bang", "name": "Mưa"},
            fields=columns, records=[{"ngay": "2026-01-02", "mm": 3.5}])["resource_id"]  # fmt: skip
        told = world.anonymous.get("/dataset/mua-bang/croissant.json").json()
        (file,), (kept,) = told["distribution"], told["recordSet"]
        assert (file["@id"], file["encodingFormat"], told["isLiveDataset"]) == (f"{made}.csv", "text/csv", True)
        described = [(f["name"], f["dataType"], f["description"]) for f in kept["field"]]
        assert described == [("ngay", "sc:Date", "Ngày đo"), ("mm", "sc:Float", "mm")]
        assert {f["source"]["fileObject"]["@id"] for f in kept["field"]} == {file["@id"]}
        header = world.anonymous.get(urlsplit(file["contentUrl"]).path).text.splitlines()[0]
        assert {f["source"]["extract"]["column"] for f in kept["field"]} < set(header.split(","))

        page = world.anonymous.get("/en/user/lan-mua").text
        assert "<h1>Lan</h1>" in page and "<strong>mưa</strong>" in page and "<script>alert" not in page
        assert 'href="/en/dataset/mua-bang"' in page and "1 dataset " in page and "lan@example.vn" not in page
        assert 'href="/user/lan-mua"' in world.anonymous.get("/dataset/activity/mua-bang").text
        assert world.anonymous.get("/user/nobody").status_code == 404
    finally:
        did(world, "dataset_purge", ADMIN, id="mua-bang")


def records(world: World, **params: Any) -> set[str]:
    answer = world.anonymous.get(RECORDS, params={"limit": 100} | params)
    assert answer.status_code == 200, answer.text
    return {record["id"] for record in answer.json()["features"]}


def test_hosted_datasets_are_records(world: World) -> None:
    assert records(world) == {"firms", "places", "permits", "case-statistics", PUBLIC}
    assert records(world, q="luong mua") == records(world, filter="publisher = 'Trạm đo mưa'") == {PUBLIC}
    assert records(world, externalIds="x-17") == {PUBLIC}
    record = world.anonymous.get(f"{RECORDS}/{PUBLIC}").json()
    assert record["properties"]["keywords"] == ["khí tượng"]
    links = {(link["rel"], link["href"]) for link in record["links"]}
    assert ("enclosure", "https://example.vn/mua.csv") in links
    page = next(
        link["href"] for link in record["links"] if link["type"] == "text/html" and link["rel"] == "describedby"
    )
    assert world.anonymous.get(page.partition(":8000")[2]).status_code == 200
    for name in HIDDEN:
        assert world.anonymous.get(f"{RECORDS}/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/catalog.ttl", "/data.json", "/sitemap.xml", "/catalog.atom", "/catalog.rdf"])
def test_lists_for_machines_hold_both_kinds_and_nothing_private(world: World, path: str) -> None:
    told = world.anonymous.get(path).text
    assert f"/dataset/{PUBLIC}" in told and "/datasets/firms" in told
    assert not any(name in told for name in HIDDEN) and not re.search(r"/datasets/cases\b(?!-)", told)


def test_every_page_of_the_site_map_is_there(world: World) -> None:
    pages = ET.fromstring(world.anonymous.get("/sitemap.xml").content)
    addresses = [e.text or "" for e in pages.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    for address in addresses:
        assert world.anonymous.get(address.partition(":8000")[2]).status_code == 200, address
    assert world.anonymous.get("/sitemap-2.xml").status_code == 404


def test_what_changes_is_told_at_once(world: World) -> None:
    before = world.anonymous.get("/data.json").headers["etag"]
    assert world.anonymous.get("/data.json").headers["etag"] == before
    did(world, "package_patch", ADMIN, id=PUBLIC, title="Giáng thủy ngày")
    assert listed(world, "q=giang+thuy") == [PUBLIC] == list(records(world, q="giang thuy"))
    assert "Giáng thủy ngày" in world.anonymous.get(f"/dataset/{PUBLIC}.ttl").text
    assert world.anonymous.get("/data.json").headers["etag"] != before
    did(world, "package_patch", ADMIN, id=PUBLIC, private=True)
    assert listed(world, "q=giang+thuy") == [] and records(world, q="giang thuy") == set()
    assert world.anonymous.get(f"/dataset/{PUBLIC}.ttl").status_code == 404
    did(world, "package_patch", ADMIN, id=PUBLIC, private=False, title="Lượng mưa ngày")


def test_nobody_waits_for_a_load_by_another_process(world: World) -> None:
    """The index answers as it was, takes the load in beside, and has all of it in the end."""
    many = FEW * 5

    async def story() -> None:
        engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
        indexes = Indexes(Catalog(world.registry, engine), world.registry, "http://site")
        index = await indexes.of("vi")
        before = len(index.public)
        async with engine.begin() as connection:
            await connection.execute(
                text("insert into platform.hosted_package (id, name, state, private, type, created, modified, body, "
                     "plugin_data) select 'load-' || n, 'load-' || n, 'active', false, 'dataset', now(), now(), "
                     "'{}', '{}' from generate_series(1, :many) n"), {"many": many}
            )  # fmt: skip
        await asyncio.sleep(1.1)  # until it is time to look again
        assert len((await indexes.of("vi")).public) == before
        # Whoever may have written at the other process has to see it.
        assert len((await indexes.of("vi", now=True)).public) == before + many
        async with engine.begin() as connection:
            await connection.execute(text("delete from platform.hosted_package where id like 'load-%'"))
        assert len((await indexes.of("vi", now=True)).public) == before
        await engine.dispose()

    asyncio.run(story())


def test_a_dataset_says_how_to_cite_it_and_what_is_new(world: World) -> None:
    page = html.unescape(world.anonymous.get("/en/datasets/firms").text)
    number = world.anonymous.get("/api/v1/datasets/firms").json()["release"]["number"]
    permanent = f"/releases/firms/{number}"
    assert re.search(rf"Firms, release {number} \[dataset\]\. http://\S+{permanent}", page)
    assert world.anonymous.get(permanent).status_code == 200
    assert f"@misc{{firms-{number},\n" in page and "author = {{" in page
    assert 'id="changes"' in page and 'rel="license' in page
    chart = re.search(r'href="(/en/ask\?[^"]+)"[^>]*>Draw a chart', page)
    assert chart and "group=" in chart[1]
    hosted = html.unescape(world.anonymous.get(f"/en/dataset/{PUBLIC}").text)
    assert re.search(rf"Trạm đo mưa \(\d{{4}}\)\. Lượng mưa ngày \[dataset\]\. http://\S+/dataset/{PUBLIC}", hosted)
    assert "harvest_id" not in hosted.partition('id="extras"')[2].partition("</section>")[0]


def test_organizations_are_found_by_name(world: World) -> None:
    found = world.anonymous.get("/organization?q=do+mua").text
    assert "/organization/tram-mua" in found and "/organization/office" not in found
