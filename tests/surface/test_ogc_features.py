"""OGC API - Features: pages, boxes, coordinate systems, forms, the short way, and what no request may break."""

import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ogc
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import owner
from tests.surface.small import ADMIN, KEEPER, Client, World, firms

FIRMS = "/ogc/collections/firms"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
POSITION = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
LINK = {
    "type": "object",
    "required": ["href", "rel", "type"],
    "properties": {"href": {"type": "string", "format": "uri"}},
}
FEATURE = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": ["string", "integer"]},
        "geometry": {"oneOf": [
            {"type": "null"},
            {"type": "object", "required": ["type", "coordinates"],
             "properties": {"type": {"const": "Point"}, "coordinates": POSITION}, "additionalProperties": False},
        ]},
        "properties": {"type": ["object", "null"]},
        "links": {"type": "array", "items": LINK},
    },
}  # fmt: skip
COLLECTION = {
    "type": "object",
    "required": ["type", "features", "links", "numberReturned"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": FEATURE},
        "links": {"type": "array", "items": LINK, "minItems": 2},
        "numberReturned": {"type": "integer", "minimum": 0},
        "numberMatched": {"type": "integer", "minimum": 0},
        "timeStamp": {"type": "string"},
    },
}  # fmt: skip


def page(world: World, path: str = FIRMS + "/items", **params: Any) -> dict[str, Any]:
    given = {name.replace("_", "-") if "bbox" in name else name: value for name, value in params.items()}
    answer = world.anonymous.get(path, params=given or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    Draft202012Validator(COLLECTION).validate(body)
    return dict(body)


def ids(body: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in body["features"]]


def linked(body: dict[str, Any], rel: str) -> str | None:
    return next(
        (link["href"].removeprefix("http://127.0.0.1:8000") for link in body["links"] if link["rel"] == rel), None
    )


# --- pages ---------------------------------------------------------------------------------------------------------


def test_following_next_tells_every_feature_once(world: World) -> None:
    body, seen = page(world, limit=7), []
    while True:
        seen += ids(body)
        following = linked(body, "next")
        if following is None:
            break
        assert "limit=7" in following
        body = page(world, following)
    assert seen == sorted(row["firm_code"] for row in firms())


def test_nothing_is_counted_unless_that_is_cheap_or_asked_for(world: World) -> None:
    assert page(world, limit=3)["numberMatched"] == 60  # known of the release
    statements = world.database.statements
    statements.clear()
    assert "numberMatched" not in page(world, limit=3, status="active")
    assert not re.search(r"select count\(\*\) from", statements[-1].sql)
    assert page(world, limit=3, status="active", count="exact")["numberMatched"] == 45
    assert page(world, limit=50, status="active")["numberMatched"] == 45  # the first page is the whole


def test_a_box_finds_what_lies_in_it(world: World) -> None:
    assert ids(page(world, bbox="106.015,21,106.045,22")) == ["F0002", "F0003", "F0004"]
    assert ids(page(world, bbox="106.015,21,0,106.045,22,100")) == ["F0002", "F0003", "F0004"]
    assert ids(page(world, bbox="106.585,21,-170,22")) == ["F0059"]  # over the antimeridian
    assert ids(page(world, bbox="21,106.015,22,106.045", bbox_crs=EPSG + "4326")) == ["F0002", "F0003", "F0004"]
    assert ids(page(world, bbox="11801500,2440000,11804900,2460000", bbox_crs=EPSG + "3857")) == [
        "F0002",
        "F0003",
        "F0004",
    ]


def coordinates(world: World, system: str) -> list[float]:
    answer = world.anonymous.get(FIRMS + "/items/F0003", params={"crs": system})
    assert answer.status_code == 200 and answer.headers["content-crs"] == f"<{system}>"
    return list(answer.json()["geometry"]["coordinates"])


def test_positions_in_the_system_that_is_asked_for(world: World) -> None:
    described = world.anonymous.get(FIRMS).json()
    assert described["storageCrs"] in described["crs"]
    assert coordinates(world, "http://www.opengis.net/def/crs/OGC/1.3/CRS84") == [106.03, 21.5]
    assert coordinates(world, EPSG + "4326") == [21.5, 106.03]
    for system in described["crs"]:
        number = int(system.rpartition("/")[2]) if "EPSG" in system else 4326
        made = "st_transform('SRID=4326;POINT(106.03 21.5)'::geometry, %s)"
        ((x, y),) = world.owner(f"select st_x({made}), st_y({made})", number, number)
        turned = number in (4326, 4756) and "EPSG" in system
        assert coordinates(world, system) == pytest.approx([y, x] if turned else [x, y], abs=0.01)
    zone = coordinates(world, EPSG + "3405")  # VN-2000, UTM zone 48N
    assert 600_000 < zone[0] < 620_000 and 2_370_000 < zone[1] < 2_380_000


def test_properties_and_order(world: World) -> None:
    body = page(world, sortby="-staff,firm_code", properties="name,staff", limit=4)
    assert [feature["properties"] for feature in body["features"]] == [
        {"name": row["name"], "staff": row["staff"]}
        for row in sorted(firms(), key=lambda r: -(r.get("staff") or -1))[:4]
    ]
    assert body["features"][0]["geometry"]["type"] == "Point"
    following = page(world, linked(body, "next") or "")
    assert [feature["properties"]["staff"] for feature in following["features"]] == [54, 53, 52, 51]


def test_one_feature_says_where_it_belongs(world: World) -> None:
    body = world.anonymous.get(FIRMS + "/items/F0000").json()
    Draft202012Validator(FEATURE).validate(body)
    assert body["geometry"] is None and body["properties"]["firm_code"] == "F0000"
    assert {link["rel"] for link in body["links"]} >= {"self", "collection", "alternate"}


def test_a_download_is_one_stream_of_everything(world: World) -> None:
    body = world.anonymous.get(
        FIRMS + "/items", params={"limit": "1000000", "status": "active", "sortby": "-firm_code"}
    ).json()
    assert ids(body) == sorted((r["firm_code"] for r in firms() if r["status"] == "active"), reverse=True)
    empty = world.anonymous.get(FIRMS + "/items", params={"limit": "1000000", "status": "active", "staff": "4"}).json()
    assert empty == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize(
    ("params", "status", "place"),
    [
        ({"bbox": "1,2,3"}, 400, "position__bbox"),
        ({"bbox": "a,b,c,d"}, 400, "position__bbox"),
        ({"bbox": "106,22,107,21"}, 400, "position__bbox"),
        ({"bbox": "106,22,107,21", "bbox-crs": EPSG + "4326"}, 400, "bbox"),
        ({"bbox": "1e400,22,107,21", "bbox-crs": EPSG + "3857"}, 400, "bbox"),
        ({"bbox-crs": EPSG + "9999"}, 200, None),
        ({"crs": EPSG + "9999"}, 400, "crs"),
        ({"limit": "0"}, 400, "limit"),
        ({"limit": "-1"}, 400, "limit"),
        ({"limit": "9" * 30}, 400, "limit"),
        ({"datetime": "yesterday"}, 200, None),
        ({"colour": "red"}, 400, "colour"),
        ({"sortby": "position"}, 400, "sortby"),
        ({"sortby": "nme"}, 400, "sortby"),
        ({"properties": "nme"}, 400, "properties"),
        ({"filter-lang": "sql", "filter": "1"}, 400, "filter-lang"),
        ({"f": "xml"}, 400, "f"),
        ({"cursor": "AAAA"}, 400, "cursor"),
        ({"count": "maybe"}, 400, "count"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    world: World, params: dict[str, str], status: int, place: str | None
) -> None:
    answer = world.anonymous.get(FIRMS + "/items", params=params)
    if status == 200:
        assert answer.status_code in (200, 400)
        return
    assert answer.status_code == status and answer.json()["place"] == place, answer.text


@pytest.mark.parametrize("path", ["/items/NONE", "x/items", "/tiles/Other", "/items/F0001/x", "/tiles/WebMercatorQuad/1/2/0",
                                  "/tiles/WebMercatorQuad/99/0/0", "/tiles/WebMercatorQuad/a/b/c", "/tiles/WebMercatorQuad/1/-1/0"])  # fmt: skip
def test_what_is_not_there(world: World, path: str) -> None:
    answer = world.anonymous.get(FIRMS + path)
    assert answer.status_code in (400, 404) and answer.headers["content-type"] == "application/problem+json"


# --- documents -----------------------------------------------------------------------------------------------------


def test_every_link_leads_somewhere_and_is_what_it_says(world: World) -> None:
    seen, waiting = set(), ["/ogc", "/ogc/collections"]
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 90:
            continue
        seen.add(path)
        answer = world.anonymous.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        if "json" not in answer.headers["content-type"]:
            continue
        for link in re.finditer(
            r'"href":"http://127.0.0.1:8000(/ogc[^"]*)","rel":"[^"]*","type":"([^"]*)"', answer.text
        ):
            href = link[1].replace("{tileMatrix}/{tileRow}/{tileCol}", "8/112/203")
            told = world.anonymous.get(href)
            assert told.status_code in (200, 204), href
            assert (
                told.status_code == 204
                or link[2].partition(";")[0] in told.headers["content-type"]
                or "json" in link[2]
            ), href
            waiting.append(href)
    assert len(seen) > 30


def test_the_definition_tells_every_path(world: World) -> None:
    document = world.anonymous.get("/ogc/api").json()
    assert document["openapi"].startswith("3.0")
    for path, entry in document["paths"].items():
        given = path.format(featureId="firms" if "catalogue" in path else "F0001" if "firms" in path else "20000",
                            tileMatrixSetId="WebMercatorQuad", tileMatrix="6", tileRow="28", tileCol="50")  # fmt: skip
        answer = world.anonymous.get("/ogc" + given.rstrip("/"))
        assert answer.status_code in (200, 204), given
        assert answer.status_code == 204 or any(
            kind in answer.headers["content-type"] for kind in entry["get"]["responses"]["200"]["content"]
        )
    names = [entry["get"]["operationId"] for entry in document["paths"].values()]
    assert len(names) == len(set(names))


def test_queryables_are_what_a_filter_takes(world: World) -> None:
    schema = world.anonymous.get(FIRMS + "/queryables").json()
    Draft202012Validator.check_schema(schema)
    assert (
        schema["properties"]["position"]["x-ogc-role"] == "primary-geometry"
        and "owner_name" not in schema["properties"]
    )
    for name in schema["properties"]:
        assert page(world, filter=f"{name} IS NOT NULL", limit=1)["numberReturned"] == 1
    for name in world.anonymous.get(FIRMS + "/sortables").json()["properties"]:
        assert page(world, sortby=name, limit=1)["numberReturned"] == 1


@pytest.mark.parametrize("language", ["vi", "en"])
def test_pages_need_no_script_and_repeat_no_markup(world: World, language: str) -> None:
    for path in (
        "/ogc",
        "/ogc/collections",
        FIRMS,
        FIRMS + "/items?limit=3",
        FIRMS + "/items/F0001",
        FIRMS + "/tiles/WebMercatorQuad",
        "/ogc/collections/catalogue/items",
    ):
        answer = world.anonymous.get(path, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": language})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"), path
        assert f'<html lang="{language}">' in answer.text and "<script" not in answer.text and "<h1>" in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    told = world.anonymous.get(FIRMS + "/items", params={"filter": "name = '<script>alert(1)</script>'", "f": "html"})
    assert told.status_code == 200 and "<script>" not in told.text


def test_caches_may_keep_what_is_open(world: World) -> None:
    first = world.anonymous.get(FIRMS + "/items?limit=2")
    assert first.headers["cache-control"].startswith("public") and first.headers["access-control-allow-origin"] == "*"
    again = world.anonymous.get(FIRMS + "/items?limit=2", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert world.anonymous.get(FIRMS + "/items?limit=3").headers["etag"] != first.headers["etag"]


# --- the short way ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def way(world: World) -> Iterator[Any]:
    """An app of this surface alone behind its short way, and a client maker."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    given = Services(
        world.registry, Door(world.registry, world.database), Catalog(world.registry, engine), directory, world.settings
    )
    ogc.router(given)
    yield lambda token=None: Client(Lane(world.app, short=given.short), world.portal, token)  # type: ignore[arg-type]


def same(short: httpx.Response, long: httpx.Response) -> None:
    """Equal in all that is not this very request's."""
    own = {"lienthong-receipt", "ratelimit", "ratelimit-policy", "x-content-type-options", "referrer-policy"}
    assert short.status_code == long.status_code and short.content == long.content
    if short.status_code == 200:
        one, other = ({k: v for k, v in a.headers.items() if k not in own} for a in (short, long))
        assert one == other
        assert ("lienthong-receipt" in short.headers) == ("lienthong-receipt" in long.headers)


VALUES = {
    "bbox": ["106,21,106.2,22", "106.1,21,106.3,22", "106,21", "179,0,-179,22", "106,21,0,106.1,22,5"],
    "status": ["active", "closed", "no such"],
    "filter": ["staff > 3", "staff > 30", "staff >"],
    "limit": ["5", "6"],
    "sortby": ["-staff", "name"],
    "crs": [EPSG + "3857", EPSG + "4326"],
    "properties": ["name", "name,staff"],
}


@pytest.mark.parametrize("token", [None, KEEPER, ADMIN])
def test_the_short_way_answers_as_the_long_way(world: World, way: Any, token: str | None) -> None:
    chance, short, long = random.Random(5), way(token), world.client(token)
    for _ in range(12):
        names = chance.sample(sorted(VALUES), chance.randint(1, 3))
        for _ in range(5):
            params = {name: chance.choice(VALUES[name]) for name in names}
            answer = short.get(FIRMS + "/items", params=params)
            same(answer, long.get(FIRMS + "/items", params=params))
            if answer.status_code == 200 and (following := linked(answer.json(), "next")):
                same(short.get(following), long.get(following))


def test_the_short_way_is_one_prepared_statement(world: World, way: Any) -> None:
    client, statements = way(), world.database.statements
    for n in range(5):
        statements.clear()
        assert client.get(f"{FIRMS}/items?limit=9&bbox=106,21,106.{n}5,22").status_code == 200
    assert len(statements) == 1 and statements[0].kept
