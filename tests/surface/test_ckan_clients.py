"""CKAN's own client, the library and the command line, against the running example."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from ckanapi import NotAuthorized, NotFound, RemoteCKAN, SearchQueryError, ValidationError

from tests.conftest import ADMIN_TOKEN, Platform

CLOSED = "dossiers"
OPEN = "enterprises"


@pytest.fixture(params=[False, True], ids=["POST", "GET"])
def ckan(platform: Platform, request: pytest.FixtureRequest) -> RemoteCKAN:
    """Nobody, by POST and by GET."""
    return RemoteCKAN(platform.url, get_only=request.param)


def owned(platform: Platform, token: str | None) -> RemoteCKAN:
    """The owner of a token."""
    return RemoteCKAN(platform.url, apikey=token)


def ckanapi(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line; it starts itself anew for its workers, so it must be on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["ckanapi", *words, "-r", platform.url]
    return subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=300)


def test_catalogue(ckan: RemoteCKAN) -> None:
    names = ckan.action.package_list()
    assert names == sorted(names) and OPEN in names and CLOSED not in names
    assert ckan.action.status_show()["ckan_version"].startswith("2.")
    found = ckan.action.package_search(**{"q": "doanh nghiep", "rows": 100, "facet.field": ["organization", "tags"]})
    assert OPEN in [package["name"] for package in found["results"]]
    everything = ckan.action.package_search(**{"rows": 0, "facet.field": ["organization", "tags"]})
    for name, count in everything["facets"]["organization"].items():
        assert ckan.action.organization_show(id=name)["package_count"] == count
    pages = [ckan.action.package_search(rows=5, start=start)["results"] for start in range(0, len(names) + 5, 5)]
    assert sorted(package["name"] for page in pages for package in page) == names


def test_every_file_is_what_its_hash_says(platform: Platform, ckan: RemoteCKAN) -> None:
    for package in ckan.action.current_package_list_with_resources(limit=3):
        assert package["resources"]
        for resource in package["resources"]:
            file = httpx.get(resource["url"])
            assert hashlib.sha256(file.content).hexdigest() == resource["hash"]
            assert len(file.content) == resource["size"]


def test_every_datastore_answers_with_the_rows_of_the_release(ckan: RemoteCKAN) -> None:
    for package in ckan.action.package_search(rows=100)["results"]:
        rows = next(int(extra["value"]) for extra in package["extras"] if extra["key"] == "rows")
        resource = next(r for r in package["resources"] if r["datastore_active"])
        answer = ckan.action.datastore_search(resource_id=resource["id"], limit=3)
        assert answer["total"] == rows
        assert len(answer["records"]) == min(3, rows)
        assert [field["id"] for field in answer["fields"]] == list(answer["records"][0])
        last = ckan.action.datastore_search(resource_id=package["name"], limit=1, offset=max(0, rows - 1))
        assert len(last["records"]) == 1
        assert ckan.action.datastore_info(id=resource["id"])["meta"]["count"] == rows


def test_refusals_are_the_clients_own_exceptions(ckan: RemoteCKAN) -> None:
    with pytest.raises(NotAuthorized):
        ckan.action.package_show(id=CLOSED)
    with pytest.raises(NotAuthorized):
        ckan.action.datastore_search(resource_id=CLOSED)
    with pytest.raises(NotFound):
        ckan.action.package_show(id="zz")
    with pytest.raises(ValidationError) as refused:
        ckan.action.datastore_search(resource_id=OPEN, fields=["zzz"])
    assert refused.value.error_dict["fields"] == ['invalid value "zzz"']
    with pytest.raises(SearchQueryError):
        ckan.action.package_search(foo="bar")


def test_nobody_writes_what_a_contract_governs(platform: Platform) -> None:
    for token in (None, ADMIN_TOKEN):
        with pytest.raises(NotAuthorized):
            owned(platform, token).action.package_patch(id=OPEN, title="x")
    with pytest.raises(NotAuthorized):
        owned(platform, None).action.package_create(name="x", owner_org="x")


def test_an_agreement_opens_what_it_names(platform: Platform) -> None:
    consumer = owned(platform, platform.credentials["agency"]["token"])
    private = consumer.action.package_search(include_private=True, fq="private:true", rows=100)["results"]
    assert private and all(package["resources"] == [] for package in private)
    for package in private:
        assert consumer.action.package_show(id=package["name"]) == package
        answer = consumer.action.datastore_search(resource_id=package["name"], limit=5)
        assert answer["total"] >= len(answer["records"]) > 0
        with pytest.raises(NotAuthorized):
            RemoteCKAN(platform.url).action.datastore_search(resource_id=package["name"])


def test_command_line_searches(platform: Platform, tmp_path: Path) -> None:
    done = ckanapi(platform, "search", "datasets", "q=doanh nghiep", "-O", str(tmp_path / "found.jsonl"))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    assert OPEN in [package["name"] for package in found]


def test_command_line_acts(platform: Platform) -> None:
    done = ckanapi(platform, "action", "package_show", f"id={OPEN}", "-j")
    assert json.loads(done.stdout)["name"] == OPEN
    done = ckanapi(platform, "action", "datastore_search", f"resource_id={OPEN}", "limit:2", "sort=_id desc", "-j")
    assert len(json.loads(done.stdout)["records"]) == 2, done.stderr


def test_command_line_dumps_everything(platform: Platform, tmp_path: Path) -> None:
    names = RemoteCKAN(platform.url).action.package_list()
    done = ckanapi(platform, "dump", "datasets", "--all", "-R", "-d", "-q", "-O", str(tmp_path / "all.jsonl"))
    assert done.returncode == 0, done.stderr
    dumped: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [package["name"] for package in dumped] == names
    for resource in (resource for package in dumped for resource in package["resources"]):
        assert "resource_views" not in resource
        assert bool(resource.get("datastore_fields")) == resource["datastore_active"]
    for kind in ("organizations", "groups", "users"):
        assert ckanapi(platform, "dump", kind, "--all", "-q", "-O", str(tmp_path / kind)).returncode == 0
    done = ckanapi(platform, "dump", "datasets", OPEN, "-q", "-D", str(tmp_path / "packages"))
    assert done.returncode == 0, done.stderr
    package = json.loads((tmp_path / "packages" / OPEN / "datapackage.json").read_text())
    for resource in package["resources"]:
        assert (tmp_path / "packages" / OPEN / resource["path"]).stat().st_size > 0
