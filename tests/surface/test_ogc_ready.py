"""Maps from what a release brings ready: features cut out of its GeoJSON file, filtered tiles out of its own tiles.

Whatever lies ready, the answer is the one that a statement would give.
"""

import gzip
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ogc
from lienthong.access.kept import Kept
from lienthong.access.ready import FeatureFile
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.formats import FORMATS, Document
from lienthong.formats.tilebook import TileBook
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.ogc.sieve import taken_apart
from lienthong.pipelines.release_files import write_files
from lienthong.store import owner
from tests.surface import small
from tests.surface.mvt import decode
from tests.surface.small import FIRMS, Client, World

ITEMS = "/ogc/collections/firms/items"
TILES = "/ogc/collections/firms/tiles/WebMercatorQuad"


class Brought(SimpleNamespace):
    """A world whose release of firms has its files; `short` asks on the short way, `long` on the long one."""

    world: World
    short: Client
    long: Client
    folder: Path

    def asked(self, url: str, times: int = 1) -> tuple[Any, list[str]]:
        """The last answer on the short way, and what the database was asked for it."""
        for _ in range(times):
            self.world.database.statements.clear()
            answer = self.short.get(url)
            assert answer.status_code in (200, 204), answer.text
        return answer, [statement.sql for statement in self.world.database.statements]


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brought]:
    with small.running(tmp_path_factory.mktemp("brought") / "home") as world:
        folder = _written(world)
        engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
        directory, catalog = Directory(engine, world.settings, Sessions(b"secret")), Catalog(world.registry, engine)
        # Answers that are kept whole would tell nothing of how they are made.
        settings = world.settings.model_copy(update={"kept_megabytes": 0})
        given = Services(world.registry, world.door, catalog, directory, settings, kept=Kept(most=0))
        app = FastAPI(openapi_url=None)
        app.include_router(ogc.router(given))
        lane: Any = Lane(app, (), given.short)
        yield Brought(world=world, short=Client(lane, world.portal), long=world.anonymous, folder=folder)
        world.portal.call(engine.dispose)


def _written(world: World) -> Path:
    """The GeoJSON and the tiles of the release, as publishing writes them."""
    contract, folder = world.registry.get("firms"), world.settings.home / "releases" / "firms" / "1"
    document = Document(contract.slug, contract.title, contract.open_fields, (), datetime.now(UTC))
    chosen = (FORMATS["geojson"], FORMATS["pmtiles"])
    with owner.connect(world.settings) as connection, connection.transaction():
        files = write_files(connection, contract, "firms_1", document, folder, chosen, lambda rows: None)
        for file in files.written:
            connection.execute(
                "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
                "select %s, id, %s, 'x', %s, %s, %s from platform.release where dataset = 'firms'",
                (uuid.uuid4(), file.format.name, f"firms/1/{file.name}", file.size, file.sha256),
            )
    return folder


QUESTIONS = ["limit={}", "limit={}&offset=7", "bbox=106,21,106.3,22&limit={}&offset=2", "bbox=106,21,106.2,22&limit={}&sortby=-name",
             "filter=staff > 10 AND CASEI(name) LIKE '%25h%25'&limit={}", "status=closed&limit={}",
             "bbox=106,21,106.3,22&limit={}&status=active", "bbox=179,20,-179,22&limit={}"]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_features_are_cut_out_of_the_file(brought: Brought, question: str) -> None:
    url = f"{ITEMS}?{question.format(9)}"
    for _ in range(1000):  # the file is opened beside the requests
        answer, statements = brought.asked(url)
        if _are_numbers(statements):
            break
        time.sleep(0.05)
    assert _are_numbers(statements), statements
    wanted = brought.long.get(url)
    assert answer.content == wanted.content
    assert {n: answer.headers[n] for n in ("etag", "content-type", "content-crs", "cache-control")} == {
        n: wanted.headers[n] for n in ("etag", "content-type", "content-crs", "cache-control")
    }
    following = [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]
    if following:
        after = f"{ITEMS}?{following[0].partition('?')[2]}"
        assert brought.asked(after, 3)[0].content == brought.long.get(after).content
        assert after != url


def test_what_lies_in_a_box_is_found_without_a_statement(brought: Brought) -> None:
    every = [f["geometry"]["coordinates"] for f in brought.long.get(f"{ITEMS}?limit=1000").json()["features"]
             if f["geometry"]]  # fmt: skip
    (west, south), (east, north) = map(min, zip(*every, strict=True)), map(max, zip(*every, strict=True))
    boxes = [f"{x},{y},{x},{y}" for x, y in every[:5]]  # a point on all four edges
    boxes += ["0,0,1,1", "106,21,106.3,22", f"{west},{south},{east},{north}", "-180,-90,180,90"]
    for limit in (1, 9, 100):
        _wait_until(lambda n=limit: not brought.asked(f"{ITEMS}?bbox=106,21,106.3,22&limit={n}", 2)[1])  # type: ignore[misc]
        for box in boxes:
            answer, statements = brought.asked(f"{ITEMS}?bbox={box}&limit={limit}")
            assert not statements and answer.content == brought.long.get(f"{ITEMS}?bbox={box}&limit={limit}").content
            for link in answer.json()["links"]:
                if link["rel"] == "next":
                    after = f"{ITEMS}?{link['href'].partition('?')[2]}"
                    assert brought.asked(after, 3)[0].content == brought.long.get(after).content
    for wrong in ("1,2,3", "1,3,2,2", "a,b,c,d", "0,0,1,200"):
        found, wanted = (client.get(f"{ITEMS}?bbox={wrong}&limit=9") for client in (brought.short, brought.long))
        assert (found.status_code, found.json()) == (wanted.status_code, wanted.json()) and found.status_code == 400


def _wait_until(done: Callable[[], bool]) -> None:
    """What is read beside the requests comes some time."""
    for _ in range(1000):
        if done():
            return
        time.sleep(0.05)
    pytest.fail("it never came")


def _are_numbers(statements: list[str]) -> bool:
    return len(statements) == 1 and statements[0] != "" and "st_asgeojson" not in statements[0]


@pytest.mark.parametrize("query", [
    "limit=5&properties=name", "limit=5&crs=http://www.opengis.net/def/crs/EPSG/0/3857",
])  # fmt: skip
def test_what_the_file_does_not_show_is_made(brought: Brought, query: str) -> None:
    url = f"{ITEMS}?{query}"
    answer, statements = brought.asked(url, 5)
    assert "st_asgeojson" in statements[-1]
    assert answer.content == brought.long.get(url).content


def test_every_feature_has_its_line(brought: Brought) -> None:
    file = FeatureFile(brought.folder / "firms.geojson")
    assert file.rows == FIRMS
    every = brought.long.get(f"{ITEMS}?limit=1000").content
    assert file.array(range(1, FIRMS + 1)) == every[every.index(b"[") : every.index(b',"numberReturned"')]
    assert file.array([]) == b"[]"


def test_an_empty_file_has_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "empty.geojson"
    path.write_bytes(b'{"type":"FeatureCollection","name":"x","features":[\n]}\n')
    assert FeatureFile(path).rows == 0


TILE = f"{TILES}/6/28/50"


def shown(body: bytes) -> list[Any]:
    return [(f["id"], f["geometry"], f["properties"]) for f in decode(body)["firms"]["features"]] if body else []


def test_a_tile_comes_from_the_file_without_a_statement(brought: Brought) -> None:
    answer, statements = brought.asked(TILE)
    assert not statements
    with_id = brought.long.get(f"{TILE}?filter=TRUE").content
    assert sorted(map(str, shown(answer.content))) == sorted(map(str, shown(with_id)))
    assert len(shown(answer.content)) > 40


@pytest.mark.parametrize("question,is_left", [
    ("filter=staff > 5", True), ("filter=status = 'active'", True), ("filter=NOT (staff = 3) OR staff IS NULL", True),
    ("filter=staff > 55", False), ("filter=staff > 5&properties=name", False),
])  # fmt: skip
def test_a_filtered_tile_is_what_the_filter_leaves(brought: Brought, question: str, is_left: bool) -> None:
    url = f"{TILE}?{question}"
    answer, statements = brought.asked(url)
    assert shown(answer.content) == shown(brought.long.get(url).content) and shown(answer.content)
    assert ("st_asmvt" not in statements[-1]) == is_left


def test_a_filter_that_leaves_nothing_leaves_no_tile(brought: Brought) -> None:
    answer, _ = brought.asked(f"{TILE}?filter=staff < 0")
    assert answer.status_code == 204 == brought.long.get(f"{TILE}?filter=staff < 0").status_code
    answer, statements = brought.asked(f"{TILES}/6/3/3?filter=staff > 5")
    assert answer.status_code == 204 and not statements


def test_a_tile_is_taken_apart_and_put_together(brought: Brought) -> None:
    book = TileBook(brought.folder / "firms.pmtiles")
    tile = gzip.decompress(book.tile(6, 50, 28) or b"")
    book.close()
    sieve = taken_apart(tile)
    numbers = [number for number, *_ in shown(tile)]
    assert sieve is not None and sieve.left(numbers) == tile
    assert shown(sieve.left(numbers[5:]) or b"") == shown(tile)[5:]
    assert sieve.left([]) is None and sieve.left(numbers[:3]) is None
    assert sieve.left([*numbers, 10**6]) == tile  # a row at the rim that the tile does not show
    assert taken_apart(b"") is None and taken_apart(tile + tile) is None
