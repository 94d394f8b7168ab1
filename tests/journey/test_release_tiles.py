"""The tiles that a release brings ready: they show what would be made if they were asked for without it."""

import gzip
import math
import random
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import RawCursor

from lienthong.formats import tilebook
from lienthong.formats.tilebook import TileBook
from lienthong.pipelines.release import publish
from lienthong.store import cql2
from lienthong.store.cluster import Cluster
from lienthong.store.formula import tile
from lienthong.store.pyramid import BUFFER, FEW, LEAST, READY
from lienthong.store.query import Item, Page, Query
from lienthong.store.scope import Scope
from lienthong.store.tiles import MARGIN, Layer, Tiler, is_gathered
from lienthong.web.drawing import drawing
from tests.journey.release_world import World, make_world, stall
from tests.surface.mvt import decode

MANY = FEW + 400
EDGE = 106.083984375  # where two tiles of zoom 12 meet, and of many before


def place(chance: random.Random, number: int) -> str:
    """One in ten near the edge of a tile, where its neighbour shows it too."""
    near = number % 10 == 0
    x = chance.gauss(EDGE, 0.0008) if near else chance.uniform(105.9, 106.3)
    return f"SRID=4326;POINT({x:.7f} {chance.uniform(21.4, 21.6):.7f})"


def shore(code: str, west: float, south: float, size: float, corners: int = 500) -> dict[str, Any]:
    """An area with a ragged edge, of which low zooms show less."""
    chance = random.Random(code)
    angles = [2 * math.pi * n / corners for n in range(corners)]
    ring = [
        (west + size * math.cos(a) * (far := chance.uniform(0.97, 1)), south + size * math.sin(a) * far) for a in angles
    ]
    points = ", ".join(f"{x:.7f} {y:.7f}" for x, y in [*ring, ring[0]])
    boundary = f"SRID=4326;MULTIPOLYGON((({points})))"
    return {"area_code": code, "valid_from": "2025-07-01", "valid_to": None, "boundary": boundary}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), "test")
        cluster.start()
        made, chance = make_world(cluster, Path(name), "tiles"), random.Random(7)
        made.fill("stalls", [stall(n, place=place(chance, n) if n % 50 else None) for n in range(MANY)])
        made.fill("areas", [shore("A0", 106, 21.5, 0.3), shore("A1", EDGE, 21.45, 0.01), shore("A2", 107, 70, 1.5)])
        for dataset in ("stalls", "areas"):
            publish(made.settings, made.registry, made.registry.get(dataset))
        yield made
        cluster.stop()


def book_of(world: World, dataset: str) -> TileBook:
    return TileBook(world.settings.home / "releases" / dataset / "1" / f"{dataset}.pmtiles")


def made_anew(world: World, dataset: str, geometry: str, z: int, x: int, y: int, gathered: bool) -> bytes:
    """The tile as a statement makes it."""
    contract = world.registry.get(dataset)
    scope = Scope(contract, "open", frozenset(field.name for field in contract.open_fields))
    box = tile(cql2.place_property(scope, geometry), z, x, y, 0.0 if gathered else MARGIN)
    items = (Item(geometry, geometry),) if gathered else ()
    query = Query(dataset, items=items, where=box, page=Page(50_000, most=50_000))
    statement = Tiler(world.registry, {dataset: scope}).tile_of(query, Layer(geometry, dataset, z, gathered))
    with world.connect() as connection, RawCursor(connection) as cursor:
        row = cursor.execute(statement.sql.encode(), statement.params).fetchone()
    assert row is not None
    return bytes.fromhex(row[0])


def shown(body: bytes, dataset: str) -> list[Any]:
    """What a client sees, in no order; a tile without features shows nothing.

    Not the very rim of the margin: an index rounds, so a point there may be found or not.
    """
    layers = decode(body)
    assert set(layers) <= {dataset}
    features = [f for f in layers[dataset]["features"] if f["type"] != 1 or on_it(f)] if layers else []
    return sorted((f["id"] or 0, f["type"], f["geometry"], sorted(f["properties"].items())) for f in features)


def on_it(point: dict[str, Any]) -> bool:
    return all(-BUFFER < number < 4096 + BUFFER for number in point["geometry"][0])


def around(book: TileBook, zoom: int, west: float, east: float, south: float, north: float) -> list[tuple[int, int]]:
    (left, top), (right, bottom) = tile_of(west, north, zoom), tile_of(east, south, zoom)
    every = [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
    there = [at for at in every if book.tile(zoom, *at)]
    return random.Random(zoom).sample(there, min(6, len(there))) + [at for at in every if at not in there][:2]


def tile_of(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    up = math.asinh(math.tan(math.radians(latitude))) / math.pi
    return int((longitude / 360 + 0.5) * 2**zoom), int((1 - up) / 2 * 2**zoom)


@pytest.mark.parametrize("zoom", [0, 5, 9, 10, 11, 12])
def test_points_stand_in_them_as_if_they_were_made_now(world: World, zoom: int) -> None:
    book = book_of(world, "stalls")
    assert (book.single_from, book.header["max_zoom"]) == (LEAST, READY)
    field = world.registry.get("stalls").by_name["place"]
    gathered = is_gathered(field, MANY, zoom, book.single_from)
    assert gathered == (zoom < LEAST)
    seen = 0
    for x, y in around(book, zoom, 105.9, 106.3, 21.4, 21.6):
        packed = book.tile(zoom, x, y)
        ready = shown(gzip.decompress(packed) if packed else b"", "stalls")
        assert ready == shown(made_anew(world, "stalls", "place", zoom, x, y, gathered), "stalls")
        seen += len(ready)
    assert seen and (gathered or seen > 20)
    book.close()


def test_a_point_near_an_edge_stands_in_both_tiles(world: World) -> None:
    book, (right, y) = book_of(world, "stalls"), tile_of(EDGE + 1e-6, 21.5, 12)
    tiles = [gzip.decompress(book.tile(12, x, y) or b"") for x in (right - 1, right)]
    left_ids, right_ids = ({f["id"] for f in decode(tile)["stalls"]["features"]} for tile in tiles)
    assert left_ids & right_ids and left_ids - right_ids and right_ids - left_ids
    book.close()


@pytest.mark.parametrize("zoom", [0, 6, 10, 12])
def test_areas_stand_in_them_as_if_they_were_made_now(world: World, zoom: int) -> None:
    book, seen = book_of(world, "areas"), 0
    assert (book.single_from, book.header["max_zoom"]) == (0, READY)
    for x, y in around(book, zoom, 105.6, 106.4, 21.1, 21.9):
        packed = book.tile(zoom, x, y)
        ready = shown(gzip.decompress(packed) if packed else b"", "areas")
        assert ready == shown(made_anew(world, "areas", "boundary", zoom, x, y, False), "areas")
        seen += len(ready)
    assert seen
    book.close()


def test_no_point_is_lost_at_any_zoom(world: World) -> None:
    """Each stands in the tile that it lies in, alone or counted; what stands beyond the edge is shown twice."""
    book = book_of(world, "stalls")
    placed = MANY - MANY // 50
    for zoom in range(READY + 1):
        (left, top), (right, bottom) = tile_of(105.8, 21.7, zoom), tile_of(106.4, 21.3, zoom)
        count = 0
        for x in range(left, right + 1):
            for y in range(top, bottom + 1):
                for feature in shown(gzip.decompress(book.tile(zoom, x, y) or gzip.compress(b"")), "stalls"):
                    ((px, py),) = feature[2]
                    inside = 0 <= px < 4096 and 0 <= py < 4096
                    count += dict(feature[3]).get("point_count", 1) if inside else 0
        # What falls on the edge itself when it is rounded may stand beyond it.
        assert placed - 3 <= count <= placed, zoom
    book.close()


@pytest.mark.parametrize("dataset", ["stalls", "areas"])
def test_the_map_of_a_page_is_drawn_from_them_and_counts_every_row_with_a_place(world: World, dataset: str) -> None:
    made = drawing(world.settings.home / "releases" / dataset / "1" / f"{dataset}.pmtiles")
    assert made and made.is_areas == (dataset == "areas")
    assert made.places == (3 if made.is_areas else MANY - len(range(0, MANY, 50)))
    picture = ET.fromstring(made.svg("A & B", "<told>"))
    assert [picture[0].text, picture[1].text] == ["A & B", "<told>"]  # read out, not read as marks
    x, y, wide, high = map(int, picture.attrib["viewBox"].split())
    for path in picture.iterfind("{*}path"):
        dots = [tuple(map(int, at.split())) for at in path.attrib["d"].replace("h0", "").split("M")[1:]]
        assert dots and all(x < left < x + wide and y < top < y + high for left, top in dots)
    assert len(made.inner) < 400_000


def test_places_of_another_release_lie_under_the_map(world: World) -> None:
    stalls, areas = (world.settings.home / "releases" / name / "1" / f"{name}.pmtiles" for name in ("stalls", "areas"))
    plain, over = drawing(stalls), drawing(stalls, areas)
    assert plain and over and over.window == plain.window and over.places == plain.places
    ground = ET.fromstring(over.svg("", "")).find("{*}g[@class='ground']")
    assert ground is not None and ground.find(".//{*}path") is not None and 'class="ground"' not in plain.inner


def test_a_file_of_an_earlier_release_ends_where_points_are_single(tmp_path: Path, world: World) -> None:
    book = book_of(world, "stalls")
    assert tilebook.SINGLE_FROM in book.metadata

    class Earlier(TileBook):
        @property
        def metadata(self) -> dict[str, Any]:
            return {name: value for name, value in super().metadata.items() if name != tilebook.SINGLE_FROM}

    earlier = Earlier(world.settings.home / "releases" / "stalls" / "1" / "stalls.pmtiles")
    assert earlier.single_from == earlier.header["max_zoom"]
    earlier.close()
    book.close()
