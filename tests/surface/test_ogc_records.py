"""OGC API - Records: the catalogue is found by words, place, time, kind and CQL2."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.surface.small import World

ITEMS = "/ogc/collections/catalogue/items"
RECORD = {  # recordGeoJSON.yaml of OGC 20-004r1, what it requires
    "type": "object",
    "required": ["id", "type", "time", "geometry", "properties", "links"],
    "properties": {
        "id": {"type": "string"},
        "type": {"const": "Feature"},
        "time": {"type": ["object", "null"], "properties": {"interval": {"type": "array", "minItems": 2, "maxItems": 2}}},
        "geometry": {"type": ["object", "null"]},
        "conformsTo": {"type": "array", "items": {"type": "string"}},
        "properties": {
            "type": "object",
            "required": ["type", "title"],
            "properties": {
                "keywords": {"type": "array", "items": {"type": "string"}},
                "language": {"type": "object", "required": ["code"]},
                "languages": {"type": "array", "items": {"type": "object", "required": ["code"]}},
                "externalIds": {"type": "array", "items": {"type": "object", "required": ["value"]}},
                "contacts": {"type": "array", "items": {"type": "object"}},
                "license": {"type": "string"},
            },
        },
        "links": {"type": "array", "items": {"type": "object", "required": ["href", "rel"]}},
    },
}  # fmt: skip
EVERYTHING = {"case-statistics", "firms", "permits", "places"}


def found(world: World, **params: Any) -> set[str]:
    answer = world.anonymous.get(ITEMS, params={name.replace("_", "-"): value for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["numberReturned"] == len(body["features"]) <= body["numberMatched"]
    return {record["id"] for record in body["features"]}


def test_each_published_dataset_has_a_record(world: World) -> None:
    assert found(world) == EVERYTHING
    for name in EVERYTHING:
        record = world.anonymous.get(f"{ITEMS}/{name}").json()
        Draft202012Validator(RECORD).validate(record)
        assert record["id"] == name and record["properties"]["license"] == "CC-BY-4.0"
        assert any(link["rel"] == "enclosure" for link in record["links"])
    assert world.anonymous.get(f"{ITEMS}/cases").status_code == 404
    english = world.anonymous.get(f"{ITEMS}/firms", headers={"Accept-Language": "en"}).json()
    assert english["properties"]["title"] == "Firms"


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"q": "moi kieu GIA TRI"}, {"firms"}),  # without tone marks
        ({"q": "firms,places"}, {"firms", "places"}),
        ({"q": "nothing of the kind"}, set()),
        ({"type": "dataset"}, EVERYTHING),
        ({"type": "service"}, set()),
        ({"ids": "firms,places"}, {"firms", "places"}),
        ({"externalIds": "case_statistics"}, {"case-statistics"}),
        ({"externalIds": "urn:lienthong:firms"}, {"firms"}),
        ({"bbox": "105,20,107,22"}, {"firms", "places"}),
        ({"bbox": "0,0,1,1"}, set()),
        ({"datetime": "../2000-01-01"}, set()),
        ({"datetime": "2026-01-01/.."}, EVERYTHING),
        ({"filter": "title = 'Hãng'"}, {"firms"}),
        ({"filter": "CASEI(ACCENTI(title)) LIKE '%dia%' OR id IN ('permits')"}, {"places", "permits"}),
        ({"filter": "A_CONTAINS(keywords, ('doanh nghiệp'))"}, {"firms"}),
        ({"filter": "S_INTERSECTS(geometry, POINT(106 21)) AND NOT theme = 'ECON'"}, {"places"}),
        ({"filter": "T_AFTER(updated, DATE('2020-01-01')) AND license = 'CC-BY-4.0'"}, EVERYTHING),
        ({"filter": '{"op":"=","args":[{"property":"theme"},"ECON"]}'}, {"firms", "permits"}),
        ({"filter": "geometry IS NULL"}, {"permits", "case-statistics"}),
    ],
)
def test_records_are_found(world: World, params: dict[str, str], wanted: set[str]) -> None:
    assert found(world, **params) == wanted


def test_pages_and_order(world: World) -> None:
    body = world.anonymous.get(ITEMS, params={"sortby": "-title", "limit": 3}).json()
    following = next(link["href"] for link in body["links"] if link["rel"] == "next")
    rest = world.anonymous.get(following.removeprefix("http://127.0.0.1:8000")).json()
    titles = [record["properties"]["title"] for record in [*body["features"], *rest["features"]]]
    assert titles == ["Thống kê vụ việc", "Hãng", "Giấy phép", "Địa điểm"] and body["numberMatched"] == 4


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"filter": "titel = 'x'"}, "filter:1"),
        ({"filter": "title ="}, "filter:8"),
        ({"filter": "title"}, "filter:1"),
        ({"filter": "S_CROSSES(geometry, POINT(1 1))"}, "filter:1"),
        ({"sortby": "colour"}, "sortby"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"datetime": "soon"}, "datetime"),
        ({"limit": "0"}, "limit"),
        ({"colour": "red"}, "colour"),
        ({"filter": "NOT " * 500 + "title = 'x'"}, "filter"),
    ],
)
def test_a_wrong_question_is_refused_with_its_place(world: World, params: dict[str, str], place: str) -> None:
    answer = world.anonymous.get(ITEMS, params=params)
    assert answer.status_code == 400 and answer.json()["place"].startswith(place), answer.text
