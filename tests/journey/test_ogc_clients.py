"""GDAL reads the maps of the running platform: features (OAPIF) and vector tiles (MVT)."""

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Platform

ORGANIZATIONS = "organizations"
BOX = (106.0, 21.5, 107.2, 22.3)


def gdal(program: str, *words: str) -> str:
    if not shutil.which(program):
        pytest.skip("GDAL is not installed")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def converted(source: str, target: Path, *words: str) -> list[dict[str, Any]]:
    gdal("ogr2ogr", "-f", "GeoJSON", str(target), source, *words)
    return list(json.loads(target.read_text())["features"])


@pytest.fixture(scope="module")
def whole(platform: Platform) -> dict[str, dict[str, Any]]:
    """All organizations on the map, by their key, as REST tells them."""
    with platform.client() as client:
        rows = client.get(f"/api/v1/datasets/{ORGANIZATIONS}/rows.geojson").json()["features"]
        return {row["id"]: row for row in rows}


def test_features_page_by_page(platform: Platform, whole: dict[str, Any], tmp_path: Path) -> None:
    """Every feature once, however many pages GDAL asks for; with an attribute filter, only those."""
    source = f"OAPIF:{platform.url}/ogc/collections/{ORGANIZATIONS}"
    found = converted(source, tmp_path / "all.geojson", "-oo", "PAGE_SIZE=37")
    assert len(found) == len(whole) > 37
    one = next(iter(whole.values()))
    name = next(k for k, v in one["properties"].items() if k != "org_code" and isinstance(v, str) and v)
    kept = converted(source, tmp_path / "some.geojson", "-where", f"{name} = '{one['properties'][name]}'")
    assert {f["properties"][name] for f in kept} == {one["properties"][name]}
    assert len(kept) == sum(f["properties"][name] == one["properties"][name] for f in whole.values())


def test_features_in_a_box(platform: Platform, whole: dict[str, Any], tmp_path: Path) -> None:
    found = converted(
        f"OAPIF:{platform.url}/ogc", tmp_path / "box.geojson", ORGANIZATIONS, "-spat", *map(str, BOX), "-limit", "50"
    )
    west, south, east, north = BOX
    assert found
    for feature in found:
        x, y = feature["geometry"]["coordinates"][:2]
        assert west <= x <= east and south <= y <= north


def tile_of(feature: dict[str, Any], zoom: int) -> tuple[int, int]:
    x, y = feature["geometry"]["coordinates"]
    row = (1 - math.asinh(math.tan(math.radians(y))) / math.pi) / 2
    return int((x + 180) / 360 * 2**zoom), int(row * 2**zoom)


def test_a_vector_tile(platform: Platform, whole: dict[str, Any], tmp_path: Path) -> None:
    """The MVT driver reads a tile by its address, and puts each point where it is."""
    placed = [f for f in whole.values() if f["geometry"]]
    column, row = tile_of(placed[0], 13)
    tile = httpx.get(f"{platform.url}/ogc/collections/{ORGANIZATIONS}/tiles/WebMercatorQuad/13/{row}/{column}")
    path = tmp_path / "13" / str(column) / f"{row}.mvt"
    path.parent.mkdir(parents=True)
    path.write_bytes(tile.content)
    found = converted(str(path), tmp_path / "tile.geojson", "-t_srs", "EPSG:4326", ORGANIZATIONS)
    known = {(round(f["geometry"]["coordinates"][0], 3), round(f["geometry"]["coordinates"][1], 3)) for f in placed}
    assert found
    for feature in found:
        x, y = feature["geometry"]["coordinates"][:2]
        assert any(abs(x - a) < 2e-3 and abs(y - b) < 2e-3 for a, b in known)
    wanted = {f["properties"]["org_code"] for f in placed if tile_of(f, 13) == (column, row)}
    assert wanted <= {f["properties"]["org_code"] for f in found}


def test_a_zoom_of_tiles_over_http(platform: Platform, whole: dict[str, Any]) -> None:
    """The MVT driver reads a whole zoom from z/x/y addresses, with the description beside them."""
    base = f"{platform.url}/ogc/collections/{ORGANIZATIONS}/xyz"
    told = gdal("ogrinfo", "-ro", "-so", f"MVT:{base}/6", "-oo", f"METADATA_FILE={base}/metadata.json",
                "-oo", "TILE_EXTENSION=mvt", ORGANIZATIONS)  # fmt: skip
    assert "Web Mercator" in told or "Pseudo-Mercator" in told
    assert "org_code" in told or "point_count" in told
