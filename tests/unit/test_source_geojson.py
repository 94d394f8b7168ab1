"""GeoJSON and TopoJSON features become rows with their geometry as GeoJSON text on WGS 84."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import RawTable, read


def load(folder: Path, document: Any, **options: Any) -> RawTable:
    source = folder / "ranh giới.json"
    source.write_text(document if isinstance(document, str) else json.dumps(document, ensure_ascii=False), "utf-8")
    return read(source, "geojson", options, folder / "work")


def rows(table: RawTable) -> list[dict[str, Any]]:
    return pl.read_parquet(table.parquet).to_dicts()


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


SQUARE = [[105, 21], [106, 21], [106, 22], [105, 22], [105, 21]]


def test_properties_are_columns_and_the_geometry_is_text(tmp_path: Path) -> None:
    one = feature({"type": "Polygon", "coordinates": [SQUARE]}, mã="00004", dtich=2.970, cha={"mã": "01"})
    table = load(tmp_path, collection(one | {"id": 7}, feature(None, mã="00008")))
    assert table.columns == ("id", "mã", "dtich", "cha.mã", "geometry")
    first, second = rows(table)
    assert (first["id"], first["mã"], first["dtich"], first["cha.mã"], first["_line"]) == (
        "7",
        "00004",
        "2.97",
        "01",
        1,
    )
    assert json.loads(first["geometry"]) == {"type": "Polygon", "coordinates": [SQUARE]}
    assert (second["geometry"], second["_line"]) == (None, 2)


def test_open_rings_are_closed_and_said(tmp_path: Path) -> None:
    table = load(tmp_path, collection(feature({"type": "MultiPolygon", "coordinates": [[SQUARE[:-1]], [SQUARE]]}, a=1)))
    assert json.loads(rows(table)[0]["geometry"])["coordinates"] == [[SQUARE], [SQUARE]]
    assert [found.text.en for found in table.notes] == ["1 open rings were closed."]


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        ({"type": "Point", "coordinates": [587_654.2, 2_345_678.9]}, "beyond WGS 84"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}, "fewer than 4"),
        ({"type": "Point", "coordinates": ["105", 21]}, "no numbers"),
        ({"type": "LineString", "coordinates": [105, 21]}, "no coordinates"),
        ({"type": "Circle"}, "no GeoJSON geometry: Circle"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point"}]}, "no coordinates"),
    ],
)
def test_what_is_no_geometry_is_rejected(tmp_path: Path, geometry: Any, reason: str) -> None:
    table = load(
        tmp_path, collection(feature({"type": "Point", "coordinates": [105, 21]}, a=1), feature(geometry, a=2))
    )
    assert table.rows == 1
    assert table.rejects is not None
    [(line, text, why)] = pl.read_parquet(table.rejects).rows()
    assert (line, text) == (2, '{"a":2}')
    assert reason in why


def test_features_may_stand_one_a_line(tmp_path: Path) -> None:
    lines = [json.dumps(feature({"type": "Point", "coordinates": [105, 21]}, a=i)) for i in range(3)]
    assert [row["_line"] for row in rows(load(tmp_path, "\n".join(lines)))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            collection() | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3405"}}},
            "EPSG::3405 is not WGS 84",
        ),
        ({"a": 1}, "A FeatureCollection or Topology on WGS 84 is needed"),
        (
            '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[NaN,1]}}]}',
            "NaN",
        ),
        ({"type": "Topology", "objects": {"xã": {}, "tỉnh": {}}, "arcs": []}, "The objects are: xã, tỉnh"),
        (
            {
                "type": "Topology",
                "objects": {"a": {}},
                "arcs": [[[0]]],
                "transform": {"scale": [1, 1], "translate": [0, 0]},
            },
            "arcs",
        ),
    ],
)
def test_errors_name_the_place_and_the_way_out(tmp_path: Path, document: Any, said: str) -> None:
    with pytest.raises(Invalid, match=f"ranh giới.json.*{said}"):
        load(tmp_path, document)


def test_shared_arcs_of_a_topology_are_stitched(tmp_path: Path) -> None:
    """Two squares side by side share one border, which the second walks backwards."""
    topology = {
        "type": "Topology",
        "transform": {"scale": [0.5, 0.25], "translate": [105, 21]},
        "arcs": [
            [[2, 0], [0, 4]],  # the border, going up: (106,21) (106,22)
            [[2, 4], [-2, 0], [0, -4], [2, 0]],  # the left square, from top to bottom of the border
            [[2, 0], [2, 0], [0, 4], [-2, 0]],  # the right square, from bottom to top
        ],
        "objects": {"xã": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "arcs": [[0, 1]], "id": "trái", "properties": {"n": 1}},
            {"type": "MultiPolygon", "arcs": [[[2, -1]]], "properties": {"n": 2}},
            {"type": "Point", "coordinates": [1, 1]},
            {"type": "Polygon", "arcs": [[9]], "properties": {"n": 4}},
        ]}},
    }  # fmt: skip
    table = load(tmp_path, topology)
    left, right, point = (json.loads(row["geometry"])["coordinates"] for row in rows(table))
    assert left == [[[106, 21], [106, 22], [105, 22], [105, 21], [106, 21]]]
    assert right == [[[[106, 21], [107, 21], [107, 22], [106, 22], [106, 21]]]]
    assert point == [105.5, 21.25]
    assert table.rejects is not None
    assert pl.read_parquet(table.rejects).row(0)[:2] == (4, '{"n":4}')
