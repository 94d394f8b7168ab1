"""The files of a release, read again by the programs that people use."""

import csv
import datetime
import gzip
import hashlib
import io
import json
import math
import re
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from lienthong.formats import FORMATS
from lienthong.formats.tilebook import TileBook
from lienthong.pipelines.release import publish
from tests.journey.release_world import World, area, make_world, market_cluster, stall

HARMFUL = ["=1+1", "+1", "-x", "@SUM(A1)", "\tx", "＝1", "－1", "'=1+1", "a=1", "'x"]
TROUBLE = [
    stall(900, name=HARMFUL[0], share="-0.125", staff=None, capital=2**53 - 1),
    stall(901, name='dấu "nháy", phẩy; chấm phẩy', tags=None, place=None, seen_at=None, indoors=None, email=None),
    stall(902, name="hai\ndòng  <b>&amp;</b> _x", opened_on=datetime.date(1899, 12, 31), tags="[]"),
    *(stall(910 + n, name=text) for n, text in enumerate(HARMFUL[1:])),
]
ROWS = sorted([*(stall(n) for n in range(40)), *TROUBLE], key=lambda row: str(row["code"]))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with market_cluster() as cluster:
        made = make_world(cluster, cluster.log.parents[2], "files")
        made.fill("stalls", ROWS)
        made.fill("areas", [area(f"A{n}", 105 + n) for n in range(3)])
        made.fill("visits", [])
        for dataset in ("stalls", "areas", "visits"):
            publish(made.settings, made.registry, made.registry.get(dataset))
        yield made


@pytest.fixture(scope="module")
def stalls(world: World) -> Path:
    return world.settings.home / "releases" / "stalls" / "1"


@pytest.fixture(scope="module")
def areas(world: World) -> Path:
    return world.settings.home / "releases" / "areas" / "1"


@pytest.fixture(scope="module")
def spatial() -> Any:
    """DuckDB with its spatial extension, which has a GDAL of its own."""
    duckdb = pytest.importorskip("duckdb")
    package = pytest.importorskip("duckdb_extension_spatial")
    (extension,) = Path(package.__file__).parent.rglob("*.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"load '{extension}'")
    return connection


@pytest.fixture(scope="module")
def lines(stalls: Path) -> list[dict[str, Any]]:
    """The rows as JSON, which the other formats are held against."""
    return [json.loads(line) for line in (stalls / "stalls.jsonl").read_text("utf-8").splitlines()]


def harmless(text: str) -> str:
    """The text that a spreadsheet shows, without the apostrophe that the writer put before a formula."""
    return text[1:] if text.startswith("'") and text.lstrip("'")[:1] in "=+-@\t\r\n＝＋－＠" else text


def test_jsonl_is_what_the_api_answers(lines: list[dict[str, Any]]) -> None:
    assert [line["name"] for line in lines] == [row["name"] for row in ROWS]
    assert lines[1] == {
        "code": "S00001",
        "name": "Sạp “1”, dãy Đông",
        "kind": "cloth",
        "capital": 1000000,
        "share": 0.125,
        "staff": 1,
        "opened_on": "2020-01-02",
        "seen_at": "2026-01-02T08:30:00+07:00",
        "indoors": False,
        "tags": ["rau", '"1"'],
        "place": {"type": "Point", "coordinates": [106.0001, 21.5]},
        "email": "cho@example.com",
        "area_code": "A1",
    }


def test_csv_opens_in_spreadsheets_and_gives_every_value_back(stalls: Path, lines: list[dict[str, Any]]) -> None:
    content = (stalls / "stalls.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcode,name,kind,")
    assert content.count(b"\r\n") >= len(ROWS)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [harmless(row["name"]) for row in rows] == [line["name"] for line in lines]
    assert not [row["name"] for row in rows if row["name"][:1] in tuple("=+-@\t\r＝＋－＠")]
    for row, line in zip(rows, lines, strict=True):
        assert row["capital"] == str(line["capital"])
        assert (Decimal(row["share"]) if row["share"] else None) == Decimal(str(line["share"]))
        for name in ("kind", "seen_at", "opened_on", "area_code"):
            assert (row[name] or None) == line[name]
        assert {"true": True, "false": False, "": None}[row["indoors"]] is line["indoors"]
        assert (json.loads(row["tags"]) if row["tags"] else None) == line["tags"]
        assert row["place"].startswith("POINT(") if line["place"] else row["place"] == ""
    assert b",-0.125," in content  # a number stays one


def test_parquet_is_typed_and_tells_where_rows_lie(stalls: Path, lines: list[dict[str, Any]]) -> None:
    file = pq.ParquetFile(stalls / "stalls.parquet")
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types == {
        "code": "string", "name": "string", "kind": "string", "capital": "decimal128(20, 0)",
        "share": "decimal128(20, 3)", "staff": "int32", "opened_on": "date32[day]",
        "seen_at": "timestamp[us, tz=+07:00]", "indoors": "bool", "tags": "string", "place": "binary",
        "email": "string", "area_code": "string",
        "place_bbox": "struct<xmin: double, ymin: double, xmax: double, ymax: double>",
    }  # fmt: skip
    rows = file.read().drop_columns(["seen_at"]).to_pylist()
    assert [row["name"] for row in rows] == [line["name"] for line in lines]
    assert [row["capital"] for row in rows] == [Decimal(line["capital"]) for line in lines]
    assert [row["opened_on"].isoformat() for row in rows] == [line["opened_on"] for line in lines]
    geo = json.loads(file.schema_arrow.metadata[b"geo"])
    sides = ("xmin", "ymin", "xmax", "ymax")
    assert geo["version"] == "1.1.0" and geo["primary_column"] == "place"
    assert geo["columns"]["place"] == {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "bbox": [106.0, 21.5, 106.0918, 21.5],
        "covering": {"bbox": {side: ["place_bbox", side] for side in sides}},
    }
    assert rows[1]["place_bbox"] == dict(zip(sides, (106.0001, 21.5, 106.0001, 21.5), strict=True))
    assert [row["place_bbox"] for row in rows if row["place"] is None] == [None]
    assert rows[1]["place"][:5] == b"\x01\x01\x00\x00\x00"
    assert file.schema_arrow.metadata[b"title"].decode() == "Sạp hàng"
    assert file.schema_arrow.field("name").metadata[b"title_vi"].decode() == "Tên"
    assert file.read(["seen_at"]).column(0).cast("int64")[1].as_py() == 1767317400 * 10**6


def test_xlsx_has_a_sheet_of_rows_and_a_sheet_about_them(stalls: Path, lines: list[dict[str, Any]]) -> None:
    for read_only in (False, True):
        book = openpyxl.load_workbook(stalls / "stalls.xlsx", read_only=read_only)
        assert book.sheetnames == ["Dữ liệu", "Mô tả"]
        header, *rows = list(book["Dữ liệu"].iter_rows(values_only=True))
        assert header == tuple(lines[0])
        shown = [dict(zip(header, row, strict=True)) for row in rows]
        assert [row["name"] for row in shown] == [line["name"] for line in lines]
        assert [row["indoors"] for row in shown] == [line["indoors"] for line in lines]
        assert shown[1]["opened_on"] == datetime.datetime(2020, 1, 2)
        assert [row["share"] for row in shown] == [line["share"] for line in lines]
        about = [row[:2] for row in book["Mô tả"].iter_rows(values_only=True)]
        assert about[0] == ("Sạp hàng", "Stalls")
        assert ("Giấy phép / Licence", "CC-BY-4.0 Creative Commons Ghi công 4.0") in about
        assert ("keeper", "Chủ sạp") not in about
    long_ago, exact = (next(r for r in shown if r["code"] == code) for code in ("S00902", "S00900"))
    assert long_ago["opened_on"] == "1899-12-31"  # no spreadsheet has such a date
    assert exact["capital"] == str(2**53 - 1)  # nor a number of 16 digits


def test_no_cell_of_the_xlsx_is_a_formula(stalls: Path) -> None:
    sheet = openpyxl.load_workbook(stalls / "stalls.xlsx")["Dữ liệu"]
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "n", "d", "b", "inlineStr"}
    assert "=1+1" in {cell.value for cell in sheet["B"]}


def test_geojson_is_a_map(areas: Path, stalls: Path) -> None:
    made = json.loads((areas / "areas.geojson").read_bytes())
    assert made["type"] == "FeatureCollection"
    assert "crs" not in made
    first = made["features"][0]
    assert first["id"] == "A0,2025-07-01"
    assert first["properties"] == {"area_code": "A0", "valid_from": "2025-07-01", "valid_to": None}
    ring = first["geometry"]["coordinates"][0][0]
    turned = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False))
    assert turned > 0  # counter-clockwise
    places = json.loads((stalls / "stalls.geojson").read_bytes())["features"]
    assert len(places) == len(ROWS)
    assert [f["geometry"] for f in places if f["properties"]["code"] == "S00901"] == [None]


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="GDAL is not installed")
def test_gdal_reads_the_geojson(areas: Path) -> None:
    command = ["ogr2ogr", "-f", "CSV", "/vsistdout/", str(areas / "areas.geojson"), "-lco", "GEOMETRY=AS_WKT"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = list(csv.DictReader(io.StringIO(made)))
    assert [row["area_code"] for row in rows] == ["A0", "A1", "A2"]
    assert rows[0]["WKT"].startswith("MULTIPOLYGON (((105 ")


def test_areas_are_left_out_of_the_workbook_only(areas: Path) -> None:
    header = next(openpyxl.load_workbook(areas / "areas.xlsx")["Dữ liệu"].iter_rows(values_only=True))
    assert header == ("area_code", "valid_from", "valid_to")
    rows = list(csv.DictReader((areas / "areas.csv").open(encoding="utf-8-sig", newline="")))
    assert rows[0]["boundary"].startswith("MULTIPOLYGON(((105 ")
    assert pq.read_table(areas / "areas.parquet")["boundary"][0].as_py()[1:5] == b"\x06\x00\x00\x00"


def test_a_release_without_rows_has_files_without_rows(world: World) -> None:
    folder = world.settings.home / "releases" / "visit_statistics" / "1"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["rows"] == 0
    assert [left["format"] for left in manifest["not_written"]] == ["geojson", "gpkg", "pmtiles"]
    assert (folder / "visit-statistics.csv").read_text("utf-8-sig").splitlines() == [
        "month,kind,visits,short,mean_minutes"
    ]
    assert (folder / "visit-statistics.jsonl").read_bytes() == b""
    assert pq.read_table(folder / "visit-statistics.parquet").num_rows == 0
    assert openpyxl.load_workbook(folder / "visit-statistics.xlsx")["Dữ liệu"].max_row == 1


def test_json_is_one_array_with_its_schema(stalls: Path, lines: list[dict[str, Any]]) -> None:
    made = json.loads((stalls / "stalls.json").read_bytes())
    assert made["data"] == lines
    assert made["title"] == {"vi": "Sạp hàng", "en": "Stalls"}
    kinds = {field["name"]: field["type"] for field in made["schema"]["fields"]}
    assert kinds == dict.fromkeys(("code", "name", "kind", "place", "email", "area_code"), "string") | {
        "capital": "integer", "share": "number", "staff": "integer", "opened_on": "date", "seen_at": "datetime",
        "indoors": "boolean", "tags": "array",
    }  # fmt: skip


def test_the_csv_for_programs_is_the_same_without_the_mark(stalls: Path) -> None:
    assert b"\xef\xbb\xbf" + (stalls / "stalls.plain.csv").read_bytes() == (stalls / "stalls.csv").read_bytes()


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="GDAL is not installed")
def test_gdal_reads_the_geopackage(stalls: Path, areas: Path, lines: list[dict[str, Any]]) -> None:
    command = ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", str(stalls / "stalls.gpkg"), "-lco", "WRITE_NAME=NO"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert made.stderr == ""
    features = json.loads(made.stdout)["features"]
    assert [f["properties"]["name"] for f in features] == [line["name"] for line in lines]
    assert [f["geometry"] for f in features] == [line["place"] for line in lines]
    first = features[1]["properties"]
    assert (first["capital"], first["share"], first["staff"], first["indoors"]) == (1_000_000, 0.125, 1, False)
    assert (first["opened_on"], first["seen_at"]) == ("2020-01-02", "2026-01-02T01:30:00Z")
    near = ["ogrinfo", "-q", "-spat", "106.00005", "21", "106.00025", "22", str(stalls / "stalls.gpkg"), "stalls"]
    assert subprocess.run(near, capture_output=True, text=True, check=True).stdout.count("OGRFeature") == 2
    told = subprocess.run(["ogrinfo", "-so", str(areas / "areas.gpkg"), "areas"], capture_output=True, text=True).stdout
    assert "Geometry: Multi Polygon" in told and "Feature Count: 3" in told and "IDENTIFIER=Khu" in told
    assert "Extent: (105.000000, 21.000000) - (108.000000, 22.000000)" in told


def test_the_geopackage_is_a_sound_database(stalls: Path) -> None:
    base = sqlite3.connect(stalls / "stalls.gpkg")
    assert base.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert base.execute("pragma foreign_key_check").fetchall() == []
    assert base.execute("select rtreecheck('rtree_stalls_place')").fetchall() == [("ok",)]
    assert base.execute("pragma application_id").fetchone() == (0x47504B47,)
    titles = dict(base.execute("select column_name, title from gpkg_data_columns"))
    assert titles["name"] == "Tên"
    indexed = base.execute("select count(*) from rtree_stalls_place").fetchone()
    assert indexed == base.execute("select count(*) from stalls where place is not null").fetchone()


def test_duckdb_reads_parquet_geopackage_and_tiles(
    spatial: Any, stalls: Path, areas: Path, lines: list[dict[str, Any]]
) -> None:
    ask = lambda text: spatial.execute(text).fetchall()  # noqa: E731
    placed = [(line["name"], *line["place"]["coordinates"]) for line in lines if line["place"]]
    parquet = f"'{stalls / 'stalls.parquet'}'"
    assert (
        ask(f"select name, st_x(place), st_y(place) from {parquet} where place_bbox.xmin > 0 order by code") == placed
    )
    assert ask(f"select sum(capital), count(distinct seen_at) from {parquet}")[0][0] == sum(n["capital"] for n in lines)
    assert ask(f"select count(*) from st_read('{stalls / 'stalls.gpkg'}')") == [(len(lines),)]
    # Tiles hold what fits on their grid: at the last zoom a step is some ten metres.
    tiles = f"st_read('{stalls / 'stalls.pmtiles'}')"
    shown = ask(f"select name, st_x(g), st_y(g) from (select name, code, st_transform(geom, 'EPSG:3857', 'EPSG:4326', "
                f"always_xy := true) g from {tiles}) order by code")  # fmt: skip
    assert [name for name, *_ in shown] == [name for name, *_ in placed]
    assert all(abs(a - b) < 2e-4 for s, p in zip(shown, placed, strict=True) for a, b in zip(s[1:], p[1:], strict=True))
    areas_shown = ask(f"select distinct area_code from st_read('{areas / 'areas.pmtiles'}') order by 1")
    assert areas_shown == [("A0",), ("A1",), ("A2",)]


def test_tiles_lie_at_every_zoom(stalls: Path) -> None:
    book = TileBook(stalls / "stalls.pmtiles")
    assert (book.header["min_zoom"], book.header["max_zoom"]) == (0, 12) and book.header["clustered"]
    (layer,) = book.metadata["vector_layers"]
    assert layer["id"] == "stalls" and layer["fields"]["capital"] == "Number" and "keeper" not in layer["fields"]
    assert all(book.tile(zoom, *tile_of(106.0001, 21.5, zoom)) for zoom in range(13))
    assert b"S\xe1\xba\xa1p" in gzip.decompress(book.tile(0, 0, 0) or b"")
    assert book.tile(5, 0, 0) is None
    book.close()


def tile_of(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    up = math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude / 360 + 0.5) * 2**zoom), int((1 - up) / 2 * 2**zoom)


def test_pandas_reads_csv_parquet_and_jsonl(stalls: Path, lines: list[dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    for name in ("stalls.csv", "stalls.plain.csv", "stalls.csv.gz"):
        frame = pandas.read_csv(stalls / name, dtype={"code": str})
        assert [harmless(text) for text in frame["name"]] == [line["name"] for line in lines]
        assert frame["capital"].tolist() == [line["capital"] for line in lines]
    assert pandas.read_parquet(stalls / "stalls.parquet")["name"].tolist() == [line["name"] for line in lines]
    assert pandas.read_json(stalls / "stalls.jsonl", lines=True).shape[0] == len(lines)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_csv_and_xlsx(stalls: Path, lines: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    shutil.copy(stalls / "stalls.csv", tmp_path / "csv" / "of_csv.csv")
    shutil.copy(stalls / "stalls.xlsx", tmp_path / "of_xlsx.xlsx")
    # Separated by commas, UTF-8, every quoted field as it is: what the import dialogue offers for such a file.
    options = ["--infilter=CSV:44,34,76,1,,0,true,true", "--convert-to", "ods"]
    for source, given in (("csv/of_csv.csv", options), ("of_xlsx.xlsx", ["--convert-to", "ods"])):
        program = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", *given]
        run = [*program, "--outdir", str(tmp_path), str(tmp_path / source)]
        subprocess.run(run, check=True, capture_output=True, timeout=300)
    for name in ("of_csv.ods", "of_xlsx.ods"):
        content = zipfile.ZipFile(tmp_path / name).read("content.xml").decode()
        # LibreOffice keeps truth values as formulas of its own making.
        assert set(re.findall(r'table:formula="([^"]*)"', content)) <= {"of:=TRUE()", "of:=FALSE()"}
        assert "Sạp “1”, dãy Đông" in content and "opened_on" in content


def test_frictionless_finds_the_package_valid(stalls: Path, areas: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    for folder in (stalls, areas):
        descriptor = json.loads((folder / "datapackage.json").read_bytes())
        report = frictionless.validate(folder / "datapackage.json")
        assert report.valid, report.flatten(["rowNumber", "fieldNumber", "type", "note"])
        by_path = {resource["path"]: resource for resource in descriptor["resources"]}
        assert set(by_path) == {
            path.name for path in folder.iterdir() if path.suffix in (".csv", ".json", ".jsonl", ".geojson", ".gpkg",
            ".parquet", ".pmtiles", ".xlsx")} - {"manifest.json", "datapackage.json", "changed-keys.jsonl"}  # fmt: skip
    table = frictionless.Package(stalls / "datapackage.json").get_resource("stalls-csv-plain")
    assert table.schema.primary_key == ["code"] and table.schema.get_field("capital").type == "integer"
    broken = dict(descriptor, resources=[by_path["areas.plain.csv"] | {"hash": "sha256:" + "0" * 64}])
    assert not frictionless.validate(frictionless.Package(broken, basepath=str(areas))).valid


def test_everything_is_in_one_zip(stalls: Path) -> None:
    package = zipfile.ZipFile(stalls / "stalls-1.zip")
    assert package.testzip() is None
    names = {name.removeprefix("stalls-1/") for name in package.namelist()}
    packed = {path.name for path in stalls.iterdir() if path.suffix in (".gz", ".zst", ".br")}
    assert names == {path.name for path in stalls.iterdir()} - packed - {"stalls-1.zip"} | {
        "README.md", "LICENCE.txt", "codebook.csv", "codes.csv"}  # fmt: skip
    for name in names - {"README.md", "LICENCE.txt", "codebook.csv", "codes.csv"}:
        assert package.read(f"stalls-1/{name}") == (stalls / name).read_bytes()
    manifest = json.loads(package.read("stalls-1/manifest.json"))
    assert {f["format"] for f in manifest["files"]} == set(FORMATS) - {"zip"}
    readme = package.read("stalls-1/README.md").decode()
    assert readme.startswith("# Sạp hàng\n\n*Stalls*\n") and "stalls.gpkg" in readme
    codebook = list(csv.DictReader(io.StringIO(package.read("stalls-1/codebook.csv").decode("utf-8-sig"))))
    assert [row["field"] for row in codebook][:2] == ["code", "name"] and codebook[1]["title_vi"] == "Tên"
    codes = list(csv.DictReader(io.StringIO(package.read("stalls-1/codes.csv").decode("utf-8-sig"))))
    assert {(row["field"], row["code"]) for row in codes} == {("kind", "food"), ("kind", "cloth"), ("kind", "HKD")}
    shown = subprocess.run(["unzip", "-tq", str(stalls / "stalls-1.zip")], capture_output=True, check=False)
    assert shown.returncode == 0, shown.stdout


def test_compressed_copies_are_the_file(stalls: Path) -> None:
    manifest = json.loads((stalls / "manifest.json").read_bytes())
    variants = {f["name"]: f.get("variants", []) for f in manifest["files"]}
    assert variants["stalls.csv"] and not variants["stalls.parquet"]
    for name, made in variants.items():
        assert {v["coding"] for v in made} in ({"gzip", "zstd", "br"}, set())
        for variant in made:
            suffix = {"gzip": ".gz", "zstd": ".zst", "br": ".br"}[variant["coding"]]
            path = stalls / (name + suffix)
            assert (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) == (
                variant["size"], variant["sha256"])  # fmt: skip
        if made:
            assert gzip.decompress((stalls / f"{name}.gz").read_bytes()) == (stalls / name).read_bytes()
