"""Vector tiles: where features lie in them, what they carry, what caches may keep."""

import math
from typing import Any

import pytest

from tests.surface.mvt import decode
from tests.surface.small import FIRMS, World, firms

FIRMS_TILES = "/ogc/collections/firms/tiles/WebMercatorQuad"
PLACED = {row["firm_code"]: (106 + n / 100, 21.5) for n, row in enumerate(firms()) if row.get("position")}
assert FIRMS == 60


def tile_of(longitude: float, latitude: float, zoom: int) -> tuple[float, float]:
    """Column and row, with fractions."""
    side, angle = 2**zoom, math.radians(latitude)
    return (longitude + 180) / 360 * side, (1 - math.asinh(math.tan(angle)) / math.pi) / 2 * side


def features(world: World, z: int, x: int, y: int, query: str = "") -> list[dict[str, Any]]:
    answer = world.anonymous.get(f"{FIRMS_TILES}/{z}/{y}/{x}{query}")
    assert answer.status_code in (200, 204), answer.text
    return list(decode(answer.content)["firms"]["features"]) if answer.content else []


@pytest.mark.parametrize("zoom", [0, 5, 9, 12, 14])
def test_features_lie_where_they_are(world: World, zoom: int) -> None:
    """In the tiles of a zoom each feature is found where its position belongs, to a unit of the tile."""
    seen = {}
    for x in {int(tile_of(*place, zoom)[0]) for place in PLACED.values()}:
        y = int(tile_of(106, 21.5, zoom)[1])
        for feature in features(world, zoom, x, y):
            ((px, py),) = feature["geometry"]
            if 0 <= px < 4096 and 0 <= py < 4096:  # not in the margin
                seen[feature["properties"]["firm_code"]] = (x + px / 4096, y + py / 4096)
    assert set(seen) == set(PLACED)
    for code, found in seen.items():
        assert found == pytest.approx(tile_of(*PLACED[code], zoom), abs=1 / 4096)


def test_properties_have_their_types(world: World) -> None:
    found = next(f for f in features(world, 6, 50, 28) if f["properties"]["firm_code"] == "F0003")
    properties = found["properties"]
    assert (properties["staff"], properties["score"], properties["exporter"]) == (3, 3.25, False)
    assert properties["registered_on"] == "2020-01-02" and properties["seen_at"] == "2026-01-04T08:30:00+07:00"
    assert "owner_name" not in properties and "branches" not in properties and "position" not in properties
    assert found["id"] is not None and found["type"] == 1


def test_a_tile_may_be_filtered(world: World) -> None:
    found = features(world, 6, 50, 28, "?filter=staff%20%3C%204&properties=name,tags")
    kept = sorted(found, key=lambda f: f["properties"]["name"][-1])  # a tile has no order
    assert [f["properties"]["name"][-1] for f in kept] == ["1", "2", "3"]
    assert kept[0]["properties"] == {"name": "Công ty Đông Kinh số 1", "tags": '["a"]'}
    assert features(world, 6, 50, 28, "?status=closed&properties=status")[0]["properties"] == {"status": "closed"}


LONG_WAY = {"Accept": "application/vnd.mapbox-vector-tile, */*;q=0.1"}


@pytest.mark.parametrize("zoom", [6, 9])
def test_a_filtered_tile_is_the_same_whichever_way_it_is_made(world: World, zoom: int) -> None:
    """Tiles of one filter are made by one statement; a blank more is another filter, which nobody has asked for."""
    xs = sorted({int(tile_of(*place, zoom)[0]) for place in PLACED.values()})
    y, counts = int(tile_of(106, 21.5, zoom)[1]), []
    for x in (*xs, xs[0] - 3):
        url = f"{FIRMS_TILES}/{zoom}/{y}/{x}?properties=staff&filter=staff%3C40%20and%20staff"
        short, long = world.anonymous.get(url + "%3E3"), world.anonymous.get(url + "%20%3E%203", headers=LONG_WAY)
        assert short.status_code == long.status_code
        assert short.content == long.content
        assert short.headers["cache-control"] == long.headers["cache-control"] == "public, max-age=55"
        counts += (
            [f["properties"]["staff"] for f in decode(short.content)["firms"]["features"]] if short.content else []
        )
    assert counts and min(counts) == 4 and max(counts) < 40
    for wrong in ("staff%3E%3E", "nothing%3E1", "staff%3E1&crs=1"):
        refused = world.anonymous.get(f"{FIRMS_TILES}/{zoom}/{y}/{xs[0]}?filter={wrong}")
        assert refused.status_code == 400 and refused.json()["title"]
    kept = world.anonymous.get(f"{FIRMS_TILES}/{zoom}/{y}/{xs[0]}?release=1&filter=staff%3E3")
    assert "immutable" in kept.headers["cache-control"]


def test_tiles_of_several_collections_are_layers(world: World) -> None:
    layers = decode(world.anonymous.get("/ogc/tiles/WebMercatorQuad/5/14/25").content)
    assert set(layers) == {"firms", "places"} and len(layers["places"]["features"]) == 6
    one = decode(world.anonymous.get("/ogc/tiles/WebMercatorQuad/5/14/25?collections=places").content)
    assert one == {"places": layers["places"]}


def test_caches(world: World) -> None:
    path = FIRMS_TILES + "/6/28/50"
    plain = world.anonymous.get(path, headers={"Accept-Encoding": "identity"})
    packed = world.anonymous.get(path)
    assert packed.headers["content-encoding"] == "gzip" and packed.content == plain.content
    assert plain.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert plain.headers["cache-control"] == "public, max-age=55" and "Accept-Encoding" in plain.headers["vary"]
    again = world.anonymous.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
    named = world.anonymous.get(f"{path}?release=1")
    assert "immutable" in named.headers["cache-control"] and named.content == plain.content
    assert world.anonymous.get(f"{path}?release=7").status_code == 404
    told = world.anonymous.get(FIRMS_TILES + "?f=tilejson").json()
    assert told["tiles"][0].endswith("/{z}/{y}/{x}?release=1") and told["vector_layers"][0]["id"] == "firms"
    empty = world.anonymous.get(FIRMS_TILES + "/9/0/0")
    assert empty.status_code == 204 and not empty.content
    statements = world.database.statements
    statements.clear()
    assert world.anonymous.get(path).status_code == 200 and not statements  # made before


def test_the_tile_matrix_set_is_the_known_one(world: World) -> None:
    matrices = world.anonymous.get("/ogc/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.0287178)
    assert [m["matrixWidth"] for m in matrices[:4]] == [1, 2, 4, 8] and matrices[18]["cellSize"] == pytest.approx(
        0.5971642835
    )
