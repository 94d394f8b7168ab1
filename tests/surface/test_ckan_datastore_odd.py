"""Odd calls of the DataStore: names that look like SQL's own, very many columns, parameters of the wrong kind."""

import uuid
from typing import Any

import pytest

from tests.surface.small import ADMIN, World
from tests.surface.test_ckan_datastore_writes import FIELDS, ROWS, act, made, resource

SEARCH = "datastore_search"
SHORT = ("p", "q", "r", "t", "w", "x", "q0", "excluded", "done", "value", "j")  # names that statements use, too


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """Data is hosted here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def table(world: World) -> str:
    """A table that is only read."""
    return made(world, fields=FIELDS, records=ROWS, primary_key="code")


@pytest.mark.parametrize("kind", ["objects", "lists", "csv"])
def test_columns_may_have_the_names_that_statements_use(world: World, kind: str) -> None:
    number = resource(world)
    rows = [{name: 10 * n + place for place, name in enumerate(SHORT)} for n in range(3)]
    fields = [{"id": name, "type": "int"} for name in SHORT]
    written = act(world, "datastore_create", resource_id=number, fields=fields, records=rows, primary_key="x",
                  include_records=True)  # fmt: skip
    assert [{name: row[name] for name in SHORT} for row in written["records"]] == rows
    changed = act(world, "datastore_upsert", resource_id=number, records=[{"x": 5, "q": 77}], include_records=True)
    assert changed["records"][0]["q"] == 77
    found = act(world, SEARCH, resource_id=number, filters={"x": [5, 15]}, sort="t", records_format=kind)
    assert found["total"] == 2
    first = {"objects": {"_id": 1, **rows[0], "q": 77}, "lists": [1, *({**rows[0], "q": 77}.values())]}.get(kind)
    assert found["records"].startswith("1,0,77,") if kind == "csv" else found["records"][0] == first
    assert act(world, SEARCH, resource_id=number, q="77", records_format=kind)["total"] == 1
    assert act(world, SEARCH, resource_id=number, q={"q0": "6"}, records_format=kind)["total"] == 1
    gone = act(world, "datastore_records_delete", resource_id=number, filters={"x": 5}, include_deleted_records=True)
    assert gone["deleted_records"] == [{"_id": 1, **rows[0], "q": 77}]
    dump = world.client(ADMIN).get(f"/datastore/dump/{number}", params={"format": "json", "fields": "x,q"})
    assert dump.status_code == 200 and dump.json()["records"] == [[15, 11], [25, 21]]


def test_a_table_may_have_more_columns_than_a_function_takes(world: World) -> None:
    number, names = resource(world), [f"c{n:03}" for n in range(180)]
    rows = [{name: f"w{n}x{place}" for place, name in enumerate(names)} for n in range(2)]
    act(world, "datastore_create", resource_id=number, records=rows)
    found = act(world, SEARCH, resource_id=number, q="w1x179")
    assert found["total"] == 1 and found["records"][0]["c179"] == "w1x179"
    lists = act(world, SEARCH, resource_id=number, records_format="lists")["records"]
    assert lists == [[n + 1, *row.values()] for n, row in enumerate(rows)]
    assert act(world, SEARCH, resource_id=number, q={"c120": "w0x120"}, fields="c120")["total"] == 1
    dump = world.client(ADMIN).get(f"/datastore/dump/{number}", params={"format": "json"})
    assert dump.status_code == 200 and dump.json()["records"] == lists


WRONG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"fields": 5}, {"fields": ["Not a list"]}),
    ({"fields": {"code": 1}}, {"fields": ["Not a list"]}),
    ({"fields": ["code", 5]}, {"fields": ["Neither a string nor a list: 5"]}),
    ({"sort": 5}, {"sort": ["Not a list"]}),
    ({"sort": ["code", None]}, {"sort": ["Neither a string nor a list: None"]}),
]


@pytest.mark.parametrize(("params", "error"), WRONG)
def test_names_are_a_text_or_a_list(world: World, table: str, params: dict[str, Any], error: dict[str, Any]) -> None:
    for name in (table, "firms"):
        told = act(world, SEARCH, 409, resource_id=name, token=None if name == "firms" else ADMIN, **params)
        assert told == error | {"__type": "Validation Error"}


def test_what_is_no_text_is_told_back_as_json(world: World, table: str) -> None:
    found = act(world, SEARCH, resource_id=table, full_text={"code": "HS001"}, fields="code")
    assert found["full_text"] == '{"code": "HS001"}'
    assert act(world, SEARCH, resource_id=table, full_text=7, fields="code")["full_text"] == "7"


@pytest.mark.parametrize("name", ["firms", None])
def test_an_offset_far_behind_the_end_is_told_back(world: World, table: str, name: str | None) -> None:
    found = act(world, SEARCH, resource_id=name or table, offset=10**12, token=None if name else ADMIN)
    assert found["offset"] == 10**12 and found["records"] == [] and found["total"] > 0


@pytest.mark.parametrize("records", [5, 1.5, True])
def test_records_that_are_no_list_are_refused(world: World, table: str, records: Any) -> None:
    for method in ("upsert", "insert", "update"):
        error = act(world, "datastore_upsert", 409, resource_id=table, records=records, method=method)
        assert error == {"records": ["Records has to be a list of dicts"], "__type": "Validation Error"}


def test_what_is_told_of_a_column_is_a_dictionary(world: World) -> None:
    fields = [{"id": "a", "type": "text"}, {"id": "b", "type": "text", "info": "words"}]
    error = act(world, "datastore_create", 409, resource_id=resource(world), fields=fields)
    assert error == {"fields": [{}, {"info": ["Must be a dictionary"]}], "__type": "Validation Error"}


def test_the_name_of_a_column_may_be_that_of_an_alias_in_sql(world: World) -> None:
    number = resource(world)
    act(world, "datastore_create", resource_id=number, records=[{"q": n, "x": str(uuid.UUID(int=n))} for n in range(3)])
    sql = f'select q, q + 1 as "_row" from "{number}" where q > 0 order by q'
    found = act(world, "datastore_search_sql", sql=sql)
    assert found["records"] == [{"q": 1, "_row": 2}, {"q": 2, "_row": 3}]
