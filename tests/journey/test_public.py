"""The public: find a dataset without tone marks, read its page, download it, check it, draw it on a map."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path

import httpx
import openpyxl
import pyarrow.parquet as parquet
import pytest

from tests.conftest import Platform

UNITS = "administrative-units"


def release(client: httpx.Client, name: str) -> dict[str, object]:
    answer = client.get(f"/api/v1/datasets/{name}")
    assert answer.status_code == 200
    number = answer.json()["release"]["number"]
    manifest = client.get(f"/datasets/{name}/releases/{number}/manifest.json")
    assert manifest.status_code == 200
    return dict(manifest.json())


@pytest.mark.parametrize("words", ["don vi hanh chinh", "Đơn vị hành chính", "DON VI"])
def test_a_dataset_is_found_with_and_without_tone_marks(anonymous: httpx.Client, words: str) -> None:
    page = anonymous.get("/datasets", params={"q": words})
    assert f'href="/datasets/{UNITS}"' in page.text


def test_a_word_that_occurs_nowhere_finds_nothing(anonymous: httpx.Client) -> None:
    page = anonymous.get("/datasets", params={"q": "xyzzy"})
    assert page.status_code == 200 and 'href="/datasets/' not in page.text


def test_every_file_of_every_release_is_what_its_manifest_says(anonymous: httpx.Client) -> None:
    names = [d["name"] for d in anonymous.get("/api/v1/datasets").json()["data"] if d.get("release")]
    assert len(names) >= 12
    for name in names:
        manifest = release(anonymous, name)
        assert manifest["rows"] or name, name
        for file in manifest["files"]:  # type: ignore[attr-defined]
            got = anonymous.get(f"/datasets/{name}/releases/{manifest['number']}/{file['name']}")
            assert got.status_code == 200, (name, file)
            assert hashlib.sha256(got.content).hexdigest() == file["sha256"]
            assert len(got.content) == file["size"]


def test_all_formats_of_a_release_hold_the_same_rows(anonymous: httpx.Client, tmp_path: Path) -> None:
    base = f"/api/v1/datasets/{UNITS}/download"
    get = {e: anonymous.get(f"{base}.{e}", follow_redirects=True).content for e in ("csv", "jsonl", "parquet", "xlsx")}
    rows = list(csv.DictReader(io.StringIO(get["csv"].decode("utf-8-sig"))))
    keys = {(row["code"], row["valid_from"]) for row in rows}
    assert len(keys) == len(rows) > 13_000
    lines = [json.loads(line) for line in get["jsonl"].splitlines()]
    assert {(row["code"], row["valid_from"]) for row in lines} == keys
    (tmp_path / "units.parquet").write_bytes(get["parquet"])
    table = parquet.read_table(tmp_path / "units.parquet")
    assert {
        (c, str(f)) for c, f in zip(table["code"].to_pylist(), table["valid_from"].to_pylist(), strict=True)
    } == keys
    sheet = openpyxl.load_workbook(io.BytesIO(get["xlsx"]), read_only=True).worksheets[0]
    assert sum(1 for _ in sheet.iter_rows()) >= len(rows)


def test_leading_zeros_survive_everywhere(anonymous: httpx.Client) -> None:
    row = anonymous.get(f"/api/v1/datasets/{UNITS}/rows", params={"code": "01", "as_of": "2026-01-01"}).json()["data"]
    assert [r["name_vi"] for r in row] == ["Thành phố Hà Nội"]


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2025-03-01", {"province": 63, "district": 696, "commune": (10_030, 10_050)}),
        ("2025-07-01", {"province": 34, "district": 0, "commune": 3321}),
    ],
)
def test_the_country_had_other_units_before_and_after_the_reform(
    anonymous: httpx.Client, day: str, counts: dict[str, int | tuple[int, int]]
) -> None:
    for level, expected in counts.items():
        params = {"as_of": day, "level": level, "limit": 1, "count": "exact"}
        total = anonymous.get(f"/api/v1/datasets/{UNITS}/rows", params=params).json()["page"]["total"]
        low, high = expected if isinstance(expected, tuple) else (expected, expected)
        assert low <= total <= high, (day, level, total)


def test_a_reused_code_means_another_place_on_another_day(anonymous: httpx.Client) -> None:
    def name(day: str) -> str:
        rows = anonymous.get(f"/api/v1/datasets/{UNITS}/rows", params={"code": "80", "as_of": day}).json()["data"]
        assert len(rows) == 1
        return str(rows[0]["name_vi"])

    assert "Long An" in name("2025-06-30")
    assert "Tây Ninh" in name("2025-07-01")


def test_gdal_reads_the_map(platform: Platform, tmp_path: Path) -> None:
    if not shutil.which("ogr2ogr"):
        pytest.skip("GDAL is not installed")
    out = tmp_path / "units.geojson"
    source = f"OAPIF:{platform.url}/ogc"
    command = [
        "ogr2ogr",
        "-f",
        "GeoJSON",
        str(out),
        source,
        UNITS,
        "-spat",
        "106.0",
        "21.5",
        "107.2",
        "22.3",
        "-limit",
        "50",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    features = json.loads(out.read_text())["features"]
    assert features and all(f["geometry"]["type"] in {"Point", "MultiPolygon"} for f in features)


@pytest.mark.parametrize(("path", "province"), [("", "Tỉnh Lạng Sơn"), ("/en", "Lang Son Province")])
def test_the_page_draws_the_release_on_a_map_and_says_it_in_numbers(
    anonymous: httpx.Client, path: str, province: str
) -> None:
    rows = f"{release(anonymous, UNITS)['rows']:,}"
    page = anonymous.get(f"{path}/datasets/{UNITS}").text
    section = page[page.index('id="map"') : page.index('id="changes"')]
    assert '<svg class="map"' in section and "<title id=" in section
    assert (rows if path else rows.replace(",", ".")) in section  # all units have a place
    assert section.count('<th scope="row"') == 34 and province in section
    offices = anonymous.get(f"{path}/datasets/organizations").text
    assert 'class="ground"' in offices  # units lie under whatever belongs to one


def test_no_page_asks_another_server_for_anything(anonymous: httpx.Client) -> None:
    for path in ("/", "/datasets", f"/datasets/{UNITS}", "/reports", "/ask", "/developers", "/docs", "/en/"):
        page = anonymous.get(path)
        assert page.status_code == 200, path
        for word in ('src="http', "src='http", 'rel="stylesheet" href="http', "@import"):
            assert word not in page.text, (path, word)
