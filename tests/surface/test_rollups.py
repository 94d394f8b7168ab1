"""Groups over all rows are read from a roll-up that was made with the release; the numbers are those of the rows."""

from typing import Any

import pytest

from lienthong.store import owner
from lienthong.store.release import drop, index_release
from lienthong.store.schema import serve
from tests.surface.small import World

COVERED = [
    "{groupBy: [{field: STATUS}]}",
    "{groupBy: [{field: STATUS}, {field: PLACE_CODE}]}",
    "{groupBy: [{field: EXPORTER}]}",
]


@pytest.fixture
def rolled(world: World) -> Any:
    """The release of the firms with the roll-up that their contract names."""
    contract = world.registry.get("firms")
    assert contract.rollups == (("status", "place_code", "exporter"),)
    return contract


def rest(world: World, **params: str) -> list[dict[str, Any]]:
    answer = world.anonymous.get("/api/v1/datasets/firms/rows", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def counted(world: World, *fields: str, **where: str) -> dict[tuple[Any, ...], int]:
    """The same, counted in Python over all rows."""
    found: dict[tuple[Any, ...], int] = {}
    for row in rest(world, limit="10000", **where):
        key = tuple(row[name] for name in fields)
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize(
    "fields", [("status",), ("place_code",), ("status", "exporter"), ("status", "place_code", "exporter")]
)
@pytest.mark.parametrize(
    "where", [{}, {"status": "active"}, {"exporter__is_null": "true"}, {"place_code__in": "20000,91001"}]
)
def test_the_numbers_are_those_of_the_rows(
    world: World, rolled: Any, fields: tuple[str, ...], where: dict[str, str]
) -> None:
    before = len(world.database.statements)
    groups = rest(world, group_by=",".join(fields), measure="count", **where)
    assert {tuple(g[n] for n in fields): g["count"] for g in groups} == counted(world, *fields, **where)
    assert any('open."firms_rollup_0"' in s.sql for s in world.database.statements[before:])


@pytest.mark.parametrize("params", [
    {"group_by": "registered_on:year", "measure": "count"},
    {"group_by": "status", "measure": "sum:capital"},
    {"group_by": "status", "measure": "count", "staff__gte": "5"},
    {"group_by": "status", "measure": "count", "as_of": "2026-06-01"},
])  # fmt: skip
def test_what_it_does_not_tell_is_counted_from_the_rows(world: World, rolled: Any, params: dict[str, str]) -> None:
    before = len(world.database.statements)
    assert rest(world, **params)
    assert not any("_rollup_" in s.sql for s in world.database.statements[before:])


def test_a_release_takes_its_roll_ups_with_it(world: World, rolled: Any) -> None:
    with owner.connect(world.settings) as connection, connection.transaction(force_rollback=True):
        connection.execute("create table release.firms_2 (like release.firms_1 including generated including defaults)")
        connection.execute("create table release.firms_2_history (like release.firms_1_history including generated)")
        connection.execute("create table release.firms_2_changes (like release.firms_1_changes including generated)")
        index_release(connection, world.registry, rolled, "firms_2")
        serve(connection, rolled, rolled.open_fields, "firms_2")
        assert connection.execute("select count(*) from open.firms_rollup_0").fetchone() == (0,)
        serve(connection, rolled, rolled.open_fields, "firms_1")
        drop(connection, "firms", 2)
        left = "select count(*) from pg_class where relname like 'firms\\_2%' and relkind = 'r'"
        assert connection.execute(left).fetchone() == (0,)  # type: ignore[call-overload]
