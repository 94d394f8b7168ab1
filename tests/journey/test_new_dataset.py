"""One folder and no Python: a new dataset is there on every surface."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import ckanapi
import pytest

from tests.conftest import Platform, start, stop

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: rain_gauges
version: 1.0.0
status: active
title: {vi: Trạm đo mưa, en: Rain gauges}
description:
  purpose: {vi: Các trạm đo mưa của tỉnh., en: The rain gauges of the province.}
primaryKey: [gauge_code]
fields:
  - {name: gauge_code, title: {vi: Mã trạm, en: Gauge code}, logicalType: identifier, required: true, classification: public}
  - {name: name, title: {vi: Tên trạm, en: Name}, logicalType: text, required: true, classification: public, search: true}
  - {name: opened_on, title: {vi: Ngày mở, en: Opened on}, logicalType: date, classification: public, index: true}
  - {name: keeper_phone, title: {vi: Điện thoại, en: Phone}, logicalType: phone, classification: personal}
  - {name: place, title: {vi: Vị trí, en: Place}, logicalType: point, classification: public}
catalogue:
  theme: ENVI
  licence: CC-BY-4.0
  updateFrequency: P1M
  spatial: "20"
  dataClass: open
  contact: {name: {vi: Sở Nông nghiệp, en: Department of Agriculture}, email: mua@example.gov.vn}
privacy: {personal: true, legalBasis: "91/2025/QH15", retention: P5Y}
openView: {}
source:
  system: {vi: Sổ trạm, en: Gauge book}
  files: [{pattern: "gauges*.csv", reader: csv}]
  columns:
    gauge_code: Mã trạm
    name: Tên trạm
    opened_on: {from: Ngày mở, formats: ["%d/%m/%Y"]}
    keeper_phone: Điện thoại
    place: {from: [Kinh độ, Vĩ độ], join: " "}
"""
ROWS = """Mã trạm,Tên trạm,Ngày mở,Điện thoại,Kinh độ,Vĩ độ
M01,Trạm Đồng Đăng,15/03/2019,0912345678,106.70,21.94
M02,Trạm Kỳ Lừa,01/06/2020,0987654321,106.76,21.85
M03,Trạm hỏng,45/13/2020,0912345679,106.76,21.85
"""
FIRST = {"gauge_code": "M01", "name": "Trạm Đồng Đăng", "opened_on": "2019-03-15"}


def lienthong(platform: Platform, *words: str, expect: int = 0) -> Any:
    env = {**os.environ, "LIENTHONG_HOME": str(platform.home), "LIENTHONG_DATASETS": str(platform.home / "datasets")}
    command = [sys.executable, "-m", "lienthong.app.cli", *words, "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("added")
    folder = home / "datasets" / "agriculture" / "rain_gauges"
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(CONTRACT, "utf-8")
    (home / "delivery").mkdir()
    (home / "delivery" / "gauges_2026.csv").write_text(ROWS, "utf-8")
    process, platform = start(home, LIENTHONG_DATASETS=str(home / "datasets"))
    (report,) = lienthong(platform, "ingest", "--from", str(home / "delivery"))
    assert report["state"] == "done" and report["counts"]["accepted"] == 2 and report["counts"]["quarantined"] == 1
    (published,) = lienthong(platform, "publish")
    assert published["rows"] == 2
    yield platform
    assert stop(process) == 0


def test_rest(added: Platform) -> None:
    with added.client() as client:
        answer = client.get("/api/v1/datasets/rain-gauges/rows", params={"q": "dong dang"}).json()
        place = answer["data"][0].pop("place")
        assert answer["data"] == [FIRST]
        assert place["coordinates"] == [106.7, 21.94]
        assert client.get("/api/v1/datasets/rain-gauges/rows/M02").json()["data"]["name"] == "Trạm Kỳ Lừa"


def test_personal_fields_stay_inside(added: Platform) -> None:
    with added.client() as client:
        assert client.get("/api/v1/datasets/rain-gauges/rows?fields=keeper_phone").status_code == 401
        assert "0912345678" not in client.get("/api/v1/datasets/rain-gauges/download.csv", follow_redirects=True).text


def test_graphql(added: Platform) -> None:
    query = '{ rainGauges(where: {openedOn: {gte: "2020-01-01"}}) { totalCount nodes { gaugeCode name } } }'
    with added.client() as client:
        answer = client.post("/graphql", json={"query": query}).json()
    assert answer == {"data": {"rainGauges": {"totalCount": 1, "nodes": [{"gaugeCode": "M02", "name": "Trạm Kỳ Lừa"}]}}}


def test_ckan(added: Platform) -> None:
    site = ckanapi.RemoteCKAN(added.url)
    assert site.action.package_list() == ["rain-gauges"]
    package = site.action.package_show(id="rain-gauges")
    assert package["organization"]["name"] == "agriculture" and package["title"] == "Trạm đo mưa"
    assert site.action.datastore_search(resource_id="rain-gauges", filters={"gauge_code": "M01"})["total"] == 1


def test_ogc(added: Platform) -> None:
    with added.client() as client:
        answer = client.get("/ogc/collections/rain-gauges/items", params={"bbox": "106.69,21.9,106.71,22.0"}).json()
    assert [feature["id"] for feature in answer["features"]] == ["M01"]


def test_portal_in_both_languages(added: Platform) -> None:
    with added.client() as client:
        assert "Trạm đo mưa" in client.get("/datasets/rain-gauges").text
        assert "Rain gauges" in client.get("/en/datasets/rain-gauges").text
        assert "rain-gauges" in client.get("/datasets?q=tram do mua").text


def test_files(added: Platform) -> None:
    with added.client(follow_redirects=True) as client:
        text = client.get("/api/v1/datasets/rain-gauges/download.csv").content.decode("utf-8-sig")
        assert [row["gauge_code"] for row in csv.DictReader(io.StringIO(text))] == ["M01", "M02"]
        geojson = client.get("/api/v1/datasets/rain-gauges/download.geojson").json()
        assert len(geojson["features"]) == 2


def test_the_bad_row_waits_in_quarantine(added: Platform) -> None:
    from lienthong.store import owner

    with owner.connect(added.settings) as connection:
        found = connection.execute("select field, value, file, line from platform.quarantine").fetchall()
    assert found == [("opened_on", "45/13/2020", "gauges_2026.csv", 4)]


def test_a_file_that_is_not_what_the_contract_says_changes_nothing(added: Platform) -> None:
    folder = added.home / "wrong"
    folder.mkdir(exist_ok=True)
    (folder / "gauges_wrong.csv").write_text("A,B\n1,2\n", "utf-8")
    (report,) = lienthong(added, "ingest", "--from", str(folder), expect=2)
    assert report["state"] == "refused" and "Mã trạm" in json.dumps(report["problem"], ensure_ascii=False)
    with added.client() as client:
        assert len(client.get("/api/v1/datasets/rain-gauges/rows").json()["data"]) == 2
