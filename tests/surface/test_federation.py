"""Federation: pushed to another installation, harvested from it, from files, and from sites that mean no good."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from lienthong.app import federating
from lienthong.kernel.problem import Invalid, Problem, Unavailable
from lienthong.pipelines.federation import plain
from lienthong.pipelines.federation.push import Order as PushOrder
from lienthong.pipelines.federation.push import push
from lienthong.pipelines.federation.records import Report
from lienthong.pipelines.federation.web import Limits
from lienthong.store import owner
from tests.surface.federated import HERE, Answer, Site, harvested, other, silent, site, with_engine
from tests.surface.hosted import did
from tests.surface.served import served
from tests.surface.site import environment
from tests.surface.small import ADMIN, World, running

SHARED = Path(os.environ.get("LIENTHONG_SHARED", Path(__file__).parents[3] / "shared"))
REAL = SHARED / "data" / "catalog" / "catalogue_merged.jsonl"
ORG = "kho-chung"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("federation")) as found:
        yield found


@pytest.fixture(scope="module")
def there(here: World) -> Iterator[World]:
    with other(here) as found:
        did(found, "organization_create", ADMIN, name=ORG, title="Kho chung")
        yield found


def pushed(here: World, url: str, **options: Any) -> Report:
    """Push everything that is open here."""

    async def offers(engine: Any) -> Any:
        return await federating.offers(here.settings, here.registry, engine, options.pop("names", []))

    offered, withdrawn, only = with_engine(here, offers)
    source = here.settings.public_url
    given = {"organization": ORG, "token": ADMIN, "datasets": only, "withdrawn": withdrawn} | options
    return push(offered, PushOrder(url, source, **given), HERE, silent)


def ours(there: World) -> dict[str, dict[str, Any]]:
    """What the other installation holds of ours, by dataset."""
    found = did(there, "package_search", ADMIN, fq=f"organization:{ORG}", rows=100)["results"]
    return {extras(package)["lienthong_dataset"]: package for package in found}


def extras(package: dict[str, Any]) -> dict[str, str]:
    return {extra["key"]: extra["value"] for extra in package["extras"]}


# --- push --------------------------------------------------------------------------------------------------------


def test_pushed_once_then_unchanged_then_withdrawn(here: World, there: World) -> None:
    published = {s["name"] for s in did(here, "package_search", rows=100)["results"]}
    with served(there) as port:
        url = f"http://{HERE}:{port}"
        tried = pushed(here, url, dry_run=True)
        assert tried.created == len(published) and not ours(there)
        first = pushed(here, url)
        assert (first.created, first.failed) == (len(published), [])
        assert first.lost["columns (title, type, meaning)"] > 0
        again = pushed(here, url)
        assert (again.created, again.updated, again.unchanged, again.failed) == (0, 0, len(published), [])
        assert again.requests == 2  # the licences, and one search for all of them
        held = ours(there)
        everything = json.dumps(did(there, "package_search", ADMIN, rows=100), ensure_ascii=False)
        for secret in ("Người thứ", "bí mật", "Nguyễn Văn"):
            assert secret not in everything
        assert set(held) == {c.id for c in here.registry.contracts.values() if c.slug in published}
        firms = held["firms"]
        assert firms["title"] == "Hãng" and extras(firms)["title_en"] == "Firms"
        assert firms["resources"][0]["url"].startswith(here.settings.public_url)
        # Sent as files now: the same dataset, changed; a file that is there is not sent again.
        sent = pushed(here, url, upload=True, names=["firms"])
        assert (sent.updated, sent.failed) == (1, []), sent
        file = ours(there)["firms"]["resources"][0]
        assert file["url_type"] == "upload" and file["id"] == firms["resources"][0]["id"]
        assert there.anonymous.get(file["url"].partition("8000")[2]).status_code == 200
        assert pushed(here, url, upload=True, names=["firms"]).unchanged == 1
        # Cut off before the fingerprint was written: taken up again, and the file that is there is not sent again.
        cut = [{"key": k, "value": v} for k, v in extras(ours(there)["firms"]).items() if k != "lienthong_fingerprint"]
        did(there, "package_patch", ADMIN, id=firms["id"], extras=cut)
        resumed = pushed(here, url, upload=True, names=["firms"])
        assert (resumed.updated, resumed.requests) == (1, 4)
        assert pushed(here, url, upload=True, names=["firms"]).unchanged == 1
        # Withdrawn here: the files go there, too, and the page tells why.
        reason = {"vi": "Có lỗi", "en": "An error"}
        with owner.connect(here.settings) as connection:
            connection.execute(
                "update platform.release set state = 'withdrawn', withdrawn_reason = %s, withdrawn_at = now(), "
                "changed_at = now() where dataset = 'places'",
                (Jsonb(reason),),
            )
        gone = pushed(here, url)
        assert (gone.removed, gone.failed) == (1, [])
        places = ours(there)["places"]
        assert places["resources"] == [] and "Có lỗi" in places["notes"]
        last = pushed(here, url)
        assert (last.removed, last.updated, last.created) == (0, 0, 0)


def test_push_is_refused_where_it_has_no_right(here: World, there: World) -> None:
    with served(there) as port:
        before = did(there, "package_search", ADMIN, rows=0)["count"]
        report = pushed(here, f"http://{HERE}:{port}", token="nobody's", organization="other")
        assert report.failed and did(there, "package_search", ADMIN, rows=0)["count"] == before
        assert (report.created, report.updated) == (0, 0)  # what failed is not counted as done
        with pytest.raises(Problem):
            pushed(here, f"http://localhost:{port}")  # not on the list: neither http nor private


# --- harvest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ckan", "dcat", "lienthong"])
def test_harvested_in_three_ways(here: World, there: World, kind: Any) -> None:
    with served(here) as port:
        url = f"http://{HERE}:{port}" + ("/catalog.ttl" if kind == "dcat" else "")
        first = harvested(there, kind, url)
        count = did(here, "package_search", rows=0)["count"]
        assert (first.created, first.failed) == (count, []), first
        again = harvested(there, kind, url)
        assert (again.created, again.updated, again.failed) == (0, 0, [])
        found = [p for p in did(there, "package_search", rows=100)["results"] if extras(p).get("harvest_source") == url]
    assert len(found) == count
    firms = next(p for p in found if p["title"] == "Hãng")
    original = did(here, "package_show", id="firms")
    assert firms["name"].startswith("firms-")  # the name is a contract's here
    assert firms["organization"]["name"] != original["organization"]["name"]  # never taken for the agency itself
    assert firms["license_id"] == original["license_id"] and firms["isopen"]
    assert [r["format"] for r in firms["resources"]] == ["CSV"]
    assert firms["resources"][0]["size"] == original["resources"][0]["size"]
    assert {t["name"] for t in firms["tags"]} == {t["name"] for t in original["tags"]}
    if kind != "ckan":
        assert extras(firms)["title_en"] == "Firms"


def test_what_one_kind_of_harvest_has_seen_another_reads_itself(here: World, there: World) -> None:
    with served(here) as port:
        first, second, third = (
            harvested(there, kind, f"http://{HERE}:{port}") for kind in ("ckan", *["lienthong"] * 2)
        )
    assert second.updated == first.created > 0 == third.updated  # CKAN's answers have no English


def test_a_refused_inner_address_names_the_setting_that_allows_it(there: World) -> None:
    with site(turning) as remote:
        with pytest.raises(Invalid, match=f"LIENTHONG_FEDERATION_ALLOW=a.vn,{remote.url[7:]}$"):
            harvested(there, "ckan", remote.url, allowed="a.vn")
        assert not remote.asked
        with pytest.raises(Invalid) as sent_on:  # where a site sends us, nobody is advised to allow
            harvested(there, "ckan", remote.url)
    assert remote.asked and "LIENTHONG" not in str(sent_on.value)


def package(n: int, **more: Any) -> dict[str, Any]:
    """A dataset of a CKAN."""
    return {
        "id": f"id-{n:04}", "name": f"ngoai-{n}", "title": f"Bộ số {n}", "metadata_modified": f"2026-01-01T00:00:{n:02}",
        "resources": [{"id": f"r{n}", "url": f"https://example.vn/{n}.csv", "format": "csv"}],
        "groups": [{"name": "nhom"}], "custom": {"a": 1}, "organization": {"name": "office", "title": "Nơi khác"},
    } | more  # fmt: skip


def ckan(packages: list[dict[str, Any]]) -> Any:
    """A CKAN that gives at most three datasets a page and knows since when."""

    def answers(path: str, given: dict[str, str]) -> Answer:
        start, since = int(given.get("start", 0)), given.get("fq", "").partition("metadata_modified:[")[2][:19]
        found = sorted((p for p in packages if p["metadata_modified"] >= since), key=lambda p: str(p["id"]))
        body = json.dumps({"success": True, "result": {"count": len(found), "results": found[start : start + 3]}})
        return 200, {"Content-Type": "application/json"}, body.encode()

    return answers


def test_only_what_changed_is_read_and_what_vanished_is_pruned(there: World) -> None:
    all_ = [package(n) for n in range(7)]
    with site(ckan(all_)) as remote:
        first = harvested(there, "ckan", remote.url)
        assert (first.created, first.requests, first.lost["groups"]) == (7, 4, 7)
        assert did(there, "package_show", id="ngoai-3")["organization"]["title"] == "Nơi khác"
        all_[3] |= {"title": "Khác", "metadata_modified": "2026-02-01T00:00:00"}
        second = harvested(there, "ckan", remote.url)
        assert (second.updated, second.created, second.requests) == (1, 0, 2)
        shown = did(there, "package_show", id="ngoai-3")
        assert shown["title"] == "Khác" and extras(shown)["custom"] == '{"a":1}'
        del all_[0]
        assert harvested(there, "ckan", remote.url).removed == 0
        assert harvested(there, "ckan", remote.url, prune=True).removed == 1
        assert "ngoai-0" not in did(there, "package_list")
        all_.append(package(0))
        assert harvested(there, "ckan", remote.url, full=True).updated == 1  # it has come back
        did(there, "package_delete", ADMIN, id="ngoai-5")
        all_[4] |= {"title": "Mới", "metadata_modified": "2026-03-01T00:00:00"}
        assert harvested(there, "ckan", remote.url, full=True).skipped == 1  # deleted here by somebody: stays so


def test_names_and_organizations_are_nobody_elses(there: World) -> None:
    did(there, "package_create", ADMIN, name="ngoai-90", owner_org=ORG)
    twice = [package(90), package(91, name="firms"), package(92, name="ngoai-91"), package(93, name="ngoai-91")]
    with site(ckan(twice)) as remote:
        # Anybody may write such extras: they do not make a dataset the source's.
        told = [{"key": "harvest_source", "value": remote.url}, {"key": "harvest_id", "value": "id-0090"}]
        did(there, "package_create", ADMIN, name="gia-mao", owner_org=ORG, extras=told)
        assert harvested(there, "ckan", remote.url).created == 4
        assert harvested(there, "ckan", remote.url, prune=True).removed == 0
    did(there, "package_delete", ADMIN, id="gia-mao")
    found = [p for p in did(there, "package_search", rows=100)["results"]
             if extras(p).get("harvest_source") == remote.url]  # fmt: skip
    names = {p["name"] for p in found}
    assert len(names) == 4 and not names & {"ngoai-90", "firms"} and "ngoai-91" in names
    assert {p["organization"]["name"] for p in found} != {"office"}


# --- what strangers send -----------------------------------------------------------------------------------------


def test_a_bad_dataset_stops_no_other_and_nothing_runs(there: World) -> None:
    bad: list[dict[str, Any]] = [
        package(
            50, notes="<script>alert(1)</script><p>Tốt <b>đẹp</b></p><img src=x onerror=alert(1)>", title="A &amp; B"
        ),
        package(51, resources=[{"url": "javascript:alert(1)"}, {"url": "https://example.vn/a b.csv"}]),
        package(52, resources="none", tags=[{}]),
        package(53, private=True),
        {"id": "id-0054", "metadata_modified": "2026-01-01"},
        package(55, notes="x" * 300_000, extras=[{"key": "k" * 500, "value": "v"}]),
    ]
    with site(ckan(bad)) as remote:
        report = harvested(there, "ckan", remote.url)
    assert (report.created, report.skipped, len(report.failed)) == (3, 1, 2), report
    shown = did(there, "package_show", id="ngoai-50")
    assert shown["title"] == "A & B" and "Tốt" in shown["notes"] and "<" not in shown["notes"]
    urls = [r["url"] for r in did(there, "package_show", id="ngoai-51")["resources"]]
    assert urls == ["https://example.vn/a%20b.csv"] and report.lost["resources.url"] == 1


def endless(path: str, given: dict[str, str]) -> Answer:
    start = int(given.get("start", 0))
    found = [package(start + n) for n in range(100)]
    return 200, {}, json.dumps({"success": True, "result": {"results": found}}).encode()


def repeating(path: str, given: dict[str, str]) -> Answer:
    return 200, {}, json.dumps({"success": True, "result": {"results": [package(1)]}}).encode()


def huge(path: str, given: dict[str, str]) -> Answer:
    return 200, {"Content-Type": "text/turtle"}, b" " * 2_000_000


def turning(path: str, given: dict[str, str]) -> Answer:
    return 302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""


def circling(path: str, given: dict[str, str]) -> Answer:
    return 302, {"Location": path}, b""


def broken(path: str, given: dict[str, str]) -> Answer:
    return 500, {}, b"<html>"


BOUNDS = Limits(answer_bytes=1_000_000, datasets=250, pages=50, seconds=20)


@pytest.mark.parametrize("answers", [endless, repeating, huge, turning, circling, broken])
@pytest.mark.parametrize("kind", ["ckan", "dcat"])
def test_sites_that_mean_no_good(there: World, answers: Any, kind: Any) -> None:
    began = time.monotonic()
    with site(answers) as remote, pytest.raises((Invalid, Unavailable)):
        harvested(there, kind, remote.url, BOUNDS, dry_run=True)
    assert time.monotonic() - began < 60
    assert len(remote.asked) < 50


PAGED = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<{url}/d/{n}> a dcat:Dataset ; dct:title "Bộ {n}"@vi, "Set {n}"@en ; dct:license <http://creativecommons.org/licenses/by/4.0/> ;
  dct:rights "x" ; dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://example.vn/{n}.csv> ;
  dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ; dcat:byteSize 12 ] .
<{url}/page/{n}> hydra:next <{url}/page/{next}> ."""


def test_pages_without_an_end(there: World) -> None:
    def answers(path: str, given: dict[str, str]) -> Answer:
        n = int(path.rpartition("/")[2] or 0)
        return 200, {"Content-Type": "text/turtle"}, PAGED.format(url=remote.url, n=n, next=n + 1).encode()

    remote: Site
    with site(answers) as remote, pytest.raises(Invalid):
        harvested(there, "dcat", f"{remote.url}/page/0", Limits(pages=5), dry_run=True)
    assert len(remote.asked) == 5


def test_pages_of_hydra_are_followed_until_one_was_read(there: World) -> None:
    def answers(path: str, given: dict[str, str]) -> Answer:
        n = int(path.rpartition("/")[2] or 0)
        text = PAGED.format(url=remote.url, n=n, next=(n + 1) % 3)
        return 200, {"Content-Type": "text/turtle"}, text.encode()

    remote: Site
    with site(answers) as remote:
        report = harvested(there, "dcat", f"{remote.url}/page/0")
    assert (report.created, report.failed, report.requests, report.lost["dcterms:rights"]) == (3, [], 3, 3), report
    found = did(there, "package_search", q='title:"Bộ 2"')["results"][0]
    assert found["license_id"] in ("CC-BY-4.0", "cc-by") and found["resources"][0]["format"] == "CSV"
    assert extras(found)["title_en"] == "Set 2"


XXE = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&x;</rdf:RDF>"""
REMOTE = b'{"@context": "http://127.0.0.1:1/context.jsonld", "@graph": []}'


@pytest.mark.parametrize(
    "name, body", [("a.rdf", XXE), ("a.xml", XXE.decode().encode("utf-16")), ("a.jsonld", REMOTE),
                   ("b.jsonld", b"[" * 100_000), ("a.ttl", b"<<<"), ("c.jsonld", b'{"@context": {"@import": "http://x/"}}')]
)  # fmt: skip
def test_files_that_mean_no_good(there: World, tmp_path: Path, name: str, body: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(Invalid):
        harvested(there, "dcat", str(path))


# --- the command line --------------------------------------------------------------------------------------------


def test_the_command_tells_what_it_did(here: World, tmp_path: Path) -> None:
    path = tmp_path / "danh-muc.jsonl"
    line = {
        "title": "Cây xanh <b>đô thị</b>",
        "organization": "Công ty Cây xanh",
        "license": "CC BY 4.0",
        "categories": ["môi trường"],
        "resources": [{"name": "Bảng", "format": "MS EXCEL", "url": "https://example.vn/a"}],
    }
    path.write_text(json.dumps(line) + "\n{broken\n")  # fmt: skip
    command = [sys.executable, "-m", "lienthong.app.cli", "catalogue", "load", str(path), "--json"]
    done = subprocess.run(command, env=environment(here), capture_output=True, timeout=300)
    told = json.loads(done.stdout)
    assert (done.returncode, told["created"], len(told["failed"])) == (8, 1, 1), done.stderr
    time.sleep(1.05)
    shown = did(here, "package_show", id="cay-xanh-do-thi")
    assert (shown["license_id"], shown["resources"][0]["format"]) == ("CC-BY-4.0", "XLSX")
    assert shown["organization"]["title"] == "Công ty Cây xanh" and shown["tags"][0]["name"] == "môi trường"


# --- a real catalogue --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.exists(), reason="the real catalogue is not here")
def test_two_thousand_real_datasets_in_half_a_minute(there: World) -> None:
    before = did(there, "package_search", rows=0)["count"]
    begun = time.process_time()  # the machine may be busy with others
    first = harvested(there, "lines", str(REAL))
    assert (first.created, first.failed) == (2631, []) and time.process_time() - begun < 30, first.seconds
    again = harvested(there, "lines", str(REAL))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2631)
    asked = {"rows": 1000, "facet.field": ["res_format", "license_id", "organization"]}
    found = did(there, "package_search", ADMIN, **asked)  # whoever may have loaded them sees them at once
    assert found["count"] == before + 2631
    until = time.monotonic() + 120
    while did(there, "package_search", rows=0)["count"] < before + 2631:  # everybody else is not kept waiting meanwhile
        assert time.monotonic() < until
        time.sleep(0.2)
    formats = found["search_facets"]["res_format"]["items"]
    assert {"CSV", "GeoJSON", "XLSX"} <= {item["name"] for item in formats} and "MS EXCEL" not in str(formats)
    assert not [p["name"] for p in found["results"] if "<p" in (p["notes"] or "") or "<span" in (p["notes"] or "")]


def test_html_becomes_markdown_and_nothing_more() -> None:
    given = "<h2>Số</h2><p>Một&nbsp;<b>hai</b> &lt;script&gt;x&lt;/script&gt;<a href='javascript:x()'>a</a>"
    told = plain.markdown(given + "<a href='https://example.vn/(1)'>b</a></p><ul><li>c<li>d</ul>")
    assert told == "### Số\n\nMột hai &lt;script>x&lt;/script>a[b](https://example.vn/%281%29)\n\n- c\n- d"
    assert plain.markdown("# Đề mục\n\nsố < 5 & > 3\n- a") == "# Đề mục\n\nsố < 5 & > 3\n- a"
    assert "javascript" not in plain.markdown("[x]( javascript:alert(1))")
    assert plain.name("Sở Y tế Đồng Tháp: 2026/01") == "so-y-te-dong-thap-2026-01"
