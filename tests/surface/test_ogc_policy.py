"""Maps of governed data: only what an agreement gives, places only through their masks, every read on record.

And maps of many points, which need a world of their own as well.
"""

import gzip
import itertools
import math
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from shutil import copytree
from typing import Any

import pytest

from lienthong.formats import tilebook
from lienthong.formats.base import Document
from lienthong.formats.tilebook import TileBook
from lienthong.store import owner, pyramid
from tests.security.test_policy_properties import Consumer, Terms
from tests.surface import small
from tests.surface.mvt import decode
from tests.surface.small import World, firms

GRANTED = frozenset({"firm_code", "status", "position", "owner_name"})
TILE = "/ogc/collections/firms/tiles/WebMercatorQuad/6/28/50"  # the north of Việt Nam
ITEMS = "/ogc/collections/firms/items"
MANY = 5_000
_MORE = (
    "insert into release.places_1 (place_code, name, position, _from) select 'x' || n, 'Điểm ' || n, "
    "st_setsrid(st_makepoint(105 + (n %% 100) / 50.0, 20 + n / 100 / 50.0), 4326), now() from generate_series(1, %s) n"
)
PLACES = "/ogc/collections/places/tiles/WebMercatorQuad"
BOOK = "places/1/places.pmtiles"
AUDIT = {"Lienthong-Purpose": "audit"}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The small world, in which firms lie in a grid of 20 km unless an agreement tells better, and with more places."""
    folder = tmp_path_factory.mktemp("mapped")
    copytree(small.DATASETS, folder / "datasets")
    path = folder / "datasets" / "office" / "firms" / "contract.yaml"
    text = path.read_text("utf-8")
    plain = "logicalType: point, classification: public"
    assert plain in text
    hidden = "logicalType: point, classification: internal, mask: {method: grid, metres: 20000}"
    path.write_text(text.replace(plain, hidden), "utf-8")
    with small.running(folder / "home", folder / "datasets") as found:
        _crowd(found)
        yield found


def entries(world: World, receipt: str) -> list[tuple[Any, ...]]:
    return world.owner(
        "select dataset, fields, rows, surface, condition from platform.ledger where receipt = %s", receipt
    )


def drawn(world: World, consumer: Consumer, path: str = TILE) -> list[dict[str, Any]]:
    answer = consumer.client.get(path, headers=AUDIT)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store", answer.text
    ((_, fields, rows, surface, condition),) = entries(world, answer.headers["lienthong-receipt"])
    features = decode(answer.content)["firms"]["features"]
    assert (surface, rows) == ("ogc", len(features)) and set(fields) <= GRANTED and "tile" in str(condition)
    return features


def test_a_tile_shows_the_granted_fields_of_the_granted_rows(mapped: World) -> None:
    consumer = Consumer(mapped, "firms", Terms(GRANTED, GRANTED, {"status": {"eq": "active"}}, "audit"))
    features = drawn(mapped, consumer)
    wanted = [row for row in firms() if row["status"] == "active" and row.get("position")]
    assert {f["properties"]["firm_code"] for f in features} == {row["firm_code"] for row in wanted}
    assert set().union(*(f["properties"] for f in features)) == GRANTED - {"position"}
    # Who has another agreement sees what that gives, and nothing of it was kept for the next one who asks.
    other = Consumer(mapped, "firms", Terms(frozenset({"firm_code", "position", "capital"}), GRANTED, None, "audit"))
    for client, names in ((other.client, {"firm_code", "capital"}), (consumer.client, GRANTED - {"position"})) * 2:
        answer = client.get(TILE, headers=AUDIT)
        assert set().union(*(f["properties"] for f in decode(answer.content)["firms"]["features"])) == names
    assert mapped.anonymous.get(TILE).status_code == 404


def test_nothing_of_a_person_without_a_purpose(mapped: World) -> None:
    consumer = Consumer(mapped, "firms", Terms(GRANTED, GRANTED, None, "audit"))
    answer = consumer.client.get(TILE, headers={"Lienthong-Purpose": ""})
    names = set().union(*(f["properties"] for f in decode(answer.content)["firms"]["features"]))
    assert names == {"firm_code", "status"}


def test_a_masked_place_is_seen_and_found_where_its_mask_puts_it(mapped: World) -> None:
    consumer = Consumer(mapped, "firms", Terms(GRANTED, frozenset(), None, "audit"))
    shown = consumer.client.get(ITEMS, params={"limit": 1000}, headers=AUDIT).json()["features"]
    places = {f["id"]: tuple(f["geometry"]["coordinates"]) for f in shown if f["geometry"]}
    size = 20_000 / 111_320
    assert len(places) > 40 and len(set(places.values())) < 6
    for x, y in places.values():
        assert x / size == pytest.approx(round(x / size), abs=1e-4) and y / size == pytest.approx(
            round(y / size), abs=1e-4
        )
    assert len({f["geometry"][0] for f in drawn(mapped, consumer)}) == len(set(places.values()))
    # However a box is drawn, it finds what is shown in it: the true place never decides.
    for west, width in itertools.product((105.9, 106.05, 106.2, 106.31), (0.05, 0.1, 0.3)):
        east = west + width
        wanted = {code for code, (x, _) in places.items() if west <= x <= east}
        asked: list[dict[str, Any]] = [
            {"bbox": f"{west},20,{east},23"},
            {"filter": f"S_INTERSECTS(position, BBOX({west}, 20, {east}, 23))"},
            {"filter": f"NOT S_DISJOINT(position, POLYGON(({west} 20, {east} 20, {east} 23, {west} 23, {west} 20)))"},
        ]
        for params in asked:
            answer = consumer.client.get(ITEMS, params={"limit": 1000, **params}, headers=AUDIT)
            assert {f["id"] for f in answer.json()["features"]} == wanted, params


@pytest.mark.parametrize("question", [
    "filter=capital > 5", "filter=staff %2B 1 > 2", "filter=CASEI(email) LIKE '%25hang%25'", "filter=firm_code = 'F0001' OR capital IS NULL",
    "filter=NOT (ref = '00000000-0000-0000-0000-000000000005')", "sortby=capital", "properties=capital", "capital=1",
    "filter=T_AFTER(registered_on, DATE('2020-01-01'))", "filter=A_CONTAINS(tags, ('a'))", "filter=status = name",
    'filter={"op":"=","args":[{"property":"capital"},{"property":"capital"}]}',
])  # fmt: skip
@pytest.mark.parametrize("path", [ITEMS, TILE])
def test_what_is_not_granted_cannot_be_asked_for(mapped: World, refused: Consumer, path: str, question: str) -> None:
    if path == TILE and question.startswith("sortby"):
        return
    answer = refused.client.get(f"{path}?{question}", headers=AUDIT)
    assert answer.status_code == 403 and refused.agreement in answer.text, answer.text


@pytest.fixture(scope="module")
def refused(mapped: World) -> Consumer:
    return Consumer(mapped, "firms", Terms(GRANTED, frozenset(), None, "audit"))


def test_a_dataset_without_an_open_view_has_no_map_for_the_public(mapped: World) -> None:
    for path in (
        "/ogc/collections/cases",
        "/ogc/collections/cases/items",
        "/ogc/collections/cases/tiles/WebMercatorQuad/0/0/0",
    ):
        assert mapped.anonymous.get(path).status_code in (401, 404)
    assert "cases" not in mapped.anonymous.get("/ogc/collections").text


def test_values_of_persons_stand_in_the_ledger_as_hashes(mapped: World) -> None:
    consumer = Consumer(mapped, "firms", Terms(GRANTED, GRANTED, None, "audit"))
    asked = {"filter": "CASEI(owner_name) LIKE 'nguyễn văn 1%' AND status <> 'closed'"}
    answer = consumer.client.get(ITEMS, params=asked, headers=AUDIT)
    assert answer.status_code == 200 and answer.json()["features"]
    ((_, fields, rows, _, condition),) = entries(mapped, answer.headers["lienthong-receipt"])
    assert "nguyễn" not in str(condition) and "hmac:" in str(condition) and "closed" in str(condition)
    assert "owner_name" in fields and rows == len(answer.json()["features"])


# --- many points, and a release with tiles of its own ----------------------------------------------------------------


def tile_of(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Column and row."""
    side, angle = 2**zoom, math.radians(latitude)
    return int((longitude + 180) / 360 * side), int((1 - math.asinh(math.tan(angle)) / math.pi) / 2 * side)


def counted(world: World, z: int, x: int, y: int, query: str = "") -> tuple[int, int]:
    """Points of a tile of `places`, and how many rows they stand for."""
    answer = world.anonymous.get(f"{PLACES}/{z}/{y}/{x}{query}")
    found = decode(answer.content)["places"]["features"] if answer.content else []
    return len(found), sum(f["properties"].get("point_count", 1) for f in found)


@pytest.mark.parametrize("query", ["", "?filter=TRUE"])  # from the release's file, and by a statement
def test_many_points_are_gathered_and_none_is_lost(mapped: World, query: str) -> None:
    points, rows = counted(mapped, 5, 25, 14, query)
    assert rows == MANY + 6 and points < 500
    (west, north), (east, south) = tile_of(105, 22, 7), tile_of(107.1, 20, 7)
    tiles = [(x, y) for x in range(west, east + 1) for y in range(north, south + 1)]
    assert sum(counted(mapped, 7, x, y, query)[1] for x, y in tiles) == MANY + 6
    points, rows = counted(mapped, 12, *tile_of(105.5, 20.5, 12), query)
    assert points == rows > 0  # here each stands for itself


def test_tiles_of_the_release_are_served_from_its_file(mapped: World) -> None:
    """PMTiles written with the release: low zooms come from it, byte for byte, without a question to the database."""
    book, statements = TileBook(mapped.settings.home / "releases" / BOOK), mapped.database.statements
    column, row = tile_of(106.3, 21.3, 8)
    statements.clear()
    answer = mapped.anonymous.get(f"{PLACES}/8/{row}/{column}")
    packed = book.tile(8, column, row)
    assert packed and answer.content == gzip.decompress(packed) and not statements
    assert mapped.anonymous.get(f"{PLACES}/8/0/0").status_code == 204 and not statements
    deeper = int(book.header["max_zoom"]) + 1
    column, row = tile_of(105.5, 20.5, deeper)
    assert mapped.anonymous.get(f"{PLACES}/{deeper}/{row}/{column}").status_code == 200 and statements
    book.close()


def _crowd(world: World) -> None:
    """Thousands of places, and a file with the tiles of their release."""
    contract = world.registry.get("places")
    path = world.settings.home / "releases" / BOOK
    with owner.connect(world.settings) as connection, connection.transaction():
        connection.execute(_MORE, (MANY,))
        connection.execute("update platform.release set rows = rows + %s where dataset = 'places'", (MANY,))
        made = pyramid.prepare(connection, "places_1", "places", contract.primary_key, contract.open_fields)
        zooms = ((zoom, list(pyramid.tiles(connection, made, zoom))) for zoom in range(made.last + 1))
        document = Document(contract.slug, contract.title, contract.open_fields, (), datetime.now(UTC))
        tilebook.write(path, document, zooms, {"id": "places", "fields": {}}, made.single_from)
        connection.execute(
            "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
            "select %s, id, 'pmtiles', 'application/vnd.pmtiles', %s, %s, %s from platform.release where dataset = 'places'",
            (uuid.uuid4(), BOOK, path.stat().st_size, "0" * 64),
        )
