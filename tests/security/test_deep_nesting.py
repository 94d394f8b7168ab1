"""What is nested deeper than answers can hold is refused at the door: kept, it would break every list it stands in."""

import json
from typing import Any

import pytest

from tests.surface.hosted import did
from tests.surface.small import ADMIN, World

PACKAGE = {"name": "sau-tham", "owner_org": "so-sau"}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """An organization that publishes things of strange shapes."""
    did(own_world, "organization_create", ADMIN, name="so-sau")
    return own_world


def nested(depth: int) -> Any:
    """A list in a list in a list, so many of them."""
    found: Any = "x"
    for _ in range(depth):
        found = [found]
    return found


def refused_deep(world: World, action: str, name: str, **sent: Any) -> None:
    """The action tells which parameter is nested too often."""
    answer = world.client(ADMIN).post(f"/api/3/action/{action}", **sent)
    assert answer.status_code == 409, answer.text
    assert answer.json()["error"][name] == ["Nested more than 100 times"]


@pytest.mark.parametrize("depth", [101, 255, 600])
@pytest.mark.parametrize("place", ["top", "extras", "resources"])
def test_nothing_that_no_answer_could_hold_is_kept(world: World, depth: int, place: str) -> None:
    deep = nested(depth)
    shapes = {"top": deep, "extras": [{"key": "a", "value": deep}], "resources": [{"url": "x.csv", "sâu": deep}]}
    refused_deep(world, "package_create", place, json=PACKAGE | {place: shapes[place]})
    # A form sends the same as text; NaN is what not every reader of JSON takes.
    for value in (deep, [deep, float("nan")]):
        shapes = {"top": value, "extras": [{"key": "a", "value": value}], "resources": [{"url": "x.csv", "sâu": value}]}
        text = json.dumps(shapes[place])
        refused_deep(world, "package_create", place, data=PACKAGE | {place: text})
        refused_deep(world, "package_create", place, files={k: (None, v) for k, v in (PACKAGE | {place: text}).items()})
    assert world.anonymous.get("/api/3/action/package_show?id=sau-tham").status_code == 404
    assert world.anonymous.get("/api/3/action/package_search?rows=100").status_code == 200


@pytest.mark.parametrize("depth", [300, 900, 1000])
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("datastore_search", "resource_id"),
        ("datastore_search", "filters"),
        ("package_search", "q"),
        ("package_show", "id"),
        ("datastore_create", "records"),
        ("user_create", "name"),
    ],
)
def test_no_action_stumbles_over_depth(world: World, action: str, name: str, depth: int) -> None:
    text = f'{{"{name}": {"[" * depth}{"]" * depth}}}'
    refused_deep(world, action, name, content=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("depth", [300, 900, 1000, 100_000])
def test_a_body_that_is_only_depth_is_refused(world: World, depth: int) -> None:
    headers = {"Content-Type": "application/json"}
    sent = world.anonymous.post("/api/3/action/package_show", content="[" * depth + "]" * depth, headers=headers)
    assert sent.status_code == 400, sent.text


def test_what_is_nested_a_little_is_kept(world: World) -> None:
    given = [{"url": "https://x.example/a.csv", "sâu": nested(90)}]
    made = did(world, "package_create", ADMIN, name="sau-vua", owner_org="so-sau", resources=given)
    assert made["resources"][0]["sâu"] == nested(90)
    assert did(world, "package_show", ADMIN, id="sau-vua")["resources"][0]["sâu"] == nested(90)
